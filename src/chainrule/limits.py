"""The one place where every limit on the size of an input stands."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.errors import LimitError

__all__ = ["LIMITS", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an input may be before it is refused with a `LimitError`.

    Checked while reading, never by a timer: what is refused does not depend on the machine's speed.
    """

    formula_length: int = 20_000
    formula_depth: int = 500
    formula_tokens: int = 10_000
    number_length: int = 400
    formula_nodes: int = 20_000
    derivative_nodes: int = 6_000  # before it is simplified
    shown_derivative_nodes: int = 6_000  # of all derivatives up to the one shown, before they are simplified
    derivation_nodes: int = 4_000
    derivation_order: int = 20
    derivations: int = 100  # the derivatives of all orders by all variables
    exact_multiplications: int = 10_000  # of a function of arrays whose derivation is checked to 30 digits
    sparse_entries: int = 50_000_000  # of a pattern, and of those of the steps on the way to it
    krylov_numbers: int = 30_000_000  # that Lanczos vectors may hold: 240 MB
    data_columns: int = 10_000
    csv_line: int = 10_000_000
    data_cells: int = 50_000_000  # of a table in memory
    data_files: int = 10_000  # of one pattern
    batch_bytes: int = 2**28  # of a page of a Parquet file, or of a batch of an Arrow file, expanded
    gzip_ratio: int = 200  # of the size expanded to that in the file
    levels: int = 1_000  # of a categorical column
    classes: int = 100  # of a target of whole numbers

    def check(self, name: str, size: int) -> None:
        """Raise a `LimitError` that names the limit if `size` exceeds it."""
        limit = getattr(self, name)
        if size > limit:
            raise LimitError(f"the limit {name} = {limit:,} was hit: this input has {size:,}")


LIMITS = Limits()
