"""The real threads and signals."""

from __future__ import annotations

import platform
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reconciler.run.system import SignalStop, ThreadScheduler
from tests.support.cli import LONGEST_SECONDS, clean
from tests.support.paths import ROOT


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_that_reaches_another_thread_ends_the_wait_too(number: signal.Signals, code: int) -> None:
    scheduler, may_end, has_ended = ThreadScheduler(2), threading.Event(), threading.Event()
    main = threading.main_thread().ident or 0

    def job() -> None:
        while not sys._current_frames()[main].f_code.co_filename.endswith("system.py"):
            may_end.wait(0.001)
        may_end.wait(0.05)  # until that thread sleeps, and none of its next instructions looks for signals
        signal.pthread_kill(threading.get_ident(), number)
        may_end.wait(LONGEST_SECONDS)
        has_ended.set()

    try:
        with SignalStop(lambda *_: None).installed():
            scheduler.submit("a", job)
            with pytest.raises(SystemExit) as stopped:
                scheduler.wait()
        assert stopped.value.code == code
        assert not has_ended.is_set()
    finally:
        may_end.set()
        scheduler.close()


def test_all_that_ended_meanwhile_is_reported_at_once() -> None:
    scheduler = ThreadScheduler(2)
    for key in "abc":
        scheduler.submit(key, lambda: None)
    scheduler.close()
    assert sorted(scheduler.wait()) == ["a", "b", "c"]


_INTERRUPTED_WHILE_A_CLASS_IS_MADE = """
import os, signal, sys
from reconciler.run.system import SignalStop
try:
    with SignalStop(lambda *_: None).installed():
        exec("os.kill(os.getpid(), signal.SIGINT)")
except BaseException as stopped:
    sys.exit(stopped.code if isinstance(stopped, SystemExit) else 130)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_process_that_was_interrupted_anywhere_ends_with_its_own_code(tmp_path: Path) -> None:
    """``python -m`` ends by SIGINT, though the program caught it, where it went through a text that ``exec`` runs."""
    (tmp_path / "interrupted.py").write_text(_INTERRUPTED_WHILE_A_CLASS_IS_MADE, "utf-8")
    variables = clean(PYTHONPATH=f"{ROOT}:{tmp_path}")
    ended = subprocess.run([sys.executable, "-m", "interrupted"], env=variables, check=False)
    assert ended.returncode == 130


ARENAS = """
import ctypes, sys, threading
from reconciler.run.system import share_memory_of_threads
if sys.argv[1] == "shared":
    share_memory_of_threads()
meeting = threading.Barrier(5)
def work():
    held = [bytes(2_000) for _ in range(1_000)]
    meeting.wait()
threads = [threading.Thread(target=work) for _ in range(4)]
for one in threads:
    one.start()
meeting.wait()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, file)
libc.fflush(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
@pytest.mark.parametrize(("how", "is_one"), [("shared", True), ("apart", False)])
def test_threads_take_memory_from_one_arena(how: str, is_one: bool) -> None:
    ended = subprocess.run([sys.executable, "-c", ARENAS, how], capture_output=True, text=True, check=True)
    assert (ended.stdout.count("<heap nr=") == 1) is is_one
