"""Nothing that lies beside the files of an environment is run, and a child gets the variables that it needs alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.app import invoke_in_world, open_workspace
from reconciler.app.declared import read_files
from reconciler.app.git import gap_between, source_of
from reconciler.app.private_files import refuse_tracked
from reconciler.app.simulated_world import find_powershell, powershell_program
from reconciler.app.simulator_process import child_variables, isolated_python
from reconciler.app.surroundings import (
    find_program,
    misspelt_settings,
    remove_unsafe,
    search_path,
    untrusted_folders,
)
from reconciler.cli.commands import run
from reconciler.model.diagnostics import ReconcilerError, StateError
from tests.support.cli import COMMAND, Environment, clean, little

PASSWORD = "not-for-children"

MODULES = (
    *(
        "click",
        "yaml",
        "_yaml",
        "pydantic",
        "orjson",
        "sqlalchemy",
        "alembic",
        "winrm",
        "requests",
        "spnego",
        "keyring",
    ),
    *("json", "secrets", "subprocess", "tempfile", "typing", "threading", "random", "hashlib", "ssl", "platform"),
    *("sitecustomize", "usercustomize", "readline", "state", "providers", "__future__", "pathlib", "dataclasses"),
)
"""What this program, its child and Python itself import: from anywhere but the working directory."""


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """What a planted file makes when it is run."""
    return tmp_path / "planted-file-ran"


def planted(folder: Path, mark: Path, *names: str) -> None:
    """Put programs of these names into ``folder``, which run in any shell."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(f'#!/bin/sh\ntouch "{mark}"\nexit 1\n')
        (folder / name).chmod(0o755)


def planted_modules(folder: Path, mark: Path) -> None:
    text = f"open({str(mark)!r}, 'w').close()\n"
    for name in MODULES:
        (folder / f"{name}.py").write_text(text)
    (folder / "reconciler.pth").write_text(f"import sys; {text}")
    (folder / "keyringrc.cfg").write_text(f"[backend]\ndefault-keyring=yaml.Keyring\nkeyring-path={folder}\n")
    (folder / "pyvenv.cfg").write_text(f"home = {folder}\n")


# --- commands --------------------------------------------------------------------------------------------------------


def small(tmp_path: Path, mark: Path) -> Environment:
    environment = little(tmp_path / "place" / "little")
    for folder in (environment.directory, environment.directory.parent):
        planted_modules(folder, mark)
        planted(folder, mark, "git", "pwsh", "gcc", "ldconfig", "python", "python3")
    environment.variables["PATH"] = os.pathsep.join([".", "", str(environment.directory), os.environ["PATH"]])
    return environment


@pytest.mark.skipif(os.name != "posix", reason="plants programs for sh")
def test_a_plan_runs_nothing_of_the_repository(tmp_path: Path, mark: Path) -> None:
    environment = small(tmp_path, mark)
    ran = environment.run("plan", "--exclude", "exchucutil", SSLKEYLOGFILE=str(mark), OPENSSL_CONF="openssl.cnf")
    assert not mark.exists(), "a planted file was run, or the keys of sessions were written"
    ran.has(0)
    assert {"SSLKEYLOGFILE", "OPENSSL_CONF"} <= {
        line.partition(":")[0].rpartition(" ")[2] for line in ran.err.splitlines()
    }


def test_a_validation_from_beside_runs_nothing_of_the_repository(tmp_path: Path, mark: Path) -> None:
    environment = small(tmp_path, mark)
    environment.run("validate", "little", cwd=environment.directory.parent).has(0)
    assert not mark.exists()


def test_the_simulator_imports_nothing_that_a_variable_names(tmp_path: Path, mark: Path) -> None:
    planted_modules(tmp_path, mark)
    command = [*isolated_python(), "--version"]
    variables = clean(PYTHONPATH=str(tmp_path), PYTHONSTARTUP=str(tmp_path / "yaml.py"), PYTHONUSERBASE=str(tmp_path))
    ended = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("reconciler ")
    assert not mark.exists()


def test_modules_beside_an_environment_are_not_imported_even_by_python_m(tmp_path: Path, mark: Path) -> None:
    planted_modules(tmp_path, mark)
    ended = subprocess.run([*COMMAND, "schema"], cwd=tmp_path, env=clean(), capture_output=True, text=True, check=False)
    assert (ended.returncode, mark.exists()) == (0, False), ended.stderr


def test_modules_of_a_relative_pythonpath_are_not_imported(tmp_path: Path, mark: Path) -> None:
    (tmp_path / "estate").mkdir()
    (tmp_path / "estate" / "yaml.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    variables = clean(PYTHONPATH=os.pathsep.join(["", "estate", "."]))
    command = [*COMMAND, "validate", "estate"]
    ended = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert (ended.returncode, mark.exists()) == (1, False), ended.stderr
    assert "Empty environment" in ended.stderr


@pytest.mark.skipif(os.name != "posix", reason="a directory in use cannot be removed elsewhere")
def test_a_command_runs_where_the_working_directory_was_removed(tmp_path: Path) -> None:
    estate = little(tmp_path / "estate").directory
    (tmp_path / "gone").mkdir()
    script = 'rmdir "$PWD" && exec "$@"'
    command = ["sh", "-c", script, "sh", *COMMAND, "validate", str(estate)]
    ended = subprocess.run(command, cwd=tmp_path / "gone", env=clean(), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


# --- git -------------------------------------------------------------------------------------------------------------


def repository(folder: Path, mark: Path) -> list[str]:
    """Make a repository whose own configuration, hooks and attributes name programs; return its commits."""
    folder.mkdir()
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b"]
    run = str(folder / "planted.sh")
    planted(folder, mark, "planted.sh")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".gitattributes").write_text("* filter=planted diff=planted\n")
    for name in ("first", "second"):
        (folder / "a.yaml").write_text(f"environment: {name}\n")
        subprocess.run([*git, "add", "a.yaml"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", name], check=True)
    for key in (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy"),
        *("diff.external", "diff.planted.command", "diff.planted.textconv", "filter.planted.clean"),
        *("filter.planted.smudge", "filter.planted.process", "gpg.program", "credential.helper", "alias.rev-parse"),
        *("uploadpack.packObjectsHook", "pager.rev-parse", "pager.log", "log.showSignature"),
    ):
        subprocess.run([*git, "config", key, "true" if key.startswith("log.") else run], check=True)
    hooks = folder / ".git" / "hooks"
    planted(hooks, mark, *("post-checkout", "post-index-change", "pre-auto-gc", "reference-transaction", "post-commit"))
    (folder / "a.yaml").write_text("environment: b\n")
    listing = [*git, "rev-list", "--reverse", "HEAD"]
    commits = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()
    mark.unlink(missing_ok=True)
    return commits


@pytest.mark.skipif(os.name != "posix", reason="plants programs for sh")
def test_git_runs_nothing_that_the_configuration_of_the_repository_names(tmp_path: Path, mark: Path) -> None:
    folder = tmp_path / "repository"
    first, second = repository(folder, mark)
    found = source_of(folder, read_files(folder).contents)
    assert (found.commit, found.uncommitted, found.trouble) == (second, ("a.yaml",), None)
    assert len(gap_between(folder, first, second).commits) == 1
    assert gap_between(folder, first, "1" * 40).trouble is not None
    assert not mark.exists()


def test_git_is_found_neither_in_the_working_directory_nor_in_the_repository(
    tmp_path: Path, mark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    (folder / "estate").mkdir()
    planted(folder / "tools", mark, "git")
    planted(folder / "estate", mark, "git")
    monkeypatch.chdir(folder / "estate")
    entries = ["", ".", "../tools", str(folder / "tools"), str(folder / "estate")]
    monkeypatch.setenv("PATH", os.pathsep.join(entries))
    assert source_of(folder / "estate", {}).trouble is not None
    assert not mark.exists()


def test_git_receives_who_called_sudo_and_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools, estate = tmp_path / "tools", tmp_path / "estate"
    tools.mkdir()
    (estate / ".git").mkdir(parents=True)
    git = tools / "git"
    git.write_text('#!/bin/sh\necho "fatal: $SUDO_UID.$RECONCILER_STATE.$UM_PASSWORD" >&2; exit 128\n')
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("SUDO_UID", "1000")
    monkeypatch.setenv("RECONCILER_STATE", f"postgresql://um:{PASSWORD}@db/um")
    monkeypatch.setenv("UM_PASSWORD", PASSWORD)
    found = source_of(estate, {}).trouble
    assert found is not None
    assert "fatal: 1000..." in found.reason, "without it, git refuses root the repository of whoever called sudo"


@pytest.mark.skipif(os.name != "posix", reason="git keeps modes and links on POSIX")
def test_private_files_that_the_repository_holds_are_refused(tmp_path: Path) -> None:
    directory = little(tmp_path / "repository").directory
    private = directory / ".reconciler"
    private.mkdir(mode=0o700)
    (private / "plan.key").write_text("known to everybody")
    (private / "world.json.log").symlink_to(tmp_path / "elsewhere")
    git = ["git", "-C", str(directory), "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "little.yaml"], ["commit", "-q", "-m", "files"]):
        subprocess.run([*git, *arguments], check=True)
    refuse_tracked(directory)
    for arguments in (["add", "-f", ".reconciler"], ["commit", "-q", "-m", "private files"]):
        subprocess.run([*git, *arguments], check=True)
    with pytest.raises(StateError) as caught, open_workspace(directory):
        pass
    assert ".reconciler/plan.key" in caught.value.diagnostics[0].detail


@pytest.mark.skipif(os.name != "posix", reason="git keeps modes and links on POSIX")
def test_private_files_that_git_tells_nothing_of_are_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = little(tmp_path / "repository").directory
    (directory / ".reconciler").mkdir(mode=0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refuse_tracked(directory) == ()
    (directory / ".git").mkdir()
    with open_workspace(directory) as workspace:
        (warning,) = workspace.diagnostics
    assert (warning.summary, warning.is_error) == ("Private files of unknown origin", False)
    assert "PATH" in warning.detail
    (directory / ".reconciler").rmdir()
    assert refuse_tracked(directory) == ()


@pytest.mark.skipif(os.name != "posix", reason="Windows removes no directory that somebody works in")
def test_a_working_directory_that_was_removed_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for line in (["plan"], ["validate"], ["apply", "--auto-approve"], ["state", "history"]):
        assert run(line) == 1
        told = "".join(capsys.readouterr())
        assert "No working directory" in told, line
        assert "Internal error" not in told


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="the system cannot refuse links")
@pytest.mark.parametrize("name", ["world.json.lock", "world.json.log", "world.json.new"])
def test_a_simulated_estate_writes_through_no_link(name: str, tmp_path: Path) -> None:
    directory = little(tmp_path / "repository").directory
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / name).symlink_to(tmp_path / "elsewhere")
    line = "New-UMDialPlan -Name A -NumberOfDigitsInExtension 5 -CountryOrRegionCode 1 -URIType SipName"
    with pytest.raises(OSError, match="symbolic links"):
        invoke_in_world(directory / "world.yaml", tmp_path / "private" / "world.json", line)
    assert not (tmp_path / "elsewhere").exists()


# --- programs --------------------------------------------------------------------------------------------------------


def test_a_program_is_found_where_no_stranger_writes(tmp_path: Path, mark: Path) -> None:
    planted(tmp_path / "repository", mark, "pwsh")
    planted(tmp_path / "system", mark, "pwsh")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "pwsh").symlink_to(tmp_path / "repository" / "pwsh")
    path = os.pathsep.join(str(tmp_path / name) for name in ("repository", "links", "system"))
    strangers = (tmp_path / "repository",)
    assert find_program("pwsh", path, strangers) == str(tmp_path / "system" / "pwsh")
    assert search_path(f".{os.pathsep}{path}{os.pathsep}", strangers).split(os.pathsep)[-1] == str(tmp_path / "system")


def test_the_home_and_the_root_are_no_untrusted_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, estate = tmp_path / "home", tmp_path / "home" / "estate"
    estate.mkdir(parents=True)
    (home / ".git").mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir("/")
    assert untrusted_folders(estate) == (estate,)


@pytest.mark.parametrize("program", ["./pwsh", "pwsh", "tools/pwsh", "{here}/pwsh"])
def test_a_powershell_of_the_repository_is_refused(
    program: str, tmp_path: Path, mark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(tmp_path, mark, "pwsh")
    monkeypatch.chdir(tmp_path)
    named = program.format(here=tmp_path)
    monkeypatch.setenv("RECONCILER_PWSH", named)
    given = {"RECONCILER_PWSH": named, "RECONCILER_SIMULATOR_ENGINE": "powershell"}
    starts: list[Callable[[], object]] = [powershell_program, lambda: child_variables(given, untrusted_folders())]
    for start in starts:
        with pytest.raises(ReconcilerError) as caught:
            start()
        assert caught.value.diagnostics[0].summary == "Untrusted program"


def test_no_powershell_is_looked_for_in_the_working_directory(
    tmp_path: Path, mark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(tmp_path, mark, "pwsh")
    monkeypatch.chdir(tmp_path)
    found = find_powershell({"PATH": os.pathsep.join(["", ".", str(tmp_path)])})
    assert found is None or not found.startswith((".", str(tmp_path)))


# --- variables -------------------------------------------------------------------------------------------------------


def test_a_simulator_gets_no_variable_that_may_hold_a_secret() -> None:
    own = {
        "PATH": f".{os.pathsep}/usr/bin",
        "RECONCILER_SIMULATOR_ENGINE": "powershell",
        "RECONCILER_PLAN_KEY": "env:KEY",
        "RECONCILER_SIMULATE_TLS": "1",
        "KEY": PASSWORD,
        "OTHER_SECRET": PASSWORD,
        "RECONCILER_STATE": f"postgresql://um:{PASSWORD}@db/um",
        "PGPASSWORD": PASSWORD,
        "PYTHONPATH": "/tmp",
        "LD_PRELOAD": "planted.so",
    }
    given = child_variables(own, ())
    assert given == {"PATH": "/usr/bin", "RECONCILER_SIMULATOR_ENGINE": "powershell"}


def test_variables_that_have_code_loaded_or_keys_written_are_forgotten() -> None:
    variables = {
        "PATH": f"{os.pathsep}.{os.pathsep}/usr/bin",
        "SSLKEYLOGFILE": "/tmp/keys",
        "OPENSSL_CONF": "./openssl.cnf",
        "KRB5_CONFIG": f"/etc/krb5.conf{os.pathsep}krb5.conf",
        "XDG_CONFIG_HOME": "config",
        "HOME": "/root",
    }
    assert set(remove_unsafe(variables)) == {"KRB5_CONFIG", "OPENSSL_CONF", "SSLKEYLOGFILE", "XDG_CONFIG_HOME"}
    assert variables == {"PATH": "/usr/bin", "HOME": "/root"}


@pytest.mark.parametrize("value", ["", " "])
@pytest.mark.parametrize("name", ["PLAN_KEY", "STATE", "CONNECTIONS", "SECRETS", "PWSH", "PLAN_TARGET"])
def test_a_setting_that_is_empty_is_an_error_and_not_left_out(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = little(tmp_path / "little")
    monkeypatch.setenv(f"RECONCILER_{name}", value)
    assert run(["plan", str(environment.directory)]) == 1
    said = capsys.readouterr().err
    assert f"RECONCILER_{name} is set, but it is empty." in said
    assert f"unset RECONCILER_{name}" in said
    assert not (environment.directory / ".reconciler").exists()


def test_a_misspelt_setting_that_guards_something_is_reported() -> None:
    wrong = {"RECONCILER_CONECTIONS": "CONNECTIONS", "RECONCILER_PLAN_KEYS": "PLAN_KEY", "RECONCILER_SECRET": "SECRETS"}
    right = ("CONNECTIONS", "STATE", "SECRETS", "PLAN_KEY", "PASSWORD", "STATE_URL", "PLAN_TARGET", "STATE_LIST_JSON")
    told = misspelt_settings(dict.fromkeys([*wrong, *(f"RECONCILER_{name}" for name in right), "PLAN_KEYS"], "x"))
    assert [one.remedy.partition("?")[0] for one in told] == [
        f"Did you mean RECONCILER_{one}" for one in wrong.values()
    ]
    assert not any(one.is_error for one in told)


def test_a_child_runs_the_python_of_this_process() -> None:
    assert isolated_python()[:2] == [sys.executable, "-I"]
    assert Path(sys.executable).is_absolute()
