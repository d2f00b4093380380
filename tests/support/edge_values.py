"""Values on the edges of what each type of parameter takes, and the changes of objects that carry them.

Every value of every kind has its turn once in the sequences of a release that has enough of them; releases that are
called through their endpoint share them out.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any, Final

from providers.cmdlets.reference import Parameter, cmdlet_of

REMOTE: Final = ("e2010", "e2013", "e2016")
"""Releases that are called through their endpoint. What comes out of it as a list is no array any more, so that a
parameter of text takes it, joined; on the host itself the binder refuses it. The interpreter does so always."""

HOSTILE: Final = (
    "-Force",
    "$(exit 5)",
    "a`b",
    "it's",
    "\u2018quoted\u2019",
    "x\ny",
    "a\0b",
    "_x000A_",
    "*",
    "[a]",
    "\uff3c",
    "Set\u00adThing",
    "\u202eabc",
    " ",
    "\u00e9",
)
NUMBERS: Final[tuple[Any, ...]] = (
    "2.5", "15.5", 3.5, 15.5, "16.5", "1e1", "0x1F", "#1f", "1kb", "2MB", "1,0", " 7 ", "", None, -1,
    "-1", 70000, 2**31, 2**40, 2**64, True, "8.", ".5", "1,5e1", [7], "\uff17", 1e10,
)  # fmt: skip
COUNTS: Final[tuple[Any, ...]] = (
    " unlimited", "unlimited", "UNLIMITED", "7", " 8 ", "30.00:00:00", "1.12:00:00", 9, 9.0, 9.5, "9.5",
    None, "", True, -1, "0x10", "1kb", 2**31, [5], {"$add": ["5"]},
)  # fmt: skip
TRUTHS: Final[tuple[Any, ...]] = (True, False, 0, 1, 2.0, "True", "false", "$true", "0", "", None, [True], [])
SWITCHES: Final[tuple[Any, ...]] = (*TRUTHS, {"$secure": "1234567"})
SECRETS: Final[tuple[Any, ...]] = ({"$secure": "2580369"}, "2580369", None, "", 5, [])
TEXTS: Final[tuple[Any, ...]] = (
    "text", "", None, 5, -7, 5.0, 5.5, 1e20, 1.5e-7, True, False, 10**20, {"$secure": "1234567"}, {"$add": ["a"]},
    {"$secure": ""}, *HOSTILE,
)  # fmt: skip
LISTS: Final[tuple[Any, ...]] = (
    ["+14255550100"], "+14255550101", ["a", "b"], [], None, "", [""], [None], [5, True], [5.5], [["a"]], [["a", "b"]],
    {"$add": ["+14255550102"]}, {"$add": "+14255550103"}, {"$remove": ["+14255550102"]}, {"$secure": "1234567"},
    {"$add": ["+14255550104", "5"], "$remove": ["+14255550103"]}, {"$add": []}, {"$add": [None]}, True, 7, ["x", "x"],
    {"$add": [["a"]]}, {"$add": ["*"], "$remove": ["*"]},
)  # fmt: skip
SPANS: Final[tuple[Any, ...]] = (
    "01:00:00", "5", 5, "1.02:03:04", " 7 ", "-1:0", "1:2:3.5", "24:00", "0:60", "", None, "5.5", 5.5, "five", True, [],
    "99999999", "1.2", *HOSTILE[:3],
)  # fmt: skip
MOMENTS: Final[tuple[Any, ...]] = ("2024-03-01", "2024-03-01T06:00:00Z", None, [], {"$secure": "1"})
GUIDS: Final[tuple[Any, ...]] = (
    "8d1b2c3e-0000-4000-8000-00000000000a", "{8D1B2C3E-0000-4000-8000-00000000000A}", "8d1b2c3e", "", None, 5,
    "(8d1b2c3e-0000-4000-8000-00000000000B)", " 8d1b2c3e00004000800000000000000C ", "{8d1b2c3e-0000-4000-8000",
)  # fmt: skip
_NOT_CHANGED: Final = frozenset(
    {"Confirm", "DomainController", "Identity", "Instance", "Name", "NormalizationRules", "WhatIf"}
)
"""What says which object is meant, and rules, which are objects that only cmdlets of theirs make."""
_KINDS: Final = {
    **dict.fromkeys(("Int32", "Int64", "UInt16", "UInt32", "Byte"), NUMBERS),
    "Unlimited": COUNTS,
    "Boolean": TRUTHS,
    "SwitchParameter": SWITCHES,
    "EnhancedTimeSpan": SPANS,
    "DateTime": MOMENTS,
    "Guid": GUIDS,
    "SecureString": SECRETS,
}
Change = tuple[str, Any]
Pair = tuple[str, str, tuple[Change, Change]]
"""The noun and the identity of an object, and two changes of it: a parameter and its value."""


@cache
def edge_pairs(release: str) -> Sequence[Pair]:
    """Return pairs of changes, by chance but the same every time, in which every value of every kind comes up."""
    chance = random.Random(f"edges of {release}")
    edges = sorted(_edges(release, chance), key=lambda edge: edge[:2])
    pairs: list[Pair] = []
    for (noun, identity), found in groupby(edges, key=lambda edge: edge[:2]):
        changes = [change for _, _, change in found]
        chance.shuffle(changes)
        if len(changes) % 2:
            changes.append(chance.choice(changes))
        pairs += [(noun, identity, pair) for pair in zip(changes[::2], changes[1::2], strict=True)]
    chance.shuffle(pairs)
    return [_there_and_back(release), *pairs]


def _there_and_back(release: str) -> Pair:
    """Return the addition of three values and the removal of one."""
    noun, identity = _standing(release)[0]
    name = "AccessTelephoneNumbers" if release.startswith("e") else "NormalizationRules"
    values = ["+14255550105", "+14255550106", "+14255550107"] if release.startswith("e") else []
    return noun, identity, ((name, {"$add": values}), (name, {"$remove": values[:2]}))


def _edges(release: str, chance: random.Random) -> list[tuple[str, str, Change]]:
    """Return one change for each value of each kind, of a parameter that converts as that kind does."""
    kinds: dict[str, list[tuple[str, str, Parameter]]] = {}
    for noun, identity in _standing(release):
        cmdlet = cmdlet_of(f"Set-{noun}", release)
        assert cmdlet is not None, noun
        for parameter in cmdlet.declared:
            if parameter.name not in _NOT_CHANGED:
                kinds.setdefault(_kind(parameter), []).append((noun, identity, parameter))
    found = []
    for _, places in sorted(kinds.items(), key=lambda kind: kind[0]):
        for index in range(len(_values(places[0][2]))):
            noun, identity, parameter = chance.choice(places)
            found.append((noun, identity, (parameter.name, _value(parameter, release, index))))
    return found


def _standing(release: str) -> Sequence[tuple[str, str]]:
    """Return kinds and names of objects that every world of the release has."""
    if not release.startswith("e"):
        return (("CsDialPlan", "Global"), ("CsUser", "user2@contoso.com"))
    server = "UMServer" if release in ("e2007", "e2010") else "UMService"
    return (
        ("UMDialPlan", "Base"),
        ("UMMailboxPolicy", "Base Default Policy"),
        (server, "ex1"),
        ("UMMailbox", "user1"),
        ("Mailbox", "user2"),
    )


def _kind(parameter: Parameter) -> str:
    """Return the name of what parameters have in common that convert alike."""
    if parameter.choices:
        return "choices"
    if parameter.enumeration is not None:
        return "flags" if parameter.enumeration.is_flags else "enumeration"
    if parameter.is_many:
        return "list"
    bare = parameter.type
    return bare if bare in _KINDS or bare == "String" else "identity" if bare.endswith("IdParameter") else "text"


def _value(parameter: Parameter, release: str, index: int) -> Any:
    value = _values(parameter)[index]
    # Out of the endpoint a list is no array any more, so that text takes it, joined.
    return "joined" if isinstance(value, list) and parameter.type == "String" and release in REMOTE else value


def _values(parameter: Parameter) -> Sequence[Any]:
    bare = parameter.type.removesuffix("[]")
    known = parameter.enumeration
    names = known.names if known else parameter.choices
    if names:
        return _odd_names(names)
    return LISTS if parameter.is_many else _KINDS.get(bare, TEXTS)


def _odd_names(names: Sequence[str]) -> Sequence[Any]:
    """Return names, beginnings of names, numbers and what is none of them, for an enumeration or a set of texts."""
    first, last = names[0], names[-1]
    numbers = (0, len(names) - 1, len(names), "1", " 1", 1.0, 1.5, 2**32, -1, "1,0")
    texts = (
        first,
        last.lower(),
        last.upper(),
        f" {first} ",
        first[:1],
        last[:3],
        last[:-1],
        f"{first}, {last}",
        "none",
    )
    return (*texts, *numbers, "", None, True, [first, last], [last], {"$secure": "1234567"})
