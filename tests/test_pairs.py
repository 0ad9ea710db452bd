"""Every installed source with every installed destination: each pair moves its records, or is refused beforehand.

The pairs are those of the installed plugins. All of them take one core less than 90 s.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from orderweft import Kind, Receipt, SettingsError
from orderweft.pairs import Pair, pair_of
from orderweft.plugins import MOVES
from orderweft.testing import FakeClock
from orderweft_oms_generic.profiles.loading import bundled
from orderweft_oms_generic.simulator.simulator import SYSTEMS

from .scenarios import orderweft
from .streets import FEW, PLUGINS, Street, changed, matrix

PAIRS = [
    pytest.param(kind, source, destination, id=f"{kind}-{source}-{destination}")
    for kind, (reading, writing) in MOVES.items()
    for source in PLUGINS.channels
    if PLUGINS.can(source, reading)
    for destination in PLUGINS.channels
    if PLUGINS.can(destination, writing)
]

PROFILES = [
    pytest.param(kind, source, destination, id=f"{kind}-{source}-{destination}")
    for name in sorted(SYSTEMS.keys() & bundled().keys() - {"order_desk"})
    for kind in ("orders", "inventory", "customers")
    for source, destination in (("joor", f"oms_generic/{name}"), (f"oms_generic/{name}", "shopify"))
] + [
    pytest.param(kind, f"oms_generic/{name}", destination, id=f"{kind}-oms_generic/{name}-{destination}")
    for kind, name, destination in (
        ("orders", "rest_starter", "shopify"),
        ("orders", "rest_starter", "zedonk"),
        ("catalog", "netsuite", "shopify"),
        ("catalog", "files_csv", "shopify"),
    )
]

REFUSED = {
    "Order Desk supplies no orders": {
        "orders-oms_generic-oms_generic", "orders-oms_generic-shopify", "orders-oms_generic-zedonk",
    },
    "Order Desk supplies no customers": {
        "customers-oms_generic-joor", "customers-oms_generic-oms_generic", "customers-oms_generic-shopify",
    },
    "Order Desk takes no customers": {
        "customers-joor-oms_generic", "customers-shopify-oms_generic", "customers-zedonk-oms_generic",
    },
    "Extensiv Integration Manager supplies no orders": {"orders-oms_generic/cartrover-shopify"},
    "Extensiv Integration Manager takes no stock": {"inventory-joor-oms_generic/cartrover"},
    "Extensiv Integration Manager supplies no customers": {"customers-oms_generic/cartrover-shopify"},
    "Extensiv Integration Manager takes no customers": {"customers-joor-oms_generic/cartrover"},
    "Extensiv Order Manager supplies no customers": {"customers-oms_generic/skubana-shopify"},
    "Extensiv Order Manager takes no customers": {"customers-joor-oms_generic/skubana"},
    "NetSuite supplies no orders": {"orders-oms_generic/netsuite-shopify"},
    "NetSuite takes no stock": {"inventory-joor-oms_generic/netsuite"},
}  # fmt: skip
"""The pairs that nothing can be moved between, whatever the settings, by the reason that is told."""
REASONS = {pair: reason for reason, ids in REFUSED.items() for pair in ids}


@pytest.fixture(scope="module", autouse=True)
def _in_time() -> Iterator[None]:
    """Fail when the pairs of this process take longer than all should."""
    begun = sum(os.times()[:2])
    yield
    assert sum(os.times()[:2]) - begun < 90


def test_no_other_pair_is_refused() -> None:
    """Those that nothing is moved between are all among the pairs tried."""
    assert REASONS.keys() <= {param.id for param in (*PAIRS, *PROFILES)}


def moves_or_is_refused(street: Street, told: Pair, pair: str) -> None:
    """Assert what the matrix has told of a pair."""
    kind, destination = street.kind, street.channels["to"]
    if told.verdict == "not as set up":
        assert len(told.reason.split()) > 4
        with pytest.raises(SettingsError):
            street.run()
        assert not street.doors["to"].calls
    try:
        street.answer()
    except SettingsError:
        assert REASONS.get(pair, "nothing we know of") in told.reason
        return
    assert pair not in REASONS
    report = street.run()
    if not report.counts["fetched"] + report.counts["read"]:
        street.fill()
        report = street.run()
    assert changed(report), report
    counts = report.counts
    if kind == "orders":
        assert changed(report) + counts["held"] + counts["skipped"] + counts["cancelled"] == counts["fetched"]
    else:
        assert changed(report) + counts["held"] == street.states().total()
    facts = street.ends["to"].facts()
    assert not changed(street.run())
    assert street.ends["to"].facts() == facts
    if kind == "orders":
        keys = street.delivered()
        receipts = street.receipts(sorted(keys))
        assert {key for key, one in receipts.items() if isinstance(one, Receipt)} == keys
        assert facts["orders"] == len(keys) == changed(report)
    elif kind == "shipments":
        assert changed(report) == len(street.tracked()) > 5
    elif PLUGINS.can(destination, MOVES[kind][0]):
        assert (sent := street.sent())
        assert sent == street.there() & sent


@pytest.mark.parametrize(("kind", "source", "destination"), PAIRS)
def test_a_pair_moves_its_records_or_is_refused(tmp_path: Path, kind: Kind, source: str, destination: str) -> None:
    """What a source sends is at the destination, once; a pair that cannot is told so before anything is sent."""
    street = Street(tmp_path, kind, source, destination, switches=FEW if kind == "shipments" else None)
    moves_or_is_refused(street, matrix()[kind, source, destination], f"{kind}-{source}-{destination}")


@pytest.mark.parametrize(("kind", "source", "destination"), PROFILES)
def test_a_profile_moves_its_records_or_is_refused(tmp_path: Path, kind: Kind, source: str, destination: str) -> None:
    """The same holds for each system that a profile leads to."""
    street = Street(tmp_path, kind, source, destination, switches=FEW)
    config = street.config()
    told = pair_of(PLUGINS, street.clock, config.source, config.destination, kind)
    moves_or_is_refused(street, told, f"{kind}-{source}-{destination}")


def test_the_matrix_is_told_without_accounts(tmp_path: Path) -> None:
    """`fit --matrix` names every pair with its verdict, as a table and as JSON, where there is no configuration."""
    config = str(tmp_path / "orderweft.toml")
    said = orderweft("--config", config, "fit", "--matrix", "--json", clock=FakeClock())
    pair_ids = [(one["kind"], one["source"], one["destination"]) for one in said.json["pairs"]]
    assert pair_ids == list(matrix()) == [param.values for param in PAIRS]
    table = orderweft("--config", config, "fit", "--matrix", clock=FakeClock())
    table.expect(0, "Stock levels", "joor oms_generic needs a map Fill lines.*.sku in the pipeline's map.",
                 "set warehouse to its name in JOOR's order settings", "Takes none: oms_generic, zedonk.",
                 "Gives none: zedonk. Takes none: joor.")  # fmt: skip
    assert said.json["absent"]["orders"] == {"gives": ["zedonk"], "takes": ["joor"]}


@pytest.mark.parametrize("words", [("joor", "shop", "--matrix"), ("joor",), ()])
def test_the_matrix_is_about_all(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Two connections are named, or all channels are asked for; anything else is a wrong use of the command."""
    orderweft("--config", str(tmp_path / "orderweft.toml"), "fit", *words).expect(2, "--matrix")
