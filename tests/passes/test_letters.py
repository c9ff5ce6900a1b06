"""Letters of rules that the formula does not use."""

from __future__ import annotations

import string

from chainrule.passes.letters import free_letters, free_name, in_other_letters


def test_no_two_letters_meet() -> None:
    for taken in ({"u"}, {"u", "v", "w"}, set(string.ascii_lowercase)):
        letters = free_letters(taken)
        assert set(letters) == {"u", "v", "c", "n", "a", "b", "g", "k"} & taken
        assert len({*letters.values()}) == len(letters)
        assert not taken.intersection(letters.values())
    assert free_letters({"x", "y"}) == {}
    assert free_letters({"A", "U", "x"}) == {"U": "P", "A": "Q"}


def test_words_keep_their_letters() -> None:
    assert in_other_letters("(ln(u / (1 - u)))' = u' / (u (1 - u))", {"u": "w", "n": "m"}) == (
        "(ln(w / (1 - w)))' = w' / (w (1 - w))"
    )
    assert (
        in_other_letters("copysign(u, v)' = sign(u) sign(v) u'", {"v": "q"}) == "copysign(u, q)' = sign(u) sign(q) u'"
    )
    assert in_other_letters("d(A u) = A du", {"u": "w", "A": "B"}) == "d(B w) = B dw"
    assert in_other_letters("u v", {}) == "u v"


def test_a_name_that_is_free() -> None:
    assert free_name(["f", "F"], {"f"}) == "F"
    assert free_name(["f"], {"f", "f_1"}) == "f_2"
