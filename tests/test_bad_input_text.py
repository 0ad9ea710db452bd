"""Bad JSON, records and templates end in a sentence, soon and without filling the memory."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orderweft import Template, TemplateError, decode_json, first_mistake
from orderweft.schema import RECORDS
from pydantic import TypeAdapter, ValidationError

from .strategies import bad_input, mutated, records
from .test_bad_input_bombs import memory


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"[" * 10**6, id="deep"),
        pytest.param(b'{"a":' * 101 + b"1" + b"}" * 101, id="deeper than allowed"),
        pytest.param(b'{"a": 1e999999999999999999999}', id="exponent no decimal has"),
        pytest.param(b'{"a": 1e999999}', id="exponent too large to count with"),
        pytest.param(b"9" * 5000, id="number of thousands of digits"),
        pytest.param(b"NaN", id="no number"),
        pytest.param(b"\xff\xfe\x00", id="half a character"),
    ],
)
def test_json_that_is_none(text: bytes) -> None:
    """Whatever is wrong, it is a ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011  the words are Python's own
        decode_json(text)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("{{ [1] * 99999 }}", id="list"),
        pytest.param("{{ [1] | batch(10**9, 'x') | list | length }}", id="power"),
        pytest.param("{{ 'x' | indent(1000000000) }}", id="indent"),
        pytest.param("{{ '%1000000000d' | format(1) }}", id="width"),
        pytest.param("{{ '{:1000000000}'.format(1) }}", id="width of a method"),
        pytest.param(
            "{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
            id="doubling in a loop",
        ),
        pytest.param("{% set x = 'a' %}" + "{% set x = x ~ x %}" * 40 + "{{ x | length }}", id="doubling in a row"),
        pytest.param("{{ 1" + "+1" * 20_000 + " }}", id="operators without end"),
        pytest.param("{{ order.__class__ }}", id="dunder"),
        pytest.param("{% include 'x' %}", id="include"),
        pytest.param("{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}", id="recursion"),
    ],
)
def test_template_bombs(source: str) -> None:
    """A template that would fill the memory or leave its box is refused, and nothing much is used."""
    with memory(10 * 2**20), pytest.raises(TemplateError):
        Template(source).render(order={"number": "1001"})


def test_ordinary_templates_pass() -> None:
    """Powers in Markdown, barcodes and widths of three digits are no bombs."""
    source = "**Terms** {% set x = '2000000000008' %}{{ x if order.number == '1001' }} {{ '%05d' | format(7) }}"
    assert Template(source).render(order={"number": "1001"}) == "**Terms** 2000000000008 00007"


@pytest.mark.parametrize("kind", sorted(RECORDS))
@bad_input
@given(st.data())
def test_a_changed_record_is_read_or_told(kind: str, data: st.DataObject) -> None:
    """A record with fields changed or taken out is read, or its first mistake is told without what stood there."""
    made = data.draw(mutated(records(RECORDS[kind]).map(lambda record: record.to_data())))
    told = None
    try:
        TypeAdapter(RECORDS[kind]).validate_json(json.dumps(made))
    except ValidationError as error:
        told = first_mistake(error)
    assert told is None or ": " in told
