"""Read stock: available-to-sell of the chosen seasons, and what production still brings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from orderweft import (
    Connection,
    InvalidRecordError,
    Item,
    Named,
    Origin,
    RecordPage,
    SettingsError,
    StockLevel,
    UnavailableError,
    Unread,
    hookimpl,
    paged,
)

from .catalog import collisions, identifier, sized
from .client import FLAG, Client, Table
from .config import Settings
from .mapping import Barcodes, Row, to_gtin

_MOST = 10**9
"""More pieces than any brand has of one item; a number beyond is a barcode or a date in the wrong column."""

Key = tuple[str | None, ...]


@dataclass(slots=True)
class _Sum:
    """What adds up to one level."""

    row: Row
    total: int = 0
    product: Key = ()
    problem: str | None = None


@dataclass(slots=True)
class _Read:
    """What a reading has found so far."""

    levels: list[StockLevel] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@hookimpl
def read_inventory(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield what can be sold of every item in the chosen seasons together."""
    settings, client = connection.settings, connection.once(Client)
    if not settings.stock_seasons:
        raise SettingsError("stock_seasons: name the seasons whose stock is read")
    seasons = settings.stock_seasons
    table = client.table("inventory", seasons)
    if settings.without_barcode == "leave_out":
        table.check_column("Barcode", 'without_barcode = "send"')
    read = _Read(warnings=list(table.warnings))
    _check_seasons(client, settings, table, read)
    barcodes = Barcodes.of((row.text("Barcode") for row in table.rows), settings.barcode_match, settings.barcode_type)
    reader = _Reader(connection, table, barcodes, read)
    reader.now([row for row in table.rows if row.text("Season") in seasons])
    if settings.include_future_ats:
        future = client.table("future_inventory", seasons)
        read.warnings += future.warnings
        reader.later([row for row in future.rows if row.text("Season") in seasons])
    yield from paged(read.levels, read.unread, read.warnings)


def _check_seasons(client: Client, settings: Settings, table: Table, read: _Read) -> None:
    there = {row.text("Season") for row in table.rows}
    missing = [season for season in settings.stock_seasons if season not in there]
    if not missing:
        return
    known = client.table_if_any("seasons")
    names = {row.text("Season") for row in known.rows} if known else set()
    wrong = [season for season in missing if season not in names]
    if wrong:
        spelt = ", ".join(sorted(name for name in there | names if name)) or "none"
        raise SettingsError(f"stock_seasons: Zedonk has no stock of a season {wrong[0]!r}; its seasons are {spelt}")
    if settings.empty_seasons == "refuse":
        raise UnavailableError(
            f"stock_seasons: Zedonk's export has no stock of {missing[0]!r}; export it again, take it out, or set "
            'empty_seasons = "allow"'
        )
    read.warnings.append(f"Zedonk has no stock of {', '.join(missing)}")


class _Reader:
    """Adds rows up to levels."""

    def __init__(self, connection: Connection[Settings], table: Table, barcodes: Barcodes, read: _Read) -> None:
        self._connection = connection
        self._settings = connection.settings
        self._barcodes = barcodes
        self._read = read
        self._colliding: Collection[str] = collisions(table.rows)
        self._items: dict[str | None, Row] = {}
        self._rows: dict[Key, list[Row]] = defaultdict(list)
        for row in table.rows:
            if row.text("Barcode"):
                self._items[barcodes.key(row.text("Barcode"))] = row
            self._rows[sized(row)].append(row)

    def now(self, rows: Sequence[Row]) -> None:
        """Read what is available now."""
        sums: dict[Key, _Sum] = {}
        nameless = 0
        for row in rows:
            code = self._barcodes.key(row.text("Barcode"))
            product = sized(row)
            if code is None and self._settings.without_barcode == "leave_out":
                nameless += 1
                continue
            key = (code,) if code else product
            entry = sums.setdefault((*key, row.text("Location")), _Sum(row, product=product))
            if entry.product != product:
                entry.problem = (
                    entry.problem or f"Barcode: {code} is on two items, see {entry.row.place} and {row.place}"
                )
            _add(entry, row, "Available")
        if nameless:
            self._read.warnings.append(f"rows of stock without a barcode are left out: {nameless} (without_barcode)")
        for entry in sums.values():
            self._level(entry, None)

    def later(self, rows: Sequence[Row]) -> None:
        """Read what production brings, by the day its docket starts."""
        sums: dict[tuple[str | None, date | None], _Sum] = {}
        for row in rows:
            try:
                code, day = self._barcodes.key(row.needed("Barcode")), row.day("Start Date")
                if day is None:
                    raise InvalidRecordError(f"Start Date: nothing is in it ({row.place})")
            except InvalidRecordError as error:
                self._unread(row, str(error))
                continue
            _add(sums.setdefault((code, day), _Sum(row)), row, "Quantity")
        for (_, day), entry in sums.items():
            self._level(entry, day)

    def _level(self, entry: _Sum, day: date | None) -> None:
        try:
            if entry.problem:
                raise InvalidRecordError(entry.problem)
            item, where = self._item(entry.row), entry.row.text("Location")
            total = max(entry.total, 0) if self._settings.negative_ats == "zero" else entry.total
            if abs(total) > _MOST:
                raise InvalidRecordError(f"its pieces add up to more than {_MOST:,} ({entry.row.place})")
        except InvalidRecordError as error:
            self._unread(entry.row, str(error))
            return
        names = [item.key, where or "", day.isoformat() if day else ""]
        seasons = self._settings.stock_seasons
        self._read.levels.append(
            StockLevel(
                origin=Origin(
                    channel=self._connection.channel, connection=self._connection.name, id="|".join(names).rstrip("|")
                ),
                item=item,
                warehouse=Named(name=where) if where else None,
                bucket="future" if day else "immediate",
                available_on=day,
                quantity=total,
                season=seasons[0] if len(seasons) == 1 else None,
            )
        )

    def _item(self, row: Row) -> Item:
        raw = row.text("Barcode")
        code = self._barcodes.written(raw)
        # a docket names the barcode alone; the stock list says what it is
        named = row if row.text("Style") else self._items.get(self._barcodes.key(raw))
        if named is None:
            return Item(barcode=code, gtin=to_gtin(code))
        fabric, words = named.text("Fabric"), sized(named)
        flags = {name: "1" for row in self._rows[words] for name in _flags(row)}
        return Item(
            id="/".join(words),
            style_number=named.needed("Style"),
            style_identifier=identifier(named, self._colliding),
            color=named.needed("Colour"),
            size=named.needed("Size"),
            barcode=code,
            gtin=to_gtin(code),
            custom_fields={**flags, **({"fabric": fabric} if fabric else {})},
        )

    def _unread(self, row: Row, problem: str) -> None:
        words = [row.text(column) for column in ("Style", "Colour", "Size", "Barcode")]
        label = " ".join(word for word in words if word) or row.place
        self._read.unread.append(Unread(row.text("Barcode") or label, label, problem))


def _flags(row: Row) -> Iterator[str]:
    return (name for name in row.cells if name.startswith(FLAG) and row.flag(name, default=False))


def _add(entry: _Sum, row: Row, column: str) -> None:
    try:
        pieces = row.whole(column)
        if pieces is None:
            raise InvalidRecordError(f"{column}: nothing is in it ({row.place})")
        entry.total += pieces
    except InvalidRecordError as error:
        entry.problem = entry.problem or str(error)
