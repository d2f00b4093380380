"""Keeps the changes of an estate: a file of what there is, and the log of calls, one a line.

The first line of the file is the estate as a whole. Each turn that changes something appends a line with what it
changed, so that a turn costs what it did and not what there is. When these lines are longer than the first, the file is
replaced as a whole. A line that was torn by a crash never happened: its replies were not sent.

A line also has the lines that its turn adds to the log: after a crash between the two writes, the next reader completes
the log from there. A lock file next to them lets several processes take turns.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from providers.simulator.estate import founding
from providers.simulator.world.directory import Entry, newest
from providers.simulator.world.holdings import Holdings
from providers.simulator.world.schema import World
from reconciler.model.diagnostics import ConfigurationError, Diagnostic

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
                return
            except OSError:  # LK_LOCK gives up after ten seconds; a turn may wait longer than that
                continue

    def _give(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _give(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at ``path``; wait for other holders."""
    try:
        descriptor = _private(path, os.O_RDWR | os.O_CREAT)
    except FileNotFoundError:  # the first time: asking before every turn costs more
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = _private(path, os.O_RDWR | os.O_CREAT)
    try:
        _take(descriptor)
        try:
            yield
        finally:
            _give(descriptor)
    finally:
        os.close(descriptor)


_FORMAT: Final = 1
_OF_THE_WORLD: Final = ("Server", "Organization")
"""Kinds of objects that are always those of the world file."""
_OF_BOTH: Final = ("User", "UMServer", "UMCallRouter")
"""Kinds that the world file names and that change."""


class Changes:
    """The files of one estate; ``digest`` identifies the version of its world file."""

    def __init__(self, path: Path, world: World, digest: str) -> None:
        self._path = path
        self._log_path = path.with_name(path.name + ".log")
        self._lock_path = path.with_name(path.name + ".lock")
        self._world = world
        self._digest = digest
        self._seed = world.world
        self._version: tuple[int, int, int] | None = None
        self._services: dict[str, Any] = {}
        """Those of each host, as they were kept last."""
        self._whole_bytes = 0
        """Of the first line; 0: what follows it would not go on from what there is, so the file is replaced."""
        self._appended_bytes = 0

    def locked(self) -> AbstractContextManager[None]:
        """Return a context in which no other process reads or writes the files."""
        return locked(self._lock_path)

    def read(self, known: Holdings | None) -> Holdings:
        """Return the saved holdings, or ``known`` if the file has not changed since it was read.

        Raises:
            ConfigurationError: the file is damaged, or of another version of the simulator.
        """
        version = self._stamp()
        if version is None:
            self._whole_bytes = 0
            return known or founding.found(self._world, self._seed)
        if known is not None and version == self._version:
            return known
        kept = self._parsed(self._path.read_bytes())
        self._version = self._stamp()
        self._complete_log(kept["log_size"], kept["log_tail"].encode())
        if kept["world"] == self._digest:
            self._seed = kept["seed"]
            holdings = _restored(founding.empty(self._world, self._seed), kept)
            self._services = _services_of(holdings)
            return holdings
        self._seed = f"{self._world.world}:{self._digest}"
        self._whole_bytes = 0
        return _carried_over(founding.found(self._world, self._seed), kept)

    def write(self, holdings: Holdings, log: Sequence[Mapping[str, Any]], *, changed: bool) -> None:
        """Keep the holdings, if they ``changed``, and append to the log."""
        tail = b"".join(orjson.dumps(entry) + b"\n" for entry in log)
        if not (changed or tail):
            return
        with open(self._log_path, "ab", opener=_private) as file:
            if changed:
                self._keep(holdings, {"log_size": os.fstat(file.fileno()).st_size, "log_tail": tail.decode()})
                self._version = self._stamp()
            file.write(tail)

    def log(self) -> tuple[dict[str, Any], ...]:
        """Return the calls logged by any process."""
        lines = self._log_path.read_bytes().splitlines() if self._log_path.exists() else []
        return tuple(entry for line in lines if (entry := _loaded(line)) is not None)

    def _keep(self, holdings: Holdings, log: Mapping[str, Any]) -> None:
        """Append what changed, or replace the file where it would become twice as long as it has to be."""
        services = _services_of(holdings)
        line = b""
        if self._whole_bytes:
            line = b"\n" + orjson.dumps({**_changes_of(holdings, services, self._services), **log})
        if line and self._appended_bytes + len(line) < self._whole_bytes:
            with open(self._path, "ab", opener=_private) as file:
                file.write(line)
            self._appended_bytes += len(line)
        else:
            whole = orjson.dumps({**self._as_json(holdings, services), **log})
            _replace(self._path, whole)
            self._whole_bytes, self._appended_bytes = len(whole), 0
        self._services = services
        holdings.directory.mark_kept()

    def _parsed(self, data: bytes) -> dict[str, Any]:
        """Return what the lines of the file amount to; cut off a last one that a crash tore."""
        first, *later = data.split(b"\n")
        kept = _loaded(first)
        if kept is None or kept.get("format") != _FORMAT:
            raise self._damaged()
        size = len(data)
        if later and _loaded(later[-1]) is None:
            size -= len(later.pop()) + 1
        turns = [turn for line in later if (turn := _loaded(line)) is not None]
        if len(turns) < len(later):
            raise self._damaged()
        if size < len(data):
            os.truncate(self._path, size)
        self._whole_bytes, self._appended_bytes = len(first), size - len(first)
        return _merged(kept, turns)

    def _damaged(self) -> ConfigurationError:
        detail = f"{self._path} is damaged, or was written by another version."
        remedy = f"Start from the world file again:\n  remove {self._path}"
        return ConfigurationError(Diagnostic("Simulated estate cannot be read", detail, remedy))

    def _stamp(self) -> tuple[int, int, int] | None:
        """Return what identifies the content of the file; None where there is none."""
        try:
            stat = os.stat(self._path)
        except FileNotFoundError:
            return None
        return (stat.st_ino, stat.st_mtime_ns, stat.st_size)

    def _as_json(self, holdings: Holdings, services: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "world": self._digest,
            "seed": self._seed,
            "directory": holdings.directory.to_json(),
            "services": services,
            "counters": holdings.counters,
            "media": holdings.media,
            "assigned": holdings.assigned,
        }

    def _complete_log(self, size: int, tail: bytes) -> None:
        """Append the lines of the last turn, if it crashed between its two files."""
        there = self._log_path.stat().st_size if self._log_path.exists() else 0
        if there >= size + len(tail):
            return
        with open(self._log_path, "r+b" if there else "w+b", opener=_private) as file:
            file.truncate(size)
            file.seek(size)
            file.write(tail)


def _loaded(line: bytes) -> dict[str, Any] | None:
    """Return a line of a file; None for one that was torn by a crash."""
    try:
        loaded = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return loaded if isinstance(loaded, dict) else None


def _services_of(holdings: Holdings) -> dict[str, Any]:
    return {
        host: {key: [s.status, s.started, s.learned, s.ends] for key, s in services.items()}
        for host, services in holdings.services.items()
    }


def _changes_of(holdings: Holdings, services: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a turn changed; ``services`` are those of now, ``known`` those of before."""
    return {
        "directory": holdings.directory.changes_json(),
        "services": {host: told for host, told in services.items() if told != known.get(host)},
        "counters": holdings.counters,
        "media": holdings.media,
        "assigned": holdings.assigned,
    }


def _merged(kept: dict[str, Any], turns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the whole estate after ``turns``."""
    if not turns:
        return kept
    entries = {row[0]: row for row in kept["directory"]["entries"]}
    services = dict(kept["services"])
    for turn in turns:
        services |= turn["services"]
        for guid in turn["directory"]["gone"]:
            entries.pop(guid, None)
        entries |= {row[0]: row for row in turn["directory"]["entries"]}
    last = turns[-1]
    return {
        **kept,
        **last,
        "directory": {**last["directory"], "entries": list(entries.values())},
        "services": services,
    }


def _restored(holdings: Holdings, kept: Mapping[str, Any]) -> Holdings:
    directory = holdings.directory
    directory.load_json(kept["directory"], lambda entry: founding.index(directory, entry))
    _restore_services(holdings, kept["services"])
    holdings.counters.update(kept["counters"])
    holdings.media.update(kept.get("media", {}))
    holdings.assigned.update(kept.get("assigned", {}))
    return holdings


def _restore_services(holdings: Holdings, kept: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
    for host, services in holdings.services.items():
        for key, row in kept.get(host, {}).items():
            service = services.get(key)
            if service is not None:
                service.status, service.started, service.learned = row[:3]
                service.ends = row[3] if len(row) > 3 else None  # nothing ended by itself when only three were kept


def _carried_over(holdings: Holdings, kept: Mapping[str, Any]) -> Holdings:
    """Return the holdings of a new version of the world file with what became of the one before.

    Topology is the new file's, and so are users and servers it adds; everything else stays as it had become.
    """
    directory = holdings.directory
    view = newest(directory)
    mine = {(entry.kind, _world_name(entry)): entry for kind in _OF_BOTH for entry in view.of(kind)}
    entries = [Entry(*row) for row in kept["directory"]["entries"]]
    for kind in {entry.kind for entry in entries} - {*_OF_BOTH, *_OF_THE_WORLD}:
        for entry in list(view.of(kind)):
            directory.drop(entry)
    for entry in entries:
        if entry.kind in _OF_THE_WORLD:
            continue
        if entry.kind in _OF_BOTH:
            same = mine.get((entry.kind, _world_name(entry)))
            if same is None:
                continue
            directory.drop(same)
        directory.put(entry)
    directory.reindex(lambda entry: founding.index(directory, entry))
    _restore_services(holdings, kept["services"])
    holdings.counters.update(kept["counters"])
    holdings.assigned.update(kept.get("assigned", {}))
    return holdings


def _world_name(entry: Entry) -> str:
    return str(entry.properties.get("Alias") or entry.properties.get("Fqdn")).casefold()


def _replace(path: Path, data: bytes) -> None:
    """Put ``data`` in the place of the file at once."""
    beside = path.with_name(path.name + ".new")
    with open(beside, "wb", opener=_private) as file:
        file.write(data)
    os.replace(beside, path)


def _private(path: str | Path, flags: int) -> int:
    """Open for the owner alone, and never through a link."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)
