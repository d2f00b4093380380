"""Parameter binding: versions, names, sets, conversions, and that what fails here never reached a cmdlet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cmdlets.reference import cmdlet_of, cmdlets_of
from providers.simulator.cmdlets.dispatch import handlers
from providers.simulator.estate.estate import CmdletError
from providers.simulator.invocation.binding import Difference, bind
from tests.support.worlds import estate_of

RELEASES = ("e2007", "e2010", "e2013", "e2016", "l2010", "l2013", "s2015", "s2019")


def bound(name: str, release: str = "e2013", /, **given: object) -> dict[str, object]:
    cmdlet = cmdlet_of(name, release)
    assert cmdlet is not None
    return bind(cmdlet, given, differences=release in ("e2013", "e2016"))


def refusal(name: str, release: str = "e2013", /, **given: object) -> CmdletError:
    with pytest.raises(CmdletError) as caught:
        bound(name, release, **given)
    assert not caught.value.executed
    return caught.value


PLAN = {"Name": "x", "NumberOfDigitsInExtension": 5, "CountryOrRegionCode": "1"}


def test_names_are_found_in_any_case_and_by_unambiguous_prefix() -> None:
    assert bound("new-umdialplan", "e2013", name="x", NUMBEROFDIGITS="5", countryOrRegion=1) == PLAN


def test_an_ambiguous_prefix_is_refused() -> None:
    assert refusal("Set-UMIPGateway", Identity="x", S=1).error_id == "AmbiguousParameter,Set-UMIPGateway"


def test_an_unknown_parameter_is_refused() -> None:
    error = refusal("New-UMIPGateway", Name="x", Address="a.b", OutcallsAllowed=True)
    assert (error.type, error.error_id) == ("ParameterBindingException", "NamedParameterNotFound,New-UMIPGateway")
    assert error.category == "InvalidArgument"


def test_a_missing_mandatory_parameter_is_refused() -> None:
    assert refusal("New-UMDialPlan", Name="x").error_id == "MissingMandatoryParameter,New-UMDialPlan"


def test_parameters_of_different_sets_exclude_each_other() -> None:
    assert refusal("Get-CsService", "l2013", Registrar=True, Director=True).error_id.startswith("AmbiguousParameterSet")
    assert bound("Get-CsService", "l2013", Registrar=True, PoolFqdn="p")["Registrar"] is True


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("NumberOfDigitsInExtension", "five"), ("FaxEnabled", "yes"), ("URIType", "S*"), ("Name", ["a", "b"])],
)
def test_a_value_of_another_type_is_refused(parameter: str, value: object) -> None:
    error = refusal("New-UMDialPlan", **{**PLAN, parameter: value})
    assert error.error_id == "ParameterArgumentTransformationError,New-UMDialPlan"
    assert error.category == "InvalidData"


def test_enumerations_are_taken_in_any_case() -> None:
    assert bound("New-UMDialPlan", **PLAN, URIType="sipname", VoIPSecurity="SECURED")["URIType"] == "SipName"


def test_one_value_and_none_make_a_list_of_a_multi_valued_property() -> None:
    assert bound("Set-UMDialPlan", Identity="x", AccessTelephoneNumbers="1")["AccessTelephoneNumbers"] == ["1"]
    assert bound("Set-UMDialPlan", Identity="x", AccessTelephoneNumbers=None)["AccessTelephoneNumbers"] == []


def test_add_and_remove_exist_from_2013_on() -> None:
    change = {"$add": ["a"], "$remove": ["b"]}
    taken = bound("Set-UMService", Identity="x", DialPlans=change)["DialPlans"]
    assert taken == Difference(("a",), ("b",))
    assert refusal("Set-UMServer", "e2010", Identity="x", DialPlans=change).category == "InvalidData"


def test_country_code_is_mandatory_from_2010_on_and_unknown_before() -> None:
    plan = {"Name": "x", "NumberOfDigitsInExtension": 5}
    assert bound("New-UMDialPlan", "e2007", **plan) == plan
    assert "NamedParameterNotFound" in refusal("New-UMDialPlan", "e2007", **PLAN).error_id
    assert "MissingMandatory" in refusal("New-UMDialPlan", "e2010", **plan).error_id


def test_common_parameters_are_taken_and_dropped() -> None:
    assert bound("Get-UMDialPlan", ErrorAction="Stop", WarningAction="SilentlyContinue") == {}


def test_a_command_that_is_not_there_says_so_in_the_language_of_the_host() -> None:
    estate = estate_of(language="de-DE")
    with pytest.raises(CmdletError, match="wurde nicht als Name eines Cmdlet") as caught:
        estate.call("ex1.contoso.com", "invoke", "Get-CsUser", {}, ())
    assert (caught.value.type, caught.value.executed) == ("CommandNotFoundException", False)


def test_what_if_has_no_effect() -> None:
    estate = estate_of()
    result = estate.call("ex1.contoso.com", "invoke", "New-UMDialPlan", {**PLAN, "WhatIf": True}, ())
    assert "New-UMDialPlan" in result.output
    assert not estate.call("ex1.contoso.com", "invoke", "Get-UMDialPlan", {}, ()).records


def test_every_cmdlet_that_is_answered_is_in_the_published_table() -> None:
    products = ("exchange", "lync", "windows")
    known = {one.name for release in RELEASES for product in products for one in cmdlets_of(release, product)}
    assert handlers().keys() <= {name.replace("-", "").casefold() for name in known}


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=12),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.lists(st.text(max_size=4), max_size=2)
        ),
        max_size=4,
    )
)
def test_whatever_is_given_is_bound_or_refused(given_parameters: dict[str, object]) -> None:
    cmdlet = cmdlet_of("New-UMDialPlan", "e2013")
    assert cmdlet is not None
    try:
        bind(cmdlet, {**PLAN, **given_parameters})
    except CmdletError as error:
        assert not error.executed  # noqa: PT017
