"""Where an effect is not seen, the other domain controllers are asked for it."""

from __future__ import annotations

import pytest

from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.commands import Reply
from reconciler.model.diagnostics import Diagnostic, SessionError, Unreachable
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Request
from reconciler.run.second_look import Replicas, look_elsewhere
from tests.support.boxes import Box, BoxWorld, box
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions

UPDATE = Action(box("a").address, ActionKind.UPDATE, (Change("size", 1, 2),), expects_after={"size": 2})


class DirectoryBox(Box):
    """A box whose effects are replicated."""

    @property
    def is_replicated(self) -> bool:
        return True


BOX = DirectoryBox()


def engine(sizes: dict[str, int | None]) -> Engine:
    """Return an engine over domain controllers that show box a in these sizes; None: no answer."""

    def answer(request: Request) -> Reply | SessionError:
        size = sizes[str(dict(request.command.parameters)["DomainController"])]
        if size is None:
            return Unreachable(Diagnostic("No answer"))
        return BoxWorld({"a": {"Size": size}}).answer(request)

    return Engine((BOX,), FunctionSessions(answer))


@pytest.mark.parametrize(
    ("sizes", "knows", "lacks", "silent"),
    [
        ({"dc2": 2, "dc3": 1}, ("dc2",), ("dc1", "dc3"), ()),
        ({"dc2": None, "dc3": 2}, ("dc3",), ("dc1",), ("dc2",)),
        ({"dc2": 1, "dc3": 1}, (), ("dc1", "dc2", "dc3"), ()),
    ],
)
def test_each_domain_controller_shows_the_effect_or_lacks_it_or_is_silent(
    sizes: dict[str, int | None], knows: tuple[str, ...], lacks: tuple[str, ...], silent: tuple[str, ...]
) -> None:
    replicas = Replicas(("dc1", "dc2", "dc3"), "dc1", "DomainController", "domain controller")
    found = look_elsewhere(engine(sizes).reader, BOX, UPDATE, Landscape(), replicas)
    assert (found.knows, found.lacks, found.silent, found.pinned) == (knows, lacks, silent, "dc1")


def test_of_a_large_forest_only_some_are_asked() -> None:
    names = tuple(f"dc{number:02}" for number in range(50))
    one = engine(dict.fromkeys(names, 1))
    found = look_elsewhere(one.reader, BOX, UPDATE, Landscape(), Replicas(names, names[0], "DomainController"))
    assert found.lacks[0] == names[0], "the one that was read is known to lack it"
    assert 1 < len(found.lacks) < 12
