"""A saved plan comes back as it was, or not at all."""

from __future__ import annotations

import hmac
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from reconciler import __version__
from reconciler.model.diagnostics import ConfigurationError, PlanError
from reconciler.model.snapshot import Obligation
from reconciler.model.values import fingerprint
from reconciler.plan.plan import Plan, Source
from reconciler.plan.saved import (
    ALTERED,
    EXPIRED,
    FORMAT,
    FROM_THE_FUTURE,
    OTHER_KEY,
    OTHER_VERSION,
    UNREADABLE,
    decode,
    digest,
    encode,
)
from tests.support.paths import ROOT
from tests.support.plans import contoso, nothing
from tests.support.strategies import attributes, plans

SCHEMA = json.loads((ROOT / "reconciler/schemas/plan.schema.json").read_text(encoding="utf-8"))
KEY = b"0123456789abcdef0123456789abcdef"
CREATED = datetime(2026, 11, 23, 9, tzinfo=UTC)
EXPIRES = CREATED + timedelta(hours=8)
SOON = CREATED + timedelta(minutes=5)


def saved(plan: Plan, version: str = __version__) -> bytes:
    return encode(plan, key=KEY, created=CREATED, expires=EXPIRES, nonce="n0nce", version=version)


SMALL = saved(contoso(users=3))


def refused(data: bytes, *, key: bytes = KEY, now: datetime = SOON) -> str:
    """Return the summary of the error that refuses ``data``."""
    with pytest.raises(PlanError) as caught:
        decode(data, key=key, now=now)
    (told,) = caught.value.diagnostics
    assert told.remedy
    return told.summary


@given(plans)
@settings(max_examples=150)
def test_any_plan_comes_back_equal(plan: Plan) -> None:
    data = saved(plan)
    read = decode(data, key=KEY, now=SOON)
    assert read.plan == plan
    assert (read.digest, read.nonce) == (digest(plan), "n0nce")
    assert (read.created, read.expires) == (CREATED, EXPIRES)
    assert saved(read.plan) == data


@given(plans)
@settings(max_examples=40)
def test_any_saved_plan_is_printable_ascii_that_fits_the_schema(plan: Plan) -> None:
    data = saved(plan)
    assert all(byte == 0x0A or 0x20 <= byte <= 0x7E for byte in data)
    Draft202012Validator(SCHEMA).validate(json.loads(data))


def test_example_plan_fits_the_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(json.loads(SMALL))


def test_every_flipped_bit_is_refused() -> None:
    chance = random.Random(20101)
    places = range(len(SMALL) * 8)
    header = range(800 * 8)
    for place in {*chance.sample(places, 400), *chance.sample(header, 200), *places[-800:]}:
        flipped = bytearray(SMALL)
        flipped[place // 8] ^= 1 << place % 8
        refused(bytes(flipped))


def test_every_truncation_is_refused() -> None:
    for end in random.Random(20101).sample(range(len(SMALL)), 60):
        refused(SMALL[:end])
    refused(SMALL + b"\n")


def edited(change: Callable[[Any], object]) -> bytes:
    """Return the small plan with ``change`` made to its JSON, laid out as JSON tools do."""
    document = json.loads(SMALL)
    change(document)
    return (json.dumps(document, indent=2) + "\n").encode()


def first_action(document: Any) -> Any:
    return document["plan"]["steps"][0]["actions"][0]


EDITS: dict[str, Callable[[Any], object]] = {
    "environment": lambda d: d["plan"].update(environment="fabrikam"),
    "lineage": lambda d: d["plan"].update(lineage="another"),
    "serial": lambda d: d["plan"].update(serial=13),
    "commit": lambda d: d["plan"]["source"].update(commit="0" * 40),
    "later expiry": lambda d: d.update(expires="2036-11-23T17:00:00.000000Z"),
    "nonce": lambda d: d.update(nonce="fresh"),
    "domain controller": lambda d: d["plan"].update(pinned="dc2.contoso.com"),
    "cmdlet": lambda d: first_action(d)["commands"][0].update(cmdlet="Remove-UMDialPlan"),
    "parameter": lambda d: first_action(d)["commands"][0]["parameters"][0].__setitem__(1, "Bellevue"),
    "expectation": lambda d: first_action(d).update(expects={}),
    "swapped steps": lambda d: d["plan"]["steps"].reverse(),
    "added step": lambda d: d["plan"]["steps"].append(d["plan"]["steps"][0]),
    "removed step": lambda d: d["plan"]["steps"].pop(),
    "removed obligation": lambda d: d["plan"]["obligations"].clear(),
    "removed warning": lambda d: d["plan"]["diagnostics"].clear(),
    "added field": lambda d: d.update(note="x"),
    "no signature": lambda d: d.pop("signature"),
    "empty signature": lambda d: d.update(signature=""),
    "null signature": lambda d: d.update(signature=None),
}


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_is_refused(name: str) -> None:
    assert refused(edited(EDITS[name])) == ALTERED


def test_edit_with_a_digest_made_to_fit_is_refused() -> None:
    def change(document: Any) -> None:
        document["plan"]["environment"] = "fabrikam"
        plan = replace(contoso(users=3), environment="fabrikam")
        document["digest"] = digest(plan)

    assert refused(edited(change)) == ALTERED


def test_other_layout_of_the_same_json_is_refused() -> None:
    assert refused(edited(lambda _: None)) == ALTERED
    assert refused(SMALL.replace(b"\n", b"\r\n")) == ALTERED


def test_field_that_stands_twice_is_refused() -> None:
    twice = SMALL.replace(b'"nonce": "n0nce"', b'"nonce": "n0nce", "nonce": "n0nce"')
    assert refused(twice) == ALTERED


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"format": 1.5}', b"[" * 100_000, b"{}"])
def test_what_is_no_plan_is_refused(data: bytes) -> None:
    assert refused(data) in (UNREADABLE, OTHER_VERSION)


def test_expired_plan_is_refused() -> None:
    assert decode(SMALL, key=KEY, now=EXPIRES - timedelta(seconds=1)).plan.environment == "contoso"
    assert refused(SMALL, now=EXPIRES) == EXPIRED


def test_a_plan_from_the_future_is_refused_since_its_expiry_cannot_be_judged() -> None:
    assert decode(SMALL, key=KEY, now=CREATED - timedelta(minutes=9)).plan.environment == "contoso"
    assert refused(SMALL, now=CREATED - timedelta(minutes=11)) == FROM_THE_FUTURE


def test_other_key_is_distinguished_from_an_edit() -> None:
    assert refused(SMALL, key=b"f" * 32) == OTHER_KEY


def test_other_forms_are_refused() -> None:
    later = SMALL.replace(FORMAT.encode(), b"reconciler-plan/99")
    assert refused(later) == OTHER_VERSION


def test_plan_of_another_version_in_the_same_form_is_read() -> None:
    older = saved(contoso(users=1), version="0.1.0")
    assert decode(older, key=KEY, now=SOON).plan == decode(saved(contoso(users=1)), key=KEY, now=SOON).plan
    assert refused(older.replace(b'"tool_version": "0.1.0"', b'"tool_version": "0.1.1"')) == ALTERED


def test_message_shows_no_control_characters_of_the_file() -> None:
    with pytest.raises(PlanError) as caught:
        decode(edited(lambda d: d.update(format="reconciler-plan/1", tool_version="\x1b[2J\u202e")), key=KEY, now=SOON)
    assert not {"\x1b", "\u202e"} & set(str(caught.value))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["plan"].update(more=1), "plan.more is not a field of this version"),
        (lambda d: first_action(d).update(kind="s3cret"), "plan.steps.0.actions.0.kind is not one of the known values"),
        (lambda d: d["plan"].update(unchanged=True), "plan.unchanged is not a whole number"),
        (
            lambda d: first_action(d).update(expects=["s3cret"]),
            "0.expects is not an object",
        ),
        (lambda d: d.pop("nonce"), "nonce is missing"),
    ],
)
def test_signed_plan_that_this_version_does_not_write_is_refused_with_the_place(
    change: Callable[[Any], object], words: str
) -> None:
    document = json.loads(SMALL)
    change(document)
    del document["signature"]
    content = json.dumps(document).removesuffix("}").encode("ascii")
    signature = hmac.new(KEY, content, "sha256").hexdigest()
    with pytest.raises(PlanError, match=re.escape(words)) as caught:
        decode(content + f',\n  "signature": "{signature}"\n}}\n'.encode(), key=KEY, now=SOON)
    assert "s3cret" not in str(caught.value)


def test_short_key_is_refused_with_a_way_to_make_one() -> None:
    for use in (
        lambda: encode(nothing(), key=b"short", created=CREATED, expires=EXPIRES, nonce="n"),
        lambda: decode(SMALL, key=b"", now=SOON),
    ):
        with pytest.raises(ConfigurationError, match="Plan key too short"):
            use()


def test_time_without_a_zone_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="zone"):
        encode(nothing(), key=KEY, created=CREATED.replace(tzinfo=None), expires=EXPIRES, nonce="n")


def test_identity_is_what_the_plan_does() -> None:
    plan = contoso()
    elsewhere = replace(plan, source=Source("other", has_git=True), serial=99, lineage=None, diagnostics=())
    assert digest(elsewhere) == digest(plan)
    assert digest(replace(plan, pinned="dc2.contoso.com")) != digest(plan)
    assert digest(contoso(users=61)) != digest(plan)
    owing = replace(plan, obligations=(Obligation("front-end-restart", "fe1.contoso.com"),))
    assert digest(owing) != digest(plan)


def test_positions_do_not_count() -> None:
    plan = contoso()
    step = plan.steps[0]
    moved = replace(step, actions=(replace(step.first, position=None),))
    assert saved(replace(plan, steps=(moved, *plan.steps[1:]))) == saved(plan)


def test_absent_empty_and_cleared_have_fingerprints_of_their_own() -> None:
    different = [
        fingerprint(expects) for expects in (None, {}, {"a": None}, {"a": ()}, {"a": ""}, {"a": False}, {"a": 0})
    ]
    assert len(set(different)) == len(different)


@given(attributes)
def test_fingerprint_ignores_the_order_of_attributes(expects: dict[str, Any]) -> None:
    assert fingerprint(dict(reversed(expects.items()))) == fingerprint(expects)


def test_equal_plans_have_equal_bytes_in_every_process() -> None:
    code = (
        "from tests.plan.test_saved import saved; from tests.support.plans import contoso; import hashlib;"
        "print(hashlib.sha256(saved(contoso())).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(digests) == 1
