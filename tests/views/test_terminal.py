"""What people see says what will happen and what happened, looks right at any width, and obeys no data."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TextIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.app import vocabulary
from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.diagnostics import Diagnostic, Position, Severity
from reconciler.model.events import (
    ActionEnded,
    Event,
    Observed,
    Observing,
    Reported,
    RunEnded,
    RunStarted,
    StepEnded,
    StepOutline,
    StepStarted,
    Waiting,
)
from reconciler.model.resources import Address
from reconciler.model.snapshot import Obligation, OutcomeKind
from reconciler.model.values import UNSET, Nested, Value
from reconciler.model.waves import Gate
from reconciler.plan.drift import DriftReport
from reconciler.plan.plan import Plan, Step
from reconciler.views.diagnostics import render_diagnostics
from reconciler.views.drift import render_drift
from reconciler.views.plan import render_plan
from reconciler.views.progress import TerminalProgress
from reconciler.views.style import Style, is_live, style_of
from reconciler.views.text import command_line, width
from tests.support.effort import effort
from tests.support.example_drift import drifted
from tests.support.example_events import IN_PART, ONE_OF_EACH
from tests.support.plans import certificate_warning, contoso, mailbox_step, nothing
from tests.support.strategies import diagnostics, plans, texts

WORDS = vocabulary()
PLAIN = Style(color=False, width=100)
COLORED = Style(color=True, width=100)
NARROW = Style(color=False, width=80)
ASCII = Style(color=False, width=80, unicode=False)

OWN_CODES = re.compile(r"\x1b\[[0-9;]*m")
NOT_DRAWN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def is_harmless(text: str) -> bool:
    """True where the text holds no control characters but our own colours and line ends."""
    return not NOT_DRAWN.search(OWN_CODES.sub("", text))


# --- plans -----------------------------------------------------------------------------------------------------------


def test_plan_shows_each_kind_of_action_with_its_symbol() -> None:
    shown = render_plan(contoso(), PLAIN, WORDS)
    for line in (
        "  + dial_plan/Redmond",
        "  ~ server_binding ×2  dial_plans [] -> [Redmond]  startup_mode TCP -> Dual",
        "-/+ auto_attendant/RedmondMain",
        "  - auto_attendant/OldLobby",
        "  > exchucutil/contoso.com",
        "  = hunt_group/pbx.contoso.com/Redmond",
        "  . um_mailbox/zoe@contoso.com",
    ):
        assert f"\n{line}\n" in shown


def test_plan_aligns_changes_and_marks_what_is_predicted() -> None:
    shown = render_plan(contoso(), PLAIN, WORDS)
    assert "      dial_plan: Bellevue -> Redmond\n" in shown
    assert "      outcalls_allowed: true (predicted) -> false\n" in shown
    assert "      allow_fax:      true (predicted) -> null\n" in shown


def test_plan_says_what_each_stage_waits_for() -> None:
    shown = render_plan(contoso(), PLAIN, WORDS)
    assert "Stage 1 of 9  1 auto attendant and 1 dial plan\n  starts immediately\n" in shown
    assert "Stage 2 of 9  1 mailbox policy and 2 server bindings\n  needs dial_plan/Redmond\n" in shown
    assert "  needs exchucutil/contoso.com\n  waits for 6 service restarts to end, even if they fail\n" in shown


def test_equal_changes_of_many_users_are_one_line() -> None:
    shown = render_plan(contoso(), PLAIN, WORDS)
    line = "  + um_mailbox ×60  policy Redmond/default\n"
    named = "      alice1@contoso.com, alice2@contoso.com, alice3@contoso.com, alice4@contoso.com, ... 56 more\n"
    assert f"{line}{named}      # wave 1; each with its own extensions and sip_address\n" in shown
    assert shown.count("um_mailbox ") == 1


def test_users_with_different_policies_are_distinguished() -> None:
    step = mailbox_step(40)
    mixed = tuple(
        replace(
            action,
            changes=tuple(
                replace(change, after="Bellevue/default")
                if change.attribute == "policy" and number % 4 == 0
                else change
                for change in action.changes
            ),
        )
        for number, action in enumerate(step.actions)
    )
    shown = render_plan(Plan("contoso", steps=(replace(step, actions=mixed),)), PLAIN, WORDS)
    assert "um_mailbox ×10  policy Bellevue/default" in shown
    assert "um_mailbox ×30  policy Redmond/default" in shown


def test_waves_of_a_group_are_one_line_that_counts_them() -> None:
    step = mailbox_step(43)
    pilot = tuple(replace(action, wave="pilot") for action in step.actions[:4])
    rest = tuple(replace(action, wave="") for action in step.actions[4:])
    plan = Plan("contoso", steps=(replace(step, id="rest", actions=rest), replace(step, id="pilot", actions=pilot)))
    shown = render_plan(plan, PLAIN, WORDS)
    assert "um_mailbox ×43  policy Redmond/default\n" in shown
    assert "      # 4 in wave pilot; each with its own extensions and sip_address\n" in shown


def test_equal_actions_of_a_stage_are_one_entry_with_every_name() -> None:
    shown = render_plan(contoso(), NARROW, WORDS)
    named = "      ex1.contoso.com, ex2.contoso.com\n"
    assert f"  ~ server_binding ×2  dial_plans [] -> [Redmond]  startup_mode TCP -> Dual\n{named}" in shown
    narrow = render_plan(contoso(), Style(width=60), WORDS)
    told = "  ~ server_binding ×2\n      dial_plans:   [] -> [Redmond]\n      startup_mode: TCP -> Dual\n"
    assert f"{told}{named}" in narrow


def test_what_differs_or_destroys_is_never_folded() -> None:
    plan = contoso()
    (binding, other) = [action for action in plan.actions() if action.address.type == "server_binding"]
    differing = replace(other, changes=other.changes[:1])
    (deleted,) = [action for action in plan.actions() if action.kind is ActionKind.DELETE]
    second = replace(deleted, address=Address("auto_attendant", "Another"))
    steps = tuple(Step(str(n), (one,), 1) for n, one in enumerate((binding, differing, deleted, second)))
    shown = render_plan(Plan("contoso", steps=steps), PLAIN, WORDS)
    for line in (f"~ {binding.address}", f"~ {other.address}", f"- {deleted.address}", f"- {second.address}"):
        assert f"  {line}\n" in shown


def test_start_value_that_nobody_knows_yet_is_shown_as_unknown() -> None:
    (policy,) = [action for action in contoso().actions() if action.address.type == "mailbox_policy"]
    unknown = replace(
        policy, changes=(replace(policy.changes[0], before=UNSET),), predicted_by=Address("dial_plan", "R")
    )
    shown = render_plan(Plan("contoso", steps=(Step("1", (unknown,), 1),)), PLAIN, WORDS)
    assert "(not known yet) -> " in shown


def test_plan_with_errors_never_says_that_there_is_nothing_to_do() -> None:
    told = [replace(UNKNOWN_REFERENCE, severity=severity) for severity in Severity]
    shown = render_plan(replace(nothing(), diagnostics=tuple(told)), PLAIN, WORDS)
    assert shown.endswith("No plan: 1 error.\n")
    assert shown.index("Note:") < shown.index("Warning:") < shown.index("Error:")


def test_equal_diagnostics_are_one_block_with_the_first_places_and_their_count() -> None:
    errors = [replace(UNKNOWN_REFERENCE, address=f"box/{number}") for number in range(300)]
    shown = render_diagnostics(errors, PLAIN)
    assert shown.count("Error:") == 1
    assert [line for line in shown.splitlines() if "box/" in line or "places" in line] == [
        *(f"  on samples/um-lync.yaml:14:11, box/{number}" for number in range(3)),
        "  and 297 more places",
    ]


@pytest.mark.parametrize(
    ("severity", "number", "in_full"),
    [("error", 10, 10), ("error", 300, 10), ("note", 2, 2), ("note", 3, 1), ("warning", 300, 1)],
)
def test_of_many_alike_the_first_are_shown_and_the_others_counted(severity: str, number: int, in_full: int) -> None:
    told = [
        replace(UNKNOWN_REFERENCE, detail=f"Number {one}.", address=f"box/{one}", severity=Severity(severity))
        for one in range(number)
    ]
    shown = render_diagnostics(told, PLAIN)
    assert shown.lower().count(f"{severity}:") == in_full
    assert (f"\n  {number - in_full} more like this: box/{in_full}" in shown) is (number > in_full)


def test_what_is_left_out_is_named_last_and_never_called_no_changes() -> None:
    told = replace(UNKNOWN_REFERENCE, leaves_out=True)
    shown = render_plan(replace(nothing(), diagnostics=(told,)), PLAIN, WORDS)
    assert shown.startswith("Left out: Unknown reference\n")
    assert "The servers match the configuration" not in shown
    assert shown.splitlines()[-1].startswith("Left out: 1, for the reasons above: ")


@pytest.mark.parametrize(("most", "starts"), [(0, False), (1, True)])
def test_users_after_a_wave_that_leaves_users_out_never_start_at_once(most: int, starts: bool) -> None:
    told = replace(UNKNOWN_REFERENCE, address="um_mailbox/ghost@contoso.com", leaves_out=True)
    gate = Gate("pilot", users=0, of=7, max_failures=most, left_out=("um_mailbox/ghost@contoso.com",))
    step = replace(mailbox_step(2, stage=1), needs=(), after=())
    shown = render_plan(replace(nothing(), steps=(step,), gates=(gate,), diagnostics=(told,)), PLAIN, WORDS)
    assert "starts when wave pilot has passed: " in shown
    assert "starts immediately" not in shown
    assert ("will not start: wave pilot " in shown) is not starts


def test_what_destroys_stands_first_in_its_stage_and_the_summary_last() -> None:
    shown = render_plan(contoso(), PLAIN, WORDS)
    assert shown.index("- auto_attendant/OldLobby") < shown.index("+ dial_plan/Redmond")
    assert shown.endswith(
        "Plan: 61 to create, 5 to update, 1 to replace, 1 to delete, 9 to run.\n"
        "Impact: 8 restarts, voice mail of 60 users changes, 1,240 users on pools that restart,\n"
        "        1 object destroyed.\n"
        "Also: 1 to adopt, 1 to forget, 214 unchanged.\n"
    )


def test_plan_shows_warnings_reasons_settling_and_obligations() -> None:
    shown = render_plan(contoso(), PLAIN, WORDS)
    assert "Warning: Certificate ends soon (UM021)\n" in shown
    assert "      # No hunt group links them to Redmond.\n" in shown
    assert "      # then waits 20m for its pool to settle\n" in shown
    assert "  ! outgoing calls of Redmond have to go back to one gateway: this plan does it\n" in shown
    raised = tuple(step for step in contoso().steps if step.first.address.type != "ip_gateway")
    left = render_plan(replace(contoso(), steps=raised), PLAIN, WORDS)
    assert "  ! outgoing calls of Redmond have to go back to one gateway: no step of this plan does it\n" in left


def test_restart_that_the_plan_does_is_shown_as_such() -> None:
    owing = replace(contoso(), obligations=(Obligation("front-end-restart", "FE1.contoso.com"),))
    assert "  ! RTCSRV on FE1.contoso.com has to restart: this plan does it\n" in render_plan(owing, PLAIN, WORDS)


def test_commands_stand_under_every_action_as_they_can_be_pasted() -> None:
    plan = contoso()
    shown = render_plan(plan, PLAIN, WORDS, commands=True)
    for action in plan.actions():
        for command in action.commands:
            assert f"      {command}  # {command.endpoint}\n" in shown
    assert "  each cmdlet that has these parameters also gets -DomainController dc1.contoso.com\n" in shown
    assert "New-UMDialPlan" not in render_plan(plan, PLAIN, WORDS)


def test_plan_without_changes_says_so() -> None:
    assert render_plan(nothing(), PLAIN, WORDS) == (
        "No changes. The servers match the configuration. 276 resources compared.\n"
    )
    adopting = replace(nothing(), adopted=contoso().adopted, forgotten=contoso().forgotten)
    shown = render_plan(adopting, PLAIN, WORDS)
    assert "= hunt_group/pbx.contoso.com/Redmond" in shown
    assert shown.endswith("276 resources compared.\nAlso: 1 to adopt, 1 to forget.\n")


def test_plan_without_colour_holds_no_escape_and_reads_the_same() -> None:
    assert "\x1b" not in render_plan(contoso(), PLAIN, WORDS)
    assert "\x1b[" in render_plan(contoso(), COLORED, WORDS)
    assert OWN_CODES.sub("", render_plan(contoso(), COLORED, WORDS)) == render_plan(contoso(), PLAIN, WORDS)


@pytest.mark.parametrize("columns", [60, 80])
def test_plan_keeps_to_the_width(columns: int) -> None:
    shown = render_plan(contoso(), replace(NARROW, width=columns), WORDS)
    assert [line for line in shown.splitlines() if width(line) > columns] == []


def test_long_values_and_headings_keep_to_a_narrow_terminal() -> None:
    numbers = tuple(f"+1425555019{digit}" for digit in range(8))
    keys = Nested({"1": Nested({"name": "Sales", "phrases": ("somebody who sells", "the shop", "a new contract")})})
    values: dict[str, Value] = {
        "pilot_numbers": numbers,
        "business_hours_keys": keys,
        "transfers_to_operator_enabled": "a text " * 9,
    }
    changes = tuple(Change(name, UNSET, value) for name, value in values.items())
    action = Action(Address("auto_attendant", "Main"), ActionKind.CREATE, changes)
    told = replace(certificate_warning(), remedy="")  # a command to copy stays on one line
    plan = replace(nothing(), steps=(Step("create", (action,), 1),), diagnostics=(told,))
    shown = render_plan(plan, replace(NARROW, width=40), WORDS).splitlines()
    assert [line for line in shown if width(line) > 40] == []
    first = shown.index("        [+14255550190, +14255550191,")
    assert shown[first - 1 : first + 2] == ["      pilot_numbers:", shown[first], "        +14255550192, +14255550193,"]


def test_plan_for_an_ascii_terminal_is_ascii() -> None:
    named = replace(contoso(), environment="Zürich")
    shown = render_plan(named, ASCII, WORDS, commands=True)
    assert shown.isascii()
    assert "um_mailbox x60" in shown
    assert "Plan for Z\\xfcrich" in shown


@given(plans, st.sampled_from([PLAIN, COLORED, NARROW, ASCII]), st.booleans())
@settings(max_examples=100)
def test_no_data_of_a_plan_reaches_the_terminal_raw(plan: Plan, style: Style, commands: bool) -> None:
    shown = render_plan(plan, style, WORDS, commands=commands)
    assert is_harmless(shown)
    assert style.color or "\x1b" not in shown
    assert not re.search(r"^\s*::", shown, re.MULTILINE)


def test_ten_times_the_users_take_ten_times_the_work() -> None:
    few, many = contoso(users=1_000), contoso(users=10_000)
    assert "um_mailbox ×10,000" in render_plan(many, PLAIN, WORDS)
    assert effort(lambda: render_plan(many, PLAIN, WORDS)) < 11 * effort(lambda: render_plan(few, PLAIN, WORDS))


# --- diagnostics -----------------------------------------------------------------------------------------------------

UNKNOWN_REFERENCE = Diagnostic(
    "Unknown reference",
    '"policy" names mailbox_policy/lync, which this configuration does not declare.',
    "Declare that policy, or name one of: lync-users, lobby-phones.",
    address="um_mailbox/alice@contoso.com",
    position=Position("samples/um-lync.yaml", 14, 11),
    excerpt="  policy: lync",
)


def test_diagnostic_has_place_line_caret_detail_and_remedy() -> None:
    assert render_diagnostics([UNKNOWN_REFERENCE], PLAIN) == (
        "Error: Unknown reference\n"
        "  on samples/um-lync.yaml:14:11, um_mailbox/alice@contoso.com\n"
        "\n"
        "      14 |   policy: lync\n"
        "         |           ^\n"
        "\n"
        '  "policy" names mailbox_policy/lync, which this configuration does not declare.\n'
        "\n"
        "  Declare that policy, or name one of: lync-users, lobby-phones.\n"
    )


def test_command_in_a_remedy_stays_on_its_line() -> None:
    shown = render_diagnostics([certificate_warning()], Style(width=40))
    assert "\n      Enable-ExchangeCertificate -Server ex1 -Services UM\n" in shown
    assert shown.startswith("Warning: Certificate ends soon (UM021)\n")


def test_caret_stands_under_its_column_whatever_is_before_it() -> None:
    for before in ("", "  ", "\t", "名前: ", "\x1b[2Jx"):
        told = replace(UNKNOWN_REFERENCE, excerpt=f"{before}X", position=Position("a.yaml", 3, len(before) + 1))
        line, caret = render_diagnostics([told], PLAIN).splitlines()[3:5]
        assert width(line[: line.index("X", 12) if before else line.rindex("X")]) == caret.index("^")


def test_long_line_is_cut_around_the_caret() -> None:
    excerpt = "x" * 5000 + "HERE" + "y" * 5000
    told = replace(UNKNOWN_REFERENCE, excerpt=excerpt, position=Position("a.yaml", 3, 5001))
    line, caret = render_diagnostics([told], PLAIN).splitlines()[3:5]
    assert len(line) <= 100
    assert line[caret.index("^") :].startswith("HERE")


@pytest.mark.parametrize(("severity", "word"), [(Severity.WARNING, "Warning:"), (Severity.NOTE, "Note:")])
def test_severity_is_a_word_and_a_colour(severity: Severity, word: str) -> None:
    told = replace(UNKNOWN_REFERENCE, severity=severity)
    assert render_diagnostics([told], PLAIN).startswith(word)
    assert render_diagnostics([told], COLORED).startswith("\x1b[")


@given(st.lists(diagnostics, max_size=3), st.sampled_from([PLAIN, COLORED, ASCII]))
def test_no_data_of_a_diagnostic_reaches_the_terminal_raw(told: list[Diagnostic], style: Style) -> None:
    shown = render_diagnostics(told, style)
    assert is_harmless(shown)
    assert not re.search(r"^\s*::", shown, re.MULTILINE)


# --- drift -----------------------------------------------------------------------------------------------------------


def test_drift_tells_what_differs_and_both_ways_out() -> None:
    shown = render_drift(drifted(), PLAIN, plan=partial(command_line, "plan", Path("samples/contoso")))
    assert "  high    ip_gateway/pool1.contoso.com  changed on the server\n" in shown
    assert "outcalls_allowed: observed false, desired true\n" in shown
    assert "min_pin_length: observed 4, desired 8, last applied 6\n" in shown
    assert "revert  reconciler plan samples/contoso --target ip_gateway/pool1.contoso.com\n" in shown
    assert "accept  ip_gateways:\n                    pool1.contoso.com:\n" in shown
    assert "ex2.contoso.com gave no answer.\n" in shown
    assert shown.endswith(
        "Drift: 2 drifted, 1 conflict, 3 pending, 40 unmanaged, 1 unreadable, 210 resources without drift.\n"
    )


def test_many_unmanaged_objects_are_one_line() -> None:
    shown = render_drift(drifted(unmanaged=10_000), NARROW)
    assert "  um_mailbox ×10,000  (other0@contoso.com, other1@contoso.com, ... 9,998 more)\n" in shown


def test_what_is_only_unmanaged_stands_behind_what_needs_somebody() -> None:
    shown = render_drift(drifted(), PLAIN)
    titles = ("Drifted:", "In conflict:", "Unreadable:", "Pending:", "Unmanaged:", "Drift:")
    assert sorted(titles, key=shown.index) == list(titles)


def test_no_drift_is_one_sentence() -> None:
    assert render_drift(DriftReport("contoso", (), 7), PLAIN) == "No drift. contoso: 7 resources without drift.\n"


@given(texts)
def test_no_data_of_drift_reaches_the_terminal_raw(text: str) -> None:
    report = drifted()
    hostile = tuple(replace(entry, reason=text, accept=text) for entry in report.entries)
    assert is_harmless(render_drift(replace(report, environment=text, entries=hostile), COLORED))


# --- progress --------------------------------------------------------------------------------------------------------


class Ticking:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def shown_of(*told: Event, style: Style = PLAIN, tick: float = 0.0) -> str:
    stream, clock = io.StringIO(), Ticking()
    progress = TerminalProgress(stream, style, WORDS, monotonic=clock)
    for event in told:
        progress(event)
        clock.now += tick
    return stream.getvalue()


def test_every_event_can_be_shown() -> None:
    for event in ONE_OF_EACH:
        stream = io.StringIO()
        progress = TerminalProgress(stream, PLAIN, WORDS, monotonic=Ticking())
        list(progress.lines_of(event))


def test_what_was_sent_and_printed_stands_under_what_failed() -> None:
    shown = shown_of(*ONE_OF_EACH)
    assert "    sent   exchucutil.ps1\n" in shown
    assert "    printed Error: The object '1:1' already exists.\n" in shown
    long = replace(IN_PART, printed="\n".join(f"line {number}" for number in range(100)))
    event = ActionEnded("run x", "exchucutil/x", "run", OutcomeKind.FAILED, evidence=long)
    assert shown_of(event).count("printed") == 41
    assert "60 more lines; --json and --log have all of them" in shown_of(event)
    done = shown_of(replace(event, outcome=OutcomeKind.DONE))
    assert (done.count("printed"), "sent" in done) == (41, False), "a script says what it did, also where it went well"
    user = replace(event, address="um_mailbox/x", kind="create", outcome=OutcomeKind.DONE)
    assert "printed" not in shown_of(user), "what went well needs no proof here"


def test_run_is_shown_step_by_step_and_ends_with_what_became_of_it() -> None:
    shown = shown_of(*ONE_OF_EACH)
    assert "  start    run service_restart/fe1.contoso.com (stage 4)\n" in shown
    assert (
        "  wait     run service_restart/fe1.contoso.com: pool1.contoso.com is not ready (at most 20m more)\n" in shown
    )
    assert "  failed   service_restart/fe2.contoso.com: Zugriff verweigert\n" in shown
    assert "  blocked  update ip_gateway/pool1.contoso.com: needs run exchucutil/contoso.com\n" in shown
    end = shown[shown.index("Check the servers") :]
    assert "  done         70\n" in end
    assert "  failed        2\n      service_restart/fe2.contoso.com: Zugriff verweigert\n" in end
    assert "  blocked       4\n      update ip_gateway/pool1.contoso.com: needs run exchucutil/contoso.com\n" in end
    assert "  unknown       1\n      service_restart/fe3.contoso.com: no reason was given\n" in end
    assert "      RTCSRV on fe1.contoso.com has to restart (since 2026-11-23T09:00:00Z)\n" in end
    assert end.endswith("\n    reconciler apply contoso --max-destroy=2\n")


def test_clean_run_ends_with_one_line() -> None:
    assert shown_of(RunEnded("r", 0, 5, 0, 0, 0, 130.0)) == "\nApplied. 5 actions done. Run r, 2m 10s.\n"


def test_duration_is_shown_where_it_is_notable() -> None:
    quick, slow = StepEnded("quick", 1, 1, 0, 0, seconds=0.4), StepEnded("slow", 1, 1, 0, 0, seconds=5.9)
    assert shown_of(quick, slow) == "  done     quick\n  done     slow (5.9s)\n"


def test_a_step_that_the_operator_stopped_is_not_shown_as_done() -> None:
    step = "create um_mailbox Redmond/default"
    started = StepStarted(step, 9, 170)
    assert "stopped  create um_mailbox Redmond/default: 120 done, 50 not started (2.4s)" in shown_of(
        started, StepEnded(step, 9, 120, 0, 0, seconds=2.4)
    )
    assert "ended    create um_mailbox Redmond/default: 100 done, 2 failed, 68 not started" in shown_of(
        started, StepEnded(step, 9, 100, 2, 0)
    )
    assert "done     create um_mailbox Redmond/default" in shown_of(started, StepEnded(step, 9, 170, 0, 0))


def test_reads_are_no_lines_but_one_line_drawn_again_and_taken_away() -> None:
    reads = (
        Observing("ex1.contoso.com", ("Get-UMService",), 1),
        Observing("exchange", ("Get-UMDialPlan",), 1),
        Observed("ex1.contoso.com", 2, 1, 0.1),
        Observed("exchange", 2, 1, 0.1),
    )
    assert shown_of(*reads) == ""
    stream = io.StringIO()
    progress = TerminalProgress(stream, PLAIN, WORDS, live=True)
    for event in reads:
        progress(event)
    drawn = stream.getvalue().split("\r")
    assert "Reading ex1.contoso.com and exchange ..." in drawn
    assert "\n" not in stream.getvalue()
    assert drawn[-2:] == [" " * len("Reading exchange ..."), ""]


def test_something_is_shown_before_the_first_event_and_taken_away() -> None:
    stream = io.StringIO()
    progress = TerminalProgress(stream, PLAIN, WORDS, live=True)
    progress.busy("Opening sessions ...")
    progress(Observing("ex1.contoso.com", ("Get-UMService",), 1))
    progress.close()
    drawn = stream.getvalue().split("\r")
    assert drawn[2] == "Opening sessions ..."
    assert drawn[-1] == ""
    assert "Reading ex1.contoso.com ..." in drawn


def test_waiting_for_the_same_is_shown_once_in_a_while() -> None:
    polls = [Waiting("step", "not ready", 100.0 - second) for second in range(25)]
    assert shown_of(*polls, tick=1.0).count("not ready") == 3


def test_long_step_tells_its_count_and_time_left_now_and_then() -> None:
    ended = [ActionEnded("step", f"um_mailbox/{n}", "create", OutcomeKind.DONE) for n in range(50)]
    outline = (StepOutline("step", 1, 100),)
    shown = shown_of(RunStarted("r", "contoso", 1, 100, outline), StepStarted("step", 1, 100), *ended, tick=1.0)
    assert shown.count("so far") == 5
    assert "so far   step: 39 of 100 actions in 40s, about 1m 1s left\n" in shown


def test_many_failures_are_listed_in_part() -> None:
    failed = [ActionEnded("step", f"um_mailbox/{n}", "create", OutcomeKind.FAILED, detail="refused") for n in range(50)]
    shown = shown_of(*failed, RunEnded("r", 3, 0, 50, 0, 0, 1.0))
    assert "      um_mailbox/19: refused\n      ... 30 more; --json and --log have all of them\n" in shown


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError("gone")


@pytest.mark.parametrize("live", [False, True])
def test_terminal_that_went_away_fails_no_run(live: bool) -> None:
    progress = TerminalProgress(Broken(), PLAIN, WORDS, live=live)
    for event in ONE_OF_EACH:
        progress(event)
    progress.close()


@given(texts)
def test_no_data_of_an_event_reaches_the_terminal_raw(text: str) -> None:
    shown = shown_of(
        StepStarted(text, 1, 1),
        Waiting(text, text, 3.0),
        ActionEnded(text, text, text, OutcomeKind.FAILED, detail=text),
        StepEnded(text, 1, 0, 1, 0, blocked_by=text),
        Reported(Diagnostic(text, text, text)),
        RunEnded(text, 3, 0, 1, 1, 0, 1.0, text),
    )
    assert is_harmless(shown)
    assert not re.search(r"^\s*::", shown, re.MULTILINE)


def test_live_progress_counts_below_lines_and_leaves_nothing_behind() -> None:
    stream = io.StringIO()
    progress = TerminalProgress(stream, replace(PLAIN, width=60), WORDS, live=True)
    hostile = "\x1b]0;owned\x07 [red]not markup[/red]"
    progress(RunStarted("r", "contoso", 1, 2))
    progress(StepStarted("create [x]", 1, 2))
    progress(ActionEnded("create [x]", "um_mailbox/a", "create", OutcomeKind.FAILED, detail=hostile))
    progress(ActionEnded("create [x]", "um_mailbox/b", "create", OutcomeKind.DONE))
    progress(RunEnded("r", 3, 1, 1, 0, 0, 1.0))
    shown = stream.getvalue()
    assert "2/2" in shown
    assert "\\x1b]0;owned\\x07 [red]not markup[/red]" in shown
    assert "\x07" not in shown
    assert "\x1b]" not in shown


def test_bar_keeps_its_counts_whatever_the_step_is_called() -> None:
    stream = io.StringIO()
    progress = TerminalProgress(stream, NARROW, WORDS, live=True)
    progress(RunStarted("r", "contoso", 1, 89))
    progress(StepStarted("update server_binding/a-rather-long-name.emea.contoso.com/call_router", 1, 2))
    progress.close()
    assert "0/89" in OWN_CODES.sub("", stream.getvalue())


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_bar_fits_the_terminal_and_names_the_stage(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = io.StringIO()
    progress = TerminalProgress(stream, replace(PLAIN, width=columns), WORDS, live=True)
    long = "create um_mailbox a-policy-with-a-name-that-goes-on-and-on/default, wave the-second-one"
    progress(RunStarted("r", "contoso", 2, 89, (StepOutline("first", 2, 1), StepOutline(long, 3, 88))))
    progress(StepStarted(long, 3, 88))
    progress.close()
    shown = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", stream.getvalue()).replace("\r", "\n")
    drawn = [line for line in shown.split("\n") if "0/89" in line]
    assert drawn
    assert all(width(line.rstrip()) <= columns for line in drawn)
    assert all("stage 3 of 3" in line for line in drawn)


# --- style -----------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "color", "live"),
    [
        (Terminal, {}, True, True),
        (Terminal, {"NO_COLOR": "1"}, False, True),
        (Terminal, {"NO_COLOR": ""}, True, True),
        (Terminal, {"CI": "true"}, False, False),
        (Terminal, {"TERM": "dumb"}, False, False),
        (io.StringIO, {}, False, False),
    ],
)
def test_colour_follows_terminal_and_environment(
    stream: Callable[[], TextIO], environment: dict[str, str], color: bool, live: bool
) -> None:
    assert style_of(stream(), environment).color is color
    assert is_live(stream(), environment) is live


def test_output_that_is_no_utf_8_gets_ascii() -> None:
    latin = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    assert not style_of(latin, {}).unicode
    assert style_of(io.TextIOWrapper(io.BytesIO(), encoding="UTF-8"), {}).unicode


def test_views_load_no_heavy_library() -> None:
    import subprocess

    code = (
        "import sys, reconciler.views.plan, reconciler.views.progress, reconciler.views.json_lines;"
        "print([m for m in ('pydantic', 'deepdiff', 'structlog', 'rich', 'winrm') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
