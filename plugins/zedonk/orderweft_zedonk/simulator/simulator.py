"""A Zedonk tenant in memory: its report endpoint, and the folder it exchanges files by."""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Unpack

from orderweft import Clock, Request, Response
from orderweft.testing import SystemClock, brand

from .exchange import Exchange
from .folder import Folder
from .model import Costing, Customer, DeliveryNote, Docket, ImportSettings, LogEntry, Order, Product, Season, Sku, Stock
from .reports import Reports
from .rows import COLUMNS
from .sample import USERS, Sample, kept_barcode, season_names
from .switches import Switches, resolve
from .tenant import Tenant

_PATH = re.compile(r"(?:.*)/API/REST/(?:SeasonName)?ExecuteDataAPI")


class Simulator:
    """One Zedonk tenant with the sample brand.

    *folder* is where files are exchanged; without it a private one lives as long as the simulator. Nobody works there
    by itself: `work` is one round of what people and schedules do, and the first exports are there from the start.
    The other arguments are switches, one for each thing not publicly known; the first value named is the default, or
    the seed chooses where that is said. The order of columns, where shuffled, comes from the seed too.

    Reports:
    `root`: the name of the root element; by seed.
    `namespace`: the elements are in `none`, in a `default` one, or in one that is `prefixed`; by seed.
    `errors`: an error is told by `code` in the body under HTTP 200, or by the HTTP `status` too; by seed.
    `nulls`: the element of a missing value is `absent` or `empty`; by seed.
    `empty_data`: without rows `Data` is `absent` or `empty`; by seed.
    `column_names`: blanks in element names are `encoded` as `_x0020_` or `stripped`.
    `apostrophes`: a doubled one inside a filter's quotes is `refused` or stands for one: `doubled`.

    Values:
    `dates`: `iso` days, each as an `instant` with offset, or in the `uk` order 31/12/2026; orders that come in always
    have iso days.
    `decimals`: amounts in files have a `point`, or a `comma` with points for thousands: 1.234,56.
    `countries`: addresses hold the ISO `code` or the English `name`.

    Files, both ways:
    `encoding`: `utf-8-sig`, `utf-8` (both read either) or `cp1252`; by seed between the first two.
    `delimiter`: a comma or a semicolon.
    `newline`: LF or CR LF; read either way; by seed.
    `column_order`: `shuffled` or as the `profile` has it.
    `dropped_columns`: the names of columns this tenant does not have.
    `old_exports`: the exports a new one replaces are `removed` or `kept`.
    `results`: result files are `written` or always `missing`.

    Products, stock and customers:
    `barcodes`: the tenant keeps `ean_13` or `upc_a`; in the latter the sample's barcodes are others than the brand's.
    `leading_zeros`: exported barcodes have them `kept`, or `stripped` as by a spreadsheet.
    `seasons`: the seasons are called by the brand's season `names` or by its `codes`.
    `locations`: stock is kept at `one` unnamed location or at `several`, the brand's warehouses.
    `customer_export`: `all` customers, or the `eligible` ones, active and with an account code.
    `negative_ats`: shown as they are, `shown`, or as zero, `clamped`.
    `projected`: Available plus what `production` still owes, or the formula as `printed`.

    Orders that come in:
    `unmatched_line`: an unknown item gets the file `refused` or only its line `dropped`.
    `duplicates`: an order that is already there is `skipped` (and one amended since is an error), or another one is
    `created`.
    `order_identity`: an order is known again by its `external_id` (by its reference where it has none) or by its
    `order_reference` and account code alone.
    `unit_price`: the column Unit Price is the `line_total` or the price of one `unit`.
    `new_addresses`: an address is known again `folded`, without regard to blanks, case, contact, mail and phone, or
    only when it is `exact`.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        folder: Path | str | None = None,
        **switches: Unpack[Switches],
    ) -> None:
        chosen = resolve(switches, seed)
        _, current, _ = season_names(chosen["seasons"])
        self.import_settings = ImportSettings(current, approved=False, owner=USERS[0])
        """The connector's settings for imported orders; change them as a person would."""
        self._tenant = Tenant(clock or SystemClock(), chosen, self.import_settings)
        sample = Sample(self._tenant)
        sample.fill()
        self.awkward_products: Mapping[str, Product] = sample.products
        """The awkward products of the sample by kind."""
        self.awkward_customers: Mapping[str, Customer] = sample.customers
        """The awkward customers of the sample by kind."""
        self._credentials = {"username": f"simulated-user-{seed}", "password": brand.secret(f"pass&word+{seed}%"),
                             "key": brand.secret(f"simulated-key-{seed}")}  # fmt: skip
        self.folder = Path(folder) if folder is not None else _private_folder(self)
        """Where files are exchanged."""
        self._files = Folder(self.folder, self._tenant.clock, tuple(COLUMNS))
        self._exchange = Exchange(self._tenant, self._files, seed)
        self._reports = Reports(self._tenant, self._exchange, self._credentials)
        self.requests = 0
        """How many requests have come in."""
        self.export_files()

    # the wire

    def operation(self, request: Request) -> str:
        """Name what *request* asks for: `report.` and the report's name, or `unknown`."""
        if not _PATH.fullmatch(request.path):
            return "unknown"
        return f"report.{request.query.get('dataAPIName', '')}"

    def handle(self, request: Request) -> Response:
        """Answer *request*."""
        self.requests += 1
        if self.operation(request) == "unknown":
            return Response(404, {"content-type": "text/plain"}, b"Not Found")
        return self._reports.run(request)

    def settings(self) -> Mapping[str, Any]:
        """Return the folder and the credentials this simulator takes, by setting name."""
        return {"folder": str(self.folder), **self._credentials}

    def facts(self) -> Mapping[str, int]:
        """Return what a person would count in this tenant."""
        return {
            "orders": len(self.orders),
            "customers": len(self.customers),
            "imported files": len(self.imported_files),
        }

    # people and schedules

    def work(self) -> None:
        """Do one round of what people and schedules do: import what waits, then export everything anew."""
        self.import_files()
        self.export_files()

    def import_files(self) -> Sequence[str]:
        """Import every complete file in `in/`, the oldest first, and return their names."""
        return self._exchange.import_files()

    def export_files(self) -> Sequence[str]:
        """Write a fresh export of every data set, and the pictures, and return the names of the files."""
        return self._exchange.export_files()

    # what there is

    @property
    def orders(self) -> Mapping[str, Order]:
        """Return every order by its number."""
        return self._tenant.orders

    @property
    def customers(self) -> Mapping[str, Customer]:
        """Return every customer by name."""
        return {customer.name: customer for customer in self._tenant.customers}

    @property
    def products(self) -> Sequence[Product]:
        """Return every product."""
        return self._tenant.products

    @property
    def seasons(self) -> Mapping[str, Season]:
        """Return every season by name."""
        return self._tenant.seasons

    @property
    def dockets(self) -> Sequence[Docket]:
        """Return every production docket."""
        return self._tenant.dockets

    @property
    def log(self) -> Sequence[LogEntry]:
        """Return the connector's log."""
        return self._tenant.log

    @property
    def imported_files(self) -> Sequence[str]:
        """Return the names of all files taken from `in/`, whatever became of them, in order."""
        return self._exchange.imported

    def exports(self, dataset: str) -> Sequence[Path]:
        """Return the exports of *dataset* that lie in the folder, the oldest first."""
        return self._files.exports(dataset)

    def sku(self, barcode: str) -> Sku:
        """Return the SKU of *barcode*."""
        sku = self._tenant.sku_by_barcode(barcode)
        if sku is None:
            raise KeyError(f"no SKU has the barcode {barcode}")
        return sku

    def available(self, barcode: str, season: str | None = None) -> int:
        """Return what is available to sell of *barcode*, in one season or in all."""
        return self._tenant.available(self.sku(barcode), season)

    # what people change: orders

    def approve(self, order: str) -> None:
        """Approve an order, so that it counts as sold."""
        self.orders[order].approved = True

    def lock(self, order: str) -> None:
        """Lock an order."""
        self.orders[order].locked = True

    def force_close(self, order: str) -> None:
        """Close an order for good, so that what was not shipped is available again."""
        self.orders[order].force_closed = True

    def ship(
        self, order: str, pieces: Mapping[int, int] | None = None, *, carrier: str = "", tracking: str = ""
    ) -> DeliveryNote:
        """Ship *pieces* by position of the line, or all that is left, with one delivery note."""
        return self._tenant.ship(self.orders[order], dict(pieces or {}), carrier, tracking)

    # what people change: stock and production

    def set_stock(
        self, barcode: str, available: int, *, season: str | None = None, location: str | None = None
    ) -> None:
        """Adjust the stock so that *available* pieces are to be sold, in the default season unless another is named."""
        sku, tenant = self.sku(barcode), self._tenant
        season, location = season or tenant.default_season, tenant.main_location if location is None else location
        stock = tenant.stock.setdefault((season, location, sku), Stock())
        now = next(at for at in tenant.positions() if (at.season, at.location, at.sku) == (season, location, sku))
        stock.adjustments += available - now.available

    def add_docket(self, barcode: str, quantity: int, start_date: date, *, season: str | None = None) -> Docket:
        """Order *quantity* pieces from production, whose product line starts on *start_date*."""
        docket = Docket(
            f"PD{len(self.dockets) + 1:04d}", season or self._tenant.default_season, start_date,
            {self.sku(barcode): quantity},
        )  # fmt: skip
        self._tenant.dockets.append(docket)
        return docket

    def receive_docket(self, docket: Docket) -> None:
        """Book in all that *docket* still owes."""
        self._tenant.receive(docket)

    # what people change: seasons, products and customers

    def add_season(self, name: str, start_date: date, previous: str | None = None) -> Season:
        """Add a season, with the exchange rates of the *previous* one if it has one."""
        rates = dict(self.seasons[previous].rates) if previous else {}
        self._tenant.seasons[name] = Season(name, start_date, previous, rates={"GBP": Decimal(1), **rates})
        return self._tenant.seasons[name]

    def add_product(
        self, style: str, color: str, barcodes: Mapping[str, str], *, fabric: str = "", season: str | None = None,
        wsp: str = "50.00", rrp: str = "120.00",
    ) -> Product:  # fmt: skip
        """Add a product with *barcodes* by size, visible in one season, without stock."""
        costing = Costing(Decimal(wsp), Decimal(rrp), Decimal("0.00"))
        product = Product(style, fabric, color, f"Style {style}", {season or self._tenant.default_season: costing})
        kind = self._tenant.switches["barcodes"]
        product.skus += [Sku(product, size, kept_barcode(barcode, kind)) for size, barcode in barcodes.items()]
        for sku in product.skus:
            self._tenant.stock[next(iter(product.seasons)), self._tenant.main_location, sku] = Stock()
        self._tenant.products.append(product)
        return product

    def set_visible(self, style: str, color: str, season: str, *, visible: bool) -> None:
        """Show or hide a product in a season."""
        self._tenant.product(style, color).seasons[season].visible = visible

    def set_price(self, style: str, color: str, season: str, wsp: str) -> None:
        """Set the wholesale price of a product in a season, in the base currency."""
        self._tenant.product(style, color).seasons[season].wsp = Decimal(wsp)

    def take_from_catalogue(self, style: str) -> None:
        """Take a style, in all colors, from the connector's catalogue."""
        for product in self.products:
            if product.style == style:
                product.in_catalogue = False

    def deactivate(self, customer: str) -> None:
        """Make a customer, by account code or name, inactive."""
        self._customer(customer).active = False

    def rename_customer(self, customer: str, name: str) -> None:
        """Give a customer, by account code or name, another name."""
        self._customer(customer).name = name

    def _customer(self, customer: str) -> Customer:
        return self._tenant.customer(customer) or self.customers[customer]

    def add_report(self, name: str, dataset: str) -> None:
        """Add a custom report of a name of one's own with the rows of *dataset*."""
        self._reports.names[name] = dataset

    # what goes wrong with files

    def leave_part(self, dataset: str) -> Path:
        """Leave a half-written export of *dataset* beside the complete one."""
        newest = self.exports(dataset)[-1]
        data = newest.read_bytes()
        part = newest.with_name(f"{dataset}_{self._files.stamp()}_unfinished.csv.part")
        part.write_bytes(data[: len(data) // 2])
        return part

    def truncate_export(self, dataset: str, rows: int | None = None) -> Path:
        """Cut the newest export of *dataset* in the middle of a row, or after a number of *rows*."""
        newest = self.exports(dataset)[-1]
        lines = newest.read_bytes().splitlines(keepends=True)
        middle = len(lines) // 2
        kept = [*lines[:middle], lines[middle][: len(lines[middle]) // 2]] if rows is None else lines[: rows + 1]
        newest.write_bytes(b"".join(kept))
        return newest

    def empty_export(self, dataset: str, *, header: bool = True) -> Path:
        """Leave nothing of the newest export of *dataset* but its *header*, or nothing at all."""
        newest = self.exports(dataset)[-1]
        newest.write_bytes(newest.read_bytes().splitlines(keepends=True)[0] if header else b"")
        return newest

    def lose_result(self, batch: str) -> None:
        """Delete the result file of *batch*."""
        (self.folder / "results" / f"{batch}.csv").unlink()


def _private_folder(owner: object) -> Path:
    path = Path(tempfile.mkdtemp(prefix="zedonk-"))
    weakref.finalize(owner, shutil.rmtree, path, ignore_errors=True)
    return path
