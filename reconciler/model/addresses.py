"""Addresses: ``type/name``, what every resource is called on every page, file and command line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.model.values import folded

# --- addresses -------------------------------------------------------------------------------------------------------

_UNSAFE = re.compile(r"[^A-Za-z0-9._@/+-]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, eq=False)
class Address:
    """The name of a resource, ``type/key``, such as ``um_mailbox/alice@contoso.com``.

    Two addresses are equal where the directory takes their keys for one name: ``dial_plan/redmond`` is
    ``dial_plan/Redmond``, however a file, a server or the state spells it. The text needs no quoting in any shell:
    other characters stand as the %XX of their UTF-8 bytes.
    """

    type: str
    key: str

    def __str__(self) -> str:
        def escape(match: re.Match[str]) -> str:
            return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))

        return f"{self.type}/{_UNSAFE.sub(escape, self.key)}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address that ``text`` writes.

        Raises:
            ValueError: there is no type, no key, or an escape that is not UTF-8.
        """
        type_name, slash, escaped = text.partition("/")
        if not (type_name and slash and escaped):
            raise ValueError(f"{text!r} is no address; one is written type/name, such as dial_plan/Redmond")
        raw = escaped.encode("utf-8", "surrogatepass")
        plain = re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), raw)
        return cls(type_name, plain.decode("utf-8", "surrogatepass"))

    @property
    def folded(self) -> tuple[str, str]:
        """The form that equal addresses share."""
        return (self.type, folded(self.key))

    @property
    def names_a_person(self) -> bool:
        """True for a user. A similar name is another person, so messages never suggest one user for another."""
        return "@" in self.key

    def is_spelt_as(self, other: Address) -> bool:
        """True if the two addresses are also written in the same case."""
        return (self.type, self.key) == (other.type, other.key)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Address):
            return NotImplemented
        return self.type == other.type and (self.key == other.key or folded(self.key) == folded(other.key))

    def __hash__(self) -> int:
        return hash(self.folded)

    def __lt__(self, other: Address) -> bool:
        return (self.type, self.key) < (other.type, other.key)
