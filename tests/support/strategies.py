"""Values of every shape, for properties: whatever the types allow, with hostile text among it."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from reconciler.model.abilities import Counts
from reconciler.model.actions import Action, ActionKind, Change, Proof
from reconciler.model.commands import Argument, Command, Delta, Endpoint, NameOf, ObjectId, Operation
from reconciler.model.diagnostics import Diagnostic, Position, Severity
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import UNSET, Nested, Unset, Value
from reconciler.plan.plan import Plan, Source, Step, Trouble

HOSTILE = (
    "\x1b]0;owned\x07",
    "\x1b[2J",
    "a\rb",
    "line\nline",
    "\x7f\x80\x9b31m",
    "\u202ereversed",
    "zero\u200bwidth\ufeff",
    "\u2028\u2029",
    "::set-output name=x::y",
    "##vso[task.setvariable variable=x]y",
    "'; Remove-Mailbox *; '",
    "\u2019quoted\u2018",
    "$(Get-Process)`n",
    "%41%00",
    '"\\',
    "\u3164\u2800\U000e0041",
    "ünïcødé 日本語",
    "\ud800",
)

texts: SearchStrategy[str] = st.text(max_size=20) | st.sampled_from(HOSTILE)
names: SearchStrategy[str] = st.text(min_size=1, max_size=20) | st.sampled_from(HOSTILE)
words: SearchStrategy[str] = st.from_regex(r"[a-z]{1,4}(_[a-z]{1,4}){0,2}", fullmatch=True)

_leaves: SearchStrategy[Value] = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | texts
flat: SearchStrategy[Value] = st.recursive(_leaves, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)
"""Values that a command may have as arguments."""
values: SearchStrategy[Value] = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(texts, inner, max_size=3).map(Nested),
    max_leaves=4,
)
attributes = st.dictionaries(words | names, values, max_size=4)
addresses: SearchStrategy[Address] = st.builds(Address, words, names)
deltas = st.builds(Delta, st.lists(texts, max_size=2).map(tuple), st.lists(texts, max_size=2).map(tuple))
arguments: SearchStrategy[Argument] = (
    flat | deltas | st.builds(NameOf, addresses, names) | st.builds(ObjectId, names, names)
)
endpoints = st.builds(Endpoint, st.sampled_from(["exchange", "lync"]), st.none() | names)
maybe_unset: SearchStrategy[Value | Unset] = st.just(UNSET) | values


def tuples_of(strategy: SearchStrategy[object], max_size: int = 2) -> SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=max_size).map(tuple)


commands: SearchStrategy[Command] = st.builds(
    Command,
    cmdlet=names,
    parameters=tuples_of(st.tuples(names, arguments), 3),
    endpoint=endpoints,
    writes=st.booleans(),
    properties=tuples_of(names),
    operation=st.sampled_from(Operation),
)
changes = st.builds(Change, words | names, maybe_unset, maybe_unset)
obligations = st.builds(Obligation, st.sampled_from(("front-end-restart", "lower-outcalls")), names, st.none() | texts)
resources = st.builds(Resource, addresses, attributes, st.none() | names, st.none() | names)
positions = st.builds(Position, names, st.integers(1, 99), st.integers(1, 99))
diagnostics: SearchStrategy[Diagnostic] = st.builds(
    Diagnostic,
    summary=texts,
    detail=texts,
    remedy=texts,
    severity=st.sampled_from(Severity),
    address=st.none() | names,
    position=st.none() | positions,
    excerpt=st.none() | names,
    code=st.none() | names,
)
IMPACTS = ("restarts", "users", "interrupted_users", "destroys")
counts = st.integers(0, 10**6)
actions: SearchStrategy[Action] = st.builds(
    Action,
    address=addresses,
    kind=st.sampled_from(ActionKind),
    changes=tuples_of(changes, 3),
    commands=tuples_of(commands),
    reasons=tuples_of(texts),
    expects=st.none() | attributes,
    expects_after=st.none() | attributes,
    inverse=tuples_of(commands, 1),
    needs=tuples_of(addresses),
    predicted_by=st.none() | addresses,
    owes=tuples_of(obligations),
    discharges=tuples_of(obligations),
    proof=st.sampled_from(Proof),
    settle_seconds=counts,
    destroyed=tuples_of(addresses),
    group=texts,
    wave=texts,
    remember=st.none() | resources,
    position=st.none() | positions,
)
steps: SearchStrategy[Step] = st.builds(
    Step,
    id=names,
    actions=st.lists(actions, min_size=1, max_size=3).map(tuple),
    stage=st.integers(1, 4),
    needs=tuples_of(names),
    after=tuples_of(names),
)
troubles: SearchStrategy[Trouble] = st.builds(Trouble, reason=texts, remedy=texts)
sources: SearchStrategy[Source] = st.builds(
    Source, st.none() | names, tuples_of(names), st.none() | troubles, has_git=st.booleans()
)
plans: SearchStrategy[Plan] = st.builds(
    Plan,
    environment=names,
    lineage=st.none() | names,
    serial=counts,
    source=sources,
    prior=st.dictionaries(addresses, st.text("0123456789abcdef", min_size=16, max_size=16), max_size=2),
    asked=texts,
    passed_over=counts,
    pinned=st.none() | names,
    always=st.dictionaries(names, texts, max_size=2),
    steps=st.lists(steps, max_size=3, unique_by=lambda step: step.id).map(tuple),
    adopted=tuples_of(actions, 1),
    forgotten=tuples_of(actions, 1),
    unchanged=counts,
    obligations=tuples_of(obligations),
    decisions=st.dictionaries(names, texts, max_size=2),
    impact=st.fixed_dictionaries(dict.fromkeys(IMPACTS, counts)).map(Counts),
    diagnostics=tuples_of(diagnostics),
)
