"""The attributes of UM mailbox policies. Sources: New-UMMailboxPolicy, Set-UMMailboxPolicy (Microsoft Learn)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from providers.cmdlets.marks import CreateOnly, Param, References
from providers.cmdlets.value_types import Limit, Number, ObjectName, Text, Truth, Unordered
from providers.schema.dial_plan import DialPlan
from reconciler.model.resources import Attr, Declares

DEFAULT = "/default"


_Texts = Annotated[tuple[Text, ...], Unordered()]


def default_spelt(key: object) -> object:
    """Return the key of a policy with ``/default`` in lower case."""
    is_default = isinstance(key, str) and key.casefold().endswith(DEFAULT)
    return f"{key[: -len(DEFAULT)]}{DEFAULT}" if isinstance(key, str) and is_default else key


class MailboxPolicy(Declares):
    """A UM mailbox policy: the rights of the users of a dial plan, and the rules for their PINs."""

    name: ClassVar[str] = "mailbox_policy"

    dial_plan: Attr[Annotated[ObjectName, CreateOnly(), Param("UMDialPlan"), References(DialPlan)]]
    """Its dial plan; not needed for <dial plan>/default."""
    min_pin_length: Attr[Number]
    """Digits a PIN must have, 4 to 24."""
    pin_lifetime: Attr[Limit]
    """Days until a PIN expires, 1 to 999, or unlimited."""
    pin_history_count: Attr[Number]
    """How many former PINs may not be used again, 1 to 20."""
    allow_common_patterns: Attr[Truth]
    """Whether PINs such as 123456 are accepted."""
    logon_failures_before_pin_reset: Attr[Limit]
    """Failed logons until the PIN is reset, 0 to 999, or unlimited; fewer than max_logon_attempts."""
    max_logon_attempts: Attr[Limit]
    """Failed logons in a row until the mailbox is locked out, 1 to 999, or unlimited."""
    max_greeting_duration: Attr[Number]
    """Minutes a greeting may last, 1 to 10."""
    allow_fax: Attr[Truth]
    """Whether users receive faxes; without meaning on a SIP dial plan."""
    allow_missed_call_notifications: Attr[Truth]
    """Whether users get notifications of missed calls."""
    allow_message_waiting_indicator: Attr[Truth]
    """Whether users get the message waiting signal."""
    allow_play_on_phone: Attr[Truth]
    """Whether users may have messages played on a phone."""
    allow_subscriber_access: Attr[Truth]
    """Whether users may use Outlook Voice Access."""
    allow_call_answering_rules: Attr[Truth]
    """Whether users may have call answering rules."""
    allow_automatic_speech_recognition: Attr[Truth]
    """Whether users may use speech in Outlook Voice Access."""
    allow_dial_plan_subscribers: Attr[Truth]
    """Whether users may call others of the dial plan."""
    allow_extensions: Attr[Truth]
    """Whether users may call extensions."""
    allowed_in_country_groups: Attr[Annotated[_Texts, Param("AllowedInCountryOrRegionGroups")]]
    """Dialling rule groups of the dial plan that users may call within the country."""
    allowed_international_groups: Attr[_Texts]
    """Dialling rule groups of the dial plan that users may call abroad."""
