"""A secret appears nowhere: on no stream, not in state, plan, log or world, not in what others list of a process."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.cli import CHILD, Started, contoso, little, started, wait_until, with_ports

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes through /proc")

CANARY = "Kanarie<n>\"v&gel' 7ö+/%\\zebra"
"""With a character for each encoding to change."""


def _inner(encoded: Callable[[bytes], bytes], secret: bytes) -> list[bytes]:
    """Return what every base64 of something that holds ``secret`` holds too, whatever stands before it."""
    found = []
    for shift in range(3):
        whole = encoded(b"\0" * shift + secret)
        found.append(whole[(shift * 8 + 5) // 6 + 1 : -4])
    return found


ENCODINGS: Mapping[str, Callable[[str], list[bytes]]] = {
    "text": lambda secret: [secret.encode()],
    "latin-1": lambda secret: [secret.encode("latin-1", "replace")],
    "utf-16": lambda secret: [secret.encode("utf-16-le")],
    "base64": lambda secret: _inner(base64.b64encode, secret.encode()),
    "base64 of latin-1": lambda secret: _inner(base64.b64encode, secret.encode("latin-1", "replace")),
    "base64 of utf-16": lambda secret: _inner(base64.b64encode, secret.encode("utf-16-le")),
    "base64 for URLs": lambda secret: _inner(base64.urlsafe_b64encode, secret.encode()),
    "hex": lambda secret: [secret.encode().hex().encode(), secret.encode().hex().upper().encode()],
    "hex of utf-16": lambda secret: [secret.encode("utf-16-le").hex().encode()],
    "url": lambda secret: [urllib.parse.quote(secret, safe="").encode(), urllib.parse.quote_plus(secret).encode()],
    "json": lambda secret: [json.dumps(secret)[1:-1].encode()],
    "xml": lambda secret: [html.escape(secret).encode(), html.escape(secret, quote=False).encode()],
    "repr": lambda secret: [repr(secret)[1:-1].encode()],
}


def seen(secret: str, places: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Return every place that holds ``secret``, with the encoding."""
    forms = {(name, form) for name, encode in ENCODINGS.items() for form in encode(secret)}
    return sorted((place, name) for place, content in places.items() for name, form in forms if form in content)


def files_of(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == pid:
                found.append(int(entry.name))
    return found


def public_of(pid: int) -> dict[str, bytes]:
    """Return what others can list of a process and of its children: command lines, and the children's environment."""
    own = Path(f"/proc/{pid}")
    given = set((own / "environ").read_bytes().split(b"\0"))
    places = {f"command line of {pid}": (own / "cmdline").read_bytes()}
    for child in children_of(pid):
        entry = Path(f"/proc/{child}")
        added = set((entry / "environ").read_bytes().split(b"\0")) - given
        places[f"command line of {child}"] = (entry / "cmdline").read_bytes()
        places[f"environment of {child}"] = b"\0".join(sorted(added))
    return places


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_control_a_planted_secret_is_seen_in_every_encoding(encoding: str, tmp_path: Path) -> None:
    for number, form in enumerate(ENCODINGS[encoding](CANARY)):
        (tmp_path / f"{number}").write_bytes(b"before " + form + b" after")
    places = files_of(tmp_path)
    assert {place for place, _ in seen(CANARY, places)} == set(places)
    assert seen("another secret, not there", places) == []


def test_control_a_secret_inside_other_base64_is_seen() -> None:
    header = base64.b64encode(f"CONTOSO\\reconciler:{CANARY}".encode())
    assert seen(CANARY, {"header": header})


def test_password_of_a_connection_is_seen_nowhere(tmp_path: Path) -> None:
    """Plan, saved plan, apply and a failing logon over Basic and TLS, with the password out of the environment."""
    environment = contoso(tmp_path / "place" / "contoso", lagging=False)
    server_directory = tmp_path / "server"
    server_directory.mkdir()
    (environment.directory / "world.yaml").rename(server_directory / "world.yaml")
    serving = ("simulate", "world.yaml", "--tls", "--auth", "basic", "--port", "0", "--changes", "world.json")
    with started(*serving, cwd=server_directory, RECONCILER_SIMULATOR_PASSWORD=CANARY) as server:
        wait_until(lambda: "Ctrl-C ends it" in server.out, server.process)
        told = _told(server)
        entry = (
            "{{host: {host}, port: {port}, tls: true, ca: {ca}, auth: basic, user: '{user}', password: 'env:CANARY'}}"
        )
        connections = "".join(
            f"  {name}: {entry.format(host=host, **told)}\n"
            for name, host in (("exchange", "ex1.contoso.com"), ("lync", "fe1.contoso.com"))
        )
        environment.edit("contoso.yaml", "  simulator: world.yaml", connections)
        chosen = with_ports(via=["127.0.0.1", int(told["port"])])
        git = environment.directory.parent / "bin" / "git"
        git.parent.mkdir()
        git.write_text(f'#!/bin/sh\nenv >"$0.given"\nexec {shutil.which("git")} "$@"\n')
        git.chmod(0o755)
        environment.variables["PATH"] = f"{git.parent}:/usr/bin:/bin"
        subprocess.run(["git", "init", "-q", str(environment.directory)], check=True)
        places: dict[str, bytes] = {}

        def command(name: str, *arguments: str, code: int = 0, password: str = CANARY) -> None:
            with environment.started(*arguments, entry=CHILD, **chosen, CANARY=password) as child:
                wait_until(lambda: bool(child.out + child.err) or child.process.poll() is not None)
                if child.process.poll() is None:
                    places.update(public_of(child.pid))
                ran = child.end().has(code)
                places[f"{name} out"], places[f"{name} err"] = ran.out.encode(), ran.err.encode()

        # Basic reaches no second host, which exchucutil needs.
        command("plan", "plan", "--exclude", "exchucutil", "--out", "../saved.plan", "--commands")
        command("apply", "--log", "../apply.log", "apply", "../saved.plan", "--json")
        command("no logon", "--log", "../logon.log", "plan", code=1, password=CANARY + "!")
    places |= files_of(environment.directory.parent) | files_of(server_directory)
    assert any(place.endswith("state.db") for place in places)
    assert any(place.endswith("world.json.log") for place in places)
    assert any(place.endswith("apply.log") for place in places)
    assert any(place.endswith("git.given") and b"PATH=" in content for place, content in places.items())
    assert seen(CANARY, places) == []


def _told(server: Started) -> dict[str, str]:
    rows = dict(re.findall(r"^  (\S+(?: in)?) +(\S+)", server.out, re.MULTILINE))
    return {"port": re.search(r":(\d+)/wsman", rows["URL"])[1], "user": rows["user"], "ca": rows["ca"]}  # type: ignore[index]  # it ends with a port


def test_throw_away_password_of_a_simulator_is_seen_nowhere(tmp_path: Path) -> None:
    environment = little(tmp_path / "place" / "little")
    note = tmp_path / "password"
    log = ("--log", "../apply.log", "apply", "--auto-approve", "--commands")
    key = {"RECONCILER_PLAN_KEY": "env:KEY", "KEY": CANARY}
    with environment.started(*log, entry=CHILD, **with_ports(note=str(note)), **key) as child:
        wait_until(lambda: bool(environment.writes()), child.process)
        places = public_of(child.pid)
        simulators = {f"{number}": Path(f"/proc/{number}/environ").read_bytes() for number in children_of(child.pid)}
        ran = child.end().has(0)
    assert any("command line of" in place and b"--parent-pipe" in told for place, told in places.items())
    places |= {"out": ran.out.encode(), "err": ran.err.encode()} | files_of(environment.directory.parent)
    assert any(place.endswith("apply.log") for place in places)
    assert any(b"PATH=" in given for given in simulators.values())
    assert seen(CANARY, simulators) == []
    password = note.read_text("utf-8")
    assert len(password) >= 24
    assert seen(password, places) == []
    assert seen(password, {"note": note.read_bytes()}), "the password is seen where it is"
