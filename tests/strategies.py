"""Hypothesis strategies for records, made from their own annotations."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from time import process_time
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import iso4217
import pycountry
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from orderweft import (
    CountryCode,
    CurrencyCode,
    Gtin14,
    Image,
    Instant,
    Money,
    OptionalText,
    OrderLine,
    Price,
    ProductColor,
    Quantity,
    Response,
    Sku,
    StockLevel,
    Text,
)
from orderweft.records.outcome import Told
from orderweft.schema import load
from pydantic import BaseModel
from stdnum import ean

Strategy = st.SearchStrategy[Any]

settings.register_profile(
    "ci",
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # to shrink an example of a whole channel takes minutes
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("thorough", settings.get_profile("ci"), max_examples=1500, derandomize=False)
bad_input = settings.get_profile(os.environ.get("ORDERWEFT_BAD_INPUT", "ci"))
"""How many examples of bad input are tried; with `ORDERWEFT_BAD_INPUT=thorough` many, and others each time."""

bad_input_briefly = settings(bad_input, max_examples=bad_input.max_examples // 2)
"""Half as many, for what there are many of."""

BUDGET = 10
"""Seconds of work that any one example may take; most take hundredths of one."""


class RanAway(Exception):
    """Raised in an example that works for longer than it may."""


@contextmanager
def soon(what: object) -> Iterator[None]:
    """Fail, telling *what* was tried, when it takes more work than any input may."""

    def over(*_: object) -> None:
        raise RanAway(what)

    before, begun = signal.signal(signal.SIGPROF, over), process_time()
    signal.setitimer(signal.ITIMER_PROF, BUDGET)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    assert process_time() - begun < BUDGET, what


chances = st.randoms(use_true_random=False)

texts = st.text(min_size=1, max_size=12).map(str.strip).filter(bool)
"""Trimmed text of any characters."""

amounts = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), st.integers(-(10**15), 10**15), st.integers(0, 6)
)
"""Amounts with up to six decimal places, trailing zeros and negative ones included."""

instants = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001

digits_of_gtins = st.sampled_from([8, 12, 13, 14]).flatmap(
    lambda length: st.text("0123456789", min_size=length - 1, max_size=length - 1)
)
barcodes = digits_of_gtins.map(lambda digits: digits + ean.calc_check_digit(digits))
"""GTINs of 8, 12, 13 and 14 digits with a right check digit."""

currencies = st.sampled_from(sorted(currency.code for currency in iso4217.Currency))
countries = st.sampled_from(sorted(country.alpha_2 for country in pycountry.countries))

_KNOWN: list[tuple[Any, Strategy]] = [
    (Text, texts),
    (Told, texts),
    (OptionalText, st.none() | texts),
    (Money, amounts),
    (Instant, instants),
    (CurrencyCode, currencies),
    (CountryCode, countries),
    (Gtin14, barcodes.map(lambda barcode: barcode.zfill(14))),
    (Quantity, st.integers(0, 2**53 - 1)),
    (str, st.text(max_size=12)),
    (bool, st.booleans()),
    (int, st.integers(2, 48)),
    (float, st.floats(0, 10**6)),
    (date, st.dates(date(1970, 1, 1), date(2100, 1, 1))),
]


def _of(annotation: Any) -> Strategy:
    for known, strategy in _KNOWN:
        if annotation == known:
            return strategy
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _of(parts[0])
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is tuple:
        unique_by: Callable[[Any], Any] | None = (lambda line: line.key) if parts[0] is OrderLine else None
        most = 1 if parts[0] in (ProductColor, Sku, Price, Image) else 2
        return st.lists(_of(parts[0]), max_size=most, unique_by=unique_by).map(tuple)
    if origin is dict:
        return st.dictionaries(_of(parts[0]), _of(parts[1]), max_size=2)
    if parts:
        return st.one_of(*(st.none() if part is type(None) else _of(part) for part in parts))
    return records(annotation)


def records(model: Any) -> Strategy:
    """Return records of *model*, a record or a union of records."""
    if get_origin(model) is Annotated or get_args(model):
        return _of(model)
    assert issubclass(model, BaseModel)
    hints = get_type_hints(model, include_extras=True)
    fields = {name: _of(hints[name]) for name in model.model_fields}
    return st.fixed_dictionaries(fields).map(lambda values: model(**_consistent(model, values)))


def _consistent(model: type[BaseModel], values: dict[str, Any]) -> dict[str, Any]:
    """Return *values* with what depends on another field set right."""
    if model is StockLevel:
        values["available_on"] = (values["available_on"] or date(2027, 1, 15)) if values["bucket"] == "future" else None
        values["quantity"] = None if values["bucket"] == "made_to_order" else values["quantity"] or 0
    if model is Image:
        values["url"] = values["url"] or "https://images.example/1.jpg"
    return values


_CODES = {"^[A-Z]{3}$": "currency", "^[A-Z]{2}$": "country", "^[0-9]{14}$": "gtin"}
_EXISTING = {"currency": currencies, "country": countries, "gtin": barcodes.map(lambda barcode: barcode.zfill(14))}


@cache
def of_contract(kind: str) -> Strategy:
    """Return whatever the published schema of record *kind* allows, with currencies, countries and GTINs that exist."""
    return from_schema(_with_codes(load(kind)), custom_formats=_EXISTING)


def _with_codes(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_with_codes(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("pattern") in _CODES:
        return {"type": "string", "format": _CODES[schema["pattern"]]}
    return {name: _with_codes(part) for name, part in schema.items()}


def mixed(right: Any, made: Any, chance: random.Random) -> Any:
    """Return *right* with some of it, at any depth, as it is in *made*."""
    if isinstance(right, dict) and isinstance(made, dict):
        both = {name: mixed(right[name], made[name], chance) for name in right if name in made}
        return {**right, **{name: made[name] for name in made if chance.random() < 0.5}, **both}
    if isinstance(right, list) and isinstance(made, list) and chance.random() < 0.7:
        pairs = [mixed(one, other, chance) for one, other in zip(right, made, strict=False)]
        return pairs + (right if chance.random() < 0.5 else made)[len(pairs) :]
    return made if chance.random() < 0.4 else right


_AWKWARD: list[Any] = [
    None, "", " ", "\n", "x" * 60, "EUR\n", "\uff11\uff12", "19,90", "1e3", "2026-02-30", "2026-02-30T10:00:00Z",
    "2026-12-31T23:59:60Z", "2026-11-21T10:00:00", "a@b", "\x85", "\ufeff", True, False, 0, -1, 1.0, 1.5, 10**30, [],
    {}, [None], {"": ""},
]  # fmt: skip


awkward = st.sampled_from(_AWKWARD).map(deepcopy)
"""Values that are seldom right."""


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container within *value* with every key of it."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]


@st.composite
def mutated(draw: st.DrawFn, data: Strategy) -> Any:
    """Return *data* with one to three places changed, taken out or added."""
    changed = json.loads(json.dumps(draw(data)))
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from(_places(changed) or [({}, "x")]))
        change = draw(st.sampled_from(["awkward", "line feed", "out", "more"]))
        if change == "out":
            container.pop(key, None) if isinstance(container, dict) else container.pop(key)
        elif change == "more" and isinstance(container, dict):
            container[draw(texts)] = draw(awkward)
        elif change == "line feed" and isinstance(container, dict) and isinstance(container.get(key), str):
            container[key] += "\n"
        else:
            container[key] = draw(awkward)
    return changed


_STRANGE: list[Any] = [
    *_AWKWARD, "1e400", "NaN", "-5", "9999-99-99", "0000-00-00T00:00:00Z", "\ud800", "a\0b", "x" * 5000, "9" * 5000,
    10**400, [[]], {"a": {"b": {}}},
]  # fmt: skip
_BODIES = [
    b"", b"null", b"[]", b"{}", b"0", b'"x"', b"\xff\xfe\x00", b"[" * 5000, b'{"a":' * 5000, b"[" * 150 + b"]" * 150,
    b'{"data": 1e999999999999999999999}', b'{"data": NaN}', b"[1e400]", b'{"errors": 5, "data": 7}', b"\xef\xbb\xbf{}",
    b'{"a": ' + b"9" * 5000 + b"}", b"<a/>", b"<a><b></a>", b"a,b\n1\n",
]  # fmt: skip
_TEXTS = ["", "x", "-1", "1e400", "NaN", "\x01", "\ufffe", "9" * 4400, "1e99999999", "2026-99-99", "<a/>", "&nbsp;",
          "</a>", "<!DOCTYPE x [<!ENTITY a 'b'>]>", '"', "\n", ";"]  # fmt: skip


def spoiled(response: Response, chance: random.Random) -> Response:
    """Return *response* with a few of its fields changed, taken out or doubled, or with another body altogether."""
    body = chance.choice(_BODIES) if chance.random() < 0.15 else _spoiled_body(response.body, chance)
    return Response(response.status, response.headers, body)


def retyped(response: Response, chance: random.Random) -> Response:
    """Return *response* with one single value within a list in its JSON made an object."""
    data = json.loads(response.body)
    inside = [
        (holder, key)
        for outer, index in _places(data)
        if isinstance(outer, list)
        for holder, key in _places(outer[index])
        if not isinstance(holder[key], dict | list)
    ]
    if inside:
        holder, key = chance.choice(inside)
        holder[key] = {"x": [holder[key]]}
    return Response(response.status, response.headers, json.dumps(data).encode())


def _spoiled_body(body: bytes, chance: random.Random) -> bytes:
    lines = body.split(b"\n")
    at = chance.randrange(len(lines)) if lines[0].endswith(b"}") else 0
    try:
        data = json.loads(lines[at] if at else body)
    except ValueError:
        return _spoiled_text(body.decode("utf-8", "replace"), chance).encode("utf-8", "replace")
    for _ in range(chance.choice([1, 1, 2, 3])):
        spoil(data, chance)
    changed = json.dumps(data).encode()
    return b"\n".join([*lines[:at], changed, *lines[at + 1 :]]) if at else changed


def spoil(data: Any, chance: random.Random) -> None:
    """Change one place of *data*, take it out or double it."""
    container, key = chance.choice(_places(data) or [({}, "x")])
    change = chance.choice(["strange", "strange", "out", "twice", "wrapped"])
    if change == "out":
        container.pop(key, None) if isinstance(container, dict) else container.pop(key)
    elif change == "twice" and isinstance(container, list):
        container.append(deepcopy(container[key]))
    elif change == "wrapped" and container:
        container[key] = chance.choice([[container[key]], {"x": container[key]}, str(container[key])])
    else:
        container[key] = deepcopy(chance.choice(_STRANGE))


def _spoiled_text(text: str, chance: random.Random) -> str:
    """Return XML or CSV with something between two marks replaced."""
    marks = [index for index, mark in enumerate(text) if mark in "><,;\n"]
    if len(marks) < 2:
        return chance.choice(_TEXTS)
    first = chance.randrange(len(marks) - 1)
    return text[: marks[first] + 1] + chance.choice(_TEXTS) + text[marks[first + 1] :]


_ODD_NUMBERS = [
    "",
    "-5",
    "1e3",
    "12.5",
    "1,234.5",
    "\uff11\uff12",
    "9" * 5000,
    "NaN",
    "0x10",
    "1_000",
    "²",
    "31/02/2026",
]
_NUMBER = re.compile(rb"""(?<=[,;\n>"])\d+(?=[,;\n<"])|(?<=: )\d+(?=[,}])""")
_QUOTE = re.compile(rb"[,;\n>:{]")


def spoiled_file(data: bytes, chance: random.Random) -> bytes:
    """Return an exchanged file cut off, in another encoding, or with a column, a name, a mark or a number changed."""
    change = chance.choice([_cut, _encoded, _marked, _numbered, _renamed, _renamed])
    return change(data, chance)


def _cut(data: bytes, chance: random.Random) -> bytes:
    """Cut where something has to follow, for a row less is no mistake that anybody can see."""
    places = [found.start() for found in re.finditer(rb"(?<!\n)[,;<\[{]", data) if found.start() > data.find(b"\n")]
    return data[: chance.choice(places or [len(data) // 2])]


def _encoded(data: bytes, chance: random.Random) -> bytes:
    text = data.decode("utf-8-sig")
    mark = chance.choice([b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf" * 2, b"\xff\xfe", b"\xfe\xff"])
    return mark + text.encode(chance.choice(["utf-8", "utf-16", "utf-16-le", "utf-32", "cp1252", "cp037"]), "replace")


def _marked(data: bytes, chance: random.Random) -> bytes:
    at = chance.choice([found.end() for found in _QUOTE.finditer(data)])
    return data[:at] + chance.choice([b"\0", b'"', b"\xff", b"\r", b"\x1a", b"<", b"]"]) + data[at:]


def _numbered(data: bytes, chance: random.Random) -> bytes:
    found = chance.choice(list(_NUMBER.finditer(data)) or [re.match(b"", data)])
    assert found is not None
    return data[: found.start()] + chance.choice(_ODD_NUMBERS).encode() + data[found.end() :]


def _renamed(data: bytes, chance: random.Random) -> bytes:
    """Rename, double or take out a column of CSV; rename a field of JSON, once or everywhere, or of XML."""
    if data.lstrip(b"\xef\xbb\xbf")[:1] in b"{[<":
        name = chance.choice(re.findall(rb'(?:"|</)([a-z_]+)(?:":|>)', data))
        return re.sub(
            rb"(?<=[\"</])%b(?=[\">])" % name, b"other", data, count=chance.randrange(2) if data[0] != ord("<") else 0
        )
    text = data.decode("utf-8-sig")
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    at, to = chance.randrange(len(rows[0])), chance.choice(["rename", "double", "out", "out"])
    for number, row in enumerate(rows):
        if to == "double":
            row.append(row[at])
        elif to == "out":
            del row[at]
        elif number == 0:
            row[at] = "Other"
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
