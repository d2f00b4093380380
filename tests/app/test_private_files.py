"""What an environment keeps beside its files stays out of Git, and a reference may say where the state is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.app import alone
from reconciler.app.private_files import make_private, state_location, writable
from reconciler.cli.output import write_file
from reconciler.model.diagnostics import ConfigurationError, Locked
from tests.support.rehearsal import rehearsal


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_git_takes_nothing_of_it(tmp_path: Path) -> None:
    private = tmp_path / ".reconciler"
    make_private(private)
    (private / "plan.key").write_bytes(b"key")
    (tmp_path / "contoso.yaml").touch()
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    assert subprocess.check_output([*git, "ls-files"], text=True).split() == ["contoso.yaml"]


def test_what_somebody_wrote_there_stays(tmp_path: Path) -> None:
    private = tmp_path / ".reconciler"
    make_private(private)
    (private / ".gitignore").write_text("!notes\n")
    make_private(private)
    assert (private / ".gitignore").read_text() == "!notes\n"


def test_what_may_only_be_read_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / ".reconciler"
    with writable(private) as place:
        assert (place, private.is_dir()) == (private, True)
    (private / "world.json").write_text("{}")
    monkeypatch.setattr("os.access", lambda *_: False)
    with writable(private) as place:
        assert (place / "world.json").read_text() == "{}"
        (place / "world.json").write_text("changed")
    assert (private / "world.json").read_text() == "{}"
    assert not place.exists()


def test_of_applies_that_begin_together_one_goes_on(tmp_path: Path) -> None:
    with alone(tmp_path):  # no environment, so that nothing is made for the lock
        assert list(tmp_path.iterdir()) == []
    (tmp_path / "env.yaml").touch()
    with alone(tmp_path):  # also the first ever
        assert (tmp_path / ".reconciler" / ".gitignore").exists()
        with pytest.raises(Locked, match=f"process {os.getpid()}") as caught, alone(tmp_path):
            pass
        assert caught.value.exit_code == 6
    with alone(tmp_path):
        pass


def test_location_is_given_itself_or_by_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_URL", "postgresql://kim@localhost/um")
    (tmp_path / "url").write_text("/srv/state.db\n")
    assert state_location("env:STATE_URL", tmp_path) == "postgresql://kim@localhost/um"
    assert state_location("file:url", tmp_path) == "/srv/state.db"
    assert state_location("./a:b/state.db", tmp_path) == "./a:b/state.db"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        state_location("file:/srv/state.db", tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="asks for a device")
def test_files_that_cannot_be_written_are_reported_and_none_replaces_what_is_private(
    tmp_path: Path,
) -> None:
    for path in (tmp_path, tmp_path / "none" / "file", Path("/dev/full")):
        with pytest.raises(ConfigurationError, match="cannot be written: "):
            write_file(path, "text")
    one = rehearsal(tmp_path / "little")
    one.save()
    key = one.directory / ".reconciler" / "plan.key"
    before = key.read_bytes()
    with one.opened() as workspace, pytest.raises(ConfigurationError, match="holds the state and the signing key"):
        workspace.saved_plans.save(workspace.plan(), key)
    assert key.read_bytes() == before
