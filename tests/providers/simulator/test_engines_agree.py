"""The interpreter and a real PowerShell answer alike: values, errors, and what becomes of the estate.

Five hundred generated sequences of calls, right and wrong, over the releases and adapters. Where they differed, the
interpreter was mended: PowerShell's own binder is right. What is not compared, because it cannot be: the words of
errors of the binder, which are PowerShell's own; warnings that come out of Exchange's endpoint, which stay with its
proxies there; and whether a cmdlet ran that the simulator does not have.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Mapping
from typing import Any

import pytest

from providers.simulator.world.schema import World
from tests.support import two_hosts
from tests.support.call_sequences import CULTURES, cmdlets, sequence
from tests.support.edge_values import REMOTE, edge_pairs
from tests.support.two_hosts import Interpreted, Real, host_for, standing, world_for

CALLS = 2
ADAPTERS = {"e2007": "snapin", "e2010": "remote", "e2013": "remote", "e2016": "remote"}
RELEASES = (*ADAPTERS, "l2010", "l2013", "s2015")
SEQUENCES = {release: 40 if release in REMOTE else 80 for release in RELEASES} | {"e2007": 145}
"""Together more than five hundred; fewer where each call goes through a session, most where all edges come up."""
_ASKED = """
AccessTelephoneNumbers Address AdminDisplayVersion AudioCodec CallAnsweringRulesEnabled
ConfiguredInternationalGroups DefaultLanguage DependentServiceList Description DialPlan DialPlans EmailAddresses
EncryptionLevel Extensions Guid HuntGroups Identity InfoAnnouncementEnabled IsDefault LineURI MaxLogonAttempts
MaxVideoRateAllowed MinPINLength Name NormalizationRules Nothing NumberOfDigitsInExtension OutcallsAllowed
PINLifetime PilotIdentifier PilotIdentifierList Port PrimarySmtpAddress RoleName ServerRole Services SimpleName
SipResourceIdentifierRequired Site SpeechEnabled Status UMDialPlan UMIPGateway UMMailboxPolicies UMMailboxPolicy
UMStartupMode URIType VoIPSecurity WhenCreated identity
"""
PROPERTIES = _ASKED.split()

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_REQUEST = re.compile(r"RequestId=[0-9a-f-]+")


def world_of(release: str) -> World:
    return world_for(release, deserialised=release in REMOTE, language=CULTURES.get(release, "en-US"))


def calls(release: str) -> list[dict[str, Any]]:
    """Return all calls of a release, each asking for a few properties."""
    chance = random.Random(release)
    return [
        {**call, "properties": chance.sample(PROPERTIES, k=14)} if call["properties"] == ["*"] else call
        for seed in range(SEQUENCES[release])
        for call in sequence(release, seed, CALLS)
    ]


def numbered(told: Any) -> Any:
    """Return an answer with ids by the order in which they came up: another id is no other answer."""
    count = itertools.count()
    seen: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return seen.setdefault(found[0], f"id{next(count)}")

    return json.loads(_GUID.sub(number, _REQUEST.sub("RequestId", json.dumps(told))))


def comparable(reply: Mapping[str, Any], *, is_remote: bool) -> dict[str, Any]:
    if reply["ok"]:
        return {"records": reply["records"], "warnings": [] if is_remote else reply["warnings"]}
    error = reply["error"]
    kind = {name: error[name] for name in ("type", "id", "category")}
    if error["type"] == "NotImplementedException":
        return kind
    if error.get("executed", True):
        return {**kind, "message": error["message"], "target": error["target"]}
    return {**kind, "executed": False}


@pytest.mark.powershell
@two_hosts.needs_powershell
@pytest.mark.parametrize("release", RELEASES)
def test_generated_sequences_are_answered_alike(release: str) -> None:
    is_remote = release in REMOTE
    adapter = ADAPTERS.get(release, "lync")
    world, host, allow = world_of(release), host_for(release), cmdlets(release)
    made = calls(release)
    interpreted = Interpreted(world, host, allow, adapter)
    expected = numbered([comparable(reply, is_remote=is_remote) for reply in interpreted.ask(made)])
    with Real(world, host, allow) as real:
        found = numbered([comparable(reply, is_remote=is_remote) for reply in real.ask(made)])
        assert real.ready["ready"]["adapter"] == adapter
        for call, one, other in zip(made, found, expected, strict=True):
            assert (call, one) == (call, other)
        assert numbered(standing(real.estate)) == numbered(standing(interpreted.estate))


def test_the_sequences_are_many_and_of_every_kind() -> None:
    assert sum(SEQUENCES.values()) >= 500
    for release in ("e2007", "l2010", "l2013", "s2015"):
        assert len(edge_pairs(release)) <= SEQUENCES[release]
    for release in RELEASES:
        replies = Interpreted(
            world_of(release), host_for(release), cmdlets(release), ADAPTERS.get(release, "lync")
        ).ask(calls(release))
        errors = {reply["error"]["id"].partition(",")[0] for reply in replies if not reply["ok"]}
        assert sum(reply["ok"] for reply in replies) > len(replies) / 6, release
        assert {"NamedParameterNotFound", "MissingMandatoryParameter", "ParameterArgumentTransformationError"} <= errors
