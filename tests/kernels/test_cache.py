"""Objects on disk: whole or not there, of this machine, of this user; and never a reason to fail."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from chainrule.kernels import cache, machine
from chainrule.kernels.cache import ObjectCache, key_of

KEY, OTHER = key_of("a", "b"), key_of("ab", "")
IMAGE = bytes(range(256)) * 20
posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="the system has no owners of this kind")


@pytest.fixture
def objects(tmp_path: Path) -> ObjectCache:
    return ObjectCache(str(tmp_path / "new"))


def path_of(objects: ObjectCache) -> Path:
    (path,) = Path(objects.folder).glob("*.o")
    return path


def test_what_is_written_is_read(objects: ObjectCache) -> None:
    assert objects.read(KEY) is None
    objects.write(KEY, IMAGE)
    assert objects.read(KEY) == IMAGE
    assert objects.read(OTHER) is None
    assert objects.note == ""
    assert ObjectCache(objects.directory).read(KEY) == IMAGE
    assert [path.suffix for path in Path(objects.folder).iterdir()] == [".o"]


def test_keys_tell_parts_apart() -> None:
    assert len({KEY, OTHER, key_of("a", "b", ""), key_of("b", "a"), key_of("ab"), key_of()}) == 6


@pytest.mark.parametrize("length", ["nothing", "in name", "in key", "in digest", "no image", "half", "short"])
def test_a_file_that_was_cut_short_is_not_there(objects: ObjectCache, length: str) -> None:
    objects.write(KEY, IMAGE)
    path = path_of(objects)
    raw = path.read_bytes()
    lengths = {
        "nothing": 0, "in name": 5, "in key": 40, "in digest": 70, "no image": cache._HEADER,
        "half": len(raw) // 2, "short": len(raw) - 1,
    }  # fmt: skip
    path.write_bytes(raw[: lengths[length]])
    assert objects.read(KEY) is None
    objects.write(KEY, IMAGE)
    assert objects.read(KEY) == IMAGE


def test_no_bit_may_be_wrong(objects: ObjectCache) -> None:
    objects.write(KEY, b"some code")
    path = path_of(objects)
    raw = path.read_bytes()
    for position in range(len(raw)):
        path.write_bytes(raw[:position] + bytes([raw[position] ^ 4]) + raw[position + 1 :])
        assert objects.read(KEY) is None
    path.write_bytes(raw + b"more")
    assert objects.read(KEY) is None
    path.write_bytes(os.urandom(5000))
    assert objects.read(KEY) is None


def test_the_object_of_another_machine_is_not_taken(objects: ObjectCache) -> None:
    objects.write(KEY, IMAGE)
    os.replace(path_of(objects), objects._path(OTHER))
    assert objects.read(OTHER) is None


@posix
def test_what_others_can_write_is_not_trusted(objects: ObjectCache) -> None:
    objects.write(KEY, IMAGE)
    assert stat.S_IMODE(os.stat(objects.folder).st_mode) == 0o700
    for mode in (0o770, 0o707, 0o777):
        os.chmod(objects.folder, mode)
        assert objects.read(KEY) is None
        objects.write(OTHER, IMAGE)
        assert objects.note == f"compiled code is not kept: others can write to {objects.folder}"
        assert not os.path.exists(objects._path(OTHER))
    os.chmod(objects.folder, 0o700)
    assert objects.read(KEY) == IMAGE


@posix
def test_what_belongs_to_others_is_not_trusted(objects: ObjectCache, monkeypatch: pytest.MonkeyPatch) -> None:
    objects.write(KEY, IMAGE)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert objects.read(KEY) is None
    objects.write(OTHER, IMAGE)
    assert "others can write" in objects.note
    real = os.lstat(objects.folder)
    assert not cache._is_ours(real, directory=True)


@posix
def test_a_link_in_place_of_folder_or_file_is_not_followed(objects: ObjectCache, tmp_path: Path) -> None:
    objects.write(KEY, IMAGE)
    elsewhere = tmp_path / "elsewhere"
    os.replace(objects.folder, elsewhere)
    os.symlink(elsewhere, objects.folder)
    assert objects.read(KEY) is None
    objects.write(OTHER, IMAGE)
    assert "others can write" in objects.note
    os.unlink(objects.folder)
    os.replace(elsewhere, objects.folder)
    path = path_of(objects)
    os.replace(path, tmp_path / "object")
    os.symlink(tmp_path / "object", path)
    assert objects.read(KEY) is None
    path.unlink()
    os.mkfifo(path)
    assert objects.read(KEY) is None  # and does not wait for a writer


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    frozen = tmp_path / "frozen"
    frozen.mkdir(mode=0o500)
    objects = ObjectCache(str(frozen))
    objects.write(KEY, IMAGE)
    assert "cannot be made: Permission denied" in objects.note
    assert objects.read(KEY) is None


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    objects = ObjectCache(str(tmp_path / "file" / "below"))
    objects.write(KEY, IMAGE)
    assert objects.note.startswith("compiled code is not kept: ")
    assert "cannot be made" in objects.note
    assert objects.read(KEY) is None


@pytest.mark.parametrize("function", ["replace", "scandir", "lstat", "mkdir"])
def test_a_full_disk_is_a_note(objects: ObjectCache, function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, function, full)
        objects.write(KEY, IMAGE)
        note = objects.note
    assert note.startswith("compiled code is not kept: ")
    assert "No space left" in note
    assert objects.read(KEY) is None
    assert [path for path in Path(objects.directory).rglob("*") if path.is_file()] == []
    objects.write(KEY, IMAGE)
    assert objects.read(KEY) == IMAGE
    assert objects.note == ""


def test_another_process_that_is_first_is_no_hindrance(objects: ObjectCache, monkeypatch: pytest.MonkeyPatch) -> None:
    os.makedirs(objects.folder, 0o700)
    monkeypatch.setattr(os.path, "lexists", lambda path: False)
    objects.write(KEY, IMAGE)
    assert objects.read(KEY) == IMAGE


def test_the_oldest_gives_way(objects: ObjectCache) -> None:
    objects.kept = 5 * len(IMAGE)
    keys = [key_of(str(k)) for k in range(6)]
    now = time.time()
    for age, key in enumerate(keys[:5]):
        objects.write(key, IMAGE)
        os.utime(objects._path(key), (now - 100 * (5 - age),) * 2)
    for name, age in (("half.tmp", 2 * cache._ABANDONED), ("fresh.tmp", 0.0)):
        half = Path(objects.folder, name)
        half.write_bytes(b"half")
        os.utime(half, (now - age,) * 2)
    again = ObjectCache(objects.directory, objects.kept)  # a new process looks when it first writes
    again.write(keys[5], IMAGE)
    assert [again.read(key) is not None for key in keys] == [False, False, True, True, True, True]
    assert [path.name for path in Path(objects.folder).glob("*.tmp")] == ["fresh.tmp"]


def test_use_keeps_an_object_young(objects: ObjectCache) -> None:
    objects.write(KEY, IMAGE)
    old = time.time() - 2 * cache._USED_AGAIN
    os.utime(objects._path(KEY), (old, old))
    assert objects.read(KEY) == IMAGE
    assert os.stat(objects._path(KEY)).st_mtime > time.time() - 1000


def test_removing_what_is_gone_is_nothing(tmp_path: Path) -> None:
    cache._remove(str(tmp_path / "gone"))


def test_where_objects_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path))
    assert cache.object_cache().folder == str(tmp_path / "kernels")
    assert cache.object_cache() is cache.object_cache()
    for off in ("", "0"):
        monkeypatch.setenv("CHAINRULE_CACHE_DIR", off)
        objects = cache.object_cache()
        objects.write(KEY, IMAGE)
        assert (objects.directory, objects.read(KEY), objects.note) == ("", None, "")
    monkeypatch.delenv("CHAINRULE_CACHE_DIR")
    monkeypatch.setattr(cache, "_users", lambda: str(tmp_path / "home"))
    assert cache.object_cache().directory == str(tmp_path / "home")
    monkeypatch.undo()
    assert "chainrule" in cache._users()


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = ObjectCache("~/.cache/chainrule")
    objects.write(KEY, IMAGE)
    assert objects.note == "compiled code is not kept: there is no home folder"
    assert objects.read(KEY) is None
    assert not os.path.exists("~")


def test_systems_without_owners_rely_on_the_users_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr(os, "geteuid", raising=False)
    assert cache._is_ours(os.lstat(tmp_path), directory=True)
    assert not cache._is_ours(os.lstat(tmp_path), directory=False)


# --- Several processes --------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from chainrule.kernels.cache import ObjectCache, key_of
objects = ObjectCache(sys.argv[1])
moments = iter(range(int(sys.argv[2])))
def hook(event, arguments):
    if next(moments, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
objects.write(key_of("a", "b"), bytes(range(256)) * 20)
os._exit(0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no SIGKILL")
def test_killed_at_any_step_of_writing(tmp_path: Path) -> None:
    """The system call after each audited event is the one that does not happen any more."""
    for moment in range(40):
        folder = str(tmp_path / str(moment))
        done = subprocess.run([sys.executable, "-c", KILLED, folder, str(moment)], timeout=60)
        objects = ObjectCache(folder)
        assert objects.read(KEY) in (None, IMAGE)
        objects.write(KEY, IMAGE)
        assert objects.read(KEY) == IMAGE
        if done.returncode == 0:
            assert moment >= 4
            break
    else:
        pytest.fail("the writer never came to its end")


SHARED = """
import ctypes, sys
from chainrule.kernels import machine
Real = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)
for k in range(12):
    text = "define double @f(double %x) {\\n %y = fadd double %x, KKK.0\\n ret double %y\\n}".replace("KKK", str(k))
    loaded = machine.compile_module(text, "shared")
    assert Real(loaded.address("f"))(1.0) == 1.0 + k
print("right")
"""


def test_processes_share_objects(tmp_path: Path) -> None:
    environment = os.environ | {"CHAINRULE_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", SHARED]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=120) for process in running] == [("right\n", "")] * 3
    assert len(list((tmp_path / "kernels").glob("*.o"))) == 12
    assert list((tmp_path / "kernels").glob("*.tmp")) == []


def test_a_corrupted_object_is_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path))
    text = "define double @f(double %x) {\n %y = fmul double %x, %x\n ret double %y\n}"
    assert not machine.compile_module(text, "f").cached
    (path,) = (tmp_path / "kernels").glob("*.o")
    raw = bytearray(path.read_bytes())
    raw[-len(raw) // 3] ^= 0xFF
    path.write_bytes(raw)
    again = machine.compile_module(text, "f")
    assert not again.cached
    assert ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(again.address("f"))(3.0) == 9.0
    assert machine.compile_module(text, "f").cached


def test_another_processor_has_other_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path))
    text = "define void @f() {\n ret void\n}"
    machine.compile_module(text, "f")
    host = machine._host()
    for other in ({"cpu": "elsewhere"}, {"features": host.features + ",+more"}, {"version": "later"}):
        changed = {name: getattr(host, name) for name in host.__slots__} | other
        monkeypatch.setattr(machine, "_host", lambda changed=changed: machine._Host(**changed))
        assert not machine.compile_module(text, "f").cached


def test_threads_write_the_same_object(objects: ObjectCache) -> None:
    writers = [threading.Thread(target=objects.write, args=(KEY, IMAGE)) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert objects.read(KEY) == IMAGE
    assert len(list(Path(objects.folder).iterdir())) == 1
