"""One call of a simulated cmdlet: its arguments, the domain controller it asks, its errors and their texts.

The messages of the products, are in the language of the host. The engine must never decide by these words.

``languages/`` has one file a language, with the texts by key. Published wording is used (DOMAIN 9.1), otherwise our
own. A text that a language lacks is in English, as on a server without the language pack.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from providers.simulator.answers import CmdletError
from providers.simulator.world.directory import Entry, View
from providers.simulator.world.holdings import Holdings

_LANGUAGES = Path(__file__).with_name("languages")


@cache
def _texts(language: str) -> Mapping[str, str]:
    english: dict[str, str] = json.loads((_LANGUAGES / "en.json").read_text(encoding="utf-8"))
    own = next(_LANGUAGES.glob(f"{language}.json"), None)
    return {**english, **json.loads(own.read_text(encoding="utf-8"))} if own else english


def product_text(key: str, culture: str, /, **values: object) -> str:
    """Return the text ``key`` in the language of ``culture`` (``de-DE``), filled with ``values``."""
    return _texts(culture[:2].lower())[key].format(**values)


@dataclass
class Call:
    """One call of one cmdlet on one host, bound, with the domain controller it reads and writes."""

    holdings: Holdings
    host: str
    cmdlet: str
    """In its proper spelling."""
    arguments: dict[str, Any]
    now: datetime
    user: str = "CONTOSO\\reconciler"
    properties: Sequence[str] = ()
    """The properties asked for; see ``shapes.shaped`` for none and ``*``."""
    delegated: bool = True
    """Whether the caller's credential reaches beyond the host."""
    warnings: list[str] = field(default_factory=list)
    output: str = ""
    seconds: float = 0.0
    """How long the cmdlet works before it answers."""
    delayed_seconds: float = 0.0
    """How long it is held back before it works."""
    late_seconds: float = 0.0
    """How long before ``now`` it would have begun if the simulator itself needed no time."""
    controller: str | None = None
    """Pinned by the estate instead of by ``-DomainController``."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument; case does not count, because releases differ (PIN, Pin)."""
        if name in self.arguments:
            return self.arguments[name]
        folded = name.casefold()
        return next((value for key, value in self.arguments.items() if key.casefold() == folded), default)

    @cached_property
    def culture(self) -> str:
        return self.holdings.culture(self.host)

    @cached_property
    def release(self) -> str:
        return self.holdings.release(self.host)

    @cached_property
    def dc(self) -> str:
        name = self.controller or self.arguments.get("DomainController")
        if not name:
            return self.holdings.default_controller(self.host)
        folded = str(name).casefold()
        for controller in self.holdings.world.domain_controllers:
            if folded in (controller.fqdn, controller.fqdn.partition(".")[0]):
                if not controller.available:
                    raise self.error("ADTransientException", "dc-unavailable", str(name), dc=controller.fqdn)
                return controller.fqdn
        raise self.error("ADTransientException", "dc-unavailable", str(name), dc=name)

    @cached_property
    def view(self) -> View:
        return self.holdings.directory.view(self.dc, self.now)

    # changing

    def create(self, kind: str, name: str, dn: str, properties: dict[str, Any]) -> Entry:
        entry = self.holdings.directory.create(kind, name, dn, properties, dc=self.dc, now=self.now)
        self._forget_view()
        return entry

    def change(self, entry: Entry, properties: Mapping[str, Any]) -> None:
        try:
            self.holdings.directory.change(entry, properties, dc=self.dc, now=self.now)
        except KeyError:
            raise self.not_found(entry.name) from None
        if not self.view.is_newest:
            self._forget_view()

    def delete(self, entry: Entry) -> None:
        try:
            self.holdings.directory.delete(entry, dc=self.dc, now=self.now)
        except KeyError:
            raise self.not_found(entry.name) from None
        self._forget_view()

    def _forget_view(self) -> None:
        self.__dict__.pop("view", None)

    # errors

    def error(self, type: str, text: str, target: str = "", /, *, category: str = "", **values: object) -> CmdletError:
        """Return the error record as this host's product and version words it (DOMAIN 9)."""
        message = product_text(text, self.culture, **values)
        if self.release.startswith("e"):
            return CmdletError(type, self._exchange_error_id(type), category or self._category(), message, target)
        verb, _, noun = self.cmdlet.partition("-")
        error_id = f"{type},Microsoft.Rtc.Management.Xds.{verb}{noun}Cmdlet"
        return CmdletError(type, error_id, category or "InvalidOperation", message, target)

    def _category(self) -> str:
        return "NotSpecified" if self.release in ("e2013", "e2016") else "InvalidData"

    def _exchange_error_id(self, type: str) -> str:
        verb, _, noun = self.cmdlet.partition("-")
        number = format(hash_of(f"{self.cmdlet}{type}"), "08X")
        place = f"{number},Microsoft.Exchange.Management.Tasks.UM.{verb}{noun}"
        if self.release not in ("e2013", "e2016"):
            return place
        server = self.host.partition(".")[0].upper()
        stamp = self.now.strftime("%m/%d/%Y %H:%M:%S")
        request = self.holdings.directory.new_guid()
        return f"[Server={server},RequestId={request},TimeStamp={stamp}] [FailureCategory=Cmdlet-{type}] {place}"

    def invalid(self, name: str, value: object) -> CmdletError:
        """Return the error of a property whose value the product refuses."""
        target = "" if value is None else str(value)
        return self.error("DataValidationException", "invalid-name", target, name=name, value=value)

    def not_found(self, name: object) -> CmdletError:
        return self.error("ManagementObjectNotFoundException", "not-found", str(name), name=name, dc=self.dc)

    def ambiguous(self, name: object) -> CmdletError:
        """Return the error of Exchange for an identity that fits several objects."""
        return self.error("ManagementObjectAmbiguousException", "ambiguous", str(name), name=name)


Handler = Callable[[Call], Iterable[dict[str, object]]]
"""A cmdlet: the records it returns; warnings and output go to the call."""


def hash_of(text: str) -> int:
    """Return a 32-bit number that is the same in every process."""
    number = 2166136261
    for byte in text.encode():
        number = (number ^ byte) * 16777619 & 0xFFFFFFFF
    return number
