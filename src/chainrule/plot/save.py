"""Pictures as files: PNG, SVG and PDF, with their alt text inside."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from chainrule.errors import ArgumentError
from chainrule.plot.alt import alt
from chainrule.plot.canvas import require_matplotlib
from chainrule.whole_files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "content_of", "format_of", "save"]

# Pixels to an inch: sharp on a screen of twice the ordinary density, at the size of text around it.
DPI = 150.0
# What Matplotlib's own renderer can hold, in pixels a side.
LARGEST = 2**16 - 1


def save(figure: Figure, path: str | os.PathLike[str], *, dpi: Any = DPI) -> None:
    """Write a picture to a file, in the format that the ending names: `.png`, `.svg` or `.pdf`.

    The text of `alt` goes into the file: as Description of a PNG, as `<title>` and `<desc>` of an SVG with the role
    "img", as Subject of a PDF. The same picture gives the same bytes, without date or version. The file is written
    beside its place and put there whole.

    Args:
        figure: what a function of `chainrule.plot` returned, or a figure that they have drawn on.
        path: the file; one that is there is replaced.
        dpi: pixels to an inch, of a PNG.

    Raises:
        ArgumentError: the ending is another, `dpi` is not positive or makes more than 65535 pixels a side, or no
            picture of chainrule is on the figure.
        DataError: the file cannot be written.

    >>> import chainrule as cr
    >>> folder = getfixture("tmp_path")
    >>> cr.plot.save(cr.plot.graph("x^2", 3.0), folder / "square.svg")
    >>> (folder / "square.svg").read_text().count("<desc>The computational graph of f(x).")
    1
    """
    write_whole(path, content_of(figure, format_of(path), dpi=dpi))


def content_of(figure: Figure, ending: str, *, dpi: Any = DPI) -> bytes:
    """What `save` writes to a file with this ending, one of `FORMATS`."""
    matplotlib = require_matplotlib()
    said = _printable(alt(figure))
    width, height = figure.get_size_inches()
    if isinstance(dpi, bool) or not isinstance(dpi, (int, float)) or not 0 < dpi * max(width, height) <= LARGEST:
        raise ArgumentError(
            f"dpi is {dpi!r}: expected a positive number that makes at most {LARGEST} pixels of "
            f"{width:g} x {height:g} inches"
        )
    # Names in an SVG are made from this salt, where there would be another at each run.
    with matplotlib.rc_context({"svg.hashsalt": "chainrule", "svg.fonttype": "path", "pdf.compression": 6}):
        return FORMATS[ending](figure, said, float(dpi))


def format_of(path: str | os.PathLike[str]) -> str:
    """The format that the ending of a file name stands for; raises `ArgumentError` for any but the three."""
    try:
        name = os.fsdecode(path)
    except TypeError as error:
        raise ArgumentError(f"expected the path of a file, not {path!r:.60}") from error
    ending = os.path.splitext(name)[1].lower()
    if ending not in FORMATS:
        has = f"ends in {ending!r}" if ending else "has no ending"
        raise ArgumentError(f"{name} {has}: pictures are written as {', '.join(FORMATS)}")
    return ending


def _png(figure: Figure, said: str, dpi: float) -> bytes:
    return _rendered(figure, "png", {"Description": said, "Software": None}, dpi=dpi)


def _pdf(figure: Figure, said: str, dpi: float) -> bytes:
    told = {"Title": _first_sentence(said), "Subject": said}
    return _rendered(figure, "pdf", {**told, **dict.fromkeys(("Creator", "Producer", "CreationDate", "ModDate"))})


def _svg(figure: Figure, said: str, dpi: float) -> bytes:
    text = _rendered(figure, "svg", dict.fromkeys(("Date", "Creator", "Format", "Type"))).decode()
    title, description = escape(_first_sentence(said)), escape(said)
    # For a screen reader: an image with a name and a description, and nothing to explore inside.
    told = f' role="img">\n <title>{title}</title>\n <desc>{description}</desc>'
    return re.sub(r"(<svg\b[^>]*)>", lambda found: found[1] + told, text, count=1).encode()


FORMATS: dict[str, Callable[[Figure, str, float], bytes]] = {".png": _png, ".svg": _svg, ".pdf": _pdf}


def _rendered(figure: Figure, kind: str, metadata: dict[str, Any], **options: Any) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=kind, metadata=metadata, facecolor=figure.get_facecolor(), **options)
    return file.getvalue()


def _first_sentence(said: str) -> str:
    return re.split(r"(?<=\.) ", said, maxsplit=1)[0]


def _printable(text: str) -> str:
    """Without control characters, which XML forbids; names in a function of the user may hold any."""
    return "".join(c if c.isprintable() else " " for c in text)
