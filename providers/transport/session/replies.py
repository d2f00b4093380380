"""Finds the request that each reply of a process answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from providers.transport import wire
from providers.transport.session.endings import Endings
from providers.transport.session.host_clocks import HostClocks
from providers.transport.session.pending import Pending, Result
from providers.transport.session.records import error_of
from providers.transport.settings import Target, without_secrets
from providers.transport.wsman.shell import Gone, Output
from reconciler.model.commands import Reply

Waiting: TypeAlias = dict[str, Pending]
"""Requests without a reply, by their id on the wire."""


class Replies:
    """The output of one process. Output that breaks the protocol ends the session: ``Gone``."""

    def __init__(self, nonce: str, target: Target, endings: Endings, clocks: HostClocks) -> None:
        self.nonce = nonce
        self.clocks = clocks
        self.is_exhausted = False
        """The process ran out of memory in a command; the next command needs a new process."""
        self._reader = wire.LineReader(nonce)
        self._host = target.name or target.place
        self._endings = endings

    def is_torn_after(self, stdout: bytes) -> bool:
        """Return True if a reply is cut off at the end of the next output, so that more output certainly comes."""
        return self._reader.is_torn_after(stdout)

    def feed(self, output: Output) -> list[wire.Line]:
        """Return the complete lines; note the host's clocks in them."""
        try:
            lines = self._reader.feed(output.stdout)
        except wire.WireError as error:
            raise Gone(self._endings.lost(str(error))) from error
        for line in lines:
            if isinstance(line, wire.ReplyLine | wire.Ready):
                self.clocks.note(line.clocks)
        return lines

    def take(self, lines: Iterable[wire.Line], waiting: Waiting) -> list[Pending]:
        """Set the results of the requests that ``lines`` answer; return the requests that the runner never read."""
        unknown: list[Pending] = []
        for line in lines:
            if not isinstance(line, wire.ReplyLine) or (one := waiting.get(line.id)) is None:
                continue
            if _is_unknown(line.data):
                unknown.append(one)
                continue
            one.result = self._result(line, one)
            if one.result is not None:
                del waiting[line.id]
        return unknown

    def _result(self, line: wire.ReplyLine, one: Pending) -> Result | None:
        if line.data.get("ok") is True:
            try:
                return self._masked(one.assembly.add(line))
            except wire.WireError as error:
                raise Gone(self._endings.lost(str(error))) from error
        failure = error_of(line.data.get("error"), one.request, self._host, self._endings.secrets)
        if failure.record is not None and failure.record.type == "OutOfMemoryException":
            self.is_exhausted = True
        return failure

    def _masked(self, reply: Reply | None) -> Reply | None:
        """Return the reply without secrets in its texts for people, which state and log keep."""
        if reply is None or not (reply.output or reply.warnings):
            return reply
        secrets = self._endings.secrets
        warnings = tuple(without_secrets(text, secrets) for text in reply.warnings)
        return replace(reply, warnings=warnings, output=without_secrets(reply.output, secrets))


def _is_unknown(data: Mapping[str, Any]) -> bool:
    error = data.get("error")
    return data.get("ok") is not True and isinstance(error, dict) and error.get("type") == "UnknownId"
