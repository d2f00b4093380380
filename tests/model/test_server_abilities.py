"""What the engine asks of a server holds for every type that offers it: no question writes, no command has a secret."""

from __future__ import annotations

from reconciler.model.actions import Action, ActionKind
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource
from reconciler.model.server_abilities import Rehearsing, Resetting
from tests.support.trial import types


def test_a_rehearsal_is_a_read_that_calls_the_cmdlet_of_the_creation() -> None:
    offered = [kind for kind in types() if isinstance(kind, Rehearsing)]
    assert offered
    for kind in offered:
        one = Resource(Address(kind.name, "a@contoso.com"), {"policy": "P", "dial_plan": "D"})
        commands = tuple(kind.create(one, Landscape()))
        question = kind.rehearsal(Action(one.address, ActionKind.CREATE, commands=commands), Landscape())
        assert question is not None
        assert not question.writes
        assert question.cmdlet == commands[0].cmdlet
        assert question.argument("ValidateOnly") is True


def test_a_reset_names_the_object_and_nothing_else() -> None:
    offered = [kind for kind in types() if isinstance(kind, Resetting)]
    assert offered
    for kind in offered:
        command = kind.reset(Resource(Address(kind.name, "a@contoso.com"), guid="g"), Landscape())
        assert command.writes
        assert command.cmdlet in kind.cmdlets
        assert [name for name, _ in command.parameters] == ["Identity"]
