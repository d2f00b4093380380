"""What a read that failed leaves behind."""

from __future__ import annotations

from providers.resources.um_mailbox import UMMailboxType
from reconciler.model.commands import Reply
from reconciler.model.diagnostics import Diagnostic, PermanentError, SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Request
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions


def test_a_mailbox_that_could_not_be_read_once_leaves_the_others_readable() -> None:
    denied = [True]

    def answer(request: Request) -> Reply | SessionError:
        key = str(dict(request.command.parameters)["Identity"])
        if key == "a@contoso.com" and denied:
            return PermanentError(Diagnostic("Access denied", "It may not be read."))
        return Reply(({"PrimarySmtpAddress": key, "Name": key},))

    def read(landscape: Landscape, *keys: str) -> Landscape:
        return reader.observe(landscape, {"um_mailbox": frozenset(keys)})

    reader = Engine((UMMailboxType(),), FunctionSessions(answer)).reader
    first = read(Landscape(), "a@contoso.com")
    assert not first.is_readable("um_mailbox", "a@contoso.com"), "which is not absent"
    other = read(first, "b@contoso.com")
    assert other.is_readable("um_mailbox", "b@contoso.com")
    assert list(other.all("um_mailbox")) == ["b@contoso.com"]
    assert not other.is_readable("um_mailbox", "a@contoso.com")
    denied.clear()
    assert read(other, "a@contoso.com").is_readable("um_mailbox", "a@contoso.com")
