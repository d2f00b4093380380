"""What happens, as JSON lines for machines: one object a line, in printable ASCII.

Every object says its format and its type, so that a reader can pass over what it does not know. The messages of events
are also what the log keeps. ``messages`` says what each of them holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from reconciler.model.events import Event
from reconciler.views.messages import End, Message, Tellable, message_of, messages_of
from reconciler.views.text import to_json

FORMAT: Final = "reconciler/1"


class JsonLines:
    """Writes messages; ``write`` gets one whole line at a time. As a listener to events it never fails a run."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def __call__(self, event: Event) -> None:
        try:
            self.send(message_of(event))
        except Exception:
            # A reader that went away must not stop an apply half way.
            return

    def send(self, message: Message) -> None:
        self._write(to_json({"format": FORMAT, **message}) + "\n")

    def tell(self, *values: Tellable) -> None:
        """Write everything there is to say of the values."""
        for value in values:
            for message in messages_of(value):
                self.send(message)

    def end(self, exit_code: int) -> None:
        """Write the last line of every command's output."""
        self.tell(End(exit_code))
