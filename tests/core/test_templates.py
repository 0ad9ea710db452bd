"""Templates can neither hang, flood nor tell secrets; they treat text as Twig does, and say so where they do not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from orderweft import Address, Named, Order, OrderCustomer, OrderLine, Origin, Template, TemplateError, values_of
from orderweft.templates import MAX_OUTPUT, Rule
from orderweft.twig import lint

from ..strategies import amounts

SECRET = "Alex Beispiel"
ORDER = Order(
    origin=Origin(channel="joor", connection="joor", id="1"),
    number="1001",
    status="approved",
    currency="EUR",
    total=Decimal("19.90"),
    season=Named(name="SS27"),
    customer=OrderCustomer(name="Example Store Ltd", buyer=SECRET),
    addresses=(Address(role="delivery", contact=SECRET),),
    lines=(OrderLine(key="1", sku="1001-401-M", quantity=2), OrderLine(key="2", sku="1002-110-S", quantity=3)),
    custom_fields={"shipper": "UPS"},
)


def rendered(source: str, **values: Any) -> str:
    """Return what *source* makes of the sample order."""
    return Template(source).render(order=values_of(ORDER), **values)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", id="nested loops"),
        pytest.param("{% for a in range(99999) %}x{% endfor %}", id="long loop"),
        pytest.param("{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}", id="endless recursion"),
        pytest.param("{{ 'a' * 10**9 }}", id="huge text"),
        pytest.param("{{ 9**9**9 }}", id="huge number"),
        pytest.param("{{ range(10**8) }}", id="huge range"),
        pytest.param("{{ 'a' * (10**5) }}", id="text longer than allowed"),
        pytest.param("{% for a in range(99) %}{{ order.number * 100 }}{% endfor %}", id="output longer than allowed"),
    ],
)
def test_bounded(source: str) -> None:
    """A template that would run or write without end is stopped."""
    with pytest.raises(TemplateError):
        rendered(source)


def test_longest_output() -> None:
    """Text up to the limit is allowed."""
    assert len(rendered(f"{{{{ 'a' * {MAX_OUTPUT} }}}}")) == MAX_OUTPUT


@pytest.mark.parametrize(
    ("source", "named"),
    [
        pytest.param("{{ order.nunber }}", "order.nunber", id="field"),
        pytest.param("{{ order.customer.nmae }}", "order.customer.nmae", id="field of a part"),
        pytest.param("{{ order.warehouse.nmae }}", "order.warehouse.nmae", id="field of an absent part"),
        pytest.param("{{ order.nunber | upper }}", "order.nunber", id="filter"),
        pytest.param("{{ order.nunber | slice(0, 2) }}", "order.nunber", id="filter of our own"),
        pytest.param("{{ ordre.number }}", "ordre", id="record"),
        pytest.param("{% if order.nunber %}x{% endif %}", "order.nunber", id="condition"),
        pytest.param("{% for line in order.lines %}{{ line.ksu }}{% endfor %}", "line.ksu", id="line"),
    ],
)
def test_misspelt_fields(source: str, named: str) -> None:
    """A misspelt field is an error that names it and none of the customer's data."""
    with pytest.raises(TemplateError, match="undefined") as raised:
        rendered(source)

    assert named in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ order.customer.buyer | money }}",
        "{{ order.customer.buyer | number_format(2) }}",
        "{{ order.customer.buyer | round }}",
        "{{ order.customer.buyer | abs }}",
        "{{ order.customer.buyer | int }}",
        "{{ 'NaN' | money }}",
        "{{ order.customer.buyer | slice('x') }}",
        "{{ order.customer.buyer | slice(order.customer.buyer) }}",
        "{{ order.customer.buyer + 1 }}",
        "{{ order.customer.buyer() }}",
        "{{ order[order.customer.buyer] }}",
        "{{ order.customer.buyer.foo() }}",
        "{{ order.lines | map(order.customer.buyer) }}",
        "{{ order.customer.buyer | upper(order.customer.buyer) }}",
        "{% include order.customer.buyer %}",
        "{% extends order.customer.buyer %}",
        "{% for a, b in order.customer.buyer %}{% endfor %}",
        "{{ debug() }}",
    ],
)
def test_errors_tell_no_values(source: str) -> None:
    """Whatever goes wrong, the error shows the template and not the data."""
    with pytest.raises(TemplateError) as raised:
        rendered(source)

    assert source in str(raised.value)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    "source",
    [
        "{{ order.__class__ }}",
        "{{ order.number.__class__ }}",
        "{{ order.lines.__class__.__mro__ }}",
        "{{ order.__class__() }}",
        "{{ order.__getattribute__('__class__') }}",
        "{{ order.warehouse.__class__ }}",
        "{{ order.warehouse.__init__() }}",
        "{{ order.warehouse._fields }}",
        "{{ ''.__class__ }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
    ],
)
def test_nothing_outside_is_reached(source: str) -> None:
    """A template reaches neither Python's insides nor files."""
    with pytest.raises(TemplateError):
        rendered(source)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("[{{ order.note }}]", "[]", id="text"),
        pytest.param("[{{ order.shipping_total }}]", "[]", id="money"),
        pytest.param("[{{ order.shipping_total | money }}]", "[]", id="money as an amount"),
        pytest.param("[{{ order.shipping_total | number_format(2) }}]", "[]", id="money as a number"),
        pytest.param("[{{ order.note | upper }}]", "[]", id="filter"),
        pytest.param("[{{ order.warehouse }}]", "[]", id="part"),
        pytest.param("[{{ order.warehouse.name }}]", "[]", id="field of a part"),
        pytest.param("[{{ order.customer.group.name | slice(0, 2) }}]", "[]", id="field of a part of a part"),
        pytest.param("{% for line in order.lines %}[{{ line.store.code }}]{% endfor %}", "[][]", id="part of a line"),
        pytest.param("{{ order.warehouse.name or 'MAIN' }}", "MAIN", id="or"),
        pytest.param("{{ 'yes' if order.warehouse else 'no' }}", "no", id="condition"),
        pytest.param("{{ 'yes' if order.season else 'no' }}", "yes", id="condition on what is there"),
        pytest.param("{{ order.warehouse | length }}", "0", id="length"),
        pytest.param("{{ order.custom_fields.shipper }}", "UPS", id="custom field"),
        pytest.param("{{ order.custom_fields.account | default('none') }}", "none", id="custom field that is absent"),
    ],
)
def test_absent_fields(source: str, text: str) -> None:
    """An absent field is empty text, and so is every field of an absent part."""
    assert rendered(source) == text


@given(amount=amounts)
def test_money_is_exact(amount: Decimal) -> None:
    """Money stands in a text with every digit it has."""
    values = values_of(ORDER.model_copy(update={"total": amount}))

    assert Template("{{ order.total }}").render(order=values) == str(amount)
    assert Decimal(Template("{{ order.total | money(6) }}").render(order=values)) == amount


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("{{ order.total }}", "19.90", id="money"),
        pytest.param("{{ order.total | money }}", "19.90", id="money filter"),
        pytest.param("{{ order.total | money(1) }}", "19.9", id="money with places"),
        pytest.param("{{ '0.005' | money }}", "0.01", id="half is rounded up"),
        pytest.param("{{ '1234567.891' | number_format }}", "1,234,568", id="number_format"),
        pytest.param("{{ '1234567.891' | number_format(2) }}", "1,234,567.89", id="number_format with places"),
        pytest.param("{{ 1234567.891 | number_format(2, ',', '.') }}", "1.234.567,89", id="number_format in German"),
        pytest.param("{{ '-0.001' | number_format(2) }}", "0.00", id="number_format of nearly nothing"),
        pytest.param("{{ '-1234.5' | number_format(2, '.', ' ') }}", "-1 234.50", id="number_format below zero"),
        pytest.param("{{ 'abcdef' | slice(1, 2) }}", "bc", id="slice with length"),
        pytest.param("{{ 'abcdef' | slice(2) }}", "cdef", id="slice to the end"),
        pytest.param("{{ 'abcdef' | slice(-2) }}", "ef", id="slice from the end"),
        pytest.param("{{ 'abcdef' | slice(-3, 2) }}", "de", id="slice from the end with length"),
        pytest.param("{{ 'abcdef' | slice(1, -2) }}", "bcd", id="slice leaving some"),
        pytest.param("{{ 'ab' | slice(-5, 1) }}", "a", id="slice before the start"),
        pytest.param("{{ [1, 2, 3] | slice(0, 2) | join('+') }}", "1+2", id="slice of a list"),
        pytest.param("{{ 'Größe m' | upper }}", "GRÖSSE M", id="upper"),
        pytest.param("{{ 'GRÖ' | lower }}", "grö", id="lower"),
        pytest.param("{{ '  a ' | trim }}{{ 'xxaxx' | trim('x') }}", "aa", id="trim"),
        pytest.param("{{ 'wool SWEATER' | title }}", "Wool Sweater", id="title"),
        pytest.param("{{ 'wool SWEATER' | capitalize }}", "Wool sweater", id="capitalize"),
        pytest.param("{{ '' | default('x') }}{{ [] | default('y') }}{{ false | default('z') }}", "xyz", id="default"),
        pytest.param("{{ 'a' | default('x') }}{{ 0 | default('y') }}", "a0", id="default of what is there"),
        pytest.param("{{ order.custom_fields.nothing | default }}", "", id="default of nothing"),
        pytest.param("{{ ['a', 'b'] | join(', ') }}", "a, b", id="join"),
        pytest.param(
            "{{ order.lines | map(attribute='sku') | join(' ') }}", "1001-401-M 1002-110-S", id="map and join"
        ),
        pytest.param("{{ '38/40' | replace('/', '') | replace('3', 'x') }}", "x840", id="replace"),
        pytest.param("{{ [1, 2] | first }}{{ 'abc' | first }}", "1a", id="first"),
        pytest.param("{{ [1, 2] | last }}{{ 'abc' | last }}", "2c", id="last"),
        pytest.param("{{ order.lines | length }}{{ 'abc' | length }}", "23", id="length"),
        pytest.param("{{ 'a,b,c' | split(',') | join('|') }}", "a|b|c", id="split"),
        pytest.param("{{ 'a,b,c' | split(',', 2) | join('|') }}", "a|b,c", id="split into two"),
        pytest.param("{{ 'a,b,c' | split(',', -1) | join('|') }}", "a|b", id="split without the last"),
        pytest.param("{{ 'abc' | split('') | join('|') }}", "a|b|c", id="split into characters"),
        pytest.param("{{ 'abcde' | split('', 2) | join('|') }}", "ab|cd|e", id="split into pairs"),
        pytest.param("{{ '-19.90' | abs }}{{ -3 | abs }}", "19.903", id="abs"),
        pytest.param("{{ '19.95' | round(1) }}", "20.0", id="round money"),
        pytest.param("{{ 2.5 | round }} {{ '19.5' | round }}", "3 20", id="round half up"),
        pytest.param(
            "{{ 2.341 | round(2, 'ceil') }} {{ 2.349 | round(2, 'floor') }}", "2.35 2.34", id="ceil and floor"
        ),
        pytest.param("{{ 'a' ~ 1 ~ order.number[1:3] }}", "a100", id="joining and cutting"),
        pytest.param("{{ '<b>' }}", "<b>", id="nothing is escaped"),
    ],
)
def test_filters(source: str, text: str) -> None:
    """The filters Twig has do here as they do there, on money too, which is text."""
    assert rendered(source) == text


def test_threads_share_a_template() -> None:
    """One template may be rendered by many threads at once."""
    template = Template("{% for line in order.lines %}{{ line.sku }}={{ count }} {% endfor %}")
    order = values_of(ORDER)

    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda count: template.render(order=order, count=count), range(200)))

    assert texts == [f"1001-401-M={count} 1002-110-S={count} " for count in range(200)]


def test_fuel_is_for_each_text() -> None:
    """A template that has run out of fuel once works the next time."""
    template = Template("{% for a in range(count) %}{% endfor %}done")

    with pytest.raises(TemplateError):
        template.render(count=90_000)
    assert template.render(count=3) == "done"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("order.lines | length == 0", False),
        ("order.season.name == 'SS27' and not order.warehouse", True),
        ("order.customer.account_code == ''", True),
        ("order.lines | sum(attribute='quantity') > 4", True),
    ],
)
def test_rules(condition: str, holds: bool) -> None:
    """A rule is a condition on the order."""
    assert Rule(condition).holds(order=values_of(ORDER)) is holds


def test_broken_templates() -> None:
    """A template that cannot be compiled is refused at once, with its line and its Twig forms."""
    with pytest.raises(TemplateError, match=r"syntax error.* on line 2.*write `order.note \| default\('none'\)`"):
        Template("Note:\n{{ order.note ?? 'none' }}")
    with pytest.raises(TemplateError, match=r"write `order\.note or 1`"):
        Rule("order.note ?: 1")


TWIG = [
    ("{{ order.note ?? 'none' }}", "{{ order.note | default('none') }}", "none"),
    ("{{ order.lines[0].size ?? '-' }}", "{{ order.lines[0].size | default('-') }}", "-"),
    ("{{ order.note ?: order.number }}", "{{ order.note or order.number }}", "1001"),
    ("{{ order.note ? 'a' : 'b' }}", "{{ 'a' if order.note else 'b' }}", "b"),
    (
        "{{ 'x' ~ (order.number == '1001' ? 'a:b' : '?') }}",
        "{{ 'x' ~ ('a:b' if order.number == '1001' else '?') }}",
        "xa:b",
    ),
    ("{{ order.number starts with '10' }}", "{{ order.number is startingwith('10') }}", "True"),
    ("{{ order.number ends with 'x' }}", "{{ order.number is endingwith('x') }}", "False"),
    ("{{ order.season is null }}", "{{ not order.season }}", "False"),
    ("{{ order.note is empty }}", "{{ not order.note }}", "True"),
    ("{{ 'a' if order.season is not null }}", "{{ 'a' if order.season }}", "a"),
    ("{{ order.note == null }}", "{{ order.note == '' }}", "True"),
    (
        "{{ 'a/b c'|replace({'/': '-', \" \": '_'}) }}",
        "{{ 'a/b c'| replace('/', '-') | replace(\" \", '_') }}",
        "a-b_c",
    ),
    (
        "{% for k, v in order.custom_fields %}{{ k }}{{ v }}{% endfor %}",
        "{% for k, v in order.custom_fields | items %}{{ k }}{{ v }}{% endfor %}",
        "shipperUPS",
    ),
    ("{% for i in 1..3 %}{{ i }}{% endfor %}", "{% for i in range(1, 3 + 1) %}{{ i }}{% endfor %}", "123"),
]


@pytest.mark.parametrize(("twig", "ours", "text"), TWIG, ids=[twig for twig, _, _ in TWIG])
def test_replacements(twig: str, ours: str, text: str) -> None:
    """The replacement a hint names, put in the place of the form it names, works."""
    (hint,) = lint(twig)
    instead = hint.instead.partition("`")[2].partition("`")[0]

    assert twig.replace(hint.form, instead) == ours
    assert lint(ours) == []
    assert rendered(ours) == text


@pytest.mark.parametrize(
    ("source", "form", "instead"),
    [
        ("{{ order.number matches '/^1/' }}", "matches", "is startingwith"),
        ("{{ order.created_at|date('Y-m-d') }}", "|date", "[:10]"),
        ("{{ date('now') }}", "date(", "does not know the time"),
        ("{% apply upper %}x{% endapply %}", "apply upper", "`filter upper` and `endfilter`"),
        ("{% include 'footer.twig' %}", "include", "no other templates"),
        ("{{ include('footer.twig') }}", "include(", "no other templates"),
        ("{{ order.number is same as('1') }}", "is same as(", "`==`"),
        ("{{ 4 is divisible by(2) }}", "is divisible by", "divisibleby"),
        ("{{ 1 b-and 2 }}", "b-and", "no operators on bits"),
        ("{{ order.note|raw }}", "|raw", "leave it out"),
        ("{{ order.note | e('html') }}", "| e('html')", "leave it out"),
        ("{{ order.note|escape }}", "|escape", "leave it out"),
        ("{% if a %}{% elseif b %}{% endif %}", "elseif", "`elif`"),
        ("{% verbatim %}x{% endverbatim %}", "verbatim", "`raw`"),
        ("{{ order.lines|map(l => l.sku)|join }}", "l =>", "map(attribute="),
        ("{{ order?.note }}", "?.", "`.`"),
        ("{{ a ?? b ? c : d }}", "a ?? b", "a | default(b)"),
        ("{{ a|length ? a[:3] : b }}", "a|length ? a[:3] : b", "`x if c else y`"),
        ("{{ 1 <=> 2 }}", "<=>", "compare"),
        ("{{~ order.note }}", "~ order.note", "`-`"),
        ("{{ a|join(', ', ' and ') }}", "|join(', ', '", "no last separator"),
        ("{{ a|keys|first }}", "|keys", "items"),
        ("{{ a|column('sku') }}", "|column(", "map(attribute="),
        ("{{ a|json_encode }}", "|json_encode", "tojson"),
        ("{{ a|url_encode }}", "|url_encode", "urlencode"),
        ("{{ max(1, 2) }}", "max(", "[a, b] | max"),
        ("{{ attribute(order, 'note') }}", "attribute(", "a[b]"),
        ("{{ cycle(['a', 'b'], 1) }}", "cycle(", "loop.cycle"),
    ],
)
def test_hints(source: str, form: str, instead: str) -> None:
    """Every Twig form without an equal is named with what to do instead."""
    hint = lint(source)[0]

    assert hint.form == form
    assert instead in hint.instead
    assert hint.message == str(hint) == f"line 1: `{form}` is Twig: {hint.instead}"


@pytest.mark.parametrize(
    "source",
    [
        "a ?? b, c ? x : y, matches",
        "{{ 'a ?? b ?: c' ~ \"x is null\" }}",
        "{{ 'it\\'s ?? b' }}",
        "{# a ?? b #}",
        "{% raw %}{{ a ?? b }}{% endraw %}",
        "{{ order.number[1:3] }} {{ {'a': 1} }} {{ a ~ b }} {{ 7 // 2 }} {{ 1.5 }}",
        "{% for line in order.lines %}{{ loop.index0 }}{% else %}none{% endfor %}",
        "{% for k, v in order.custom_fields | items %}{% endfor %}",
        "{% for k, v in order.custom_fields.items() %}{% endfor %}",
        "{{ a | slice(0, 3) | number_format(2, ',', '.') | default('x') | replace('a', 'b') | join(', ') }}",
        "{{ order.date }} {{ order.include }} {{ a | max }}",
        "{% if a is not defined and b is none_of %}{% endif %}",
    ],
)
def test_no_hints(source: str) -> None:
    """Text, literals, comments and forms that work alike are left alone."""
    assert lint(source) == []


def test_lines_of_hints() -> None:
    """Hints come in the order of the template, each with its line, and none twice."""
    hints = lint("{{ order.note ?? 'a' }}\n\n{{\n  order.total|raw }}{{ a ? b : c ? d : e }}")

    assert [(hint.line, hint.form) for hint in hints] == [
        (1, "order.note ?? 'a'"),
        (4, "|raw"),
        (4, "a ? b : c ? d : e"),
    ]


def test_rules_are_linted_too() -> None:
    """A rule, which has no braces, is looked at as one expression."""
    assert lint("order.note is null") == []
    assert [hint.form for hint in lint("order.note is null", expression=True)] == ["order.note is null"]
