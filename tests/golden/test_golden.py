"""What an earlier version wrote is read, and written again, as it was; its plans are applied and its runs completed."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from providers.simulator.estate.estate import Estate
from providers.simulator.estate.invoke import invoke_line
from reconciler.app import schema_text
from reconciler.model.diagnostics import PlanError
from reconciler.model.ports import Holder
from reconciler.model.snapshot import Outcome, OutcomeKind, Run, StateChange
from reconciler.plan.saved import SavedPlan, decode, digest, encode
from reconciler.views.graph import to_json as graph_json
from reconciler.views.json_lines import JsonLines
from reconciler.views.messages import End, Tellable
from state.store import open_store
from tests.golden.lines import EXAMPLES, write_log
from tests.golden.neutral import FORMS, neutral, text
from tests.golden.places import GOLDEN, Place
from tests.golden.told import told_of
from tests.support.fakes import SeededRandom, VirtualClock
from tests.support.rehearsal import Rehearsal

KNOWN = json.loads(FORMS.read_text("ascii"))
KEY = (GOLDEN / "plans" / "plan.key").read_bytes()
PLANS = sorted(path.relative_to(GOLDEN / "plans").with_suffix("").as_posix() for path in GOLDEN.glob("plans/**/*.plan"))
STATES = {"estate": "estate", "killed": "little", "in_vain": "little", "wire": "little", "everything": "Größe"}
"""Each with the environment that it is of."""
LINES = sorted(path.relative_to(GOLDEN / "json_lines").as_posix() for path in GOLDEN.glob("json_lines/*/*.jsonl"))
MESSAGES = json.loads(schema_text("messages"))
OF_TYPE = {
    name: Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": MESSAGES["$defs"]}) for name in MESSAGES["$defs"]
}
PLAN_LINES = ("planned_action", "plan_summary", "diagnostic")
DRIFT_LINES = ("drift_entry", "drift_summary")


def plan_bytes(name: str) -> bytes:
    return (GOLDEN / "plans" / f"{name}.plan").read_bytes()


def plan_of(name: str) -> SavedPlan:
    """Return a saved plan, read a minute after it was made."""
    data = plan_bytes(name)
    made = VirtualClock().now().fromisoformat(json.loads(data)["created"])
    return decode(data, key=KEY, now=made + timedelta(minutes=1))


def expected(name: str) -> str:
    return (GOLDEN / f"{name}.expected").read_text("ascii")


def lines_of(name: str, *kinds: str) -> list[str]:
    """Return the lines of a file, or those of these kinds."""
    lines = (GOLDEN / "json_lines" / name).read_text("ascii").splitlines(keepends=True)
    return [line for line in lines if not kinds or json.loads(line)["type"] in kinds]


def written(write: Callable[[JsonLines], object]) -> list[str]:
    lines: list[str] = []
    write(JsonLines(lines.append))
    return lines


def told(*values: Tellable) -> list[str]:
    return written(lambda output: output.tell(*values))


def without_digest(lines: list[str]) -> list[str]:
    """Return JSON lines without the digest of a plan, which is that of the form in which plans are saved."""
    return [re.sub(r'"digest": "[0-9a-f]{64}"', '"digest": ""', line) for line in lines]


# --- saved plans -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLANS)
def test_plan_is_read_as_it_was(name: str) -> None:
    # Its digest is that of the form of today.
    was = json.loads(expected(f"plans/{name}"))["digest"]
    assert text(neutral(replace(plan_of(name), digest=was), KNOWN)) + "\n" == expected(f"plans/{name}")


@pytest.mark.parametrize("name", PLANS)
def test_plan_that_was_read_is_written_in_the_form_of_today(name: str) -> None:
    saved = plan_of(name)
    assert digest(saved.plan) == saved.digest
    again = encode(
        saved.plan,
        key=KEY,
        created=saved.created,
        expires=saved.expires,
        nonce=saved.nonce,
        directory=saved.directory,
    )
    assert decode(again, key=KEY, now=saved.created) == saved
    Draft202012Validator(json.loads(schema_text("plan"))).validate(json.loads(again))


def test_plan_is_still_bound_to_its_key_and_its_time() -> None:
    saved, data = plan_of("owed"), plan_bytes("owed")
    for key, now, summary in (
        (KEY[::-1], saved.created, "Saved plan signed with another key"),
        (KEY, saved.expires, "Saved plan expired"),
    ):
        with pytest.raises(PlanError, match=summary):
            decode(data, key=key, now=now)


# --- states ----------------------------------------------------------------------------------------------------------


def state_of(name: str, top: Path) -> Path:
    place = Place(top, STATES[name])
    place.directory.mkdir()
    place.put_state(name)
    return place.private / "state.db"


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute(query).fetchall())


def opened(path: Path, name: str) -> Any:
    return closing(open_store(path, STATES[name], clock=VirtualClock(), random=SeededRandom(), renews_itself=False))


@pytest.mark.parametrize("name", STATES)
def test_state_is_read_as_it_was(name: str, tmp_path: Path) -> None:
    path = state_of(name, tmp_path)
    ((expires,),) = rows(path, "SELECT max(expires) FROM lease")
    assert text(told_of(path, STATES[name], expires, KNOWN)) + "\n" == expected(f"state/{name}")


@pytest.mark.parametrize("name", STATES)
def test_state_that_was_read_is_written_in_the_form_of_today(name: str, tmp_path: Path) -> None:
    path, other = state_of(name, tmp_path), tmp_path / "other" / "state.db"
    with opened(path, name) as store:
        snapshot, runs, holder = store.read(), store.history(None), store.held_by()
    outcomes = [Outcome(id, OutcomeKind(kind), why) for id, kind, why in _ended(path)]
    with opened(other, name) as store:
        lease = store.acquire(holder or Holder("run", "host", 1, "user", "apply", ""))
        for run in runs[::-1]:
            lease.begin(run)
        # Whatever ended, so that it may end again: the journal keeps no more what was sent then.
        intent = next(iter(snapshot.open_intents), None)
        if intent is not None:
            lease.commit(StateChange(intents=tuple(replace(intent, id=one.intent) for one in outcomes)))
            lease.commit(StateChange(outcomes=tuple(outcomes)))
        lease.commit(
            StateChange(
                intents=snapshot.open_intents,
                remember=tuple(snapshot.resources.values()),
                owe=snapshot.obligations,
                decisions=snapshot.decisions,
            )
        )
        assert replace(store.read(), lineage=snapshot.lineage, serial=snapshot.serial) == snapshot
        assert store.history(None) == runs
    for query in ("SELECT address FROM resources", "SELECT duty, subject FROM obligations", "SELECT id FROM runs"):
        assert rows(other, query) == rows(path, query), query
    assert rows(other, "SELECT format FROM meta") == [(2,)]


def test_state_of_the_form_before_is_marked_as_of_today_with_the_first_write(tmp_path: Path) -> None:
    path = state_of("estate", tmp_path)
    assert rows(path, "SELECT format FROM meta") == [(1,)]
    kept = rows(path, "SELECT id, body FROM intents") + rows(path, "SELECT id, body FROM runs")
    with opened(path, "estate") as store:
        before = store.read()
        store.acquire(Holder("run", "host", 1, "user", "apply", "")).commit(StateChange(decisions={"a": "b"}))
        assert store.read().resources == before.resources
        store.verify_audit(known_head("estate"))
    assert rows(path, "SELECT format FROM meta") == [(2,)]
    assert rows(path, "SELECT id, body FROM intents") + rows(path, "SELECT id, body FROM runs") == kept


def _ended(path: Path) -> Iterable[tuple[str, str, str]]:
    return [json.loads(body) for (body,) in rows(path, "SELECT body FROM outcomes")]


def test_plan_once_used_is_known_as_used(tmp_path: Path) -> None:
    for name, nonce in (("estate", ""), ("everything", "n0nce % \u20ac")):
        path = state_of(name, tmp_path)
        ((kept,),) = rows(path, "SELECT nonce FROM used_plans")
        with opened(path, name) as store:
            assert store.is_used(nonce or kept)
            assert not store.is_used("another")


# --- JSON lines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_written_with_the_same_bytes(name: str) -> None:
    lines, before = written(EXAMPLES[name]), lines_of(f"examples/{name}.jsonl")
    if name.startswith("doctor"):  # its sentences are made by the rules of the doctor, and may be said better
        lines, before = without_sentences(lines), without_sentences(before)
    assert without_digest(lines) == without_digest(before)


def test_log_is_written_with_the_same_bytes(tmp_path: Path) -> None:
    write_log(tmp_path / "log")
    assert (tmp_path / "log").read_bytes() == (GOLDEN / "json_lines/examples/log.jsonl").read_bytes()


def test_plan_is_printed_with_the_same_bytes() -> None:
    plan = plan_of("second").plan
    lines = written(lambda output: output.tell(plan))
    assert without_digest(lines) == without_digest(lines_of("estate/plan.jsonl", *PLAN_LINES))
    assert graph_json(plan_of("part").plan) == (GOLDEN / "json_lines/estate/graph.json").read_text("ascii")


ENDED = End(0)
SHOWN = {"estate": "auto_attendant/Main", "in_vain": "exchucutil/contoso.com"}
"""By state, the address that was shown of it."""


@pytest.mark.parametrize("name", ["estate", "killed"])
def test_state_is_printed_with_the_same_bytes(name: str, tmp_path: Path) -> None:
    with opened(state_of(name, tmp_path), name) as store:
        snapshot, runs, audit = store.read(), store.history(), store.verify_audit()
    assert told(snapshot, ENDED) == lines_of(f"{name}/state_list.jsonl")
    assert told(*runs, audit, ENDED) == lines_of(f"{name}/history.jsonl")


@pytest.mark.parametrize("name", SHOWN)
def test_resource_is_printed_with_the_same_bytes(name: str, tmp_path: Path) -> None:
    with opened(state_of(name, tmp_path), name) as store:
        (shown,) = (kept for address, kept in store.read().resources.items() if str(address) == SHOWN[name])
    assert told(shown, ENDED) == lines_of(f"{name}/state_show.jsonl")


@pytest.mark.parametrize("name", LINES)
def test_lines_are_of_the_schema(name: str) -> None:
    if name.endswith("log.jsonl"):
        return
    keys = _keys_of_examples()
    for line in lines_of(name):
        message = json.loads(line)
        OF_TYPE[message["type"]].validate(message)
        again = {key: value for key, value in message.items() if key != "format"}
        again_written: list[str] = []
        JsonLines(again_written.append).send(again)
        assert again_written == [line]
        assert keys.setdefault(message["type"], list(message)) == list(message)


def _keys_of_examples() -> dict[str, list[str]]:
    """Return the keys of each kind of message, in their order, as they are written now."""
    told = [json.loads(line) for write in EXAMPLES.values() for line in written(write)]
    return {message["type"]: list(message) for message in told}


# --- environments ----------------------------------------------------------------------------------------------------


@dataclass
class Kept(Rehearsal):
    """A rehearsal over servers as they had become, beginning at some moment."""

    def __post_init__(self) -> None:
        changes = self.directory / ".reconciler" / "world.json"
        self.estate = Estate.open(self.directory / "world.yaml", changes, self.clock.now)

    def begin_at(self, seconds_since_1970: float) -> None:
        self.clock.seconds += seconds_since_1970 - self.clock.now().timestamp()


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contoso(top: Path) -> Kept:
    place = Place(top, "contoso")
    place.put_files()
    place.put_key()
    return Kept(Path("contoso"))


def estate(top: Path, version: str = "second") -> Kept:
    place = Place(top, "estate")
    place.put_files("first")
    place.commit("first")
    place.put_files("second")
    assert place.commit("second") == plan_of("second").plan.commit
    place.put_files(version)
    place.put_key()
    place.put_state("estate")
    place.put_world("estate")
    return Kept(Path("estate"))


def killed(top: Path, name: str = "killed") -> Kept:
    place = Place(top, "little")
    place.put_files()
    place.put_key()
    place.put_state(name)
    place.put_world(name)
    kept = Kept(Path("little"))
    ((expires,),) = rows(place.private / "state.db", "SELECT max(expires) FROM lease")
    kept.begin_at((expires or kept.clock.now().timestamp()) + 3600.0)
    return kept


def third(top: Path) -> Kept:
    return estate(top, "third")


def known_head(name: str) -> str:
    return str(json.loads(expected(f"state/{name}"))["audit"]["head"])


def left(kept: Kept) -> Any:
    """Return what is still to be done; nothing may be owed or open."""
    with kept.opened() as workspace:
        snapshot = workspace.store.read()
        assert (snapshot.obligations, snapshot.open_intents) == ((), ())
    return [str(action.address) for action in kept.plan().actions()]


APPLIED: dict[str, tuple[Callable[[Path], Kept], dict[str, Any], int, str]] = {
    "contoso": (contoso, {}, 0, ""),
    "second": (estate, {"max_destroy": 4}, 3, "estate"),
    "part": (third, {}, 3, "estate"),
    "owed": (killed, {}, 0, "killed"),
}
"""By plan, its environment, the budgets it was approved with, how its apply ends, and the state it was made over."""


@pytest.mark.parametrize("name", APPLIED)
def test_plan_is_applied_once_and_leaves_nothing_to_do(name: str, top: Path) -> None:
    make, budgets, code, state = APPLIED[name]
    kept, saved = make(top), plan_of(name)
    kept.begin_at(saved.created.timestamp() + 120.0)
    file = Path(shutil.copyfile(GOLDEN / "plans" / f"{name}.plan", top / "saved.plan"))
    file.chmod(0o600)
    assert kept.tried(file, **budgets)[0] == code
    with kept.opened() as workspace:
        run: Run = workspace.store.history()[0]
        assert (run.plan_digest, run.commit, run.exit_code) == (saved.digest, saved.plan.commit, code)
        assert run.uncommitted == bool(saved.plan.source.uncommitted)
        assert (run.failed, run.blocked) == (0, 0)
        workspace.store.verify_audit(known_head(state) if state else None)
    rest = left(kept)
    assert not rest if name != "part" else not {str(one) for one in saved.plan.acted_upon()}.intersection(rest)
    code, told = kept.tried(file, **budgets)
    assert (code, told.splitlines()[0]) == (5, "Saved plan already used")


COMPLETED = {
    "killed": {"Start-CsWindowsService", "Stop-CsWindowsService", "New-UMAutoAttendant", "Enable-UMMailbox"},
    "wire": set[str](),
}
"""By state, the cmdlets that completed it; what was sent before the kill is seen, and not sent again."""


@pytest.mark.parametrize("name", COMPLETED)
def test_killed_run_is_completed(name: str, top: Path) -> None:
    kept = killed(top, name)
    before = len(kept.writes())
    plan = kept.plan()
    assert "UM106" in {one.code for one in plan.diagnostics}
    assert kept.apply() == 0
    assert left(kept) == []
    with kept.opened() as workspace:
        workspace.store.verify_audit(known_head(name))
    assert {entry["cmdlet"] for entry in kept.writes()[before:]} == COMPLETED[name]


def test_script_that_ran_in_vain_is_not_run_again(top: Path) -> None:
    kept = killed(top, "in_vain")
    plan = kept.plan()
    assert "UM028" in {one.code for one in plan.diagnostics}
    assert "exchucutil" not in {action.address.type for action in plan.actions()}


def test_files_that_were_applied_leave_nothing_to_do_and_to_decide(top: Path) -> None:
    plan = estate(top, "first").plan()
    assert (plan.steps, plan.adopted, plan.forgotten, plan.decisions) == ((), (), (), {})


SENTENCES = ("reason", "summary", "detail", "remedy")


def without_sentences(lines: list[str]) -> list[str]:
    """Return JSON lines with their keys, but without the sentences for people, which may be said better."""

    def emptied(found: dict[str, Any]) -> dict[str, Any]:
        is_comment = str(found.get("accept", "")).startswith("#")
        sentences = (*SENTENCES, "accept") if is_comment else SENTENCES
        return {key: "" if key in sentences and value else value for key, value in found.items()}

    return [json.dumps(json.loads(line, object_hook=emptied)) for line in lines]


NEWER_CHECKS = ("UM086", "UM093")
"""Checks that fire on this estate, and came after its drift was recorded."""


def test_drift_has_the_same_messages(top: Path) -> None:
    kept = estate(top)
    kept.begin_at(plan_of("second").created.timestamp() + 600.0)
    for line in (GOLDEN / "environments/estate/administrator.txt").read_text("utf-8").splitlines():
        invoke_line(kept.estate, line)
    with kept.opened() as workspace:
        report = workspace.drift()
    known = [one for one in report.entries if one.diagnostic is None or one.diagnostic.code not in NEWER_CHECKS]
    assert len(report.entries) - len(known) == len(NEWER_CHECKS)
    report = replace(report, entries=tuple(known))
    lines, before = written(lambda output: output.tell(report)), lines_of("estate/drift.jsonl", *DRIFT_LINES)
    assert without_sentences(lines) == without_sentences(before)
