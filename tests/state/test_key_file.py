"""A key that signs plans is made once, also where many begin at the same time."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.model.diagnostics import StateError
from state.files import read_private
from state.host_lock import HostLock
from state.key_file import create_once
from tests.support.state_support import RealClock, VirtualClock


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_of_many_processes_one_makes_the_key_and_all_read_it(tmp_path: Path) -> None:
    path, start, answers = tmp_path / "plan.key", os.pipe(), os.pipe()
    for number in range(16):
        if os.fork() == 0:
            os.close(start[1])
            os.read(start[0], 1)
            create_once(path, lambda number=number: b"%04d" % number, RealClock())  # type: ignore[misc]
            os.write(answers[1], read_private(path))
            os._exit(0)
    os.close(start[1])
    os.close(answers[1])
    with open(answers[0], "rb") as file:
        read = file.read()
    for _ in range(16):
        os.wait()
    assert read == read_private(path) * 16


def test_a_key_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "plan.key"
    create_once(path, lambda: b"first", VirtualClock())
    create_once(path, lambda: b"second", VirtualClock())
    assert read_private(path) == b"first"


def test_whoever_makes_it_without_an_end_is_not_waited_for_without_one(tmp_path: Path) -> None:
    path = tmp_path / "plan.key"
    with closing(HostLock(tmp_path / "plan.key.lock")) as other:
        assert other.begin_creation(VirtualClock(), 1.0)
        with pytest.raises(StateError, match="being made"):
            create_once(path, lambda: b"mine", VirtualClock())
    assert not path.exists()
