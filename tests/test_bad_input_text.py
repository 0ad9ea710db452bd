"""Bad JSON, records and templates end in a sentence, soon and without filling the memory."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orderweft import InvalidRecordError, Kind, Template, TemplateError, decode_json, first_mistake
from orderweft.rules import FieldMap, SkipRules
from orderweft.schema import RECORD_OF, RECORDS
from pydantic import TypeAdapter, ValidationError

from .strategies import bad_input, mutated, records, soon, texts
from .test_bad_input_bombs import memory
from .test_bad_input_schemas import targets


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
        pytest.param("{{ (1 < order.number | length) is divisibleby(0) }}", id="panic"),
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


# templates of maps and rules

FIELDS = {
    kind: [f"{name}.{path}" for path in targets(kind) if "*" not in path and " " not in path]
    for kind, name in RECORD_OF.items()
}
LITERALS = [
    "''", "'x'", "'19,90'", "0", "-1", "1.5", "99999", "true", "none", "[]", "[1, 'a']", "{'a': [1]}", "range(5)", "x",
    "loop.index", "order", "order.lines", "order.lines[0].sku", "order.nope", "product.colors[0].skus", "(", "'", "}}",
]  # fmt: skip
FILTERS = [
    "abs", "attr('x')", "batch(3)", "bool", "capitalize", "chain", "default('x')", "dictsort", "first", "float",
    "format(1)", "groupby('size')", "indent(99)", "int", "items", "join(', ')", "last", "length", "lines", "list",
    "lower", "map('upper')", "map(attribute='sku')", "max", "min", "money", "money(2, ',', '.')", "money(99)",
    "money('x')", "nope", "number_format(2)", "number_format(-3)", "number_format(999)", "pprint", "reject",
    "replace(1)", "replace('', 'x')", "reverse", "round", "round(-99)", "round(2, 'ceil')", "round(1, 'up')",
    "select('odd')", "selectattr('quantity', 'gt', 2)", "slice(0, 3)", "slice(-2)", "slice(9, -9)", "sort", "split",
    "split('')", "split('', 0)", "split('-', 2)", "string", "sum", "title", "tojson", "trim", "unique", "upper",
    "urlencode", "zip",
]  # fmt: skip
OPERATORS = ["~", "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", ">=", "in", "not in", "and", "or", "is", "??"]
TESTS = ["is defined", "is none", "is startingwith('x')", "is divisibleby(0)", "is odd", "is in [1]", "is nope"]
STATEMENTS = [
    "{{{{ {0} }}}}", "{{% if {0} %}}{{{{ {1} }}}}{{% elif {1} %}}a{{% else %}}b{{% endif %}}", "a {{{{- {0} -}}}} b",
    "{{% for x in {0} %}}{{{{ x }}}}{{% else %}}{{{{ {1} }}}}{{% endfor %}}", "{{% set x = {0} %}}{{{{ x | {2} }}}}",
    "{{% for x in {0} if {1} %}}{{% for x in x %}}{{{{ loop.index ~ x }}}}{{% endfor %}}{{% endfor %}}", "{{{{ {0}",
    "{{% filter {2} %}}{{{{ {0} }}}}{{% endfilter %}}", "{{% with x = {0} %}}{{{{ x.y }}}}{{% endwith %}}", "{0} {1}",
    "{{% macro m(x) %}}{{{{ x | {2} }}}}{{% endmacro %}}{{{{ m({0}) }}}}", "{{# {0} #}}",
    "{{% raw %}}{0}{{% endraw %}}",
]  # fmt: skip


def expressions(kind: Kind) -> st.SearchStrategy[str]:
    """Return what may stand in a template for records of *kind*, right and wrong."""
    filters, operators = st.sampled_from(FILTERS), st.sampled_from(OPERATORS)
    return st.recursive(
        st.sampled_from(FIELDS[kind]) | st.sampled_from(LITERALS) | texts,
        lambda inner: (
            st.builds("{} | {}".format, inner, filters)
            | st.builds("({} {} {})".format, inner, operators, inner)
            | st.builds("{} {}".format, inner, st.sampled_from(TESTS))
            | st.builds("{}[{}:{}]".format, inner, inner, inner)
            | st.builds("{} if {} else {}".format, inner, inner, inner)
        ),
        max_leaves=6,
    )


@pytest.mark.parametrize("kind", RECORD_OF)
@bad_input
@given(st.data())
def test_any_template_makes_a_record_or_is_told(kind: Kind, data: st.DataObject) -> None:
    """What a map makes of a record is a record, what a rule says is a reason or none, and the rest is an error."""
    record = data.draw(records(RECORDS[RECORD_OF[kind]]))
    for _ in range(3):
        shape, filtering = data.draw(st.sampled_from(STATEMENTS)), data.draw(st.sampled_from(FILTERS))
        one, other = data.draw(expressions(kind)), data.draw(expressions(kind))
        source, target = shape.format(one, other, filtering), data.draw(st.sampled_from(targets(kind)))
        with soon((source, target)):
            with suppress(TemplateError, InvalidRecordError):
                assert type(FieldMap({target: source}, kind).apply(record)) is type(record)
            with suppress(TemplateError):
                assert SkipRules([(one, "why")], kind).reason(record) in ("why", None)
