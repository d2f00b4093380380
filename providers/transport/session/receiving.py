"""Receives the output of a process: while one piece of it is read, the next one is already on its way.

A Receive waits until there is output, and nothing may be sent meanwhile. So the next one is sent early only where a
reply has arrived in part: then its rest certainly comes. A long listing arrives in pieces of 100 KB. All of them except
the last are read while the host and the network work.
"""

from __future__ import annotations

import threading
from typing import Protocol

from providers.transport import wire
from providers.transport.session.replies import Replies
from providers.transport.wsman.shell import Output


class Process(Protocol):
    """The part of ``ShellProcess`` that receives."""

    def receive(self) -> Output: ...


class _Early:
    """A Receive on a thread of its own."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._output: Output | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="receiving", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._output = self._process.receive()
        except BaseException as error:  # it is raised where the output is taken
            self._error = error

    def wait(self) -> None:
        self._thread.join()

    def output(self) -> Output:
        self.wait()
        if self._error is not None:
            raise self._error
        assert self._output is not None
        return self._output


class Receiving:
    """The output of one process, as lines. Not thread-safe."""

    def __init__(self, process: Process, replies: Replies) -> None:
        self._process, self._replies = process, replies
        self._early: _Early | None = None

    def next(self) -> tuple[Output, list[wire.Line]]:
        """Return the next output and the lines that it completes.

        Raises:
            Gone: the process is gone, or its output breaks the protocol.
        """
        early, self._early = self._early, None
        output = self._process.receive() if early is None else early.output()
        if output.lost is None and not output.done and self._replies.is_torn_after(output.stdout):
            self._early = _Early(self._process)
        return output, self._replies.feed(output)

    def settle(self) -> None:
        """Wait until no Receive is under way, so that a message may be sent; its output is returned next."""
        if self._early is not None:
            self._early.wait()
