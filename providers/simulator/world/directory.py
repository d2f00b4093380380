"""The directory that Exchange and Lync share: objects, and several domain controllers that learn of changes late.

The newest state is kept, and for as long as some domain controller does not know it, a list of the changes with the
values before them. A lagging controller answers with the newest state, in which the changes it does not know yet are
taken back attribute by attribute. So two changes of one object on two controllers both survive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from reconciler.model.values import folded


@dataclass(slots=True)
class Entry:
    """One object. ``properties`` are JSON values; a reference to another object is ``{"$ref": guid}``."""

    guid: str
    kind: str
    """The noun of its cmdlets, such as ``UMDialPlan``."""
    name: str
    dn: str
    created: str
    """WhenCreated: ISO 8601 in UTC, whole seconds, as the directory keeps it."""
    properties: dict[str, Any]
    kept: bytes | None = field(default=None, compare=False, repr=False)
    """The object as JSON, until it changes: most of a directory is the same from one save to the next."""

    def reference(self) -> dict[str, str]:
        return {"$ref": self.guid}

    def refers_to(self, property: str, guid: str) -> bool:
        """True where ``property``, single or multi-valued, names the object ``guid``."""
        value = self.properties.get(property)
        if isinstance(value, list):
            return any(isinstance(item, dict) and item.get("$ref") == guid for item in value)
        return isinstance(value, dict) and value.get("$ref") == guid


@dataclass(slots=True)
class _Change:
    """A change that some domain controller may not know. ``before``: None where the object was made by it."""

    at: str
    dc: str
    guid: str
    before: dict[str, Any] | None
    gone: list[Any] | None = None
    """The object it deleted."""


_ABSENT = {"$absent": True}
"""The value, before a change, of a property that was not there; as JSON keeps it."""


class Names:
    """Folded names of users, each with all the users it fits: a name may be that of several."""

    def __init__(self) -> None:
        self._fits: dict[str, str | tuple[str, ...]] = {}

    def of(self, name: str) -> tuple[str, ...]:
        """Return the ids of the users that ``name`` fits."""
        found = self._fits.get(folded(name), ())
        return (found,) if isinstance(found, str) else found

    def add(self, name: str, guid: str) -> None:
        known = self.of(name)
        if guid not in known:
            self._fits[folded(name)] = (*known, guid) if known else guid

    def drop(self, name: str, guid: str) -> None:
        left = tuple(one for one in self.of(name) if one != guid)
        if left:
            self._fits[folded(name)] = left
        else:
            self._fits.pop(folded(name), None)


class Directory:
    """The objects of the forest. Not thread-safe: the estate lets one call in at a time."""

    def __init__(self, delays: Mapping[str, float], seed: str) -> None:
        self._delays = dict(delays)
        self._slowest = timedelta(seconds=max(delays.values(), default=0.0))
        self._seed = seed
        self.counter = 0
        self._entries: dict[str, Entry] = {}
        self._kinds: dict[str, dict[str, Entry]] = {}
        self._pending: list[_Change] = []
        self._touched: dict[str, None] = {}
        """The ids of objects that came, changed or went since ``mark_kept``."""
        self.indexes: dict[str, str] = {}
        """Folded proxy addresses and the names of what there is one of, to guid; of the newest state."""
        self.names = Names()
        """Of users; of the newest state."""

    def new_guid(self) -> str:
        """Return the next id; they follow from the seed alone."""
        self.counter += 1
        digest = hashlib.sha256(f"{self._seed}:{self.counter}".encode()).digest()
        return str(UUID(bytes=digest[:16], version=4))

    # reading

    def view(self, dc: str, now: datetime) -> View:
        """Return the directory as the domain controller ``dc`` knows it at ``now``."""
        return View(self, self._unknown_to(dc, now) if self._pending else {})

    def _unknown_to(self, dc: str, now: datetime) -> dict[str, Entry | None]:
        delay = timedelta(seconds=self._delays.get(dc, 0.0))
        overlay: dict[str, Entry | None] = {}
        settled: dict[str, set[str]] = {}
        for change in reversed(self._pending):
            known = change.dc == dc or datetime.fromisoformat(change.at) + delay <= now
            touched = settled.setdefault(change.guid, set())
            if known:
                touched.update(change.before or ())
                continue
            if change.gone is not None:
                overlay[change.guid] = Entry(*change.gone)
            elif change.before is None:
                overlay[change.guid] = None
            else:
                entry = overlay.get(change.guid) or self._entries.get(change.guid)
                if entry is not None:
                    overlay[change.guid] = _taken_back(entry, change.before, touched)
        return overlay

    # writing

    def create(
        self,
        kind: str,
        name: str,
        dn: str,
        properties: dict[str, Any],
        *,
        dc: str,
        now: datetime,
        created: datetime | None = None,
    ) -> Entry:
        when = (created or now).replace(microsecond=0).isoformat()
        entry = Entry(self.new_guid(), kind, name, dn, when, properties)
        self.put(entry)
        self._remember(_Change(now.isoformat(), dc, entry.guid, None), now)
        return entry

    def change(self, entry: Entry, properties: Mapping[str, Any], *, dc: str, now: datetime) -> None:
        """Set ``properties`` of the newest state of ``entry``."""
        newest = self._entries[entry.guid]
        if self._lags:
            before = {name: newest.properties.get(name, _ABSENT) for name in properties}
            self._remember(_Change(now.isoformat(), dc, entry.guid, before), now)
        newest.properties.update(properties)
        self._touch(newest)

    def rename(self, entry: Entry, name: str) -> None:
        """Give the object another name at once everywhere: renaming is not what replication is simulated for."""
        newest = self._entries[entry.guid]
        newest.dn = newest.dn.replace(f"CN={newest.name},", f"CN={name},", 1)
        newest.name = name
        self._touch(newest)

    def delete(self, entry: Entry, *, dc: str, now: datetime) -> None:
        newest = self._entries.pop(entry.guid)
        del self._kinds[newest.kind][entry.guid]
        self._touch(newest)
        self._remember(_Change(now.isoformat(), dc, entry.guid, None, _row(newest)), now)

    def settle(self) -> None:
        """Let every domain controller know everything."""
        self._pending = []

    def drop(self, entry: Entry) -> None:
        """Take an object away at once everywhere."""
        self._entries.pop(entry.guid, None)
        self._kinds.get(entry.kind, {}).pop(entry.guid, None)
        self._touch(entry)

    def reindex(self, index: Callable[[Entry], None]) -> None:
        """Make the index of names again."""
        self.indexes, self.names = {}, Names()
        for entry in self._entries.values():
            index(entry)

    def put(self, entry: Entry) -> None:
        """Put an object here as it is, in the place of one with its id."""
        self._entries[entry.guid] = entry
        self._kinds.setdefault(entry.kind, {})[entry.guid] = entry
        self._touch(entry)

    def _touch(self, entry: Entry) -> None:
        entry.kept = None
        self._touched[entry.guid] = None

    @property
    def _lags(self) -> bool:
        return bool(self._slowest)

    def _remember(self, change: _Change, now: datetime) -> None:
        if not self._lags:
            return
        oldest = (now - self._slowest).isoformat()
        if self._pending and self._pending[0].at <= oldest:
            self._pending = [kept for kept in self._pending if kept.at > oldest]
        self._pending.append(change)

    # keeping

    def to_json(self) -> dict[str, Any]:
        """Return everything, for orjson to write."""
        return {
            **self._rest_json(),
            "entries": [_kept(entry) for entry in self._entries.values()],
        }

    def _rest_json(self) -> dict[str, Any]:
        pending = [[c.at, c.dc, c.guid, c.before, c.gone] for c in self._pending]
        return {"counter": self.counter, "pending": pending}

    def changes_json(self) -> dict[str, Any]:
        """Return what changed since ``mark_kept``, for orjson to write; ``entries`` and ``gone`` in place of all."""
        there = [self._entries[guid] for guid in self._touched if guid in self._entries]
        return {
            **self._rest_json(),
            "entries": [_kept(entry) for entry in there],
            "gone": [guid for guid in self._touched if guid not in self._entries],
        }

    def mark_kept(self) -> None:
        """Count changes from now on."""
        self._touched = {}

    def load_json(self, saved: Mapping[str, Any], index: Callable[[Entry], None]) -> None:
        """Fill an empty directory with what ``to_json`` returned; ``index`` is called for each object."""
        self.counter = saved["counter"]
        for row in saved["entries"]:
            entry = Entry(*row)
            self.put(entry)
            index(entry)
        self._pending = [_Change(*row) for row in saved["pending"]]
        self.mark_kept()


def _kept(entry: Entry) -> orjson.Fragment:
    if entry.kept is None:
        entry.kept = orjson.dumps(_row(entry))
    return orjson.Fragment(entry.kept)


def _row(entry: Entry) -> list[Any]:
    return [entry.guid, entry.kind, entry.name, entry.dn, entry.created, entry.properties]


def _taken_back(entry: Entry, before: Mapping[str, Any], settled: set[str]) -> Entry:
    properties = dict(entry.properties)
    for name, value in before.items():
        if name in settled:
            continue
        if value == _ABSENT:
            properties.pop(name, None)
        else:
            properties[name] = value
    return Entry(entry.guid, entry.kind, entry.name, entry.dn, entry.created, properties)


def newest(directory: Directory) -> View:
    """Return the directory at a domain controller to which every change has replicated."""
    return View(directory, {})


class View:
    """The directory as one domain controller knows it at one moment."""

    def __init__(self, directory: Directory, overlay: Mapping[str, Entry | None]) -> None:
        self._directory = directory
        self._overlay = overlay

    @property
    def is_newest(self) -> bool:
        return not self._overlay

    def get(self, guid: str) -> Entry | None:
        if guid in self._overlay:
            return self._overlay[guid]
        return self._directory._entries.get(guid)

    def of(self, kind: str) -> Iterator[Entry]:
        """Yield the objects of a kind, oldest first; those deleted unknown to this controller last."""
        newest = self._directory._kinds.get(kind, {})
        if not self._overlay:
            yield from list(newest.values())
            return
        for guid, entry in list(newest.items()):
            seen = self._overlay.get(guid, entry)
            if seen is not None:
                yield seen
        for guid, known in self._overlay.items():
            if known is not None and known.kind == kind and guid not in newest:
                yield known

    def follow(self, value: object) -> Entry | None:
        """Return the object of a stored reference; None if it is gone or there is no reference."""
        if isinstance(value, dict) and "$ref" in value:
            return self.get(value["$ref"])
        return None

    def named(self, kind: str, name: str) -> Entry | None:
        wanted = folded(name)
        return next((entry for entry in self.of(kind) if folded(entry.name) == wanted), None)
