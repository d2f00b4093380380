"""The real threads and signals."""

from __future__ import annotations

import signal
import sys
import threading

import pytest

from reconciler.run.system import SignalStop, ThreadScheduler


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_that_reaches_another_thread_ends_the_wait_too() -> None:
    scheduler, may_end, has_ended = ThreadScheduler(2), threading.Event(), threading.Event()
    main = threading.main_thread().ident or 0

    def job() -> None:
        while not sys._current_frames()[main].f_code.co_filename.endswith("system.py"):
            may_end.wait(0.001)
        may_end.wait(0.05)  # until that thread sleeps, and none of its next instructions looks for signals
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        may_end.wait(5)
        has_ended.set()

    try:
        with SignalStop(lambda *_: None).installed():
            scheduler.submit("a", job)
            with pytest.raises(KeyboardInterrupt):
                scheduler.wait()
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
