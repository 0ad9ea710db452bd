"""Each field of an order, and of the request that delivered it, says where it comes from, and by which rule."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orderweft.bodies import taken_apart
from orderweft.errors import TemplateError
from orderweft.provenance import Field, leaves, provenance
from orderweft.traces import traces

from ..conftest import OpenScene
from ..scenarios import Scene
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


TABLE = """[pipelines.orders.map]
note = "{{ order.number }} from JOOR"
"lines.*.sku" = "{{ line.style_number }}-{{ line.color_code }}-{{ line.size }}"
"""


def explained(opened: Scene) -> dict[str, Any]:
    """Return what `explain --json` says of the first order."""
    [answer] = opened.say("explain", "9000001", "--json", private=True).json
    assert isinstance(answer, dict)
    return answer


def asked(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what is said of each field of the request, by path."""
    return {field["path"]: field for field in answer["request_fields"]}


def say_otherwise(opened: Scene, request: str) -> None:
    """Have the journal say that the last thing told was *request*."""
    with closing(sqlite3.connect(opened.folder / "orderweft.db")) as db, db:
        db.execute("UPDATE exchanges SET request = ? WHERE step = 'send' AND is_write", [request])


def test_explain_follows_each_field_from_the_source_to_the_request(open_scene: OpenScene) -> None:
    """Both tables name the source's field; when the map has changed since, it says so."""
    opened = open_scene(1)
    opened.configure(TABLE)
    opened.say("explain", "9000001").expect(2, "does not exist yet")
    opened.say("run").expect(0)
    said = opened.say("explain", "9000001", private=True)
    said.expect(
        0,
        "note 9000001 from JOOR order.number template {{ order.number }} joor: order_id from JOOR",
        "currency GBP joor: order_currency as read",
        "status approved made by the plugin joor as read",
        "Sent to shop on",
        "order.currency GBP currency as read joor: order_currency",
        "order.financialStatus PENDING set by the plugin shopify",
        "`orderweft orders show 9000001 --payloads` prints the request as it was sent.",
        "is found by comparing values",
    )
    assert "CreateOrder" not in said.out
    answer = explained(opened)
    assert (answer["state"], answer["sent_otherwise"]) == ("delivered", False)
    assert '"CreateOrder"' in answer["request"]["request"]
    opened.configure(TABLE.replace("JOOR", "us"))
    changed = opened.say("explain", "9000001", "--pipeline", "orders", private=True)
    changed.expect(0, "The templates have changed since it was sent", "an earlier template")
    assert asked(explained(opened))["order.note"]["rule"] == "template"
    opened.say("explain", "9000001", "--pipeline", "stock").expect(2, "no pipeline is called 'stock'")


def test_each_field_of_shopifys_request_says_what_it_was_made_of(open_scene: OpenScene) -> None:
    """Values of lines come from their line, addresses from the one of their role, and texts are put together."""
    opened = open_scene(1)
    opened.configure(TABLE)
    opened.say("run").expect(0)
    answer = explained(opened)
    read = {field["path"]: field["read_from"] for field in answer["fields"]}
    request = asked(answer)
    assert read["lines.1.quantity"] == ["line_items.1.item_quantity"]
    assert read["lines.1.gtin"] == ["line_items.1.item_upc"]
    assert read["addresses.1.city"] == ["billing_city"]
    assert read["status"] == []
    told = {path: (one["fields"], one["how"]) for path, one in request.items()}
    line = "order.lineItems.1."
    assert told[f"{line}quantity"] == (["lines.1.quantity"], "same value")
    assert told[f"{line}priceSet.shopMoney.amount"] == (["lines.1.unit_price"], "same value")
    assert told[f"{line}variantTitle"] == (["lines.1.color"], "part of")
    assert told[f"{line}requiresShipping"] == ([], "plugin")
    assert told["order.shippingAddress.city"] == (["addresses.0.city"], "same value")
    assert told["order.billingAddress.countryCode"] == (["addresses.1.country"], "same value")
    assert told["order.shippingLines.0.priceSet.shopMoney.amount"] == (["shipping_total"], "same value")
    assert told["order.metafields.0.value"] == (["origin.id", "origin.connection"], "part of")
    assert told["order.note"][0][0] == "note"
    sku = request[f"{line}sku"]
    assert (sku["fields"], sku["rule"]) == (["lines.1.sku"], "template")
    assert sku["template"] == "{{ line.style_number }}-{{ line.color_code }}-{{ line.size }}"
    names = ("item_color_code", "item_size", "item_number")
    assert sku["source_fields"] == [f"line_items.1.{name}" for name in names]


def test_a_request_that_cannot_be_taken_apart_is_shown_as_it_is(open_scene: OpenScene) -> None:
    """A body such as CSV is printed; of one that the journal has cut, what there is."""
    opened = open_scene(1)
    opened.say("run").expect(0)
    say_otherwise(opened, "number;currency\n9000001;GBP\n")
    said = opened.say("explain", "9000001", private=True)
    said.expect(0, "Sent on", "number;currency 9000001;GBP")
    assert explained(opened)["request_fields"] == []
    say_otherwise(opened, '{"order": {"currency": "GBP", "note": "call fi… (cut; 70000 characters in all)')
    opened.say("explain", "9000001", private=True).expect(
        0, "order.currency GBP", "what comes after the cut is missing"
    )
    assert list(asked(explained(opened))) == ["order.currency"]


BODIES = {
    "json": ('{"a": {"b": [1, "x"]}, "c": null}', {"a.b.0": 1, "a.b.1": "x"}),
    "graphql": ('{"query": "mutation", "variables": {"a": 1.50}, "operationName": "A"}', {"a": Decimal("1.50")}),
    "masked number": ('{"id": ***, "a": "b"}', {"id": "***", "a": "b"}),
    "form": ("a=b+c&lines[0][sku]=x&lines[1][sku]=y&d=1&d=2",
             {"a": "b c", "lines.0.sku": "x", "lines.1.sku": "y", "d.0": "1", "d.1": "2"}),
    "xml": ('<o xmlns="urn:x" id="7"><line><sku>x</sku></line><line>y</line></o>',
            {"@id": "7", "line.0.sku": "x", "line.1": "y"}),
    "xml with a document type": ('<!DOCTYPE o [<!ENTITY a "b">]><o>&a;</o>', {}),
    "csv": ("a,b\n1,2\n", {}), "nothing": (None, {}), "broken": ('{"a": ', {}),
}  # fmt: skip


@pytest.mark.parametrize(("text", "values"), BODIES.values(), ids=BODIES)
def test_bodies_are_taken_apart(text: str | None, values: dict[str, Any]) -> None:
    """JSON, the variables of GraphQL, forms and XML give their single values; anything else gives none."""
    assert dict(leaves(taken_apart(text))) == values


ALONG = [
    {"sku": "A1-S", "size": "S", "quantity": 3},
    {"sku": "A1-M", "size": "M", "quantity": 3},
    {"sku": "B2-S", "size": "S", "quantity": 5},
]
LISTS = {
    "in order": ({"rows": [{"qty": 3}, {"qty": 3}, {"qty": 5}]},
                 {"rows.1.qty": "lines.1.quantity", "rows.2.qty": "lines.2.quantity"}),
    "reordered": (
        {"rows": [{"item": "B2-S", "qty": 5, "no": 1}, {"item": "A1-M", "qty": 3, "no": 2},
                  {"item": "A1-S", "qty": 3, "no": 3}]},
        {"rows.0.qty": "lines.2.quantity", "rows.1.qty": "lines.1.quantity", "rows.2.qty": "lines.0.quantity",
         "rows.2.no": None},
    ),
    "grouped": (
        {"styles": [{"style": "B2", "sizes": [{"code": "B2-S", "size": "S", "qty": 5}]},
                    {"style": "A1", "sizes": [{"code": "A1-S", "size": "S", "qty": 3},
                                              {"code": "A1-M", "size": "M", "qty": 3}]}]},
        {"styles.0.sizes.0.qty": "lines.2.quantity", "styles.1.sizes.0.size": "lines.0.size",
         "styles.1.sizes.1.qty": "lines.1.quantity"},
    ),
    "deep": ({".".join("a" * 5000): "B2-S"}, {".".join("a" * 5000): "lines.2.sku"}),
    "elsewhere": ({"rows": [{"x": True}], "count": 3, "page": 5}, {"rows.0.x": None, "count": None, "page": None}),
}  # fmt: skip


@pytest.mark.parametrize(("made", "expected"), LISTS.values(), ids=LISTS)
def test_lines_are_known_again(made: Any, expected: dict[str, str | None]) -> None:
    """A line is the one that shares its key values, else the one at its place; a small number alone says nothing."""
    found = traces(dict(leaves(made)), dict(leaves({"lines": ALONG})))
    assert {path: next(iter(found[path].paths), None) for path in expected} == expected


SAME = {
    "amounts": ("19.90", Decimal("19.9"), True), "barcodes": ("02000000001005", 2000000001005, True),
    "moments": ("2026-11-21T10:00:00Z", "2026-11-21T11:00:00+01:00", True),
    "a day and a moment of it": ("2026-11-21", "2026-11-21T10:00:00Z", True),
    "moments of one day": ("2026-11-21T10:00:00Z", "2026-11-21T10:00:01Z", False),
    "trimmed": (" Main Street ", "Main Street", True), "case": ("Main Street", "main street", False),
    "codes with zeros": ("001007", "1007", False), "true is not 1": (True, 1, False),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same"), SAME.values(), ids=SAME)
def test_values_are_compared_by_what_they_mean(one: Any, other: Any, same: bool) -> None:
    """Numbers compare as numbers, times as times, and text letter by letter; whichever way round."""
    for made, origin in ((one, other), (other, one)):
        assert (traces({"thing": made}, {"thing": origin})["thing"].how == "same value") is same


def is_equal(one: Any, other: Any) -> bool:
    """Return whether two values mean the same, as a person would compare them."""
    texts = [str(value).strip() for value in (one, other)]
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    try:
        return Decimal(texts[0]) == Decimal(texts[1])
    except InvalidOperation:
        return texts[0] == texts[1] or texts[0][:10] == texts[1][:10]


NAMES = st.sampled_from(["city", "id", "key", "lines", "name", "quantity", "role", "sku", "type", "value", "é x"])
VALUES = st.one_of(
    st.sampled_from([value for _, value in leaves(ORDER.to_data())]),
    st.sampled_from(["C1 7", "market:7", "Example", "call first, then 10.00", "2026-11-21", "2026-11-21T10:00:00Z"]),
    st.booleans(), st.integers(), st.decimals(allow_nan=False, allow_infinity=False, places=2), st.text(max_size=9),
)  # fmt: skip
PAYLOADS = st.dictionaries(
    NAMES, st.recursive(VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4))
)


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(made=PAYLOADS, payload=PAYLOADS)
def test_each_named_place_exists_and_holds_the_value(made: Any, payload: Any) -> None:
    """Whatever is compared: at most three places, each there, with that value or with one within the other."""
    origins = dict(leaves(payload))
    for values in (dict(leaves(made)), dict(leaves(ORDER.to_data()))):
        found = traces(values, origins)
        assert found.keys() == values.keys()
        for path, trace in found.items():
            assert len(trace.paths) <= 3
            assert (trace.how == "plugin") is (not trace.paths)
            for place in trace.paths:
                texts = [str(value).strip() for value in (values[path], origins[place])]
                shorter, longer = sorted(texts, key=len)
                assert is_equal(values[path], origins[place]) if trace.how == "same value" else shorter in longer


def test_explain_needs_the_contents(open_scene: OpenScene) -> None:
    """Of a purged order it says that there is nothing left to explain."""
    opened = open_scene(1)
    opened.say("run").expect(0)
    opened.wait(100 * 86_400)
    opened.say("purge", "--older-than", "90d", "--yes").expect(0)
    opened.say("explain", "9000001").expect(2, "nothing is known of what order 9000001 contains", "were purged on")
