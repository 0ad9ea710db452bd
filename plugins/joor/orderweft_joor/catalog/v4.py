"""Write products by the v4 API: look up what is there, then send what differs, each kind of row in one call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from orderweft import (
    ChannelError,
    Connection,
    InvalidRecordError,
    Outcome,
    Product,
    UnavailableError,
    UnknownOutcomeError,
)

from ..client import ProductClient
from ..config import Settings
from ..mapping import (
    SkuRow,
    check_prices,
    duplicated,
    failures,
    find_collection,
    find_product,
    grid_of,
    price_rows,
    product_row,
    text,
    with_products,
)
from .form import form_of
from .pictures import Pictures
from .work import Work

ROWS = 500
"""Rows in one call where the settings do not ask for fewer."""
V4Row = dict[str, Any]
Owned = tuple[Work, V4Row]
Failure = tuple[Work, V4Row, str, bool]
"""A row JOOR did not take, what it says, and whether it is called a duplicate."""


class Shelf:
    """What the account has, read once for a run; `forget` it when it may have changed without our knowing."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._client = connection.once(ProductClient)
        self._lists: dict[str, list[V4Row]] = {}

    def rows(self, what: str) -> list[V4Row]:
        """Return all rows of a list, such as `products`."""
        if what not in self._lists:
            self._lists[what] = self._client.listed(what)
        return self._lists[what]

    def ids(self, what: str) -> dict[str, list[str]]:
        """Return the ids in a list by name."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in self.rows(what):
            found[text(row, "name") or ""].append(text(row, "id") or "")
        return found

    def product(self, identity: str) -> V4Row | None:
        """Return the row of the product with this id."""
        return next((row for row in self.rows("products") if text(row, "id") == identity), None)

    def forget(self, what: str | None = None) -> None:
        """Read a list, or all of them, again when next asked for."""
        for name in [what] if what else list(self._lists):
            self._lists.pop(name, None)


class Writer:
    """Writes one batch of products."""

    def __init__(self, connection: Connection[Settings], products: Sequence[Product]) -> None:
        self._connection = connection
        self._settings = connection.settings
        self._client = connection.once(ProductClient)
        self._shelf = connection.once(Shelf)
        self._form = form_of(connection.settings)
        self._works = [Work(product) for product in products]

    def run(self) -> list[Outcome]:
        """Return one outcome per product; raise only when nothing was written."""
        try:
            self._prepare()
            self._put_products()
            self._put_skus()
            self._put_prices()
            self._put_collections()
            self._put_pictures()
        except (ChannelError, InvalidRecordError) as error:
            self._shelf.forget()
            stopped = error if isinstance(error, ChannelError) else UnavailableError(f"JOOR's answer: {error}")
            if not any(work.touched for work in self._works):
                raise stopped from error
            for work in self._open():
                work.interrupt(stopped)
        for work in self._open():
            work.accept()
        return [work.outcome for work in self._works if work.outcome]

    def _open(self) -> list[Work]:
        return [work for work in self._works if work.outcome is None]

    def _each(self, step: Callable[[Work], None], fix: str | None = None) -> None:
        """Take *step* for each product; one that cannot be written is refused and the others go on."""
        for work in self._open():
            try:
                step(work)
            except InvalidRecordError as error:
                work.refuse(str(error), "invalid_field", fix)

    # what is there

    def _prepare(self) -> None:
        seen: dict[str, Product] = {}
        types = self._shelf.rows("price_types")

        def check(work: Work) -> None:
            first = seen.setdefault(work.product.identity, work.product)
            if first is not work.product:
                raise InvalidRecordError(f"style_identifier: {first.label!r} has the same")
            grid_of(work.product, (), self._form)

        self._each(check)
        self._each(self._find)
        self._each(
            lambda work: check_prices(work.product, types, self._form),
            "Add the price type in JOOR, or name the price list as JOOR does.",
        )

    def _find(self, work: Work) -> None:
        row = find_product(work.product, self._shelf.rows("products"), self._form)
        work.id = (text(row, "id") or "") if row else ""

    # products

    def _put_products(self) -> None:
        categories = self._shelf.ids("categories") if any(work.product.category for work in self._open()) else {}
        traits = list(self._shelf.ids("traits")) if self._open() else []
        new: list[Owned] = []
        changed: list[Owned] = []
        for work in self._open():
            row = self._row(work, categories, traits)
            if row is not None:
                (changed if work.id else new).append((work, row))
            if work.product.category and len(categories.get(work.product.category, ())) != 1:
                work.remarks.append(f"JOOR has no single category {work.product.category!r}; it was left as it is.")
        again = self._create_products(new)
        rows = ((work, self._row(work, categories, traits)) for work in again)
        changed += [(work, row) for work, row in rows if row]
        self._send("products/bulk_update", changed)
        for work, row in changed:
            there = self._shelf.product(work.id)
            if there is not None and work.outcome is None:
                there.update(row)

    def _row(self, work: Work, categories: dict[str, list[str]], traits: list[str]) -> V4Row | None:
        return product_row(work.product, self._shelf.product(work.id), categories, traits, self._form)

    def _create_products(self, new: list[Owned]) -> list[Work]:
        """Create products and return those that had come to be meanwhile."""
        failed = self._send("products/bulk_create", new, settle=False)
        for work, _, told, is_duplicate in failed:
            if not is_duplicate:
                work.refuse(f"JOOR refuses the product: {told}")
        lost = [work for work, _ in new if work.outcome is None and not work.id]
        if not lost:
            return []
        self._shelf.forget("products")
        self._each(self._find)
        duplicates = {work: told for work, _, told, is_duplicate in failed if is_duplicate}
        for work in lost:
            if not work.id:
                work.refuse(f"JOOR did not create the product: {duplicates.get(work, 'it does not say why')}")
        return [work for work in duplicates if work.id]

    # SKUs

    def _put_skus(self) -> None:
        there = self._skus(self._open())

        def plan(work: Work) -> None:
            work.grid = grid_of(work.product, there[work.id], self._form)

        self._each(plan)
        new = [(work, {"product_id": work.id, **row}) for work in self._open() for row in work.grid.create]
        told = {work: why for work, _, why, _ in self._send("skus/bulk_create", new, settle=False)}
        self._send("skus/bulk_update", [(work, row) for work in self._open() for row in work.grid.update])
        there |= self._skus([work for work in self._open() if work.grid.create or work.grid.update])
        for work in self._open():
            work.ids = {(sku.color.name or "", sku.size.name or ""): sku.id for sku in there[work.id]}
            if missing := [" ".join(pair) for pair in work.grid.cells if pair not in work.ids]:
                why = told.get(work, "it does not say why")
                work.refuse(f"JOOR has the product, but not {', '.join(missing[:3])}: {why}")
            if work.grid.filled:
                work.remarks.append(f"{work.grid.filled} SKUs were added without UPC to fill the grid JOOR wants.")

    def _skus(self, works: Sequence[Work]) -> dict[str, list[SkuRow]]:
        found = self._client.skus([work.id for work in works])
        return {identity: [SkuRow.of(row) for row in rows] for identity, rows in found.items()}

    # prices

    def _put_prices(self) -> None:
        there = self._client.prices([work.ids[pair] for work in self._open() for pair in work.grid.cells])
        types = self._shelf.rows("price_types")
        new: list[Owned] = []
        changed: list[Owned] = []

        def plan(work: Work) -> None:
            rows = price_rows(work.product, work.grid, work.ids, there, types, self._form)
            new.extend((work, row) for row in rows.create)
            changed.extend((work, row) for row in rows.update)
            work.remarks += rows.remarks

        self._each(plan)
        failed = self._send("prices/bulk_create", new, settle=False)
        again = [str(row["sku_id"]) for _, row, _, is_duplicate in failed if is_duplicate]
        there = self._client.prices(list(dict.fromkeys(again))) if again else {}
        for work, row, why, _ in failed:
            update = duplicated(row, there.get(row["sku_id"], ()))
            if update:
                changed.append((work, update))
            else:
                work.refuse(f"JOOR refuses a price: {why}")
        self._send("prices/bulk_update", changed)

    # collections and pictures

    def _put_collections(self) -> None:
        if self._settings.collections == "leave" or not any(work.product.collections for work in self._open()):
            return
        rows = self._shelf.rows("collections")
        added: dict[str, list[Work]] = defaultdict(list)
        for work in self._open():
            for wanted in work.product.collections:
                row = find_collection(wanted, rows)
                name = wanted.name or wanted.code
                if row is None:
                    work.remarks.append(f"JOOR has no collection {name!r}; make it there to have the product in it.")
                elif "items" not in row:
                    work.remarks.append(f"JOOR does not tell what is in collection {name!r}; add the product by hand.")
                else:
                    added[text(row, "id") or ""].append(work)
        changes = [(row, with_products(row, [work.id for work in added[text(row, "id") or ""]])) for row in rows]
        sent = [(row, change) for row, change in changes if change]
        owned = [(work, change) for _, change in sent for work in added[str(change["id"])]]
        failed = self._send("collections/bulk_update", owned, settle=False)
        for work, change, why, _ in failed:
            work.remarks.append(f"JOOR did not add it to collection {change['name']!r}: {why}")
        lost = {id(change) for _, change, _, _ in failed}
        for row, change in sent:
            if id(change) not in lost:
                row["items"] = change["items"]

    def _put_pictures(self) -> None:
        if self._settings.images == "leave":
            return
        pictures = Pictures(self._connection, by_v4=True)
        rows = [(work, row) for work in self._open() for row in pictures.rows(work)]
        for work, row, why, is_duplicate in self._send("assets/products", rows, settle=False):
            if not is_duplicate:
                work.remarks.append(f"JOOR did not take the picture {row['asset']['filename']!r}: {why}")
        for work in self._open():
            pictures.upload(work)

    # sending

    def _send(self, path: str, owned: Sequence[Owned], *, settle: bool = True) -> list[Failure]:
        """Send rows and return those that failed; with *settle* their products are refused."""
        failed: list[Failure] = []
        left = [(work, row) for work, row in owned if work.outcome is None]
        # JOOR refuses SKUs that do not come with every color in every size: its guide on SKUs.
        for part in _parts(left, self._settings.rows_per_call or ROWS, whole=path == "skus/bulk_create"):
            failed += self._sent(path, part)
        for work, _, why, _ in failed if settle else ():
            work.refuse(f"JOOR refuses its {path.partition('/')[0]}: {why}")
        return failed

    def _sent(self, path: str, owned: Sequence[Owned]) -> list[Failure]:
        works = dict.fromkeys(work for work, _ in owned)
        try:
            written = self._client.write(path, list({id(row): row for _, row in owned}.values()))
        except UnknownOutcomeError:
            for work in works:
                work.touched = True
            raise
        errors = written.errors or (({"message": written.told},) if written.failed else ())
        failed = failures(owned, written.data, errors)
        if not written.failed:
            lost = {id(row) for _, row, _, _ in failed}
            for work, row in owned:
                work.touched = work.touched or id(row) not in lost
            if path == "products/bulk_create":
                self._take_ids(owned, written.data)
            return failed
        # A call that is declined because of some rows has taken none of the others, either.
        blamed = {work for work, _, _, _ in failed}
        for work in works.keys() - blamed:
            work.interrupt(UnavailableError(f"JOOR declined the call because of other products: {written.told}"))
        return failed

    def _take_ids(self, owned: Sequence[Owned], data: Sequence[V4Row]) -> None:
        ids = {text(row, "external_id"): text(row, "id") or "" for row in data}
        if None in ids and len(data) == len(owned):
            ids = {row["external_id"]: text(given, "id") or "" for (_, row), given in zip(owned, data, strict=True)}
        for work, row in owned:
            work.id = ids.get(row["external_id"], "")
            if work.id:
                self._shelf.rows("products").append({**row, "id": work.id})


def _parts(owned: Sequence[Owned], most: int, *, whole: bool) -> Iterator[list[Owned]]:
    """Yield rows in parts of at most so many; with *whole* the rows of one product stay together, however many."""
    part: list[Owned] = []
    for _, rows in groupby(owned, key=itemgetter(0)):
        group = list(rows)
        if part and len(part) + len(group) > most:
            yield part
            part = []
        part += group
        while len(part) > most and not whole:
            yield part[:most]
            part = part[most:]
    if part:
        yield part
