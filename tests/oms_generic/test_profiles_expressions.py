"""Expressions, leaves and trees of profiles."""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from orderweft import TemplateError
from orderweft_oms_generic.profiles.expressions import compiled, leaf
from orderweft_oms_generic.profiles.functions import FUNCTIONS, fit_key
from orderweft_oms_generic.profiles.tree import render

BODY = json.loads(
    '{"price": 0.1, "pieces": 3, "rows": [{"sku": "A", "n": 1}, {"sku": "B", "n": 2}]}', parse_float=Decimal
)
CONTEXT = {"body": BODY, "headers": {"location": "/x/9001"}, "maps": {"status": {"new": "open", "*": "other"}}}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("body.price == `0.1`", True),
        ("mul(body.price, '3')", Decimal("0.3")),
        ("add('0.10', '0.20')", Decimal("0.30")),
        ("sub('1', body.price)", Decimal("0.9")),
        ("round('2.345', '2')", Decimal("2.35")),
        ("sum(body.rows[*].mul(n, '1.5'))", Decimal("4.5")),
        ("after_last(headers.location, '/')", "9001"),
        ("lookup('status', 'new')", "open"),
        ("lookup('status', 'gone')", "other"),
        ("lookup('status', body.missing)", "other"),
        ("pick({a: 'x'}, 'a')", "x"),
        ("where(body.rows, 'sku', 'B') | [0].n", 2),
        ("where(body.rows, 'n', '2') | [0].sku", "B"),
        ("coalesce(body.missing, '', 'c')", "c"),
        ("concat('a', body.missing, body.pieces)", "a3"),
        ("join(' ', ['a', body.missing, 'b'])", "a b"),
        ("lower(body.missing)", None),
        ("contains(body.missing, 'x')", None),
        ("date('2026-11-02T23:30:00-05:00')", "2026-11-03"),
        ("date('02.11.2026', '%Y%m%d', '%d.%m.%Y')", "20261102"),
        ("datetime('2026-11-02 09:00:00')", "2026-11-02T09:00:00Z"),
        ("days_before('2026-11-02T09:00:00Z', '2')", "2026-10-31T09:00:00Z"),
        ("urlpath('a/b c')", "a%2Fb%20c"),
        (r"sqltext('O\'Neill')", "'O''Neill'"),
        ("replace_re('a1b22', '[0-9]+', '-')", "a-b-"),
        ("split('a,b', ',')", ["a", "b"]),
        ("number('1.50')", Decimal("1.50")),
        ("text(body.price)", "0.1"),
        ("type(body.rows)", "array"),
    ],
)
def test_functions_compute_exactly_and_pass_null_on(source: str, expected: Any) -> None:
    """Every function gives what it promises, decimals stay exact, and null in is null out."""
    assert compiled(source).value(CONTEXT) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("lowr(body)", "no function lowr(); did you mean lower?"),
        ("lower(a, b)", "lower() takes 1 arguments, not 2"),
        ("body.", "is not an expression"),
        ("(" * 900, "is not an expression"),
        ("a." * 600 + "a", "too long"),
        ("!" * 40 + "a", "nested too deeply"),
        ("sort_by(body.rows, &n)", "there is no function sort_by()"),
        ("replace_re(a, b, 'c')", "must be written out"),
        ("replace_re(a, '(x+)+', 'c')", "is not a pattern"),
        ("replace_re(a, 'x*x*x*x', 'c')", "is not a pattern"),
        ("replace_re(a, '(?=x)', 'c')", "is not a pattern"),
        ("replace_re(a, '[', 'c')", "is not a pattern"),
    ],
    ids=lambda value: value[:20],
)
def test_what_cannot_work_is_refused_when_compiled(source: str, message: str) -> None:
    """Unknown functions, wrong counts, hopeless patterns and monsters never wait for the branch that needs them."""
    with pytest.raises(TemplateError) as caught:
        compiled(source)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("mul('x', '2')", "'x' is not a number"),
        ("add('1e400', '1')", "not a number of usual size"),
        ("date('tomorrow')", "is not a day or time such as 2026-11-02"),
        ("date('2026-11-02', '%c')", "is no format"),
        ("urlpath('..')", "cannot be part of a path"),
        (r"sqltext('a\\b')", "cannot be part of a query"),
        ("body.pieces > 'x'", "use number() or text()"),
        ("text(body.rows)", "a list or a map where a text is expected"),
        ("|".join(["[@,@][]"] * 24), "takes too long"),
    ],
    ids=lambda value: value[:20],
)
def test_errors_name_the_expression_and_what_was_expected(source: str, message: str) -> None:
    """An expression that fails on its data says which it was, what it was given and what would have been right."""
    with pytest.raises(TemplateError) as caught:
        compiled(source).value(CONTEXT)
    assert message in str(caught.value)


def test_every_function_can_be_called() -> None:
    """The table of functions and their counts of arguments agree with the functions themselves."""
    for name, function in FUNCTIONS.items():
        arguments = ["1"] * function.fewest
        try:
            function.call({}, *arguments) if name == "lookup" else function.call(*arguments)
        except ValueError:
            continue


@pytest.mark.parametrize("text", ["JR/000123", "JR:000123", "x" * 41], ids=["slash", "colon", "too long"])
def test_a_key_that_is_changed_gets_a_hash(text: str) -> None:
    """Keys that would become the same when fitted stay different, whether cut or replaced."""
    fitted = fit_key(text, "A-Za-z0-9_-", "40")
    assert fitted.endswith("-" + sha256(text.encode()).hexdigest()[:10])
    assert len(fitted) <= 40


def test_a_key_that_fits_is_left_alone() -> None:
    """A key the system takes is not touched, and a hash is written in the letters it has."""
    assert fit_key("JR-000123", "A-Za-z0-9_-", "40") == "JR-000123"
    assert fit_key("AB:1", "A-Z0-9", "40").endswith(sha256(b"AB:1").hexdigest()[:10].upper())


def test_leaves_are_text_expressions_or_both() -> None:
    """Only `=` and `${}` are compiled; braces and quotes inside an expression do not end it."""
    assert leaf("NO").value({}) == "NO"
    assert leaf("=body.pieces").value(CONTEXT) == 3
    assert leaf("n ${pick({a: '}'}, 'a')} ${body.pieces}").value(CONTEXT) == "n } 3"
    assert leaf("n ${body.missing}").value(CONTEXT) is None
    with pytest.raises(TemplateError, match="not closed"):
        leaf("n ${body")


def test_data_is_never_compiled() -> None:
    """What a record holds stays data, even when it looks like an expression."""
    assert leaf("=body.x").value({"body": {"x": "=settings.token"}}) == "=settings.token"
    assert leaf("a ${body.x}").value({"body": {"x": "${settings.token}"}}) == "a ${settings.token}"


def test_a_tree_types_its_leaves_and_leaves_out_what_is_empty() -> None:
    """Numbers leave as JSON numbers or text as asked, empty keys vanish, and lists are counted."""
    tree = {
        "no": "NO",
        "left_out": "=order.note",
        "empty": {"a": "=order.note"},
        "price": {"$v": "=order.price", "$type": "number"},
        "money": {"$v": "=order.price", "$type": "decimal", "$scale": "2"},
        "flag": "=order.note == null",
        "day": {"$v": "=order.at", "$type": "date", "$format": "%d.%m.%y"},
        "lines!": {"$each": "order.lines", "$as": "line", "$do": {"n": "=line_no", "q!": "=line.q", "of": "=order.id"}},
    }
    order = {"id": "7", "price": "18.5", "at": "2026-11-02T09:00:00Z", "lines": [{"q": 0}, {"q": 2}]}
    assert render(tree, {"order": order}, "x") == {
        "no": "NO", "price": 18.5, "money": "18.50", "flag": True, "day": "02.11.26",
        "lines": [{"n": 1, "q": 0, "of": "7"}, {"n": 2, "q": 2, "of": "7"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"a!": "=order.note"}, "x.a: `=order.note` gives nothing, and a value is needed"),
        ({"a!": {"b": "=order.note"}}, "x.a: everything in it gives nothing"),
        ({"a": {"$each": "order.lines", "$as": "l", "$do": {"q!": "=l.z"}}}, "x.a[0].q: `=l.z` gives nothing"),
        ({"a": {"$each": "order.lines", "$as": "l", "$do": "=l.z"}}, "x.a[0]: comes out empty"),
        ({"a": {"$each": "order.id", "$as": "l", "$do": "=l"}}, "must give a list"),
        ({"a": {"$v": "x", "$type": "integer"}}, "x.a: 'x' is not a number"),
        ({"a": {"$v": "2.5", "$type": "integer"}}, "x.a: '2.5' is not a whole number"),
        ({"a": {"$v": "0.12345678901234567890", "$type": "number"}}, "too many digits"),
    ],
)
def test_a_tree_says_where_something_is_missing(tree: Any, message: str) -> None:
    """Nothing that is needed vanishes without a sound; the message names the place and the expression."""
    with pytest.raises(TemplateError) as caught:
        render(tree, {"order": {"id": "7", "lines": [{"q": 1}]}}, "x")
    assert message in str(caught.value)


def test_records_get_their_numbers_as_text() -> None:
    """Ids, money and counts of a record are text, so that none becomes a float."""
    assert render({"id": "=n", "price": "=p", "map": "=m"}, {"n": 14, "p": Decimal("18.50"), "m": {"a": 1, "b": None}},
                  "x", "text") == {"id": "14", "price": "18.50", "map": {"a": "1"}}  # fmt: skip
