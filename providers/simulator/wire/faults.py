"""Faults to inject between a client and the service. A rule says at which message, before or after its effect.

A rule counts the messages of its kind since the listener started, so that the same messages meet the same faults.
*Before* means that nothing happened; *after* means that the message took effect and only its reply suffers. Rules can
play every row of the fault tables (TRANSPORT 6.1 and 6.2).
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args, get_type_hints

KINDS: Final = ("any", "authenticate", "create", "command", "send", "receive", "signal", "delete", "request")
"""``authenticate`` is a message without a body and any that is answered with 401.

``request`` is any HTTP request, before its body is read: none that ``any`` counts, and met by ``cut_request`` alone.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """What goes wrong with the ``nth`` message of a ``kind``, and with the next ``times - 1`` after it."""

    kind: str = "any"
    """The messages that are counted."""
    nth: int = 1
    """The first message that it strikes, counted from 1."""
    times: int = 1
    """How many messages in a row; 0: every one from the nth on."""
    host: str | None = None
    """Only messages to this host are counted."""
    when: Literal["before", "after"] = "before"
    """Before: in place of the effect. After: in place of the reply, when the message had its effect."""

    fault: int | None = None
    """Answer with this WSManFault code."""
    wmi: bool = False
    """Give the fault's code as an MSFT_WmiError alone, as Windows does with some quotas."""
    status: int | None = None
    """Answer with this HTTP status and the page of http.sys. 401 and 500 have no page; a 401 lists the methods."""
    reset: bool = False
    """Reset the connection (RST)."""
    lose_reply: bool = False
    """Close the connection without a reply (FIN)."""
    truncate: int | None = None
    """Send only so many bytes of the reply's body, then close."""
    cut_request: int | None = None
    """Of a ``request``: read only so many bytes of its body, then reset the connection."""
    garble: bool = False
    """Answer 200 with a page that is no SOAP."""
    unrelated: bool = False
    """Answer as if another message had been asked."""
    tamper: str | None = None
    """Alter a sealed answer: its ``signature``, the ``length`` that it says it has; or leave out its ``seal``."""
    close: bool = False
    """Answer, then close the connection: a seal is lost with it."""
    delay_seconds: float = 0.0
    """Wait so long, before the effect or between effect and reply."""
    kill_shell: bool = False
    """Close the shell the message is for."""
    kill_process: int | None = None
    """End the process the message is for with this exit code."""
    stderr: str = ""
    """What that process writes to standard error before it ends."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"the kind of a fault must be one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.when not in ("before", "after"):
            raise ValueError(f"the when of a fault must be before or after, not {self.when!r}")
        if self.tamper not in (None, "signature", "length", "seal"):
            raise ValueError(f"the tamper of a fault must be signature, length or seal, not {self.tamper!r}")
        if (self.kind == "request") is not (self.cut_request is not None):
            raise ValueError("a fault of the kind request needs cut_request, and no other kind may have it")
        if self.nth < 1 or self.times < 0 or self.delay_seconds < 0:
            raise ValueError("nth of a fault must be 1 or more; times and delay_seconds must not be negative")

    def matches(self, kind: str, host: str) -> bool:
        is_kind = self.kind == kind or (self.kind == "any" and kind != "request")
        return is_kind and self.host in (None, host)


_SCALARS: Final = {"true": True, "false": False}
_NUMBER: Final = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?\Z")


def _types_of(hint: object) -> frozenset[type]:
    options = get_args(hint) or (hint,)
    types = {option if isinstance(option, type) else type(option) for option in options}
    return frozenset(types | {int} if float in types else types)


_TYPES: Final = {name: _types_of(hint) for name, hint in get_type_hints(Rule).items()}
"""The types of value that each key takes."""


class FaultPlan:
    """The rules of one listener, with their counts. Thread-safe; rules may be added while it runs."""

    def __init__(self, rules: Sequence[Rule] = (), sleep: Callable[[float], object] = time.sleep) -> None:
        self.sleep: Final = sleep
        """Waits the ``delay_seconds`` of a rule."""
        self._lock = threading.Lock()
        self._rules = list(rules)
        self._seen: Counter[int] = Counter()
        self._injected = 0

    @classmethod
    def parse(cls, entries: Sequence[Mapping[str, object]]) -> FaultPlan:
        """Return the plan for a list of mappings, such as ``{kind: send, nth: 3, when: after, reset: true}``.

        Raises:
            ValueError: a rule cannot have that key or value.
        """
        return cls([_rule(entry) for entry in entries])

    @property
    def injected(self) -> int:
        """How often a rule struck."""
        with self._lock:
            return self._injected

    def add(self, rule: Rule) -> None:
        """Add a rule that counts from now on."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Forget every rule."""
        with self._lock:
            self._rules.clear()
            self._seen.clear()

    def at(self, kind: str, host: str) -> tuple[Rule, ...]:
        """Count a message and return the rules that strike it."""
        struck = []
        with self._lock:
            for index, rule in enumerate(self._rules):
                if rule.matches(kind, host):
                    self._seen[index] += 1
                    past = self._seen[index] - rule.nth
                    if past >= 0 and (rule.times == 0 or past < rule.times):
                        struck.append(rule)
            self._injected += len(struck)
        return tuple(struck)


def _rule(entry: Mapping[str, object]) -> Rule:
    unknown = sorted(str(key) for key in entry if key not in _TYPES)
    if unknown:
        raise ValueError(f"a fault has no {', '.join(unknown)}; it has {', '.join(sorted(_TYPES))}")
    values = {key: _value(key, value) for key, value in entry.items()}
    return Rule(**values)  # type: ignore[arg-type]  # every value was checked against its key


def _value(key: str, value: object) -> object:
    """Return a value of the type its key has; numbers and truth values may also be written as text."""
    if isinstance(value, str) and str not in _TYPES[key]:
        value = _SCALARS.get(value.casefold(), value)
        if isinstance(value, str) and _NUMBER.match(value):
            value = float(value) if "." in value else int(value)
    if type(value) not in _TYPES[key]:
        raise ValueError(f"{value!r} is no value for {key} of a fault")
    return value.casefold() if key == "host" and isinstance(value, str) else value
