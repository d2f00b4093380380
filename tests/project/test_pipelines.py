"""The sample pipelines do what ``docs/pipelines.md`` says: their commands run, and secrets are where they belong."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.commands import main
from reconciler.config.trust import parse_named, parse_pinned
from tests.support.cli import little, run
from tests.support.example_types import PROVIDERS
from tests.support.paths import ROOT

PLACE = ROOT / "samples" / "pipelines"
DOCUMENT = (ROOT / "docs" / "pipelines.md").read_text("utf-8")
PIPELINES = ("azure-pipelines.yml", "github-actions.yml", "gitlab-ci.yml")
JOBS = ("validate", "review", "plan", "apply", "drift")

Job = Mapping[str, Any]


def jobs_of(name: str) -> dict[str, Job]:
    """Return the jobs of a pipeline by their names; of Azure DevOps, its stages."""
    told = yaml.safe_load((PLACE / name).read_text("utf-8"))
    if name.startswith("azure"):
        return {stage["stage"]: stage for stage in told["stages"]}
    jobs = told["jobs"] if "jobs" in told else {key: told[key] for key in JOBS}
    shared = {key: told[key] for key in ("env", "variables") if key in told}
    return {key: {"shared": shared, **job} for key, job in jobs.items()}


def texts(value: object) -> Iterator[str]:
    """Yield every key and text of a job."""
    match value:
        case dict():
            for key, inner in value.items():
                yield str(key)
                yield from texts(inner)
        case list():
            for inner in value:
                yield from texts(inner)
        case _:
            yield str(value)


def commands_of(job: Job) -> list[str]:
    return [line for text in texts(job) for line in re.findall(r"^reconciler .*$", text, re.MULTILINE)]


@pytest.fixture(params=PIPELINES)
def jobs(request: pytest.FixtureRequest) -> dict[str, Job]:
    return jobs_of(request.param)


def test_every_pipeline_has_the_same_jobs_with_the_same_commands(jobs: dict[str, Job]) -> None:
    assert {name: commands_of(job) for name, job in jobs.items()} == {
        name: commands_of(job) for name, job in jobs_of(PIPELINES[1]).items()
    }
    assert tuple(jobs) == JOBS
    for job in jobs.values():
        (command,) = commands_of(job)
        assert f"`{command}`" in DOCUMENT


def test_a_job_of_a_pull_request_has_no_key_and_no_account_that_writes(jobs: dict[str, Job]) -> None:
    for name, job in jobs.items():
        said = " ".join(texts(job))
        assert bool(re.search(r"PLAN_KEY|PlanKey", said)) is (name in ("plan", "apply"))
        assert not re.search(r"WRITE_PASSWORD|WritePassword", said) or name == "apply"
        assert "um-apply" not in said or name == "apply"
    assert not re.search(r"secrets\.|um-review|\$\(|group", " ".join(texts(jobs["validate"])))


@pytest.mark.parametrize("name", PIPELINES)
def test_connections_are_pinned_secrets_named_and_the_history_is_whole(name: str) -> None:
    for job in jobs_of(name).values():
        said = [*texts(job)]
        assert "RECONCILER_CONNECTIONS" in said
        assert "RECONCILER_SECRETS" in said
        assert "0" in said, "a shallow clone hides which commit is older"
        if name != "gitlab-ci.yml":
            assert "False" in said, "the token of the pipeline stays in the checkout otherwise"
    assert parse_named("UM_PASSWORD")


def test_the_workflow_of_the_base_branch_runs_for_a_pull_request() -> None:
    told = yaml.safe_load((PLACE / "github-actions.yml").read_text("utf-8"))
    assert set(told[True]) == {"pull_request_target", "push", "schedule"}, "YAML 1.1 reads the key on as true"
    assert told["permissions"] == {"contents": "read"}


def test_the_sample_of_pinned_connections_is_right() -> None:
    for text in (
        (PLACE / "connections.yml").read_text("utf-8"),
        *re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL),
    ):
        pinned, found = parse_pinned("connections.yaml", text.encode(), PROVIDERS)
        assert pinned is not None, found
        hosts = pinned.hosts[next(iter(pinned.hosts))]
        assert ("ex7.contoso.com" in hosts, "evil.example.com" in hosts) == (True, False)


def test_the_document_names_files_and_jobs_that_exist() -> None:
    for path in re.findall(r"`((?:samples|docs)/[\w./-]*)`", DOCUMENT):
        assert (ROOT / path).exists(), path
    listed = re.findall(r"^\| `(\w+)` \|", DOCUMENT, re.MULTILINE)
    assert tuple(listed) == JOBS


def test_the_commands_run_one_after_the_other(tmp_path: Path) -> None:
    """On a simulated estate, whose connections are pinned, from a checkout of a branch to drift after the apply."""
    repository = tmp_path / "repository"
    environment = little(repository / "estate")
    environment.edit("little.yaml", "connections: {simulator: world.yaml}\n", "")
    (environment.directory / "world.yaml").rename(tmp_path / "world.yaml")
    (tmp_path / "connections.yaml").write_text("connections: {simulator: world.yaml}\n")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=repository, check=True)
    variables = {
        "RECONCILER_CONNECTIONS": str(tmp_path / "connections.yaml"),
        "RECONCILER_SECRETS": "UM_PASSWORD",
        "RECONCILER_PLAN_KEY": "env:PLAN_KEY",
        "PLAN_KEY": "0123456789abcdef" * 4,
    }
    for name, job in jobs_of("github-actions.yml").items():
        words = re.sub(r" >.*", "", commands_of(job)[0]).split()[1:]
        if name == "review":  # which is the plan again
            assert main.make_context("reconciler", words).command is main
            assert main.commands[words[0]].make_context(words[0], words[1:]).params["json_into"] == Path("plan.jsonl")
        else:
            run(*words, cwd=repository, **variables).has(0)
    assert not (environment.private / "plan.key").exists(), "no key is made where one is given"
