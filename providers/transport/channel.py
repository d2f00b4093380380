"""The channel to one host: requests in, results in order out, over one process that answers by id.

Every request has an id that the runner remembers together with its reply, so a lost answer, an unconfirmed Send and a
broken seal are repaired by asking for the reply again (``replay``); a command is never run a second time. That holds as
long as the process lives. Once it is gone, reads are reported as transient and writes that had been sent as ambiguous.

Two modes. *Stream*: one process serves the whole run over an open standard input; a burst of requests is sent, its
replies are awaited, then comes the next. *Batch*: a process per call, its input closed before the output is read; for
hosts where the probe shows that input does not stream (PowerShell 2.0), and without repair, since nothing can be asked
anew.
"""

from __future__ import annotations

import secrets as random_source
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from providers.transport import pending as travelling
from providers.transport import wire
from providers.transport.endings import Endings
from providers.transport.greeting import Greeting, ready
from providers.transport.pending import Pending, Result, bursts
from providers.transport.replies import Replies, Waiting
from providers.transport.settings import Deadlines, SessionMode, Target
from providers.transport.shell import Gone, NotTaken, Output, ShellProcess, Unconfirmed
from providers.transport.winrs import WinRS
from reconciler.errors import SessionError, TransientError
from reconciler.ports import Clock, Request
from reconciler.values import EMPTY

REPAIRS: Final = 6
"""How often the replies of one burst are asked for again."""
BATCH: Final = 20_000
BATCH_BYTES: Final = 4 * 1024 * 1024
RECYCLE_AFTER: Final = 50_000
"""Requests after which a process is replaced, because snap-ins keep what they were asked."""


class Channel:
    """One host. Not thread-safe; the pool gives each channel a lock."""

    def __init__(
        self,
        greeting: Greeting,
        *,
        connect: Callable[[], WinRS],
        clock: Clock,
        nonce: Callable[[], str] = lambda: random_source.token_hex(8),
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.about: Mapping[str, Any] = EMPTY
        """What the runner told of the host when it was ready."""
        self.mode = greeting.target.settings.mode
        self._greeting = greeting
        self._connect = connect
        self._clock = clock
        self._nonce = nonce
        self._is_stopped = is_stopped
        self._endings = Endings(self._target.place, self._target.secrets)
        self._process: ShellProcess | None = None
        self._replies = Replies("", self._target, self._endings)
        self._attempts: dict[str, int] = {}
        self._served = 0
        self._own_ids = 0
        self._needs_repair = False

    @property
    def _target(self) -> Target:
        return self._greeting.target

    @property
    def _deadlines(self) -> Deadlines:
        return self._target.settings.deadlines

    def pin(self, always: Mapping[str, str]) -> None:
        """Have these parameters added to every call from now on; a process that was told otherwise is ended.

        The runner is told once, when it begins: a request of its own for this could be lost on the way, and what
        follows would go to another domain controller unnoticed.
        """
        if dict(always) != dict(self._greeting.always):
            self._greeting = replace(self._greeting, always=dict(always))
            self._discard(send_exit=True)

    # --- calls

    def invoke(self, requests: Sequence[Request]) -> list[Result]:
        """Return what came of each request, in their order.

        Raises:
            SessionError: the channel could not be opened; nothing was sent.
            TypeError: a command still holds a name to be filled in.
        """
        asked = [self._pending(request) for request in requests]
        pending = {one.wire_id: one for one in asked}
        send = self._invoke_batches if self.mode is SessionMode.BATCH else self._invoke_stream
        send(list(pending.values()))
        for one in pending.values():
            self._note_attempt(one)
        return [pending[one.wire_id].result or self._endings.unsent(one) for one in asked]

    def _pending(self, request: Request) -> Pending:
        """A read has a new id each time: the runner keeps replies, and an old one would be taken for the present."""
        for _, value in request.command.parameters:
            wire.argument_json(value)
        attempt = self._attempts.get(request.id, 0)
        if not request.command.writes:
            attempt = self._attempts[request.id] = attempt + 1
        return Pending(request, f"{request.id}~{attempt}" if attempt else request.id)

    def _note_attempt(self, one: Pending) -> None:
        """Let a write that certainly did nothing run when its id comes again: its stored reply would only say so."""
        if one.request.command.writes and one.was_sent and isinstance(one.result, TransientError):
            self._attempts[one.request.id] = self._attempts.get(one.request.id, 0) + 1

    # --- stream mode

    def _invoke_stream(self, pending: list[Pending]) -> None:
        for index, burst in enumerate(bursts(pending)):
            try:
                self._open()
            except SessionError:
                if index == 0:
                    raise
                return
            if self.mode is SessionMode.BATCH:
                self._invoke_batches([one for one in pending if one.result is None])
                return
            if not self._answered(burst):
                return

    def _answered(self, burst: list[Pending]) -> bool:
        """Send a burst and take its replies in; False where the session ended before all came."""
        try:
            try:
                self._send_first(burst)
            except NotTaken:
                # The shell had gone while it was idle: nothing of the burst was read, so a new one may take it all.
                self._discard(send_exit=False)
                self._open()
                self._send_first(burst)
            self._await({one.wire_id: one for one in burst})
        except (Gone, SessionError) as ended:
            self._discard(send_exit=False)
            error = ended.error if isinstance(ended, Gone) else ended
            was_read = not isinstance(ended, NotTaken | SessionError)
            for one in burst:
                if one.result is None:
                    one.result = self._endings.unanswered(one, error) if was_read else error
            return False
        return True

    def _send_first(self, burst: list[Pending]) -> None:
        self._served += len(burst)
        for one in burst:
            one.was_sent = True
        self._needs_repair = not self._try_send(travelling.lines(burst, self._clock.monotonic()))

    def _await(self, waiting: Waiting) -> None:
        """Receive until everything sent is answered, asking again for replies that may have been lost."""
        repairs = 0
        patience = self._patience(waiting)
        deadline = self._clock.monotonic() + patience
        while waiting:
            if self._needs_repair:
                repairs += 1
                if repairs > REPAIRS:
                    raise Gone(self._endings.lost("its replies were lost again and again"))
                self._needs_repair = not self._repair(self._replay_line(waiting))
                if self._needs_repair:
                    continue
            output = self._running.receive()
            lines = self._replies.feed(output)
            unknown = self._replies.take(lines, waiting)
            if output.done:
                self._note_end(output, waiting)
            self._needs_repair = output.lost or any(isinstance(line, wire.BadLine | wire.Damaged) for line in lines)
            if unknown:
                again = travelling.lines(unknown, self._clock.monotonic())
                self._needs_repair = not self._repair(again) or self._needs_repair
            if any(isinstance(line, wire.Told) for line in lines):
                deadline = self._clock.monotonic() + patience
            self._check_patience(deadline)

    def _note_end(self, output: Output, waiting: Waiting) -> None:
        if waiting:
            raise Gone(self._endings.ended(output, was_ready=True))
        self._served = RECYCLE_AFTER

    def _check_patience(self, deadline: float) -> None:
        if self._is_stopped():
            raise Gone(self._endings.lost("the run was stopped"))
        if self._clock.monotonic() >= deadline:
            raise Gone(self._endings.lost("it gave no answer within the time allowed"))

    def _patience(self, waiting: Waiting) -> float:
        has_script = any(one.is_script for one in waiting.values())
        return self._deadlines.script if has_script else self._deadlines.command

    def _try_send(self, data: bytes) -> bool:
        try:
            self._running.send(data)
        except Unconfirmed:
            return False
        return True

    def _repair(self, data: bytes) -> bool:
        """Send what follows a burst: when even this is refused, the burst itself may have been read all the same."""
        try:
            return self._try_send(data)
        except NotTaken as refused:
            raise Gone(refused.error) from refused

    def _replay_line(self, waiting: Waiting) -> bytes:
        """The bare line feed ends what a Send that failed may have left torn."""
        ids: list[wire.Json] = list(waiting)
        return b"\n" + wire.encode({"op": "replay", "id": self._own_id(), "ids": ids, "flush": True})

    def _own_id(self) -> str:
        self._own_ids += 1
        return f"~{self._own_ids}"

    # --- batch mode

    def _invoke_batches(self, pending: list[Pending]) -> None:
        for index, burst in enumerate(bursts(pending, most=BATCH, most_bytes=BATCH_BYTES)):
            try:
                self._run_batch(burst)
            except SessionError:
                if index == 0:
                    raise
                return
            except Gone as gone:
                for one in burst:
                    if one.result is None:
                        one.result = self._endings.unanswered(one, gone.error)
                return

    def _run_batch(self, burst: list[Pending]) -> None:
        """Run one process for ``burst``.

        Raises:
            SessionError: nothing was sent, or the runner told that it could not begin.
            Gone: the process ended, or fell silent, before every request was answered.
        """
        process = self._start()
        waiting = {one.wire_id: one for one in burst}
        try:
            self._send_batch(process, burst)
            is_ready = False
            deadline = self._clock.monotonic() + self._deadlines.load + self._patience(waiting)
            while waiting:
                output = process.receive()
                lines = self._replies.feed(output)
                is_ready = self._note_ready(lines) or is_ready
                self._replies.take(lines, waiting)
                if waiting and output.done:
                    raise Gone(self._endings.ended(output, was_ready=is_ready))
                if any(isinstance(line, wire.Told) for line in lines):
                    deadline = self._clock.monotonic() + self._patience(waiting)
                self._check_patience(deadline)
        finally:
            process.close()

    def _send_batch(self, process: ShellProcess, burst: list[Pending]) -> None:
        for one in burst:
            one.was_sent = True
        lines = self._greeting.lines(self._replies.nonce) + travelling.lines(burst, self._clock.monotonic())
        try:
            process.send(lines, end=True)
        except NotTaken as refused:
            raise refused.error from refused
        except Unconfirmed as unconfirmed:
            raise Gone(self._endings.lost("its input was not confirmed")) from unconfirmed

    # --- opening and closing

    def _open(self) -> None:
        if self._process is not None and self._served < RECYCLE_AFTER and not self._replies.is_exhausted:
            return
        self._discard(send_exit=True)
        process = self._start()
        try:
            is_streaming = self._greet(process)
        except Gone as gone:
            process.close()
            raise gone.error from gone
        except BaseException:
            process.close()
            raise
        if is_streaming:
            self._process = process
            self._served = 0
            return
        process.close()
        if self.mode is SessionMode.STREAM:
            raise self._endings.lost("PowerShell started, but does not answer while its input is open")
        self.mode = SessionMode.BATCH

    def _start(self) -> ShellProcess:
        process = ShellProcess(
            self._connect(),
            place=self._target.place,
            clock=self._clock,
            deadlines=self._deadlines,
            secrets=self._target.secrets,
            is_stopped=self._is_stopped,
        )
        self._replies = Replies(self._nonce(), self._target, self._endings)
        process.start(self._greeting.runner.bootstrap)
        return process

    def _greet(self, process: ShellProcess) -> bool:
        """Send the runner and a ping with it; return whether both answer while the input is open."""
        ping = self._own_id()
        try:
            hello = wire.encode({"op": "ping", "id": ping, "flush": True})
            process.send(self._greeting.lines(self._replies.nonce) + hello)
        except Unconfirmed:
            raise Gone(self._endings.lost("its input was not confirmed")) from None
        is_auto = self.mode is SessionMode.AUTO
        deadline = self._clock.monotonic() + (self._deadlines.probe if is_auto else self._deadlines.load)
        is_ready = False
        while self._clock.monotonic() < deadline:
            output = process.receive()
            lines = self._replies.feed(output)
            if self._note_ready(lines):
                is_ready = True
                deadline = self._clock.monotonic() + self._deadlines.probe
            if is_ready and any(isinstance(line, wire.Told) and line.id == ping for line in lines):
                return True
            if output.done:
                raise Gone(self._endings.ended(output, was_ready=is_ready))
            if output.lost or self._is_stopped():
                raise Gone(self._endings.lost("the connection broke while PowerShell started"))
        return False

    def _note_ready(self, lines: Iterable[wire.Line]) -> bool:
        """Note what the runner tells of its host.

        Raises:
            SessionError: it could not load what the cmdlets need, so it runs none.
        """
        match ready(lines):
            case wire.Ready(about):
                self.about = about
                return True
            case wire.Told(_, data):
                raise self._endings.not_loaded(data.get("error"))
        return False

    def close(self) -> None:
        """End the process in order; errors of closing are ignored."""
        self._discard(send_exit=True)

    def _discard(self, *, send_exit: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if send_exit:
                self._exit(process)
        except (Gone, Unconfirmed):
            pass
        finally:
            process.close()

    def _exit(self, process: ShellProcess) -> None:
        process.send(wire.encode({"op": "exit", "id": self._own_id(), "flush": True}))
        deadline = self._clock.monotonic() + self._deadlines.close
        while not process.receive().done and self._clock.monotonic() < deadline:
            continue

    @property
    def _running(self) -> ShellProcess:
        if self._process is None:
            raise RuntimeError("the channel is not open")
        return self._process
