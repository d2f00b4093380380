"""The attributes of UM auto attendants and of their menus.

A menu is a part of its attendant on the servers. Here it is a resource of its own, because menus may lead from one
attendant to another and back: all attendants are made before the first menu names one.

Sources: New- and Set-UMAutoAttendant (Microsoft Learn); DOMAIN 7.6.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import Field

from providers.cmdlets.value_types import (
    E164,
    ChangedBy,
    Choice,
    Clearable,
    Culture,
    Digits,
    Exclusive,
    Intent,
    Normalise,
    ObjectName,
    Output,
    Param,
    References,
    Required,
    Sent,
    Text,
    TimeZone,
    Truth,
    Unordered,
    Written,
    checked,
    enumeration,
)
from providers.schema.attendant_values import (
    DAYS,
    HOLIDAYS,
    HOURS,
    answered_holidays,
    answered_hours,
    sent_holidays,
    sent_hours,
)
from providers.schema.exchange import NUMBER, DialPlan
from providers.schema.menu_values import ATTENDANT, KEYS, answered_keys, sent_keys
from reconciler.model.attributes import Attr, Declares
from reconciler.model.values import Nested

_AudioFile = Annotated[
    Text,
    Field(max_length=255),
    Clearable(),
    checked(r".*\.([wW][aA][vV]|[wW][mM][aA])", "must be the name of a .wav or .wma file"),
]
_Groups = Annotated[tuple[Text, ...], Unordered()]
_WEEKDAYS: Final = tuple(day.title() for day in DAYS)
INHERITED: Final = "InheritFromDialPlan"
"""Of ``matched_name_selection``: that of the dial plan."""


class AutoAttendant(Declares):
    """A UM auto attendant."""

    name: ClassVar[str] = "auto_attendant"

    dial_plan: Attr[Annotated[ObjectName, Param("UMDialPlan"), References(DialPlan), Required()]]
    """The dial plan whose calls it takes; cannot be changed later."""
    pilot_numbers: Attr[Annotated[tuple[E164, ...], Unordered(), Param("PilotIdentifierList"), Exclusive(NUMBER)]]
    """Telephone numbers that reach it, E.164."""
    speech_enabled: Attr[Truth]
    """Callers may speak; needs the language pack of its language."""
    status: Attr[Annotated[Choice, Output("Status"), ChangedBy("Enable-UMAutoAttendant", "Disable-UMAutoAttendant")]]
    """Enabled or Disabled; without it a new attendant is disabled."""
    language: Attr[Culture]
    """Culture name of an installed UM language pack, such as en-US."""
    dtmf_fallback: Attr[
        Annotated[ObjectName, Clearable(), Param("DTMFFallbackAutoAttendant"), References(AutoAttendant)]
    ]
    """The attendant without speech that answers when speech recognition fails; null for none."""
    operator_extension: Attr[Annotated[Digits, Clearable()]]
    """Extension of the operator; null for none."""
    business_name: Attr[Annotated[Text, Clearable()]]
    """Name of the business that callers hear; null for none."""
    is_default: Attr[Annotated[Truth, Param("UMAutoAttendant"), Output(""), ChangedBy("Set-UMDialPlan")]]
    """Whether the star key of its dial plan reaches it."""
    business_location: Attr[Annotated[Text, Clearable()]]
    """Address of the business that callers hear; null for none."""
    time_zone: Attr[Annotated[TimeZone, Param("TimeZoneName")]]
    """Windows time zone of the business hours, such as Pacific Standard Time."""
    week_start_day: Attr[Annotated[str, *enumeration(*_WEEKDAYS)]]
    """First day of the week when the business hours are read out."""
    business_hours: Attr[
        Annotated[Nested, Written(HOURS), Normalise(answered_hours), Sent(sent_hours), Param("BusinessHoursSchedule")]
    ]
    """Opening hours by day, such as monday: 09:00-17:00, with a list for several; or always, or never."""
    holidays: Attr[
        Annotated[
            Nested, Written(HOLIDAYS), Normalise(answered_holidays), Sent(sent_holidays), Param("HolidaySchedule")
        ]
    ]
    """Holidays by name: date, or from and to; greeting is the audio file that callers hear on these days."""
    business_hours_greeting: Attr[Annotated[_AudioFile, Param("BusinessHoursWelcomeGreetingFilename")]]
    """Audio file of the welcome during business hours; null for none."""
    business_hours_greeting_enabled: Attr[Annotated[Truth, Param("BusinessHoursWelcomeGreetingEnabled")]]
    """Whether that file replaces the system greeting."""
    business_hours_menu_prompt: Attr[Annotated[_AudioFile, Param("BusinessHoursMainMenuCustomPromptFilename")]]
    """Audio file of the menu during business hours; null for none."""
    business_hours_menu_prompt_enabled: Attr[Annotated[Truth, Param("BusinessHoursMainMenuCustomPromptEnabled")]]
    """Whether that file replaces the menu that the system reads out."""
    business_hours_transfer_to_operator: Attr[Annotated[Truth, Param("BusinessHoursTransferToOperatorEnabled")]]
    """Whether callers reach the operator during business hours."""
    after_hours_greeting: Attr[Annotated[_AudioFile, Param("AfterHoursWelcomeGreetingFilename")]]
    """Audio file of the welcome outside business hours; null for none."""
    after_hours_greeting_enabled: Attr[Annotated[Truth, Param("AfterHoursWelcomeGreetingEnabled")]]
    """Whether that file replaces the system greeting."""
    after_hours_menu_prompt: Attr[Annotated[_AudioFile, Param("AfterHoursMainMenuCustomPromptFilename")]]
    """Audio file of the menu outside business hours; null for none."""
    after_hours_menu_prompt_enabled: Attr[Annotated[Truth, Param("AfterHoursMainMenuCustomPromptEnabled")]]
    """Whether that file replaces the menu that the system reads out."""
    after_hours_transfer_to_operator: Attr[Annotated[Truth, Param("AfterHoursTransferToOperatorEnabled")]]
    """Whether callers reach the operator outside business hours."""
    info_announcement: Attr[Annotated[_AudioFile, Param("InfoAnnouncementFilename")]]
    """Audio file of an announcement before the menu; null for none."""
    info_announcement_enabled: Attr[Choice]
    """Whether callers hear it, and may interrupt it."""
    call_someone_enabled: Attr[Truth]
    """Whether callers may be put through to users."""
    send_voice_message_enabled: Attr[Annotated[Truth, Param("SendVoiceMsgEnabled")]]
    """Whether callers may leave a message for users."""
    name_lookup_enabled: Attr[Truth]
    """Whether callers may spell the name of a user."""
    contact_scope: Attr[Choice]
    """The users that callers can find."""
    matched_name_selection: Attr[Annotated[Choice, Param("MatchedNameSelectionMethod")]]
    """What tells users of the same name apart."""
    allow_dial_plan_subscribers: Attr[Truth]
    """Whether callers may dial users of the dial plan."""
    allow_extensions: Attr[Truth]
    """Whether callers may dial extensions."""
    allowed_in_country_groups: Attr[Annotated[_Groups, Param("AllowedInCountryOrRegionGroups")]]
    """Dialling rule groups of the dial plan that callers may use within the country."""
    allowed_international_groups: Attr[_Groups]
    """Dialling rule groups of the dial plan that callers may use abroad."""
    business_hours_keys: Attr[Annotated[Nested, Written(KEYS), Intent(), References(AutoAttendant, by=ATTENDANT)]]
    """Menu during business hours: by key, 1 to 9 or timeout, a name, and where it leads."""
    business_hours_keys_enabled: Attr[Annotated[Truth, Intent()]]
    """Whether callers get this menu."""
    after_hours_keys: Attr[Annotated[Nested, Written(KEYS), Intent(), References(AutoAttendant, by=ATTENDANT)]]
    """Menu outside business hours, like business_hours_keys."""
    after_hours_keys_enabled: Attr[Annotated[Truth, Intent()]]
    """Whether callers get this menu."""


_Keys = Annotated[
    Nested, Written(KEYS), Normalise(answered_keys), Sent(sent_keys), References(AutoAttendant, by=ATTENDANT)
]


class AttendantMenu(Declares):
    """The menus of an auto attendant, which declares them; the key is the name of the attendant."""

    name: ClassVar[str] = "attendant_menu"

    business_hours_keys: Attr[Annotated[_Keys, Param("BusinessHoursKeyMapping")]]
    """Menu during business hours: by key, a name, and where it leads."""
    business_hours_keys_enabled: Attr[Annotated[Truth, Param("BusinessHoursKeyMappingEnabled")]]
    """Whether callers get this menu."""
    after_hours_keys: Attr[Annotated[_Keys, Param("AfterHoursKeyMapping")]]
    """Menu outside business hours."""
    after_hours_keys_enabled: Attr[Annotated[Truth, Param("AfterHoursKeyMappingEnabled")]]
    """Whether callers get this menu."""
