"""The real PowerShell behind the simulated hosts: each command of a shell starts one, with stub cmdlets of its host.

What a Windows server has and no other, is put in the way of the process by its environment alone: modules on
``PSModulePath`` that PowerShell loads by itself when they are asked for, and the folder of an Exchange installation.
The command line, the bootstrap and the runner are those that a customer's server gets.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Final

from providers.simulator.estate.estate import Estate
from providers.simulator.powershell import clixml, stub_cmdlets
from providers.simulator.powershell.stub_link import Caller, Logons, StubLink
from providers.simulator.wire.process import refused_command_line, taken_apart
from providers.simulator.wire.shell_command import Launch, Process

_GOODBYE_SECONDS: Final = 10.0
_PIECE: Final = 65536
_PREFIX: Final = "reconciler-ps-"
_LONGEST_PLACE: Final = 24
_INHERITED: Final = (
    "COMSPEC",
    "DOTNET_ROOT",
    "HOME",
    "LD_LIBRARY_PATH",
    "PATH",
    "PATHEXT",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TZ",
    "USERPROFILE",
    "WINDIR",
)
"""Other variables may contain secrets, which a process started by a client must not see."""
SHORT_LIVED: Final[Mapping[str, str]] = {"DOTNET_TieredPGO": "0", "DOTNET_TC_CallCountThreshold": "2000"}
""".NET recompiles a method with optimisation after 8192 calls (the number is hexadecimal) instead of 30.

The start of a process calls many methods more than 30 times, and their optimisation would cost more than a second of
processor time. Methods of a long listing are still optimised.
"""


class PowerShellEngine:
    """Starts the processes of all hosts. Close it after the last shell."""

    def __init__(self, estate: Estate, is_password: Logons, program: str, *, any_script: bool = False) -> None:
        """Generate the stubs that the hosts of ``estate`` need.

        Args:
            program: the PowerShell to start.
            any_script: run any command line that starts PowerShell, not the one with the shipped bootstrap alone.
        """
        self._program = program
        self._any_script = any_script
        self._estate = estate
        self._count = 0
        self._lock = threading.Lock()
        releases = sorted({estate.release(host) for host in estate.hosts()})
        place = _room()
        _sweep(place)
        self._folder = tempfile.TemporaryDirectory(
            prefix=f"{_PREFIX}{os.getpid()}-", dir=place, ignore_cleanup_errors=True
        )
        try:
            stub_cmdlets.write(self.folder / "windows", stub_cmdlets.windows_modules())
            for release in releases:
                name = stub_cmdlets.module_name(release)
                stub_cmdlets.write(self.folder / release / name, stub_cmdlets.stub_module(release))
                if release in stub_cmdlets.SNAP_INS:
                    stub_cmdlets.write(self.installation(release), stub_cmdlets.installation(release))
            self._link = StubLink(estate, is_password)
        except BaseException:
            self._folder.cleanup()
            raise

    def __enter__(self) -> PowerShellEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """The directory of the generated modules and scripts."""
        return Path(self._folder.name)

    def installation(self, release: str) -> Path:
        """Where Exchange of that release is installed."""
        return self.folder / release / "Exchange"

    def start(self, launch: Launch) -> Process:
        """Start the command line of ``launch`` on its host."""
        complaint = refused_command_line(launch.command_line, any_script=self._any_script)
        if complaint is not None:
            return RefusedProcess(launch, complaint)
        entered = self.enter(Caller(launch.host, launch.user, launch.delegates))
        _, arguments = taken_apart(launch.command_line)
        return PowerShellProcess(launch, [self._program, *arguments], entered)

    def enter(self, caller: Caller) -> Entered:
        """Return what a PowerShell of ``caller`` needs to find the cmdlets of its host; leave it in the end."""
        with self._lock:
            self._count += 1
            own = self.folder / str(self._count)
        own.mkdir(mode=0o700)
        token = self._link.admit(caller)
        (own / "setup.xml").write_text(clixml.dumps(self._setup(caller.host, token)), encoding="utf-8")
        return Entered(own, self._environment(caller.host, own), lambda: self._forget(token, own))

    def close(self) -> None:
        """Close the connections of processes that still run, and remove the generated files."""
        self._link.close()
        self._folder.cleanup()

    def _forget(self, token: str, own: Path) -> None:
        self._link.dismiss(token)
        shutil.rmtree(own, ignore_errors=True)

    def _setup(self, host: str, token: str) -> dict[str, object]:
        """Return what the stubs read of their process's place: ``Get-StubSetup``."""
        release = self._estate.release(host)
        setup: dict[str, object] = {"Port": self._link.port, "Token": token}
        if release in stub_cmdlets.SNAP_INS:
            name = stub_cmdlets.module_name(release)
            module = self.folder / release / name
            setup |= {"SnapIn": name, "SnapInPath": str(module / f"{name}.psd1")}
            setup |= {"Proxies": str(module / stub_cmdlets.PROXIES), "Endpoint": release in stub_cmdlets.WITH_ENDPOINT}
        return setup

    def _environment(self, host: str, own: Path) -> dict[str, str]:
        release = self._estate.release(host)
        is_exchange = release in stub_cmdlets.SNAP_INS
        modules = [self.folder / "windows", *(() if is_exchange else (self.folder / release,))]
        culture = str(self._estate.about(host)["culture"]).replace("-", "_")
        variables = {name: os.environ[name] for name in _INHERITED if os.environ.get(name)}
        variables |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(own))
        variables |= {
            **SHORT_LIVED,
            "LC_ALL": f"{culture}.UTF-8",
            "POWERSHELL_TELEMETRY_OPTOUT": "1",
            "PSModulePath": os.pathsep.join(map(str, modules)),
            "RECONCILER_SIMULATOR_LINK": str(own / "setup.xml"),
        }
        return variables | ({"ExchangeInstallPath": str(self.installation(release))} if is_exchange else {})


def _room() -> Path:
    """Return where the folders of engines go: the usual place, unless its name is too long.

    PowerShell's pipes are sockets in the folder for temporary files, and the path of a socket must be short.
    """
    usual, short = Path(tempfile.gettempdir()), Path("/tmp")
    return short if os.name == "posix" and len(str(usual)) > _LONGEST_PLACE and short.is_dir() else usual


def _sweep(place: Path) -> None:
    """Remove what simulators left that were killed."""
    if os.name != "posix":
        return
    for folder in place.glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (OSError, ValueError):
            continue


@dataclass(frozen=True, slots=True)
class Entered:
    """The place of one PowerShell on a host."""

    folder: Path
    """A directory of its own, removed when it leaves."""
    environment: Mapping[str, str]
    leave: Callable[[], None]


class RefusedProcess:
    """The process of a command line that is refused. It has ended, and its output says why."""

    def __init__(self, launch: Launch, complaint: str) -> None:
        launch.write("stderr", complaint.encode())
        launch.ended(1)

    def feed(self, data: bytes, *, end: bool) -> None:
        """Ignore input: the process has ended."""

    def stop(self) -> None:
        """It has ended."""

    def join(self) -> None:
        """It has ended."""


class PowerShellProcess:
    """One PowerShell: standard input is written, output read and its end awaited on threads of their own."""

    def __init__(self, launch: Launch, command: list[str], entered: Entered) -> None:
        self._launch = launch
        self._forget = entered.leave
        self._input: SimpleQueue[bytes | None] = SimpleQueue()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=entered.folder,
            env=entered.environment,
        )
        name = f"powershell@{launch.host}"
        self._writer = threading.Thread(target=self._write, name=f"{name} in", daemon=True)
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), name=f"{name} {stream}", daemon=True)
            for stream in ("stdout", "stderr")
        ]
        self._waiter = threading.Thread(target=self._wait, name=name, daemon=True)
        for thread in (self._writer, *self._readers, self._waiter):
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def feed(self, data: bytes, *, end: bool) -> None:
        """Write to standard input; ``end`` closes it. Never waits for the process."""
        if data:
            self._input.put(data)
        if end:
            self._input.put(None)

    def stop(self) -> None:
        """End it at once, as a terminated process ends on Windows."""
        with suppress(OSError):
            self._process.kill()

    def join(self) -> None:
        """Wait for its end."""
        self._waiter.join(_GOODBYE_SECONDS)

    def _write(self) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(OSError), stdin:
            while (data := self._input.get()) is not None:
                remaining = memoryview(data)
                while remaining:
                    remaining = remaining[stdin.write(remaining) or 0 :]

    def _read(self, stream: str) -> None:
        pipe = self._process.stdout if stream == "stdout" else self._process.stderr
        assert pipe is not None
        with pipe:
            while data := os.read(pipe.fileno(), _PIECE):
                self._launch.write(stream, data)

    def _wait(self) -> None:
        """Tell of the end only after the last output."""
        for reader in self._readers:
            reader.join()
        code = self._process.wait()
        self._input.put(None)
        self._writer.join()
        self._forget()
        self._launch.ended(code if code >= 0 else 1)
