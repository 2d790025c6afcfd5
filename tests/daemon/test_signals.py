"""Services are told to stop by signals, and by none any more when they end by themselves."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading

import pytest

from faceplate.commands.signals import STOPPING, heard_signals

PATIENCE = 30.0


@pytest.mark.parametrize("number", STOPPING)
def test_each_signal_stops_from_another_thread(number):
    by: queue.Queue[threading.Thread] = queue.Queue()
    with heard_signals() as stopping:
        stopping(lambda: by.put(threading.current_thread()))
        for _ in range(2):
            os.kill(os.getpid(), number)
            assert by.get(timeout=PATIENCE) is not threading.main_thread()


def test_the_last_that_was_to_be_stopped_is():
    first, last = threading.Event(), threading.Event()
    with heard_signals() as stopping:
        stopping(first.set)
        stopping(last.set)
        os.kill(os.getpid(), signal.SIGTERM)
        assert last.wait(PATIENCE)
        assert not first.is_set()


def test_afterwards_signals_do_what_they_did_before_even_after_an_error():
    before = [signal.getsignal(number) for number in STOPPING]

    def end_by_itself() -> None:
        with heard_signals() as stopping:
            assert [signal.getsignal(number) for number in STOPPING] == before
            stopping(lambda: None)
            assert all(signal.getsignal(number) != handler for number, handler in zip(STOPPING, before, strict=True))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        end_by_itself()
    assert [signal.getsignal(number) for number in STOPPING] == before


WHILE_THREADS_BEGIN = """
import os, signal, sys, threading
from faceplate.commands.signals import heard_signals
with heard_signals() as stopping:
    stopping(lambda: os._exit(7))
    # What beginning, and ending, a thread takes, and whatever else the main thread may hold
    with threading._active_limbo_lock, threading._shutdown_locks_lock:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
"""


@pytest.mark.skipif(not hasattr(threading, "_shutdown_locks_lock"), reason="this Python has no such lock")
def test_a_signal_is_heard_while_the_main_thread_holds_the_locks_of_threads():
    ended = subprocess.run([sys.executable, "-c", WHILE_THREADS_BEGIN], timeout=PATIENCE, check=False)
    assert ended.returncode == 7
