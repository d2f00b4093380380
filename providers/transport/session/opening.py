"""Opens a session: a shell, PowerShell in it, the runner, and the proof that it answers while its input is open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from providers.transport import wire
from providers.transport.session.conversation import Conversation
from providers.transport.session.greeting import Greeting, ready
from providers.transport.session.host import Host, Watch
from providers.transport.session.replies import Replies
from providers.transport.wsman.shell import Ended, Gone, ShellProcess, Unconfirmed
from providers.transport.wsman.winrs import WinRS
from reconciler.model.values import EMPTY

HELLO: Final = "~hello"
"""The id of the first ping."""


class Opening:
    """Starts processes on one host."""

    def __init__(
        self, greeting: Greeting, host: Host, *, connect: Callable[[], WinRS], nonce: Callable[[], str]
    ) -> None:
        self.greeting, self.host = greeting, host
        self.about: Mapping[str, Any] = EMPTY
        """The facts that the runner found on the host."""
        self.load_seconds = 0.0
        """The seconds until the last process of batch mode was ready."""
        self._connect, self._nonce = connect, nonce

    def start(self) -> tuple[ShellProcess, Replies]:
        """Start PowerShell.

        Raises:
            SessionError: PowerShell did not start; nothing is left running.
        """
        host = self.host
        if host.is_stopped():
            raise host.endings.stopped()
        process = ShellProcess(self._connect(), host.target, clock=host.clock, is_stopped=host.is_stopped)
        process.start(self.greeting.runner.bootstrap)
        return process, Replies(self._nonce(), host.target, host.endings, host.clocks)

    def converse(self, *, is_probe: bool) -> Conversation | None:
        """Return the conversation with a new process, or None if it does not answer while its input is open.

        Args:
            is_probe: the process probably does not answer, so the wait is short.

        Raises:
            SessionError: no process started, or it cannot run cmdlets; nothing is left running.
        """
        process, replies = self.start()
        conversation = Conversation(process, replies, self.host)
        deadlines = self.host.deadlines
        is_streaming = False
        try:
            is_streaming = self._greet(process, replies, deadlines.probe if is_probe else deadlines.load)
        except Ended as ended:
            raise conversation.last_words(ended.error, {}, was_ready=False) from ended
        except Gone as gone:
            raise gone.error from gone
        finally:
            if not is_streaming:
                process.close()
        return conversation if is_streaming else None

    def _greet(self, process: ShellProcess, replies: Replies, seconds: float) -> bool:
        """Send the runner together with a ping; return True if both are answered in time."""
        try:
            hello = wire.encode({"op": "ping", "id": HELLO, "flush": True})
            process.send(self.greeting.lines(replies.nonce) + hello)
        except Unconfirmed:
            raise Gone(self.host.endings.lost("its input was not confirmed")) from None
        watch = Watch(self.host, seconds)
        is_ready = False
        while not watch.is_over:
            output = process.receive()
            lines = replies.feed(output)
            if any(isinstance(line, wire.Loading) for line in lines):
                watch.allow(self.host.deadlines.load)
            if self.note_ready(lines):
                is_ready = True
                watch.allow(self.host.deadlines.probe)
            if is_ready and any(isinstance(line, wire.ReplyLine) and line.id == HELLO for line in lines):
                return True
            if output.done:
                raise Gone(self.host.endings.ended(output, was_ready=is_ready))
            if self.host.is_stopped():
                raise Gone(self.host.endings.stopped())
            if output.lost:
                raise Gone(self.host.endings.lost("the connection broke while PowerShell started"))
        return False

    def note_ready(self, lines: Iterable[wire.Line]) -> bool:
        """Note the facts that the runner found on its host; return True if the runner is ready.

        Raises:
            SessionError: it could not load the cmdlets.
        """
        match ready(lines):
            case wire.Ready(about) if not self.host.clocks.is_known:
                raise self.host.endings.no_clock()
            case wire.Ready(about):
                self.about = about
                return True
            case wire.ReplyLine(_, data):
                raise self.host.endings.not_loaded(data.get("error"))
        return False
