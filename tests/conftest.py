"""What the tests through the command line share."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import certifi
import pytest
from orderweft.testing import FakeClock

from . import canary
from .scenarios import Scene, Tables, scene


def pytest_configure(config: pytest.Config) -> None:
    """Have all that the tests say and leave searched for secrets and the customer of this run."""
    config.pluginmanager.register(canary)
    # a shell that runs this in the background may have had them ignored, and what is ignored stays so in each child
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):  # not on Windows
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


class OpenScene(Protocol):
    """Opens a JOOR account and a Shopify shop whose common clock jumps instead of waiting."""

    def __call__(
        self,
        orders: int = 0,
        *,
        joor: Mapping[str, Any] | None = None,
        shop: Mapping[str, Any] | None = None,
        settings: Tables | None = None,
        clock: FakeClock | None = None,
    ) -> Scene:
        """Open it with so many ordinary orders, switches of both simulators, and settings by table."""
        ...


@pytest.fixture(scope="session")
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file with one trusted certificate: to load the usual hundreds takes longer than a small run."""
    head, mark, _ = Path(certifi.where()).read_text("ascii", "ignore").partition("-----END CERTIFICATE-----")
    file = tmp_path_factory.mktemp("trust") / "one.pem"
    file.write_text(f"{head}{mark}\n", "ascii")
    return file


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch, one_authority: Path) -> None:
    """Keep this machine's proxy, certificates and configuration out of the tests."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "ORDERWEFT_CONFIG"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(one_authority))


@pytest.fixture
def open_scene(tmp_path: Path) -> Iterator[OpenScene]:
    """Give a function that opens a scene on real HTTP servers; they are closed at the end of the test."""
    with ExitStack() as opened:

        def opens(orders: int = 0, **options: Any) -> Scene:
            return opened.enter_context(scene(tmp_path, orders, **{"clock": FakeClock(), **options}))

        yield opens
