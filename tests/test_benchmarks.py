"""What the benchmarks say is measured; how fast it is depends on the machine, and is not asserted here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


def test_an_order_takes_about_as_much_room_as_the_manual_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order of eight lines, delivered, costs 3 to 8 kB on the disk."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import_module("ledger").build(tmp_path / "orderweft.db", 200)
    assert 3000 < (tmp_path / "orderweft.db").stat().st_size / 200 < 8000
    assert "About 5 kB for an order of eight lines" in (
        BENCHMARKS.parent / "docs" / "cookbook" / "ledger.md"
    ).read_text("utf-8")


def test_an_answer_that_takes_too_long_fails_the_benchmark(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The aim stands beside what was measured, with whether it is met once the file is warm."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    ledger = import_module("ledger")
    assert not ledger.timed("an answer", lambda: None, aim=-1).is_met
    assert ledger.timed("another", lambda: None, aim=60_000).is_met
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [(line[-2], line[-1]) for line in said] == [("-1", "NO"), ("60000", "yes")]
