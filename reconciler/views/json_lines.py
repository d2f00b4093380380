"""Events and results as JSON lines for programs: one object per line, in printable ASCII.

Every object has its format and its type, so that a reader can skip unknown ones. The log holds the messages of events
too. ``messages`` defines them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from reconciler.model.events import Event
from reconciler.views.messages import End, Message, Tellable, message_of, messages_of
from reconciler.views.text import to_json

FORMAT: Final = "reconciler/1"


class JsonLines:
    """Writes messages; ``write`` receives one line at a time. An error while writing never fails a run."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def __call__(self, event: Event) -> None:
        try:
            self.send(message_of(event))
        except Exception:
            # A closed pipe must not stop the apply.
            return

    def send(self, message: Message) -> None:
        self._write(to_json({"format": FORMAT, **message}) + "\n")

    def tell(self, *values: Tellable) -> None:
        """Write the values as messages, one JSON line for each."""
        for value in values:
            for message in messages_of(value):
                self.send(message)

    def end(self, exit_code: int) -> None:
        """Write the last line of every command's output."""
        self.tell(End(exit_code))
