"""The world file: the messages about a wrong one; and the sample is the estate that it describes."""

from pathlib import Path

import pytest

from providers.simulator.estate.estate import Estate
from providers.simulator.world.file import parse_world, read_world
from reconciler.model.diagnostics import ConfigurationError, Diagnostic
from tests.support.worlds import CONTOSO, world_of

SMALL = """\
exchange:
  servers:
    - {fqdn: ex1.contoso.com}
lync:
  sites: [{name: Redmond}]
  pools:
    - {fqdn: pool1.contoso.com, site: Redmond, computers: [fe1.contoso.com]}
"""


def told(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(ConfigurationError) as caught:
        parse_world(text.encode(), "w.yaml")
    return caught.value.diagnostics


def test_a_small_world_is_completed() -> None:
    world = parse_world(SMALL.encode())
    assert [dc.fqdn for dc in world.domain_controllers] == ["dc1.contoso.com"]
    assert world.pool_name(world.lync.pools[0]) == "1:1"


@pytest.mark.parametrize(
    ("line", "summary", "place"),
    [
        ("colour: red", "Unknown key in a world", 8),
        ("forest: contoso", "Invalid value in a world", 8),
        ("forest: *a", "Alias in a world", 8),
        ("forest: !!str a.b", "Tag in a world", 8),
        ("exchange: {}", "Key is written twice", 8),
        ("forest: [", "Invalid YAML", 9),
        ("domain_controllers: [{fqdn: dc1.contoso.com, replication_delay: soon}]", "Invalid value in a world", 8),
        ("users: [{alias: a, pool: pool9.contoso.com}]", "Invalid value in a world", 1),
        ("users: [{name: x}]", "Key is missing in a world", 8),
        ("language: deutsch", "Invalid value in a world", 8),
        ("a: " + "[" * 40 + "]" * 40, "World is nested too deeply", 8),
    ],
)
def test_a_mistake_is_reported_with_its_line(line: str, summary: str, place: int) -> None:
    (diagnostic,) = told(SMALL + line + "\n")
    assert diagnostic.summary == summary
    assert diagnostic.position is not None
    assert (diagnostic.position.file, diagnostic.position.line) == ("w.yaml", place)
    assert diagnostic.remedy


def test_all_mistakes_are_reported_at_once_and_near_misses_named() -> None:
    diagnostics = told(SMALL + "forrest: a.b\nlanguage: x\n")
    assert [d.summary for d in diagnostics] == ["Unknown key in a world", "Invalid value in a world"]
    assert 'Did you mean "forest"?' in diagnostics[0].remedy


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="World cannot be read"):
        read_world(tmp_path / "world.yaml")


def test_what_no_product_would_hold_is_refused_when_the_world_is_built() -> None:
    with pytest.raises(ConfigurationError, match="World cannot be built"):
        Estate(
            world_of(dial_plans=[{"name": "x" * 60, "NumberOfDigitsInExtension": 5, "CountryOrRegionCode": "1"}])
        ).call("ex1.contoso.com", "invoke", "Get-UMDialPlan", {}, ())


def test_digits_keep_their_zeros() -> None:
    world = parse_world((SMALL + "users: [{alias: a, um: {policy: P, extensions: [0042]}}]\n").encode())
    assert next(world.all_users()).um.extensions == ("0042",)  # type: ignore[union-attr]  # it is written


def test_users_are_generated_by_number() -> None:
    line = "users: [{generate: 3, first: 8, alias: 'u{n:03}', line: 'tel:+1425555{n:04}'}]\n"
    world = parse_world((SMALL + line).encode())
    assert [(u.alias, u.line) for u in world.all_users()][:2] == [
        ("u008", "tel:+14255550008"),
        ("u009", "tel:+14255550009"),
    ]


def test_the_sample_is_contoso_before_anything_was_joined() -> None:
    world = read_world(CONTOSO)
    kinds = [pool.type for pool in world.lync.pools]
    assert sorted(kinds) == ["branch", "director", "enterprise", "enterprise", "standard"]
    assert sorted(len(pool.computers) for pool in world.lync.pools if pool.type == "enterprise") == [2, 3]
    assert [site.type for site in world.lync.sites].count("central") == 2
    assert len(world.exchange.servers) == 4
    assert any(server.is_um for server in world.exchange.servers)
    assert any(server.is_call_router for server in world.exchange.servers)
    users = list(world.all_users())
    assert sum(user.enterprise_voice and user.mailbox for user in users) == 60
    assert any(user.enterprise_voice and not user.mailbox for user in users)
    assert any(user.mailbox and not user.enterprise_voice for user in users)
    assert world.pool_name(world.lync.pools[0]) == "1:1"


def test_the_sample_holds_an_orphaned_gateway_and_a_hunt_group_that_exchucutil_leaves_alone() -> None:
    estate = Estate.open(CONTOSO)
    pools = {pool.fqdn for pool in estate.world.lync.pools}
    gateways = estate.call(estate.entry_host(), "invoke", "Get-UMIPGateway", {}, ("Address",)).records
    assert "oldpool.contoso.com" in {gateway["Address"] for gateway in gateways}
    (group,) = estate.call(estate.entry_host(), "invoke", "Get-UMHuntGroup", {}, ("Identity", "Guid")).records
    assert not {gateway["Address"] for gateway in gateways} & pools
    estate.call(estate.entry_host(), "script", "exchucutil.ps1", {}, ())
    after = estate.call(estate.entry_host(), "invoke", "Get-UMHuntGroup", {}, ("Identity", "Guid")).records
    assert group in after
