"""Batch mode: one process for each call; its input is closed before its output is read.

For hosts where input does not stream (PowerShell 2.0). Batch mode cannot ask for a reply again, so it repairs nothing:
a request without a reply may have run.
"""

from __future__ import annotations

from typing import Final

from providers.transport import wire
from providers.transport.session import pending as travelling
from providers.transport.session.conversation import patience
from providers.transport.session.host import Watch
from providers.transport.session.opening import Opening
from providers.transport.session.pending import Pending
from providers.transport.session.receiving import Receiving
from providers.transport.session.replies import Replies
from providers.transport.wsman.shell import Ended, Gone, NotTaken, ShellProcess, TooLate, Unconfirmed

BATCH: Final = 20_000
BATCH_BYTES: Final = 4 * 1024 * 1024


def run_batch(opening: Opening, batch: list[Pending]) -> None:
    """Run one process for ``batch`` and set the result of each request.

    Raises:
        SessionError: nothing was sent, or the runner could not begin.
        Gone: the process ended, or sent nothing more, before every request was answered.
        LeaseLost, StateError: nothing may be sent.
    """
    if any(one.request.permit is not None for one in batch):
        _learn_clocks(opening)
    _run(opening, batch)


def _learn_clocks(opening: Opening) -> None:
    """If the host's clocks are unknown, start a process to read them, because deadlines use these clocks.

    Raises:
        SessionError: the process did not report them.
    """
    host = opening.host
    if host.clocks.is_known:
        return
    try:
        _run(opening, [])
    except Gone as gone:
        raise gone.error from gone
    if not host.clocks.is_known:
        raise host.endings.no_clock()


def _run(opening: Opening, batch: list[Pending]) -> None:
    process, replies = opening.start()
    receiving = Receiving(process, replies)
    try:
        travelling.ask_permission(batch, process.shell, opening.load_seconds)
        _send(opening, process, replies, batch)
        _receive(opening, receiving, replies, batch)
    finally:
        receiving.settle()
        process.close()


def _receive(opening: Opening, receiving: Receiving, replies: Replies, batch: list[Pending]) -> None:
    host, waiting = opening.host, {one.wire_id: one for one in batch}
    seconds, began = patience(host.deadlines, batch), host.clock.monotonic()
    watch = Watch(host, host.deadlines.load + seconds)
    is_ready = False
    while waiting or not is_ready:
        output, lines = receiving.next()
        if opening.note_ready(lines):
            is_ready, opening.load_seconds = True, host.clock.monotonic() - began
        is_ready = is_ready or output.lost is not None
        replies.take(lines, waiting)
        if output.done and (waiting or not is_ready):
            raise Gone(host.endings.ended(output, was_ready=is_ready))
        if any(isinstance(line, wire.ReplyLine) for line in lines):
            watch.allow(seconds)
        watch.check()


def _send(opening: Opening, process: ShellProcess, replies: Replies, batch: list[Pending]) -> None:
    for one in batch:
        one.was_sent = True
    lines = opening.greeting.lines(replies.nonce) + travelling.lines(batch, opening.host.clocks)
    try:
        process.send(lines, end=True, until=travelling.earliest(batch))
    except TooLate as late:
        for one in batch:
            one.was_sent = False
        raise opening.host.endings.too_late() from late
    except NotTaken as refused:
        raise refused.error from refused
    except Ended:
        return  # what it wrote before it ended says why
    except Unconfirmed as unconfirmed:
        raise Gone(opening.host.endings.lost("its input was not confirmed")) from unconfirmed
