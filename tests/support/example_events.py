"""One event of each kind, for whatever shows or writes events."""

from __future__ import annotations

from reconciler.model.events import (
    ActionEnded,
    Event,
    Evidence,
    Observed,
    Observing,
    Owed,
    Reported,
    Retrying,
    RunEnded,
    RunStarted,
    StepEnded,
    StepStarted,
    Waiting,
    WaveEnded,
)
from reconciler.model.snapshot import Obligation, OutcomeKind
from tests.support.plans import certificate_warning

STEP = "run service_restart/fe1.contoso.com"

IN_PART = Evidence(
    ("exchucutil.ps1",),
    "Using Global Catalog: dc1.contoso.com\nError: The object '1:1' already exists.\n\nPoolFqdn  UMIPGateway",
    ("no gateway for pool1.contoso.com",),
    "a gateway named 1:1 already exists, ip_gateway/old.contoso.com",
)
"""Of a script that made a part."""

ONE_OF_EACH: tuple[Event, ...] = (
    Observing("ex1.contoso.com", ("dial_plan", "um_mailbox"), 3),
    Observed("ex1.contoso.com", 10214, 12, 1.2345),
    RunStarted("01hx5k2m9q", "contoso", 18, 77),
    StepStarted(STEP, 4, 1),
    Waiting(STEP, "pool1.contoso.com is not ready", 1200.0),
    Waiting(STEP, "dc2.contoso.com has not replicated it"),
    Retrying(STEP, "The server asks to wait.", 2, 3.25),
    ActionEnded(STEP, "service_restart/fe1.contoso.com", "run", OutcomeKind.DONE),
    ActionEnded(STEP, "service_restart/fe2.contoso.com", "run", OutcomeKind.FAILED, detail="Zugriff verweigert"),
    ActionEnded("run exchucutil/contoso.com", "exchucutil/contoso.com", "run", OutcomeKind.FAILED, evidence=IN_PART),
    ActionEnded(STEP, "service_restart/fe3.contoso.com", "run", OutcomeKind.UNKNOWN),
    ActionEnded(STEP, "service_restart/fe4.contoso.com", "run", OutcomeKind.NOT_RUN, adopted=False),
    ActionEnded(STEP, "service_restart/fe5.contoso.com", "run", OutcomeKind.DONE, adopted=True),
    StepEnded(STEP, 4, 1, 0, 0, seconds=61.5),
    StepEnded("update ip_gateway/pool1.contoso.com", 5, 0, 0, 0, blocked_by="run exchucutil/contoso.com"),
    StepEnded("create um_mailbox Redmond/default, wave late", 9, 0, 0, 0, blocked_by="wave pilot"),
    WaveEnded("pilot", 60, 2, 1, passed=False, reason="wave pilot has 2 failures; it may have 1"),
    WaveEnded("early", 60, 1, 1, passed=True),
    Owed(Obligation("front-end-restart", "fe1.contoso.com", "2026-11-23T09:00:00Z"), met=False),
    Owed(Obligation("lower-outcalls", "Redmond"), met=True),
    Reported(certificate_warning()),
    RunEnded("01hx5k2m9q", 3, 70, 2, 4, 1, 723.0, "reconciler apply contoso --max-destroy=2"),
)
