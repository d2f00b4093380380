"""The checks of the engine, which hold for every resource type. Their codes are UM101 and above."""

from __future__ import annotations

from typing import Final

from reconciler.model.diagnostics import Severity
from reconciler.model.resource_types import Rule, When

_ENGINE: Final = "reconciler"

UNREADABLE: Final = Rule(
    "UM101",
    "Needed objects could not be read",
    "The plan needs objects that could not be read. The finding shows the error of the server.",
    "Solve the error of the server, then plan again.",
    _ENGINE,
)
REMOVED_IN_USE: Final = Rule(
    "UM102",
    "Removing a resource in use",
    "The plan would remove a resource that other resources reference.",
    "Remove these references first, or write state: absent for the resources that have them. Or keep the resource.",
    _ENGINE,
)
REPLACED_IN_USE: Final = Rule(
    "UM103",
    "Replacing a resource in use",
    "The plan would remove a resource and create it again, and other resources reference it.",
    "Leave it unchanged, or declare a second resource and change the references to it.",
    _ENGINE,
)
NOTHING_TO_SET: Final = Rule(
    "UM104",
    "Object not found",
    "The files declare settings of an object that does not exist on the servers.",
    "Correct the name, or create the object first.",
    _ENGINE,
)
TOO_MUCH_DESTROYED: Final = Rule(
    "UM105",
    "Too many objects would be destroyed",
    "The plan deletes more objects than --max-destroy allows. The default is none.",
    "Keep them declared. If the deletion is correct, allow the number in the message.",
    _ENGINE,
    when=When.PLANS,
)
OPEN_OUTCOME: Final = Rule(
    "UM106",
    "Interrupted run with unknown outcome",
    "A run ended while it was sending commands. Their effect is not known yet.",
    "The next apply observes each of them first, and sends no command twice.",
    _ENGINE,
    Severity.WARNING,
    is_guard=True,
)
NEEDS_LEFT_OUT: Final = Rule(
    "UM107",
    "Needs a resource left out",
    "A resource needs another resource that the plan leaves out, so the plan leaves it out too.",
    "Correct the error of that other resource.",
    _ENGINE,
    leaves_out=True,
    is_guard=True,
    when=When.PLANS,
)
NOBODY_BRINGS: Final = Rule(
    "UM108",
    "Referenced object does not exist",
    "A command names an object that does not exist and that no step of the plan creates. Only rows are left out.",
    "Declare the object, or name an existing one.",
    _ENGINE,
)
TOO_MUCH_FORGOTTEN: Final = Rule(
    "UM109",
    "Too many resources would be forgotten",
    "More managed rows are no longer declared than --max-forget allows. The default is 10%. A file may be truncated.",
    "If a file lost a part, restore it. If this is correct, allow the number in the message.",
    _ENGINE,
    when=When.PLANS,
)
RENAMED: Final = Rule(
    "UM110",
    "Object was renamed",
    "A managed object was renamed on the servers, so the plan would create a second one.",
    "Write the new name in the files, or rename the object back on the servers.",
    _ENGINE,
)
REPLACEMENT: Final = Rule(
    "UM111",
    "Replacement needs consent",
    "An object takes the place of another one (moved). The old one is removed. Its users move, and may lose something.",
    "If this is correct, allow it with --allow-replace.",
    _ENGINE,
    when=When.PLANS,
)
MOVED_ALREADY: Final = Rule(
    "UM112",
    "Move is done",
    "The object that another one replaces does not exist any more. If somebody makes it again, a plan removes it.",
    "Remove the move from the files.",
    _ENGINE,
    Severity.NOTE,
)
CHANGED_AGAIN: Final = Rule(
    "UM113",
    "User changed before the end of the wave",
    "An apply wrote a user and read the values back. At the end of the wave the user was read again, and differs. The "
    "user counts as a failure of the wave.",
    "Find out who changes the user. Then apply again: the plan shows the difference.",
    _ENGINE,
    when=When.RUN,
)
NOT_REHEARSED: Final = Rule(
    "UM114",
    "New users not checked by the servers",
    "A plan asks the servers whether they would accept new users, for a limited number of them. The servers did not "
    "say it for these. An apply finds out.",
    "Nothing, or solve the error in the message and plan again.",
    _ENGINE,
    Severity.NOTE,
    is_guard=True,
    when=When.PLANS,
    also=(Severity.WARNING,),
)
NOT_ALLOWED: Final = Rule(
    "UM115",
    "Missing rights for the plan",
    "The session of the account has no cmdlet that the plan sends, because none of its roles holds it. An apply by "
    "this account fails at those steps.",
    "Give the account the roles, or apply the plan with another account.",
    _ENGINE,
    Severity.WARNING,
    when=When.PLANS,
    also=(Severity.NOTE,),
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
    REPLACEMENT,
    MOVED_ALREADY,
    CHANGED_AGAIN,
    NOT_REHEARSED,
    NOT_ALLOWED,
)
