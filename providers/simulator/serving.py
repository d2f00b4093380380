"""The process of the simulator: what ``reconciler simulate`` runs, and an environment with a simulator for itself."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from providers.simulator.wire.authentication import Scheme, missing_for_kerberos
from providers.simulator.wire.certificates import Authority
from providers.simulator.wire.faults import FaultPlan
from providers.simulator.wire.server import Server, Settings
from providers.simulator.wire.shell_command import Start
from reconciler.model.diagnostics import Diagnostic, ReconcilerError

if TYPE_CHECKING:
    from providers.simulator.estate.estate import Estate as World


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The options of ``reconciler simulate``."""

    world: Path
    changes: Path | None = None
    """Where changes of the world are kept; None: they end with the server."""
    port: int = 0
    """0: any free one."""
    tls: bool = False
    auth: str = "ntlm"
    """basic, ntlm, kerberos, credssp or certificate; the last implies TLS."""
    latency_milliseconds: int = 0
    parent_pipe: bool = False
    """Another process starts it: one JSON line on stdin is the account, and the end of stdin ends the server."""
    user: str = "CONTOSO\\reconciler"
    """The user, unless another process starts the server."""
    keytab: Path | None = None
    """For Kerberos: the key of HTTP/localhost."""
    faults: tuple[Mapping[str, object], ...] = ()
    """Rules of a FaultPlan, in addition to those of the world."""
    powershell: Callable[[], str] | None = None
    """Returns the PowerShell to start on the hosts; None: a PowerShell simulated in Python answers."""


def wait_for_interrupt() -> None:
    """Wait until Ctrl-C."""
    while True:
        time.sleep(86_400)  # which Ctrl-C ends on Windows too, unlike a lock


def serve(
    options: ServeOptions,
    stdin: BinaryIO,
    stdout: TextIO,
    wait: Callable[[], None] = wait_for_interrupt,
) -> int:
    """Run the simulator until its parent closes ``stdin``, or until Ctrl-C; return the exit code.

    With ``parent_pipe`` one line ``{"user","password"}`` is read from ``stdin`` and one line is written to ``stdout``:
    ``{"port","url","second_hop","exchange","lync"}`` (the last two are the entry hosts), with ``ca`` over TLS and
    ``certificate`` and ``key`` of the client where it shows one; or ``{"error"}``, with exit code 1. ``second_hop`` is
    false where a script needs a credential that a plain logon does not give.

    Raises:
        ReconcilerError: without ``parent_pipe``: it cannot start; the diagnostics say why.
    """
    _catch_signals(is_child=options.parent_pipe)
    try:
        with ExitStack() as stack:
            user, password, is_generated = _account(options, stdin)
            server, files, has_hop = _open(options, {user: password}, stack)
            if options.parent_pipe:
                ready = {"port": server.port, "url": server.url, "second_hop": has_hop, **_entries(server)}
                _say(stdout, json.dumps(ready | {name: str(path) for name, path in files.items()}))
                while stdin.read(1):
                    pass
            else:
                _say(stdout, _welcome(options, server, user, password if is_generated else None, files))
                wait()
    except ReconcilerError as error:
        if not options.parent_pipe:
            raise
        lines = [
            f"{one.position}: {one.summary}: {one.detail}" if one.position else f"{one.summary}: {one.detail}"
            for one in error.diagnostics
        ]
        _say(stdout, json.dumps({"error": "\n".join(lines)}))
        return 1
    except KeyboardInterrupt:
        return 0 if options.parent_pipe else 130
    return 0


def _entries(server: Server) -> Mapping[str, str]:
    """Return the hosts at which Exchange and Lync are entered: the first of each."""
    lync = next((host for host in server.hosts if server.about(host).get("is_lync")), server.entry_host)
    return {"exchange": server.entry_host, "lync": lync}


def _open(options: ServeOptions, users: Mapping[str, str], stack: ExitStack) -> tuple[Server, Mapping[str, Path], bool]:
    """Start the server; return it, the files its clients need by name, and if a script needs no delegation."""
    from providers.simulator.estate.estate import Estate as World

    scheme = _scheme(options)
    try:
        world = World.open(options.world, options.changes)
        faults = FaultPlan.parse([*world.faults, *options.faults])
    except (OSError, ValueError) as error:
        raise _cannot_start(f"{options.world}: {error}.", "Correct the world file, or name another one.") from error
    settings = Settings(
        users=users,
        schemes=frozenset({scheme}),
        port=options.port,
        dns_domain=world.entry_host().partition(".")[2] or "localdomain",
        latency_seconds=options.latency_milliseconds / 1000,
    )
    files: Mapping[str, Path] = {}
    if options.tls or scheme is Scheme.CERTIFICATE:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="reconciler-simulator-"))
        settings, files = _with_tls(settings, Path(directory))
    start = _engine(options, world, users, stack)
    try:
        server = stack.enter_context(Server(world, settings, faults, start))
        return server, files, not world.enforces_second_hop
    except OSError as error:
        detail = f"Port {options.port} cannot be opened: {error.strerror}."
        raise _cannot_start(detail, "Name another port; --port 0 takes any free one.") from error
    except ValueError as error:
        raise _cannot_start(f"{error}.", "Name another user.") from error


def _engine(options: ServeOptions, world: World, users: Mapping[str, str], stack: ExitStack) -> Start | None:
    """Return the function that starts the command of a shell; None for the interpreter."""
    if options.powershell is None:
        return None
    from providers.simulator.powershell.engine import PowerShellEngine

    def is_password(user: str, password: str) -> bool:
        return hmac.compare_digest(users.get(user, secrets.token_hex()).encode(), password.encode())

    engine = PowerShellEngine(world, is_password, options.powershell(), any_script=not options.parent_pipe)
    return stack.enter_context(engine).start


def _with_tls(settings: Settings, directory: Path) -> tuple[Settings, Mapping[str, Path]]:
    """Return the settings with a certificate made for this run, and the files that clients need of it."""
    authority = Authority(directory)
    settings = replace(settings, certificate=authority.issue_server())
    files = {"ca": authority.path}
    if Scheme.CERTIFICATE in settings.schemes:
        user = next(iter(settings.users)).rpartition("\\")[2]
        client = authority.issue_client(f"{user}@{settings.dns_domain}")
        files |= {"certificate": client.certificate, "key": client.key}
        settings = replace(settings, client_ca=authority.path)
    return settings, files


def _scheme(options: ServeOptions) -> Scheme:
    """Return the authentication method, and prepare it."""
    names = [scheme.value for scheme in Scheme]
    if options.auth not in names:
        raise _cannot_start(f'"{options.auth}" is not an authentication method.', f"Name one of: {', '.join(names)}.")
    if options.auth == Scheme.KERBEROS.value:
        missing = missing_for_kerberos()
        if missing:
            raise _cannot_start(
                f"Kerberos needs the Python package {missing}, which is missing.",
                "On Debian install gcc, python3-dev and libkrb5-dev, then:\n  pip install 'pyspnego[kerberos]'",
            )
        if options.keytab is None or not options.keytab.is_file():
            raise _cannot_start("The keytab is missing.", "Name a keytab with the key of HTTP/localhost.")
        os.environ["KRB5_KTNAME"] = str(options.keytab)
    return Scheme(options.auth)


def _cannot_start(detail: str, remedy: str) -> ReconcilerError:
    return ReconcilerError(Diagnostic("Simulator cannot start", detail, remedy))


def _account(options: ServeOptions, stdin: BinaryIO) -> tuple[str, str, bool]:
    """Return user and password, and whether the password was made here."""
    if not options.parent_pipe:
        given = os.environ.get("RECONCILER_SIMULATOR_PASSWORD")
        return options.user, given or secrets.token_urlsafe(12), not given
    try:
        account = json.loads(stdin.readline(65536))
        user, password = account["user"], account["password"]
    except (ValueError, KeyError, TypeError):
        user = password = None
    if not (isinstance(user, str) and isinstance(password, str) and user and password):
        raise _cannot_start(
            "The first line of standard input is not a JSON object with user and password.",
            "Only programs should use --parent-pipe.",
        )
    return user, password, False


def _catch_signals(*, is_child: bool) -> None:
    """Ignore signals in a child process, and end on SIGTERM otherwise.

    Ctrl-C and job control signal the whole process group. The parent may have calls to finish, so a child ends only
    when the parent's pipe closes.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if is_child:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, signal.SIG_IGN if is_child else lambda received, _: sys.exit(128 + received))


def _say(stdout: TextIO, text: str) -> None:
    stdout.write(text + "\n")
    stdout.flush()


def _welcome(options: ServeOptions, server: Server, user: str, password: str | None, files: Mapping[str, Path]) -> str:
    """Return the greeting for a person who runs the simulator; with the password only if it was generated."""
    hosts, url = server.hosts, server.url
    signed = {
        "user": user,
        "password": f"{password} (made for this run, shown once)" if password else "RECONCILER_SIMULATOR_PASSWORD",
    }
    if options.auth == Scheme.KERBEROS.value:
        # Under the name that the keytab is for: a client asks for a ticket to the very host of its URL.
        url = url.replace(server.settings.address, "localhost", 1)
        realm = server.settings.dns_domain.upper()
        account = user.rpartition("\\")[2]
        signed = {"ticket": f"kinit {account}@{realm}"}
    shown = {
        "URL": f"{url} ({server.entry_host})",
        "any host": f"{url}/HOST",
        "hosts": ", ".join(hosts[:6]) + (f" and {len(hosts) - 6} more" if len(hosts) > 6 else ""),
        "sign in": f"{options.auth}" + ("" if server.policy.is_tls or options.auth == "basic" else ", sealed"),
        **signed,
        **{name: str(path) for name, path in files.items()},
        **({} if options.powershell is None else {"engine": "a real PowerShell, with stub cmdlets"}),
    }
    lines = [f"  {name:<12}{value}" for name, value in shown.items()]
    kept = f"changes are kept in {options.changes}" if options.changes else "changes are not kept"
    return "\n".join([f"Simulating {options.world}", "", *lines, "", f"Ctrl-C ends it; {kept}."])
