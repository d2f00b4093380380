"""Batch mode: one process for each call, its input closed before the output is read.

For hosts where input does not stream (PowerShell 2.0). Nothing can be asked anew there, so nothing is repaired:
whatever has no reply when the process is gone may have run.
"""

from __future__ import annotations

from typing import Final

from providers.transport import pending as travelling
from providers.transport import wire
from providers.transport.conversation import Watch, patience
from providers.transport.opening import Opening
from providers.transport.pending import Pending
from providers.transport.replies import Replies
from providers.transport.shell import Ended, Gone, NotTaken, ShellProcess, Unconfirmed

BATCH: Final = 20_000
BATCH_BYTES: Final = 4 * 1024 * 1024


def run_batch(opening: Opening, batch: list[Pending]) -> None:
    """Run one process for ``batch``, whose requests get their results.

    Raises:
        SessionError: nothing was sent, or the runner told that it could not begin.
        Gone: the process ended, or fell silent, before every request was answered.
    """
    process, replies = opening.start()
    try:
        _send(opening, process, replies, batch)
        _receive(opening, process, replies, batch)
    finally:
        process.close()


def _receive(opening: Opening, process: ShellProcess, replies: Replies, batch: list[Pending]) -> None:
    waiting = {one.wire_id: one for one in batch}
    seconds, endings = patience(opening.deadlines, batch), opening.endings
    watch = Watch(opening.deadlines.load + seconds, clock=opening.clock, endings=endings, is_stopped=opening.is_stopped)
    is_ready = False
    while waiting:
        output = process.receive()
        lines = replies.feed(output)
        is_ready = opening.note_ready(lines) or is_ready or output.lost is not None
        replies.take(lines, waiting)
        if waiting and output.done:
            raise Gone(endings.ended(output, was_ready=is_ready))
        if any(isinstance(line, wire.Told) for line in lines):
            watch.allow(seconds)
        watch.check()


def _send(opening: Opening, process: ShellProcess, replies: Replies, batch: list[Pending]) -> None:
    for one in batch:
        one.was_sent = True
    lines = opening.greeting.lines(replies.nonce) + travelling.lines(batch, opening.clock.monotonic())
    try:
        process.send(lines, end=True)
    except NotTaken as refused:
        raise refused.error from refused
    except Ended:
        return  # what it wrote before it ended says why
    except Unconfirmed as unconfirmed:
        raise Gone(opening.endings.lost("its input was not confirmed")) from unconfirmed
