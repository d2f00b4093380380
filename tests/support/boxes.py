"""A small world for tests of the engine itself: boxes, and a task that stamps them.

A box has a size (Set), a colour (fixed at New), tags (of which only the declared ones are ours) and may stand on
another box. ``stamp`` runs when a box has no stamp.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from hypothesis import strategies as st

from reconciler.model.abilities import Duty, Foreseeing, Rows
from reconciler.model.actions import Action, Change
from reconciler.model.attributes import Attribute, AttributeKind, AttributeRole
from reconciler.model.commands import Command, Delta, Reply, read, write
from reconciler.model.diagnostics import AlreadyExists, Diagnostic, NotFound, SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Request
from reconciler.model.resource_types import Answer, Diagnosed, Due, Fact, Lifecycle, Managed, ResourceType, Task
from reconciler.model.resources import Address, Resource, Resources

ATTRIBUTES = {
    attribute.name: attribute
    for attribute in (
        Attribute("size", parameter="Size", output="Size"),
        Attribute("colour", role=AttributeRole.CREATE_ONLY, parameter="Colour", output="Colour"),
        Attribute("tags", kind=AttributeKind.MEMBERSHIP, parameter="Tags", output="Tags"),
        Attribute("on", parameter="On", output="On", references="box"),
    )
}

PRESS = Duty("press-restart", "the {subject} has to restart")


class Box(Managed):
    name: ClassVar[str] = "box"
    lifecycle: ClassVar[Lifecycle] = Lifecycle.OBJECT
    section: ClassVar[str | None] = "boxes"

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return ATTRIBUTES

    def parse(self, key: str, data: Mapping[str, object]) -> Resource:
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
        return box(key, **values)

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        return (read("Get-Box", "Name", *(str(attribute.output) for attribute in ATTRIBUTES.values())),)

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        found: list[Resource | Diagnosed] = []
        for _, reply in answers:
            if isinstance(reply, SessionError):
                return [Diagnosed(Address("box", "*"), told) for told in reply.diagnostics]
            found += [
                Resource(
                    Address("box", record["Name"]),
                    {
                        name: record[str(attribute.output)]
                        for name, attribute in ATTRIBUTES.items()
                        if attribute.output in record
                    },
                    name=record["Name"],
                )
                for record in reply.records
            ]
        return found

    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]:
        values = {str(ATTRIBUTES[name].parameter): value for name, value in desired.attributes.items()}
        return (write("New-Box", Name=desired.key, **values),)

    def update(
        self, desired: Resource, observed: Resource, changes: Sequence[Change], landscape: Landscape
    ) -> Sequence[Command]:
        def argument(change: Change) -> object:
            if change.attribute != "tags":
                return change.after
            before, after = set(_texts(change.before)), set(_texts(change.after))
            return Delta(tuple(sorted(after - before)), tuple(sorted(before - after)))

        values = {str(ATTRIBUTES[change.attribute].parameter): argument(change) for change in changes}
        return (write("Set-Box", Identity=desired.key, **values),)  # type: ignore[arg-type]  # values of changes

    def delete(self, observed: Resource, landscape: Landscape) -> Sequence[Command]:
        return (write("Remove-Box", Identity=observed.key),)


class CrowdBox(Box, Rows):
    """Boxes of which there may be thousands: those of one colour are one step, in the order of nothing."""

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        (everything,) = super().queries(landscape)
        if keys is None:
            return (everything,)
        return tuple(read("Get-Box", *everything.properties, Identity=key) for key in sorted(keys))

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        there = [(command, reply) for command, reply in answers if not isinstance(reply, NotFound)]
        return super().observe(there, landscape)

    def group(self, action: Action, landscape: Landscape) -> str:
        known = action.remember or landscape.at(action.address)
        return str(known.get("colour") if known else None)


class WaveBox(CrowdBox):
    """Boxes in waves: those of one colour and one wave are one step."""

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return {**ATTRIBUTES, "wave": Attribute("wave", role=AttributeRole.INTENT)}

    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]:
        return super().create(without_wave(desired), landscape)

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        """Refuse a box that somebody painted black."""
        black = (one for one in landscape.all("box").values() if one.get("colour") == "black")
        return [Diagnostic("Black box", f"{one.address} is black.", address=str(one.address)) for one in black]


def without_wave(one: Resource) -> Resource:
    return Resource(one.address, {name: value for name, value in one.attributes.items() if name != "wave"})


class Stamp(Foreseeing, Task):
    """Runs once for all boxes that have no stamp, and leaves a restart owed."""

    name: ClassVar[str] = "stamp"
    after: ClassVar[tuple[str, ...]] = ("box",)
    refreshes: ClassVar[tuple[str, ...]] = ("box", "mark")

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return {}

    def due(self, landscape: Landscape) -> Sequence[Due]:
        bare = [box.key for box in landscape.all("box").values() if box.key not in landscape.all("mark")]
        if not bare:
            return ()
        return (
            Due(
                Resource(Address("stamp", "all")),
                (f"{', '.join(sorted(bare))} without a stamp",),
                (write("Invoke-Stamp"),),
                needs=tuple(Address("box", key) for key in bare),
                owes=(PRESS.of("press"),),
            ),
        )

    def foresee(self, action: Action, landscape: Landscape) -> Landscape:
        marks = [Resource(Address("mark", key)) for key in landscape.all("box")]
        return landscape.predicting(action.address, "mark", put=marks)

    def expectation(self, action: Action, landscape: Landscape) -> Mapping[str, object] | None:  # type: ignore[override]
        return {"boxes": tuple(sorted(landscape.all("box")))}

    def is_done(self, action: Action, landscape: Landscape) -> bool:
        return all(key in landscape.all("mark") for key in landscape.all("box"))


class Mark(Fact):
    """The stamps there are: a fact."""

    name: ClassVar[str] = "mark"

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return {}

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        return (read("Get-Mark", "Name"),)

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        return [
            Resource(Address("mark", record["Name"]))
            for _, reply in answers
            if isinstance(reply, Reply)
            for record in reply.records
        ]


class Restart(Task):
    """Restarts the press while a restart is owed."""

    name: ClassVar[str] = "restart"
    after: ClassVar[tuple[str, ...]] = ("stamp",)

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return {}

    def due(self, landscape: Landscape) -> Sequence[Due]:
        owed = landscape.prior.owes(PRESS.of("press"))
        stamps = Address("stamp", "all") in landscape.actions
        if owed is None and not stamps:
            return ()
        return (
            Due(
                Resource(Address("restart", "press")),
                ("the stamps changed",),
                (write("Restart-Press"),),
                needs=(Address("stamp", "all"),),
                discharges=(PRESS.of("press"),),
            ),
        )

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        return (read("Get-Press", "Count"),)

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        return [
            Resource(Address("restart", "press"), {"count": record["Count"]})
            for _, reply in answers
            if isinstance(reply, Reply)
            for record in reply.records
        ]

    def expectation(self, action: Action, landscape: Landscape) -> Mapping[str, object] | None:  # type: ignore[override]
        observed = landscape.one("restart", "press")
        return dict(observed.attributes) if observed else None

    def is_done(self, action: Action, landscape: Landscape) -> bool:
        observed = landscape.one("restart", "press")
        before = (action.expects or {}).get("count")
        return observed is not None and observed.get("count") != before


TYPES: tuple[ResourceType, ...] = (Mark(), Box(), Stamp(), Restart())
CROWD: tuple[ResourceType, ...] = (CrowdBox(),)
WAVES: tuple[ResourceType, ...] = (WaveBox(),)


def box(key: str, **attributes: object) -> Resource:
    return Resource(Address("box", key), attributes)  # type: ignore[arg-type]  # canonical values by construction


def declared(*boxes: Resource) -> Mapping[str, Resources]:
    return {"box": Resources(boxes)}


@dataclass
class BoxWorld:
    """The server: boxes with their properties, marks, and how often the press was restarted."""

    boxes: dict[str, dict[str, object]] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)
    restarts: int = 0
    writes: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Reply | SessionError:
        command = request.command
        arguments = dict(command.parameters)
        if command.writes:
            self.writes.append(str(command))
        match command.cmdlet:
            case "Get-Box" if "Identity" in arguments:
                found = self.boxes.get(str(arguments["Identity"]))
                if found is None:
                    return NotFound(Diagnostic("Not found", f"no box {arguments['Identity']}"))
                return Reply(({"Name": arguments["Identity"], **found},))
            case "Get-Box":
                return Reply(tuple({"Name": name, **values} for name, values in sorted(self.boxes.items())))
            case "Get-Mark":
                return Reply(tuple({"Name": name} for name in sorted(self.marks)))
            case "Get-Press":
                return Reply(({"Count": self.restarts},))
            case "New-Box":
                return self._new(str(arguments.pop("Name")), dict(arguments))
            case "Set-Box":
                return self._set(str(arguments.pop("Identity")), arguments)
            case "Remove-Box":
                if self.boxes.pop(str(arguments["Identity"]), None) is None:
                    return NotFound(Diagnostic("Not found", f"no box {arguments['Identity']}"))
            case "Invoke-Stamp":
                self.marks = set(self.boxes)
            case "Restart-Press":
                self.restarts += 1
        return Reply()

    def _new(self, name: str, values: dict[str, object]) -> Reply | SessionError:
        if name in self.boxes:
            return AlreadyExists(Diagnostic("Already exists", f"box {name} exists"))
        self.boxes[name] = values
        return Reply()

    def _set(self, name: str, values: Mapping[str, object]) -> Reply | SessionError:
        if name not in self.boxes:
            return NotFound(Diagnostic("Not found", f"no box {name}"))
        tags = values.get("Tags")
        if isinstance(tags, Delta):
            there = set(_texts(self.boxes[name].get("Tags")))
            values = {**values, "Tags": tuple(sorted((there | set(tags.add)) - set(tags.remove)))}
        self.boxes[name] |= values
        return Reply()


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()


# --- boxes at random -------------------------------------------------------------------------------------------------

_NAMES = st.sampled_from("abcdef")
_SIZES = st.integers(1, 3)
_TAGS = st.frozensets(st.sampled_from(["x", "y", "z"])).map(lambda tags: tuple(sorted(tags)))


@st.composite
def configurations(draw: st.DrawFn) -> Mapping[str, Resources]:
    names = sorted(draw(st.frozensets(_NAMES, min_size=1)))
    boxes: list[Resource] = []
    for index, name in enumerate(names):
        below = draw(st.sampled_from([None, *names[:index]]))
        values = {"size": draw(_SIZES), "tags": draw(_TAGS)} | ({"on": below} if below else {})
        boxes.append(box(name, **values))
    return declared(*draw(st.permutations(boxes)))


@st.composite
def box_worlds(draw: st.DrawFn) -> BoxWorld:
    boxes: dict[str, dict[str, object]] = {
        name: {"Size": draw(_SIZES), "Tags": draw(_TAGS)} for name in sorted(draw(st.frozensets(_NAMES)))
    }
    return BoxWorld(boxes, set(draw(st.frozensets(_NAMES))) & set(boxes), 0)
