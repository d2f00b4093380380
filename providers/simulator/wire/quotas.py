"""The limits of one host for its clients, from the quotas of its Windows version.

The listener's own settings apply to all hosts. If both limit the same resource, the lower limit applies.
Source: learn.microsoft.com/windows/win32/winrm/quotas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from providers.simulator.wire.wsman import Limits

_FIELDS: Final[Mapping[str, tuple[str, float]]] = {
    "MaxShellsPerUser": ("max_shells_per_user", 1),
    "MaxProcessesPerShell": ("max_processes_per_shell", 1),
    "MaxConcurrentUsers": ("max_concurrent_users", 1),
    "MaxEnvelopeSizekb": ("max_envelope_bytes", 1024),
    "MaxMemoryPerShellMB": ("max_memory_per_shell_mb", 1),
    "IdleTimeout": ("idle_timeout_seconds", 0.001),
}
"""By the name of the quota: which limit it is, and its unit in ours."""


def limits_with(limits: Limits, quotas: object) -> Limits:
    """Return ``limits``, reduced to the quotas of a host."""
    if not isinstance(quotas, Mapping):
        return limits
    narrower = [(field, quotas[name] * unit) for name, (field, unit) in _FIELDS.items() if name in quotas]
    return replace(limits, **{field: min(getattr(limits, field), value) for field, value in narrower})
