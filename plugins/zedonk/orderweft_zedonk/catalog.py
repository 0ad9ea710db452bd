"""Read products: styles with their colors, sizes, barcodes, prices by season and first images."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from orderweft import (
    Connection,
    Image,
    InvalidRecordError,
    Named,
    OrderLine,
    Origin,
    Price,
    Product,
    ProductColor,
    RecordPage,
    Sku,
    UnavailableError,
    Unread,
    country_code,
    first_mistake,
    hookimpl,
)
from pydantic import ValidationError

from .client import BadImageError, Client, Table
from .config import Settings
from .customers import currency_of
from .mapping import Barcodes, Row, to_gtin

PAGE = 100
_SHOWN = 20
"""Warnings of one kind that are spelt out."""

Colorway = tuple[str, str, str]
"""Style, fabric and color: what Zedonk calls a product."""


@hookimpl
def read_catalog(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield one product per style of the connector catalogue."""
    reader = _Reader(connection)
    styles = reader.styles()
    unread: list[Unread] = []
    products: list[Product] = []
    for name, rows in styles.items():
        try:
            products.append(reader.product(name, rows))
        except InvalidRecordError as error:
            unread.append(Unread(name, name, str(error)))
        except ValidationError as error:
            unread.append(Unread(name, name, first_mistake(error)))
        if len(products) >= PAGE:
            yield RecordPage(tuple(products), total=len(styles))
            products = []
    yield RecordPage(
        tuple(products), tuple(unread), total=len(styles), complete=not unread, warnings=tuple(reader.warnings())
    )


class Assortment:
    """The barcodes Zedonk knows, each with the cells that name its item on an order."""

    def __init__(self, table: Table, barcodes: Barcodes) -> None:
        self.barcodes = barcodes
        self._items: dict[str, dict[str, str | None]] = {}
        self._twice: set[str] = set()
        for row in table.rows:
            key = barcodes.key(row.text("Barcode"))
            if key is None:
                continue
            cells = {column: row.text(column) for column in ("Style", "Fabric", "Colour", "Size")}
            cells["Barcode"] = barcodes.written(row.text("Barcode"))
            known = self._items.setdefault(key, cells)
            if known != cells:
                self._twice.add(key)

    def find(self, line: OrderLine) -> dict[str, str | None] | None:
        """Return the cells of the one item that has the barcode of *line*."""
        for code in (line.barcode, line.gtin):
            key = self.barcodes.key(code)
            if key in self._items and key not in self._twice:
                return self._items[key]
        return None


class Calendar:
    """The seasons in their order."""

    def __init__(self, table: Table | None) -> None:
        self._starts: dict[str, date | None] = {}
        self.counts: Counter[str] = Counter()
        for row in table.rows if table else ():
            name = row.text("Season")
            if name:
                self.counts[name] += 1
                with suppress(InvalidRecordError):
                    self._starts[name] = row.day("Start Date")

    def latest(self, seasons: Collection[str]) -> str:
        """Return the season that starts last; of two that start together, the last by name."""
        if len(seasons) == 1:
            return next(iter(seasons))
        undated = sorted(season for season in seasons if self._starts.get(season) is None)
        if undated:
            raise UnavailableError(
                f"nobody knows when the season {undated[0]!r} starts, and so which price is the newer one; "
                "have the seasons exported with start dates in the form that date_order says"
            )
        return max(seasons, key=lambda season: (self._starts[season] or date.min, season))


def collisions(rows: Iterable[Row]) -> dict[str, dict[str, list[str]]]:
    """Return the styles that have one color in several fabrics: by style, those colors with their fabrics."""
    fabrics: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        style, color = row.text("Style"), row.text("Colour")
        if style and color:
            fabrics.setdefault((style, color), {})[row.text("Fabric") or ""] = None
    found: dict[str, dict[str, list[str]]] = {}
    for (style, color), several in fabrics.items():
        if len(several) > 1:
            found.setdefault(style, {})[color] = list(several)
    return found


def identifier(row: Row, colliding: Collection[str]) -> str:
    """Return what tells the style of *row* from every other: its number, with the fabric where that alone would not."""
    style = row.needed("Style")
    return f"{style} {row.text('Fabric') or ''}".strip() if style in colliding else style


@dataclass(slots=True)
class _Prices:
    """The price export, by product and season."""

    by_season: dict[tuple[Colorway, str], list[Row]] = field(default_factory=lambda: defaultdict(list))
    lists: dict[tuple[str, str], None] = field(default_factory=dict)
    """Every price list with its currency."""
    has_fabrics: bool = True

    def of(self, colorway: Colorway, season: str) -> list[Row]:
        """Return the prices of one product in one season."""
        style, fabric, color = colorway
        return self.by_season.get(((style, fabric if self.has_fabrics else "", color), season), [])


class _Reader:
    """Puts products together out of one reading of the exports."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._connection = connection
        self._settings = settings = connection.settings
        self._client = client = connection.once(Client)
        self._table = client.table("products")
        if settings.without_barcode == "leave_out":
            self._table.check_column("Barcode", 'without_barcode = "send"')
        self._barcodes = Barcodes.of(
            (row.text("Barcode") for row in self._table.rows), settings.barcode_match, settings.barcode_type
        )
        self._told: dict[str, list[str]] = defaultdict(list)
        self._general = list(self._table.warnings)
        self._prices = self._read_prices()
        self._calendar = Calendar(client.table_if_any("seasons"))
        self._colliding: Mapping[str, Mapping[str, Sequence[str]]] = {}
        if client.images:
            client.images.refresh()

    def _read_prices(self) -> _Prices:
        prices, seasons = _Prices(), self._settings.price_seasons
        if not seasons:
            return prices
        table = self._client.table("prices", seasons)
        self._general += table.warnings
        prices.has_fabrics = "Fabric" in table.columns
        for row in table.rows:
            season, label, currency = row.text("Season"), row.text("Price List"), row.text("Currency")
            if season in seasons and label and currency and label in (self._settings.price_lists or (label,)):
                prices.by_season[_colorway(row), season].append(row)
                prices.lists[label, currency] = None
        priced = {season for _, season in prices.by_season}
        for season in seasons:
            if season not in priced:
                self._general.append(f"price_seasons: Zedonk has no prices of a season {season!r}")
        return prices

    def styles(self) -> dict[str, list[Row]]:
        """Return the rows of each product, by what tells it from the others."""
        rows = [row for row in self._table.rows if row.text("Style")]
        if len(rows) < len(self._table.rows):
            self._general.append(f"{len(self._table.rows) - len(rows)} rows of products have no style")
        if self._settings.catalogue_only and "Catalogue" not in self._table.columns:
            self._general.append("the product export has no column Catalogue; all products are taken")
        elif self._settings.catalogue_only:
            chosen = {_colorway(row) for row in rows if self._flag(row, "Catalogue", default=False)}
            rows = [row for row in rows if _colorway(row) in chosen]
        active = {_colorway(row) for row in rows if self._flag(row, "Active", default=True)}
        if gone := {_colorway(row) for row in rows} - active:
            self._general.append(f"inactive products are left out: {len(gone)}")
        rows = [row for row in rows if _colorway(row) in active]
        if self._settings.without_barcode == "leave_out":
            coded = {sized(row) for row in rows if row.text("Barcode")}
            if nameless := {sized(row) for row in rows} - coded:
                self._general.append(f"sizes without a barcode are left out: {len(nameless)} (without_barcode)")
            rows = [row for row in rows if sized(row) in coded]
        self._colliding = collisions(rows)
        for style, colors in self._colliding.items():
            each = "; ".join(f"{color} in {', '.join(name or 'none' for name in fabrics)}"
                             for color, fabrics in colors.items())  # fmt: skip
            self._general.append(
                f"style {style} has the same color in several fabrics ({each}); each fabric becomes a product of its "
                "own with the same style number, and only barcodes tell them apart where the fabric is not known"
            )
        styles: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            styles[identifier(row, self._colliding)].append(row)
        return styles

    def _flag(self, row: Row, column: str, *, default: bool) -> bool:
        try:
            return row.flag(column, default=default)
        except InvalidRecordError as error:
            self._told[f"{column} cannot be understood"].append(str(error))
            return default

    def product(self, name: str, rows: Sequence[Row]) -> Product:
        """Build one product; raises InvalidRecordError naming what cannot be read."""
        by_color: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            by_color[row.needed("Colour")].append(row)
        prices = {color: self._prices_of(own) for color, own in by_color.items()}
        seasons = {color: _visible_in(own) for color, own in by_color.items()}
        every = _unique(season for own in seasons.values() for season in own)
        same_price = len({tuple(own) for own in prices.values()}) == 1
        colors = [
            ProductColor(
                color=color,
                prices=() if same_price else tuple(prices[color]),
                images=tuple(self._images_of(f"{name} {color}", own)),
                seasons=() if seasons[color] == every else tuple(Named(name=season) for season in seasons[color]),
                skus=tuple(self._skus(own)),
                custom_fields=_known({"fabric": _first(own, "Fabric"), "skid": _first(own, "SKID")}),
            )
            for color, own in by_color.items()
        ]
        fabrics = _unique(fabric for row in rows if (fabric := row.text("Fabric")))
        origin = Origin(channel=self._connection.channel, connection=self._connection.name, id=name)
        return Product(
            origin=origin,
            style_number=_first(rows, "Style"),
            style_identifier=name,
            name=_first(rows, "Description") or name,
            description=_first(rows, "Description"),
            category=_first(rows, "Category"),
            subcategory=_first(rows, "Subcategory"),
            gender=_first(rows, "Category Gender"),
            silhouette=_first(rows, "Silhouette"),
            materials=_first(rows, "Textile Content"),
            fabrication=" / ".join(fabrics) or None,
            country_of_origin=country_code(_first(rows, "Manufacturer Country")),
            status="active",
            seasons=tuple(Named(name=season) for season in every),
            collections=tuple(
                Named(name=sheet) for sheet in _unique(filter(None, (r.text("Linesheet") for r in rows)))
            ),
            prices=tuple(next(iter(prices.values()))) if same_price else (),
            sizes=tuple(_unique(row.needed("Size") for row in rows)),
            colors=tuple(colors),
        )

    def _skus(self, rows: Sequence[Row]) -> Iterator[Sku]:
        found: dict[str, str | None] = {}
        for row in rows:
            size, code = row.needed("Size"), self._barcodes.written(row.text("Barcode"))
            if code and found.get(size, code) != code:
                raise InvalidRecordError(f"Barcode: size {size} has two, {found[size]} and {code} ({row.place})")
            found[size] = code or found.get(size)
        for size, code in found.items():
            yield Sku(size=size, barcode=code, gtin=to_gtin(code))

    def _prices_of(self, rows: Sequence[Row]) -> list[Price]:
        chosen, colorway = self._settings.price_seasons, _colorway(rows[0])
        visible = [season for season in _visible_in(rows) if season in chosen]
        if not chosen:
            return []
        if not visible:
            self._told["visible in none of the price seasons"].append(" ".join(filter(None, colorway)))
            if self._settings.invisible_price == "missing":
                return []
            # As Zedonk's own connector exports it: its help page on the JOOR connector, rule on price seasons.
            free = Decimal("0.00")
            return [
                Price(label=label, currency=self._currency(currency), wholesale=free, retail=free)
                for label, currency in self._prices.lists
            ]
        found: dict[tuple[str | None, str], Price] = {}
        for row in self._prices.of(colorway, self._calendar.latest(visible)):
            label, currency = row.text("Price List"), self._currency(row.needed("Currency"))
            price = Price(label=label, currency=currency, wholesale=row.amount("WSP"), retail=row.amount("RRP"))
            if found.setdefault((label, currency), price) != price:
                raise InvalidRecordError(f"WSP: the price list {label!r} has two prices in {currency} ({row.place})")
        return list(found.values())

    def _currency(self, name: str) -> str:
        code = currency_of(name, self._settings)
        if code is None:
            raise InvalidRecordError(f"Currency: nobody knows {name!r}; say what it is in [currency_names]")
        return code

    def _images_of(self, label: str, rows: Sequence[Row]) -> Iterator[Image]:
        name = _first(rows, "Image 1")
        if name is None or self._client.images is None:
            return
        try:
            image, problem = self._client.images.get(name)
        except BadImageError as error:
            self._told["left out images"].append(f"{label}: {name}: {error}")
            return
        if problem:
            self._told["images of another form"].append(f"{label}: {name}: {problem}")
        yield image

    def warnings(self) -> list[str]:
        """Return what a person should know, the same thing said of many products shortened."""
        told = list(dict.fromkeys(self._general))
        for what, each in self._told.items():
            more = f" and {len(each) - _SHOWN} more" if len(each) > _SHOWN else ""
            told.append(f"{what}: {'; '.join(each[:_SHOWN])}{more}")
        return told


def _colorway(row: Row) -> Colorway:
    return row.text("Style") or "", row.text("Fabric") or "", row.text("Colour") or ""


def sized(row: Row) -> tuple[str, ...]:
    """Return style, fabric, color and size: what Zedonk calls an item."""
    return *_colorway(row), row.text("Size") or ""


def _visible_in(rows: Iterable[Row]) -> list[str]:
    return _unique(row.needed("Season") for row in rows if row.flag("Visible", default=True))


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _first(rows: Iterable[Row], column: str) -> str | None:
    return next((value for row in rows if (value := row.text(column))), None)


def _known(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
