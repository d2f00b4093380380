"""The wheel holds every file of the packages, and nothing else. ``make wheel`` also tries it in a clean environment."""

from __future__ import annotations

import re
from pathlib import Path

from reconciler import __version__
from tests.project.wheel import PACKAGES, build, contents, locked, required, tracked


def test_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    wheel = build(tmp_path)
    assert contents(wheel) == set(tracked(*PACKAGES))
    assert wheel.name.startswith(f"reconciler-{__version__}-")


def test_lock_pins_everything_that_the_program_needs() -> None:
    pinned = set(re.findall(r"^([a-z0-9-]+)==", locked(required()), re.MULTILINE))
    assert {"pydantic", "pywinrm", "requests-ntlm"} <= pinned
    assert "pytest" not in pinned
