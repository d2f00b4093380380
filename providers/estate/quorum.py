"""The number of Front Ends that a pool needs to stay up, and to start.

From Lync Server 2013 on, a pool stops its services itself when it falls below this number. In larger pools only the
first Front Ends in the order of the topology count.

Source: Topologies and components for Front End Servers (Gg412996); DOMAIN 5.2.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

_TO_START = {1: 1, 2: 1, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5, 8: 6, 9: 7, 10: 8, 11: 9, 12: 10}
_TO_STAY_UP = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 4, 10: 5, 11: 5, 12: 5}
_COUNTED = {8: 7, 9: 7, 10: 9, 11: 9, 12: 9}


def needed_to_stay_up(size: int) -> int:
    """Return how many Front Ends must run in a pool of ``size``; more than half for sizes not published."""
    return _TO_STAY_UP.get(size, size // 2 + 1)


def needed_to_start(size: int) -> int:
    """Return how many Front Ends must start in a pool of ``size`` that is down; 85 % for sizes not published."""
    return _TO_START.get(size, -(-size * 85 // 100))


def counted(members: Sequence[str]) -> tuple[str, ...]:
    """Return the Front Ends that count for the quorum; ``members`` has the order of the topology."""
    return tuple(members[: _COUNTED.get(len(members), len(members))])


def keeps_quorum(members: Sequence[str], running: Collection[str]) -> bool:
    """True where the pool stays up with only ``running`` of its ``members``."""
    return sum(member in running for member in counted(members)) >= needed_to_stay_up(len(members))
