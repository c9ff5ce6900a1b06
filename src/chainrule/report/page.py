"""One page that holds everything it shows: it opens from a disk, without a network and without a script."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Section", "code", "page", "paragraph", "picture", "table"]

# Nothing is loaded and nothing runs, whatever a column of the data is called.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_STYLE = """\
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1f2328; --soft: #59616c; --line: #d0d4da; --tint: #f4f6f8;
  --good: #00664b; --bad: #a3245f; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171c; --ink: #e6e9ee; --soft: #9aa4b2; --line: #363c46; --tint: #1c2027; --good: #3fd0a4;
    --bad: #f48fc1; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 56rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--line); }
p, li { overflow-wrap: anywhere; }
small, .soft { color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .25rem .9rem .25rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
th:first-child, td:first-child { text-align: left; max-width: 20rem; overflow: hidden; text-overflow: ellipsis; }
pre { background: var(--tint); padding: .9rem 1rem; overflow-x: auto; font: .86rem/1.5 ui-monospace, monospace; }
img { max-width: 100%; height: auto; }
figure { margin: 1rem 0; }
figcaption { color: var(--soft); font-size: .92rem; }
math { font-size: 1.05rem; }
math[display=block] { width: fit-content; max-width: 100%; overflow-x: auto; overflow-y: hidden; padding: .3rem 0; }
.chainrule-derivation ol { overflow-x: auto; overflow-y: hidden; }
.chainrule-derivation table { margin: .75rem 0; }
.chainrule-derivation :is(th, td) { text-align: left; }
.scroll + .scroll { margin-top: 1.5rem; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; }
a { color: inherit; text-underline-offset: .2em; }
.good { color: var(--good); } .bad { color: var(--bad); }
@media print {
  body { max-width: none; } nav { display: none; } h2 { break-after: avoid; } pre { white-space: pre-wrap; } }
"""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page under a title; `body` is markup in which all text of the user's is escaped."""

    name: str
    title: str
    body: str


def page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The whole page: a title, links to the sections, and the sections."""
    links = "".join(f'<li><a href="#{section.name}">{escape(section.title)}</a></li>' for section in sections)
    bodies = "\n".join(
        f'<section id="{section.name}" aria-labelledby="{section.name}-title">\n'
        f'<h2 id="{section.name}-title">{escape(section.title)}</h2>\n{section.body}\n</section>'
        for section in sections
    )
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{_STYLE}</style>
</head>
<body>
<header>
<h1>{escape(title)}</h1>
<p class="soft">{escape(subtitle)}</p>
<nav aria-label="Sections"><ul>{links}</ul></nav>
</header>
<main>
{bodies}
</main>
</body>
</html>
"""


def paragraph(text: str, tone: str = "") -> str:
    """Running text; `tone` is "good", "bad" or "soft"."""
    return f"<p{f' class={tone}' if tone else ''}>{escape(text)}</p>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    # Reachable by keyboard, since it scrolls where it is wider than the screen.
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(header[0])}: table">'
        f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def code(text: str) -> str:
    """Source code as it is."""
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'


def picture(light: bytes, dark: bytes, alt: str) -> str:
    """A picture in SVG, drawn for a light and for a dark page, with what it shows in words."""
    return (
        f'<figure><picture><source media="(prefers-color-scheme: dark)" srcset="{_data(dark)}">'
        f'<img src="{_data(light)}" alt="{escape(alt)}"></picture><figcaption>{escape(alt)}</figcaption></figure>'
    )


def _data(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
