"""Loops that operations share: as few as the order allows, and never one that reads what is not there yet."""

from __future__ import annotations

from hypothesis import given, strategies as st

from chainrule.passes.fuse import Step, fuse


def names(steps: list[Step]) -> list[list[object]]:
    return [[step.makes for step in group.steps] for group in fuse(steps)]


def test_work_of_one_shape_meets_across_other_work() -> None:
    steps = [
        Step("a", "rows"),
        Step("product", None, whole=("a",)),
        Step("b", "rows", inside=("a",)),
        Step("c", "rows", whole=("product",)),
    ]
    assert names(steps) == [["a", "b"], ["product"], ["c"]]


def test_a_fold_is_there_when_its_loop_has_ended() -> None:
    steps = [
        Step("e", "classes"),
        Step("s", "classes", inside=("e",), reduction="over classes"),
        Step("e / s", "classes", inside=("e",), whole=("s",)),
        Step("s + e", "classes", inside=("s", "e")),
    ]
    assert names(steps) == [["e", "s"], ["e / s", "s + e"]]


def test_folds_of_one_loop_are_of_one_kind() -> None:
    steps = [
        Step("a", "x"),
        Step("over rows", "x", inside=("a",), reduction="rows"),
        Step("over all", "x", inside=("a",), reduction="all"),
        Step("over rows too", "x", inside=("a",), reduction="rows"),
    ]
    assert names(steps) == [["a", "over rows", "over rows too"], ["over all"]]


def test_what_no_step_makes_is_there() -> None:
    assert names([Step("a", "x", inside=("given",), whole=("also given",))]) == [["a"]]
    assert names([]) == []


@st.composite
def random_steps(draw: st.DrawFn) -> list[Step]:
    steps: list[Step] = []
    for i in range(draw(st.integers(0, 12))):
        loop = draw(st.sampled_from([None, "x", "y"]))
        needs = draw(st.lists(st.integers(0, i - 1), max_size=3, unique=True)) if i else []
        inside = tuple(n for n in needs if loop is not None and steps[n].loop == loop and steps[n].reduction is None)
        whole = tuple(n for n in needs if n not in inside)
        reduction = draw(st.sampled_from([None, None, "rows", "all"])) if loop else None
        steps.append(Step(i, loop, inside, whole, reduction))
    return steps


@given(random_steps())
def test_everything_is_made_before_it_is_needed(steps: list[Step]) -> None:
    groups = fuse(steps)
    place = {step.makes: i for i, group in enumerate(groups) for step in group.steps}
    order = {step.makes: j for group in groups for j, step in enumerate(group.steps)}
    assert sorted(place) == list(range(len(steps)))
    for i, group in enumerate(groups):
        assert len({step.reduction for step in group.steps} - {None}) <= 1
        assert group.loop is not None or len(group.steps) == 1
        for step in group.steps:
            assert step.loop == group.loop
            assert all(place[need] < i for need in step.whole)
            assert all(place[need] < i or order[need] < order[step.makes] for need in step.inside)
