"""The matrix of versions: a world and an environment for each Exchange version with each Lync version.

An environment declares every attribute that its Exchange version has, by the published reference. Source: DOMAIN 2.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.reference import setters
from providers.cmdlets.versions import ExchangeVersion
from providers.simulator.world.schema import World
from tests.support.trial import types
from tests.support.worlds import world_of

EXCHANGE: Mapping[str, Sequence[str]] = {
    "2007 RTM": ["8.0.685.25"],
    "2007 SP1": ["8.1.240.6"],
    "2007 SP2": ["8.2.176.2"],
    "2007 SP3": ["8.3.83.6"],
    "2010 RTM": ["14.0.639.21"],
    "2010 SP1": ["14.1.218.15"],
    "2010 SP2": ["14.2.247.5"],
    "2010 SP3": ["14.3.123.4"],
    "2013": ["15.0.1497.2"],
    "2016": ["15.1.225.42"],
    "2007 and 2010": ["8.3.83.6", "14.3.123.4"],
    "2010 and 2013": ["14.3.123.4", "15.0.1497.2"],
    "2013 and 2016": ["15.0.1497.2", "15.1.225.42"],
}
"""The rows: the builds of the servers with Unified Messaging."""
VERDICTS: Mapping[str, Sequence[str]] = {
    "2007 RTM": ("no", "no", "no", "no"),
    "2007 SP1": ("yes", "yes", "warned", "no"),
    "2007 SP2": ("yes", "yes", "warned", "no"),
    "2007 SP3": ("yes", "yes", "warned", "no"),
    "2010 RTM": ("yes", "yes", "yes", "warned"),
    "2010 SP1": ("yes", "yes", "yes", "warned"),
    "2010 SP2": ("yes", "yes", "yes", "warned"),
    "2010 SP3": ("yes", "yes", "yes", "warned"),
    "2013": ("yes", "yes", "yes", "warned"),
    "2016": ("warned", "warned", "yes", "warned"),
    "2007 and 2010": ("yes", "yes", "warned", "no"),
    "2010 and 2013": ("yes", "yes", "yes", "warned"),
    "2013 and 2016": ("warned", "warned", "yes", "warned"),
}
"""Row by row, what DOMAIN 2.1 says of each Lync version; a mixed row is as good as its worse half."""
LYNC = ("2010", "2013", "2015", "2019")
CERTIFICATE, OTHER_CERTIFICATE = "A1" * 20, "B2" * 20
"""The thumbprints of the certificates of each server: the declared one, and one that Lync accepts as well."""
POOL, OTHER_POOL = "pool1.contoso.com", "pool2.contoso.com"
"""The pool of the users, which alone is linked with their dial plan, and another one."""
WITHOUT_UM = "15.2.221.12"
"""A build of Exchange 2019, which has no Unified Messaging; that of the Subscription Edition is like it."""


@dataclass(frozen=True)
class Cell:
    """One Exchange version, or two, with one Lync version.

    Beside 2019: the first server of the organization, which is the entry point, has no Unified Messaging.
    """

    exchange: str
    lync: str
    has_2019: bool = False

    def __str__(self) -> str:
        return f"Exchange {self.exchange}{' beside 2019' if self.has_2019 else ''}, Lync {self.lync}"

    @property
    def verdict(self) -> str:
        """``yes``, ``warned`` or ``no``."""
        return VERDICTS[self.exchange][LYNC.index(self.lync)]

    @property
    def oldest(self) -> ExchangeVersion:
        return min(self._versions())

    @property
    def newest(self) -> ExchangeVersion:
        return max(self._versions())

    def _versions(self) -> list[ExchangeVersion]:
        found = [ExchangeVersion.parse(build) for build in EXCHANGE[self.exchange]]
        return [version for version in found if version is not None]

    @property
    def world(self) -> World:
        builds = EXCHANGE[self.exchange]
        two = [builds[0], builds[-1]]
        return world_of(
            0,
            [1, 1],
            people=[{"alias": f"user{number}", "pool": POOL} for number in (1, 2, 3)],
            servers=[*([WITHOUT_UM] if self.has_2019 else []), *two],
            lync=self.lync,
            branch=False,
            certificates=[{"thumbprint": CERTIFICATE}, {"thumbprint": OTHER_CERTIFICATE}],
        )

    @property
    def sections(self) -> Mapping[str, Any]:
        """The sections of the environment, with every attribute that all its Exchange versions have."""
        return {
            section: {key: self._had(section, written) for key, written in declared.items()}
            for section, declared in _SECTIONS.items()
        } | {"um_certificates": self._certificates, "mailboxes": _MAILBOXES}

    @property
    def _certificates(self) -> dict[str, dict[str, str]]:
        """A certificate for each service of each server from Exchange 2010 on."""
        first = 2 if self.has_2019 else 1
        versions = enumerate((self.oldest, self.newest), first)
        modern = {number: ["um", *(["router"] if one.major > 14 else [])] for number, one in versions if one.major > 8}
        return {f"ex{number}.contoso.com": dict.fromkeys(names, CERTIFICATE) for number, names in modern.items()}

    def _had(self, section: str, written: Mapping[str, Any]) -> dict[str, Any]:
        kind = next(one for one in types() if getattr(one, "section", None) == section)
        return {name: value for name, value in written.items() if self.has(kind.name, name)}

    def has(self, type_name: str, attribute: str) -> bool:
        """True if the oldest and the newest Exchange version of the cell have the attribute."""
        kind = next(one for one in types() if one.name == type_name)
        parameter = kind.attributes[attribute].parameter
        if not parameter or not isinstance(kind, CmdletResource) or kind.noun.startswith("Cs"):
            return True
        changed_by = kind.columns[attribute].changed_by
        noun = changed_by[0].partition("-")[2] if changed_by else kind.noun
        return all(setters(noun, version.release).find(parameter) for version in (self.oldest, self.newest))


def cells() -> Iterator[Cell]:
    """Yield the cells of the whole matrix, without and beside 2019."""
    for exchange in EXCHANGE:
        for lync in LYNC:
            for has_2019 in (False, True):
                yield Cell(exchange, lync, has_2019)


_SECTIONS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "dial_plans": {
        "Redmond": {
            "extension_digits": 5,
            "country_code": "1",
            "voip_security": "Secured",
            "access_numbers": ["+14255550100"],
            "pilot_numbers": ["+14255550101"],
            "international_access_code": "011",
            "national_number_prefix": "1",
            "outside_line_access_code": "9",
            "default_language": "en-US",
            "audio_codec": "Wma",
            "fax_enabled": False,
            "max_call_duration": 60,
            "max_recording_duration": 20,
            "recording_idle_timeout": 5,
            "logon_failures_before_disconnect": 3,
            "input_failures_before_disconnect": 3,
            "servers": "all",
            "outcall_gateway": "auto",
            "pools": [POOL],
            "lync_dial_plan": "Redmond",
        }
    },
    "lync_dial_plans": {
        "Redmond": {
            "description": "Users in Redmond",
            "dialin_conferencing_region": "US",
            "external_access_prefix": "9",
            "optimize_device_dialing": True,
            "grant": True,
        }
    },
    "mailbox_policies": {
        "Redmond/default": {"min_pin_length": 7},
        "Executives": {
            "dial_plan": "Redmond",
            "min_pin_length": 8,
            "pin_lifetime": 30,
            "pin_history_count": 5,
            "allow_common_patterns": False,
            "logon_failures_before_pin_reset": 4,
            "max_logon_attempts": "unlimited",
            "max_greeting_duration": 10,
            "allow_fax": False,
            "allow_missed_call_notifications": True,
            "allow_message_waiting_indicator": True,
            "allow_play_on_phone": True,
            "allow_subscriber_access": True,
            "allow_call_answering_rules": True,
            "allow_automatic_speech_recognition": True,
            "allow_dial_plan_subscribers": True,
            "allow_extensions": True,
            "allowed_in_country_groups": ["Anywhere"],
            "allowed_international_groups": ["Anywhere"],
        },
    },
    "auto_attendants": {
        "Main": {
            "dial_plan": "Redmond",
            "pilot_numbers": ["+14255550190"],
            "speech_enabled": True,
            "status": "Enabled",
            "language": "en-US",
            "dtmf_fallback": "Touch",
            "operator_extension": "50100",
            "business_name": "Contoso",
            "is_default": True,
            "business_location": "One Microsoft Way",
            "time_zone": "Pacific Standard Time",
            "week_start_day": "Monday",
            "business_hours": {"monday": "09:00-17:00", "friday": ["09:00-12:00", "13:00-24:00"]},
            "holidays": {
                "New Year": {"date": "2027-01-01", "greeting": "newyear.wav"},
                "Summer": {"from": "2027-08-02", "to": "2027-08-13"},
            },
            "business_hours_greeting": "welcome.wav",
            "business_hours_greeting_enabled": True,
            "business_hours_menu_prompt": "menu.wav",
            "business_hours_menu_prompt_enabled": True,
            "business_hours_transfer_to_operator": True,
            "after_hours_greeting": "evening.wav",
            "after_hours_greeting_enabled": True,
            "after_hours_menu_prompt": "night.wav",
            "after_hours_menu_prompt_enabled": True,
            "after_hours_transfer_to_operator": False,
            "info_announcement": "news.wav",
            "info_announcement_enabled": "Uninterruptible",
            "call_someone_enabled": True,
            "send_voice_message_enabled": True,
            "name_lookup_enabled": True,
            "contact_scope": "GlobalAddressList",
            "matched_name_selection": "Department",
            "allow_dial_plan_subscribers": True,
            "allow_extensions": True,
            "allowed_in_country_groups": ["Anywhere"],
            "allowed_international_groups": ["Anywhere"],
            "business_hours_keys": {
                "1": {"name": "Touch", "attendant": "Touch"},
                "2": {"name": "Support", "extension": "50102", "phrases": ["support", "help"]},
                "timeout": {"name": "Nobody", "prompt": "nobody.wav"},
            },
            "business_hours_keys_enabled": True,
            "after_hours_keys": {"1": {"name": "Hours", "announce": "hours"}},
            "after_hours_keys_enabled": True,
        },
        "Touch": {
            "dial_plan": "Redmond",
            "speech_enabled": False,
            "status": "Enabled",
            "business_hours_keys": {"9": {"name": "Back", "attendant": "Main"}},
        },
    },
    "hunt_groups": {"pool1.contoso.com/Custom": {"dial_plan": "Redmond", "pilot_identifier": "7000"}},
}
_MAILBOXES = [
    {"identity": f"user{n}@contoso.com", "sip_address": f"user{n}@contoso.com", "extension": f"5010{n}"} | policy
    for n, policy in enumerate([{"dial_plan": "Redmond"}, {"policy": "Executives"}, {"dial_plan": "Redmond"}], 1)
]
