"""At most two refused logons for a credential in a run: over hosts, connections, ways to authenticate and threads."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pytest
from winrm.exceptions import InvalidCredentialsError

from providers.cmdlets.products import EXCHANGE, LYNC
from providers.simulator.wire.authentication import Accounts, Scheme
from providers.transport.session.pool import Connect, WinRMSessions
from providers.transport.settings import Adapter, Deadlines, Secret, Target, target_of
from providers.transport.wsman.logons import FAILED_LOGONS, LogonBudget, LogonsStopped, LogonsUsedUp
from providers.transport.wsman.winrs import WinRS, connect
from reconciler.model.commands import Authentication, Endpoint, Reply, read
from reconciler.model.diagnostics import AuthenticationFailed, PermanentError, SessionError, TransientError
from reconciler.model.ports import Request
from reconciler.run.retry import Retry
from tests.support.fakes import SeededRandom, VirtualClock
from tests.support.transport_support import connection
from tests.support.winrm_server import CMDLETS, PASSWORD, USER, TinyEstate, listening, wait_until


@pytest.mark.parametrize("is_known_to_be_good", [False, True])
def test_however_many_log_on_at_once_two_are_refused(is_known_to_be_good: bool) -> None:
    budget, asked, told = LogonBudget(), [], []
    if is_known_to_be_good:
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


def noting(budgets: dict[int, LogonBudget]) -> Connect:
    """Return a way to connect that notes every budget of logons."""

    def connecting(target: Target, budget: LogonBudget) -> WinRS:
        budgets[id(budget)] = budget
        return connect(target, budget)

    return connecting


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


def test_who_waits_for_a_logon_is_turned_away_when_the_run_ends_and_who_comes_later_is_not() -> None:
    """A host that never answers keeps its place; closing the others may take a logon again."""
    budget, held = LogonBudget(), threading.Event()
    told: list[LogonsStopped | None] = []

    def hang() -> None:
        with budget.attempt():
            held.wait(20)

    def wait() -> None:
        try:
            with budget.attempt():
                told.append(None)
        except LogonsStopped as error:
            told.append(error)

    hanging = [threading.Thread(target=hang) for _ in range(FAILED_LOGONS)]
    waiting = [threading.Thread(target=wait) for _ in range(3)]
    for thread in hanging:
        thread.start()
    wait_until(lambda: not budget.has_room)
    for thread in waiting:
        thread.start()
    wait_until(lambda: budget.waiting == len(waiting))
    budget.stop()
    for thread in waiting:
        thread.join(10)
    assert [type(one) for one in told] == [LogonsStopped] * 3
    held.set()
    for thread in hanging:
        thread.join(10)
    log_on_well(budget)


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("CONTOSO\\svc", "svc@contoso.com", True),
        ("svc", "Contoso\\SVC", True),
        ("CONTOSO\\svc", "CONTOSO\\svc2", False),
    ],
)
def test_an_account_counts_once_however_its_name_is_written(one: str, other: str, are_one: bool) -> None:
    keys = {target_of(connection(auth=Authentication.NTLM, user=user), None).credential for user in (one, other)}
    assert (len(keys) == 1) == are_one


@dataclass
class ManyHosts(TinyEstate):
    def hosts(self) -> tuple[str, ...]:
        return tuple(f"ex{number}.contoso.com" for number in range(1, 9))


@pytest.mark.parametrize("auth", [Authentication.BASIC, Authentication.NTLM, Authentication.CREDSSP])
def test_a_password_that_changes_during_the_run_is_refused_twice(auth: Authentication) -> None:
    """Every host has an open session when it happens, and all are asked at once."""
    estate = ManyHosts()
    endpoints = [Endpoint(EXCHANGE.connection, host) for host in estate.hosts()]
    with listening(Scheme(auth.value), estate=estate) as server:
        settings = connection(
            host="",
            via=("127.0.0.1", server.port),
            auth=auth,
            user=USER,
            password=Secret(PASSWORD),
            deadlines=Deadlines(operation=2, read=5),
        )
        clock = VirtualClock()
        with WinRMSessions([settings], allow=CMDLETS, clock=clock) as pool, ThreadPoolExecutor(8) as threads:

            def ask(name: str, there: Endpoint) -> object:
                try:
                    (reply,) = pool.open(there).invoke([Request(name, read("Get-Echo", Identity="x"))])
                except SessionError as error:
                    return error
                return reply

            assert {type(one) for one in threads.map(partial(ask, "before"), endpoints)} == {Reply}
            known, server.accounts = server.accounts, Accounts({USER: "another one"})
            server.close_connections()
            known.close()
            assert AuthenticationFailed in {type(one) for one in threads.map(partial(ask, "after"), endpoints)}
        assert server.counts.failed_authentications == FAILED_LOGONS


def test_a_host_that_is_silent_keeps_no_other_from_logging_on() -> None:
    """It answers nothing, so the credential is never shown to it, and its place is free."""
    with listening(Scheme.NTLM, estate=ManyHosts()) as server, ThreadPoolExecutor(4) as threads:
        silent = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        own = {
            f"silent{n}.contoso.com": {"address": "127.0.0.1", "port": one.getsockname()[1]}
            for n, one in enumerate(silent)
        }
        settings = connection(
            host="127.0.0.1",
            port=server.port,
            auth=Authentication.NTLM,
            user=USER,
            password=Secret(PASSWORD),
            deadlines=Deadlines(operation=2, read=10),
            hosts=own,
        )
        with WinRMSessions([settings], allow=CMDLETS, clock=VirtualClock()) as pool:

            def ask(host: str | None) -> object:
                request = Request("r", read("Get-Echo", Identity="x"))
                return pool.open(Endpoint(EXCHANGE.connection, host)).invoke([request])[0]

            hanging = [threads.submit(ask, host) for host in own]
            for one in silent:
                one.settimeout(10)
            taken = [one.accept()[0] for one in silent]
            assert isinstance(threads.submit(ask, None).result(8), Reply)
            assert not any(future.done() for future in hanging)
            for one in (*taken, *silent):
                one.close()
            for future in hanging:
                assert isinstance(future.exception(20), TransientError)


@pytest.mark.parametrize("auth", [Authentication.NTLM, Authentication.CREDSSP])
def test_a_session_that_is_sealed_goes_on_and_is_closed_when_the_credential_is_used_up(auth: Authentication) -> None:
    """Its messages show the credential to nobody; only a new connection would."""
    with listening(Scheme(auth.value), estate=ManyHosts()) as server:
        settings = connection(
            host="",
            via=("127.0.0.1", server.port),
            auth=auth,
            user=USER,
            password=Secret(PASSWORD),
            deadlines=Deadlines(operation=2, read=5),
        )
        requests = [Request("r", read("Get-Echo", Identity="x"))]
        budgets: dict[int, LogonBudget] = {}
        with WinRMSessions([settings], allow=CMDLETS, clock=VirtualClock(), connect=noting(budgets)) as pool:
            session = pool.open(Endpoint(EXCHANGE.connection, "ex1.contoso.com"))
            session.invoke(requests)
            (budget,) = budgets.values()
            for _ in range(FAILED_LOGONS):
                budget.refused()
            with pytest.raises(AuthenticationFailed):
                pool.open(Endpoint(EXCHANGE.connection, "ex2.contoso.com")).invoke(requests)
            assert isinstance(session.invoke(requests)[0], Reply)
        assert server.counts.open_shells == 0
        assert server.counts.authentications == 1
        assert server.counts.failed_authentications == 0


def test_the_end_of_a_run_turns_away_who_waits_for_a_logon() -> None:
    """Two silent hosts, to which Basic shows the credential at once, keep every place."""
    silent = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    own = {
        f"silent{n}.contoso.com": {"address": "127.0.0.1", "port": one.getsockname()[1]} for n, one in enumerate(silent)
    }
    settings = connection(host="127.0.0.1", auth=Authentication.BASIC, hosts=own, tls=False)
    budgets: dict[int, LogonBudget] = {}
    pool = WinRMSessions([settings], allow=CMDLETS, clock=VirtualClock(), connect=noting(budgets))
    with ThreadPoolExecutor(4) as threads:

        def ask(host: str) -> object:
            return pool.open(Endpoint(EXCHANGE.connection, host)).invoke([Request("r", read("Get-Echo"))])

        hanging = [threads.submit(ask, host) for host in list(own)[:2]]
        taken = [one.accept()[0] for one in silent[:2]]
        waiting = threads.submit(ask, list(own)[2])
        wait_until(lambda: [budget.waiting for budget in budgets.values()] == [1])
        closing = threads.submit(pool.close)
        told = waiting.exception(5)
        assert isinstance(told, PermanentError)
        assert told.diagnostics[0].summary == "Run ended"
        assert not any(future.done() for future in hanging)
        for one in (*taken, *silent):
            one.close()
        for future in hanging:
            future.exception(20)
        closing.result(20)


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
    auths = {EXCHANGE.connection: exchange, LYNC.connection: lync}
    schemes = {Scheme(auth.value) for auth in auths.values()}
    with listening(*schemes, estate=TinyEstate()) as server:
        settings = [
            connection(
                connection=kind,
                host="",
                via=("127.0.0.1", server.port),
                auth=auth,
                user=USER if kind is EXCHANGE.connection else USER.upper(),
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
