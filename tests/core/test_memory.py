"""The hint to the allocator is given on Linux with glibc only, and never against the user's own settings."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import pytest

from chainrule.core.memory import keep_memory

hint = keep_memory.__wrapped__


@pytest.fixture
def untuned(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES", "CHAINRULE_KEEP_MEMORY"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MALLOC_TRIM_THRESHOLD_", "1"),
        ("MALLOC_MMAP_THRESHOLD_", "1"),
        ("GLIBC_TUNABLES", ""),
        ("CHAINRULE_KEEP_MEMORY", "0"),
    ],
)
def test_the_users_own_tuning_is_left_alone(untuned: pytest.MonkeyPatch, name: str, value: str) -> None:
    untuned.setattr(ctypes, "CDLL", lambda _: pytest.fail("the allocator was told all the same"))
    untuned.setenv(name, value)
    assert hint() is False


def test_other_systems_are_left_alone(untuned: pytest.MonkeyPatch) -> None:
    untuned.setattr(ctypes, "CDLL", lambda _: pytest.fail("the allocator was told all the same"))
    untuned.setattr(sys, "platform", "darwin")
    assert hint() is False


class Library:
    """A C library that takes note of what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    def gnu_get_libc_version(self) -> bytes:
        return b"2.36"

    def mallopt(self, parameter: int, value: int) -> int:
        self.told.append((parameter, value))
        return 1


def test_glibc_is_told_both_thresholds(untuned: pytest.MonkeyPatch) -> None:
    library = Library()
    untuned.setattr(sys, "platform", "linux")
    untuned.setattr(ctypes, "CDLL", lambda _: library)
    assert hint() is True
    assert library.told == [(-3, 32 * 2**20), (-1, 256 * 2**20)]  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h


@pytest.mark.parametrize("without", ["library", "version"])
def test_another_c_library_is_left_alone(untuned: pytest.MonkeyPatch, without: str) -> None:
    def load(_: Any) -> Any:
        if without == "library":
            raise OSError("no such library")
        return object()  # musl has no gnu_get_libc_version

    untuned.setattr(sys, "platform", "linux")
    untuned.setattr(ctypes, "CDLL", load)
    assert hint() is False
