"""The kit is tested itself: each check has to notice a channel that is broken in the way the check is there for."""

from __future__ import annotations

import pytest

from .mutation import CHECKS, Mutant, mutants

MUTANTS = mutants()


@pytest.mark.parametrize("mutant", MUTANTS, ids=[one.name for one in MUTANTS])
def test_the_check_catches_its_mutant(mutant: Mutant) -> None:
    """The check named fails by its own assertion, which says what the contract is."""
    assert mutant.verdict(), f"{mutant.check} passes for a channel that {mutant.name}"


def test_every_check_has_a_mutant() -> None:
    """No check is there that has never been seen to fail, and there are as many mutants as promised."""
    assert {one.check for one in MUTANTS} == set(CHECKS)
    assert len(MUTANTS) >= 40
    assert all(one.told.endswith(".") for one in MUTANTS)
