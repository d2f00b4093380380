"""Generated sequences of cmdlet calls: right ones, and ones that are wrong in every way a caller can be wrong.

Deterministic: a seed gives a sequence. The published table says what each cmdlet of a release takes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from providers.cmdlets.reference import Cmdlet, Parameter, cmdlet_of, cmdlets_of
from tests.support.edge_values import HOSTILE, REMOTE, edge_pairs

Call = dict[str, Any]

WRONG: Final[tuple[Any, ...]] = (
    None,
    "",
    " ",
    "5",
    " 5 ",
    "+5",
    "-1",
    "5.5",
    "6.5",
    "0x10",
    "1e2",
    "1,000",
    "five",
    "true",
    "$true",
    "Unlimited",
    "unlimited",
    True,
    False,
    0,
    1,
    -7,
    99,
    5.5,
    6.5,
    2**40,
    10**20,
    [],
    [5],
    ["a", "b"],
    [None],
    [["a"]],
    ["", "a"],
    [True],
    {"$add": ["a"]},
    {"$add": ["a"], "$remove": ["b"]},
    {"$secure": "1234567"},
)
CULTURES: Final = {"e2010": "tr-TR", "e2016": "es-ES", "l2013": "ja-JP", "s2015": "es-ES"}
"""Releases whose hosts speak another language: what converts, and how, must not depend on it."""
_LEFT_OUT: Final = frozenset(
    {"Export-UMCallDataRecord", "Export-UMPrompt", "Import-UMPrompt", "Import-ExchangeCertificate"}
)
_COMMON: Final[tuple[tuple[str, Any], ...]] = (
    ("ErrorAction", "Stop"), ("WarningAction", "SilentlyContinue"), ("Verbose", False), ("vb", False), ("Debug", False),
    ("WarningVariable", "w"), ("OutBuffer", 1),
)  # fmt: skip
"""Not by the aliases ``ea`` and ``wa``: the runner gives every call an error action and a warning action itself."""
_OPAQUE: Final = ("PSObject", "PSCredential", "DateTime", "Guid", "Byte", "Byte[]", "Confirm", "SecureString")


def sequence(release: str, seed: int, length: int = 6) -> list[Call]:
    """Return the calls of one sequence: ``length`` of any kind, then conversions and what became of them."""
    maker = Maker(release, random.Random(f"{release}:{seed}"), seed)
    return [*maker.sequence(length), *maker.conversions()]


def cmdlets(release: str) -> tuple[str, ...]:
    """Return the names of the cmdlets that sequences of ``release`` call, and of some that it does not have."""
    product = "exchange" if release.startswith("e") else "lync"
    known = [cmdlet.name for kind in (product, "windows") for cmdlet in cmdlets_of(release, kind)]
    return (*(name for name in known if name not in _LEFT_OUT), "Get-UMNothing", "Set-UMService", "Get-CsUser")


class Maker:
    """Makes calls for one release; what it creates carries the number of the sequence."""

    def __init__(self, release: str, chance: random.Random, number: int) -> None:
        self.release = release
        self.chance = chance
        self.number = number
        self.names = {kind: f"{kind}{number}" for kind in ("Plan", "Gateway", "Policy", "Attendant", "Group")}
        if chance.random() < 0.15:
            kind = chance.choice(sorted(self.names))
            self.names[kind] = chance.choice(HOSTILE) + self.names[kind]

    def sequence(self, length: int) -> list[Call]:
        stems = self._exchange() if self.release.startswith("e") else self._lync()
        return [self._spoilt(self.chance.choice(stems)()) for _ in range(length)]

    def conversions(self) -> list[Call]:
        """Return two changes of an object that is there, one parameter each, and the reading of both."""
        pairs = edge_pairs(self.release)
        noun, identity, changes = pairs[self.number % len(pairs)]
        calls = [self._call(f"Set-{noun}", Identity=identity, **{name: value}) for name, value in changes]
        read = self._call(f"Get-{noun}", Identity=identity)
        return [*calls, {**read, "properties": ["Name", *(name for name, _ in changes)]}]

    # --- right calls

    def _exchange(self) -> Sequence[Callable[[], Call]]:
        server = "UMServer" if self.release in ("e2007", "e2010") else "UMService"
        changed: dict[str, str] = {
            "UMDialPlan": self.names["Plan"],
            "UMIPGateway": self.names["Gateway"],
            "UMMailboxPolicy": self.names["Policy"],
            "UMAutoAttendant": self.names["Attendant"],
            server: "ex1",
            "UMMailbox": "user3@contoso.com",
        }
        return (
            *(self._new_plan,) * 4,
            lambda: self._call("New-UMIPGateway", Name=self.names["Gateway"], Address=f"g{self.number}.contoso.com"),
            lambda: self._call("New-UMMailboxPolicy", Name=self.names["Policy"], UMDialPlan=self.names["Plan"]),
            lambda: self._call("New-UMAutoAttendant", Name=self.names["Attendant"], UMDialPlan=self.names["Plan"]),
            lambda: self._call(
                "New-UMHuntGroup",
                Name=self.names["Group"],
                UMDialPlan=self.names["Plan"],
                UMIPGateway=self.names["Gateway"],
                PilotIdentifier=str(self.number),
            ),
            *(lambda noun=noun, name=name: self._set(noun, name) for noun, name in changed.items()),
            *(lambda noun=noun, name=name: self._get(noun, name) for noun, name in changed.items()),
            *(lambda noun=noun, name=name: self._set(noun, name) for noun, name in changed.items()),
            self._enable,
            lambda: self._call("Disable-UMMailbox", Identity=self.chance.choice(["user3", "user4@contoso.com"])),
            lambda: self._call("Set-UMMailboxPIN", Identity="user1", Pin={"$secure": "2580369"}),
            lambda: self._call(
                self.chance.choice(["Enable-", "Disable-"]) + "UMIPGateway", Identity=self.names["Gateway"]
            ),
            lambda: self._get("Mailbox", "user2"),
            lambda: self._get("Recipient", "user2"),
            lambda: self._get("UMHuntGroup", self.names["Group"]),
            lambda: self._get("ExchangeServer", "ex1"),
            lambda: self._get("OrganizationConfig", None),
            lambda: self._get("DomainController", None),
            lambda: self._remove("UMDialPlan", "Plan"),
            lambda: self._remove("UMIPGateway", "Gateway"),
            lambda: self._remove("UMMailboxPolicy", "Policy"),
            self._any,
        )

    def _lync(self) -> Sequence[Callable[[], Call]]:
        plan = self.names["Plan"]
        return (
            lambda: self._call("New-CsDialPlan", Identity=f"Tag:{plan}", SimpleName=f"p{self.number}.contoso.com"),
            lambda: self._call("New-CsDialPlan", Identity=plan, Description=self.chance.choice(HOSTILE)),
            lambda: self._set("CsDialPlan", plan),
            lambda: self._set("CsDialPlan", f"Tag:{plan}"),
            lambda: self._get("CsDialPlan", plan),
            lambda: self._get("CsDialPlan", None),
            lambda: self._get(
                "CsUser", self.chance.choice([None, "user1@contoso.com", "sip:user2@contoso.com", "none"])
            ),
            lambda: self._set("CsUser", "user2@contoso.com"),
            lambda: self._call("Grant-CsDialPlan", Identity="user2@contoso.com", PolicyName=plan),
            lambda: self._call("Grant-CsDialPlan", Identity="user2@contoso.com", PolicyName=None),
            lambda: self._call("Remove-CsDialPlan", Identity=plan),
            *(lambda noun=noun: self._get(noun, None) for noun in ("CsSite", "CsPool", "CsComputer", "CsService")),
            lambda: self._call("Get-CsService", Registrar=True),
            lambda: self._call("Get-CsWindowsService", Name=self.chance.choice(["RTCSRV", "none"])),
            lambda: self._call(self.chance.choice(["Stop-", "Start-"]) + "CsWindowsService", Name="RTCCAA"),
            lambda: self._call(self.chance.choice(["Restart-", "Stop-", "Start-"]) + "Service", Name="RTCCAS"),
            lambda: self._get("CsMediaConfiguration", None),
            self._any,
        )

    def _new_plan(self) -> Call:
        code = {} if self.release == "e2007" else {"CountryOrRegionCode": "1"}
        kind = self.chance.choice(["SipName", "sipname", "TelExtn"])
        digits: Any = self.chance.choice([5, "5", 4])
        return self._call(
            "New-UMDialPlan", Name=self.names["Plan"], NumberOfDigitsInExtension=digits, URIType=kind, **code
        )

    def _enable(self) -> Call:
        return self._call(
            "Enable-UMMailbox",
            Identity=self.chance.choice(["user3@contoso.com", "user4"]),
            UMMailboxPolicy="Base Default Policy",
            Extensions=self.chance.choice(["50003", ["50004"], ["50003", "50005"]]),
            SIPResourceIdentifier=f"user{self.chance.randint(3, 4)}@contoso.com",
        )

    def _get(self, noun: str, identity: str | None) -> Call:
        named = {} if identity is None else {"Identity": identity}
        return self._call(f"Get-{noun}", **named)

    def _remove(self, noun: str, kind: str) -> Call:
        return self._call(f"Remove-{noun}", Identity=self.names[kind])

    def _set(self, noun: str, identity: str) -> Call:
        cmdlet = cmdlet_of(f"Set-{noun}", self.release)
        assert cmdlet is not None, noun
        chosen = self.chance.sample(cmdlet.declared, k=min(len(cmdlet.declared), self.chance.randint(1, 3)))
        named = {p.name: self._value(p) for p in chosen if self._is_plain(p) and p.name not in ("Identity", "Name")}
        return self._call(f"Set-{noun}", Identity=identity, **named)

    def _any(self) -> Call:
        """Call any cmdlet with what it must be given."""
        name = self.chance.choice(cmdlets(self.release))
        cmdlet = cmdlet_of(name, self.release)
        if cmdlet is None:
            return self._call(name)
        needed = self.chance.choice(cmdlet.mandatory)
        return self._call(name, **{p.name: self._value(p) for p in cmdlet.declared if p.name in needed})

    def _call(self, name: str, **parameters: Any) -> Call:
        return {
            "op": "invoke",
            "cmdlet": name,
            "params": parameters,
            "properties": ["*"],
            "read": name.startswith("Get-"),
        }

    def _is_plain(self, parameter: Parameter) -> bool:
        return parameter.type not in _OPAQUE and parameter.name not in ("Confirm", "WhatIf", "Instance")

    def _value(self, parameter: Parameter) -> Any:
        bare = parameter.type.removesuffix("[]")
        known = parameter.enumeration
        values = known.names if known else parameter.choices
        if values:
            return self.chance.choice(values)
        match bare:
            case "Boolean" | "SwitchParameter":
                return self.chance.random() < 0.5
            case "Int32" | "Int64" | "UInt16" | "UInt32":
                return self.chance.randint(1, 12)
            case "Unlimited":
                return self.chance.choice(["Unlimited", 30, "60.00:00:00", "7"])
            case "EnhancedTimeSpan":
                return "01:00:00"
            case "UMDialPlanIdParameter":
                return self.chance.choice([self.names["Plan"], "Base", "none"])
        if parameter.is_many:
            return self.chance.choice([["+14255550100"], [], ["a", "b"], "c", self.chance.choice(HOSTILE)])
        return self.chance.choice(["text", "123", *HOSTILE])

    # --- wrong calls

    def _spoilt(self, call: Call) -> Call:
        if self.chance.random() < 0.55:
            return call
        cmdlet = cmdlet_of(call["cmdlet"], self.release)
        if cmdlet is None:
            return call
        parameters = dict(call["params"])
        self.chance.choice(
            [
                self._dropped,
                self._unknown,
                self._abbreviated,
                self._folded,
                self._wrong_value,
                self._other_set,
                self._only_tried,
                self._common,
                self._by_alias,
                self._twice,
            ]
        )(cmdlet, parameters)
        return {**call, "params": parameters}

    def _dropped(self, cmdlet: Cmdlet, parameters: dict[str, Any]) -> None:
        if parameters:
            del parameters[self.chance.choice(sorted(parameters))]

    def _unknown(self, cmdlet: Cmdlet, parameters: dict[str, Any]) -> None:
        parameters[self.chance.choice(["Nope", "Identitty", "\u0130dentity", "1"])] = "x"

    def _abbreviated(self, cmdlet: Cmdlet, parameters: dict[str, Any]) -> None:
        if parameters:
            name = self.chance.choice(sorted(parameters))
            value = parameters.pop(name)
            parameters[name[: self.chance.randint(1, len(name))]] = value

    def _folded(self, cmdlet: Cmdlet, parameters: dict[str, Any]) -> None:
        if parameters:
            name = self.chance.choice(sorted(parameters))
            value = parameters.pop(name)
            parameters[self.chance.choice([name.upper(), name.lower()])] = value

    def _only_tried(self, cmdlet: Cmdlet, parameters: dict[str, Any]) -> None:
        parameters[self.chance.choice(["WhatIf", "wi", "whatif"])] = self.chance.choice([True, True, False])

    def _common(self, cmdlet: Cmdlet, parameters: dict[str, Any]) -> None:
        name, value = self.chance.choice(_COMMON)
        parameters[name] = value

    def _by_alias(self, cmdlet: Cmdlet, parameters: dict[str, Any]) -> None:
        aliased = [p for p in cmdlet.declared if p.aliases and p.name not in ("WhatIf", "Confirm")]
        if aliased:
            parameter = self.chance.choice(aliased)
            parameters[self.chance.choice(parameter.aliases)] = parameters.pop(parameter.name, self._value(parameter))

    def _twice(self, cmdlet: Cmdlet, parameters: dict[str, Any]) -> None:
        if "Identity" in parameters:
            parameters["Identit"] = parameters["Identity"]

    def _wrong_value(self, cmdlet: Cmdlet, parameters: dict[str, Any]) -> None:
        plain = [parameter for parameter in cmdlet.declared if self._is_plain(parameter)]
        if plain:
            parameter, value = self.chance.choice(plain), self.chance.choice(WRONG)
            is_joined = isinstance(value, list) and parameter.type == "String" and self.release in REMOTE
            parameters[parameter.name] = "joined" if is_joined else value

    def _other_set(self, cmdlet: Cmdlet, parameters: dict[str, Any]) -> None:
        inside = [p for p in cmdlet.declared if p.sets is not None and self._is_plain(p)]
        for parameter in self.chance.sample(inside, k=min(2, len(inside))):
            parameters[parameter.name] = self._value(parameter)
