"""What two connections have in common, told before anything is written."""

from __future__ import annotations

import csv
import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from orderweft import (
    AuthenticationError,
    Channel,
    ChannelError,
    Connection,
    Customer,
    Delivery,
    Fetched,
    Kind,
    OrderQuery,
    Outcome,
    Page,
    Product,
    RecordPage,
    Settings,
    SettingsError,
    StockLevel,
    UnavailableError,
    Unread,
    hookimpl,
)
from orderweft.cli.common import Context
from orderweft.cli.match import match, orders_sentence, sentence
from orderweft.match import WHATS, Comparison, Subject, Values, Waiting, compare, differing, fold
from orderweft.plugins import Plugins
from orderweft.testing import FakeClock

from .memory import fetched, order

CONFIG = """
[connections.joor]
channel = "joor"

[connections.zedonk]
channel = "zedonk"
"""
PIPELINE = """
[pipelines.orders]
moves = "orders"
source = "joor"
destination = "zedonk"
source_options = { taste = "approved" }
"""
ORIGIN = {"channel": "memory", "connection": "memory"}


class MemorySettings(Settings):
    """Settings of a channel in memory."""

    taste: str = "plain"

    @property
    def service_url(self) -> str:
        """Return an address nobody asks."""
        return "http://127.0.0.1:9"


def product(number: int, *barcodes: str | None, **fields: Any) -> Product:
    """Build a style in one color, with a size for each barcode."""
    skus = [{"id": f"{number}-{size}", "size": str(size), "barcode": barcode} for size, barcode in enumerate(barcodes)]
    return Product.model_validate(
        {
            "origin": {**ORIGIN, "id": str(number)},
            "style_number": str(number),
            "name": f"Style {number}",
            "colors": [{"color": "Navy", "skus": skus}],
            **fields,
        }
    )


def level(barcode: str | None, warehouse: str | None = None, **item: Any) -> StockLevel:
    """Build a stock level of ten pieces."""
    return StockLevel.model_validate(
        {
            "origin": {**ORIGIN, "id": "1"},
            "item": {"barcode": barcode, **item},
            "warehouse": None if warehouse is None else {"name": warehouse},
            "quantity": 10,
        }
    )


def customer(id_: int, code: str | None, **fields: Any) -> Customer:
    """Build a customer."""
    return Customer.model_validate(
        {"origin": {**ORIGIN, "id": str(id_)}, "account_code": code, "name": f"Store {id_}", **fields}
    )


def buys(number: int, barcode: str | None, code: str | None = None, **fields: Any) -> Fetched:
    """Build an order for one barcode, as a source gives it."""
    return fetched(
        order(
            number,
            customer={"account_code": code, "name": f"Store {number}"},
            lines=[{"key": "1", "barcode": barcode, "quantity": 2}],
            **fields,
        )
    )


class Account:
    """What a channel in memory has; a list makes it able to tell that, an error makes it fail."""

    def __init__(
        self,
        *,
        catalog: Sequence[Product] | Exception | None = None,
        inventory: Sequence[StockLevel] | Exception | None = None,
        customers: Sequence[Customer] | Exception | None = None,
        orders: Sequence[Fetched] | Exception | None = None,
        takes_orders: bool = False,
        unable: Sequence[Kind] = (),
        last: RecordPage | None = None,
    ) -> None:
        self.has = {"catalog": catalog, "inventory": inventory, "customers": customers}
        self.orders, self.takes_orders, self.unable = orders, takes_orders, unable
        self.last = last if last is not None else RecordPage((), complete=True)
        """The page that ends each reading."""
        self.read: list[str] = []
        self.queries: list[tuple[str, OrderQuery]] = []

    def module(self) -> ModuleType:
        """Return the plugin."""

        @hookimpl
        def describe() -> Channel:
            return Channel("In memory", MemorySettings)

        @hookimpl
        def provides(connection: Connection[MemorySettings], kind: Kind) -> dict[str, Any] | None:
            return None if kind in self.unable else {}

        @hookimpl
        def deliver_orders(connection: Connection[MemorySettings], deliveries: Sequence[Delivery]) -> list[Outcome]:
            raise AssertionError("nothing may be written")

        @hookimpl
        def fetch_orders(connection: Connection[MemorySettings], query: OrderQuery) -> Iterator[Page]:
            self.queries.append((connection.settings.taste, query))
            yield from (Page((one,)) for one in _all(self.orders))

        hooks: list[Callable[..., Any]] = [describe, provides]
        hooks += [fetch_orders] if self.orders is not None else []
        hooks += [deliver_orders] if self.takes_orders else []
        hooks += [self._reads(kind) for kind, records in self.has.items() if records is not None]
        module = ModuleType("memory")
        vars(module).update({hook.__name__: hook for hook in hooks})
        return module

    def _reads(self, kind: str) -> Callable[..., Any]:
        def read(connection: Connection[MemorySettings]) -> Iterator[RecordPage]:
            self.read.append(kind)
            yield from (RecordPage((record,)) for record in _all(self.has[kind]))
            yield self.last

        read.__name__ = f"read_{kind}"
        hook: Callable[..., Any] = hookimpl(read)
        return hook


def _all(given: Sequence[Any] | Exception | None) -> Sequence[Any]:
    if isinstance(given, Exception):
        raise given
    return given or ()


class Said:
    """What `orderweft match joor zedonk` said."""

    def __init__(self, folder: Path, joor: Account, zedonk: Account, *words: str, config: str = CONFIG) -> None:
        context = Context(folder / "orderweft.toml", FakeClock())
        context.path.write_text(config, encoding="utf-8")
        context.plugins = Plugins()
        context.plugins.register("joor", joor.module())
        context.plugins.register("zedonk", zedonk.module())
        arguments = words if words[:1] == ("=",) else ("joor", "zedonk", *words)
        result = CliRunner().invoke(match, [word for word in arguments if word != "="], obj=context)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        self.code, self.out, self.err = result.exit_code, result.stdout, result.stderr
        self.lines = [line.rstrip() for line in self.out.splitlines()]
        self.text = " ".join(f"{self.out} {self.err}".split())

    def line(self, beginning: str) -> str:
        """Return the one line that begins so."""
        (found,) = [line for line in self.lines if line.startswith(beginning)]
        return found


@pytest.fixture
def say(tmp_path: Path) -> Callable[..., Said]:
    """Give a function that runs the command."""

    def says(joor: Account, zedonk: Account, *words: str, **more: Any) -> Said:
        return Said(tmp_path, joor, zedonk, *words, **more)

    return says


def values(*given: str | tuple[str, str]) -> Values:
    """Build values, each of its own owner or of the owner named behind it."""
    made = Values()
    for index, one in enumerate(given):
        value, owner = one if isinstance(one, tuple) else (one, f"owner {index}")
        made.add(value, f"label of {owner}", owner)
    return made


def found(one: Comparison) -> list[tuple[str, str]]:
    """Return class and first spelling of each difference."""
    return [(each.what, (each.uses_a or each.uses_b)[0].value) for each in one.differences]


# folding


@pytest.mark.parametrize(
    ("one", "other", "aspects"),
    [
        ("0123", "123", "leading zeros"),
        ("ab12", "AB12", "case"),
        ("AB 12", "AB12", "spaces"),
        ("AB\u00a012", "AB12", "spaces"),
        ("Caf\u00e9", "Cafe\u0301", "unicode form"),
        ("\uff11\uff12\uff13", "123", "unicode form"),
        ("AB\u200b12", "AB12", "unicode form"),
        ("\u212a", "K", "unicode form"),
        ("00ab 1", "AB1", "spaces and case and leading zeros"),
        ("STRASSE", "straße", "case"),
        ("0", "000", "leading zeros"),
    ],
)
def test_spellings_are_told_apart_by_what_they_differ_in(one: str, other: str, aspects: str) -> None:
    """Two spellings of one code fold to the same, and the difference has a name that does not depend on the order."""
    assert fold(one) == fold(other)
    assert differing(one, other) == differing(other, one) == aspects


@pytest.mark.parametrize(
    ("one", "other"),
    [("123", "1230"), ("A-1", "A1"), ("10", "1"), ("0", "1"), ("AW20", "AUTUMN/WINTER 20"), ("cafe", "café")],
)
def test_other_codes_stay_other_codes(one: str, other: str) -> None:
    """Trailing zeros, punctuation, accents and abbreviations make another code."""
    assert fold(one) != fold(other)


@given(st.text(st.sampled_from("01aZé 中"), min_size=1, max_size=8).filter(str.strip), st.integers(1, 3))
def test_folding_ignores_what_people_get_wrong(value: str, zeros: int) -> None:
    """However a code is written, it folds to the same, and folding again changes nothing."""
    for spelled in (
        value.upper(),
        value.lower(),
        "0" * zeros + value,
        unicodedata.normalize("NFD", value),
        f" {value} ",
    ):
        assert fold(spelled) == fold(value)
    assert fold(fold(value)) == fold(value)


# comparing


@pytest.mark.parametrize(
    ("at_a", "at_b", "same", "differences"),
    [
        ([], [], 0, []),
        (["1", "2"], ["2", "1"], 2, []),
        (["1", "2"], ["1"], 1, [("only_a", "2")]),
        (["1"], ["1", "2"], 1, [("only_b", "2")]),
        (["01"], ["1"], 0, [("written", "01")]),
        (["1", "1"], ["1"], 0, [("ambiguous", "1")]),
        (["1"], ["1", "01"], 0, [("ambiguous", "1")]),
        (["a", "A"], [], 0, [("ambiguous", "a")]),
        ([("1", "x"), ("1", "x")], ["1"], 1, []),
        ([("1", "x"), ("01", "x")], ["1"], 0, [("ambiguous", "1")]),
        (["9", "01", "2", "2"], ["8", "1", "2"], 0,
         [("only_a", "9"), ("only_b", "8"), ("written", "01"), ("ambiguous", "2")]),
    ],
    ids=["nothing", "all", "only a", "only b", "spelling", "two items", "two at b", "one side", "seen twice",
         "two spellings of one", "all kinds"],
)  # fmt: skip
def test_each_value_is_the_same_or_one_difference(
    at_a: list[Any], at_b: list[Any], same: int, differences: list[tuple[str, str]]
) -> None:
    """A value is the same, on one side only, spelled differently or ambiguous, and never two of these."""
    one = compare("barcodes", values(*at_a), values(*at_b))
    assert (one.same, found(one)) == (same, differences)


codes = st.lists(
    st.tuples(
        st.sampled_from(["1", "01", "001", "a", "A", "0a", "é", "e\u0301", "b c", "bc", "x"]), st.sampled_from("pqr")
    ),
    max_size=12,
)


@given(codes, codes)
def test_totals_add_up_and_nothing_is_counted_twice(at_a: list[tuple[str, str]], at_b: list[tuple[str, str]]) -> None:
    """What is there on a side is the same or a difference that stands there; each folded value is counted once."""
    one = compare("customers", values(*at_a), values(*at_b))
    assert one.total_a == one.same + sum(bool(each.uses_a) for each in one.differences)
    assert one.total_b == one.same + sum(bool(each.uses_b) for each in one.differences)
    keys = [fold((each.uses_a or each.uses_b)[0].value) for each in one.differences]
    assert len(set(keys)) == len(keys)
    everything = {fold(value) for value, _ in at_a + at_b}
    assert len(everything) == one.same + len(keys)
    assert Counter(each.what for each in one.differences).total() == len(keys)


@given(codes, codes)
def test_comparing_is_symmetric(at_a: list[tuple[str, str]], at_b: list[tuple[str, str]]) -> None:
    """From the other side the same is seen, with the sides changed."""
    one = compare("barcodes", values(*at_a), values(*at_b))
    other = compare("barcodes", values(*at_b), values(*at_a))
    mirrored = {"only_a": "only_b", "only_b": "only_a"}
    assert (one.same, one.total_a, one.total_b) == (other.same, other.total_b, other.total_a)
    assert sorted((mirrored.get(each.what, each.what), each.uses_b, each.uses_a) for each in one.differences) == sorted(
        (each.what, each.uses_a, each.uses_b) for each in other.differences
    )


@given(codes)
def test_comparing_with_itself_finds_only_what_is_ambiguous(given_: list[tuple[str, str]]) -> None:
    """A side is the same as itself but for what stands on it more than once."""
    one = compare("barcodes", values(*given_), values(*given_))
    assert {each.what for each in one.differences} <= {"ambiguous"}


def test_a_placeholder_on_all_items_is_one_difference_and_little_memory() -> None:
    """A value that stands everywhere counts once, and only a few of its places are kept."""
    one = compare("barcodes", values(*["0"] * 5000), values())
    assert [len(each.uses_a) for each in one.differences] == [21]


# the sentences


@pytest.mark.parametrize(
    ("at_a", "at_b", "told"),
    [
        ([], [], "Barcodes: neither joor nor zedonk has any."),
        (["1", "2"], ["1", "2"], "Barcodes: joor and zedonk have the same 2."),
        ([], ["1"], "Barcodes: joor has none; 1 only at zedonk."),
        (["1", "2", "3"], ["1", "2"], "Barcodes: 2 of 3 at joor are at zedonk (66.6 %); 1 only at joor."),
        (["1", "02", "03", "4", "4"], ["1", "2", "3", "5"],
         "Barcodes: 1 of 4 at joor are at zedonk (25.0 %); 1 only at zedonk, 2 differ in leading zeros, "
         "1 stands on more than one item at joor."),
        ([str(n) for n in range(1, 1251)], [str(n) for n in range(1, 1251) if n != 7],
         "Barcodes: 1,249 of 1,250 at joor are at zedonk (99.9 %); 1 only at joor."),
        (["1", "1"], ["01", "001"],
         "Barcodes: 0 of 1 at joor are at zedonk (0.0 %); 1 stands on more than one item at joor and zedonk."),
    ],
    ids=["nothing", "all", "empty", "missing", "all kinds", "thousands", "both"],
)  # fmt: skip
def test_a_comparison_reads_as_a_sentence(at_a: list[str], at_b: list[str], told: str) -> None:
    """A person can read the finding aloud; a share is never rounded up to 100 %."""
    assert sentence(compare("barcodes", values(*at_a), values(*at_b)), "joor", "zedonk") == told


def test_names_come_in_spellings() -> None:
    """A season does not stand on an item; it comes in more than one spelling."""
    one = compare("seasons", values("SS27", "ss27", "FW26"), values("SS27", "Fw 26"))
    assert sentence(one, "joor", "zedonk") == (
        "Seasons: 0 of 2 at joor are at zedonk (0.0 %); 1 differs in spaces and case, "
        "1 comes in more than one spelling at joor."
    )


def test_orders_that_pass_are_told_too() -> None:
    """Without a held order the sentence says that none is, and what was not looked at."""
    assert orders_sentence(Waiting("joor", "zedonk", ("barcodes",), orders=1, unreadable=1)) == (
        "Orders: of 1 order at joor, none would be held today for its codes; 1 cannot be read or mapped and would be "
        "held too; their account codes could not be looked at."
    )


def test_the_classes_are_those_the_report_knows() -> None:
    """Each class of difference can come out of a comparison."""
    one = compare("barcodes", values("1", "02", "3", "3"), values("2", "4"))
    assert {each.what for each in one.differences} == set(WHATS)


# what is read


def both(**has: Any) -> tuple[Account, Account]:
    """Build two accounts that have the same."""
    return Account(**has), Account(**has)


def test_everything_matches(say: Callable[..., Said]) -> None:
    """Two accounts with the same codes and names match, and it is safe to start."""
    prices = [{"label": "Wholesale", "currency": "EUR", "wholesale": "10.00"}]
    has: dict[str, Any] = {
        "catalog": [product(1, "111", "222", seasons=[{"name": "SS27"}], prices=prices)],
        "inventory": [level("111", "Main"), level("111", "EU")],
        "customers": [customer(1, "C1")],
    }
    said = say(Account(**has, orders=[buys(1, "111", "C1")]), Account(**has, takes_orders=True))
    assert said.code == 0
    assert said.lines == [
        "Barcodes: joor and zedonk have the same 2.",
        "Account codes: joor and zedonk have the same 1.",
        "Seasons: joor and zedonk have the same 1.",
        "Warehouses: joor and zedonk have the same 2.",
        "Price labels: joor and zedonk have the same 1.",
        "Orders: of 1 order at joor, none would be held today for its codes.",
        "What was compared matches; it is safe to start.",
    ]


def test_differences_are_shown_with_what_to_do(say: Callable[..., Said]) -> None:
    """Each kind has its rows with what the value stands on, and one line that says what to do."""
    joor = Account(catalog=[product(1, "111", "0222", "333")], customers=[customer(1, "c1"), customer(2, "C2")])
    zedonk = Account(catalog=[product(9, "111", "222", "444")], customers=[customer(7, "C1"), customer(8, "C2")])
    said = say(joor, zedonk)
    assert said.code == 3
    assert said.line("Barcodes") == (
        "Barcodes: 1 of 3 at joor are at zedonk (33.3 %); 1 only at joor, 1 only at zedonk, 1 differs in leading zeros."
    )
    assert said.line("Account codes").endswith("(50.0 %); 1 differs in case.")
    assert "differs in leading zeros 0222 222 1 Navy 1 9 Navy 1" in said.text
    assert "only at zedonk 444 9 Navy 2" in said.text
    assert said.line("  only at zedonk: give the item this barcode at joor")
    assert said.line("  differs in case: write the account code the same on both sides")
    assert said.lines[-1] == (
        "Fix first: the account code that is spelled differently. "
        "It is not safe to start yet: 2 codes are spelled differently or not unique."
    )


def test_only_the_first_ten_of_a_kind_are_shown(say: Callable[..., Said]) -> None:
    """A long list is cut in the table, and the person is told how much is left."""
    joor = Account(catalog=[product(n, f"5{n:03d}") for n in range(25)])
    said = say(joor, Account(catalog=[product(99, "9")]), "--only", "barcodes")
    assert len([line for line in said.lines if line.startswith(" only at joor")]) == 10
    assert said.line("  only at joor").endswith("(15 more are not shown).")


@pytest.mark.parametrize(
    ("subject", "line"),
    [
        ("barcodes", "Barcodes: 0 of 1"),
        ("customers", "Account codes: 0 of 1"),
        ("seasons", "Seasons: 1 of 2"),
        ("warehouses", "Warehouses: 0 of 1"),
        ("prices", "Price labels: 1 of 2"),
    ],
)
def test_only_what_is_wanted_is_read_and_told(say: Callable[..., Said], subject: str, line: str) -> None:
    """`--only` leaves the other subjects alone, and what is not needed for it unread."""
    accounts = []
    for name, more in (("x", True), ("y", False)):
        prices = [{"label": "Wholesale", "currency": currency} for currency in (["EUR", "USD"] if more else ["EUR"])]
        seasons = [{"name": season, "code": season[:2]} for season in (["SS27", "FW26"] if more else ["SS27"])]
        has: dict[str, Any] = {
            "catalog": [product(1, f"1{name}", prices=prices, seasons=seasons)],
            "inventory": [level(None, name)],
            "customers": [customer(1, name)],
        }
        accounts.append(Account(**has))
    said = say(*accounts, "--only", subject)
    assert said.code == 3
    assert [text for text in said.lines if text.startswith(line)]
    assert len([text for text in said.lines if " at joor are at zedonk" in text]) == 1
    assert accounts[0].read == accounts[1].read
    assert len(accounts[0].read) == 1


def test_each_kind_of_record_is_read_once(say: Callable[..., Said]) -> None:
    """The catalog tells barcodes, seasons and prices in one reading."""
    joor, zedonk = both(catalog=[product(1, "1")], inventory=[level("1", "Main")], customers=[customer(1, "C1")])
    say(joor, zedonk)
    assert joor.read == zedonk.read == ["catalog", "customers", "inventory"]


def test_stock_tells_barcodes_where_there_is_no_catalog(say: Callable[..., Said]) -> None:
    """Without a catalog the stock is read; an item in two warehouses is still one item."""
    joor = Account(inventory=[level("111", "Main", id="1"), level("111", "EU", id="1"), level("222")])
    said = say(joor, Account(catalog=[product(1, "111", "222")]))
    assert said.line("Barcodes") == "Barcodes: joor and zedonk have the same 2."


@pytest.mark.parametrize("unable", [True, False], ids=["with these settings", "at all"])
def test_stock_tells_barcodes_where_the_settings_give_no_catalog(say: Callable[..., Said], unable: bool) -> None:
    """What a connection cannot supply with its settings is as if the channel could not."""
    catalog = [product(1, "999")] if unable else None
    joor = Account(catalog=catalog, inventory=[level("111")], unable=["catalog"] if unable else [])
    said = say(joor, Account(inventory=[level("111")]), "--only", "barcodes")
    assert (said.code, joor.read) == (0, ["inventory"])


def test_a_barcode_on_two_items_is_ambiguous(say: Callable[..., Said]) -> None:
    """The same barcode on two sizes stands on both, whether the catalog or the stock tells."""
    joor = Account(catalog=[product(1, "111", "111")])
    zedonk = Account(inventory=[level("111", style_number="5", size="M"), level("111", style_number="5", size="L")])
    said = say(joor, zedonk, "--only", "barcodes")
    assert said.line("Barcodes").endswith("1 stands on more than one item at joor and zedonk.")
    assert "1 Navy 0, 1 Navy 1" in said.text
    assert "5 M, 5 L" in said.text


def test_an_account_code_twice_is_ambiguous(say: Callable[..., Said]) -> None:
    """Two customers whose codes differ in case alone cannot be told apart; one read twice can."""
    joor = Account(customers=[customer(1, "C1"), customer(2, "c1"), customer(3, "C3"), customer(3, "C3")])
    said = say(joor, Account(customers=[customer(1, "C1"), customer(3, "C3")]), "--only", "customers")
    assert said.line("Account codes").endswith("(50.0 %); 1 stands on more than one customer at joor.")
    assert "give each customer at joor an account code of its own" in said.text
    assert said.lines[-1].startswith("Fix first: the account code that is not unique. It is not safe to start")


def test_price_labels_count_by_currency(say: Callable[..., Said]) -> None:
    """A price list in another currency is another; customers tell them where there is no catalog."""
    prices = [{"label": "Wholesale", "currency": "EUR"}, {"label": "Wholesale", "currency": "USD"}, {"currency": "GBP"}]
    joor = Account(catalog=[product(1, "1", prices=prices)])
    zedonk = Account(
        customers=[
            customer(1, "C1", price_label="wholesale", currency="EUR"),
            customer(2, "C2", price_label="Wholesale"),
            customer(3, "C3", currency="USD"),
        ]
    )
    said = say(joor, zedonk, "--only", "prices")
    assert said.line("Price labels") == (
        "Price labels: 0 of 3 at joor are at zedonk (0.0 %); 2 only at joor, 1 differs in case."
    )
    assert "no label (GBP)" in said.text
    assert "zedonk: records with a price label but no currency, which are not compared: 1" in said.text


def test_prices_of_colors_and_sizes_count(say: Callable[..., Said]) -> None:
    """A price label that stands on one color or one size only is a price label."""
    sku = {"id": "1", "barcode": "1", "prices": [{"label": "Size", "currency": "EUR"}]}
    color = {"prices": [{"label": "Color", "currency": "EUR"}], "seasons": [{"code": "FW26"}], "skus": [sku]}
    joor, zedonk = both(catalog=[product(1, colors=[color])])
    said = say(joor, zedonk, "--only", "prices", "--only", "seasons")
    assert said.line("Price labels").startswith("Price labels: joor and zedonk have the same 2")
    assert said.line("Seasons").startswith("Seasons: joor and zedonk have the same 1")


def test_records_without_a_code_are_told_and_left_out(say: Callable[..., Said]) -> None:
    """An item without barcode and a customer without account code are no difference, and are counted."""
    joor = Account(catalog=[product(1, "111", None, None)], customers=[customer(1, "C1"), customer(2, None)])
    said = say(joor, Account(catalog=[product(1, "111")], customers=[customer(1, "C1")]))
    assert said.code == 0
    assert "joor: records without barcode, which are not compared: 2" in said.text
    assert "joor: records without account code, which are not compared: 1" in said.text


# what cannot be told


def test_a_subject_one_side_cannot_tell_is_not_compared(say: Callable[..., Said]) -> None:
    """The sides that cannot tell a subject are named; the other side is not read for it, and the rest is compared."""
    joor = Account(catalog=[product(1, "111")], customers=[customer(1, "C1")])
    zedonk = Account(catalog=[product(1, "111")])
    said = say(joor, zedonk)
    assert said.code == 0
    assert said.line("zedonk cannot list customers; account codes are not compared.")
    assert said.line("joor and zedonk cannot list stock; warehouses are not compared.")
    assert said.line("joor and zedonk name no seasons; seasons are not compared.")
    assert joor.read == ["catalog"]
    assert said.lines[-1] == "What was compared matches; it is safe to start. But account codes were not compared."


def test_names_one_side_never_gives_are_not_compared(say: Callable[..., Said]) -> None:
    """Where one side names no season at all, the other's seasons are no difference."""
    joor = Account(catalog=[product(1, "111", seasons=[{"name": "SS27"}])])
    said = say(joor, Account(catalog=[product(1, "111")]), "--only", "seasons", "--only", "barcodes")
    assert said.code == 0
    assert said.line("zedonk names no seasons; seasons are not compared.")


@pytest.mark.parametrize(
    "error",
    [UnavailableError("the service is down."), AuthenticationError("the scope read_customers is missing")],
    ids=["unavailable", "permission"],
)
def test_an_error_in_one_subject_leaves_the_others(say: Callable[..., Said], error: ChannelError) -> None:
    """A reading that fails is told with its reason, the others are compared, and the exit code says it."""
    message = str(error).rstrip(".")
    joor, zedonk = Account(catalog=[product(1, "1")], customers=error), Account(catalog=[product(1, "1")], customers=[])
    said = say(joor, zedonk)
    assert said.code == 4
    assert said.line("Barcodes: joor and zedonk have the same 1")
    assert said.line("joor: ") == f"joor: {message}; account codes are not compared."
    assert said.lines[-1] == "Whether it is safe to start cannot be told: account codes could not be compared."


def test_a_mistake_in_the_settings_stops_the_command(say: Callable[..., Said]) -> None:
    """What a person has to configure first is an error of the configuration."""
    said = say(Account(catalog=SettingsError("set the folder")), Account(catalog=[]))
    assert (said.code, "set the folder" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("last", "note"),
    [
        (RecordPage(()), "joor did not tell its catalog in full; what seems to be missing may be there"),
        (RecordPage((), (Unread("5", "Style 5", "size is missing"),)),
         "joor: records of its catalog that cannot be read: 1, such as Style 5: size is missing"),
        (RecordPage((), complete=True, warnings=("drafts are left out",)), "joor: drafts are left out"),
    ],
    ids=["incomplete", "unread", "warning"],
)  # fmt: skip
def test_what_a_reading_lacked_is_told(say: Callable[..., Said], last: RecordPage, note: str) -> None:
    """A person learns that what seems to be missing may be there after all."""
    said = say(Account(catalog=[product(1, "1")], last=last), Account(catalog=[product(1, "1")]))
    assert (said.code, f"Warning: {note}" in said.err) == (0, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("=", "joor", "joor"), "'joor' is compared with itself; name two connections"),
        (("=", "joor", "store"), "no connection is called 'store'; there are: joor, zedonk"),
        (("--only", "customers"), "nothing can be compared: Error: joor and zedonk cannot list customers"),
        (("--only", "orders"), "no orders of joor or zedonk can be held against what the other has"),
        (("--only", "colors"), "'colors' is not one of"),
    ],
    ids=["itself", "unknown", "nothing to list", "no orders", "no subject"],
)
def test_a_question_that_has_no_answer_is_refused(say: Callable[..., Said], words: tuple[str, ...], told: str) -> None:
    """Usage mistakes are told, with the exit code for usage."""
    said = say(Account(catalog=[]), Account(catalog=[]), *words)
    assert (said.code, told in said.text) == (2, True)


# orders


def test_orders_that_would_be_held_are_counted_by_cause(say: Callable[..., Said]) -> None:
    """Each order counts once, each code once with the first orders that need it, most needed first."""
    joor = Account(
        orders=[
            buys(1, "111", "C1"),
            buys(2, "999", "C9"),
            buys(3, "999", "c1"),
            buys(4, "0111"),
            buys(5, "333", "C1"),
            buys(2, "999", "C9"),
            buys(6, None, None),
        ]
    )
    zedonk = Account(catalog=[product(1, "111", "333", "333")], customers=[customer(1, "C1")], takes_orders=True)
    said = say(joor, zedonk, "--only", "orders")
    assert said.code == 3
    assert said.line("Orders") == (
        "Orders: of 6 orders at joor, 4 would be held today for 3 barcodes and 2 account codes "
        "that zedonk does not know (unless it creates customers)."
    )
    (told,) = json.loads(say(joor, zedonk, "--only", "orders", "--json").out)["orders"]
    assert [(cause["kind"], cause["value_a"], cause["value_b"], cause["label_a"]) for cause in told["causes"]] == [
        ("barcode unknown at zedonk", "999", None, "2 orders, such as 2 (Store 2), 3 (Store 3)"),
        ("barcode differs in leading zeros at zedonk", "0111", "111", "1 order: 4 (Store 4)"),
        ("barcode not unique at zedonk", "333", "333", "1 order: 5 (Store 5)"),
        ("account code unknown at zedonk", "C9", None, "1 order: 2 (Store 2)"),
        ("account code differs in case at zedonk", "c1", "C1", "1 order: 3 (Store 3)"),
    ]
    assert "Fix first: what zedonk does not know of the orders at joor. It is safe to start" in said.text
    assert [(taste, query.peek, query.bookmark) for taste, query in joor.queries] == [("plain", True, None)] * 2


def test_orders_go_through_the_pipeline_between_the_two(say: Callable[..., Said]) -> None:
    """The pipeline's source options, map and skip rules decide what would be held; skipped orders do not wait."""
    config = CONFIG + PIPELINE + (
        '[pipelines.orders.map]\n"customer.account_code" = "{{ order.customer.account_code | upper }}"\n'
        '[[pipelines.orders.skip]]\nwhen = "order.number == \'2\'"\nreason = "not wanted"\n'
    )  # fmt: skip
    joor = Account(orders=[buys(1, "111", "c1"), buys(2, "999", "C1"), Fetched("3", "3", None, skip="a draft")])
    zedonk = Account(catalog=[product(1, "111")], customers=[customer(1, "C1")], takes_orders=True)
    said = say(joor, zedonk, "--only", "orders", config=config)
    assert said.code == 0
    assert said.line("Orders") == "Orders: of 1 order at joor, none would be held today for its codes."
    assert [taste for taste, _ in joor.queries] == ["approved"]


def test_orders_that_cannot_be_read_or_mapped_wait_too(say: Callable[..., Said]) -> None:
    """An order without a readable form and one the map fails on are counted apart."""
    config = CONFIG + PIPELINE + '[pipelines.orders.map]\n"currency" = "{{ order.season.name }}"\n'
    orders = [Fetched("1", "1", None, problem="no currency"), buys(2, "111"), buys(3, "111", season={"name": "EUR"})]
    zedonk = Account(catalog=[product(1, "111")], takes_orders=True)
    said = say(Account(orders=orders), zedonk, "--only", "orders", config=config)
    assert said.code == 3
    assert "2 cannot be read or mapped and would be held too" in said.line("Orders")
    assert "their account codes could not be looked at" in said.line("Orders")


def test_orders_of_both_sides_are_looked_at(say: Callable[..., Said]) -> None:
    """Where orders could go either way, those of each are held against what the other has."""
    joor = Account(catalog=[product(1, "1")], orders=[buys(1, "2")], takes_orders=True)
    zedonk = Account(catalog=[product(1, "2")], orders=[buys(5, "1"), buys(6, "3")], takes_orders=True)
    said = say(joor, zedonk, "--json")
    told = json.loads(said.out)["orders"]
    assert [(one["source"], one["destination"], one["orders"], one["held"]) for one in told] == [
        ("joor", "zedonk", 1, 0),
        ("zedonk", "joor", 2, 1),
    ]
    (cause,) = told[1]["causes"]
    assert (cause["value_a"], cause["value_b"], cause["label_b"]) == (None, "3", "1 order: 6 (Store 6)")


def test_orders_are_not_looked_at_where_none_are_taken(say: Callable[..., Said]) -> None:
    """Orders that the other side would never get cannot be held there, and are not read."""
    joor = Account(catalog=[product(1, "1")], orders=[buys(1, "999")])
    said = say(joor, Account(catalog=[product(1, "1")]))
    assert (said.code, joor.queries) == (0, [])


def test_orders_that_cannot_be_fetched_leave_the_rest(say: Callable[..., Said]) -> None:
    """When orders cannot be read the other subjects are still compared."""
    joor = Account(catalog=[product(1, "1")], orders=UnavailableError("too busy"))
    said = say(joor, Account(catalog=[product(1, "1")], takes_orders=True))
    assert said.code == 4
    assert said.line("Barcodes: joor and zedonk have the same 1")
    assert said.line("joor: too busy; orders are not compared.")


def test_codes_that_cannot_be_read_are_told_with_the_orders(say: Callable[..., Said]) -> None:
    """When only orders are wanted and the destination's codes fail, the reason is told and the rest is looked at."""
    zedonk = Account(catalog=UnavailableError("too busy"), customers=[customer(1, "C1")], takes_orders=True)
    said = say(Account(orders=[buys(1, "111", "C2")]), zedonk, "--only", "orders")
    assert said.code == 4
    assert said.line("Orders").endswith(
        "1 account code that zedonk does not know (unless it creates customers); their barcodes could not be looked at."
    )
    assert said.line("zedonk: too busy; barcodes are not compared.")


# the closing sentence, JSON and lists


@pytest.mark.parametrize(
    ("joor", "zedonk", "closing"),
    [
        (["1", "2"], ["1"], "Fix first: the barcode that differs. It is safe to start: what only one side has"),
        (["01"], ["1"], "Fix first: the barcode that is spelled differently. It is not safe to start yet"),
        (["1", "1"], ["1"], "Fix first: the barcode that is not unique. It is not safe to start yet"),
        ([], ["1", "2"], "Fix first: joor has no barcodes yet; send it the 2 barcodes of zedonk. It is safe to start"),
    ],
    ids=["missing", "spelling", "ambiguous", "new account"],
)
def test_the_report_closes_with_what_to_fix_first(
    say: Callable[..., Said], joor: list[str], zedonk: list[str], closing: str
) -> None:
    """The last line names the most urgent thing, and says whether it is safe to start."""
    accounts = [
        Account(catalog=[product(1, *codes_)] if codes_ else [], customers=[customer(1, "C1")])
        for codes_ in (joor, zedonk)
    ]
    assert say(*accounts).lines[-1].startswith(closing)


def test_json_says_everything(say: Callable[..., Said]) -> None:
    """Machines get each difference, totals and coverage of both sides, and nothing else on standard output."""
    joor = Account(catalog=[product(n, f"5{n:03d}") for n in range(25)])
    told = json.loads(say(joor, Account(catalog=[product(1, "5000", "6")]), "--json").out)
    assert set(told) == {
        "a", "b", "matches", "failed", "closing", "subjects", "orders", "not_compared", "notes",
    }  # fmt: skip
    (barcodes,) = told["subjects"]
    assert (barcodes["total_a"], barcodes["total_b"], barcodes["same"]) == (25, 2, 1)
    assert (barcodes["coverage_a"], barcodes["coverage_b"]) == (4.0, 50.0)
    assert barcodes["counts"] == {"only at joor": 24, "only at zedonk": 1}
    assert len(barcodes["differences"]) == 25
    assert set(barcodes["differences"][0]) == {"kind", "value_a", "value_b", "label_a", "label_b", "fix"}
    assert (told["matches"], told["failed"]) == (False, False)
    assert set(told["not_compared"]) < set(get_args(Subject))


def test_lists_have_every_difference(say: Callable[..., Said], tmp_path: Path) -> None:
    """One file per subject that was compared, every difference in it, codes as they are."""
    joor = Account(catalog=[product(n, f"00{n + 1}") for n in range(15)], customers=[customer(1, "Ä1")])
    zedonk = Account(catalog=[product(n, f"{n + 1}") for n in range(15)], customers=[customer(1, "Ä1")])
    folder = tmp_path / "lists" / "today"
    said = say(joor, zedonk, "--csv", str(folder))
    assert {file.name for file in folder.iterdir()} == {"barcodes.csv", "customers.csv"}
    with (folder / "barcodes.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 15
    assert list(rows[0]) == [
        "kind of difference", "value at joor", "value at zedonk", "label at joor", "label at zedonk", "what to do",
    ]  # fmt: skip
    assert rows[0]["kind of difference"] == "differs in leading zeros"
    assert {row["value at joor"] for row in rows} == {f"00{n + 1}" for n in range(15)}
    assert "leading zeros are lost" in said.text


def test_a_list_holds_no_formula(say: Callable[..., Said], tmp_path: Path) -> None:
    """What a customer calls itself is never run by the spreadsheet that opens the list."""
    joor = Account(customers=[customer(1, "-C1", name='=HYPERLINK("https://example.com")')])
    say(joor, Account(customers=[]), "--csv", str(tmp_path / "lists"))
    with (tmp_path / "lists" / "customers.csv").open(encoding="utf-8-sig", newline="") as file:
        (_, row) = list(csv.reader(file))
    assert row[1] == "'-C1"
    assert row[3].startswith("'=HYPERLINK")
