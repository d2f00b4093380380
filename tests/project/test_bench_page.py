"""The benchmark's page: targets judged by the figures of one run, and the reasons for those that are not held."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from tests.bench.choices import DEFAULT, FULL, Choice
from tests.bench.generate import Cost
from tests.bench.growth import Step, apply_step, no_op_step, render_growth
from tests.bench.headline import APPLY as DUEL_APPLY
from tests.bench.headline import BULK, EACH, OURS, Duel, Headline
from tests.bench.headline import NO_OP as DUEL_NO_OP
from tests.bench.measure import Figures
from tests.bench.page import REASONS, filled, more_figures, page, sections
from tests.bench.parts import JOURNAL, TEXT, YAML, Part, Parts
from tests.bench.results import Results
from tests.bench.rounds import APPLY, EXPORT, HTTP, INSIDE, NO_OP, OF_EXPORT, PLAN, WIRE, Measured, Size
from tests.bench.slots import Applied, Load
from tests.bench.state_size import StateSize
from tests.bench.targets import Target, targets
from tests.bench.traffic import Connection, Counter, Traffic

MACHINE: dict[str, str | int] = {"cores": 2, "memory_gb": 24, "system": "Linux", "python": "3.11", "terraform": "1.11"}


def measured(mailboxes: int, cpu: float) -> Measured:
    """Return a size whose no-op plan takes ``cpu`` seconds in the process, and Terraform's sixty times as long."""
    ours, theirs = Figures(cpu, cpu, 90, estate_mb=30), Figures(60 * cpu, 90 * cpu, 1_000)
    figures = {
        (INSIDE, NO_OP): [ours],
        (WIRE, NO_OP): [Figures(3 * cpu, 2 * cpu, 120)],
        (HTTP, NO_OP): [theirs],
        (INSIDE, PLAN): [ours],
        (INSIDE, EXPORT): [Figures(cpu, 0.9 * cpu, 91, estate_mb=30)],
        (INSIDE, OF_EXPORT): [ours],
        (INSIDE, APPLY): [Figures(9 * cpu, 3 * cpu, 150)],
    }
    traffic = Traffic(requests=100, sent=1_000, received=10_000, seconds=2.0, after_last_seconds=0.2)
    return Measured(
        Size(mailboxes, 1, {}),
        mailboxes + 23,
        state=StateSize(1_200 * mailboxes, 400 * mailboxes),
        traffic=traffic,
        figures=figures,
    )


@pytest.fixture
def results() -> Results:
    duel = Headline(Duel(rounds=1))
    duel.figures[OURS, DUEL_APPLY] = [Figures(5.5, 1.0, 100)]
    duel.figures[EACH, DUEL_APPLY] = [Figures(11.0, 9.0, 150)]
    load = Load(10_000, Cost(50, 18), 1)
    run = Applied(Figures(33.0, 9.0, 150), run_seconds=1.05 * load.limit_seconds, commits=1_500)
    sizes = {10_000: measured(10_000, 1.0), 100_000: measured(100_000, 2.0)}
    results = Results(MACHINE, 1, slots={load: [run]}, headline=duel, sizes=sizes)
    results.add(replace(measured(100_000, 2.0), size=Size(100_000, 1, {}, estate=10_000)))
    return results


def test_each_target_is_judged_by_its_own_bound(results: Results) -> None:
    found = {one.key: one for one in targets(results)}
    assert len(found) == len(targets(results))
    held = {key for key, one in found.items() if one.is_held}
    lost = {key for key, one in found.items() if one.is_held is False}
    assert held == {
        "P1-10k",
        "P1-10k-cpu",
        "P4-marginal",
        "P5-100k",
        "P7-10k",
        "P8",
        "P9-wall",
        "P9-engine",
        "P10-estate",
        "P10-users",
        "P11-syncs",
        "P12-rows",
        "P16-cpu",
    }
    assert lost == {"P1-10k-wire", "P5-10k", "P12-file", "P16-peak", "Wire"}
    assert found["P1-10k-wire"].measured == 20
    assert found["P5-100k"].measured == 60, "without what the simulated estate holds"
    assert found["P9-engine"].measured == 12
    assert found["P1-1k"].is_held is None


def test_growth_is_told_by_power_and_by_what_more_mailboxes_take(results: Results) -> None:
    assert Step(10, 1_000, 1.0, 100.0).exponent == pytest.approx(1.0)
    plan, run = no_op_step(results, 10_000, 100_000), apply_step(results, 10_000, 100_000)
    assert plan is not None
    assert plan.marginal_us == pytest.approx(1e6 / 90_000)
    assert run is not None
    assert (run.cpu_few, run.cpu_many) == (2.0, 4.0)
    assert apply_step(results, 1_000, 10_000) is None
    assert "100,000" in render_growth(results)


def test_the_page_has_every_target_and_the_reasons_of_those_not_held(results: Results) -> None:
    reasons = "## P1 P2\nWe take {P1-10k-wire}.\n\n## P9\nNever shown.\n"
    shown = page(results, ["a table"], date(2026, 1, 2), reasons)
    assert "Measured on 2026-01-02: 2 cores, 24 GB" in shown
    assert all(
        f"| {one.name} | {one.what} | {one.asked} | {one.shown} | {one.verdict} |" in shown for one in targets(results)
    )
    assert "### P1, P2\n\nWe take 20 x." in shown
    assert "Never shown" not in shown
    assert "No profile yet: " in shown
    assert "```\na table\n```" in shown


def test_reasons_name_targets_and_figures_that_there_are() -> None:
    found = targets(Results(MACHINE, 1))
    for names, text in sections(REASONS.read_text("utf-8")).items():
        assert set(names) <= {one.name for one in found}
        filled(text, {**{one.key: one.shown for one in found}, **more_figures(Results(MACHINE, 1))})
    with pytest.raises(KeyError):
        filled("{P1-other}", {"P1-1k": "1 x"})


@pytest.mark.parametrize(
    ("measured", "unit", "shown"),
    [(None, "x", "-"), (0.5, "s", "0.5 s"), (12.34, "us", "12.3 us"), (1234.5, "MB", "1,234 MB")],
)
def test_figures_are_shown_with_three_digits(measured: float | None, unit: str, shown: str) -> None:
    assert Target("P1", "", 1, unit, measured).shown == shown


def test_requests_are_counted_where_a_header_is_cut_and_short_replies_are_no_listing() -> None:
    counter = Counter()
    connection = Connection(counter)
    for data in (b"POST /wsman/ex1 HTTP/1.1\r\n\r\n<body>", b"POST /ws", b"man HTTP/1.1\r\n\r\n"):
        connection.sent(data)
    assert counter.requests == 2
    connection.received(b"." * 4000)
    connection.sent(b"POST /wsman HTTP/1.1\r\n\r\n")
    connection.received(b"." * 4000)
    assert counter.last == 0.0
    connection.received(b"." * 4000)
    assert counter.last > 0.0
    assert counter.received == 12_000


def results_of(choice: Choice) -> Results:
    """Return results in which everything that is chosen took the same."""
    one = Figures(1.0, 1.0, 100)
    duel = Headline(choice.duel)
    for who, phase in product((OURS, EACH, BULK), (DUEL_APPLY, DUEL_NO_OP)):
        duel.figures[who, phase] = [Figures(9.0, 1.0, 100)]
    results = Results(MACHINE, 1, headline=duel)
    results.start_up = {"reconciler --version": [one], "terraform version": [one]}
    results.slots = {load: [Applied(one, run_seconds=load.limit_seconds, commits=1)] for load in choice.loads}
    results.parts = Parts(choice.parts, tuple(Part(name, name, 1.0) for name in (YAML, TEXT, JOURNAL)))
    for size in choice.sizes:
        figures = {(who, phase): [one] for who, phases in size.phases.items() for phase in phases}
        figures |= {(who, APPLY): [Figures(3.0, 3.0, 100)] for who, phase in figures if phase == APPLY}
        more = Traffic(1, 1, 1, 1.0, 0.0) if WIRE in size.phases else None
        results.add(Measured(size, 1, StateSize(1, 1), more, figures))
    return results


def test_a_run_by_default_measures_every_target_but_those_that_take_long() -> None:
    def open_(choice: Choice) -> set[str]:
        return {one.key for one in targets(results_of(choice)) if one.is_held is None}

    assert open_(DEFAULT) == {"P3-edges", "P4-exponent", "P5-1M"}
    assert open_(FULL) == set()
    assert {size.rounds for size in DEFAULT.of(2).sizes} == {1, 2}
