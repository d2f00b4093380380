"""The channel to one host: takes requests and returns results in the same order, over one process that answers by id.

The runner remembers the id and the reply of every request, so no command runs twice while the process lives. After the
process has ended, reads fail as transient, and sent writes as ambiguous.

Two modes. *Stream*: one process serves the whole run over an open standard input (``conversation``). *Batch*: one
process per call (``batch``), for hosts where the probe shows that input does not stream. Between two calls, a process
is replaced if it served many requests, is old, or ran out of memory; ``beat`` keeps an idle one alive.
"""

from __future__ import annotations

import secrets as random_source
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from providers.transport import wire
from providers.transport.session.batch import BATCH, BATCH_BYTES, run_batch
from providers.transport.session.conversation import Conversation
from providers.transport.session.endings import Endings
from providers.transport.session.greeting import Greeting
from providers.transport.session.host import Host
from providers.transport.session.host_clocks import HostClocks
from providers.transport.session.opening import Opening
from providers.transport.session.pending import Pending, Result, ask_permission, bursts
from providers.transport.settings import SessionMode
from providers.transport.wsman.shell import Gone, NotTaken, TooLate, Unconfirmed
from providers.transport.wsman.winrs import WinRS
from reconciler.model.commands import Shell
from reconciler.model.diagnostics import PermanentError, SessionError, TransientError
from reconciler.model.ports import Clock, Request


class Channel:
    """One session to a host. Not thread-safe; ``channels`` gives it to one thread at a time."""

    def __init__(
        self,
        greeting: Greeting,
        *,
        connect: Callable[[], WinRS],
        clock: Clock,
        nonce: Callable[[], str] = lambda: random_source.token_hex(8),
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.mode = greeting.target.settings.mode
        self.load_seconds: float | None = None
        """The seconds until the last process answered; None before the first one."""
        self._endings = Endings(greeting.target.place, greeting.target.secrets)
        self._host = Host(greeting.target, clock, HostClocks(clock), self._endings, is_stopped)
        self._opening = Opening(greeting, self._host, connect=connect, nonce=nonce)
        self._conversation: Conversation | None = None
        self._pinned: Mapping[str, str] = {}
        """The ``always`` parameters of the running process."""
        self._attempts: dict[str, int] = {}

    @property
    def shell(self) -> Shell | None:
        """The shell of the running process; None if the next call opens one."""
        return None if self._conversation is None else self._conversation.process.shell

    @property
    def overhead_seconds(self) -> float:
        """The time that a call takes beside its commands: in batch mode it starts a process."""
        return self._opening.load_seconds if self.mode is SessionMode.BATCH else 0.0

    @property
    def about(self) -> Mapping[str, Any]:
        """The facts that the runner found on the host; empty before it is ready."""
        return self._opening.about

    def pin(self, always: Mapping[str, str]) -> None:
        """Add these parameters to every call from now on. Sends nothing; any thread may call it.

        The runner reads them only when it begins, so the next call replaces a process that has other parameters. A
        separate request could be lost, and then later calls would silently reach another domain controller.
        """
        self._opening.greeting = replace(self._opening.greeting, always=dict(always))

    def open(self) -> None:
        """Open the session before the first call; in batch mode each call opens a process of its own.

        Raises:
            SessionError: it could not be opened.
        """
        if self.mode is not SessionMode.BATCH:
            self._open()

    # --- calls

    def invoke(self, requests: Sequence[Request]) -> list[Result]:
        """Return the result of each request, in their order.

        Raises:
            SessionError: the channel could not be opened; nothing was sent.
            TypeError: a command contains a ``NameOf`` without its name.
        """
        if self._host.is_stopped():
            raise self._endings.stopped()
        asked = [self._pending(request) for request in requests]
        pending = {one.wire_id: one for one in asked}
        send = self._invoke_batches if self.mode is SessionMode.BATCH else self._invoke_stream
        send(list(pending.values()))
        for one in pending.values():
            self._note_attempt(one)
        return [pending[one.wire_id].result or self._endings.unsent(one) for one in asked]

    def _pending(self, request: Request) -> Pending:
        """Give each read a new id, because the runner answers an old id with the old reply."""
        for _, value in request.command.parameters:
            wire.argument_json(value)
        attempt = self._attempts.get(request.id, 0)
        if not request.command.writes:
            attempt = self._attempts[request.id] = attempt + 1
        return Pending(request, f"{request.id}~{attempt}" if attempt else request.id)

    def _note_attempt(self, one: Pending) -> None:
        """Give a write that certainly did nothing a new id: the runner answers the old id with the old failure."""
        if one.request.command.writes and one.was_sent and isinstance(one.result, TransientError):
            self._attempts[one.request.id] = self._attempts.get(one.request.id, 0) + 1

    # --- stream mode

    def _invoke_stream(self, pending: list[Pending]) -> None:
        for index, burst in enumerate(bursts(pending)):
            try:
                conversation = self._open()
            except SessionError:
                if index == 0:
                    raise
                return
            if conversation is None:
                self._invoke_batches([one for one in pending if one.result is None])
                return
            if not self._answered(conversation, burst):
                return

    def _answered(self, conversation: Conversation, burst: list[Pending]) -> bool:
        """Send a burst and read its replies; False if the session ended before all of them came."""
        try:
            try:
                self._ask(conversation, burst)
            except NotTaken as refused:
                if isinstance(refused.error, PermanentError):
                    raise
                # The shell was gone before the burst, which nobody read: a new shell may take all of it.
                self._discard(send_exit=False)
                again = self._open()
                if again is None:
                    raise refused
                self._ask(again, burst)
        except TooLate:
            for one in burst:
                one.result, one.was_sent = self._endings.too_late(), False
        except (Gone, SessionError) as ended:
            self._discard(send_exit=False)
            error = ended.error if isinstance(ended, Gone) else ended
            was_read = not isinstance(ended, NotTaken | SessionError)
            for one in burst:
                if one.result is None:
                    one.result = self._endings.unanswered(one, error) if was_read else error
            return False
        return True

    def _ask(self, conversation: Conversation, burst: list[Pending]) -> None:
        ask_permission(burst, conversation.process.shell)
        conversation.ask(burst)

    def _open(self) -> Conversation | None:
        """Return the open conversation, or a new one; None if the host turns out to need batch mode.

        Raises:
            SessionError: it could not be opened; nothing was sent.
        """
        running, always = self._conversation, self._opening.greeting.always
        is_pinned = self._pinned == always
        if running is not None and is_pinned and not running.is_exhausted:
            return running
        self._discard(send_exit=True)
        began = self._host.clock.monotonic()
        self._conversation = self._opening.converse(is_probe=self.mode is SessionMode.AUTO)
        self.load_seconds = self._host.clock.monotonic() - began
        self._pinned = always
        if self._conversation is None:
            if self.mode is SessionMode.STREAM:
                raise self._endings.lost("PowerShell started, but it does not answer while its input is open")
            self.mode = SessionMode.BATCH
        return self._conversation

    # --- batch mode

    def _invoke_batches(self, pending: list[Pending]) -> None:
        for index, batch in enumerate(bursts(pending, most=BATCH, most_bytes=BATCH_BYTES)):
            try:
                run_batch(self._opening, batch)
                self.load_seconds = self._opening.load_seconds
            except SessionError:
                if index == 0:
                    raise
                return
            except Gone as gone:
                for one in batch:
                    if one.result is None:
                        one.result = self._endings.unanswered(one, gone.error)
                return

    # --- between calls

    def beat(self) -> None:
        """Send a message after a long pause, so that connection, seal and shell stay alive.

        If the session is gone, the next call opens another one.
        """
        conversation = self._conversation
        if conversation is None or conversation.idle_seconds < self._host.deadlines.beat:
            return
        try:
            conversation.ping()
        except Gone:
            self._discard(send_exit=False)

    def close(self) -> None:
        """End the process properly; ignore errors of closing."""
        self._discard(send_exit=True)

    def _discard(self, *, send_exit: bool) -> None:
        conversation, self._conversation = self._conversation, None
        if conversation is None:
            return
        try:
            if send_exit and not conversation.is_over:
                with suppress(Gone, Unconfirmed):
                    conversation.exit()
        finally:
            conversation.close()
