"""A Kerberos service of our own on the loopback: MIT's KDC as a child process, unprivileged, with its own files.

A plugin of pytest that ``test_kerberos`` asks for: it brings the fixtures ``kdc`` and ``ticket``, and the marker
``kerberos``, which is set on every test that uses them. Where the Debian packages or the Python packages are absent,
those tests are skipped with their names.

Three realms, so that a ticket may come from elsewhere: ``CONTOSO.COM`` has the service HTTP/localhost and trusts
``FABRIKAM.COM``, of which every user can therefore prove to the service who it is; ``NORTHWIND.COM`` is a stranger.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

HOME: Final = "CONTOSO.COM"
TRUSTED: Final = "FABRIKAM.COM"
STRANGE: Final = "NORTHWIND.COM"
USERS: Final = (f"reconciler@{HOME}", f"mallory@{HOME}", f"reconciler@{TRUSTED}", f"reconciler@{STRANGE}")
SERVICE: Final = f"HTTP/localhost@{HOME}"
LONGEST_SECONDS: Final = 20.0

_PROGRAMS: Final = {
    "krb5kdc": "krb5-kdc",
    "kdb5_util": "krb5-kdc",
    "kadmin.local": "krb5-admin-server",
    "kinit": "krb5-user",
    "klist": "krb5-user",
}
"""Each with the Debian package that has it."""
_MODULES: Final = ("kerberos", "gssapi", "krb5")
_PATH: Final = os.pathsep.join(
    (os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin")
)  # a user's lacks the last two


def missing() -> str | None:
    """Return what these tests lack here and where to get it, or None."""
    if sys.platform == "win32":
        return "MIT Kerberos is run on Linux alone"
    packages = sorted({package for program, package in _PROGRAMS.items() if not shutil.which(program, path=_PATH)})
    modules = [name for name in _MODULES if importlib.util.find_spec(name) is None]
    told = [f"Debian packages {' '.join(packages)}"] if packages else []
    told += [f"the Python extra [kerberos] ({', '.join(modules)})"] if modules else []
    return f"missing: {' and '.join(told)}; `make test` as root installs them" if told else None


# --- the service -----------------------------------------------------------------------------------------------------


@dataclass
class KDC:
    """A running service. ``variables`` lead every program that speaks Kerberos to it, and to nothing else."""

    directory: Path
    ports: Mapping[str, int]
    passwords: Mapping[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def keytab(self) -> Path:
        """The key of HTTP/localhost, for the side that accepts."""
        return self.directory / "http.keytab"

    @property
    def variables(self) -> dict[str, str]:
        return {
            "KRB5_CONFIG": str(self.directory / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(self.directory / "kdc.conf"),
            "KRB5RCACHEDIR": str(self.directory),
            "KRB5CCNAME": f"FILE:{self.directory / 'none.ccache'}",
            "KRB5_CLIENT_KTNAME": f"FILE:{self.directory / 'none.keytab'}",
        }

    def start(self) -> KDC:
        _write_configuration(self.directory, self.ports)
        for realm in self.ports:
            self.run("kdb5_util", "-r", realm, "create", "-s", "-P", secrets.token_hex())
        for user, password in self.passwords.items():
            self._administer(user.partition("@")[2], f"addprinc -pw {password} {user}")
        between = secrets.token_hex()
        for realm in (HOME, TRUSTED):
            self._administer(realm, f"addprinc -pw {between} krbtgt/{HOME}@{TRUSTED}")
        self._administer(HOME, f"addprinc -randkey {SERVICE}")
        self._administer(HOME, f"ktadd -k {self.keytab} {SERVICE}")
        self._serve()
        return self

    def ticket(self, user: str, *, lifetime: str = "1h", forwardable: bool = False) -> str:
        """Log ``user`` on; return the name of the new cache that holds the ticket, for KRB5CCNAME."""
        cache = f"FILE:{self.directory / secrets.token_hex(8)}.ccache"
        forward = "-f" if forwardable else "-F"
        self.run("kinit", forward, "-l", lifetime, "-c", cache, user, typed=f"{self.passwords[user]}\n")
        return cache

    def is_good(self, cache: str) -> bool:
        """True while the ticket in ``cache`` has not expired."""
        return self._run("klist", "-s", "-c", cache).returncode == 0

    def age(self, cache: str, seconds: int) -> None:
        """Make the ticket in a cache one that expired so long ago: its times stand there in clear, four in a row."""
        path = Path(cache.removeprefix("FILE:"))
        text = path.read_bytes()
        now = int(time.time())
        found = [
            at
            for at in range(len(text) - 12)
            if (times := struct.unpack_from(">III", text, at))[0] == times[1]
            and 0 <= now - times[0] < 300
            and 3590 <= times[2] - times[1] <= 3600
        ]
        assert len(found) == 1, found
        (at,) = found
        path.write_bytes(text[:at] + struct.pack(">III", *[now - seconds - 3600] * 2, now - seconds) + text[at + 12 :])

    def run(self, program: str, *arguments: str, typed: str = "") -> None:
        ended = self._run(program, *arguments, typed=typed)
        assert ended.returncode == 0, (program, arguments, ended.stdout, ended.stderr)

    def close(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(LONGEST_SECONDS)

    def _administer(self, realm: str, query: str) -> None:
        self.run("kadmin.local", "-r", realm, "-q", query)

    def _run(self, program: str, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._found(program), *arguments],
            env=self._environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )

    def _serve(self) -> None:
        realms = [argument for realm in self.ports for argument in ("-r", realm)]
        with (self.directory / "krb5kdc.out").open("wb") as out:
            command = [self._found("krb5kdc"), "-n", *realms]
            self.process = subprocess.Popen(command, env=self._environment, stdout=out, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + LONGEST_SECONDS
        for port in self.ports.values():
            while not _listens(port):
                assert self.process.poll() is None, (self.directory / "krb5kdc.out").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.01)

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": _PATH, "LC_ALL": "C", **self.variables}

    @staticmethod
    def _found(program: str) -> str:
        found = shutil.which(program, path=_PATH)
        assert found is not None
        return found


def _write_configuration(directory: Path, ports: Mapping[str, int]) -> None:
    realms = "\n".join(f"  {realm} = {{\n    kdc = 127.0.0.1:{port}\n  }}" for realm, port in ports.items())
    (directory / "krb5.conf").write_text(
        f"""\
[libdefaults]
  default_realm = {HOME}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
{realms}
[domain_realm]
  localhost = {HOME}
[capaths]
  {TRUSTED} = {{
    {HOME} = .
  }}
[logging]
  default = FILE:{directory / "krb5.log"}
""",
        "utf-8",
    )
    served = "\n".join(
        f"""\
  {realm} = {{
    database_name = {directory / realm}
    key_stash_file = {directory / realm}.stash
    acl_file = {directory / realm}.acl
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
    max_life = 1d
  }}"""
        for realm, port in ports.items()
    )
    logging = f"[logging]\n  kdc = FILE:{directory / 'kdc.log'}\n"
    (directory / "kdc.conf").write_text(f"[kdcdefaults]\n[realms]\n{served}\n{logging}", "utf-8")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


# --- the plugin ------------------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kerberos: runs against MIT's KDC; skipped where Kerberos is not installed")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Set the marker before ``-m`` chooses by it."""
    lacking = missing()
    for item in items:
        if "kdc" in getattr(item, "fixturenames", ()):
            item.add_marker("kerberos")
            if lacking:
                item.add_marker(pytest.mark.skip(reason=lacking))


@pytest.fixture(scope="session")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KDC]:
    """The service, for all tests of this process."""
    ports = dict(zip((HOME, TRUSTED, STRANGE), _free_ports(3), strict=True))
    passwords = {user: secrets.token_hex(12) for user in USERS}
    service = KDC(tmp_path_factory.mktemp("kdc"), ports, passwords)
    try:
        yield service.start()
    finally:
        service.close()


@pytest.fixture
def ticket(kdc: KDC, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Lead this process to the service, as acceptor too; return the way to log a user on in it."""
    for name, value in kdc.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KRB5_KTNAME", f"FILE:{kdc.keytab}")

    def log_on(user: str = USERS[0], *, lifetime: str = "1h", forwardable: bool = False) -> str:
        cache = kdc.ticket(user, lifetime=lifetime, forwardable=forwardable)
        monkeypatch.setenv("KRB5CCNAME", cache)
        return cache

    return log_on
