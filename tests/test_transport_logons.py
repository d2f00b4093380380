"""At most two refused logons for a credential in a run: over hosts, connections, ways to authenticate and threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from winrm.exceptions import InvalidCredentialsError

from providers.simulator.authentication import Scheme
from providers.transport.logons import FAILED_LOGONS, LogonBudget, LogonsUsedUp
from providers.transport.pool import WinRMSessions
from providers.transport.settings import Deadlines, Secret
from reconciler.errors import AuthenticationFailed
from reconciler.ports import Request
from reconciler.retry import Retry
from reconciler.values import Adapter, Authentication, Connection, Endpoint, read
from tests.fakes import SeededRandom, VirtualClock
from tests.transport_support import connection
from tests.winrm_server import CMDLETS, USER, TinyEstate, listening


@pytest.mark.parametrize("is_proven", [False, True])
def test_however_many_log_on_at_once_two_are_refused(is_proven: bool) -> None:
    budget, asked, told = LogonBudget(), [], []
    if is_proven:
        with budget.attempt():
            pass
    begin = threading.Barrier(12)

    def log_on() -> None:
        begin.wait(10)
        try:
            with budget.attempt():
                asked.append(threading.get_ident())
                raise InvalidCredentialsError("401")
        except (InvalidCredentialsError, LogonsUsedUp) as error:
            told.append(type(error))

    with ThreadPoolExecutor(12) as threads:
        for _ in range(12):
            threads.submit(log_on)
    assert len(asked) == FAILED_LOGONS
    assert told.count(LogonsUsedUp) == 12 - FAILED_LOGONS
    with pytest.raises(LogonsUsedUp):
        budget.check()


def test_a_good_credential_is_used_by_all() -> None:
    budget = LogonBudget()
    with ThreadPoolExecutor(8) as threads:
        for future in [threads.submit(log_on_well, budget) for _ in range(40)]:
            future.result(10)
    assert budget.failed == 0


def log_on_well(budget: LogonBudget) -> None:
    with budget.attempt():
        budget.check()


def test_what_fails_otherwise_is_no_refusal() -> None:
    budget = LogonBudget()
    for _ in range(5):
        with pytest.raises(ConnectionError), budget.attempt():
            raise ConnectionError
    assert budget.failed == 0
    log_on_well(budget)


@pytest.mark.parametrize(
    ("exchange", "lync"),
    [
        (Authentication.NTLM, Authentication.NTLM),
        (Authentication.BASIC, Authentication.NTLM),
        (Authentication.CREDSSP, Authentication.BASIC),
    ],
)
def test_an_account_is_one_account_however_it_logs_on(exchange: Authentication, lync: Authentication) -> None:
    """Both connections, all their hosts, all at once, under the engine's own retries; one writes the user otherwise."""
    auths = {Connection.EXCHANGE: exchange, Connection.LYNC: lync}
    schemes = {Scheme(auth.value) for auth in auths.values()}
    with listening(*schemes, estate=TinyEstate()) as server:
        settings = [
            connection(
                connection=kind,
                host="",
                via=("127.0.0.1", server.port),
                auth=auth,
                user=USER if kind is Connection.EXCHANGE else USER.upper(),
                password=Secret("wrong"),
                adapter=Adapter.AUTO,
                deadlines=Deadlines(operation=2, read=5),
            )
            for kind, auth in auths.items()
        ]
        retry = Retry(VirtualClock(), SeededRandom())
        with WinRMSessions(settings, allow=CMDLETS, clock=VirtualClock()) as pool, ThreadPoolExecutor(8) as threads:

            def ask(there: Endpoint) -> list[object]:
                request = Request("r", read("Get-Echo", Identity="x"))
                return list(retry.invoke(lambda: pool.open(there), [request], lambda *_: None))

            endpoints = [
                Endpoint(kind, host) for kind in auths for host in (None, "ex1.contoso.com", "fe1.contoso.com")
            ]
            results = [result for ended in threads.map(ask, endpoints * 3) for result in ended]
        assert {type(result) for result in results} == {AuthenticationFailed}
        assert server.counts.failed_authentications == FAILED_LOGONS
