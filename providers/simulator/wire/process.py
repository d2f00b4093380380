"""The simulated powershell.exe: a process that runs our bootstrap and our runner, and nothing else.

It decodes ``-EncodedCommand`` and the runner script, and continues only if both equal the files of this package. So it
notices a runner that was changed on the way. Any other command line ends with exit code 1 and a text on standard error.

A reply is written only after the estate has saved the changes that the reply reports.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from providers.simulator.wire.endpoint import Endpoint
from providers.simulator.wire.runner import Clocks, Estate, Runner
from providers.simulator.wire.shell_command import Launch

LONGEST_LINE_BYTES: Final = 64 * 1024 * 1024
LEAST_MEMORY_MB: Final = 64
"""The memory of PowerShell itself; the memory of a snap-in is not documented."""
LONGEST_GOODBYE_SECONDS: Final = 10.0
"""The longest wait for a running cmdlet at shutdown; a longer one ends with the program."""
FLUSH_BYTES: Final = 1024 * 1024
FLUSH_SECONDS: Final = 1.0
"""A turn ends after this much output or time.

Long turns are cheaper, because saving a turn costs more than its calls.
"""

_SHIPPED: Final = Path(__file__).resolve().parents[2] / "transport"


@dataclass(frozen=True, slots=True)
class PowerShell:
    """How the simulated PowerShell behaves where real ones differ."""

    noise: bool = False
    """Write a byte order mark, a banner and a progress record before READY, as real hosts may."""
    start_seconds: float = 0.0
    """How long it takes until READY, for the snap-in to load."""
    reads_stdin_until_end: bool = False
    """Answer nothing before standard input ends, as PowerShell 2.0 does with a pipe."""
    requests_per_turn: int = 1000
    """After this many requests the other processes of the estate get their turn."""


Pause = Callable[[threading.Condition, Callable[[], bool], float], object]
"""Lets seconds pass, or fewer if the second argument becomes true when the condition is notified."""


def host_clocks() -> tuple[float, float]:
    """Return this machine's clocks, which all simulated hosts share."""
    return time.monotonic(), time.time()


class RunnerProcess:
    """One process on one host, on its own thread: standard input in, output through the callbacks of ``launch``."""

    def __init__(
        self,
        estate: Estate,
        launch: Launch,
        settings: PowerShell | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clocks: Clocks = host_clocks,
        flush_bytes: int = FLUSH_BYTES,
        pause: Pause = threading.Condition.wait_for,
        endpoint: Endpoint | None = None,
    ) -> None:
        self._estate = estate
        self._launch = launch
        self._settings = settings or PowerShell()
        self._monotonic = monotonic
        self._clocks = clocks
        self._flush_bytes = flush_bytes
        self._pass_time = pause
        self._endpoint = endpoint
        self._changed = threading.Condition()
        self._torn = bytearray()
        self._lines: deque[bytes] = deque()
        self._fed_at = 0.0
        """When the first line arrived of those that wait."""
        self._has_ended = False
        self._is_stopped = False
        self._thread = threading.Thread(target=self._main, name=f"powershell@{launch.host}", daemon=True)
        self._thread.start()

    def feed(self, data: bytes, *, end: bool) -> None:
        """Write to standard input. A line is read when its end arrives; a torn last line, when the input ends."""
        with self._changed:
            if self._has_ended:
                return
            *lines, torn = data.split(b"\n")
            if not self._lines:
                self._fed_at = self._monotonic()
            if lines:
                self._lines.append(bytes(self._torn) + lines[0])
                self._lines.extend(lines[1:])
                self._torn.clear()
            self._torn += torn
            if end and self._torn:
                self._lines.append(bytes(self._torn))
            self._has_ended = end
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def join(self) -> None:
        self._thread.join(LONGEST_GOODBYE_SECONDS)

    def _main(self) -> None:
        exit_code = 1
        try:
            complaint = refused_command_line(self._launch.command_line) or self._refused_language()
            if complaint is None:
                complaint = self._load_runner() or self._out_of_memory()
            if complaint:
                self._launch.write("stderr", complaint.encode())
            else:
                exit_code = self._serve()
        except Exception:
            self._launch.write("stderr", traceback.format_exc().encode())
        finally:
            self._launch.ended(exit_code)

    def _refused_language(self) -> str | None:
        """Return what standard error says where policy takes away the types that the bootstrap begins with."""
        mode = self._estate.about(self._launch.host).get("language_mode", "FullLanguage")
        if mode == "FullLanguage":
            return None
        return (
            "New-Object : Cannot create type. Only core types are supported in this language mode.\r\n"
            "    + CategoryInfo          : PermissionDenied: (:) [New-Object], PSNotSupportedException\r\n"
            f"    + FullyQualifiedErrorId : CannotCreateType{mode},Microsoft.PowerShell.Commands.NewObjectCommand\r\n"
        )

    def _out_of_memory(self) -> str | None:
        """Return what standard error says where the shell allows less memory than PowerShell begins with."""
        if self._launch.memory_mb >= LEAST_MEMORY_MB:
            return None
        return "Process is terminated due to System.OutOfMemoryException.\r\n"

    def _load_runner(self) -> str | None:
        """Read the lines of the runner script. Return an error text if it is not the shipped script."""
        script = bytearray()
        while (line := self._next_line()) is not None:
            text = line.strip()
            if text == b".":
                return _refused_script(bytes(script), "runner")
            script += text
            if len(script) > LONGEST_LINE_BYTES:
                break
        return "Standard input ended before the runner was complete.\r\n"

    def _serve(self) -> int:
        launch, settings = self._launch, self._settings
        if settings.noise:
            launch.write("stdout", b"\xef\xbb\xbfWelcome to the Exchange Management Shell!\r\n\r\n")
            launch.write("stderr", b'#< CLIXML\r\n<Objs Version="1.1.0.1"></Objs>')
        if settings.start_seconds:
            self._pause(settings.start_seconds)
        host, user, delegates = launch.host, launch.user, launch.delegates
        with closing(
            Runner(self._estate, host, user, self._clocks, delegates=delegates, endpoint=self._endpoint)
        ) as runner:
            free_at = 0.0
            while not runner.is_exiting and (lines := self._lines_at_hand()):
                free_at = self._answer(runner, lines, max(free_at, self._fed_at))
        return 0

    def _answer(self, runner: Runner, lines: deque[bytes], begins: float) -> float:
        """Answer the lines at hand, the first of which could begin at ``begins``; return when the last one ended.

        A turn ends with every command that takes time: it passes outside of the turn, so that other processes work
        meanwhile. A command begins when the one before it ended, however late the simulator comes to it.
        """
        replies = bytearray()
        flushed_at = now = self._monotonic()
        while lines and not self._is_over(runner):
            with self._estate.turn():
                for _ in range(self._settings.requests_per_turn):
                    now = self._monotonic()
                    replies += runner.answer(lines.popleft(), max(0.0, now - begins))
                    begins = now + runner.works_for_seconds
                    is_due = now - flushed_at > FLUSH_SECONDS or len(replies) >= self._flush_bytes
                    if not lines or is_due or begins > now or self._is_over(runner):
                        break
            works = begins > now
            if works:
                self._pause(begins - self._monotonic())
            if not works or runner.flushes or not lines or begins - flushed_at > FLUSH_SECONDS:
                self._flush(runner, replies)
                flushed_at = self._monotonic()
        return begins

    def _flush(self, runner: Runner, replies: bytearray) -> None:
        """Write what the commands said. It is kept by now."""
        if replies and not self._is_stopped:
            self._launch.write("stdout", bytes(replies))
        replies.clear()
        for complaint in runner.complaints:
            self._launch.write("stderr", complaint.encode())
        runner.complaints.clear()

    def _is_over(self, runner: Runner) -> bool:
        return runner.is_exiting or self._is_stopped

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._pass_time(self._changed, lambda: self._is_stopped, seconds)

    def _next_line(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._has_ended or self._is_stopped)
            return self._lines.popleft() if self._lines and not self._is_stopped else None

    def _lines_at_hand(self) -> deque[bytes]:
        """Wait for lines and return all of them; empty when the input has ended or the process has to stop."""
        whole = self._settings.reads_stdin_until_end
        with self._changed:
            self._changed.wait_for(lambda: self._has_ended or self._is_stopped or (bool(self._lines) and not whole))
            lines, self._lines = self._lines, deque()
            return deque() if self._is_stopped else lines


_ENCODED = re.compile(r"[-/](?:e|ec|en|enc\w{0,11})\Z", re.IGNORECASE | re.ASCII)


def refused_command_line(command_line: str, *, any_script: bool = False) -> str | None:
    """Return the text on standard error for a command line; None for one that may start.

    That is the one with our bootstrap; with ``any_script`` every one that starts PowerShell.
    """
    program, words = taken_apart(command_line)
    if program.replace("\\", "/").rpartition("/")[2].casefold() not in ("powershell.exe", "powershell"):
        return (
            f"'{program}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
        )
    if any_script:
        return None
    for option, value in pairwise(words):
        if _ENCODED.match(option):
            return _refused_script(value.encode(), "bootstrap.ps1", "utf-16-le")
    return "The simulated PowerShell runs -EncodedCommand alone.\r\n"


_PIECE: Final = re.compile(r'(\\*)("|\s|[^\\\s"]|\Z)')
"""Backslashes, and the character after them."""


def taken_apart(command_line: str) -> tuple[str, list[str]]:
    """Return program and arguments as Windows splits them.

    Quotes enclose a word with blanks. Before a quote, two backslashes mean one, and one left over makes the quote a
    plain character; other backslashes mean themselves. Source: CommandLineToArgvW.
    """
    words: list[str] = []
    word: str | None = None
    is_quoted = False
    for slashes, mark in _PIECE.findall(command_line):
        if mark == '"':
            is_literal = len(slashes) % 2 == 1
            word = (word or "") + slashes[: len(slashes) // 2] + ('"' if is_literal else "")
            is_quoted ^= not is_literal
        elif is_quoted or not (mark.isspace() or mark == ""):
            word = (word or "") + slashes + mark
        else:
            word = (word or "") + slashes if slashes else word
            words += [word] if word is not None else []
            word = None
    words += [word] if word is not None else []
    program, *arguments = words or [""]
    return program, arguments


def _refused_script(encoded: bytes, name: str, encoding: str = "utf-8") -> str | None:
    """Return the text on standard error if a script is not the shipped file or folder ``name``."""
    try:
        text = base64.b64decode(encoded, validate=True).decode(encoding)
    except (binascii.Error, ValueError):
        return f"The text sent as {name} is not base64 of {encoding}.\r\n"
    shipped = _SHIPPED / name
    parts = sorted(shipped.glob("*.ps1")) if shipped.is_dir() else [shipped]
    if _digest(text) != _digest("".join(part.read_text("utf-8") for part in parts)):
        return f"The simulated PowerShell runs only the {name} that ships with this version; this is another one.\r\n"
    return None


def _digest(script: str) -> str:
    """A checkout may write line ends its own way; PowerShell reads them all alike."""
    return hashlib.sha256("\n".join(script.splitlines()).rstrip().encode()).hexdigest()
