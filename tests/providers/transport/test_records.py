"""Errors of cmdlets are recognised by type, id and category in any language."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from providers.transport.session.records import error_of
from reconciler.model.commands import read, write
from reconciler.model.diagnostics import (
    AccessDenied,
    AlreadyExists,
    AmbiguousOutcome,
    NotFound,
    NotReplicated,
    PermanentError,
    SessionError,
    Throttled,
    TransientError,
    Unreachable,
)
from reconciler.model.ports import Request
from tests.support.paths import ROOT

HOST = "ex1.contoso.com"
SET = Request("a", write("Set-UMDialPlan", Identity="Redmond"))
GET = Request("b", read("Get-UMDialPlan", "Name"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "ManagementObjectNotFoundException"}, NotFound),
        ({"type": "RemoteException", "inner": ["RemoteException", "ManagementObjectNotFoundException"]}, NotFound),
        (
            {
                "type": "RemoteException",
                "id": "[Server=EX1,RequestId=1] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 9F2,X",
            },
            NotFound,
        ),
        ({"type": "Whatever", "category": "ObjectNotFound"}, NotFound),
        ({"type": "ADObjectAlreadyExistsException"}, AlreadyExists),
        ({"type": "Whatever", "category": "ResourceExists"}, AlreadyExists),
        ({"type": "CommandNotFoundException", "category": "ObjectNotFound"}, AccessDenied),
        ({"type": "Whatever", "category": "PermissionDenied"}, AccessDenied),
        ({"type": "CommandNotAllowed", "executed": False}, AccessDenied),
        ({"type": "OverBudgetException"}, Throttled),
        ({"type": "ADObjectNotReplicatedException"}, NotReplicated),
        ({"type": "CommandExpired", "executed": False}, TransientError),
        ({"type": "ReplyForgotten"}, AmbiguousOutcome),
        ({"type": "DataValidationException"}, PermanentError),
        ({"type": "ParameterBindingException", "category": "InvalidArgument", "executed": False}, PermanentError),
        ({}, PermanentError),
        (None, PermanentError),
        ({"type": 5, "inner": "x", "message": []}, PermanentError),
    ],
)
def test_an_error_record_is_classified(error: Any, kind: type[SessionError]) -> None:
    assert type(error_of(error, SET, HOST)) is kind


def test_a_directory_that_is_away_leaves_a_write_open_and_a_read_repeatable() -> None:
    away = {"type": "ADTransientException"}
    assert type(error_of(away, SET, HOST)) is AmbiguousOutcome
    assert type(error_of({**away, "executed": False}, SET, HOST)) is Unreachable
    assert type(error_of(away, GET, HOST)) is Unreachable


def test_the_text_decides_nothing_and_is_shown_redacted() -> None:
    error = error_of({"type": "X", "message": "not found; already exists\ncanary", "id": "i"}, SET, HOST, ("canary",))
    assert type(error) is PermanentError
    assert error.diagnostics[0].detail == "Set-UMDialPlan on ex1.contoso.com: not found; already exists ***"
    assert error.record is not None
    assert (error.record.type, error.record.error_id) == ("X", "i")


def test_what_asks_to_wait_says_how_long() -> None:
    error = error_of({"type": "OverBudgetException"}, SET, HOST)
    assert isinstance(error, Throttled)
    assert error.delay_seconds > 0


def test_an_error_is_told_without_the_libraries_of_the_wire() -> None:
    """Sessions within the process tell errors too; the libraries take 30 MB."""
    program = (
        "import sys, providers.transport.session.records\n"
        "print(sorted({'winrm', 'requests', 'spnego', 'cryptography'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
