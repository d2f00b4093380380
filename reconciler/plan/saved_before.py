"""Saved plans of the form before, ``reconciler-plan/2``: their signature, and their JSON in the form of today."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

from reconciler.model.values import Json, canonical, shown

FORMAT: Final = "reconciler-plan/2"
_UNSET: Final = {"$unset": True}
_ARGUMENTS: Final = {"$add": "add", "$remove": "remove", "$name_of": "address", "$guid": "guid"}
_ABOUT_PLAN: Final = ("lineage", "serial", "asked", "passed_over", "prior")


def is_intact(document: Mapping[str, Json], key: bytes) -> bool:
    """Return whether the signature is that of all other fields."""
    unsigned = {name: value for name, value in document.items() if name not in ("key_id", "signature")}
    signature = hmac.new(key, canonical(unsigned).encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature, shown(document.get("signature")))


def upgraded(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a signed document in the form of today; its digest is to be taken anew.

    Raises:
        ValueError: it is not of the form before.
    """
    try:
        head = {name: document[name] for name in ("created", "expires", "nonce", "directory")}
        return {"format": FORMAT, **head, "digest": "", "plan": _plan(document)}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is not of the form {FORMAT}") from error


def _plan(document: Mapping[str, Any]) -> dict[str, Any]:
    plan = {**document["body"], **{name: document[name] for name in _ABOUT_PLAN}}
    plan["pinned"] = plan.pop("domain_controller")
    plan["source"] = {**document["files"], "commit": document["commit"]}
    if plan["source"]["trouble"] is not None:
        plan["source"]["trouble"] = _named(plan["source"]["trouble"], "reason", "remedy")
    plan["diagnostics"] = [_diagnostic(one) for one in document["diagnostics"]]
    plan["steps"] = [{**step, "actions": [_action(one) for one in step["actions"]]} for step in plan["steps"]]
    plan |= {name: [_action(one) for one in plan[name]] for name in ("adopted", "forgotten")}
    return plan


def _diagnostic(plain: dict[str, Any]) -> dict[str, Any]:
    return {**plain, "position": _named(plain["position"], "file", "line", "column")} if "position" in plain else plain


def _action(plain: dict[str, Any]) -> dict[str, Any]:
    action = {**plain, "changes": [_change(one) for one in plain.get("changes", ())]}
    del action["fingerprint"]
    action |= {name: [_command(one) for one in plain.get(name, ())] for name in ("commands", "inverse")}
    taken = plain.get("takes_from", ())
    action["takes_from"] = [{**one, "returns": [_command(back) for back in one["returns"]]} for one in taken]
    return action


def _change(row: list[Any]) -> dict[str, Any]:
    return {name: value for name, value in _named(row, "attribute", "before", "after").items() if value != _UNSET}


def _command(plain: dict[str, Any]) -> dict[str, Any]:
    command = {**plain, "parameters": [[name, _argument(value)] for name, value in plain["parameters"]]}
    command["endpoint"] = {"connection": command.pop("connection"), "host": command.pop("host", None)}
    return command


def _argument(plain: Any) -> Any:
    return {_ARGUMENTS.get(name, name): value for name, value in plain.items()} if isinstance(plain, dict) else plain


def _named(row: list[Any], *names: str) -> dict[str, Any]:
    return dict(zip(names, row, strict=True))
