"""How a session begins: a shell, PowerShell in it, the runner, and a proof that it answers while its input is open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from providers.transport import wire
from providers.transport.session.conversation import Conversation, Watch
from providers.transport.session.endings import Endings
from providers.transport.session.greeting import Greeting, ready
from providers.transport.session.host_clocks import HostClocks
from providers.transport.session.replies import Replies
from providers.transport.settings import Deadlines, Target
from providers.transport.wsman.shell import Ended, Gone, ShellProcess, Unconfirmed
from providers.transport.wsman.winrs import WinRS
from reconciler.model.ports import Clock
from reconciler.model.values import EMPTY

HELLO: Final = "~hello"
"""The id of the first ping."""


class Opening:
    """Starts processes on one host."""

    def __init__(
        self,
        greeting: Greeting,
        *,
        connect: Callable[[], WinRS],
        clock: Clock,
        nonce: Callable[[], str],
        is_stopped: Callable[[], bool],
    ) -> None:
        self.greeting = greeting
        self.clock = clock
        self.is_stopped = is_stopped
        self.endings = Endings(self.target.place, self.target.secrets)
        self.clocks = HostClocks(clock)
        self.about: Mapping[str, Any] = EMPTY
        """What the runner told of the host when it was ready."""
        self.load_seconds = 0.0
        """How long the last process of batch mode took until it was ready."""
        self._connect = connect
        self._nonce = nonce

    @property
    def target(self) -> Target:
        return self.greeting.target

    @property
    def deadlines(self) -> Deadlines:
        return self.target.settings.deadlines

    def start(self) -> tuple[ShellProcess, Replies]:
        """Start PowerShell.

        Raises:
            SessionError: it could not be done; nothing is left running.
        """
        if self.is_stopped():
            raise self.endings.stopped()
        process = ShellProcess(
            self._connect(),
            place=self.target.place,
            endpoint=self.target.endpoint,
            account=self.target.settings.user,
            clock=self.clock,
            deadlines=self.deadlines,
            secrets=self.target.secrets,
            is_stopped=self.is_stopped,
        )
        process.start(self.greeting.runner.bootstrap)
        return process, Replies(self._nonce(), self.target, self.endings, self.clocks)

    def converse(self, *, is_probe: bool) -> Conversation | None:
        """Return the conversation with a new process, or None where it does not answer while its input is open.

        Args:
            is_probe: whether that may well be, so that it is not waited for long.

        Raises:
            SessionError: there is no process, or none that can run a cmdlet; nothing is left running.
        """
        process, replies = self.start()
        conversation = Conversation(
            process,
            replies,
            deadlines=self.deadlines,
            endings=self.endings,
            clock=self.clock,
            is_stopped=self.is_stopped,
        )
        is_streaming = False
        try:
            is_streaming = self._greet(process, replies, self.deadlines.probe if is_probe else self.deadlines.load)
        except Ended as ended:
            raise conversation.last_words(ended.error, {}, was_ready=False) from ended
        except Gone as gone:
            raise gone.error from gone
        finally:
            if not is_streaming:
                process.close()
        return conversation if is_streaming else None

    def _greet(self, process: ShellProcess, replies: Replies, seconds: float) -> bool:
        """Send the runner and a ping with it; return whether both are answered in time."""
        try:
            hello = wire.encode({"op": "ping", "id": HELLO, "flush": True})
            process.send(self.greeting.lines(replies.nonce) + hello)
        except Unconfirmed:
            raise Gone(self.endings.lost("its input was not confirmed")) from None
        watch = Watch(seconds, clock=self.clock, endings=self.endings, is_stopped=self.is_stopped)
        is_ready = False
        while not watch.is_over:
            output = process.receive()
            lines = replies.feed(output)
            if any(isinstance(line, wire.Loading) for line in lines):
                watch.allow(self.deadlines.load)
            if self.note_ready(lines):
                is_ready = True
                watch.allow(self.deadlines.probe)
            if is_ready and any(isinstance(line, wire.Told) and line.id == HELLO for line in lines):
                return True
            if output.done:
                raise Gone(self.endings.ended(output, was_ready=is_ready))
            if self.is_stopped():
                raise Gone(self.endings.stopped())
            if output.lost:
                raise Gone(self.endings.lost("the connection broke while PowerShell started"))
        return False

    def note_ready(self, lines: Iterable[wire.Line]) -> bool:
        """Note what the runner tells of its host; return whether it did.

        Raises:
            SessionError: it could not load what the cmdlets need, so it runs none.
        """
        match ready(lines):
            case wire.Ready(about) if not self.clocks.is_known:
                raise self.endings.lost("it does not tell its clock, by which commands have to begin in time")
            case wire.Ready(about):
                self.about = about
                return True
            case wire.Told(_, data):
                raise self.endings.not_loaded(data.get("error"))
        return False
