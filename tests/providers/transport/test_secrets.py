"""No password reaches a log, not even with every library's logger at DEBUG; nor an error, a traceback, a child."""

from __future__ import annotations

import base64
import gc
import hashlib
import logging
import os
import subprocess
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from spnego._ntlm_raw.crypto import ntowfv1

from providers.cmdlets.products import EXCHANGE
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.certificates import Authority
from providers.simulator.wire.faults import Rule
from providers.transport.session.endings import Endings
from providers.transport.session.host_clocks import HostClocks
from providers.transport.session.pending import Pending
from providers.transport.session.pool import WinRMSessions
from providers.transport.session.replies import Replies
from providers.transport.settings import Adapter, Deadlines, Secret
from providers.transport.wire import ReplyLine
from reconciler.model.commands import Authentication, Reply, read, write
from reconciler.model.diagnostics import SessionError
from reconciler.model.ports import Request
from tests.support.fakes import VirtualClock
from tests.support.transport_support import connection
from tests.support.winrm_server import CMDLETS, USER, TinyEstate, listening

CANARY = "Kanarie: vögel/8Jq2+"
LIBRARIES = ("urllib3", "requests", "spnego", "requests_ntlm", "requests_credssp", "winrm", "xmltodict", "http", "ssl")


def forms(secret: str) -> Mapping[str, str]:
    """Every way in which a password could be written down by somebody who means no harm."""
    told: dict[str, str] = {"plain": secret, "repr": repr(secret)[1:-1], "quoted": quote(secret)}
    told["quoted as a form"] = quote_plus(secret)
    for encoding in ("utf-8", "latin-1", "utf-16-le"):
        raw = secret.encode(encoding)
        told[f"hex of {encoding}"] = raw.hex()
        told[f"repr of {encoding}"] = repr(raw)[2:-1]
        for before in (b"", b"x", b"xx"):  # base64 of it in the midst of something else, at each offset
            inner = base64.b64encode(before + raw).decode().rstrip("=")
            told[f"base64 of {encoding} after {len(before)}"] = inner[4 if before else 0 : -2]
    told["NT hash"] = ntowfv1(secret).hex()
    told["SHA-1"] = hashlib.sha1(secret.encode()).hexdigest()
    return told


def found(text: str, secret: str = CANARY) -> list[str]:
    lower = text.lower()
    return [name for name, form in forms(secret).items() if form.lower() in lower]


class Everything(logging.Handler):
    """Keeps what any logger says, with its arguments as they are."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.names: set[str] = set()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.names.add(record.name.partition(".")[0])
        with suppress(Exception):
            self.lines.append(f"{record.getMessage()} {record.args!r} {record.exc_info!r}")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def everything() -> Iterator[Everything]:
    handler, root = Everything(), logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in LIBRARIES)]
    loggers += [one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    before = [(one, one.level, one.disabled) for one in loggers]
    for one in loggers:
        one.setLevel(logging.DEBUG)
        one.disabled = False
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    for one, level, disabled in before:
        one.setLevel(level)
        one.disabled = disabled


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


SCHEMES = {
    Authentication.BASIC: Scheme.BASIC,
    Authentication.NTLM: Scheme.NTLM,
    Authentication.CREDSSP: Scheme.CREDSSP,
}


def run_of(auth: Authentication, authority: Authority, *, tls: bool, is_wrong: bool) -> list[BaseException]:
    """A session with writes, a reconnect and an end; return the errors there were."""
    errors: list[BaseException] = []
    users = {USER: "another password" if is_wrong else CANARY}
    certificate = authority.issue_server() if tls else None
    with listening(SCHEMES[auth], estate=TinyEstate(), certificate=certificate, accounts=users) as server:
        server.faults.add(Rule("send", nth=2, when="after", reset=True))
        settings = connection(
            host="",
            via=("127.0.0.1", server.port),
            tls=tls,
            ca=str(authority.path) if tls else None,
            auth=auth,
            user=USER,
            password=Secret(CANARY),
            adapter=Adapter.REMOTE,
            deadlines=Deadlines(operation=2, read=5),
        )
        with WinRMSessions([settings], allow=CMDLETS, clock=VirtualClock()) as pool:
            try:
                pool.open(EXCHANGE).invoke(
                    [Request("w", write("New-Thing", Name="x")), Request("r", read("Get-Echo", Identity="y"))]
                )
            except SessionError as error:
                errors.append(error)
    return errors


@pytest.mark.parametrize("is_wrong", [False, True])
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("auth", list(SCHEMES))
def test_no_logger_of_any_library_tells_the_password(
    auth: Authentication, tls: bool, is_wrong: bool, authority: Authority, everything: Everything
) -> None:
    errors = run_of(auth, authority, tls=tls, is_wrong=is_wrong)
    assert len(errors) == int(is_wrong)
    assert "urllib3" in everything.names, "the loggers were not at DEBUG"
    assert found(everything.text) == []
    for error in errors:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
        assert found(shown + repr(error)) == []


def test_no_child_is_started_and_no_variable_is_set(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("a child was started")

    for module, name in ((subprocess, "Popen"), (os, "system"), (os, "posix_spawn"), (os, "fork")):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, refused)
    before = dict(os.environ)
    for auth in SCHEMES:
        run_of(auth, authority, tls=False, is_wrong=False)
    assert dict(os.environ) == before


def test_every_form_is_looked_for() -> None:
    """The control: what is looked for is found."""
    for leak in (
        f"password={CANARY}",
        base64.b64encode(f"user:{CANARY}".encode()).decode(),
        base64.b64encode(f"a:{CANARY}".encode("latin-1")).decode(),
        base64.b64encode(CANARY.encode("utf-16-le")).decode(),
        CANARY.encode("utf-16-le").hex().upper(),
        f"https://u:{quote(CANARY)}@host/",
        repr({"password": CANARY}),
        repr(CANARY.encode()),
    ):
        assert found(leak), leak
    assert found("nothing of the kind") == []


def test_nothing_of_a_session_that_ended_keeps_running() -> None:
    gc.collect()
    assert not [thread.name for thread in threading.enumerate() if thread.name in ("heartbeat", "closing")]


def test_what_a_script_printed_holds_no_secret_but_all_else() -> None:
    target = SimpleNamespace(name="ex1.contoso.com", place="ex1.contoso.com")
    secret = 'pass"word'
    replies = Replies("n", target, Endings("ex1", (secret,)), HostClocks(VirtualClock()))  # type: ignore[arg-type]  # two names of it
    waiting = {"r1": Pending(Request("id", read("Get-UMDialPlan")), "r1")}
    data = {"ok": True, "output": f"line 1 {secret}\nline 2 pass&quot;word", "warnings": [f"given {secret}"]}
    one = waiting["r1"]
    assert replies.take([ReplyLine("r1", data, 100)], waiting) == []
    assert one.result == Reply((), ("given ***",), "line 1 ***\nline 2 ***")
