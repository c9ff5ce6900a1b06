"""Runs kept in a folder: killed, interrupted, damaged, out of space; each goes on as if nothing had happened."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import kept_run
import numpy as np
import pytest
from kept_run import RUNS, assert_same, record, run

import chainrule as cr
from chainrule.errors import ArgumentError, DataError

PROGRAM = str(Path(kept_run.__file__))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def interrupt_after(steps: int) -> Any:
    def stop(step: int, loss: float, parameters: Any) -> None:
        if step == steps:
            raise KeyboardInterrupt

    return stop


# --- going on ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", RUNS)
def test_a_kept_run_is_the_run_and_a_finished_one_returns_at_once(which: str, tmp_path: Path) -> None:
    kept = run(which, tmp_path / "run")
    if which in ("batches", "momentum"):  # a solver begins anew at each checkpoint
        assert_same(record(kept), record(run(which)))
    calls: list[Any] = []
    again = run(which, tmp_path / "run", callback=lambda *state: calls.append(state))
    assert_same(record(again), record(kept))
    assert not calls
    assert str(again.verdict) == str(kept.verdict)
    states = [name for name in files(tmp_path / "run") if name.startswith("state")]
    assert len(states) == 2


@pytest.mark.parametrize("which", RUNS)
def test_interrupts_change_nothing(which: str, tmp_path: Path) -> None:
    expected = record(run(which, tmp_path / "whole"))
    for steps in (0, 1, 5, 17, 18):
        run(which, tmp_path / "run", callback=interrupt_after(steps))
    assert_same(record(run(which, tmp_path / "run")), expected)


@pytest.mark.parametrize("which", ["batches", "momentum"])
def test_after_ctrl_c_nothing_is_lost(which: str, tmp_path: Path) -> None:
    stopped = run(which, tmp_path, callback=interrupt_after(11))
    assert stopped.stopped == "interrupted"
    assert "state-11.npz" in files(tmp_path)
    first: list[int] = []
    run(which, tmp_path, callback=lambda step, *_: first.append(step))
    assert first[0] == 11


@pytest.mark.parametrize("which", ["batches", "momentum", "lbfgs"])
def test_a_run_that_has_made_its_steps_can_be_asked_for_more(which: str, tmp_path: Path) -> None:
    short = run(which, tmp_path / "run", steps=14)
    assert (short.steps, short.stopped) == (14, "steps done")
    assert_same(record(run(which, tmp_path / "run", steps=28)), record(run(which, tmp_path / "whole", steps=28)))
    with pytest.raises(ArgumentError, match=r"steps is 10, and the run in .* has made 28 already"):
        run(which, tmp_path / "run", steps=10)


@pytest.mark.parametrize("budget", [0, 200, 1000, 10**6])
def test_the_iterates_that_are_kept_are_the_same(budget: int, tmp_path: Path) -> None:
    expected = record(run("momentum", keep_history=budget))
    for steps in (1, 40, 41, 90):
        run("momentum", tmp_path, keep_history=budget, callback=interrupt_after(steps))
    assert_same(record(run("momentum", tmp_path, keep_history=budget)), expected)


def test_runs_that_end_early_are_finished(tmp_path: Path) -> None:
    for name, settings in {
        "diverged": {"learning_rate": 1e200},
        "criterion": {"stop": cr.stopping.gradient_norm(0.5)},
        "callback": {"callback": lambda step, *_: step == 20},
    }.items():
        first = run("momentum", tmp_path / name, **settings)
        assert first.stopped != "steps done"
        again = run("momentum", tmp_path / name, **{**settings, "callback": None})
        assert_same(record(again), record(first))


def test_patience_goes_on_where_it_was(tmp_path: Path) -> None:
    settings = {"stop": [cr.stopping.loss_change(0.02, patience=7), cr.stopping.validation(kept_run.whole, every=2)]}
    expected = record(run("momentum", **settings))
    assert expected["steps"] < 100
    for steps in (3, 4, 20, int(expected["steps"]) - 2):
        run("momentum", tmp_path, callback=interrupt_after(steps), **settings)
    assert_same(record(run("momentum", tmp_path, **settings)), expected)


def test_data_that_is_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chainrule.learn import batches

    class Source:
        rows = 64

        def blocks(self, size: int) -> Any:
            return ((kept_run.X[i : i + size], kept_run.y[i : i + size]) for i in range(0, 64, size))

    monkeypatch.setattr(batches, "MEMORY", 0)
    monkeypatch.setattr(batches, "BLOCK", 21 * 40)
    expected = record(run("batches", data=Source()))
    for steps in (1, 4, 13, 100):
        run("batches", tmp_path, data=Source(), callback=interrupt_after(steps))
    assert_same(record(run("batches", tmp_path, data=Source())), expected)


# --- kills ------------------------------------------------------------------------------------------------------------


def kill_at_random_moments(folder: Path, which: str, kills: int, seed: int) -> int:
    """Start the run and kill it, again and again, then let it end; how many kills met a run that had begun."""
    moments = random.Random(seed)
    expected = record(run(which, folder / "whole"))
    met = 0
    for _ in range(kills):
        with subprocess.Popen(
            [sys.executable, PROGRAM, str(folder / "run"), which, str(folder / "out.npz")], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.uniform(0.0, 0.2))
            met += process.poll() is None
            process.kill()
    found = run(which, folder / "run")
    assert_same(record(found), expected)
    return met


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL there")
def test_a_run_killed_five_times_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    assert kill_at_random_moments(tmp_path, "batches", 5, 1)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL there")
def test_fifty_kills_each_of_a_run_from_its_beginning(tmp_path: Path) -> None:
    expected = record(run("batches"))
    moments = random.Random(50)

    def begun(folder: Path) -> subprocess.Popen[bytes]:
        program = [sys.executable, PROGRAM, str(folder), "batches", str(tmp_path / "out.npz")]
        process = subprocess.Popen(program, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    # How long a run takes here: a kill that comes after its end shows nothing.
    with begun(tmp_path / "whole") as process:
        start = time.monotonic()
        process.wait()
        duration = time.monotonic() - start
    met = 0
    for kill in range(50):
        folder = tmp_path / str(kill)
        with begun(folder) as process:
            time.sleep(moments.uniform(0.0, 0.9 * duration))
            met += process.poll() is None
            process.send_signal(signal.SIGKILL)
        assert_same(record(run("batches", folder)), expected)
    assert met >= 25


@pytest.mark.slow
@pytest.mark.parametrize("which", ["momentum", "lbfgs", "newton_cg"])
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL there")
def test_kills_of_the_other_runs(which: str, tmp_path: Path) -> None:
    kill_at_random_moments(tmp_path, which, 10, 2)


# --- every write ------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends here: nothing after it is done."""


class Disk:
    """The calls by which anything reaches the disk, of which one fails: a kill before or after it, or an error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, kind: str) -> None:
        self.at, self.kind, self.count = at, kind, 0
        from chainrule import whole_files
        from chainrule.learn import checkpoint

        for name in ("fsync", "replace", "unlink"):
            monkeypatch.setattr(os, name, self.failing(getattr(os, name)))
        for module in (whole_files, checkpoint):
            monkeypatch.setattr(module, "open", self.failing(open), raising=False)

    def failing(self, function: Any) -> Any:
        def call(*arguments: Any, **settings: Any) -> Any:
            self.count += 1
            if self.count == self.at and self.kind == "killed before":
                raise Killed
            if self.count == self.at and self.kind == "full":
                raise OSError(errno.ENOSPC, "No space left on device")
            result = function(*arguments, **settings)
            if self.count == self.at:
                if hasattr(result, "close"):
                    result.close()
                raise Killed
            return result

        return call


@pytest.mark.parametrize("kind", ["killed before", "killed after", "full"])
@pytest.mark.parametrize("steps", [3, pytest.param(25, marks=pytest.mark.slow)])
def test_a_failure_at_every_write_loses_nothing(kind: str, steps: int, tmp_path: Path) -> None:
    def kept(folder: Path) -> cr.Descent:
        return run("batches", folder, steps=steps, checkpoint_every=1)

    expected = record(kept(tmp_path / "whole"))
    with pytest.MonkeyPatch.context() as patch:
        counting = Disk(patch, -1, kind)
        kept(tmp_path / "counted")
    assert counting.count > 8 * steps
    for at in range(1, counting.count + 1):
        folder = tmp_path / str(at)
        with pytest.MonkeyPatch.context() as patch:
            Disk(patch, at, kind)
            try:
                found = kept(folder)
            except Killed:
                assert kind != "full"
            except DataError as error:
                # Before the first step: nothing is lost by an error.
                assert "No space left" in str(error)  # noqa: PT017
                assert not [name for name in files(folder) if name.startswith("state-")] or at > counting.count - 1
            else:
                assert kind == "full"
                assert "the checkpoint could not be written" in found.stopped
                assert "No space left on device" in found.stopped
                np.testing.assert_array_equal(found.history.loss, expected["loss"][: found.steps])
        assert_same(record(kept(folder)), expected)


def test_a_folder_that_cannot_be_used_is_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for folder in (file, file / "run"):
        with pytest.raises(DataError, match=r"file.* cannot be used for a checkpoint"):
            run("momentum", folder)
    assert file.read_text() == "mine"
    for folder in (3, None.__class__, "a\0b", ""):
        with pytest.raises((ArgumentError, DataError), match=r"checkpoint|cannot be"):
            run("momentum", folder)


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    def another(step: int, loss: float, parameters: Any) -> None:
        if step == 5:
            with pytest.raises(DataError, match="is in use by another run"):
                run("momentum", tmp_path)

    run("momentum", tmp_path, callback=another)


# --- damage -----------------------------------------------------------------------------------------------------------


def unfinished(folder: Path) -> list[str]:
    run("batches", folder, callback=interrupt_after(40))
    return sorted((name for name in files(folder) if name.startswith("state")), key=lambda n: int(n[6:-4]))


def damages(raw: bytes) -> dict[str, bytes]:
    middle = len(raw) // 2
    return {
        "empty": b"",
        "cut": raw[:middle],
        "one byte short": raw[:-1],
        "garbage": bytes(range(256)) * 20,
        "a flipped bit": raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :],
        "zeros": bytes(len(raw)),
    }


@pytest.mark.parametrize("damage", damages(b"1234"))
def test_a_damaged_state_is_kept_aside_and_the_one_before_is_taken(damage: str, tmp_path: Path) -> None:
    expected = record(run("batches"))
    older, newest = unfinished(tmp_path)
    spoiled = damages((tmp_path / newest).read_bytes())[damage]
    (tmp_path / newest).write_bytes(spoiled)
    first: list[int] = []
    with pytest.warns(UserWarning, match=rf"{newest} is damaged .*kept as damaged-1-{newest}"):
        found = run("batches", tmp_path, callback=lambda step, *_: first.append(step))
    assert first[0] == int(older[6:-4])
    assert_same(record(found), expected)
    assert (tmp_path / f"damaged-1-{newest}").read_bytes() == spoiled


def test_with_no_state_that_is_whole_it_begins_anew_and_nothing_is_overwritten(tmp_path: Path) -> None:
    expected = record(run("batches"))
    for round in (1, 2):
        contents = {}
        for name in [*unfinished(tmp_path), "history.f64"]:
            contents[name] = (tmp_path / name).read_bytes()[:-3]
            (tmp_path / name).write_bytes(contents[name])
        with pytest.warns(UserWarning, match="is damaged"):
            found = run("batches", tmp_path)
        assert_same(record(found), expected)
        for name, raw in contents.items():
            assert (tmp_path / f"damaged-{round}-{name}").read_bytes() == raw
        for name in files(tmp_path):
            if name.startswith(("state", "history", "iterates")):
                (tmp_path / name).unlink()


@pytest.mark.parametrize("name", ["history.f64", "iterates.bin"])
def test_a_damaged_history_is_found_by_its_checksum(name: str, tmp_path: Path) -> None:
    expected = record(run("batches"))
    unfinished(tmp_path)
    raw = bytearray((tmp_path / name).read_bytes())
    raw[10] ^= 1
    (tmp_path / name).write_bytes(raw)
    with pytest.warns(UserWarning, match=f"{name} does not hold what it should"):
        found = run("batches", tmp_path)
    assert_same(record(found), expected)
    assert (tmp_path / f"damaged-1-{name}").read_bytes() == raw


def test_no_pickle_is_ever_read(tmp_path: Path) -> None:
    _, newest = unfinished(tmp_path)
    np.savez(tmp_path / newest, record=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.warns(UserWarning, match="is damaged"):
        run("batches", tmp_path)


def test_a_later_format_is_refused_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chainrule.learn import checkpoint

    monkeypatch.setattr(checkpoint, "FORMAT", 2)
    _, newest = unfinished(tmp_path)
    before = (tmp_path / newest).read_bytes()
    monkeypatch.undo()
    with pytest.raises(DataError, match="has the format 2 of a later version of chainrule"):
        run("batches", tmp_path)
    assert (tmp_path / newest).read_bytes() == before


# --- another run ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0.02}, r"learning_rate is warmup\(.* there and 0.02 here"),
        ({"optimizer": cr.optimizers.adam(beta1=0.8)}, r"optimizer is adam\(beta1=0.9.* there and adam\(beta1=0.8"),
        ({"batch_size": 8}, "batch_size is 7 there and 8 here"),
        ({"seed": 4}, "seed is 3 there and 4 here"),
        ({"shuffle": False}, "shuffle is True there and False here"),
        ({"clip": None}, r"clip is by_norm\(most=2.0\) there and None here"),
        ({"stop": None}, "stop is "),
        ({"data": (kept_run.X[:-1], kept_run.y[:-1])}, "data is 64 rows"),
        ({"data": (kept_run.X + 1, kept_run.y)}, "data is 64 rows"),
        ({"keep_history": 0}, "keep_history is 30000 there and 0 here"),
        ({"gradient": kept_run.whole}, "gradient is None there and whole here"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_folder_of_another_run_is_refused_with_the_difference(settings: Any, message: str, tmp_path: Path) -> None:
    unfinished(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    with pytest.raises(ArgumentError, match=rf"holds a checkpoint of another run: .*{message}"):
        run("batches", tmp_path, **settings)
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


def test_another_loss_or_start_is_another_run(tmp_path: Path) -> None:
    run("momentum", tmp_path)
    for function, start in (
        (lambda p: kept_run.whole(p), kept_run.START),
        (kept_run.whole, {**kept_run.START, "b": 1.0}),
    ):
        with pytest.raises(ArgumentError, match=r"loss is whole there|start is W"):
            cr.descend(function, start, checkpoint=tmp_path, **RUNS["momentum"][1])


@pytest.mark.parametrize("every", [0, -1, 1.5, True, None])
def test_how_often_is_a_count(every: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="checkpoint_every is"):
        run("momentum", tmp_path, checkpoint_every=every)
