"""The start of a session: the constants sent to a host, and the request that makes the runner ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from providers.transport import wire
from providers.transport.settings import Adapter, Target
from reconciler.model.commands import Authentication

PROTOCOL: Final = 1
INIT_ID: Final = "0"


@dataclass(frozen=True, slots=True)
class Runner:
    """The bootstrap and the runner, unchanged from their files: no script is ever built from data.

    The runner consists of the files of its folder, joined in the order of their names.
    """

    bootstrap: str
    script: bytes

    @classmethod
    def shipped(cls) -> Runner:
        here = files("providers.transport")
        parts = sorted((here / "runner").iterdir(), key=lambda part: part.name)
        script = b"".join(part.read_bytes() for part in parts if part.name.endswith(".ps1"))
        return cls((here / "bootstrap.ps1").read_text("ascii"), script)


@dataclass(frozen=True, slots=True)
class Greeting:
    """The first input of every process on a host."""

    target: Target
    runner: Runner
    allow: Sequence[str]
    always: Mapping[str, str]

    def lines(self, nonce: str) -> bytes:
        """Return the runner and the init request, as lines of standard input."""
        return wire.encode_script(self.runner.script) + wire.encode(self._init(nonce))

    def _init(self, nonce: str) -> dict[str, wire.Json]:
        settings = self.target.settings
        init: dict[str, wire.Json] = {
            "op": "init",
            "id": INIT_ID,
            "nonce": nonce,
            "protocol": PROTOCOL,
            "adapter": settings.adapter.value,
            "allow": list(self.allow),
            "always": dict(self.always),
            "deflate": wire.DEFLATE_FROM,
        }
        if self._needs_credential and settings.password is not None:
            init["credential"] = {"user": settings.user, "password": {"$secure": settings.password.reveal()}}
        return init

    @property
    def _needs_credential(self) -> bool:
        """True if the runner must log on again at the server's own endpoint, because NTLM cannot be forwarded."""
        settings = self.target.settings
        is_remote = settings.adapter in (Adapter.AUTO, Adapter.REMOTE)
        return is_remote and settings.auth is Authentication.NTLM and settings.via is None


def ready(lines: Iterable[wire.Line]) -> wire.Ready | wire.ReplyLine | None:
    """Return the runner's answer to init in ``lines``: ready, or the error."""
    for line in lines:
        if isinstance(line, wire.Ready) or (isinstance(line, wire.ReplyLine) and line.id == INIT_ID):
            return line
    return None
