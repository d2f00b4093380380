"""What ``export`` says: the files, what is left out and what a plan would still do."""

from __future__ import annotations

from pathlib import Path

from reconciler.export.declaration import LeftOut
from reconciler.export.describe import Description, Pending
from reconciler.export.export import Export
from reconciler.model.resource_types import Managed
from reconciler.views.export import render_export
from reconciler.views.style import Style
from tests.support.trial import types

KIND = next(kind for kind in types() if isinstance(kind, Managed) and kind.name == "auto_attendant")
LEFT = tuple(LeftOut(KIND, f"Bell{number}", {}, "Why (UM001).", f"Because of {number}.") for number in range(20))


def shown(made: Export, *, is_new: bool = True) -> list[str]:
    text = render_export(made, Style(), place=Path("new"), is_new=is_new, plan="reconciler plan new")
    return text.splitlines()


def test_the_next_command_stands_last() -> None:
    assert shown(Export({"a.yaml": b""}, Description()))[-1] == "    reconciler plan new"
    assert shown(Export({}, Description()), is_new=False)[-1] == "    reconciler plan new"


def test_every_file_is_named() -> None:
    lines = shown(Export({"b.yaml": b"", "a.yaml": b""}, Description()))
    assert lines[1:3] == ["  a.yaml", "  b.yaml"]


def test_equal_reasons_are_one_line_where_the_files_have_them_all() -> None:
    lines = shown(Export({"a.yaml": b""}, Description(left_out=LEFT)))
    assert [line for line in lines if "UM001" in line] == ["  20 auto attendants: Why (UM001)."]


def test_types_are_called_by_their_nouns() -> None:
    plan = next(kind for kind in types() if isinstance(kind, Managed) and kind.name == "lync_dial_plan")
    left = (LeftOut(plan, "Global", {}, "Why (UM001).", ""), *LEFT)
    lines = shown(Export({"a.yaml": b""}, Description(left_out=left)))
    assert "  1 Lync dial plan: Why (UM001)." in lines


def test_each_reason_is_shown_where_the_files_have_none() -> None:
    lines = shown(Export({}, Description(left_out=LEFT)), is_new=False)
    assert "  auto_attendant/Bell0: Why (UM001). Because of 0." in lines
    assert "  ... and 12 more" in lines


def test_what_a_plan_would_do_is_announced() -> None:
    pending = (Pending("run exchucutil/contoso.com", "no gateway"), Pending("", "It would be refused."))
    lines = shown(Export({"a.yaml": b""}, Description(pending=pending)))
    assert "  run exchucutil/contoso.com: no gateway" in lines
    assert "  It would be refused." in lines


def test_names_from_servers_draw_nothing() -> None:
    lines = shown(Export({}, Description(left_out=(LeftOut(KIND, "x", {}, "\x1b[2J", ""),))), is_new=False)
    assert not any("\x1b" in line for line in lines)
