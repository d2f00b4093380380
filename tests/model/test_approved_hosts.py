"""Which hosts a secret may be shown to: those that a pattern names, and none of another domain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.approved_hosts import HostPatterns


@pytest.mark.parametrize(
    ("pattern", "fits", "not_fits"),
    [
        ("*.contoso.com", ["ex1.contoso.com", "EX1.emea.Contoso.com."], ["contoso.com", "evilcontoso.com", "x.com"]),
        ("ex*.contoso.com", ["ex.contoso.com", "ex12.contoso.com"], ["ex.evil.contoso.com", "fe1.contoso.com"]),
        ("ex1.contoso.com", ["ex1.contoso.com"], ["ex1.contoso.com.evil.example.com", "ex2.contoso.com"]),
        ("10.0.0.1", ["10.0.0.1"], ["10.0.0.11", "10x0.0.1"]),
    ],
)
def test_a_pattern_names_hosts_of_one_domain(pattern: str, fits: list[str], not_fits: list[str]) -> None:
    hosts = HostPatterns.parse([pattern])
    assert [host for host in (*fits, *not_fits) if host in hosts] == fits


@pytest.mark.parametrize("pattern", ["*", "*.", "ex*", "ex1.*", "", "https://ex1.contoso.com", "ex1.contoso.com:443"])
def test_a_pattern_without_a_domain_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="name"):
        HostPatterns.parse([pattern])


LABEL = st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True)


@given(st.lists(LABEL, min_size=1, max_size=3), LABEL, LABEL)
def test_a_host_of_another_domain_never_fits(labels: list[str], domain: str, other: str) -> None:
    hosts = HostPatterns.around([f"ex1.{domain}.com"])
    assert ".".join([*labels, domain, "com"]) in hosts
    assert (f"{'.'.join(labels)}.{other}.com" in hosts) is (other == domain)
    assert f"ex1.{domain}.com.{other}.org" not in hosts


def test_an_address_approves_no_other_one() -> None:
    hosts = HostPatterns.around(["10.0.0.1", "::1", "ex1"])
    assert "10.0.0.1" in hosts
    assert not {"11.0.0.1", "x.0.0.1", "fe1", "::2"} & {
        host for host in ("11.0.0.1", "x.0.0.1", "fe1") if host in hosts
    }


def test_no_pattern_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="no host"):
        HostPatterns.parse([])


@pytest.mark.parametrize("secret", ["hunter2!", "correct horse", "p@ssw0rd"])
def test_a_secret_in_place_of_a_host_is_not_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="is not a host") as caught:
        HostPatterns.parse([secret])
    assert secret not in str(caught.value)
