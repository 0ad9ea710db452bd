"""The v2 calls for the images of a style."""

from __future__ import annotations

from collections.abc import Mapping

from orderweft import Request, Response

from .catalog import Asset, Catalog, Product
from .model import Refusal
from .v2_wire import Wire, check_formats, integer, segments

# https://api-docs.jooraccess.com/v2.0/reference/introduction-2
_LARGEST = 4 * 1024 * 1024
_LONGEST_NAME = 69
_STARTS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n"}


class Images:
    """Answer the v2 calls for images."""

    def __init__(self, catalog: Catalog, wire: Wire) -> None:
        self._catalog = catalog
        self._wire = wire

    def create(self, request: Request) -> Response:
        """Add an image to a style or one of its colors, from an address or as it was sent."""
        product, given = self._product(request), request.query
        color, kind = given.get("color_code") or None, "swatch" if _flag(given, "swatch") else "image"
        filename = given.get("filename", "")
        if not 0 < len(filename) <= _LONGEST_NAME:
            raise Refusal(400, f"filename is required and has at most {_LONGEST_NAME} characters")
        if filename.rpartition(".")[2].casefold() not in ("jpg", "jpeg", "png"):
            raise Refusal(400, "an image is a JPEG or a PNG")
        if "display_order" not in given:
            raise Refusal(400, "display_order is required")
        order = integer(given, "display_order", 0, 0)
        if kind == "swatch" and not color:
            raise Refusal(400, "a swatch needs a color_code")
        if color and color not in {option.code for option in product.colors.values()}:
            raise Refusal(404, f"the style has no color {color}")
        if not given.get("url"):
            _check_image(request)
        same = [each for each in product.assets if (each.kind, each.color) == (kind, color)]
        if _flag(given, "replace_existing"):
            product.assets = [each for each in product.assets if each not in same]
        elif color and same:
            raise Refusal(400, f"the color {color} already has one")
        number = 4_820_000 + self._catalog.number()
        stem, _, ending = filename.rpartition(".")
        asset = Asset(number, kind, f"{stem}_{number:x}.{ending}", given.get("url") or None, order, color=color)
        product.assets.append(asset)
        self._catalog.touch(product)
        return self._answer(product, asset, "added")

    def delete(self, request: Request) -> Response:
        """Delete an image of a style, by the name it is stored under; those of colors stay."""
        check_formats(request)
        product, filename = self._product(request), request.query.get("filename")
        for asset in product.assets:
            if asset.filename == filename and asset.color is None:
                product.assets.remove(asset)
                self._catalog.touch(product)
                return self._answer(product, asset, "deleted")
        raise Refusal(404, f"the style has no image {filename}")

    def _product(self, request: Request) -> Product:
        _, _, number, identifier, *_ = segments(request)
        product = self._catalog.by_style(number, identifier)
        if product is None:
            raise Refusal(404, f"style {number} {identifier} does not exist")
        return product

    def _answer(self, product: Product, asset: Asset, done: str) -> Response:
        number, identifier = self._catalog.style_keys(product)
        # https://api-docs.jooraccess.com/v2.0/reference/image-delete: the response is a bare id
        return Response.of_json(
            {
                f"style_image_{done}": {"response": self._wire.log_id()},
                f"image_{done}": {"style_number": number, "style_identifier": identifier, "upload_id": asset.id},
            }
        )


def _flag(given: Mapping[str, str], name: str) -> bool:
    return given.get(name, "").casefold() in ("true", "1")


def _check_image(request: Request) -> None:
    start = _STARTS.get(request.headers.get("content-type", ""))
    if start is None:
        raise Refusal(415, "Content-Type must be image/jpeg or image/png")
    if not request.body.startswith(start):
        raise Refusal(400, "the body is not such an image")
    if len(request.body) > _LARGEST:
        raise Refusal(400, "an image has at most 4 MB")
