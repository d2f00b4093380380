"""What the resource types call things, and the state of a version that knows more of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.app.resource_words import refuse_unknown_duties, vocabulary
from reconciler.model.diagnostics import StateError
from reconciler.model.snapshot import Obligation, Snapshot


def test_every_kind_of_obligation_that_a_type_declares_is_known() -> None:
    owed = tuple(Obligation(name, "fe1.contoso.com") for name in vocabulary().duties)
    state = replace(Snapshot("contoso"), obligations=owed)
    assert owed
    assert refuse_unknown_duties(state) is state


def test_an_obligation_of_an_unknown_kind_is_refused_with_its_name() -> None:
    state = replace(Snapshot("contoso"), obligations=(Obligation("paint-the-door", "fe1.contoso.com"),))
    with pytest.raises(StateError) as refused:
        refuse_unknown_duties(state)
    (found,) = refused.value.diagnostics
    assert "paint-the-door" in found.detail
    assert "fe1.contoso.com" in found.detail
