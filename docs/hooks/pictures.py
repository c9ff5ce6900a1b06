"""Draws the gallery when the documentation is built, light and dark, for the page "Pictures".

The page says where a picture goes by a line of its own, [[name]]; its caption and its text come from the picture.
"""

from __future__ import annotations

import html
import inspect
import re
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from plot.gallery import GALLERY

import chainrule as cr

PAGE = "pictures.md"
PLACE = re.compile(r"^\[\[(\w+)\]\]$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of all pictures that the page shows."""
    for name in _shown(files):
        for mode in ("light", "dark"):
            uri = f"assets/pictures/{name}.{mode}.svg"
            files.append(File.generated(config, uri, content=_drawn(name, dark=mode == "dark")))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Put the pictures in their places."""
    return PLACE.sub(lambda found: _figure(found[1]), markdown) if page.file.src_uri == PAGE else markdown


def _shown(files: Files) -> list[str]:
    page = files.get_file_from_path(PAGE)
    return PLACE.findall(page.content_string) if page is not None else []


def _drawn(name: str, dark: bool) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.svg"
        cr.plot.save(GALLERY[name].draw(dark=dark), path)
        return path.read_text(encoding="utf-8")


def _figure(name: str) -> str:
    """The picture for the mode of the page, its caption, and the code that draws it."""
    draw = GALLERY[name].draw
    said = html.escape(cr.plot.alt(draw()), quote=True)
    images = "".join(
        f'<img src="assets/pictures/{name}.{mode}.svg#only-{mode}" alt="{said}">' for mode in ("light", "dark")
    )
    caption = html.escape(inspect.getdoc(draw) or "")
    return f"<figure>{images}<figcaption>{caption}</figcaption></figure>\n\n```python\n{_source(draw)}\n```"


def _source(draw: Any) -> str:
    """The body of the function of the gallery, as a reader would write it."""
    lines = inspect.getsource(draw).split("\n")
    first = next(i for i, line in enumerate(lines) if line.rstrip().endswith('"""')) + 1
    code = textwrap.dedent("\n".join(lines[first:])).strip()
    return code.replace(", **options)", ")").replace("return cr.", "figure = cr.")
