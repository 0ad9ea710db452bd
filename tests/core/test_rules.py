"""Mistakes in a user's map and skip rules are told before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
from orderweft import InvalidRecordError, Kind
from orderweft.errors import TemplateError
from orderweft.exchange import Moved
from orderweft.rules import FieldMap, SkipRules

from .memory import order
from .shelves import customer, level, product, shipment


@pytest.mark.parametrize(
    ("target", "template", "told"),
    [
        ("lines.*.sku", "{{ line.colour_code }}", r"line has no field 'colour_code'; did you mean 'color_code'"),
        ("note", "{{ order.customer.acount_code }}", r"order.customer has no field 'acount_code'"),
        ("note", "{{ line.sku }}", r"nothing called 'line' here; there is order"),
        ("addresses.*.name", "{{ line.sku }}", r"there is order and address"),
        ("note", "{% if ordr.number %}x{% endif %}", r"nothing called 'ordr'"),
    ],
)
def test_a_misspelt_field_is_told_at_once(target: str, template: str, told: str) -> None:
    """A template that asks for what no order can have is refused with the name that was meant."""
    with pytest.raises(TemplateError, match=told):
        FieldMap({target: template})


def test_a_misspelt_field_in_a_skip_rule_is_told_at_once() -> None:
    """The same holds for rules."""
    with pytest.raises(TemplateError, match="order has no field 'line'; did you mean 'lines'"):
        SkipRules([("order.line | length == 0", "empty")])


@pytest.mark.parametrize(
    "template",
    [
        "{{ order.custom_fields.anything }}",
        "{% for one in order.lines %}{{ one.sku }}{% endfor %}",
        "{% set code = order.season.code %}{{ code | upper }}",
        "{{ order.lines[0].barcode }}",
        "{{ order.customer.name.upper() }}",
    ],
)
def test_what_an_order_may_have_is_not_refused(template: str) -> None:
    """Fields of the user's own, loops, variables, indexes and methods pass."""
    assert FieldMap({"note": template})


def test_a_rule_with_variables_of_its_own_holds() -> None:
    """A rule may look through the lines."""
    rules = SkipRules([("order.lines | map(attribute='quantity') | sum > 1", "too much")])
    assert rules.reason(order(1)) == "too much"


# the other kinds

PRODUCT = product(
    1, colors=[{"color": "Navy", "skus": [{"size": "M"}]}, {"color": "Sand", "color_code": "105", "skus": []}]
)
CUSTOMER = customer(1, addresses=[{"role": "delivery", "name": "Shop"}], contacts=[{"name": "A. Example"}])


@pytest.mark.parametrize(
    ("kind", "record", "target", "template", "mapped"),
    [
        pytest.param(
            "inventory", level(1), "item.sku", "{{ stock_level.item.style_number }}-M", "item.sku=S1-M", id="stock"
        ),
        pytest.param("inventory", level(1, 7), "quantity", "{{ stock_level.quantity - 2 }}", "quantity=5", id="number"),
        pytest.param(
            "inventory", level(1), "warehouse.code", "{{ stock_level.origin.channel }}", "warehouse.code=depot",
            id="part",
        ),
        pytest.param("inventory", level(1, season="SS27"), "season", "", "season=None", id="removed"),
        pytest.param(
            "catalog", PRODUCT, "colors.*.color_code", "{{ color.color_code or color.color | upper }}",
            "colors.0.color_code=NAVY", id="colors",
        ),
        pytest.param(
            "catalog", PRODUCT, "colors.*.color_code", "{{ color.color_code or color.color | upper }}",
            "colors.1.color_code=105", id="every color",
        ),
        pytest.param(
            "catalog", PRODUCT, "colors.*.skus.*.sku", "{{ product.style_number }}-{{ color.color }}-{{ sku.size }}",
            "colors.0.skus.0.sku=S1-Navy-M", id="sizes of colors",
        ),
        pytest.param(
            "catalog", PRODUCT, "prices.*.label", "{{ price.currency }} {{ product.style_number }}",
            "prices.0.label=USD S1", id="prices",
        ),
        pytest.param(
            "customers", CUSTOMER, "addresses.*.code", "{{ customer.account_code }}", "addresses.0.code=C1",
            id="addresses",
        ),
        pytest.param(
            "customers", CUSTOMER, "contacts.*.email", "{{ contact.name | lower | replace(' ', '') }}@x.example",
            "contacts.0.email=a.example@x.example", id="contacts",
        ),
        pytest.param(
            "shipments", shipment(1), "carrier", "Post {{ shipment.order_id }}", "carrier=Post O1", id="shipments"
        ),
        pytest.param("inventory", level(1), "custom_fields.lot", "7", "custom_fields.lot=7", id="custom field"),
    ],
)  # fmt: skip
def test_records_of_every_kind_are_mapped(kind: Kind, record: Moved, target: str, template: str, mapped: str) -> None:
    """A template sees the record under the name of its schema, and the entry of a list under its own."""
    path, _, value = mapped.partition("=")
    found: Any = FieldMap({target: template}, kind).apply(record).to_data()
    for step in path.split("."):
        found = found[int(step)] if step.isdecimal() else found.get(step)
    assert str(found) == value


@pytest.mark.parametrize(
    ("kind", "target", "template", "told"),
    [
        ("inventory", "item.skuu", "1", "a stock level has no field item.skuu; did you mean 'sku'"),
        ("inventory", "sku", "1", "a stock level has no field sku"),
        ("inventory", "item", "1", "item has fields of its own; map one of id, style_number"),
        ("inventory", "origin.id", "1", "a stock level has no field origin"),
        ("inventory", "item.*.sku", "1", r"a \* stands only behind a list"),
        ("inventory", "season", "{{ level.season }}", "nothing called 'level' here; there is stock_level"),
        ("inventory", "season", "{{ stock_level.item.colour }}", "stock_level.item has no field 'colour'"),
        ("catalog", "colors.*.colour_code", "1", "no field colors.*.colour_code; did you mean 'color_code'"),
        ("catalog", "colors.*.skus.*.color", "1", "a product has no field colors.*.skus.*.color"),
        ("catalog", "colors.*.skus.sku", "1", r"skus is a list; map skus\.\*\.FIELD instead"),
        ("catalog", "prices.*.label", "{{ sku.size }}", "there is product and price"),
        ("catalog", "skus.*.sku", "1", "a product has no field skus"),
        ("catalog", "tags", "1", "tags is a list; map another field instead"),
        ("catalog", "prices.*.label", "{{ color.color }}", "there is product and price"),
        ("catalog", "colors.*.color", "{{ color.colour }}", "color has no field 'colour'; did you mean 'color'"),
        ("customers", "contacts.name", "1", r"contacts is a list; map contacts.\*.FIELD instead"),
        ("customers", "name", "{{ order.customer.name }}", "nothing called 'order' here; there is customer"),
        ("shipments", "lines.*.sku", "1", "a shipment has no field lines.*.sku"),
        ("shipments", "lines.*.order_line", "{{ line.item.skew }}", "line.item has no field 'skew'"),
    ],
)  # fmt: skip
def test_wrong_names_are_told_for_every_kind(kind: Kind, target: str, template: str, told: str) -> None:
    """A target or a name no record of the kind has is refused before anything runs."""
    with pytest.raises(TemplateError, match=told):
        FieldMap({target: template}, kind)


def test_what_a_template_makes_has_to_fit_the_record() -> None:
    """A level cannot lose its quantity, nor have half a piece."""
    for template in ("", "many", "1.5"):
        with pytest.raises(InvalidRecordError, match="after mapping, "):
            FieldMap({"quantity": template}, "inventory").apply(level(1))


@pytest.mark.parametrize(
    ("kind", "record", "when"),
    [
        ("inventory", level(1, -1), "stock_level.quantity < 0"),
        ("inventory", level(1), "not stock_level.warehouse.name"),
        ("catalog", PRODUCT, "product.colors | selectattr('color_code', 'eq', '105') | list"),
        ("customers", CUSTOMER, "customer.addresses[0].role == 'delivery'"),
        ("shipments", shipment(1), "shipment.status == 'shipped'"),
    ],
)
def test_rules_hold_for_every_kind(kind: Kind, record: Moved, when: str) -> None:
    """A rule sees the record under the name of its schema, absent parts as empty ones."""
    assert SkipRules([("false", "never"), (when, "for a reason")], kind).reason(record) == "for a reason"
    assert SkipRules([(f"not ({when})", "never")], kind).reason(record) is None


def test_wrong_names_in_rules_are_told_for_every_kind() -> None:
    """As in a map."""
    with pytest.raises(TemplateError, match="stock_level has no field 'quantiy'; did you mean 'quantity'"):
        SkipRules([("stock_level.quantiy < 0", "oversold")], "inventory")
