"""The whole engine over fakes: it plans and applies a world of boxes, or any other types over any sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model.landscape import Landscape, Settings
from reconciler.model.ports import Holder, Scheduler, Sessions, Stop
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Resources
from reconciler.plan.build import build_plan
from reconciler.plan.plan import Plan
from reconciler.plan.selection import Selection
from reconciler.run.account import Account
from reconciler.run.apply import Apply
from reconciler.run.group_commit import GroupCommit
from reconciler.run.observe import Keys, Reader, SharedLandscape
from reconciler.run.perform import Performer
from reconciler.run.recover import close_intents, end_shells, outlast, reads_of
from reconciler.run.retry import Retry
from reconciler.run.second_look import Replicas
from reconciler.run.system import NeverStop
from tests.support.boxes import TYPES, BoxWorld
from tests.support.fakes import FunctionSessions, MemoryStore, Recorder, SeededRandom, SerialScheduler, VirtualClock


@dataclass
class Engine:
    types: Sequence[ResourceType]
    sessions: Sessions
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: VirtualClock = field(default_factory=VirtualClock)
    events: Recorder = field(default_factory=Recorder)
    seed: int = 1
    point: Callable[[str], None] = lambda _: None
    settings: Settings = field(default_factory=lambda: Settings("test"))
    replicas: Replicas = field(default_factory=Replicas)
    stop: Stop = field(default_factory=NeverStop)
    scheduler: Scheduler | None = None
    """None: one job after another, in an order from the seed."""

    def __post_init__(self) -> None:
        random = SeededRandom(self.seed)
        self.reader = Reader(
            self.types, self.sessions, Retry(self.clock, random), self.clock, random, self.events, None
        )

    def look(self, declared: Mapping[str, Resources], only: Keys | None = None) -> Landscape:
        return self.reader.observe(Landscape(self.settings, declared, prior=self.store.read()), only)

    def plan(self, declared: Mapping[str, Resources], selection: Selection | None = None) -> Plan:
        return build_plan(self.types, self.look(declared), selection=selection)

    def apply(self, declared: Mapping[str, Resources], plan: Plan | None = None) -> Account:
        lease = self.store.acquire(Holder(f"run{self.store.epoch}", "host", 1, "user", "apply", ""))
        try:
            intents = self.store.read().open_intents
            if intents:
                outlast(end_shells(intents, self.sessions, self.events), self.reader)
                by_name = {kind.name: kind for kind in self.types}
                close_intents(intents, self.look(declared, reads_of(intents, by_name)), by_name, lease)
            landscape = self.look(declared)
            plan = plan or build_plan(self.types, landscape)
            by_name = {kind.name: kind for kind in self.types}
            performer = Performer(
                f"run{self.store.epoch}",
                by_name,
                self.reader,
                SharedLandscape(landscape),
                GroupCommit(lease, self.clock),
                self.point,
                replicas=self.replicas,
            )
            scheduler = self.scheduler or SerialScheduler(self.seed)
            return Apply(plan, performer, scheduler, self.store, self.stop, "resume").run()
        finally:
            lease.release()


def engine_of(world: BoxWorld, store: MemoryStore | None = None, seed: int = 1) -> Engine:
    """Return the engine over a world of boxes."""
    return Engine(TYPES, FunctionSessions(world.answer), store or MemoryStore(), seed=seed)
