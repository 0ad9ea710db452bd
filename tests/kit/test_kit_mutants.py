"""The kit is tested itself: each check has to notice a channel that is broken in the way the check is there for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from . import score
from .mutation import CHECKS, Mutant, mutants

MUTANTS = mutants()


@pytest.mark.parametrize("mutant", MUTANTS, ids=[one.name for one in MUTANTS])
def test_the_check_catches_its_mutant(mutant: Mutant) -> None:
    """The check named fails by its own assertion, which says what the contract is."""
    assert mutant.verdict(), f"{mutant.check} passes for a channel that {mutant.name}"


def test_every_check_has_a_mutant() -> None:
    """No check is there that has never been seen to fail, and there are as many of both as promised."""
    assert {one.check for one in MUTANTS} == set(CHECKS)
    assert len(CHECKS) >= 36
    assert len(MUTANTS) >= 40
    assert all(one.told.endswith(".") for one in MUTANTS)


def test_the_score_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The score names each mutant with its check and counts the caught ones; it is good when all are caught."""
    two = [one for one in MUTANTS if one.check in ("test_limits_make_sense", "test_settings_are_described")][:2]
    checks = [one.check for one in two]
    assert score.main(two, checks) == 0
    printed = capsys.readouterr().out
    assert "Mutants killed: 2 of 2, by 2 of 2 checks." in printed
    assert all(one.name in printed for one in two)
    assert "NO" not in printed
    assert score.main([two[0], replace(two[1], name="harmless", hooks=lambda: [])], checks) == 1
    printed = capsys.readouterr().out
    assert "Mutants killed: 1 of 2, by 1 of 2 checks." in printed
    assert "NO" in printed
