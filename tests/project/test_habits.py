"""The files around the code agree: one version, one line length, one command, hooks that fetch nothing."""

from __future__ import annotations

import configparser
import re
import tomllib

import yaml

from reconciler import __version__
from tests.support.paths import ROOT

PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
PRODUCT = ("reconciler", "providers", "state")
SETTINGS = tomllib.loads(PYPROJECT)


def test_version_is_the_same_everywhere() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.findall(r"^## (\d+\.\d+\.\d+)$", changelog, re.MULTILINE)
    assert SETTINGS["project"]["version"] == __version__ == released[0]


def test_settings_of_the_project_are_short() -> None:
    assert len(PYPROJECT.splitlines()) < 150


def test_no_module_is_long() -> None:
    files = [path for name in PRODUCT for path in (ROOT / name).rglob("*.py")]
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in files}
    assert len(lines) > 250
    assert {path: number for path, number in lines.items() if number > 400} == {}


def test_editors_and_formatter_agree() -> None:
    parser = configparser.ConfigParser()
    parser.read_string("[top]\n" + (ROOT / ".editorconfig").read_text("utf-8"))
    assert parser["*"]["max_line_length"] == str(SETTINGS["tool"]["ruff"]["line-length"])
    assert parser["Makefile"]["indent_style"] == "tab"


def test_hooks_are_local_and_use_the_tools_of_the_project() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repository["repo"] for repository in hooks["repos"]] == ["local"]
    for hook in hooks["repos"][0]["hooks"]:
        assert hook["language"] == "system"
        assert (ROOT / hook["entry"].split()[0]).exists(), hook["id"]


def test_one_command_runs_everything() -> None:
    assert (ROOT / ".ci" / "run").read_text("utf-8").rstrip().endswith("exec make test")
