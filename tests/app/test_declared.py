"""The files of a directory are read, and nothing that only looks like one of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.app.declared import Limits, prefix_of, read_files
from reconciler.config.environment import load
from reconciler.model.diagnostics import ConfigurationError
from tests.support.example_environments import WHOLE, loaded
from tests.support.example_types import EXAMPLE_TYPES


def write(directory: Path, contents: Mapping[str, str]) -> None:
    for name, text in contents.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


def test_directory_is_read_with_what_lies_below_it(tmp_path: Path) -> None:
    write(tmp_path, {**WHOLE, "README.md": "text", "notes.txt": "text"})
    assert load(read_files(tmp_path), EXAMPLE_TYPES)[0] == loaded(WHOLE)
    assert list(read_files(tmp_path).contents) == sorted(WHOLE)


def test_dot_directories_and_dot_files_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "environment: x\n", ".git/b.yaml": "x", ".reconciler/c.yaml": "x", ".d.yaml": "x"})
    assert list(read_files(tmp_path).contents) == ["a.yaml"]


def test_missing_directory_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_files(tmp_path / "nowhere")
    assert raised.value.diagnostics[0].summary == "No such environment"


def test_file_instead_of_a_directory_is_reported(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "environment: x\n"})
    with pytest.raises(ConfigurationError) as raised:
        read_files(tmp_path / "a.yaml")
    assert str(tmp_path) in raised.value.diagnostics[0].remedy


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes are POSIX")
def test_nothing_but_regular_files_within_the_directory_is_opened(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    write(tmp_path, {"root/a.yaml": "environment: x\n", "outside/secret.yaml": "canary"})
    (root / "link.yaml").symlink_to(outside / "secret.yaml")
    (root / "linked").symlink_to(outside)
    (root / "linked.yaml").symlink_to(outside)
    (root / "inside.csv").symlink_to(root / "a.yaml")
    (root / "broken.csv").symlink_to(root / "nothing.csv")
    (root / "loop.yaml").symlink_to(root / "loop.yaml")
    (root / "device.yaml").symlink_to("/dev/zero")
    os.mkfifo(root / "pipe.yaml")
    read = read_files(root)
    assert sorted(read.contents) == ["a.yaml", "inside.csv"]
    assert {name: told.summary for name, told in read.refused.items()} == {
        "broken.csv": "File cannot be read",
        "device.yaml": "File outside the environment",
        "link.yaml": "File outside the environment",
        "linked.yaml": "File outside the environment",
        "loop.yaml": "File cannot be read",
        "pipe.yaml": "Not a regular file",
    }
    environment, found = load(read, EXAMPLE_TYPES)
    assert environment is None
    assert len(found) == len(read.refused)


def test_large_file_is_reported_and_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "environment: x\n", "b.yaml": "#" * 21})
    read = read_files(tmp_path, limits=Limits(file_bytes=20))
    assert list(read.contents) == ["a.yaml"]
    assert read.refused["b.yaml"].summary == "File too large"


@pytest.mark.parametrize("limits", [Limits(files=2), Limits(total_bytes=15)])
def test_reading_ends_where_there_is_too_much(limits: Limits, tmp_path: Path) -> None:
    write(tmp_path, {f"{name}.yaml": "key: 1\n\n" for name in "abcd"})
    read = read_files(tmp_path, limits=limits)
    assert (list(read.contents), list(read.refused)) == (["a.yaml", "b.yaml"], ["c.yaml"])


@pytest.mark.parametrize("place", [".", "estate", "./deep/estate", "absolute"])
def test_places_are_seen_from_where_the_user_stands(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "elsewhere" if place == "absolute" else Path(place)
    monkeypatch.chdir(tmp_path)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "a.yaml").write_text("environment: x\nmailboxes: [{file: u.csv}]\nunknown: 1\n")
    (directory / "u.csv").write_text("identity,extension\na@x.com\n")
    os.mkfifo(directory / "p.yaml")
    _, found = load(read_files(directory, prefix=prefix_of(directory)), EXAMPLE_TYPES)
    named = {told.position.file for told in found if told.position}
    assert named == {os.path.normpath(directory / name) for name in ("a.yaml", "u.csv", "p.yaml")}
    assert all(Path(name).exists() for name in named)
