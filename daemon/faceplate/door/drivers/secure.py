"""Lock the door after everything that could have done so was killed, as quickly as Python can.

    python -P -m faceplate.door.drivers.secure FILE

FILE is what the daemon wrote down with `write_lines` as it took the lock, so that nothing needs to be loaded, read or
decided that takes time while the door may stand open. `faceplate secure` does the same by the configuration.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from faceplate.door.drivers.lock_lines import LockLines
from faceplate.errors import DoorError
from faceplate.files import write_atomically


def write_lines(file: Path, lines: LockLines) -> None:
    """Write down which lines are to be locked if this program is killed.

    Raises:
        OSError: it cannot be written.
    """
    write_atomically(file, json.dumps(asdict(lines)).encode())


def secure(file: Path) -> None:
    """Lock the lock that was written down, and let go of it.

    Raises:
        OSError, ValueError, TypeError: the file cannot be read, or is not what `write_lines` wrote.
        DoorError: the lock does not answer.
    """
    from faceplate.door.drivers.gpiozero_lock import bare_lock  # noqa: PLC0415 - whoever writes lines has no need of it

    bare_lock(LockLines(**json.loads(file.read_bytes()))).close()


def main() -> int:
    """Lock what the one argument names."""
    try:
        secure(Path(sys.argv[1]))
    except (DoorError, OSError, ValueError, TypeError, IndexError) as error:
        print(f"the lock was not secured: {error!r}; `faceplate secure` tries by the configuration", file=sys.stderr)  # noqa: T201 - the journal of systemd
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
