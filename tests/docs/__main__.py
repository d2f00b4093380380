"""Brings every page and every published schema up to date: ``python -m tests.docs``."""

from __future__ import annotations

from pathlib import Path

from tests.docs.pages import PAGES, rendered
from tests.docs.published_schemas import SCHEMAS, schema_text
from tests.support.paths import ROOT


def write(path: Path, after: str) -> None:
    if path.read_text("utf-8") != after:
        path.write_text(after, "utf-8")
        print(f"{path.relative_to(ROOT)} written")


if __name__ == "__main__":
    for page in PAGES:
        write(page, rendered(page.read_text("utf-8")))
    for path, schema in SCHEMAS.items():
        write(path, schema_text(schema()))
