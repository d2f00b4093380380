"""The order in which auto attendants that lead to each other are enabled, disabled and removed.

An attendant leads to others by its keys and by its fallback. Exchange refuses to enable an attendant that leads to a
disabled one, and to disable or remove one to which another leads. So the attendant at the end of a link is enabled
first, and a link is cut before the attendant at its end is disabled or removed.

No document says so. It is as the assemblies of Exchange 2013 are known to do it: Enable- checks the fallback, and the
keys during business hours if that menu is on. Set- checks all keys of an enabled attendant, also those that it does
not change. The other versions are taken to do the same.

Menus follow their attendants, so that new attendants may lead to each other. A menu goes before its attendant where
it cuts a link that would stop the attendant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from providers.schema.attendants import AttendantMenu, AutoAttendant
from providers.schema.menu_values import ATTENDANT
from reconciler.model.actions import ActionKind
from reconciler.model.attributes import Attr
from reconciler.model.graph import closure
from reconciler.model.landscape import Landscape, Named
from reconciler.model.resources import Address, Resource
from reconciler.model.values import UNSET, Nested, Value, folded

FALLBACK = AutoAttendant.dtmf_fallback
MENUS: tuple[Attr[Nested], ...] = (AttendantMenu.business_hours_keys, AttendantMenu.after_hours_keys)
_SWITCHES = (AttendantMenu.business_hours_keys_enabled, AttendantMenu.after_hours_keys_enabled)


@dataclass(frozen=True, slots=True)
class Link:
    """One way from an attendant to another one."""

    attribute: str
    """The fallback, or the menu."""
    target: str
    """The other attendant, as its name is written."""
    place: tuple[str, ...] = ()
    """Of a key: within its menu."""
    is_checked: bool = True
    """True where Enable- checks it."""

    @property
    def is_key(self) -> bool:
        return bool(self.place)

    @property
    def path(self) -> tuple[str, ...]:
        """Where a declaration names the other attendant."""
        return self.attribute, *self.place


@dataclass(frozen=True, slots=True)
class Standing:
    """An attendant at one time: before or after the plan."""

    resource: Resource
    links: tuple[Link, ...] = ()

    @property
    def is_enabled(self) -> bool:
        return self.resource.get(AutoAttendant.status) == "Enabled"

    @property
    def is_disabled(self) -> bool:
        return self.resource.get(AutoAttendant.status) == "Disabled"

    def has(self, link: Link) -> bool:
        """True if it leads to the same attendant in the same way."""
        return any(one.attribute == link.attribute for one in self.leading_to(link.target))

    def leading_to(self, target: str) -> Iterator[Link]:
        return (one for one in self.links if folded(one.target) == folded(target))


Standings = Mapping[str, Standing]
"""By folded name."""


def standing(attendant: Resource, menu: Resource | None) -> Standing:
    """Return an attendant with its links."""
    return Standing(attendant, tuple(_links(attendant, menu)))


def _links(attendant: Resource, menu: Resource | None) -> Iterator[Link]:
    if fallback := attendant.get(FALLBACK):
        yield Link(FALLBACK.name, fallback)
    for handle in MENUS if menu is not None else ():
        is_on = handle is AttendantMenu.business_hours_keys and _is_on(menu)
        for key, one in (menu.get(handle) or Nested()).items() if menu is not None else ():
            if name := _target_of(one):
                yield Link(handle.name, name, (key, ATTENDANT), is_checked=is_on)


def keys_elsewhere(keys: Nested) -> Nested:
    """Return the keys of a menu without those that lead to attendants."""
    return Nested((key, one) for key, one in keys.items() if not _target_of(one))


def _target_of(key: Value) -> str:
    return str(key.get(ATTENDANT) or "") if isinstance(key, Nested) else ""


def _is_on(menu: Resource | None) -> bool:
    return menu is not None and menu.get(AttendantMenu.business_hours_keys_enabled) is True


def standings_before(landscape: Landscape) -> Standings:
    """Return the attendants as they were observed, without the effects of the actions planned so far."""
    there = (_before(landscape, AutoAttendant, key) for key in landscape.all(AutoAttendant))
    return {
        folded(one.key): standing(one, _before(landscape, AttendantMenu, one.key)) for one in there if one is not None
    }


def _before(landscape: Landscape, kind: Named, key: str) -> Resource | None:
    now = landscape.one(kind, key)
    action = landscape.actions.get(Address(kind.name, key))
    if now is None or action is None:
        return now
    if action.kind is ActionKind.CREATE:
        return None
    observed = {change.attribute: change.before for change in action.changes if change.before is not UNSET}
    return replace(now, attributes={**now.attributes, **observed})


def _standings_after(landscape: Landscape, earlier: Standings) -> Standings:
    """Return the attendants as the files want them: what they do not write stays as it is."""
    wanted = landscape.wanted(AutoAttendant)
    ended = {*map(folded, landscape.ending(AutoAttendant)), *map(folded, landscape.prior.of_type(AutoAttendant.name))}
    found: dict[str, Standing] = {}
    for name in dict.fromkeys((*earlier, *map(folded, wanted))):
        if name in wanted:
            was = earlier.get(name)
            kept = None if was is not None and _is_replaced(was, wanted[name]) else was
            found[name] = _as_written(wanted[name], kept, landscape)
        elif name not in ended:
            found[name] = earlier[name]
    return found


def _as_written(desired: Resource, was: Standing | None, landscape: Landscape) -> Standing:
    written = desired.attributes
    menu = _before(landscape, AttendantMenu, desired.key) if was is not None else None
    parts = {one.name: written[one.name] for one in (*MENUS, *_SWITCHES) if one.name in written}
    keys = {**(menu.attributes if menu is not None else {}), **parts}
    observed = was.resource.attributes if was is not None else {AutoAttendant.status.name: "Disabled"}
    return standing(
        replace(desired, attributes={**observed, **written}), Resource(Address(AttendantMenu.name, desired.key), keys)
    )


@dataclass(slots=True)
class Order:
    """What waits for what, in addition to the references. It never closes a circle."""

    earlier: Standings
    later: Standings
    needs: dict[Address, list[Address]] = field(default_factory=dict)
    menus_first: set[str] = field(default_factory=set)
    """Folded names of the attendants that wait for their menus."""
    rings: list[tuple[Address, Address]] = field(default_factory=list)
    """Attendants of which the first cannot be enabled after the second, because that one waits for it."""
    cut: dict[Address, list[str]] = field(default_factory=dict)
    """Of an attendant that goes or is disabled: those that lead to it and go later, so it cuts their links first."""
    replaced: frozenset[str] = frozenset()
    """Folded names of the attendants that are removed and made again."""
    sets: frozenset[str] = frozenset()
    """Folded names of the attendants that a Set- changes, apart from their menus."""
    edges: dict[str, set[str]] = field(default_factory=dict)

    def know(self, one: Address, other: Address) -> bool:
        """Take up an edge; return False where it would close a circle."""
        node, before = _node(one), _node(other)
        if node in closure([before], self.edges) or node == before:
            return False
        self.edges.setdefault(node, set()).add(before)
        self.edges.setdefault(before, set())
        return True

    def wait(self, one: Address, other: Address) -> bool:
        """Let one action wait for another; return False where this would close a circle."""
        is_new = self.know(one, other)
        if is_new:
            self.needs.setdefault(one, []).append(other)
        return is_new

    def checked(self, name: str) -> Iterator[Link]:
        """Yield the links that Exchange checks when the attendant is set or enabled, as they are then."""
        was, after = self.earlier.get(name), self.later[name]
        if was is None or name in self.replaced:
            return
        is_enabling, is_set = self.becomes_enabled(name), was.is_enabled and name in self.sets
        for link in after.links if name in self.menus_first else was.links:
            if link.is_key and (is_set or (is_enabling and link.is_checked)):
                yield link
        for link in after.links:
            if not link.is_key and (is_enabling or (was.is_enabled and not was.has(link))):
                yield link

    def becomes_enabled(self, name: str) -> bool:
        was, after = self._before_and_after(name)
        return was is not None and after is not None and was.is_disabled and after.is_enabled

    def becomes_disabled(self, name: str) -> bool:
        was, after = self._before_and_after(name)
        return was is not None and after is not None and was.is_enabled and after.is_disabled

    def _before_and_after(self, name: str) -> tuple[Standing | None, Standing | None]:
        is_new = folded(name) in self.replaced
        return None if is_new else self.earlier.get(folded(name)), self.later.get(folded(name))


def _node(address: Address) -> str:
    return "/".join(address.folded)


def _attendant(name: str) -> Address:
    return Address(AutoAttendant.name, name)


def _menu(name: str) -> Address:
    return Address(AttendantMenu.name, name)


def order_of(landscape: Landscape) -> Order:
    """Return what waits for what among the attendants and their menus."""
    return landscape.fact(_order, landscape)


def _order(landscape: Landscape) -> Order:
    earlier = standings_before(landscape)
    order = Order(earlier, _standings_after(landscape, earlier))
    wanted = landscape.wanted(AutoAttendant)
    written = {
        folded(one.key)
        for one in wanted.values()
        if any(handle.name in one.attributes for handle in (*MENUS, *_SWITCHES))
    }
    both = earlier.keys() & wanted.folded
    order.replaced = frozenset(name for name in both if _is_replaced(earlier[name], wanted[name]))
    staying = written & both - order.replaced
    order.menus_first |= {name for name in staying if _menu_goes_first(name, order)}
    order.sets = frozenset(name for name, was in earlier.items() if name in wanted and _is_set(was, wanted[name]))
    for one in wanted.values():
        _known_edges(one, order)
    made = order.replaced | (order.later.keys() - earlier.keys())
    for name in _going(order):
        _known_leavers(name, order)
        if name not in order.later:
            _known_dependents(name, made, order, landscape)
    for name in sorted(order.menus_first):
        _wait_for_menu(name, order)
    for name in sorted(order.later):
        _wait_to_be_enabled(name, order, has_menu=name in written)
    for name in sorted(order.later):
        if order.becomes_disabled(name):
            _wait_to_be_disabled(name, order)
    _wait_to_go(order)
    return order


def _is_set(was: Standing, desired: Resource) -> bool:
    others = {one.name for one in (*MENUS, *_SWITCHES, AutoAttendant.status, AutoAttendant.is_default)}
    observed = was.resource.attributes
    return any(observed.get(name) != value for name, value in desired.attributes.items() if name not in others)


def _menu_goes_first(name: str, order: Order) -> bool:
    """True where the menu cuts a link that would stop the attendant, or another one that is disabled."""
    was, after = order.earlier[name], order.later[name]
    kept = {(one.attribute, folded(one.target)) for one in after.links if one.is_checked or was.is_enabled}
    for link in was.links:
        is_cut = link.is_key and (link.attribute, folded(link.target)) not in kept
        target = order.earlier.get(folded(link.target))
        is_stopped = was.is_disabled and after.is_enabled and link.is_checked
        is_in_the_way = was.is_enabled and (
            order.becomes_disabled(link.target)
            or folded(link.target) not in order.later
            or (name in order.sets and target is not None and target.is_disabled)
        )
        if is_cut and (is_stopped or is_in_the_way):
            return True
    return False


def _known_edges(desired: Resource, order: Order) -> None:
    """Take up the edges of the references."""
    name = folded(desired.key)
    for link in order.later[name].links:
        if link.attribute in desired.attributes:
            order.know(_menu(name) if link.is_key else _attendant(name), _attendant(link.target))
    if name not in order.menus_first:
        order.know(_menu(name), _attendant(name))


def _wait_for_menu(name: str, order: Order) -> None:
    if not order.wait(_attendant(name), _menu(name)):
        order.menus_first.remove(name)
        order.know(_menu(name), _attendant(name))


def _wait_to_be_enabled(name: str, order: Order, *, has_menu: bool) -> None:
    """Let an attendant wait until those are enabled that Exchange wants enabled when it is set or enabled."""
    for link in order.checked(name):
        is_late = order.becomes_enabled(link.target)
        if is_late and not order.wait(_attendant(name), _attendant(link.target)):
            order.rings.append((_attendant(name), _attendant(link.target)))
    for link in order.later[name].links if has_menu and name not in order.menus_first else ():
        if link.is_key and order.becomes_enabled(link.target):
            order.wait(_menu(name), _attendant(link.target))


def _wait_to_be_disabled(name: str, order: Order) -> None:
    """Let an attendant wait until no other one leads to it; one that goes later is cut off from it."""
    for other, action in _leavers(name, order):
        if not order.wait(_attendant(name), action) and other not in order.later:
            order.cut.setdefault(_attendant(name), []).append(other)
            order.wait(action, _attendant(name))


def _known_leavers(name: str, order: Order) -> None:
    """Take up that the removal of an attendant comes after those that no longer lead to it."""
    for other, action in _leavers(name, order):
        if other in order.later:
            order.know(_attendant(name), action)


def _known_dependents(name: str, made: Collection[str], order: Order, landscape: Landscape) -> None:
    """Take up that a removal comes after those that needed the attendant at the last apply, and after all new ones."""
    own, prior = _attendant(name), landscape.prior.resources
    for other in made:
        order.know(own, _attendant(other))
    for address in (address for other in order.earlier for address in (_attendant(other), _menu(other))):
        known = prior.get(address)
        if known is not None and address != own and own in known.needs:
            order.know(own, address)


def _leavers(name: str, order: Order) -> Iterator[tuple[str, Address]]:
    """Yield the attendants that lead to one and no longer will, each with the action that ends it."""
    for other, was in order.earlier.items():
        after = order.later.get(other)
        left = {one.attribute for one in after.leading_to(name)} if after is not None else set()
        for link in was.leading_to(name) if other != name else ():
            if link.attribute not in left:
                is_menu = link.is_key and after is not None and other not in order.replaced
                yield other, _menu(other) if is_menu else _attendant(other)


def _wait_to_go(order: Order) -> None:
    """Let an attendant go after those that lead to it and go as well; in a ring, the first one cuts the links."""
    going = _going(order)
    for name in going:
        for other in going:
            leads = other != name and any(True for _ in order.earlier[other].leading_to(name))
            if leads and not order.wait(_attendant(name), _attendant(other)):
                order.cut.setdefault(_attendant(name), []).append(other)


def _going(order: Order) -> list[str]:
    """Return the attendants that are removed, or made again."""
    return [name for name in sorted(order.earlier) if name not in order.later or name in order.replaced]


def _is_replaced(was: Standing, desired: Resource) -> bool:
    """True for an attendant that is removed and made again, in another dial plan."""
    plans = (folded(one.get(AutoAttendant.dial_plan) or "") for one in (was.resource, desired))
    return len(set(plans)) > 1
