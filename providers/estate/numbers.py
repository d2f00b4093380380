"""Telephone numbers that reach Unified Messaging: each reaches one auto attendant, or one dial plan.

Sources: New-UMAutoAttendant, New-UMDialPlan (Microsoft Learn); DOMAIN 7.1, 7.6.
"""

from __future__ import annotations

from typing import Final

NUMBER: Final = "telephone number"
"""The scope in which pilot numbers of attendants and access numbers of dial plans are unique together."""
