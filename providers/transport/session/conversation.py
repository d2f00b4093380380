"""The conversation with one process: a burst of requests goes in, its replies come out.

After a lost reply, an unconfirmed Send or a broken seal, the conversation asks for the replies by id (``replay``). The
runner repeats its replies. Requests that it never read are sent again. Nothing runs twice. Every wait is bounded:
replies by a ``Watch``, repairs by their number.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from providers.transport import wire
from providers.transport.session import pending as travelling
from providers.transport.session.host import Host, Watch
from providers.transport.session.pending import Pending
from providers.transport.session.receiving import Receiving
from providers.transport.session.replies import Replies, Waiting
from providers.transport.settings import Deadlines
from providers.transport.wsman.shell import Ended, Gone, NotTaken, Output, ShellProcess, Unconfirmed
from reconciler.model.diagnostics import SessionError
from reconciler.model.ports import Deadline

REPAIRS: Final = 6
"""How often the replies to one burst are asked for again, at most."""
LAST_RECEIVES: Final = 4
"""The number of Receives for the last output of a process that no longer reads."""


def patience(deadlines: Deadlines, waiting: Iterable[Pending]) -> float:
    """Return for how many seconds to wait for the next reply: longer if one of ``waiting`` is a script."""
    return deadlines.script if any(one.is_script for one in waiting) else deadlines.command


class Conversation:
    """A process that answers while its input is open. Not thread-safe."""

    def __init__(self, process: ShellProcess, replies: Replies, host: Host) -> None:
        self.process, self.replies, self._host = process, replies, host
        self._receiving = Receiving(process, replies)
        self._began = host.clock.monotonic()
        self._own_ids = 0
        self._may_be_torn = False
        """The last line may have arrived in part; a line feed ends it."""
        self.served = 0
        """Requests so far."""
        self.is_over = False
        """The process ended by itself."""

    @property
    def is_exhausted(self) -> bool:
        """True if the process has ended, ran out of memory, or is old: it gets no more requests."""
        age_seconds = self._host.clock.monotonic() - self._began
        deadlines = self._host.deadlines
        is_old = age_seconds >= deadlines.recycle or self.served >= deadlines.served
        return self.is_over or self.replies.is_exhausted or is_old

    @property
    def idle_seconds(self) -> float:
        return self.process.idle_seconds

    # --- requests ----------------------------------------------------------------------------------------------------

    def ask(self, burst: list[Pending]) -> None:
        """Send a burst, read its replies and set each result.

        Raises:
            NotTaken: the process read none of the burst.
            Gone: the session ended before all replies came; a request without a result may have run.
        """
        waiting = {one.wire_id: one for one in burst}
        try:
            is_lost = not self._send_first(burst)
            self._await(waiting, is_lost)
        except Ended as ended:
            raise Gone(self.last_words(ended.error, waiting, was_ready=True)) from ended
        finally:
            self._receiving.settle()

    def _send_first(self, burst: list[Pending]) -> bool:
        self.served += len(burst)
        for one in burst:
            one.was_sent = True
        lines = travelling.lines(burst, self.replies.clocks)
        is_sent = self._try_send(b"\n" + lines if self._may_be_torn else lines, until=travelling.earliest(burst))
        self._may_be_torn = False
        return is_sent

    def _await(self, waiting: Waiting, is_lost: bool) -> None:
        """Receive until every request is answered; ask again for replies that may have been lost."""
        repairs, lost_by = 0, None
        seconds = patience(self._host.deadlines, waiting.values())
        watch = Watch(self._host, seconds)
        while waiting:
            if is_lost:
                repairs += 1
                if repairs > REPAIRS:
                    raise Gone(self._host.endings.lost_again(lost_by))
                is_lost = not self._repair(self._replay_line(waiting))
                if is_lost:
                    continue
            output, lines = self._receiving.next()
            unknown = self.replies.take(lines, waiting)
            if output.done:
                self._note_end(output, waiting)
            lost_by = output.lost or lost_by
            is_lost = output.lost is not None or any(isinstance(one, wire.BadLine | wire.Damaged) for one in lines)
            if unknown:
                again = travelling.lines(unknown, self.replies.clocks)
                is_lost = not self._repair(again) or is_lost
            if any(isinstance(line, wire.ReplyLine) for line in lines):
                watch.allow(seconds)
            watch.check()

    def _note_end(self, output: Output, waiting: Waiting) -> None:
        self.is_over = True
        if waiting:
            raise Gone(self._host.endings.ended(output, was_ready=True))

    def _try_send(self, data: bytes, *, until: Deadline | None = None) -> bool:
        self._receiving.settle()
        try:
            self.process.send(data, until=until)
        except Unconfirmed:
            return False
        return True

    def _repair(self, data: bytes) -> bool:
        """Send a repair of a burst. If the service refuses it, the burst itself may still have been read."""
        try:
            return self._try_send(data)
        except NotTaken as refused:
            raise Gone(refused.error) from refused

    def _replay_line(self, waiting: Waiting) -> bytes:
        """Return a request for lost replies; the line feed before it ends a torn line of a failed Send."""
        ids: list[wire.Json] = list(waiting)
        return b"\n" + wire.encode({"op": "replay", "id": self._own_id(), "ids": ids, "flush": True})

    def _own_id(self) -> str:
        self._own_ids += 1
        return f"~{self._own_ids}"

    def last_words(self, error: SessionError, waiting: Waiting, *, was_ready: bool) -> SessionError:
        """Return the error of a process that ended before a Send, from its last output; ``error`` if there is none."""
        with suppress(Gone):
            for _ in range(LAST_RECEIVES):
                output, lines = self._receiving.next()
                self.replies.take(lines, waiting)
                if output.done:
                    return self._host.endings.ended(output, was_ready=was_ready)
                if not (output.stdout or output.stderr):
                    break
        return error

    # --- keeping it alive, and ending it -----------------------------------------------------------------------------

    def ping(self) -> None:
        """Keep the process alive with an empty request; a lost reply does no harm.

        Raises:
            Gone: the process is gone.
        """
        name = self._own_id()
        if not self._try_send(self._ping_line(name)):
            self._may_be_torn = True
            return
        watch = Watch(self._host, self._host.deadlines.close)
        while True:
            output, lines = self._receiving.next()
            if output.lost or any(isinstance(line, wire.ReplyLine) and line.id == name for line in lines):
                return
            if output.done:
                raise Gone(self._host.endings.ended(output, was_ready=True))
            watch.check()

    def _ping_line(self, name: str) -> bytes:
        line = wire.encode({"op": "ping", "id": name, "flush": True})
        if self._may_be_torn:
            line, self._may_be_torn = b"\n" + line, False
        return line

    def exit(self) -> None:
        """Ask the process to end and wait for it.

        Also close its input, because powershell.exe itself may still read it.

        Raises:
            Gone, Unconfirmed: it did not answer.
        """
        self._receiving.settle()
        self.process.send(b"\n" + wire.encode({"op": "exit", "id": self._own_id(), "flush": True}), end=True)
        watch = Watch(self._host, self._host.deadlines.close)
        while not self.process.receive().done and not watch.is_over:
            continue

    def close(self) -> None:
        """End the process by force if it still runs, and its shell."""
        self.process.close()
