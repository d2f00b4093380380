"""The locks hold what `pyproject.toml` asks for, with hashes, and name no place to get it from.

These checks need no network. `make lock-check` compiles the locks again and compares the bytes.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-kerberos.lock", "requirements-bench.lock", "requirements-salt.lock")

PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[0-9][0-9a-z.]*)( ; (?P<marker>[^\\]+))? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


@dataclass(frozen=True, slots=True)
class Pin:
    """One locked package."""

    name: str
    version: Version
    marker: Marker | None
    hashes: int


def read_lock(file_name: str) -> tuple[Pin, ...]:
    """Return the pins of a lock, in its order.

    Raises:
        ValueError: a line is neither a pin nor a hash, such as an option, an address or a comment.
    """
    pins: list[Pin] = []
    for number, line in enumerate((ROOT / file_name).read_text(encoding="utf-8").splitlines(), start=1):
        if pin := PIN.fullmatch(line):
            marker = Marker(pin["marker"]) if pin["marker"] else None
            pins.append(Pin(pin["name"], Version(pin["version"]), marker, hashes=0))
        elif pins and HASH.fullmatch(line):
            last = pins.pop()
            pins.append(Pin(last.name, last.version, last.marker, hashes=last.hashes + 1))
        else:
            raise ValueError(f"{file_name}:{number}: neither a pin nor a hash: {line}")
    return tuple(pins)


def requirements_of(file_name: str) -> Iterator[Requirement]:
    """Yield what `pyproject.toml` asks of a lock directly."""
    project = PROJECT["project"]
    extras, groups = project["optional-dependencies"], PROJECT["dependency-groups"]
    match file_name:
        case "requirements-kerberos.lock":
            wanted = [*project["dependencies"], *extras["kerberos"]]
        case "requirements-bench.lock":
            wanted = groups["bench"]
        case "requirements-salt.lock":
            wanted = groups["bench-salt"]
        case _:
            optional = [line for name, lines in extras.items() if name != "kerberos" for line in lines]
            wanted = [*project["dependencies"], *optional, *groups["dev"], *PROJECT["build-system"]["requires"]]
    yield from map(Requirement, wanted)


@pytest.mark.parametrize("file_name", LOCKS)
def test_lock_satisfies_every_direct_dependency(file_name: str) -> None:
    pins = read_lock(file_name)
    unsatisfied = [
        str(requirement)
        for requirement in requirements_of(file_name)
        if not any(
            pin.name == canonicalize_name(requirement.name)
            and requirement.specifier.contains(pin.version)
            and (pin.marker is None or requirement.marker is not None or pin.marker.evaluate())
            for pin in pins
        )
    ]
    assert not unsatisfied, "run make lock"


@pytest.mark.parametrize("file_name", LOCKS)
def test_every_pin_has_a_hash(file_name: str) -> None:
    assert [pin.name for pin in read_lock(file_name) if not pin.hashes] == []


@pytest.mark.parametrize("file_name", LOCKS)
def test_lock_names_no_address(file_name: str) -> None:
    assert "://" not in (ROOT / file_name).read_text(encoding="utf-8")


@pytest.mark.parametrize("file_name", LOCKS[1:3])
def test_locks_of_one_environment_agree_on_versions(file_name: str) -> None:
    main, other = ({(pin.name, pin.version) for pin in read_lock(name)} for name in (LOCKS[0], file_name))
    shared = {name for name, _ in main} & {name for name, _ in other}
    assert {pin for pin in other if pin[0] in shared} <= main
