"""Each field of an order says where it comes from: read, made by a template out of which fields, or removed by one."""

from __future__ import annotations

import pytest
from orderweft.errors import TemplateError
from orderweft.provenance import Field, provenance

from ..conftest import OpenScene
from .memory import order

ORDER = order(
    7,
    note="call first",
    lines=[
        {"key": "1", "style_number": "A1", "quantity": 2, "unit_price": "10.00"},
        {"key": "2", "style_number": "B2", "quantity": 3, "unit_price": "11.00", "sku": "kept"},
    ],
)


def told(templates: dict[str, str]) -> dict[str, Field]:
    """Return the fields of `ORDER` under *templates* by path."""
    return {field.path: field for field in provenance(ORDER, templates)}


def test_without_templates_everything_is_as_read() -> None:
    """Every single value of the order is there, under its path."""
    fields = told({})
    assert {field.rule for field in fields.values()} == {"read"}
    assert fields["lines.1.sku"].value == "kept"
    assert "lines.0.sku" not in fields


def test_a_template_names_what_it_was_made_of() -> None:
    """A field says its value, its template, the fields the template asks for, and what was there before."""
    source = "{{ order.number }}/{{ order.customer.account_code | lower }}"
    assert told({"note": source})["note"] == Field(
        "note", "7/c1", "template", source, ("order.customer.account_code", "order.number"), "call first"
    )


def test_a_template_for_all_lines_is_told_of_each() -> None:
    """Every line has its own value and what it had before, new or not."""
    fields = told({"lines.*.sku": "{{ line.style_number }}-{{ order.number }}"})
    assert [(fields[path].value, fields[path].before) for path in ("lines.0.sku", "lines.1.sku")] == [
        ("A1-7", None),
        ("B2-7", "kept"),
    ]
    assert fields["lines.0.sku"].sources == ("line.style_number", "order.number")
    assert fields["lines.0.style_number"].rule == "read"


def test_a_field_that_a_template_has_emptied_is_shown_as_removed() -> None:
    """It has no value any more, and what it was is told."""
    field = told({"note": "{% if false %}never{% endif %}"})["note"]
    assert (field.rule, field.value, field.before) == ("removed", None, "call first")


def test_a_mapping_that_fails_says_so() -> None:
    """What holds the order in a run is raised here too."""
    with pytest.raises(TemplateError, match="the mapping of note fails"):
        told({"note": "{{ order.note.first.second }}"})


def test_explain_shows_the_order_beside_what_was_sent(open_scene: OpenScene) -> None:
    """Fields with their origin, then the request; when the map has changed since, it says so."""
    opened = open_scene(1)
    table = '[pipelines.orders.map]\nnote = "{{ order.number }} from JOOR"\n'
    opened.configure(table)
    opened.say("explain", "9000001").expect(2, "does not exist yet")
    opened.say("run").expect(0)
    said = opened.say("explain", "9000001", private=True)
    said.expect(0, "note 9000001 from JOOR order.number template {{ order.number }} from JOOR", "customer.name")
    assert '"operationName": "CreateOrder"' in said.out
    [answer] = opened.say("explain", "9000001", "--pipeline", "orders", "--json", private=True).json
    assert (answer["state"], answer["sent_otherwise"]) == ("delivered", False)
    assert '"CreateOrder"' in answer["request"]["request"]
    opened.configure(table.replace("JOOR", "us"))
    opened.say("explain", "9000001", private=True).expect(0, "The templates have changed since it was sent")
    opened.say("explain", "9000001", "--pipeline", "stock").expect(2, "no pipeline is called 'stock'")


def test_explain_needs_the_contents(open_scene: OpenScene) -> None:
    """Of a purged order it says that there is nothing left to explain."""
    opened = open_scene(1)
    opened.say("run").expect(0)
    opened.wait(100 * 86_400)
    opened.say("purge", "--older-than", "90d", "--yes").expect(0)
    opened.say("explain", "9000001").expect(2, "nothing is known of what order 9000001 contains", "were purged on")
