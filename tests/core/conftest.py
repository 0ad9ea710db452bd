"""What the tests of the ledger share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from orderweft.ledger import Ledger
from orderweft.testing import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that jumps."""
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a ledger."""
    return tmp_path / "orderweft.db"


@pytest.fixture
def ledger(path: Path, clock: FakeClock) -> Iterator[Ledger]:
    """Give a ledger."""
    with closing(Ledger(path, clock)) as opened:
        yield opened
