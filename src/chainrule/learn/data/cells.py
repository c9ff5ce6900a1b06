"""What the texts in the cells of a column say about it: numbers, booleans, categories or dates."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from chainrule.learn.data.csv_text import is_number
from chainrule.learn.data.encoding import ColumnKind

__all__ = ["BOOLEANS", "DATES", "MISSING", "kind_of"]

MISSING = frozenset(
    {"", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "-nan", "null", "NULL", "Null", "-", "?"}
)
BOOLEANS = {
    text: value for value, word in ((0.0, "false"), (1.0, "true")) for text in (word, word.title(), word.upper())
}
DATES = "dates or times"

_DATE = re.compile(
    r"""(?: \d{4}[-/.]\d{1,2}[-/.]\d{1,2} | \d{1,2}[-/.]\d{1,2}[-/.](?:\d{2}|\d{4}) ) (?:[T\ ]\d{1,2}:\d{2}.*)?
    | \d{1,2}:\d{2}(?::\d{2}.*)?""",
    re.VERBOSE,
)
# Numbers as people write them and float() does not: 1,5  1_000  0x10  4 kg  5%  $3  =1+1  and digits of other scripts.
_NEARLY_A_NUMBER = re.compile(
    r"""=.* | 0[xX][0-9a-fA-F]+
    | [+\-\u2212$€£¥]*\ ? \d(?:[.,_'\ \u00a0\u202f]?\d)*[.,]? (?:[eE][+-]?\d+)? (?:\ ?[%$€£¥]|\ [^\W\d_]{1,4}[²³]?)?""",
    re.VERBOSE,
)
LONGEST = 60  # characters of a date or of nearly a number


def kind_of(cells: Sequence[str], missing: Collection[str] = MISSING) -> ColumnKind | str:
    """What a column holds, from some of its cells; a text names what cannot be used.

    A category is a column most of whose cells are texts: a few texts among numbers are mistakes, to be shown by row.
    """
    present = [cell for cell in map(str.strip, cells) if cell not in missing]
    if present and all(cell in BOOLEANS for cell in present):
        return ColumnKind.BOOLEAN
    texts = [cell for cell in present if not is_number(cell)]
    if 2 * len(texts) <= len(present):
        return ColumnKind.NUMBER
    short = [cell for cell in texts if len(cell) <= LONGEST]
    if 2 * sum(_DATE.fullmatch(cell) is not None for cell in short) > len(texts):
        return DATES
    nearly = sum(_NEARLY_A_NUMBER.fullmatch(cell) is not None for cell in short)
    return ColumnKind.NUMBER if 2 * nearly > len(texts) else ColumnKind.CATEGORY
