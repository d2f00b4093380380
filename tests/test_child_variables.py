"""Which variables of this process its children get: what they need, and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.git import head_commit
from reconciler.simulator_process import without_secrets

PASSWORD = "not-for-children"


def test_git_is_told_who_called_sudo_and_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = tmp_path / "git"
    git.write_text('#!/bin/sh\nprintf "%s" "$SUDO_UID.$RECONCILER_STATE.$UM_PASSWORD"\n')
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("SUDO_UID", "1000")
    monkeypatch.setenv("RECONCILER_STATE", f"postgresql://um:{PASSWORD}@db/um")
    monkeypatch.setenv("UM_PASSWORD", PASSWORD)
    assert head_commit(tmp_path) == "1000..", "without it, git refuses root the repository of whoever called sudo"


def test_a_simulator_gets_no_variable_that_holds_a_secret_or_is_named_as_one() -> None:
    own = {
        "PATH": "/usr/bin",
        "RECONCILER_SIMULATOR_ENGINE": "powershell",
        "RECONCILER_PLAN_KEY": "env:KEY",
        "KEY": PASSWORD,
        "RECONCILER_STATE": f"postgresql://um:{PASSWORD}@db/um",
        "PGPASSWORD": PASSWORD,
    }
    given = without_secrets(own)
    assert PASSWORD not in " ".join(given.values())
    assert set(given) == {"PATH", "RECONCILER_SIMULATOR_ENGINE", "RECONCILER_PLAN_KEY"}
