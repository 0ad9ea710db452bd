"""Whether two systems fit is told field by field, with the mapping that closes each gap."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection
from typing import Any

import pytest
from orderweft import Kind, Order
from orderweft.fit import Fit, Row, fit
from orderweft.records.base import MONEY_PATTERN
from orderweft.rules import FieldMap
from orderweft.schema import Checker, load

Schema = dict[str, Any]


def lines(**item: Any) -> Schema:
    """Return a schema of the lines of an order."""
    return {"properties": {"lines": {"items": item}}}


def row(found: Fit, path: str, asks: str = "") -> Row:
    """Return the one row of *path*."""
    (only,) = [one for one in found.rows if (one.path, one.asks) == (path, asks)]
    return only


def told(provides: Schema, accepts: Schema, mapped: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return path and verdict of every row."""
    return [(one.path, one.verdict) for one in fit("orders", provides, accepts, mapped).rows]


@pytest.mark.parametrize(
    ("provides", "verdict"),
    [
        pytest.param({"required": ["purchase_order"]}, "always", id="required"),
        pytest.param({}, "may be missing", id="not mentioned"),
        pytest.param({"properties": {"purchase_order": {"maxLength": 20}}}, "may be missing", id="mentioned"),
        pytest.param({"properties": {"purchase_order": False}}, "never", id="false"),
        pytest.param({"allOf": [{"required": ["purchase_order"]}]}, "always", id="within allOf"),
        pytest.param(
            {"$defs": {"po": {"required": ["purchase_order"]}}, "$ref": "#/$defs/po"}, "always", id="behind a reference"
        ),
    ],
)
def test_verdicts(provides: Schema, verdict: str) -> None:
    """A needed field is always there, may be missing, or is never there, as the source says."""
    assert told(provides, {"required": ["purchase_order"]}) == [("purchase_order", verdict)]


@pytest.mark.parametrize(
    ("accepts", "found"),
    [
        pytest.param({"required": ["number"]}, [("number", "always")], id="canonical field"),
        pytest.param({"required": ["addresses"]}, [("addresses", "always")], id="list that is always written"),
        pytest.param(
            {"properties": {"addresses": {"minItems": 1}}}, [("addresses", "may be missing")], id="list with an entry"
        ),
        pytest.param(lines(required=["quantity"]), [("lines.*.quantity", "always")], id="canonical field of a line"),
        pytest.param(
            {"required": ["season"], "properties": {"season": {"required": ["name"]}}},
            [("season.name", "may be missing")],
            id="field of a part that may be missing",
        ),
        pytest.param({"required": ["shoe_size"]}, [("shoe_size", "never")], id="field no record has"),
        pytest.param({"properties": {"note": {}}}, [], id="field that is only mentioned"),
        pytest.param(
            {"$defs": {"line": {"required": ["sku"]}}, **lines(**{"$ref": "#/$defs/line"})},
            [("lines.*.sku", "may be missing")],
            id="behind a reference",
        ),
        pytest.param(
            {"allOf": [{"required": ["number"]}, {"required": ["currency"]}]},
            [("currency", "always"), ("number", "always")],
            id="within allOf",
        ),
    ],
)
def test_what_is_asked(accepts: Schema, found: list[tuple[str, str]]) -> None:
    """Every field a destination needs is found, wherever its schema says so."""
    assert told({}, accepts) == found


def test_part_that_is_never_there() -> None:
    """A field asked for only where its part is there asks nothing of a source without that part."""
    accepts = {"properties": {"season": {"required": ["code"]}}}

    assert told({"properties": {"season": False}}, accepts) == []
    assert told({}, accepts) == [("season.code", "may be missing")]
    assert told({"properties": {"season": {"required": ["code"]}}}, accepts) == [("season.code", "always")]
    assert told({"properties": {"season": False}}, accepts, ["season.name"]) == [("season.code", "never")]


def test_lines_are_there() -> None:
    """A list that must not be empty is always there only where the source says that it has an entry."""
    accepts = {"properties": {"lines": {"minItems": 1}}}

    assert told({}, accepts) == [("lines", "may be missing")]
    assert told(accepts, accepts) == [("lines", "always")]
    assert told({"properties": {"lines": False}}, accepts) == [("lines", "never")]
    assert row(fit("orders", {}, accepts), "lines").sentence == "lines may be empty; orders where it is are held."


@pytest.mark.parametrize("mapped", [["warehouse.name"], ["warehouse.name", "warehouse.code"]], ids=len)
def test_mapped(mapped: list[str]) -> None:
    """A field the pipeline's map fills is there, whatever the source gives."""
    provides = {"properties": {"warehouse": False}}
    accepts = {"required": ["warehouse"], "properties": {"warehouse": {"required": ["name"]}}}

    assert not fit("orders", provides, accepts).possible
    assert fit("orders", provides, accepts, mapped).possible
    assert told(provides, accepts, mapped) == [("warehouse.name", "mapped")]
    assert told(provides, {"required": ["warehouse"]}, mapped) == [("warehouse", "mapped")]


def test_mapping_a_line_fills_no_empty_list() -> None:
    """Mapping a field of the lines does not make an order have lines."""
    accepts = {"properties": {"lines": {"minItems": 1, "items": {"required": ["sku"]}}}}

    assert told({}, accepts, ["lines.*.sku"]) == [("lines", "may be missing"), ("lines.*.sku", "mapped")]


ANY = lines(anyOf=[{"required": ["sku"]}, {"required": ["barcode"]}, {"required": ["style_number", "size"]}])


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param({"required": ["barcode"]}, [("lines.*.barcode", "always")], id="one is always there"),
        pytest.param(
            {"required": ["style_number", "size"]},
            [("lines.*.size", "always"), ("lines.*.style_number", "always")],
            id="a pair is always there",
        ),
        pytest.param({}, [("lines.*.sku", "may be missing")], id="each may be missing"),
        pytest.param({"properties": {"sku": False}}, [("lines.*.barcode", "may be missing")], id="one is never there"),
        pytest.param(
            {"properties": {"sku": False, "barcode": False, "size": False}},
            [("lines.*.sku", "never")],
            id="none is ever there",
        ),
    ],
)
def test_any_of_several(given: Schema, found: list[tuple[str, str]]) -> None:
    """Where any of several fields will do, the one nearest to being there counts and names the others."""
    result = fit("orders", lines(**given), ANY)

    assert [(one.path, one.verdict) for one in result.rows] == found
    assert all(one.instead for one in result.rows)


def test_any_of_several_in_a_needed_part() -> None:
    """A part is not told beside those of its fields any of which will do."""
    accepts = {
        "required": ["customer"],
        "properties": {"customer": {"anyOf": [{"required": ["account_code"]}, {"required": ["email"]}]}},
    }

    assert told({}, accepts) == [("customer.account_code", "may be missing")]
    assert told({}, {**ANY, "required": ["lines"]}) == [("lines", "always"), ("lines.*.sku", "may be missing")]


def test_any_of_several_in_words() -> None:
    """The sentence names every field that will do."""
    sentence = row(fit("orders", lines(required=["barcode"]), ANY), "lines.*.barcode").sentence

    assert sentence == "lines.*.barcode (or lines.*.sku or lines.*.size and lines.*.style_number) is always there."


@pytest.mark.parametrize(
    ("accepted", "asks", "provided"),
    [
        pytest.param({"maxLength": 10}, "at most 10 characters long", {"maxLength": 8}, id="maxLength"),
        pytest.param({"minLength": 3}, "at least 3 characters long", {"minLength": 3}, id="minLength"),
        pytest.param({"pattern": "^P"}, "of the form ^P", {"pattern": "^P"}, id="pattern"),
        pytest.param(
            {"pattern": r"^(0|[1-9][0-9]{0,23})(\.[0-9]{1,6})?$"},
            "an amount of zero or more such as '19.90'",
            {"pattern": r"^(0|[1-9][0-9]{0,23})(\.[0-9]{1,6})?$"},
            id="pattern of amounts",
        ),
        pytest.param({"format": "email"}, "an e-mail address", {"format": "email"}, id="format"),
        pytest.param({"enum": ["a", "b"]}, "one of 'a', 'b'", {"enum": ["b"]}, id="enum"),
        pytest.param({"enum": ["a", "b"]}, "one of 'a', 'b'", {"const": "a"}, id="enum and const"),
        pytest.param({"const": "a"}, "'a'", {"const": "a"}, id="const"),
    ],
)
def test_constraints(accepted: Schema, asks: str, provided: Schema) -> None:
    """What a destination asks of a value is checked record by record, unless the source already keeps to it."""
    accepts = {"properties": {"purchase_order": accepted}}
    found = fit("orders", {}, accepts)

    assert found.rows == (
        Row(
            "purchase_order",
            "checked",
            asks,
            sentence=f"purchase_order must be {asks}; orders where it is not are held.",
        ),
    )
    assert found.possible
    assert told({"properties": {"purchase_order": provided}}, accepts) == []
    assert told({"properties": {"purchase_order": provided}}, accepts, ["purchase_order"]) != []
    assert told({"properties": {"purchase_order": False}}, accepts) == []


@pytest.mark.parametrize(
    ("accepts", "asks"),
    [
        ({"lines": {"maxItems": 100}}, "a list of at most 100"),
        ({"lines": {"items": {"properties": {"quantity": {"minimum": 1}}}}}, "at least 1"),
        ({"lines": {"items": {"properties": {"quantity": {"exclusiveMaximum": 9}}}}}, "less than 9"),
        (
            {"addresses": {"contains": {"properties": {"role": {"const": "delivery"}}, "required": ["city"]}}},
            "a list with an entry with role 'delivery' that has city",
        ),
    ],
    ids=["maxItems", "minimum", "exclusiveMaximum", "contains"],
)
def test_constraints_of_lists_and_numbers(accepts: Schema, asks: str) -> None:
    """Lists and numbers are checked likewise."""
    (only,) = fit("orders", {}, {"properties": accepts}).rows

    assert (only.verdict, only.asks) == ("checked", asks)


@pytest.mark.parametrize(
    "accepts",
    [
        {"if": {"properties": {"currency": {"const": "GBP"}}}, "then": {"required": ["approved_at"]}},
        {"dependentRequired": {"total": ["approved_at"]}},
    ],
    ids=["then", "dependentRequired"],
)
def test_needed_in_some_cases(accepts: Schema) -> None:
    """What is needed in some cases only is checked record by record."""
    (only,) = fit("orders", {}, accepts).rows

    assert (only.path, only.verdict, only.asks) == ("approved_at", "checked", "there in some cases")
    assert told({"required": ["approved_at"]}, accepts) == []


NEVER: Schema = {"sku": False}


@pytest.mark.parametrize(
    ("given", "proposal"),
    [
        pytest.param({"required": ["barcode"], "properties": NEVER}, "{{ line.barcode }}", id="barcode"),
        pytest.param(
            {"required": ["style_number", "color_code", "size"], "properties": {"sku": False, "barcode": False}},
            "{{ line.style_number }}-{{ line.color_code }}-{{ line.size }}",
            id="style, color and size",
        ),
        pytest.param(
            {"properties": {**NEVER, "gtin": False, "style_number": False, "style_identifier": False}},
            "{{ line.barcode }}",
            id="barcode that may be missing",
        ),
        pytest.param({"required": ["barcode"]}, "{{ line.sku or line.barcode }}", id="own value first"),
        pytest.param(
            {"required": ["style_number", "size"], "properties": {"barcode": False, "gtin": False, "color": False}},
            "{{ line.sku or (line.style_number ~ '-' ~ line.color_code ~ '-' ~ line.size"
            " if line.color_code else '') }}",
            id="half a code is none",
        ),
    ],
)
def test_proposals(given: Schema, proposal: str) -> None:
    """A gap comes with the template that closes it, from the fields most surely there."""
    found = row(fit("orders", lines(**given), lines(required=["sku"])), "lines.*.sku")

    assert found.proposals[0] == f'"lines.*.sku" = "{proposal}"'


@pytest.mark.parametrize(
    ("path", "proposal"),
    [
        ("customer.account_code", "{{ order.customer.account_code or order.customer.name }}"),
        ("season.name", "{{ order.season.name or order.season.code }}"),
        ("payment_terms.name", "{{ order.payment_terms.name or order.payment_terms.code }}"),
        ("purchase_order", "{{ order.purchase_order or order.number }}"),
        ("lines.*.barcode", "{{ line.barcode or line.gtin }}"),
        ("addresses.*.name", "{{ address.name or order.customer.name }}"),
    ],
)
def test_stand_ins(path: str, proposal: str) -> None:
    """Well-known fields stand in for each other."""
    assert row(fit("orders", {}, asking(path)), path).proposals[0] == f'"{path}" = "{proposal}"'


def asking(path: str) -> Schema:
    """Return what a destination that needs *path* accepts."""
    step, _, rest = path.partition(".")
    below = asking(rest) if rest else {}
    if step == "*":
        return {"items": below}
    return {"required": [step], "properties": {step: below}}


CANONICAL = load("order")
SAMPLES = {MONEY_PATTERN: "1.00", "^[A-Z]{3}$": "EUR", "^[A-Z]{2}$": "DE", "^[0-9]{14}$": "04006381333931"}
SAMPLES_OF_FORMATS = {"date": "2027-01-01", "date-time": "2026-11-21T10:00:00Z"}


def full(schema: Schema) -> Any:
    """Return a value of *schema* in which nothing is absent."""
    if "$ref" in schema:
        return full(CANONICAL["$defs"][schema["$ref"].rpartition("/")[2]])
    if schema["type"] == "object":
        return {name: full(part) for name, part in schema.get("properties", {}).items()}
    if schema["type"] == "array":
        return [full(schema["items"])]
    if schema["type"] == "integer":
        return schema["minimum"]
    if "format" in schema:
        return SAMPLES_OF_FORMATS[schema["format"]]
    return schema["enum"][0] if "enum" in schema else SAMPLES.get(schema.get("pattern", ""), "text")


def paths(value: Any, above: str = "") -> list[str]:
    """Return the path of everything within *value* that has no fields of its own."""
    if isinstance(value, list):
        return paths(value[0], f"{above}.*")
    if isinstance(value, dict):
        return [path for name, part in value.items() for path in paths(part, f"{above}.{name}")]
    return [above.removeprefix(".")]


def without(value: Any, steps: list[str]) -> Any:
    """Return *value* without the field at the end of *steps*."""
    if steps[0] == "*":
        return [without(item, steps[1:]) for item in value]
    if len(steps) == 1:
        return {name: part for name, part in value.items() if name != steps[0]}
    return {**value, steps[0]: without(value[steps[0]], steps[1:])}


OPTIONAL = [path for path in paths(full(CANONICAL)) if told({}, asking(path)) == [(path, "may be missing")]]


@pytest.mark.parametrize("path", OPTIONAL)
def test_every_proposal_works(path: str) -> None:
    """Every line proposed can be put into a pipeline's map, and closes the gap."""
    lacking = without(full(CANONICAL), path.split("."))
    check = Checker(CANONICAL, asking(path))
    (found,) = fit("orders", {}, asking(path)).rows

    assert not check.valid(lacking)
    for proposal in found.proposals:
        mapped = FieldMap(tomllib.loads(proposal)).apply(Order.model_validate(lacking))
        assert check.misses(mapped.to_data()) == ()


def test_customers() -> None:
    """Customers are held against each other likewise."""
    found = row(fit("customers", {}, {"required": ["account_code"]}), "account_code")

    assert found.proposals == ('"account_code" = "{{ customer.account_code or customer.name }}"',)
    assert found.sentence == ("account_code may be missing; customers without it are held unless the map fills it.")


@pytest.mark.parametrize(
    ("kind", "path", "verdict", "sentence"),
    [
        ("inventory", "quantity", "may be missing", "quantity may be missing; stock levels without it are held"),
        ("inventory", "bucket", "always", "bucket is always there."),
        ("inventory", "item.sku", "may be missing", "item.sku may be missing; stock levels without it are held"),
        ("inventory", "item.colour", "never", "item.colour is never there; the pipeline's map has to fill it"),
        ("catalog", "name", "always", "name is always there."),
        ("catalog", "colors.*.color_code", "may be missing", "products without it are held"),
        ("catalog", "colors.*.skus.*.barcode", "may be missing", "products without it are held"),
        ("catalog", "prices.*.currency", "always", "prices.*.currency is always there."),
        ("shipments", "order_id", "always", "order_id is always there."),
        ("shipments", "lines.*.item.barcode", "may be missing", "shipments without it are held"),
    ],
)
def test_other_kinds(kind: Kind, path: str, verdict: str, sentence: str) -> None:
    """Stock, products and shipments are held against each other by their own schemas, in their own words."""
    found = row(fit(kind, {}, asking(path)), path)

    assert found.verdict == verdict
    assert sentence in found.sentence


@pytest.mark.parametrize(
    ("kind", "path", "proposal"),
    [
        ("inventory", "warehouse.name", "{{ stock_level.warehouse.name or stock_level.warehouse.code }}"),
        ("inventory", "warehouse.code", "{{ stock_level.warehouse.code or stock_level.warehouse.name }}"),
        ("customers", "addresses.*.name", "{{ address.name or customer.name }}"),
        ("customers", "contacts.*.name", "{{ contact.name or customer.name }}"),
        ("shipments", "warehouse.code", "{{ shipment.warehouse.code or shipment.warehouse.name }}"),
    ],
)
def test_stand_ins_of_other_kinds(kind: Kind, path: str, proposal: str) -> None:
    """What is proposed names the record as templates of the kind do, and can be put into its map."""
    (line,) = row(fit(kind, {}, asking(path)), path).proposals

    assert line == f'"{path}" = "{proposal}"'
    assert FieldMap(tomllib.loads(line), kind)


def test_a_map_of_another_kind_fills_its_gaps() -> None:
    """What the pipeline maps is there, and a guarantee of the source is as good."""
    accepts = asking("item.sku")

    assert row(fit("inventory", {}, accepts, ["item.sku"]), "item.sku").verdict == "mapped"
    assert row(fit("inventory", accepts, accepts), "item.sku").verdict == "always"


def test_nothing_can_stand_in() -> None:
    """Where no other field can stand in, the sentence says to give a fixed text."""
    found = row(fit("orders", {"properties": {"price_label": False}}, {"required": ["price_label"]}), "price_label")

    assert found.proposals == ()
    assert found.sentence == "price_label is never there; the pipeline's map has to fill it with a fixed text."


def test_another_canonical_schema() -> None:
    """A kind without a published schema is held against the one given."""
    level = {"required": ["sku"], "properties": {"sku": {}, "count": {"default": 0}}, "additionalProperties": False}
    found = fit("inventory", {}, {"required": ["sku", "count", "color"]}, canonical=level)

    assert [(one.path, one.verdict) for one in found.rows] == [
        ("color", "never"),
        ("count", "always"),
        ("sku", "always"),
    ]


def test_data_for_machines() -> None:
    """A fit can be written as JSON."""
    data = json.loads(json.dumps(fit("orders", {}, lines(required=["barcode"])).to_data()))

    assert (data["kind"], data["possible"]) == ("orders", True)
    assert data["rows"] == [
        {
            "path": "lines.*.barcode",
            "verdict": "may be missing",
            "asks": "",
            "instead": [],
            "proposals": ['"lines.*.barcode" = "{{ line.barcode or line.gtin }}"'],
            "sentence": "lines.*.barcode may be missing; orders without it are held unless the map fills it.",
        }
    ]
