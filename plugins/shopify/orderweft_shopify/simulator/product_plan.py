"""What productSet is asked for, checked against what is there before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .inventory import Location
from .media import MediaImage
from .metafields import Metafields
from .products import Product, ProductOption, ProductOptionValue, ProductVariant
from .store import Store
from .values import UserError

MAX_OPTIONS = 3
MAX_TEXT = 255
MAX_VARIANTS = 2048
MAX_QUANTITIES = 50_000
Given = Mapping[str, Any]
Path = tuple[str, ...]


@dataclass
class PlannedOption:
    """An option as it is to be, with the names of its values in order."""

    name: str
    stored: ProductOption | None
    values: dict[str, ProductOptionValue | None] = field(default_factory=dict)


@dataclass
class PlannedVariant:
    """A variant as it is to be, with the name of its value of each option."""

    given: Given
    stored: ProductVariant | None
    values: tuple[str, ...]


class Plan:
    """The options and variants a product is to have, or the problems with them."""

    def __init__(self, store: Store, metafields: Metafields, product: Product | None, given: Given) -> None:
        self.problems: list[UserError] = []
        self.options: list[PlannedOption] = []
        self.variants: list[PlannedVariant] = []
        self._store = store
        self._metafields = metafields
        self._product = product
        self._given = given
        self._texts()
        self._files()
        self._custom(product, given, ("input",))
        if self._lists_together():
            self._plan_options(given["productOptions"])
            for index, each in enumerate(given["variants"]):
                self._plan_variant(index, each)
            self._quantities(given["variants"])

    def _refuse(self, message: str, path: Path, code: str | None) -> None:
        self.problems.append(UserError(message, path, code))

    def _texts(self) -> None:
        title = self._given.get("title")
        if (self._product is None or "title" in self._given) and not (title or "").strip():
            self._refuse("Title can't be blank", ("input", "title"), "INVALID_PRODUCT")
        for name, shown in (("title", "Title"), ("productType", "Product type"), ("vendor", "Vendor")):
            if len(self._given.get(name) or "") > MAX_TEXT:
                message = f"{shown} is too long (maximum is {MAX_TEXT} characters)"
                self._refuse(message, ("input", name), "INVALID_PRODUCT")

    def _files(self) -> None:
        for index, each in enumerate(self._given.get("files") or ()):
            known = each.get("id") is None or self._store.find(MediaImage, each["id"]) is not None
            if not known or not (each.get("id") or each.get("originalSource")):
                self._refuse("File does not exist.", ("input", "files", str(index)), "INVALID_INPUT")

    def _custom(self, owner: Product | ProductVariant | None, given: Given, path: Path) -> None:
        kind = "PRODUCT" if path == ("input",) else "PRODUCTVARIANT"
        for index, each in enumerate(given.get("metafields") or ()):
            if problem := self._metafields.problem(kind, owner, each):
                code = "CAPABILITY_VIOLATION" if problem.code == "TAKEN" else "INVALID_METAFIELD"
                self._refuse(problem.message, (*path, "metafields", str(index), problem.field), code)

    def _lists_together(self) -> bool:
        """Return whether options and variants are given; one without the other is a problem."""
        options, variants = (self._given.get(name) for name in ("productOptions", "variants"))
        if options is not None and not variants:
            message = "Variants input is required when updating product options"
            self._refuse(message, ("input", "variants"), "VARIANTS_INPUT_MISSING")
        elif variants is not None and options is None:
            message = "Must specify product options when updating variants."
            self._refuse(message, ("input", "productOptions"), "PRODUCT_OPTIONS_INPUT_MISSING")
        elif variants is not None and len(variants) > MAX_VARIANTS:
            message = "Number of product variants exceeds shop limit."
            self._refuse(message, ("input", "variants"), "VARIANTS_OVER_LIMIT")
        else:
            return bool(variants)
        return False

    def _plan_options(self, given: Sequence[Given]) -> None:
        path: Path = ("input", "productOptions")
        if len(given) > MAX_OPTIONS:
            self._refuse(f"Can only specify a maximum of {MAX_OPTIONS} options", path, "OPTIONS_OVER_LIMIT")
        stored = self._product.options if self._product else []
        for index, each in enumerate(given):
            here = (*path, str(index))
            match = next((option for option in stored if each.get("id") in (option.id,)), None)
            if each.get("id") and match is None:
                self._refuse("Option does not exist.", here, "OPTION_DOES_NOT_EXIST")
            name = each.get("name") or (match.name if match else "")
            match = match or next((option for option in stored if option.name == name), None)
            planned = PlannedOption(name, match)
            if name in (other.name for other in self.options):
                self._refuse("Duplicated option name.", (*here, "name"), "DUPLICATED_OPTION_NAME")
            self._plan_values(planned, each.get("values") or (), here)
            self.options.append(planned)

    def _plan_values(self, option: PlannedOption, given: Sequence[Given], path: Path) -> None:
        if not given:
            message = "Each option must have at least one option value specified."
            self._refuse(message, (*path, "values"), "OPTION_VALUES_MISSING")
        stored = option.stored.option_values if option.stored else []
        for index, each in enumerate(given):
            here = (*path, "values", str(index))
            match = next((value for value in stored if each.get("id") == value.id), None)
            if each.get("id") and match is None:
                self._refuse("Option value does not exist.", here, "OPTION_VALUE_DOES_NOT_EXIST")
            name = each.get("name") or (match.name if match else "")
            if name in option.values:
                self._refuse("Duplicated option value.", here, "DUPLICATED_OPTION_VALUE")
            option.values[name] = match or next((value for value in stored if value.name == name), None)

    def _plan_variant(self, index: int, given: Given) -> None:
        path: Path = ("input", "variants", str(index))
        values = self._values(given["optionValues"], path)
        stored = None
        if given.get("id"):
            stored = self._store.find(ProductVariant, given["id"])
            if stored is None or stored.product is not self._product:
                message = "Product variant does not exist."
                self._refuse(message, (*path, "id"), "PRODUCT_VARIANT_DOES_NOT_EXIST")
        if values is None:
            return
        if any(other.values == values for other in self.variants):
            self._refuse(f"The variant '{' / '.join(values)}' already exists.", path, "INVALID_VARIANT")
        if stored is None and self._product:
            taken = {each["id"] for each in self._given["variants"] if each.get("id")}
            same = (each for each in self._product.variants if tuple(choice.name for choice in each.choices) == values)
            stored = next((each for each in same if each.id not in taken and self._same_options()), None)
        if (given.get("price") or 0) < 0:
            self._refuse("Price must be greater than or equal to 0", (*path, "price"), "INVALID_VARIANT")
        self._custom(stored, given, path)
        self.variants.append(PlannedVariant(given, stored, values))

    def _same_options(self) -> bool:
        """Return whether the options keep their order, so that values of variants can be compared."""
        stored = self._product.options if self._product else []
        return [option.name for option in stored] == [option.name for option in self.options]

    def _values(self, given: Sequence[Given], path: Path) -> tuple[str, ...] | None:
        """Return the name of the value of each option."""
        chosen: dict[str, str] = {}
        for index, each in enumerate(given):
            here = (*path, "optionValues", str(index))
            option = next((option for option in self.options if _is_named(option, each)), None)
            if option is None:
                self._refuse("Option does not exist.", here, "OPTION_DOES_NOT_EXIST")
                return None
            by_id = (name for name, value in option.values.items() if value and value.id == each.get("id"))
            name = next(by_id, None) if each.get("id") else each.get("name")
            if name not in option.values:
                self._refuse("Option value does not exist.", here, "OPTION_VALUE_DOES_NOT_EXIST")
                return None
            chosen[option.name] = str(name)
        if missing := [option.name for option in self.options if option.name not in chosen]:
            message = f"You need to add option values for {missing[0]}"
            self._refuse(message, (*path, "optionValues"), "INVALID_VARIANT")
            return None
        return tuple(chosen[option.name] for option in self.options)

    def _quantities(self, variants: Sequence[Given]) -> None:
        path: Path = ("input", "variants")
        if sum(len(each.get("inventoryQuantities") or ()) for each in variants) > MAX_QUANTITIES:
            message = f"Inventory quantity input exceeds the limit of {MAX_QUANTITIES}."
            self._refuse(message, path, "INVENTORY_QUANTITIES_LIMIT_EXCEEDED")
        for index, planned in enumerate(self.variants):
            for place, each in enumerate(planned.given.get("inventoryQuantities") or ()):
                here = (*path, str(index), "inventoryQuantities", str(place))
                location = self._store.find(Location, each["locationId"])
                if location is None or each["name"] not in ("available", "on_hand"):
                    self._refuse("Inventory quantity is not valid.", here, "INVALID_VARIANT")
                elif planned.stored and location.id not in planned.stored.inventory_item.levels:
                    message = "Quantities can only be set at locations where the variant is stocked."
                    self._refuse(message, here, "INVALID_VARIANT")


def _is_named(option: PlannedOption, given: Given) -> bool:
    if given.get("optionId"):
        return option.stored is not None and option.stored.id == given["optionId"]
    return option.name == given.get("optionName")
