"""Mistakes in a user's map and skip rules are told before anything runs."""

from __future__ import annotations

import pytest
from orderweft.errors import TemplateError
from orderweft.rules import FieldMap, SkipRules

from .memory import order


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
