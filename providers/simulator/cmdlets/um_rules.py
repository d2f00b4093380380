"""The rules of every noun of Unified Messaging that has some; one that is not here stores what it is told."""

from __future__ import annotations

from collections.abc import Mapping

from providers.simulator.cmdlets.um_attendants import ATTENDANT
from providers.simulator.cmdlets.um_dial_plans import DIAL_PLAN
from providers.simulator.cmdlets.um_gateways import GATEWAY, HUNT_GROUP
from providers.simulator.cmdlets.um_objects import Rules
from providers.simulator.cmdlets.um_policies import POLICY

RULES: Mapping[str, Rules] = {rules.noun: rules for rules in (DIAL_PLAN, POLICY, GATEWAY, HUNT_GROUP, ATTENDANT)}
"""By noun; a noun that is not here gets what ``Rules`` does by default."""
