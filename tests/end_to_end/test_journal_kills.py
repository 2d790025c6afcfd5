"""The writer of the journal is killed at any moment, again and again, and no row it acknowledged is lost."""

import os
import random
import signal
import subprocess
import sys
from contextlib import closing

from faceplate.journal.journal import Journal
from faceplate.journal.reader import read, verify
from faceplate.journal.retention import Retention
from faceplate.journal.signing import load_signer
from strategies_journal import LOCKED

KILLS = int(os.environ.get("FACEPLATE_KILLS", "20"))

LONGEST = 0.15
"""Seconds from the first row to the kill: some hundred rows"""

KEPT_ROWS = 300

WRITER = """
import sys
from pathlib import Path
from faceplate.journal.journal import Journal
from faceplate.journal.reader import read_last
from faceplate.journal.retention import Retention
from faceplate.events import Cause, DoorEvent, DoorEventType

event = DoorEvent(DoorEventType.LOCKED, 6.0, Cause.RELEASE_TIME, "Ann")
path = Path(sys.argv[1])
journal = Journal(path, keep=Retention(rows=int(sys.argv[2])))
seq = max([row.seq for row in read_last(path, 1)], default=0)
while True:
    journal.write(event)
    seq += 1
    print(seq, flush=True)
"""


def killed_writer(path, seconds):
    """Let a writer write and kill it; give the number of the last row it acknowledged, if it came so far."""
    command = [sys.executable, "-c", WRITER, path, str(KEPT_ROWS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline()]
        assert told[0], "the writer died of itself"
        try:
            writer.wait(seconds)
        except subprocess.TimeoutExpired:
            writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
    assert writer.returncode == -signal.SIGKILL
    return int(next(line for line in reversed(told) if line.endswith("\n")))


def test_no_acknowledged_row_is_lost_by_any_kill(tmp_path):
    path = tmp_path / "journal.sqlite3"
    moments = random.Random(KILLS)  # noqa: S311 - no secret hangs on it
    newest = 0
    for _ in range(KILLS):
        acknowledged = killed_writer(path, moments.uniform(0, LONGEST))
        found, head = verify(path, load_signer(tmp_path / "journal.key"))
        assert found.fault == ""
        assert head is not None
        assert newest < acknowledged <= found.last.seq <= acknowledged + 1
        assert found.base.seq <= max(0, found.last.seq - KEPT_ROWS)
        rows = read(path, 0, 10**9)
        assert [row.seq for row in rows] == list(range(found.base.seq + 1, found.last.seq + 1))
        newest = found.last.seq
    with closing(Journal(path, keep=Retention(rows=KEPT_ROWS))) as journal:
        journal.write(LOCKED)
    found, _ = verify(path, load_signer(tmp_path / "journal.key"))
    assert (found.last.seq, found.fault) == (newest + 1, "")
    assert newest >= KILLS


def test_a_kill_while_the_journal_is_begun_leaves_one_that_can_be_begun(tmp_path):
    moments = random.Random(7)  # noqa: S311 - no secret hangs on it
    opener = "import sys; from pathlib import Path; from faceplate.journal.journal import Journal\nprint(flush=True)\n"
    opener += "Journal(Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    for number in range(max(5, KILLS // 4)):
        path = tmp_path / str(number) / "journal.sqlite3"
        with subprocess.Popen(
            [sys.executable, "-c", opener, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline()
            try:
                process.wait(moments.uniform(0, 0.01))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        with closing(Journal(path)) as journal:
            journal.write(LOCKED)
        found, _ = verify(path, load_signer(path.with_name("journal.key")))
        assert (found.rows, found.fault) == (1, "")
