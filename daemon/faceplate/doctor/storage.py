"""What lies on the disk: faces, journal, room, and who may read it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from faceplate.doctor.finding import CREDENTIALS, Case, Finding, fault, ok, warning
from faceplate.journal import reader
from faceplate.journal.chain import Mark, verify_chain
from faceplate.people.gallery import Gallery, stored_people
from faceplate.people.seal import key_is_there, load_seal

KEY = "Put back the key or the record from the copy you keep; run this as root or as the daemon's user"
ENROL = "Enrol somebody: faceplate people add NAME PICTURE..."
GALLERY_CURES: Final = (KEY, ENROL)

RESTORE = "Keep a copy of the file, find out who wrote to it, and see `faceplate journal verify`"
WRITABLE = "Give folder and file back to the daemon's user: sudo chown -R faceplate: /var/lib/faceplate"
BEGIN = "Start the daemon: it makes the journal"
JOURNAL_CURES: Final = (RESTORE, WRITABLE, BEGIN)

ROOM = "Make room on that disk, or lower journal.keep_days and journal.keep_rows"
REMOUNT = "The file system is mounted read-only, often after an error: see `dmesg`, check the card, and mount it again"
DISK_CURES: Final = (ROOM, REMOUNT)

CLOSE = "Take the rights from others: sudo chmod go-rwx FILE (of the configuration: chmod 640)"
OWNER = "Let one user own all of it: sudo chown -R faceplate: /var/lib/faceplate; use `sudo -u faceplate` from then on"
PERMISSION_CURES: Final = (CLOSE, OWNER)

LAST_ROWS = 1000
_MEGABYTE = 1_000_000
_LITTLE, _TOO_LITTLE = 500 * _MEGABYTE, 50 * _MEGABYTE


def gallery(case: Case, credentials: tuple[Path, ...] = CREDENTIALS) -> Finding:
    """Open everybody who is enrolled."""
    store, key_file = case.config.people.store, case.config.people.key_file
    count = len(stored_people(store))
    if not key_is_there(key_file) and any((folder / "faceplate.gallery.key").exists() for folder in credentials):
        return ok(f"{count} people, under a key that systemd hands to the daemon alone: it was not opened")
    if key_is_there(key_file):
        load_seal(key_file)
    if not count:
        return warning("nobody is enrolled", ENROL)
    people = Gallery(store, key_file).people()
    return ok(f"{len(people)} people, and each record opens")


def journal(case: Case) -> Finding:
    """Check the last rows, and whether more could be written."""
    path = case.config.journal.path
    if not path.exists():
        return warning(f"there is no journal at {path} yet", BEGIN)
    rows = reader.read_last(path, LAST_ROWS)
    if rows:
        found = verify_chain(rows, Mark(rows[0].seq - 1, rows[0].previous))
        if found.fault:
            return fault(f"row {found.bad_row} of {path}: {found.fault}", RESTORE)
    if not all(os.access(place, os.W_OK, effective_ids=True) for place in (path, path.parent)):
        return fault(f"{path}, or its folder, cannot be written by this user", WRITABLE)
    last = f", the last of {rows[-1].ts}" if rows else ""
    return ok(f"the last {len(rows)} rows are intact{last}; writable")


def is_read_only(place: Path) -> bool:
    """Whether nobody at all can write there."""
    return bool(os.statvfs(place).f_flag & os.ST_RDONLY)


def disk(case: Case, closed: Callable[[Path], bool] = is_read_only) -> Finding:
    """Whether there is room for what the daemon writes."""
    place = _nearest(case.config.journal.path.parent)
    free = shutil.disk_usage(place).free
    found = f"{free // _MEGABYTE} MB are free at {place}"
    if closed(place):
        return fault(f"{place} cannot be written: its file system is read-only", REMOUNT)
    return room(free, found)


def room(free: int, found: str) -> Finding:
    """What so many free bytes are worth."""
    if free >= _LITTLE:
        return ok(found)
    return fault(found, ROOM) if free < _TOO_LITTLE else warning(found, ROOM)


def permissions(case: Case) -> Finding:
    """Who could read, or change, what must not be."""
    for path, forbidden in _guarded(case):
        mode = _mode(path)
        if mode is not None and mode & forbidden:
            return fault(f"{path} is open to others (mode {mode:04o})", CLOSE)
    state = case.config.journal.path.parent
    if state.exists() and (foreign := [path for path in _state_files(case) if _owner(path) != _owner(state)]):
        return fault(f"{foreign[0]} belongs to another user than {state}: the daemon may not be able to read it", OWNER)
    return ok("configuration, keys, faces and journal are closed to others")


def _guarded(case: Case) -> Iterator[tuple[Path, int]]:
    """Files and folders, and the rights that nobody may have there."""
    config = case.config
    holds_password = any("@" in str(camera.source) for camera in config.camera.cameras)
    yield case.config_file, 0o026 if holds_password else 0o022
    closed = (config.people.store, config.people.key_file, config.journal.path, config.journal.key_file)
    secret = (config.access.standing_file, config.bridge.password_file, config.bridge.tls.key_file)
    for path in (*closed, *filter(None, secret)):
        yield path, 0o077


def _state_files(case: Case) -> list[Path]:
    config = case.config
    journal_files = [Path(f"{config.journal.path}{suffix}") for suffix in ("", "-wal", "-shm")]
    files = (config.people.store, *journal_files, config.journal.key_file, config.access.standing_file)
    return [path for path in (*files, *stored_people(config.people.store)) if path.exists()]


def _owner(path: Path) -> int:
    return path.stat().st_uid


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None


def _nearest(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())
