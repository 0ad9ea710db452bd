"""What stops a run before it empties the shelves, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from orderweft import Product
from orderweft.exchange import Kind

from .shelves import Shelves, customer, level, product

Opened = Callable[..., Shelves]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """Give a function that opens a depot and a shop with settings of the guard, and more of the pipeline."""

    def opens(kind: Kind = "inventory", *, mode: str = "", **guard: Any) -> Shelves:
        lines = [f'write_mode = "{mode}"'] if mode else []
        lines += [f"guard.{name} = {str(value).lower()}" for name, value in guard.items()]
        return Shelves(tmp_path, kind, "\n".join(lines) + "\n")

    return opens


def fall(shelves: Shelves, falling: int, of: int, to: int = 0) -> None:
    """Confirm *of* levels of 5 beside one of zero, then let *falling* of them fall."""
    shelves.records = [*(level(number, 5) for number in range(of)), level("sold out", 0)]
    shelves.run()
    shelves.records = [level(number, to if number < falling else 5) for number in range(of)]
    shelves.records.append(level("sold out", 0))


@pytest.mark.parametrize("to", [0, -1])
@pytest.mark.parametrize(
    ("guard", "falling", "of", "stops"),
    [
        pytest.param({}, 5, 10, False, id="few"),
        pytest.param({}, 6, 10, True, id="more than few"),
        pytest.param({}, 8, 40, False, id="exactly the share"),
        pytest.param({}, 9, 40, True, id="more than the share"),
        pytest.param({"few": 0}, 1, 5, False, id="none are few, exactly the share"),
        pytest.param({"few": 0}, 1, 4, True, id="none are few"),
        pytest.param({"zeroed_percent": 0, "few": 0}, 1, 40, True, id="not one"),
        pytest.param({"zeroed_percent": 100, "fewer_percent": 100, "few": 0}, 10, 10, False, id="all"),
    ],
)
def test_levels_that_would_fall(
    opened: Opened, guard: dict[str, int], falling: int, of: int, to: int, stops: bool
) -> None:
    """More than a few and more than a share of the levels above zero may not fall in one run."""
    shelves = opened(**guard)
    fall(shelves, falling, of, to)
    calls = len(shelves.calls)
    assert bool(shelves.plan().stops) is stops
    report = shelves.run()
    assert (report.result, bool(report.stops)) == (("stopped", True) if stops else ("done", False))
    assert len(shelves.calls) == calls + (not stops)


def test_the_guard_says_what_it_saw(opened: Opened) -> None:
    """With figures that cannot be mistaken for what is allowed, some names, and a note in the history."""
    shelves = opened()
    fall(shelves, 41, 200)
    report = shelves.run()
    assert report.stops == [
        "41 of 200 stock levels would fall to zero (21 %, zeroed_percent allows 20): "
        "S0 M (B0), S10 M (B10), S11 M (B11), S12 M (B12), S13 M (B13) and 36 more"
    ]
    (last, _) = shelves.ledger.runs()
    assert (last.result, last.message) == ("stopped", report.stops[0])


def test_a_person_lets_a_run_through(opened: Opened) -> None:
    """`--allow-drop` sends what the guard stopped, once; the next run needs it no more."""
    shelves = opened()
    fall(shelves, 10, 10)
    assert shelves.run().result == "stopped"
    assert shelves.run().result == "stopped"
    report = shelves.run(allow_drop=True)
    assert (report.result, report.counts["written"], len(report.stops)) == ("done", 10, 1)
    assert shelves.run().result == "done"


def test_what_comes_back_before_anybody_looked_is_no_matter(opened: Opened) -> None:
    """A stopped run has changed nothing, so a feed that is right again goes on by itself."""
    shelves = opened()
    fall(shelves, 10, 10)
    assert shelves.run().result == "stopped"
    shelves.records = [level(number, 6) for number in range(10)]
    assert shelves.run().result == "done"


def test_the_first_run_has_nothing_to_fall_from(opened: Opened) -> None:
    """What was never confirmed cannot fall, but nothing except zeros is no feed."""
    shelves = opened(few=0)
    shelves.records = [level(number, 0) for number in range(10)]
    assert shelves.run().stops == ["all 10 stock levels The depot gives are zero, and nothing was sent before"]
    shelves.records[0] = level(0, 1)
    assert shelves.run().result == "done"


def test_what_was_zero_or_refused_does_not_count(opened: Opened) -> None:
    """Only what the destination has confirmed above zero can fall."""
    shelves = opened(few=0)
    shelves.records = [level(1, 5), level(2, 0)]
    shelves.refuses = {level(1).identity}
    shelves.run()
    shelves.records = [level(1, 0), level(2, 0)]
    assert shelves.run().stops == []


def test_dates_that_are_gone_count(opened: Opened) -> None:
    """They come to zero like any other level."""
    shelves = opened(few=0)
    future = [level(number, 5, bucket="future", available_on="2027-01-15") for number in range(4)]
    shelves.records = [*(level(number, 5) for number in range(4)), *future]
    shelves.run()
    shelves.records = shelves.records[:4]
    assert shelves.run().stops[0].startswith("4 of 8 stock levels would fall to zero (50 %")


EMPTY = "The depot gave nothing that can be sent, where 3 were known before"


@pytest.mark.parametrize("kind", ["inventory", "catalog", "customers"])
@pytest.mark.parametrize("why", ["empty", "all held"])
def test_an_empty_feed_stops(opened: Opened, kind: Kind, why: str) -> None:
    """Nothing at all, or nothing that fits, where there was something before."""
    shelves = opened(kind)
    build: Any = {"inventory": level, "catalog": product, "customers": customer}[kind]
    shelves.records = [build(number) for number in range(3)]
    shelves.run()
    if why == "empty":
        shelves.records = []
    shelves.accepted_schema = {"required": ["no record has it"]}
    report = shelves.run()
    assert report.result == "stopped"
    assert report.stops[0].startswith(EMPTY)
    assert len(shelves.there) == 3


def test_an_empty_first_overwrite_stops(opened: Opened) -> None:
    """Nothing is known yet and everything would be cleared."""
    shelves = opened(mode="overwrite")
    assert shelves.run().stops == [
        "The depot gave nothing that can be sent: an empty feed is more likely than an empty house"
    ]
    assert shelves.calls == []
    assert shelves.run(allow_drop=True).result == "done"


@pytest.mark.parametrize(
    ("guard", "gone", "of", "quantity", "stops"),
    [
        pytest.param({}, 5, 10, 0, False, id="few"),
        pytest.param({}, 6, 20, 0, False, id="exactly the share"),
        pytest.param({}, 7, 20, 0, True, id="more than the share"),
        pytest.param({"zeroed_percent": 100}, 7, 20, 5, True, id="levels above zero"),
        pytest.param({"missing_percent": 100}, 4, 20, 5, False, id="few above zero"),
        pytest.param({"missing_percent": 100}, 6, 20, 5, True, id="would be cleared"),
    ],
)
def test_levels_that_are_missing_from_an_overwrite(
    opened: Opened, guard: dict[str, int], gone: int, of: int, quantity: int, stops: bool
) -> None:
    """More than a few and more than a share of what was sent before may not be gone; zeros count among them."""
    shelves = opened(mode="overwrite", **guard)
    shelves.records = [level(number, quantity) for number in range(of)]
    shelves.run(allow_drop=True)
    shelves.records = [*shelves.records[gone:], level("new")]
    report = shelves.run()
    assert bool(report.stops) is stops
    assert len(shelves.calls) == 1 + (not stops)


def test_an_update_misses_nothing(opened: Opened) -> None:
    """It leaves alone what is gone, so that any share may be."""
    shelves = opened(few=0)
    shelves.records = [level(number) for number in range(20)]
    shelves.run()
    shelves.records = shelves.records[:1]
    assert shelves.run().stops == []


def test_flags_on_too_much_stop_an_overwrite(opened: Opened) -> None:
    """A rule that leaves out most of the stock would clear it, whatever the reason."""
    shelves = opened(mode="overwrite")
    shelves.records = [level(number, 5) for number in range(20)]
    shelves.run()
    shelves.records = [level(number, 5, custom_fields={"skip_push": "1"} if number else {}) for number in range(20)]
    assert "19 of 20 stock levels would fall to zero" in shelves.run().stops[0]


def priced(style: str | None, color: str | None = None, size: str | None = None, currency: str = "USD") -> Product:
    """Build a product with prices at the style, the color and the size."""

    def prices(amount: str | None) -> list[dict[str, str]]:
        return [{"label": "A", "currency": currency, "wholesale": amount}] if amount else []

    skus = [{"size": "M", "prices": prices(size)}, {"size": "L"}]
    return product(1, prices=prices(style), colors=[{"color_code": "401", "prices": prices(color), "skus": skus}])


@pytest.mark.parametrize(
    ("before", "after", "stops"),
    [
        pytest.param(priced("10.00"), priced("0.00"), True, id="style"),
        pytest.param(priced("10.00"), priced("0.01"), False, id="still a price"),
        pytest.param(priced("0.00"), priced("0.00", "5.00"), False, id="was free before"),
        pytest.param(priced(None), priced("0.00"), False, id="had no price"),
        pytest.param(priced("10.00"), priced(None), False, id="has no price any more"),
        pytest.param(priced("10.00", "12.00"), priced("10.00", "0.00"), True, id="color"),
        pytest.param(priced("10.00", size="12.00"), priced("10.00", size="0"), True, id="size"),
        pytest.param(priced("10.00"), priced("10.00", size="0.00"), True, id="size that had the price of the style"),
        pytest.param(priced(None, size="12.00"), priced("0.00"), True, id="style instead of sizes"),
        pytest.param(priced("10.00"), priced("0.00", currency="EUR"), False, id="another currency"),
        pytest.param(priced("10.00", "0.00"), priced("11.00", "0.00"), False, id="color that was free before"),
    ],
)
def test_prices_that_would_fall(opened: Opened, before: Product, after: Product, stops: bool) -> None:
    """No price that was more may become 0.00, wherever in the product it stands."""
    shelves = opened("catalog")
    shelves.records = [before]
    shelves.run()
    shelves.records = [after]
    report = shelves.run()
    assert report.stops == (["prices of 1 product would fall to 0.00: S1 Style 1"] if stops else [])


def test_prices_may_be_let_fall(opened: Opened) -> None:
    """A brand that gives things away says so once in the file, or each time on the command line."""
    shelves = opened("catalog", zero_prices=True)
    for wholesale in ("10.00", "0.00"):
        shelves.records = [product(1, wholesale)]
        assert shelves.run().result == "done"


def test_new_products_may_be_free(opened: Opened) -> None:
    """A product nobody has seen yet may have the price 0.00, as one that is in no season has."""
    shelves = opened("catalog")
    shelves.records = [product(1, "0.00"), product(2)]
    assert shelves.run().result == "done"
