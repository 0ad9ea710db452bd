"""The v4 calls for images, videos and swatches."""

from __future__ import annotations

from orderweft import Request, Response

from .catalog import Asset, Catalog, Product
from .switches import Switches
from .v4_wire import Row, RowError, Wire, count, text

# https://api-docs.jooraccess.com/reference/create-product-assets
_ENDINGS = {
    "image": ("gif", "jpeg", "jpg", "png"),
    "swatch": ("gif", "jpeg", "jpg", "png"),
    "video": ("mp4",),
}


class Assets:
    """Answer the v4 calls for assets."""

    def __init__(self, catalog: Catalog, switches: Switches, wire: Wire) -> None:
        self._catalog = catalog
        self._switches = switches
        self._wire = wire

    def create(self, request: Request) -> Response:
        """Add assets to products; `replace_all` first deletes those of the same kinds."""
        rows = self._wire.rows(request)
        if request.query.get("replace_all", "").casefold() in ("true", "1"):
            for row in rows:
                product, asset = self._catalog.products.get(_id(row)), row.get("asset")
                if product and isinstance(asset, dict):
                    product.assets = [each for each in product.assets if each.kind != asset.get("type")]
        return self._wire.each(rows, self._create, "product", 201)

    def create_swatches(self, request: Request) -> Response:
        """Give colors their swatch."""
        return self._wire.each(self._wire.rows(request), self._swatch, "product", 201)

    def _create(self, row: Row) -> Row:
        product, asset = self._product(row), self._asset(row)
        asset.display_order = count(row, "display_order") or 0
        if asset.kind == "video" and any(each.kind == "video" for each in product.assets):
            raise RowError("A product has one video at most")
        product.assets.append(asset)
        self._catalog.touch(product)
        return {
            "id": str(asset.id),
            "product": {"id": product.id},
            "asset": {
                "type": asset.kind,
                "filename": asset.filename,
                "source_url": asset.source,
                "external_id": asset.external_id,
            },
            "display_order": asset.display_order,
        }

    def _swatch(self, row: Row) -> Row:
        product, asset = self._product(row), self._asset(row)
        if asset.kind != "swatch":
            raise RowError("The asset of a color is a swatch")
        given = _part(row, "sku_trait_value")
        if str(_part(given, "trait").get("name")).casefold() != "color":
            raise RowError("Only the trait color has swatches")
        code = _part(given, "value").get("external_id")
        color = next((each for each in product.colors.values() if code and each.code == code), None)
        if color is None:
            raise RowError(f"The product has no color {code}", "NOT_FOUND")
        color.swatch = asset.source
        self._catalog.touch(product)
        return {"id": str(asset.id), **row}

    def _product(self, row: Row) -> Product:
        product = self._catalog.products.get(_id(row))
        if product is None:
            raise RowError(f"Product {_id(row)} does not exist", "NOT_FOUND")
        return product

    def _asset(self, row: Row) -> Asset:
        given = _part(row, "asset")
        kind = str(given.get("type"))
        if kind not in _ENDINGS:
            raise RowError(f"An asset is one of {', '.join(_ENDINGS)}")
        filename = str(text(given, "filename", required=True, most=100))
        if filename.rpartition(".")[2].casefold() not in _ENDINGS[kind]:
            raise RowError(f"The name of this {kind} ends with one of {', '.join(_ENDINGS[kind])}")
        source, external_id = str(text(given, "source_url", required=True)), text(given, "external_id")
        self._refuse_known(external_id)
        asset = Asset(4_820_000 + self._catalog.number(), kind, filename, source, external_id=external_id)
        if external_id:
            self._catalog.asset_ids.add(external_id)
        return asset

    def _refuse_known(self, external_id: str | None) -> None:
        there = {asset.external_id for product in self._catalog.products.values() for asset in product.assets}
        known = self._catalog.asset_ids if self._switches["asset_ids"] == "ever" else there
        if external_id in known and external_id and self._switches["asset_ids"] != "free":
            raise RowError(f"An asset with external_id {external_id} already exists", "DUPLICATED")


def _part(row: Row, name: str) -> Row:
    part = row.get(name)
    if not isinstance(part, dict):
        raise RowError(f"{name} must be an object")
    return part


def _id(row: Row) -> str:
    part = row.get("product")
    return str(part.get("id")) if isinstance(part, dict) else ""
