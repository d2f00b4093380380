"""Runs that are stopped, killed, locked out or left alone by their servers, as processes: what is left, and how it goes
on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pexpect
import pytest

from providers.simulator.estate.keeping import locked
from tests.support.cli import (
    CHILD,
    COMMAND,
    LONGEST_SECONDS,
    Environment,
    Started,
    applied,
    clean,
    little,
    wait_until,
    with_ports,
)
from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of POSIX")


@pytest.fixture
def small(tmp_path: Path) -> Environment:
    return little(tmp_path / "little")


@pytest.fixture
def after(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return applied(tmp_path, tmp_path_factory)


# --- asked on a terminal ---------------------------------------------------------------------------------------------


@contextmanager
def at_the_question(environment: Environment) -> Iterator[pexpect.spawn[str]]:
    """An apply on a terminal that waits for an answer."""
    terminal = pexpect.spawn(
        COMMAND[0],
        [*COMMAND[1:], "apply"],
        cwd=str(environment.directory),
        env={**clean(), "TERM": "xterm"},
        encoding="utf-8",
        timeout=LONGEST_SECONDS,
        dimensions=(40, 100),
    )
    try:
        terminal.expect('Type "yes" to apply it: ')
        yield terminal
    finally:
        terminal.close(force=True)


def ended(terminal: pexpect.spawn[str]) -> tuple[str, int | None]:
    terminal.expect(pexpect.EOF)
    said = str(terminal.before)
    terminal.wait()
    return said, terminal.exitstatus


def test_yes_applies(small: Environment) -> None:
    with at_the_question(small) as terminal:
        terminal.sendline("yes")
        said, code = ended(terminal)
    assert (code, "Applied." in said) == (0, True)
    assert any(entry["cmdlet"] == "New-UMDialPlan" for entry in small.writes())


@pytest.mark.parametrize("answer", ["no", "y"])
def test_anything_else_changes_nothing(answer: str, small: Environment) -> None:
    with at_the_question(small) as terminal:
        terminal.sendline(answer)
        said, code = ended(terminal)
    assert (code, "Nothing was changed." in said) == (1, True)
    assert small.writes() == []


def test_ctrl_c_at_the_question_changes_nothing_and_lets_go_of_the_lock(small: Environment) -> None:
    with at_the_question(small) as terminal:
        terminal.sendintr()
        said, code = ended(terminal)
    assert code == 130
    assert "bug" not in said
    assert "Traceback" not in said
    assert small.writes() == []
    assert "not locked" in small.run("state", "unlock").has(0).out


# --- locked ----------------------------------------------------------------------------------------------------------


def test_second_apply_is_locked_out_plan_is_not_and_a_killed_holder_frees_the_lock_at_once(small: Environment) -> None:
    with at_the_question(small) as terminal:
        asked = len(small.log())
        locked = small.run("apply", "--auto-approve").has(6)
        assert len(small.log()) == asked, "no server is read before the lock is looked at"
        assert str(terminal.pid) in locked.err
        assert "apply" in locked.err
        planned = small.run("plan", "--detailed-exitcode").has(2)
        assert f"process {terminal.pid}, has been" in planned.err
        assert small.writes() == []
        terminal.kill(signal.SIGKILL)
        terminal.wait()
    small.run("apply", "--auto-approve").has(0)


def test_lock_of_a_living_run_is_not_taken_away(small: Environment) -> None:
    with at_the_question(small) as terminal:
        refused = small.run("state", "unlock").has(6)
        assert f"kill -INT {terminal.pid}" in refused.err
        terminal.sendline("yes")
        said, code = ended(terminal)
    assert code == 0, said


# --- signals ---------------------------------------------------------------------------------------------------------


def is_waited_for(lock: Path) -> bool:
    """True if a process waits for the lock file that another holds."""
    inode = str(lock.stat().st_ino)
    waiting = (line.split() for line in Path("/proc/locks").read_text("ascii").splitlines() if " -> " in line)
    return any(words[6].rpartition(":")[2] == inode for words in waiting)


def has_written(environment: Environment, cmdlet: str) -> bool:
    return any(entry["cmdlet"] == cmdlet for entry in environment.writes())


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="who waits for a lock is read from /proc")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_while_the_plan_is_made_ends_the_command_at_once(number: int, code: int, small: Environment) -> None:
    lock = small.private / "world.json.lock"
    small.private.mkdir(mode=0o700)
    with small.started("apply", "--auto-approve") as child:
        with locked(lock):  # until a simulated server waits to answer its first call
            wait_until(lambda: is_waited_for(lock), child.process)
            os.kill(child.pid, number)
        ran = child.end().has(code)
    assert "Traceback" not in ran.err
    assert "Plan for" not in ran.out
    assert small.writes() == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_while_it_waits_ends_the_run_cleanly_and_the_next_apply_completes_it(
    number: int, code: int, tmp_path: Path
) -> None:
    environment = little(tmp_path / "little", delay="600s")
    with environment.started("apply", "--auto-approve") as child:
        wait_until(lambda: "does not have" in child.out, child.process)
        os.killpg(child.pid, number)  # as a terminal and whoever ends a job do: its simulator is in the group
        ran = child.end().has(code)
    assert "reconciler apply" in ran.out
    assert not has_written(environment, "exchucutil.ps1")
    assert [row for row in environment.rows("intents") if row[-1]] == [], "an intent is open"
    made = environment.writes()
    if number == signal.SIGINT:
        environment.edit("world.yaml", "600s", "0s")
        environment.run("apply", "--auto-approve").has(0)
        assert environment.writes()[: len(made)] == made
        assert_joined_once(environment)


# --- killed ----------------------------------------------------------------------------------------------------------


def test_control_without_a_kill_everything_runs_once(small: Environment) -> None:
    with small.started("apply", "--auto-approve", entry=CHILD, **with_ports(expiry=2)) as child:
        child.end().has(0)
    assert_joined_once(small)


@pytest.mark.parametrize("point", ["after-intent", "after-send", "after-outcome"])
def test_killed_around_the_script_it_goes_on_and_nothing_runs_twice(point: str, small: Environment) -> None:
    seen = "exchucutil.ps1" if point != "after-intent" else "New-UMAutoAttendant"
    chosen = with_ports(crash={"at": point, "after": seen}, expiry=2)
    with small.started("apply", "--auto-approve", entry=CHILD, **chosen) as child:
        child.end().has(-signal.SIGKILL)
    ran = Counter(entry["cmdlet"] for entry in small.writes())
    assert ran["exchucutil.ps1"] == 1
    assert ran["Stop-CsWindowsService"] == (2 if point == "after-intent" else 0)
    assert small.rows("obligations") or point == "after-intent"
    small.run("apply", "--auto-approve").has(0)
    assert_joined_once(small)


def assert_joined_once(environment: Environment) -> None:
    """Every object was made once, the script ran once, each Front End restarted once after it, and nothing is owed."""
    writes = environment.writes()
    ran = Counter((entry["cmdlet"], _subject(entry)) for entry in writes)
    once = [key for key in ran if key[0].startswith(("New-", "Enable-", "exchucutil", "Stop-Cs", "Restart-"))]
    assert {key: ran[key] for key in once} == dict.fromkeys(once, 1)
    restarted = [entry["host"] for entry in writes if entry["cmdlet"] == "Stop-CsWindowsService"]
    assert sorted(restarted) == ["fe1.contoso.com", "fe2.contoso.com"]
    order = [entry["cmdlet"] for entry in writes]
    assert order.index("exchucutil.ps1") < order.index("Stop-CsWindowsService")
    assert environment.rows("obligations") == []


def _subject(entry: dict[str, Any]) -> str:
    told = entry["parameters"]
    return f"{entry['host']} {told.get('Name') or told.get('Identity') or ''}"


# --- exchucutil after gateways were tuned ----------------------------------------------------------------------------


def test_another_dial_plan_runs_the_script_again_and_ends_with_one_gateway_each(after: Environment) -> None:
    after.edit(
        "dial_plans.yaml",
        "\n  Dublin:\n",
        '\n  Cork:\n    country_code: "353"\n    extension_digits: 4\n    voip_security: Secured\n    servers: all\n'
        "    outcall_gateway: auto\n  Dublin:\n",
    )
    before = len(after.log())
    after.run("apply", "--auto-approve").has(0)
    log = after.log()[before:]
    assert [entry["cmdlet"] for entry in log].count("exchucutil.ps1") == 1
    assert_outcalls_and_restarts(log, after)
    after.run("plan", "--detailed-exitcode").has(0)


def test_script_run_by_another_administrator_is_followed_by_restarts_and_one_gateway_each(after: Environment) -> None:
    after.edit("world.yaml", "clock_skew: -95s", "clock_skew: 0s")
    after.invoke("exchucutil.ps1")
    before = len(after.log())
    after.run("apply", "--auto-approve").has(0)
    log = after.log()[before:]
    assert not any(entry["cmdlet"] == "exchucutil.ps1" for entry in log)
    assert_outcalls_and_restarts(log, after)


FRONT_ENDS = {f"fe{number}.contoso.com" for number in range(1, 6)} | {"std1.contoso.com", "sba1.contoso.com"}
POOLS = [{f"fe{number}.contoso.com" for number in (1, 2, 3)}, {f"fe{number}.contoso.com" for number in (4, 5)}]
LYNC_GATEWAYS = {f"{name}.contoso.com" for name in ("pool1", "pool2", "std1", "dir1", "sba1")}


def assert_outcalls_and_restarts(log: list[dict[str, Any]], environment: Environment) -> None:
    stops = [entry for entry in log if entry["cmdlet"] == "Stop-CsWindowsService"]
    assert Counter(entry["host"] for entry in stops) == Counter(FRONT_ENDS)
    scripts = [entry["at"] for entry in log if entry["cmdlet"] == "exchucutil.ps1"]
    assert all(datetime.fromisoformat(entry["at"]) > datetime.fromisoformat(at) for entry in stops for at in scripts)
    for pool in POOLS:
        assert_one_at_a_time([entry for entry in log if entry["host"] in pool])
    gateways = environment.invoke("Get-UMIPGateway")
    allowed = {one["Address"] for one in _records(gateways) if one["OutcallsAllowed"] == "True"}
    # Every pool links every dial plan, so one gateway for all is one for each; never the Director or the branch.
    assert len(allowed & LYNC_GATEWAYS) == 1
    assert not allowed & {"dir1.contoso.com", "sba1.contoso.com"}


def assert_one_at_a_time(log: list[dict[str, Any]]) -> None:
    """Between the stop of a Front End and its start nothing of the same pool stops."""
    down: str | None = None
    for entry in log:
        if entry["cmdlet"] == "Stop-CsWindowsService":
            assert down is None, f"{entry['host']} was stopped while {down} was down"
            down = entry["host"]
        elif entry["cmdlet"] == "Start-CsWindowsService" and entry["parameters"].get("Name") == "RTCSRV":
            assert entry["host"] == down
            down = None
    assert down is None


def _records(shown: str) -> list[dict[str, str]]:
    """Return the records of what ``--invoke`` shows."""
    records: list[dict[str, str]] = [{}]
    for line in shown.splitlines():
        name, _, value = line.partition(":")
        if name.strip():
            records[-1][name.strip()] = value.strip()
        else:
            records.append({})
    return [record for record in records if record]


# --- servers that go away --------------------------------------------------------------------------------------------


def test_servers_that_vanish_end_the_run_and_the_next_one_completes_it(small: Environment) -> None:
    with small.started("apply", "--auto-approve", entry=CHILD, **with_ports(pace=0.01, quick=True)) as child:
        wait_until(lambda: has_written(small, "New-UMDialPlan"), child.process)
        os.kill(_simulator_of(child), signal.SIGKILL)
        ran = child.end()
    assert ran.code in (3, 7), ran.out
    assert "reconciler apply" in ran.out
    assert "ex1.contoso.com:" in ran.out
    assert "Traceback" not in ran.err
    small.run("apply", "--auto-approve").has(0)
    assert_joined_once(small)


def _simulator_of(child: Started) -> int:
    children = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text("ascii").split()
    if not children:
        children = [
            pid.name
            for pid in Path("/proc").iterdir()
            if pid.name.isdigit() and (pid / "stat").read_text("ascii").rpartition(")")[2].split()[1] == str(child.pid)
        ]
    (simulator,) = children
    return int(simulator)


# --- before anything is loaded, and terminals that are closed ---------------------------------------------------------

AT_ONCE = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started the tests may ignore them
signal.signal(signal.SIGHUP, signal.SIG_DFL)
sys.argv = ["reconciler", "plan"]
import reconciler.__main__ as start
def raised():
    os.kill(os.getpid(), signal.Signals[{name!r}])
    raise AssertionError("it went on")
start.isolate = raised
sys.exit(start.main())
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 143)])
def test_signal_during_the_start_ends_it_without_a_word(name: str, code: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", AT_ONCE.format(name=name)],
        capture_output=True,
        env=clean(PYTHONPATH=str(ROOT)),
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (code, b"", b"")


def _heed_hang_ups() -> None:
    """Undo a nohup around the tests, which the program respects."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def test_closed_terminal_ends_a_run_in_order(tmp_path: Path) -> None:
    environment = little(tmp_path / "little", delay="600s")
    terminal = pexpect.spawn(
        COMMAND[0],
        [*COMMAND[1:], "apply", "--auto-approve"],
        cwd=str(environment.directory),
        env={**clean(), "TERM": "xterm"},
        encoding="utf-8",
        timeout=LONGEST_SECONDS,
        dimensions=(40, 100),
        preexec_fn=_heed_hang_ups,
    )
    terminal.expect("does not have")
    # As closing a window does: the system hangs up, and nothing can be shown any more. What owns the number closes it:
    # it would close it again in the end, when it is the number of another file.
    vars(terminal)["ptyproc"].fileobj.close()
    _, status = os.waitpid(int(terminal.pid or 0), 0)
    assert os.waitstatus_to_exitcode(status) == 143
    assert [row for row in environment.rows("intents") if row[-1]] == [], "an intent is open"
    (run,) = environment.run("state", "history", "--json").has(0).of("run")
    assert run["exit_code"] == 143
