"""Situations in which each check complains, and what the reader of its remedy does there.

A check without a situation stands in ``UNPLAYED`` with the reason: ``tests/whole/test_advice.py`` fails where a check
has neither. A world is small, so that all of them together cost seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from providers.simulator.estate.invoke import invoke_line
from providers.simulator.world.schema import World
from tests.support.advice import Edit, Sections, merged
from tests.support.trial import Trial, environment_of
from tests.support.worlds import world_of

PLAN: Final = {"country_code": "1", "extension_digits": 5, "servers": "all"}
POOL: Final = "pool1.contoso.com"


def world(*pools: int, **described: Any) -> World:
    return world_of(
        described.pop("users", 2), pools or (2,), branch=False, director=described.pop("director", False), **described
    )


def changed(base: World, **more: Any) -> World:
    """Return a world with other values at these paths: ``exchange.servers``, ``lync.pools``."""
    told = base.model_dump(mode="json", exclude_defaults=True)
    for path, value in more.items():
        *parents, last = path.split("__")
        inner = told
        for parent in parents:
            inner = inner[parent]
        inner[last] = value(inner.get(last)) if callable(value) else value
    return World.model_validate(told)


def plans(*names: str, **attributes: Any) -> dict[str, Any]:
    return {"dial_plans": {name: {**PLAN, **attributes} for name in names or ("Redmond",)}}


def row(user: int, extension: str, **more: Any) -> dict[str, Any]:
    address = f"user{user}@contoso.com"
    told = {"identity": address, "sip_address": address, "extension": extension, "dial_plan": "Redmond", **more}
    return {key: value for key, value in told.items() if value is not None}


def users(*rows: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {**plans(), **more, "mailboxes": list(rows)}


SMALL: Final = world()


@dataclass(frozen=True)
class Situation:
    """Where a check complains."""

    code: str
    sections: Sections
    world: World = SMALL
    applied: Sections | None = None
    """What was applied before; None where nothing was."""
    befalls: Callable[[Trial], object] = lambda _: None
    """What happens on the servers then."""
    edit: Edit | None = None
    """What the reader changes in the files, where the remedy leaves that to him."""
    by_hand: Callable[[Trial], object] | None = None
    """What the reader does on the servers, where no command does it."""
    choice: int | None = None
    """Which line is taken, where the lines are alternatives."""
    others: tuple[str, ...] = ()
    """Codes of new findings afterwards that say nothing against what was done."""

    def __str__(self) -> str:
        return self.code if self.choice is None else f"{self.code}-{self.choice}"


def first(section: str, **attributes: Any) -> Edit:
    """Return the edit of the first declaration of a section, or its first row."""

    def edit(sections: dict[str, Any]) -> None:
        told = sections[section]
        one = told[0] if isinstance(told, list) else next(iter(told.values()))
        one.update(attributes)
        for name in [name for name, value in attributes.items() if value is None]:
            del one[name]

    return edit


def without(section: str, key: Any) -> Edit:
    return lambda sections: sections[section].pop(key)


def by(*lines: str) -> Callable[[Trial], object]:
    """Return what another administrator does."""

    def act(trial: Trial) -> None:
        assert trial.administrator(*lines) == list(lines), lines

    return act


def on(host: str, line: str) -> Callable[[Trial], object]:
    """Return what another administrator does in a shell on a host."""
    return lambda trial: invoke_line(trial.estate, line, host=host)


def becomes(described: World) -> Callable[[Trial], object]:
    """Return the change of what the servers are."""
    return lambda trial: trial.rebuild(described)


def away(*hosts: str) -> Callable[[Trial], object]:
    """Return that these hosts, and no others, give no answer any more."""
    return lambda trial: setattr(trial, "away", frozenset(hosts))


# --- worlds ----------------------------------------------------------------------------------------------------------

_NEVER: Final = {"start_mode": "Disabled"}
TWO_POOLS: Final = world(2, 1)
OLD: Final = world(servers=("8.3.83.6",))
SERVICE: Final = f"service:MediationServer:{POOL}"
AT_ANOTHER_SITE: Final = changed(world(2), lync__sites=lambda several: [*several, {"name": "site2"}])
AT_A_BRANCH: Final = changed(
    world_of(2, (1,), branch=True, director=False),
    lync__pools=lambda several: [one for one in several if one.get("type") == "branch"],
)
BESIDE_2019: Final = world_of(
    0,
    (1,),
    servers=("15.1.225.42", "15.2.221.12"),
    lync="2015",
    people=[{"alias": "user1", "server": "ex2.contoso.com"}],
)
AT_TWO_AD_SITES: Final = changed(
    world(servers=("14.3.123.4", "14.3.123.4")),
    exchange__servers=lambda several: [{**one, "site": f"AD{n}"} for n, one in enumerate(several)],
)
SLOW_CLOCK: Final = changed(
    SMALL,
    lync__pools=lambda several: [
        {**several[0], "computers": ["fe1.contoso.com", {"fqdn": "fe2.contoso.com", "clock_skew": -900}]}
    ],
)
SHARED_WITH_OTHERS: Final = (
    "New-UMDialPlan Legacy -NumberOfDigitsInExtension 4 -URIType TelExtn -CountryOrRegionCode 1",
    "New-UMIPGateway sbc -Address sbc.contoso.com -UMDialPlan Legacy",
    "New-UMHuntGroup ours -UMIPGateway sbc -UMDialPlan Redmond -PilotIdentifier 77",
)
OLD_CONTEXT: Final = "eum:41001;phone-context=Old.contoso.com"
OWN_CONTEXT: Final = "eum:41001;phone-context=Redmond.contoso.com"
ORPHANED: Final = world(gateways=[{"name": "1:9", "Address": "oldpool.contoso.com"}])
WITHOUT_UM_ROLE: Final = changed(
    world(servers=("14.3.123.4", "14.3.123.4")),
    exchange__servers=lambda several: [several[0], {**several[1], "roles": ["Mailbox"]}],
)
OF_2007_AND_2010: Final = world(servers=("8.3.83.6", "14.3.123.4"), lync="2015")
DENIED: Final = changed(SMALL, faults=[{"cmdlet": "Get-UMIPGateway", "times": 1000, "error": "access-denied"}])
DISABLED: Final = changed(
    SMALL,
    lync__pools=lambda several: [
        {
            **several[0],
            "computers": ["fe1.contoso.com", {"fqdn": "fe2.contoso.com", "services": {"RTCSRV": _NEVER}}],
        }
    ],
)
WRONG_URI_TYPE: Final = changed(
    world(plans={"Redmond": 5}), dial_plans=lambda several: [{**several[0], "URIType": "TelExtn"}]
)
IN_HIS_NAME: Final = ("New-UMIPGateway 1:1 -Address old.contoso.com", "Set-UMIPGateway 1:1 -OutcallsAllowed $false")
CUSTOM: Final = ("New-UMHuntGroup custom -UMIPGateway 1:1 -UMDialPlan Redmond -PilotIdentifier 77",)
LEFT: Final = "eum:00001;phone-context=Redmond.contoso.com"
BOB: Final = {"name": "Bob", "alias": "bobby", "address": "robert@contoso.com", "upn": "bob@contoso.com"}


def in_part(trial: Trial) -> None:
    """Let the script run while a name that it needs is taken, and the name be given back."""

    def take_the_name() -> None:
        trial.administrator(*IN_HIS_NAME)

    trial.after_write = take_the_name
    trial.environment = environment_of(plans())
    trial.apply()
    trial.after_write = lambda: None


def stop_um(trial: Trial) -> None:
    by("Stop-Service -Name MSExchangeUM")(trial)


def left_behind(trial: Trial) -> None:
    """End voice mail of who holds the extension, and leave its address, as other tools do."""
    by("Disable-UMMailbox user1@contoso.com", f"Set-Mailbox user1@contoso.com -EmailAddresses @{{Add='{LEFT}'}}")(trial)


def renewed_with_one_stopped(trial: Trial) -> None:
    """Stop one Front End of three, and run the script: the other two are older than the hunt groups."""
    stops(3)(trial)
    trial.pass_time(60)
    by("exchucutil.ps1")(trial)


def stops(*front_ends: int) -> Callable[[Trial], object]:
    return by(*(f"Stop-CsWindowsService RTCSRV -ComputerName fe{number}.contoso.com" for number in front_ends))


def disabled_and_stopped(trial: Trial) -> None:
    on("fe2.contoso.com", "Set-Service -Name RTCSRV -StartupType Disabled")(trial)
    stops(2)(trial)


def standing(kind: str, **more: Any) -> Callable[[Trial], object]:
    """Return the making of the contact objects of the numbers +14255550100 and +14255550101."""
    pool = more.get("pool", POOL)
    return by(
        *(
            f"New-CsExUmContact -SipAddress sip:c{digit}@contoso.com -RegistrarPool {pool} -OU 'OU=x,DC=contoso,DC=com'"
            f" -DisplayNumber '+1425555010{digit}' -AutoAttendant {kind}"
            for digit in (0, 1)
        )
    )


NUMBER: Final = plans(access_numbers=["+14255550100"])


def connected(auth: str) -> dict[str, Any]:
    account = {"auth": auth, "tls": True, "user": "CONTOSO\\um", "password": "env:UM_PASSWORD"}
    return {"exchange": {"host": "ex1.contoso.com", **account}, "lync": {"host": "fe1.contoso.com", **account}}


def attendants(**several: Mapping[str, Any]) -> dict[str, Any]:
    return {**plans(), "auto_attendants": {name: {"dial_plan": "Redmond", **told} for name, told in several.items()}}


def leading(name: str) -> dict[str, Any]:
    """Return the menu whose key leads to an attendant."""
    return {"business_hours_keys": {"1": {"name": name, "attendant": name}}, "business_hours_keys_enabled": True}


DIAL_PLANS: Final = (
    Situation("UM001", plans(voip_security="Unsecured")),
    Situation(
        "UM001",
        plans(),
        changed(TWO_POOLS, lync__media={"global": "RequireEncryption", "site:site2": "DoNotSupportEncryption"}),
        by_hand=by("Set-CsMediaConfiguration site:site2 -EncryptionLevel RequireEncryption"),
    ),
    Situation(
        "UM002",
        plans(voip_security="Secured"),
        world(servers=("8.0.685.24", "8.3.83.6")),
        edit=first("dial_plans", servers=["ex2.contoso.com"]),
    ),
    Situation(
        "UM003", {"dial_plans": {"Redmond": {"extension_digits": 5}}}, edit=first("dial_plans", country_code="1")
    ),
    Situation(
        "UM004",
        plans(),
        WRONG_URI_TYPE,
        edit=lambda told: told["dial_plans"].update(Other=told["dial_plans"].pop("Redmond")),
    ),
    Situation(
        "UM005",
        plans(max_call_duration=30, max_recording_duration=40),
        edit=first("dial_plans", max_recording_duration=20),
    ),
    Situation(
        "UM006",
        {**plans(), "mailbox_policies": {"Redmond/default": {"allow_fax": False}}},
        world(servers=("8.3.83.6",)),
        edit=lambda told: told.pop("mailbox_policies"),
    ),
    Situation(
        "UM007",
        plans(),
        changed(SMALL, lync__media=lambda _: {"global": "RequireEncryption", SERVICE: "SupportEncryption"}),
        by_hand=by(f"Set-CsMediaConfiguration {SERVICE} -EncryptionLevel RequireEncryption"),
    ),
    Situation("UM010", plans(servers=["exx1.contoso.com", "ex2.contoso.com"])),
    Situation(
        "UM011",
        plans(servers=["ex1.contoso.com", "ex2.contoso.com"]),
        WITHOUT_UM_ROLE,
        edit=first("dial_plans", servers="all"),
    ),
    Situation(
        "UM012",
        plans(),
        world(servers=("14.3.123.4", "15.0.1497.2")),
        edit=first("dial_plans", servers=["ex2.contoso.com"]),
    ),
    Situation("UM013", plans(servers=["ex1.contoso.com"])),
    Situation("UM014", plans(servers=[])),
    Situation("UM015", plans(), OF_2007_AND_2010, edit=first("dial_plans", servers=["ex2.contoso.com"])),
    Situation(
        "UM062",
        users(row(1, "41001")),
        world(plans={"Redmond": 5}),
        befalls=by(
            "Set-UMMailboxPolicy 'Redmond Default Policy' -Name Staff",
            "New-UMMailboxPolicy -Name Executives -UMDialPlan Redmond",
        ),
        choice=1,
    ),
    Situation(
        "UM093",
        plans(access_numbers=["+14255550100"]),
        befalls=by("Set-CsUser user1@contoso.com -LineURI tel:+14255550100"),
        by_hand=by("Set-CsUser user1@contoso.com -LineURI tel:+14255550101"),
    ),
    Situation(
        "UM094",
        plans(),
        befalls=by(
            "New-CsExUmContact -SipAddress sip:um@contoso.com -DisplayNumber +14255550999 "
            f"-RegistrarPool {POOL} -OU 'OU=UM,DC=contoso,DC=com'"
        ),
        by_hand=by("Remove-CsExUmContact sip:um@contoso.com"),
    ),
    Situation(
        "UM018",
        plans(),
        applied=plans(),
        befalls=by("Set-UMService EX1 -Status Disabled", "Set-UMService EX2 -Status NoNewCalls"),
    ),
    Situation(
        "UM079",
        users(row(1, "41001")),
        BESIDE_2019,
        edit=lambda told: told.pop("mailboxes"),
    ),
    Situation(
        "UM017",
        plans(),
        world(servers=("8.0.685.25", "14.3.123.4"), lync="2010"),
        edit=first("dial_plans", servers=["ex2.contoso.com"]),
    ),
    Situation("UM016", plans(), world(servers=("15.2.221.12",)), edit=without("dial_plans", "Redmond")),
    Situation("UM008", plans(), AT_TWO_AD_SITES, edit=first("dial_plans", servers=["ex1.contoso.com"])),
    Situation("UM036", plans(), SLOW_CLOCK, by_hand=becomes(SMALL)),
    Situation(
        "UM047",
        plans(),
        applied=plans(),
        befalls=by(*(f"New-UMIPGateway g{n} -Address g{n}.contoso.com -UMDialPlan Redmond" for n in range(200))),
        by_hand=by(*(f"Remove-UMIPGateway g{n} -Confirm:$false" for n in range(50))),
    ),
    Situation(
        "UM048",
        plans(),
        applied=plans(),
        befalls=by(*SHARED_WITH_OTHERS),
        edit=first("dial_plans", outcall_gateway="sbc.contoso.com"),
    ),
    Situation("UM086", users(row(1, "41001")), world(without_mailbox=1), by_hand=becomes(SMALL)),
    Situation(
        "UM087",
        users(row(1, "41001")),
        applied=users(row(1, "41001")),
        befalls=by(f"Set-Mailbox user1@contoso.com -EmailAddresses @{{Add='{OLD_CONTEXT}'; Remove='{OWN_CONTEXT}'}}"),
    ),
)
JOINING: Final = (
    Situation(
        "UM021",
        plans("Redmond", "Dublin"),
        applied=plans(),
        befalls=by(*CUSTOM),
        edit=lambda told: told.update(
            hunt_groups={f"{POOL}/custom": {"dial_plan": "Redmond", "pilot_identifier": "77"}}
        ),
    ),
    Situation(
        "UM022",
        plans("Redmond.a", "Redmond.b"),
        edit=lambda told: told.update(plans("Redmond-a", "Redmond-b")),
    ),
    Situation(
        "UM023",
        {**plans(), "hunt_groups": {"poool1.contoso.com/custom": {"dial_plan": "Redmond", "pilot_identifier": "77"}}},
    ),
    Situation(
        "UM024",
        {**plans(), "hunt_groups": {f"{POOL}/Redmond": {"dial_plan": "Redmond", "pilot_identifier": "77"}}},
        edit=lambda told: told.pop("hunt_groups"),
    ),
    Situation(
        "UM025",
        {**plans(), "hunt_groups": {f"{POOL}/custom": {"dial_plan": "Redmond"}}},
        world(servers=("8.3.83.6",)),
        edit=first("hunt_groups", pilot_identifier="77"),
    ),
    Situation(
        "UM026",
        {**plans(), "connections": connected("ntlm")},
        edit=lambda told: told.update(connections=connected("credssp")),
    ),
    Situation("UM027", plans(), TWO_POOLS, befalls=by(*IN_HIS_NAME), choice=0),
    Situation("UM027", plans(), TWO_POOLS, befalls=by(*IN_HIS_NAME), choice=1),
    Situation("UM028", plans(), TWO_POOLS, befalls=in_part, others=("UM027",)),
)
SPLIT: Final = (
    Situation("UM037", plans(pools=["pol1.contoso.com"]), edit=first("dial_plans", pools=[POOL])),
    Situation("UM089", {**users(row(1, "41001")), **plans(pools=["pool2.contoso.com"])}, TWO_POOLS),
    Situation(
        "UM009",
        plans(pools=[POOL]),
        TWO_POOLS,
        applied=plans(pools=[POOL]),
        befalls=by("New-UMHuntGroup -Name Custom -UMDialPlan Redmond -UMIPGateway 2:1 -PilotIdentifier 7"),
    ),
    Situation(
        "UM049",
        plans(pools=["pool2.contoso.com"], outcall_gateway="unmanaged"),
        TWO_POOLS,
        applied=plans(),
    ),
    Situation(
        "UM049",
        merged(plans("Redmond", "Dublin"), {"dial_plans": {"Dublin": {"pools": ["dir1.contoso.com"]}}}),
        world(director=True),
        applied=plans("Redmond", "Dublin"),
    ),
)
SERVICES: Final = (
    Situation("UM029", plans(), applied=plans(), befalls=stop_um),
    Situation("UM030", {**plans(), "restarts": {"settle": "0s", "interrupt": "refuse"}}, world(1)),
    Situation("UM031", plans(), world(3), applied=plans(), befalls=renewed_with_one_stopped, others=("UM033",)),
    Situation("UM032", plans(), befalls=away("fe2.contoso.com"), by_hand=away()),
    Situation("UM033", plans(), applied=plans(), befalls=stops(2)),
    Situation("UM033", plans(), applied=plans(), befalls=disabled_and_stopped),
    Situation("UM035", plans(), DISABLED),
    Situation(
        "UM034",
        plans(),
        world(people=[{"name": "Amp", "alias": "amp", "sip": "a&b@contoso.com"}]),
        by_hand=by("Set-CsUser amp@contoso.com -SipAddress sip:ab@contoso.com"),
    ),
)
GATEWAYS: Final = (
    Situation("UM040", plans(site="site2"), AT_ANOTHER_SITE, choice=0),
    Situation("UM040", plans(site="site2"), AT_ANOTHER_SITE, choice=1),
    Situation("UM040", plans(), AT_A_BRANCH),
    Situation("UM041", plans(outcall_gateway="pol1.contoso.com"), applied=plans()),
    Situation(
        "UM041",
        plans(outcall_gateway=POOL),
        TWO_POOLS,
        applied=plans(),
        befalls=by("Disable-UMIPGateway 1:1 -Confirm:$false"),
    ),
    Situation("UM044", plans(site="sitte1"), applied=plans()),
    Situation(
        "UM201",
        plans(),
        TWO_POOLS,
        applied=plans(),
        befalls=by(
            "New-UMDialPlan -Name Other -URIType SipName -NumberOfDigitsInExtension 5 -VoIPSecurity Secured"
            " -CountryOrRegionCode 1",
            "New-UMHuntGroup -Name Other -UMDialPlan Other -UMIPGateway 1:1 -PilotIdentifier Other",
            "New-UMHuntGroup -Name Other -UMDialPlan Other -UMIPGateway 2:1 -PilotIdentifier Other",
            "Set-UMIPGateway 2:1 -OutcallsAllowed $true",
        ),
        edit=lambda told: told.update(plans("Redmond", "Other")),
    ),
    Situation("UM045", plans(), ORPHANED),
    Situation("UM046", plans(), applied=plans(), befalls=by("Disable-UMIPGateway 1:1 -Confirm:$false")),
    Situation("UM046", plans(), applied=plans(), befalls=by("Set-UMIPGateway 1:1 -Status NoNewCalls")),
)
SPOKEN: Final = attendants(One={"speech_enabled": True, "dtmf_fallback": "Two"}, Two={})
ATTENDANTS: Final = (
    Situation(
        "UM050",
        attendants(One={"pilot_numbers": ["+14255550101"]}, Two={"pilot_numbers": ["+14255550101"]}),
        edit=lambda told: told["auto_attendants"]["Two"].update(pilot_numbers=["+14255550102"]),
        others=("UM090",),
    ),
    Situation(
        "UM051",
        attendants(One={"speech_enabled": False, "dtmf_fallback": "Two"}, Two={}),
    ),
    Situation("UM051", attendants(One={"speech_enabled": False}, Two={}), applied=SPOKEN),
    Situation(
        "UM051",
        attendants(One={"speech_enabled": False}, Two={}),
        applied=SPOKEN,
        edit=lambda told: told["auto_attendants"]["One"].update(dtmf_fallback=None),
    ),
    Situation(
        "UM052",
        attendants(One={"is_default": True}, Two={"is_default": True}),
        edit=first("auto_attendants", is_default=False),
    ),
    Situation(
        "UM053",
        attendants(One={"is_default": True, "status": "disabled"}),
    ),
    Situation(
        "UM058",
        attendants(One={"language": "fr-FR"}, Two={}),
        edit=lambda told: told["auto_attendants"]["One"].update(language="de-DE"),
    ),
    Situation(
        "UM059",
        attendants(One={"language": "fr-FR"}, Two={}),
        changed(
            world(),
            exchange__servers=lambda several: [
                {**one, "um_languages": ["en-US", *more]} for one, more in zip(several, (["fr-FR"], []), strict=True)
            ],
        ),
        edit=lambda told: told["auto_attendants"]["One"].update(language="en-US"),
    ),
    Situation(
        "UM096",
        {
            "dial_plans": {"Redmond": PLAN, "Dublin": {**PLAN, "country_code": "353"}},
            "auto_attendants": {
                "One": {"dial_plan": "Redmond", "business_hours_keys": {"1": {"name": "Two", "attendant": "Two"}}},
                "Two": {"dial_plan": "Dublin"},
            },
        },
        edit=lambda told: told["auto_attendants"]["One"]["business_hours_keys"].update(
            {"1": {"name": "Two", "extension": "41001"}}
        ),
    ),
    Situation(
        "UM097",
        attendants(
            One={"status": "enabled", "business_hours_keys": {"1": {"name": "Two", "attendant": "Two"}}}, Two={}
        ),
        edit=lambda told: told["auto_attendants"]["Two"].update(status="enabled"),
    ),
    Situation(
        "UM206",
        attendants(One=leading("Two"), Two={"status": "disabled"}),
        applied=attendants(One=leading("Two"), Two={"status": "enabled"}),
        edit=lambda told: told["auto_attendants"]["One"].update(business_hours_keys={}),
    ),
    Situation(
        "UM207",
        attendants(One={**leading("Two"), "status": "enabled"}, Two={**leading("One"), "status": "enabled"}),
        applied=attendants(One=leading("Two"), Two=leading("One")),
    ),
    Situation(
        "UM095",
        {**users(row(1, "41001")), **NUMBER},
        TWO_POOLS,
        befalls=standing("$false", pool="pool2.contoso.com"),
    ),
    Situation(
        "UM098",
        NUMBER,
        befalls=by(
            "New-CsExUmContact -SipAddress sip:um@contoso.com -DisplayNumber +14255550999 "
            f"-RegistrarPool {POOL} -OU 'OU=UM,DC=contoso,DC=com'"
        ),
        by_hand=lambda trial: (
            trial.administrator("Remove-CsExUmContact sip:um@contoso.com"),
            standing("$false")(trial),
        ),
        others=("UM094",),
    ),
    Situation(
        "UM202",
        users(row(1, "41001"), **plans(lync_dial_plan="Redmond"), lync_dial_plans={"Redmond": {}}),
        world(servers=["14.0.639.21", "14.0.639.21"]),
        edit=first("lync_dial_plans", grant=True),
    ),
    Situation(
        "UM208",
        {**users(row(1, "41001")), "lync_dial_plans": {"Redmond": {"state": "absent"}}},
        applied=users(row(1, "41001"), **plans(lync_dial_plan="Redmond"), lync_dial_plans={"Redmond": {"grant": True}}),
        edit=lambda told: told["lync_dial_plans"].update(Redmond={}),
    ),
    Situation(
        "UM209",
        {**users(row(1, "41001")), "lync_dial_plans": {"Redmond": {"state": "absent"}}},
        applied=users(row(1, "41001"), lync_dial_plans={"Redmond": {}}),
        befalls=by("Grant-CsDialPlan sip:user2@contoso.com -PolicyName Redmond"),
        by_hand=by("Grant-CsDialPlan sip:user2@contoso.com -PolicyName $null"),
    ),
    Situation("UM092", NUMBER, befalls=standing("$false", pool="gone.contoso.com")),
    Situation("UM090", NUMBER, by_hand=standing("$false"), others=("UM094",)),
    Situation(
        "UM091",
        NUMBER,
        befalls=standing("$true"),
        by_hand=lambda trial: (
            trial.administrator("Remove-CsExUmContact sip:c0@contoso.com", "Remove-CsExUmContact sip:c1@contoso.com"),
            standing("$false")(trial),
        ),
    ),
)
MAILBOXES: Final = (
    Situation(
        "UM060",
        {
            **plans(),
            "mailbox_policies": {"Redmond/default": {"logon_failures_before_pin_reset": 9, "max_logon_attempts": 9}},
        },
        edit=first("mailbox_policies", max_logon_attempts=10),
    ),
    Situation(
        "UM061",
        {**plans(), "mailbox_policies": {"*users": {"dial_plan": "Redmond"}}},
        edit=lambda told: told.update(mailbox_policies={"users": {"dial_plan": "Redmond"}}),
    ),
    Situation("UM070", users(row(9, "41009"), row(1, "41001")), edit=lambda told: told["mailboxes"].pop(0)),
    Situation(
        "UM071",
        users(
            {
                "identity": "mail1@contoso.com",
                "sip_address": "mail1@contoso.com",
                "extension": "41001",
                "dial_plan": "Redmond",
            }
        ),
        world(without_voice=1),
    ),
    Situation(
        "UM072",
        users(row(1, "41001"), row(2, "41002")),
        befalls=by("Set-CsUser user1@contoso.com -HostedVoiceMail $true"),
        edit=lambda told: told["mailboxes"].pop(0),
    ),
    Situation(
        "UM072",
        users(row(1, "41001")),
        befalls=by("Set-CsUser user1@contoso.com -HostedVoiceMail $true"),
    ),
    Situation(
        "UM073",
        users(row(1, "41001", identity="desk@contoso.com", sip_address="desk@contoso.com")),
        world(people=[{"name": "Desk", "alias": "desk", "lync": False}]),
        edit=lambda told: told["mailboxes"].pop(),
    ),
    Situation("UM073", users(row(1, "41001", sip_address="user9@contoso.com"))),
    Situation("UM074", users(row(1, "4101")), edit=first("mailboxes", extension="41001")),
    Situation(
        "UM075",
        users(row(1, "41001"), row(2, "41001")),
        edit=first("mailboxes", extension="41002"),
    ),
    Situation(
        "UM075",
        users(row(2, "00001")),
        world(plans={"Redmond": 5}, um_enabled=1),
    ),
    Situation(
        "UM075",
        users(row(2, "00001")),
        world(plans={"Redmond": 5}, um_enabled=1),
        befalls=left_behind,
    ),
    Situation(
        "UM075",
        users(row(2, "00001")),
        world(plans={"Redmond": 5}, um_enabled=1),
        edit=lambda told: told["mailboxes"].append({"identity": "user1@contoso.com", "state": "absent"}),
    ),
    Situation(
        "UM076",
        users(row(1, "41001"), row(2, "41002", sip_address="user1@contoso.com")),
        edit=lambda told: told["mailboxes"][1].update(sip_address="user2@contoso.com"),
        others=(),
    ),
    Situation(
        "UM077",
        {
            **users(row(1, "41001", policy="Other", dial_plan="Redmond")),
            **plans("Redmond", "Dublin"),
            "mailbox_policies": {"Other": {"dial_plan": "Dublin"}},
        },
        edit=first("mailboxes", dial_plan=None),
    ),
    Situation("UM078", users(row(1, "41001", sip_address=None))),
    Situation("UM080", plans(lync_dial_plan="Redmont"), edit=first("dial_plans", lync_dial_plan="Global")),
    Situation("UM080", plans(lync_dial_plan="Redmont"), edit=lambda told: told.update(lync_dial_plans={"Redmont": {}})),
    Situation(
        "UM085",
        {**plans(), "lync_dial_plans": {"A": {"simple_name": "Red"}, "B": {"simple_name": "RED"}}},
        edit=lambda told: told["lync_dial_plans"]["B"].update(simple_name="Blue"),
    ),
    Situation(
        "UM085",
        {**plans(lync_dial_plan="New"), "lync_dial_plans": {"Old": {}, "New": {}}},
        OLD,
        applied={**plans(lync_dial_plan="Old"), "lync_dial_plans": {"Old": {}}},
        edit=lambda told: told["lync_dial_plans"]["Old"].update(simple_name="Old"),
    ),
    Situation(
        "UM081",
        {**plans(lync_dial_plan="Redmond"), "lync_dial_plans": {"Redmond": {"simple_name": "Other"}}},
        OLD,
        edit=first("lync_dial_plans", simple_name=None),
    ),
    Situation(
        "UM082",
        users(row(1, "41001", identity="bob@contoso.com")),
        world(people=[BOB, {"name": "Rob", "alias": "rob", "addresses": ["bob@contoso.com"]}]),
        edit=first("mailboxes", identity="user1@contoso.com"),
    ),
    Situation(
        "UM083",
        users(row(1, "41001"), row(1, "41002", identity="user1", sip_address=None)),
        edit=lambda told: told["mailboxes"].pop(),
    ),
    Situation(
        "UM084",
        users({**row(1, "41001"), "identity": "user1"}),
        edit=first("mailboxes", identity="user1@contoso.com"),
    ),
)


TORN: Final = (
    Situation("UM101", plans(), befalls=away("ex1.contoso.com", "ex2.contoso.com"), by_hand=away()),
    Situation("UM101", plans(), DENIED, by_hand=becomes(SMALL)),
    Situation(
        "UM102",
        {**plans("Dublin"), "dial_plans": {}},
        world(plans={"Redmond": 5}, um_enabled=1),
        applied=plans(),
        edit=lambda told: told.update(plans()),
    ),
    Situation(
        "UM103",
        {**attendants(One={}), **plans(extension_digits=4)},
        applied=attendants(One={}),
        edit=lambda told: told.update(plans()),
    ),
    Situation(
        "UM103",
        {**attendants(One={}), **plans(extension_digits=4)},
        applied=attendants(One={}),
        edit=lambda told: told.update(
            dial_plans={"Redmond": PLAN, "Other": {**PLAN, "extension_digits": 4}},
            auto_attendants={"One": {"dial_plan": "Redmond"}, "New": {"dial_plan": "Other"}},
        ),
    ),
)
LEFT_OUT: Final = (
    Situation(
        "UM107",
        users(row(1, "41002"), row(2, "41001", sip_address="nobody@contoso.com")),
        applied=users(row(1, "41001"), row(2, "41002")),
        edit=lambda told: told["mailboxes"][1].update(sip_address="user2@contoso.com"),
    ),
)
GOOD_ONE, BAD_ONE = "A1" * 20, "C3" * 20
FLAWED: Final[Mapping[str, Mapping[str, Any]]] = {
    "UM054": {"subject": "CN=*.contoso.com", "domains": ["*.contoso.com"]},
    "UM055": {"subject": "CN=mail.contoso.com", "domains": ["mail.contoso.com"]},
    "UM056": {"status": "Revoked"},
    "UM057": {"expires": "2026-01-20T00:00:00Z"},
    "UM067": {"expires": "2024-05-01T00:00:00Z"},
    "UM068": {"self_signed": True},
    "UM069": {"private_key": False},
}


def with_certificates(*several: Mapping[str, Any]) -> World:
    server = {"fqdn": "ex1.contoso.com", "version": "15.0.1497.2", "roles": ["Mailbox", "ClientAccess"]}
    other = {**server, "fqdn": "ex2.contoso.com"}
    return changed(SMALL, exchange={"servers": [{**server, "certificates": several}, other]})


def certified(thumbprint: str, fqdn: str = "ex1.contoso.com", **more: Any) -> dict[str, Any]:
    return {**plans(**more), "um_certificates": {fqdn: {"um": thumbprint}}}


def assigning(thumbprint: str) -> Edit:
    return lambda told: told.update(um_certificates={"ex1.contoso.com": {"um": thumbprint}})


CERTIFICATES: Final = (
    *(
        Situation(
            code,
            certified(BAD_ONE),
            with_certificates({"thumbprint": BAD_ONE, **flaw}, {"thumbprint": GOOD_ONE}),
            edit=assigning(GOOD_ONE),
        )
        for code, flaw in FLAWED.items()
    ),
    Situation("UM063", certified("best", "exx1.contoso.com"), edit=assigning("best")),
    Situation("UM064", certified(BAD_ONE), with_certificates({"thumbprint": GOOD_ONE}), edit=assigning(GOOD_ONE)),
    Situation(
        "UM065",
        certified("best"),
        with_certificates({"thumbprint": BAD_ONE, "self_signed": True}),
        by_hand=becomes(with_certificates({"thumbprint": BAD_ONE, "self_signed": True}, {"thumbprint": GOOD_ONE})),
    ),
    Situation(
        "UM066",
        certified(GOOD_ONE, servers=["ex2.contoso.com"]),
        with_certificates({"thumbprint": GOOD_ONE}),
        edit=first("dial_plans", servers="all"),
    ),
)
MONDAY_TO_SATURDAY: Final = 6 * 24 * 3600


def windowed(pool: str, window: str) -> dict[str, Any]:
    return {**plans(), "restarts": {"settle": "0s", "interrupt": "allow", "windows": {pool: window}}}


WINDOWS: Final = (
    Situation(
        "UM038",
        windowed(POOL, "Sat,Sun 00:00-24:00 UTC"),
        by_hand=lambda trial: trial.pass_time(MONDAY_TO_SATURDAY),
    ),
    Situation(
        "UM039",
        windowed("pool9.contoso.com", "daily 00:00-24:00 UTC"),
        edit=lambda told: told.update(windowed(POOL, "daily 00:00-24:00 UTC")),
    ),
)
SITUATIONS: Final = (
    *TORN,
    *LEFT_OUT,
    *DIAL_PLANS,
    *JOINING,
    *SPLIT,
    *SERVICES,
    *GATEWAYS,
    *ATTENDANTS,
    *MAILBOXES,
    *CERTIFICATES,
    *WINDOWS,
)
UNPLAYED: Final[Mapping[str, str]] = {
    "UM020": "no estate is without a Front End, which it is reached by",
    "UM042": "the script makes a gateway for every pool there is",
    "UM043": "as UM042",
    "UM019": "a note about what the script does: an apply ends it",
    "UM211": "played over a landscape: the servers are in another domain",
    "UM212": "a trust is looked at outside: the warning ends when the script has run",
    "UM104": "no section declares a setting: bindings and gateways are derived from what is read, so none lacks there",
    "UM105": "told by apply: test_what_is_over_a_budget_is_applied_by_the_command_that_is_shown",
    "UM106": "told after a kill: test_what_a_killed_run_left_open_is_closed_by_the_next_apply",
    "UM108": "no files bring it about, only a resource type whose promised value nobody makes",
    "UM109": "as UM105",
    "UM110": "which of the two names is right, only people know",
    "UM111": "told by apply: test_it_needs_consent_and_the_users_are_counted",
    "UM112": "a note about what is done: it asks to remove the move",
    "UM088": "found by Exchange, which names the reason in its own words",
    "UM115": "rights are given in the directory, which the simulated servers do not show",
    "UM203": "a note about what an apply leaves: test_what_stays_is_removed_by_the_commands_of_the_plan",
    "UM204": "as UM203",
    "UM205": "as UM203; the rights are removed in Active Directory",
    "UM114": "found where the servers do not answer, or for more users than a plan asks for",
    "UM113": "found during an apply, where another administrator meddles",
}
"""Checks whose advice cannot be played, each with the reason; their worlds are in ``check_worlds``."""
