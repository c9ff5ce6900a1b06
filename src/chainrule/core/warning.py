"""Warnings that point at the line of the user, from however deep in the library."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings

import numpy as np

from chainrule.core.traced import OWN

__all__ = ["warn"]

# Emitted code has a file of that name; a `with` block ends by way of contextlib.
_NOT_THE_USERS = (OWN, "<chainrule", os.path.dirname(np.__file__) + os.sep, contextlib.__file__)


def warn(message: str) -> None:
    """Warn with the nearest line that is neither of chainrule nor of NumPy: what an error would name."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_NOT_THE_USERS):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
