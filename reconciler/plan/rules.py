"""The engine's own checks, which hold for every resource type. Their codes are UM1xx."""

from __future__ import annotations

from typing import Final

from reconciler.model.diagnostics import Severity
from reconciler.model.rules import Rule

_ENGINE: Final = "reconciler"

UNREADABLE: Final = Rule(
    "UM101",
    "Something needed could not be read",
    "Something that the plan needs could not be read. What the servers answered stands first in the message.",
    "Do what the message says about the server, then plan again.",
    _ENGINE,
)
REMOVED_IN_USE: Final = Rule(
    "UM102",
    "Removing what others use",
    "A resource would be removed, and others that stay depend on it.",
    "Take these away from it first, or leave it declared as it is.",
    _ENGINE,
)
REPLACED_IN_USE: Final = Rule(
    "UM103",
    "Replacing what others use",
    "A resource would be removed and made anew, and others depend on it.",
    "Leave it as it is; or declare another one beside it and let these name that one.",
    _ENGINE,
)
NOTHING_TO_SET: Final = Rule(
    "UM104",
    "Nothing to set",
    "A setting is declared for something that is not on the servers.",
    "Correct the name, or create what it belongs to first.",
    _ENGINE,
)
TOO_MUCH_DESTROYED: Final = Rule(
    "UM105",
    "Too many objects would be destroyed",
    "The plan removes more objects than --max-destroy allows; the default is none.",
    "Leave them declared; or, if that is meant, allow the number that the message says.",
    _ENGINE,
)
OPEN_OUTCOME: Final = Rule(
    "UM106",
    "Outcome of an interrupted run not known yet",
    "A run ended while it was sending commands. Whether they had their effect is not known yet.",
    "The next apply looks at each of them first, and sends nothing twice.",
    _ENGINE,
    Severity.WARNING,
)
NEEDS_LEFT_OUT: Final = Rule(
    "UM107",
    "Needs what is left out",
    "A resource needs another one that this plan leaves out, so it is left out too.",
    "Correct what is said about that one.",
    _ENGINE,
    leaves_out=True,
)
NOBODY_BRINGS: Final = Rule(
    "UM108",
    "Something needed does not exist",
    "A command names something that is not on the servers, and no step of the plan makes it. A row is left out alone.",
    "Declare it, or name one that exists.",
    _ENGINE,
)
TOO_MUCH_FORGOTTEN: Final = Rule(
    "UM109",
    "Too many resources would be forgotten",
    "More rows are no longer declared than --max-forget allows; the default is 10%. A file may have lost its end.",
    "If a file lost a part, restore it. If that is meant, allow the number that the message says.",
    _ENGINE,
)
RENAMED: Final = Rule(
    "UM110",
    "Object has another name now",
    "An object of ours was renamed on the servers, so the plan would make a second one.",
    "Write the new name in the files, or rename the object back on the servers.",
    _ENGINE,
)
RULES: Final = (
    UNREADABLE,
    REMOVED_IN_USE,
    REPLACED_IN_USE,
    NOTHING_TO_SET,
    TOO_MUCH_DESTROYED,
    OPEN_OUTCOME,
    NEEDS_LEFT_OUT,
    NOBODY_BRINGS,
    TOO_MUCH_FORGOTTEN,
    RENAMED,
)
