"""What each version of Exchange can do."""

import pytest

from providers.cmdlets.versions import ExchangeVersion


@pytest.mark.parametrize(
    ("text", "release", "abilities"),
    [
        ("Version 8.0 (Build 685.25)", "e2007", {"has_um", "needs_simple_name"}),
        ("Version 8.3 (Build 83.6)", "e2007", {"has_um", "is_proven", "knows_secured", "needs_simple_name"}),
        (
            "Version 14.0 (Build 639.21)",
            "e2010",
            {"has_um", "has_startup_mode", "is_proven", "knows_secured", "needs_simple_name"},
        ),
        ("Version 14.3 (Build 123.4)", "e2010", {"has_um", "has_startup_mode", "is_proven", "knows_secured"}),
        (
            "Version 15.0 (Build 1497.2)",
            "e2013",
            {"has_um", "has_um_service", "has_startup_mode", "takes_differences", "knows_secured", "is_proven"},
        ),
        (
            "15.1.2507.6",
            "e2016",
            {"has_um", "has_um_service", "has_startup_mode", "takes_differences", "knows_secured", "is_proven"},
        ),
        ("Version 15.2 (Build 1118.7)", "e2019", {"takes_differences", "knows_secured"}),
    ],
)
def test_a_version_can_do_what_its_cmdlets_can(text: str, release: str, abilities: set[str]) -> None:
    version = ExchangeVersion.parse(text)
    assert version is not None
    assert version.release == release
    names = {name for name, member in vars(ExchangeVersion).items() if isinstance(member, property)}
    assert {name for name in names - {"release", "product", "edition"} if getattr(version, name)} == abilities


def test_a_version_takes_the_parameters_of_its_cmdlets() -> None:
    old = ExchangeVersion(8, 3)
    assert old.takes("New-UMDialPlan", "NumberOfDigitsInExtension")
    assert not old.takes("New-UMDialPlan", "CountryOrRegionCode")
    assert not old.takes("Set-UMService")


def test_other_texts_are_no_versions() -> None:
    assert ExchangeVersion.parse("Exchange") is None
    assert ExchangeVersion.parse(None) is None
