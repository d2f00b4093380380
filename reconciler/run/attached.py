"""Reads that are sent together with the commands of a batch, so that they cost no message of their own.

The commands of a batch are followed by one read: it shows their effects and is the first read of the next batch. The
host runs all of them in order. So a slot needs one exchange of messages for each batch, and the state of an object is
read directly before the commands that change it are sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.model.actions import Action
from reconciler.model.commands import Command, Endpoint
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Random, Request
from reconciler.run.observe import Keys, Reader, Reading, SharedLandscape
from reconciler.run.retry import Result


class Ahead(Protocol):
    """The batch that follows on the same slot."""

    def actions(self) -> Sequence[Action]:
        """Choose the batch and return its actions; none where no batch follows."""

    def begin(self, before: Landscape) -> None:
        """Start the chosen batch, if any; ``before`` is the landscape with its objects as they were just read."""


@dataclass(slots=True)
class Attached:
    """A read whose commands are sent with other ones."""

    reading: Reading
    commands: tuple[Command, ...]
    answers: dict[Command, Result] = field(default_factory=dict)
    """The results so far. What is missing is read again when the read ends."""

    @classmethod
    def begin(cls, reader: Reader, world: SharedLandscape, only: Keys) -> Attached:
        reading = world.begin(only)
        return cls(reading, reader.first_reads(reading.landscape, only))

    def requests_to(self, endpoint: Endpoint, random: Random) -> list[Request]:
        """Return the requests that ``endpoint`` answers, each command once."""
        commands = dict.fromkeys(command for command in self.commands if command.endpoint == endpoint)
        return [Request(random.identifier(), command) for command in commands]

    def note(self, requests: Sequence[Request], results: Sequence[Result]) -> None:
        self.answers.update((one.command, result) for one, result in zip(requests, results, strict=True))

    def end(self, reader: Reader, world: SharedLandscape) -> Landscape:
        """Return the landscape with the objects that were read."""
        found = reader.observe(self.reading.landscape, self.reading.only, self.answers)
        return world.end(self.reading, found)


def joined(some: Keys, others: Keys) -> Keys:
    """Return the keys of two reads as those of one."""
    both = dict(some)
    for name, keys in others.items():
        known = both.get(name, keys)
        both[name] = None if known is None or keys is None else known | keys
    return both
