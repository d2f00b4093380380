"""The attributes of UM on a mailbox. Sources: Enable-UMMailbox, Get-UMMailbox (Microsoft Learn)."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import GetJsonSchemaHandler

from providers.cmdlets.marks import ChangedBy, CreateOnly, Exclusive, Intent, Output, Param, References
from providers.cmdlets.value_types import Digits, Normalise, ObjectName, SipAddress, Text, Unordered, enumeration
from providers.schema.dial_plan import DialPlan
from providers.schema.mailbox_policy import DEFAULT, MailboxPolicy, default_spelt
from reconciler.model.resources import Attr, Declares

_BROUGHT = re.compile(r"(.+) Default Policy", re.IGNORECASE)


class _Several(Normalise):
    """Marks extensions that one text may hold, such as ``4101; 4102`` in a cell of a CSV file."""

    def __init__(self) -> None:
        super().__init__(lambda value: re.split(r"[;,\s]+", value.strip()) if isinstance(value, str) else value)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        one = {"type": "string", "pattern": "^[0-9]{1,20}([;, ]+[0-9]{1,20})*$"}
        return {"anyOf": [one, dict(handler(schema))]}


def policy_key(value: object) -> object:
    """Return the key of a policy: ``<dial plan>/default`` for the default policy of a dial plan."""
    match = _BROUGHT.fullmatch(value) if isinstance(value, str) else None
    return f"{match[1]}{DEFAULT}" if match else default_spelt(value)


class UMMailbox(Declares):
    """UM for one mailbox, named by its primary SMTP address, or by another name that only this mailbox has."""

    name: ClassVar[str] = "um_mailbox"

    sip_address: Attr[
        Annotated[
            SipAddress,
            Param("SIPResourceIdentifier"),
            ChangedBy("Set-Mailbox"),
            Exclusive("SIP address", at_birth=True),
        ]
    ]
    """SIP address of the user in Lync, user@domain."""
    extension: Attr[
        Annotated[
            tuple[Digits, ...],
            Unordered(),
            _Several(),
            Param("Extensions"),
            ChangedBy("Set-Mailbox"),
            Exclusive("extension", at_birth=True),
        ]
    ]
    """Extension, with the number of digits of the dial plan; separate several extensions by spaces."""
    policy: Attr[Annotated[Text, Normalise(policy_key), Param("UMMailboxPolicy"), References(MailboxPolicy)]]
    """UM mailbox policy; left out, the one that came with the dial plan."""
    dial_plan: Attr[Annotated[ObjectName, CreateOnly(), Param(""), Output("UMDialPlan"), References(DialPlan)]]
    """Dial plan; follows from the policy where one is written."""
    wave: Attr[Annotated[Text, Intent()]]
    """Batch of the user; plan --wave selects one batch."""
    state: Attr[Annotated[str, *enumeration("present", "absent"), Intent()]]
    """absent ends the voice mail of the user, which counts for --max-destroy. Default: present."""
