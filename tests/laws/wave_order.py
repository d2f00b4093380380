"""Watches the order of waves: nobody of a wave changes while somebody of an earlier wave is still to be changed.

Users who take over extensions from each other, directly or through others, belong to the latest of their waves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.model.landscape import NO_RESOURCES
from tests.laws.joined import mail_of
from tests.laws.truth import Truth
from tests.support.trial import Trial

Held = tuple[object, ...]
"""What a user has: the extension, the policy, and the Lync dial plan."""


def held(trial: Trial) -> dict[str, Held]:
    """Return what each user has, by mail address."""
    found: dict[str, Held] = {}
    for user in Truth(trial.estate).of("User"):
        properties = user.properties
        extension = next(iter(properties.get("Extensions") or ()), None)
        found[mail_of(user)] = (extension, str(properties.get("UMMailboxPolicy")), properties.get("DialPlan"))
    return found


@dataclass
class WaveOrder:
    """The users whom one apply changes, in their order."""

    trial: Trial
    changed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._before = self._last = held(self.trial)

    def look(self) -> None:
        """Look, after a write of ours."""
        now = held(self.trial)
        self.changed += [user for user in now if now[user] != self._last.get(user)]
        self._last = now

    def broken(self) -> Iterator[str]:
        """Yield whose change came too early, once the apply has ended well."""
        waves = self._waves()
        latest = self._latest(waves) if waves else {}
        for place, user in enumerate(self.changed):
            early = [one for one in self.changed[place + 1 :] if latest.get(one, 0) < waves.get(user, 0)]
            if early:
                yield f"{user} of wave {waves[user]} changed before {early}"

    def _waves(self) -> dict[str, int]:
        """Return the place of the wave of each row; without one it is the last. Empty where waves have no order."""
        environment = self.trial.environment
        names = [wave.name for wave in environment.settings.waves]
        rows = [each.get("um_mailbox", NO_RESOURCES) for each in (environment.declared, environment.ended)]
        place = {name: number for number, name in enumerate(names)}
        return {
            row.key.casefold(): place.get(str(row.get("wave")), len(names))
            for each in rows
            for row in each.values()
            if names
        }

    def _latest(self, waves: Mapping[str, int]) -> dict[str, int]:
        """Return the latest wave among those with whom each user exchanges extensions."""
        ties: dict[str, set[str]] = defaultdict(set)
        for user, (taken, *_) in self._last.items():
            for other, (had, *_) in self._before.items():
                if taken is not None and taken == had and user != other:
                    ties[user].add(other)
                    ties[other].add(user)
        found = dict(waves)
        for _ in found:
            found = {user: max([wave, *(found.get(other, 0) for other in ties[user])]) for user, wave in found.items()}
        return found
