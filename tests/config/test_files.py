"""Which names of a directory belong to an environment."""

from __future__ import annotations

import pytest

from reconciler.config.files import is_read


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.yaml", True),
        ("deep/er/A.YAML", True),
        ("users.CSV", True),
        ("a.yml", False),
        ("README.md", False),
        (".a.yaml", False),
        (".git/a.yaml", False),
        ("deep/.hidden/a.yaml", False),
        ("yaml", False),
    ],
)
def test_yaml_and_csv_outside_of_dot_directories_are_read(name: str, expected: bool) -> None:
    assert is_read(name) is expected
