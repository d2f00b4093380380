"""Brings every page up to date: ``python -m tests.docs``."""

from __future__ import annotations

from tests.docs.pages import PAGES, rendered
from tests.support.paths import ROOT

if __name__ == "__main__":
    for page in PAGES:
        before = page.read_text("utf-8")
        after = rendered(before)
        if after != before:
            page.write_text(after, "utf-8")
            print(f"{page.relative_to(ROOT)} written")
