"""SIP dial plans and the root domain of their forest, for other resource types."""

from __future__ import annotations

from providers.schema.dial_plan import DialPlan
from providers.schema.exchange_facts import Organization
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resource


def forest_root(landscape: Landscape) -> str:
    """Return the DNS name of the Exchange forest's root domain, from the organization's place in the directory."""
    for organization in landscape.all(Organization).values():
        name = organization.get(Organization.distinguished_name) or ""
        parts = [part[3:] for part in name.split(",") if part[:3].upper() == "DC="]
        if parts:
            return ".".join(parts).lower()
    return ""


def sip_dial_plans(landscape: Landscape) -> tuple[Resource, ...]:
    """Return the existing and planned SIP URI dial plans: exchucutil links them to every pool."""
    return tuple(plan for plan in landscape.all(DialPlan).values() if plan.get(DialPlan.uri_type) == "SipName")
