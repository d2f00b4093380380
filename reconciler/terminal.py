"""What people see: plans, diagnostics, drift and progress as text.

Each part has a module of its own; whoever shows something imports it from here.
"""

from __future__ import annotations

from reconciler.diagnostic_text import render_diagnostics
from reconciler.doctor_text import render_doctor
from reconciler.drift_text import render_drift
from reconciler.plan_text import render_plan
from reconciler.progress import TerminalProgress
from reconciler.style import Style, is_live, style_of

__all__ = [
    "Style",
    "TerminalProgress",
    "is_live",
    "render_diagnostics",
    "render_doctor",
    "render_drift",
    "render_plan",
    "style_of",
]
