"""A plan as text for the person who approves it.

Stages are in the order of work, each with the steps it waits for. Within a stage, actions that delete or interrupt come
first. Users with equal changes share one line, so that ten thousand of them do not hide one delete. The summary comes
last, directly above the question. The text is built without a terminal library, whose tables would take seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from reconciler.model.abilities import DESTROYS, Vocabulary
from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Severity, count, listed
from reconciler.model.resources import Address
from reconciler.plan.plan import Plan, Step
from reconciler.views.diagnostics import folded_lines
from reconciler.views.plan_entries import LOOKS, Entry, entries, entry_lines
from reconciler.views.style import Style, sentence
from reconciler.views.text import lines, wrap
from reconciler.views.values import OwedByPlan
from reconciler.views.waivers import waived_lines

_LEFT_OUT_NAMED: Final = 8


def render_plan(plan: Plan, style: Style, vocabulary: Vocabulary, *, commands: bool = False) -> str:
    """Return the plan as text; with ``commands`` also the exact PowerShell of each action."""
    owed = OwedByPlan.of(plan, vocabulary)
    sections = (
        _stages(plan, style, owed, commands),
        _kept("Newly managed (unchanged on the servers)", plan.adopted, style, owed),
        _kept("No longer managed (left unchanged on the servers)", plan.forgotten, style, owed),
        _diagnostics(plan, style),
        waived_lines(plan.waived, style),
        _owed(plan, style, owed),
        _summary(plan, style, vocabulary),
    )
    blocks = [block for section in sections if (block := list(section))]
    return lines(line for index, block in enumerate(blocks) for line in ([""] if index else []) + block)


def render_summary(plan: Plan, style: Style, vocabulary: Vocabulary) -> str:
    """Return only the summary of a plan, for a plan that was shown before."""
    return lines(_summary(plan, style, vocabulary))


# --- stages ----------------------------------------------------------------------------------------------------------


def _stages(plan: Plan, style: Style, owed: OwedByPlan, commands: bool) -> Iterator[str]:
    if not plan.steps:
        return
    yield from _head(plan, style, owed.vocabulary, commands)
    steps, words = {step.id: step for step in plan.steps}, owed.vocabulary
    last = max(step.stage for step in plan.steps)
    for stage, group in groupby(sorted(plan.steps, key=lambda step: step.stage), key=lambda step: step.stage):
        members = list(group)
        yield ""
        kinds = Counter(action.address.type for step in members for action in step.actions)
        wave = _wave_of(plan, members)
        yield from _stage(f"Stage {stage} of {last}", f"{listed(_counted(kinds, words), 4)}{wave}", style)
        gate = tuple(_gate(plan, members))
        waits_for = _waits(members, steps, words, is_in_waves=bool(plan.gates), has_gate=bool(gate))
        for waits in (*waits_for, *gate):
            for line in wrap(style.show(waits), style.width - 2):
                yield style.paint(f"  {line}", "dim")
        for entry in sorted(entries(members), key=Entry.risk):
            yield from entry_lines(entry, style, commands=commands, owed=owed)


def _stage(title: str, holds: str, style: Style) -> Iterator[str]:
    """Yield the title of a stage, with what it holds beside it."""
    first, *more = wrap(style.show(holds), style.width - len(title) - 2)
    yield f"{style.paint(title, 'bold')}  {first}"
    yield from (f"{' ' * (len(title) + 2)}{line}" for line in more)


def _head(plan: Plan, style: Style, words: Vocabulary, commands: bool) -> Iterator[str]:
    known = [
        str(plan.source),
        f"state {plan.serial}" if plan.lineage else "no state yet",
    ]
    if plan.pinned:
        known.append(f"{words.replica} {plan.pinned}")
    title = style.paint(f"Plan for {style.show(plan.environment)}", "bold")
    yield title
    yield from (style.paint(f"  {line}", "dim") for line in wrap(style.show(", ".join(known)), style.width - 2))
    if commands and plan.always:
        added = " ".join(f"-{name} {value}" for name, value in sorted(plan.always.items()))
        text = style.show(f"each cmdlet that has these parameters also gets {added}")
        yield from (style.paint(f"  {line}", "dim") for line in wrap(text, style.width - 2))


def _counted(kinds: Counter[str], words: Vocabulary) -> list[str]:
    return [count(number, words.noun_of(name)) for name, number in sorted(kinds.items())]


def _waits(
    members: Sequence[Step], steps: dict[str, Step], words: Vocabulary, *, is_in_waves: bool, has_gate: bool
) -> Iterator[str]:
    """Yield the steps that a stage waits for: first those that must succeed, then those that must only end."""
    needs = _named({name for step in members for name in step.needs}, steps, words)
    ending = {name for step in members for name in step.after} - _all_needs(members)
    if is_in_waves and any(step.first.is_of_users for step in members):
        ending = {name for name in ending if not steps[name].first.is_of_users}  # ``_gate`` says more of them
    after = _named(ending, steps, words)
    if needs:
        yield f"needs {listed(needs, 4)}"
    if after:
        yield f"waits for {listed(after, 4)} to end, even if they fail"
    if not (needs or has_gate or any(step.after for step in members)):
        yield "starts immediately"


def _users_among(plan: Plan, members: Sequence[Step]) -> Step | None:
    return next((step for step in members if step.first.is_of_users), None) if plan.gates else None


def _wave_of(plan: Plan, members: Sequence[Step]) -> str:
    """Return in which wave the users of a stage are; '' for a stage without users, or a plan without waves."""
    users = _users_among(plan, members)
    return "" if users is None else f", wave {users.wave}" if users.wave else ", after all waves"


def _gate(plan: Plan, members: Sequence[Step]) -> Iterator[str]:
    """Yield the condition under which the users of a stage are written, if a wave comes before them."""
    users = _users_among(plan, members)
    names = [gate.wave for gate in plan.gates]
    place = 0 if users is None else names.index(users.wave) if users.wave in names else len(names)
    if place:
        gate, missing = plan.gates[place - 1], frozenset(plan.missing)
        of = count(gate.of, "user")
        failures = f"at most {gate.max_failures:,}" if gate.max_failures else "none"
        yield f"starts when wave {gate.wave} has passed: {failures} of its {of} may fail"
        for one in plan.gates[:place]:
            if (left := len(missing.intersection(one.left_out))) > one.max_failures:
                yield f"will not start: wave {one.wave} leaves out {count(left, 'user')}, more than may fail"


def _all_needs(members: Sequence[Step]) -> set[str]:
    return {name for step in members for name in step.needs}


def _named(ids: set[str], steps: dict[str, Step], words: Vocabulary) -> list[str]:
    """Return addresses, or their number where a type has more than two."""
    by_type: dict[str, list[Address]] = {}
    for step in (steps[name] for name in sorted(ids) if name in steps):
        by_type.setdefault(step.first.address.type, []).extend(action.address for action in step.actions)
    named: list[str] = []
    for name, addresses in by_type.items():
        named += [count(len(addresses), words.noun_of(name))] if len(addresses) > 2 else map(str, addresses)
    return named


# --- after the stages ------------------------------------------------------------------------------------------------


def _kept(title: str, actions: Sequence[Action], style: Style, owed: OwedByPlan) -> Iterator[str]:
    """Yield the resources that are newly managed, or no longer managed, without a command."""
    if actions:
        yield style.paint(title, "bold")
    in_order = sorted(actions, key=lambda action: action.address)
    for _, group in groupby(in_order, key=lambda action: action.address.type):
        yield from entry_lines(Entry(tuple(group), ()), style, owed=owed)


def _diagnostics(plan: Plan, style: Style) -> Iterator[str]:
    """Yield the diagnostics, the most severe last."""
    order = list(Severity)
    worst_last = sorted(plan.diagnostics, key=lambda one: (-order.index(one.severity), not one.leaves_out))
    yield from folded_lines(worst_last, style)


def _owed(plan: Plan, style: Style, owed: OwedByPlan) -> Iterator[str]:
    if not plan.obligations:
        return
    yield style.paint("Still to do", "bold")
    for one in sorted(plan.obligations, key=lambda one: one.identity):
        what_now = "this plan does it" if owed.is_settled(one) else "no step of this plan does it"
        first, *rest = wrap(style.show(f"{owed.text(one)}: {what_now}"), style.width - 4)
        yield f"{style.paint('  !', 'yellow', 'bold')} {first}"
        yield from (f"    {line}" for line in rest)


def _summary(plan: Plan, style: Style, vocabulary: Vocabulary) -> Iterator[str]:
    errors = sum(one.forbids for one in plan.diagnostics)
    if plan.has_changes:
        yield from sentence("Plan:", _totals(plan), style)
        yield from sentence("Waves:", ((style.show(text), "") for text in _waves(plan)), style)
        yield from sentence("Impact:", _impact(plan, vocabulary), style)
    elif errors:
        yield f"{style.paint('No plan:', 'red', 'bold')} {count(errors, 'error')}."
    elif plan.left_out:
        yield f"{style.paint('No changes', 'yellow', 'bold')} except for the resources left out."
    else:
        yield from _nothing_to_do(plan, style)
    also = (
        (len(plan.adopted), f"{len(plan.adopted):,} to adopt", "blue"),
        (len(plan.forgotten), f"{len(plan.forgotten):,} to forget", "dim"),
        (plan.unchanged if plan.has_changes else 0, f"{plan.unchanged:,} unchanged", "dim"),
        (plan.passed_over if plan.has_changes else 0, f"{plan.passed_over:,} not selected", "yellow"),
    )
    yield from sentence("Also:", ((text, look) for number, text, look in also if number), style)
    if plan.left_out:
        text = f"{len(plan.left_out):,}, for the reasons above: {listed(plan.left_out, _LEFT_OUT_NAMED)}."
        for index, line in enumerate(wrap(style.show(text), style.width - len("Left out: "))):
            yield f"{' ' * len('Left out: ') if index else style.paint('Left out:', 'yellow', 'bold') + ' '}{line}"


def _nothing_to_do(plan: Plan, style: Style) -> Iterator[str]:
    """Yield the summary of a plan without changes."""
    compared = f" {count(plan.unchanged, 'resource')} compared." if plan.unchanged else ""
    if not plan.asked or not plan.passed_over:
        yield f"{style.paint('No changes.', 'green', 'bold')} The servers match the configuration.{compared}"
        return
    left = f"{count(plan.passed_over, 'change')} {'is' if plan.passed_over == 1 else 'are'} not selected."
    looked = wrap(style.show(f"with {plan.asked}: {left}{compared}"), style.width - len("No changes "))
    yield f"{style.paint('No changes', 'yellow', 'bold')} {looked[0]}"
    yield from (f"  {line}" for line in looked[1:])


def _totals(plan: Plan) -> Iterator[tuple[str, str]]:
    numbers = Counter(action.kind for action in plan.actions())
    always = (ActionKind.CREATE, ActionKind.UPDATE, ActionKind.DELETE)
    for kind in (ActionKind.CREATE, ActionKind.UPDATE, ActionKind.REPLACE, ActionKind.DELETE, ActionKind.RUN):
        if numbers[kind] or kind in always:
            yield f"{numbers[kind]:,} to {kind.value}", LOOKS[kind][1] if numbers[kind] else ""


def _waves(plan: Plan) -> Iterator[str]:
    """Yield the waves in order, each with its users in this plan."""
    for gate in plan.gates:
        left_out = f", {len(gate.left_out):,} left out" if gate.left_out else ""
        yield f"{gate.wave} ({count(gate.users, 'user')}{left_out})"
    named = {gate.wave for gate in plan.gates}
    users = [step for step in plan.steps if step.first.is_of_users and step.wave not in named] if named else []
    if rest := sum(len(step.actions) for step in users):
        yield f"then users without a wave ({count(rest, 'action')})"


def _impact(plan: Plan, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    for impact in vocabulary.impacts:
        if number := plan.impact.get(impact.name):
            colour = "red" if impact == DESTROYS else "cyan" if impact.is_disruptive else ""
            yield impact.clause(number), colour
