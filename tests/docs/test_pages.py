"""The pages are up to date, name what exists, and show what the program prints."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import click
import pytest

from providers.catalogue import resource_types
from providers.cmdlets.defaults import default_of, stated_defaults
from providers.simulator import cmdlets
from providers.simulator.cmdlets.um_objects import Rules
from reconciler.app import vocabulary
from tests.docs.command_line import commands
from tests.docs.pages import BLOCKS, PAGES, blocks_in, rendered
from tests.project.test_new_resource_type import FILE
from tests.support.paths import ROOT

EVERY_PAGE = (*ROOT.glob("*.md"), *PAGES[1:])
CHANGELOG = ROOT / "CHANGELOG.md"


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(params=EVERY_PAGE, ids=named)
def page(request: pytest.FixtureRequest) -> Path:
    found = request.param
    assert isinstance(found, Path)
    return found


# --- generated parts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_page_is_what_the_code_says(page: Path) -> None:
    text = page.read_text("utf-8")
    assert rendered(text) == text, "run make docs"


def test_every_generated_block_stands_on_one_page() -> None:
    assert sorted(name for page in PAGES for name in blocks_in(page.read_text("utf-8"))) == sorted(BLOCKS)


def test_a_changed_block_is_found() -> None:
    text = (ROOT / "docs" / "checks.md").read_text("utf-8")
    assert "### UM001" in text
    assert rendered(text.replace("### UM001", "### UM000")) == text


def test_contributing_shows_the_resource_type_that_a_test_adds() -> None:
    assert FILE.read_text("utf-8").strip() in (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_every_default_of_a_server_is_that_of_an_attribute() -> None:
    known = {kind.name: kind.attributes for kind in resource_types()}
    for kind, attributes in stated_defaults().items():
        assert attributes.keys() <= known[kind].keys(), kind


def test_simulated_servers_have_the_defaults_that_are_documented() -> None:
    """Where the reference, or a topic, says one value."""
    modules = [import_module(f"{cmdlets.__name__}.{found.name}") for found in iter_modules(cmdlets.__path__)]
    simulated = {
        rules.noun: rules.defaults for one in modules for rules in vars(one).values() if isinstance(rules, Rules)
    }
    compared = 0
    for kind in resource_types():
        for name, one in kind.attributes.items():
            default = default_of(kind, one).text
            value = simulated.get(getattr(kind, "noun", ""), {}).get(one.parameter or "")
            if value in (None, []) or " " in default:
                continue
            assert str(value).lower() == default.lower(), f"{kind.name} {name}"
            compared += 1
    assert compared > 20


def test_every_code_that_the_program_prints_is_explained() -> None:
    text = (ROOT / "docs" / "checks.md").read_text("utf-8")
    printed = {
        code
        for folder in ("reconciler", "providers")
        for path in (ROOT / folder).rglob("*.py")
        for code in re.findall(r'"(UM\d{3})"', path.read_text("utf-8"))
    }
    assert printed == set(re.findall(r"^### (UM\d{3})", text, re.MULTILINE))


# --- what pages name -------------------------------------------------------------------------------------------------


def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        assert place.exists(), target
        if anchor:
            assert anchor in anchors(place.read_text("utf-8")), target


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_make_targets_and_files_exist(page: Path) -> None:
    if page == CHANGELOG:
        return  # tells of what was
    text = page.read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)(?=`| {2}|\n)", text)) <= targets
    for path in re.findall(r"`((?:samples|reconciler|providers|state|tests|docs)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path


def test_command_lines_are_understood(page: Path) -> None:
    blocks = re.findall(r"```(?:console|sh|yaml)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    known = dict(commands())
    for line in re.findall(r"(?:^|[ /])reconciler ([a-z].*)$", "\n".join(blocks), re.MULTILINE):
        words = re.sub(r" +#.*| *[>|&].*", "", line).replace("'", " ").split()
        names = [name for name in known if line.startswith(name)]
        assert names, line
        options = {option for parameter in known[max(names, key=len)].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


def test_readme_shows_command_lines() -> None:
    assert len(re.findall(r"bin/reconciler [a-z]+ ", (ROOT / "README.md").read_text("utf-8"))) >= 4


def test_every_page_is_reached_from_readme() -> None:
    """By links, one page after the other."""
    reached, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        found = (page.parent / name for name in re.findall(r"\]\(([^)#\s]+\.md)", page.read_text("utf-8")))
        ahead += {place.resolve() for place in found} - reached
    assert {named(page) for page in EVERY_PAGE} == {named(page) for page in reached}


def test_pages_name_no_package_host() -> None:
    hosts = re.compile(r"pypi|pythonhosted|crates\.io|npmjs|ghcr\.io|docker\.io", re.IGNORECASE)
    assert [named(page) for page in EVERY_PAGE if hosts.search(page.read_text("utf-8"))] == []


# --- exit codes ------------------------------------------------------------------------------------------------------


def test_every_exit_code_is_listed() -> None:
    from reconciler.cli import commands as cli
    from reconciler.model import diagnostics
    from reconciler.plan import drift
    from reconciler.run import apply

    section = (ROOT / "docs" / "commands.md").read_text("utf-8").split("\n## Exit codes\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| ([\d, ]+) \|", section, re.MULTILINE)
    codes = {code for row in rows for code in map(int, re.findall(r"\d+", row))}
    told = [getattr(one, "exit_code", None) for one in vars(diagnostics).values() if isinstance(one, type)]
    raised = {code for code in told if isinstance(code, int)}
    assert {0, 2, *raised} <= codes
    text = "".join(Path(str(module.__file__)).read_text("utf-8") for module in (apply, cli, drift))
    returned = {int(code) for code in re.findall(r"return (\d+)(?: |$)", text, re.MULTILINE)}
    assert returned <= codes
    assert codes == {0, 1, 2, 3, 4, 5, 6, 7, 130, 143}


def test_every_command_takes_a_log() -> None:
    assert all(any("--log" in one.opts for one in command.params) for _, command in commands())


# --- captures --------------------------------------------------------------------------------------------------------


def test_capture_of_a_plan_in_readme_is_what_is_printed(tmp_path: Path) -> None:
    from reconciler.app import open_workspace
    from reconciler.views.plan import render_plan
    from reconciler.views.style import Style
    from tests.project.test_samples import copied, ports_of

    capture = re.search(r"```text\n(Plan for contoso\n.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert capture is not None
    copy = copied(ROOT / "samples" / "contoso", tmp_path / "contoso")
    ports, _ = ports_of(copy)
    with open_workspace(copy, ports) as workspace:
        shown = render_plan(workspace.plan(), Style(width=100), vocabulary())
    at = 0
    for part in re.split(r"^\[\.\.\.\]\n", capture[1], flags=re.MULTILINE):
        found = shown.find(part.strip("\n"), at)
        assert found >= 0, part
        at = found + len(part.strip("\n"))
    assert max(map(len, capture[1].splitlines())) <= 100


def test_every_option_says_what_it_means() -> None:
    options = [(name, one) for name, command in commands() for one in command.params]
    assert [
        f"{name} {one.opts[0]}"
        for name, one in options
        if isinstance(one, click.Option) and not one.help and not one.hidden
    ] == []
