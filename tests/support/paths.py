"""Where the project lies, for tests that read its files or run it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The folder with `pyproject.toml`."""
