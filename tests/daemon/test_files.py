"""Atomic writing: at every failure the old content or the new, whole, and nothing left beside it."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceplate import files
from faceplate.files import new_folder, sweep, sync_folder, write_atomically

OLD, NEW = b"what was there before", b"what is to be there"

# Stops dead where a power cut would: after the temporary file is written, before it takes the old one's place.
KILLED = """
import os, pathlib, sys
os.fsync = lambda descriptor: os.kill(os.getpid(), 9)
from faceplate.files import write_atomically
write_atomically(pathlib.Path(sys.argv[1]), b"new")
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(OLD)
    return path


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def failing(number):
    def fail(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    return fail


@settings(deadline=None)
@given(st.binary(max_size=100_000))
def test_what_was_written_is_read(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "written"
    write_atomically(path, content)
    assert path.read_bytes() == content


def test_a_file_is_for_its_owner_only_whatever_was_there(file):
    file.chmod(0o644)
    write_atomically(file, NEW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert left_in(file.parent) == ["file"]


@pytest.mark.parametrize("step", ["open", "fdopen", "fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_failure_before_the_rename_leaves_the_old_content(file, monkeypatch, step, number):
    # Patched, because a disk that fails at a chosen step cannot be had otherwise.
    monkeypatch.setattr(files.os, step, failing(number))
    with pytest.raises(OSError, match=os.strerror(number)):
        write_atomically(file, NEW)
    assert file.read_bytes() == OLD
    assert left_in(file.parent) == ["file"]


def test_a_disk_that_fills_while_writing_leaves_the_old_content(file):
    # A limit on the size of files fails in write(2) itself, as a full disk does.
    program = (
        "import pathlib, resource, signal, sys\n"
        "from faceplate.files import write_atomically\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "write_atomically(pathlib.Path(sys.argv[1]), bytes(100_000))"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=False)
    assert "File too large" in ended.stderr
    assert file.read_bytes() == OLD
    assert left_in(file.parent) == ["file"]


def test_an_interruption_leaves_the_old_content(file, monkeypatch):
    def interrupt(_descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(file, NEW)
    assert file.read_bytes() == OLD
    assert left_in(file.parent) == ["file"]


def test_a_folder_that_cannot_be_synchronised_is_reported_and_the_new_content_is_whole(file, monkeypatch):
    fsync = os.fsync

    def fsync_no_folders(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(files.os, "fsync", fsync_no_folders)
    with pytest.raises(OSError, match="Input/output error"):
        write_atomically(file, NEW)
    assert file.read_bytes() == NEW
    assert left_in(file.parent) == ["file"]


def test_file_and_folder_are_synchronised_in_the_order_that_outlasts_a_power_cut(file, monkeypatch):
    steps = []
    fsync = os.fsync

    def note(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append(("folder" if is_folder else "file", file.read_bytes()))
        fsync(descriptor)

    monkeypatch.setattr(files.os, "fsync", note)
    write_atomically(file, NEW)
    assert steps == [("file", OLD), ("folder", NEW)]


def test_a_kill_leaves_the_old_content_and_the_rest_is_swept(file):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(file)], capture_output=True, check=False)
    assert killed.returncode == -9
    assert file.read_bytes() == OLD
    assert len(left_in(file.parent)) == 2
    sweep(file.parent)
    assert left_in(file.parent) == ["file"]


def test_a_sweep_touches_nothing_else(tmp_path):
    for name in ("file", ".hidden", "file.tmp", "a.person"):
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert left_in(tmp_path) == [".hidden", "a.person", "file", "file.tmp"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "nowhere" / "file", NEW)
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "nowhere")


# Stops dead between the two renames: the old folder is out of the way, the new one not yet in its place.
KILLED_FOLDER = """
import os, pathlib, sys
from faceplate.files import new_folder
rename = pathlib.Path.rename
pathlib.Path.rename = lambda path, to: rename(path, to) if path.name == "set" else os.kill(os.getpid(), 9)
with new_folder(pathlib.Path(sys.argv[1])) as folder:
    (folder / "content").write_bytes(b"new")
"""


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "around" / "set"
    path.mkdir(parents=True)
    (path / "content").write_bytes(OLD)
    return path


def fill(folder):
    with new_folder(folder) as new:
        (new / "content").write_bytes(NEW)


def test_a_folder_appears_whole_even_where_nothing_is(tmp_path):
    fill(tmp_path / "around" / "set")
    assert (tmp_path / "around" / "set" / "content").read_bytes() == NEW
    assert left_in(tmp_path / "around") == ["set"]


def test_a_folder_takes_the_place_of_another(folder):
    (folder / "more").touch()
    fill(folder)
    assert left_in(folder) == ["content"]
    assert (folder / "content").read_bytes() == NEW
    assert left_in(folder.parent) == ["set"]


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "full"), ValueError(), KeyboardInterrupt()])
def test_a_folder_that_could_not_be_filled_leaves_the_old_one(folder, failure):
    with pytest.raises(type(failure)), new_folder(folder):
        raise failure
    assert (folder / "content").read_bytes() == OLD
    assert left_in(folder.parent) == ["set"]


@pytest.mark.parametrize("failure", [OSError(errno.EIO, "broken"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["set", ".set.unfinished"])
def test_a_failure_between_the_renames_leaves_the_old_folder(folder, monkeypatch, failure, step):
    rename = Path.rename

    def failing_once(path, target):  # nothing else comes between two system calls on demand
        if path.name == step:
            raise failure
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing_once)
    with pytest.raises(type(failure)):
        fill(folder)
    assert (folder / "content").read_bytes() == OLD
    assert left_in(folder.parent) == ["set"]


def test_a_kill_between_the_renames_is_put_right_by_the_next_attempt(folder):
    killed = subprocess.run([sys.executable, "-c", KILLED_FOLDER, str(folder)], capture_output=True, check=False)
    assert killed.returncode == -9
    assert left_in(folder.parent) == [".set.replaced", ".set.unfinished"]

    with pytest.raises(ValueError, match="again"), new_folder(folder):
        raise ValueError("again")

    assert (folder / "content").read_bytes() == OLD
    assert left_in(folder.parent) == ["set"]


def test_what_a_kill_left_of_another_folder_is_not_touched(folder):
    (folder.parent / ".set.two.unfinished").mkdir()
    fill(folder)
    assert left_in(folder.parent) == [".set.two.unfinished", "set"]
