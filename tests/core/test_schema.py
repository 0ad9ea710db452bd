"""The published schemas say what the records say, and a check tells what is wrong without telling secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from orderweft import Address, Contact, PluginError, SettingsError
from orderweft.misses import Miss
from orderweft.schema import (
    RECORD_OF,
    RECORDS,
    Checker,
    Engine,
    export,
    load,
    python_engine,
    rust_engine,
    schema_folder,
    stale,
    write_all,
)

from ..strategies import mutated, records

Compile = Callable[[dict[str, Any]], Engine]

KINDS = sorted(RECORDS)
ENGINES = [pytest.param(rust_engine, id="jsonschema-rs"), pytest.param(python_engine, id="jsonschema")]
ORDER: dict[str, Any] = {
    "origin": {"channel": "joor", "connection": "joor", "id": "1"},
    "number": "1001",
    "status": "approved",
    "currency": "EUR",
    "customer": {"account_code": "C100"},
    "lines": [{"key": "1", "quantity": 2, "sku": "1001-401-M"}],
}


def wrong(check: Checker, **fields: Any) -> list[str]:
    """Return what *check* says of the sample order with *fields* changed."""
    return [str(miss) for miss in check.misses({**ORDER, **fields})]


def test_published_schemas_are_up_to_date() -> None:
    """The schemas in the repository are those the models make."""
    assert stale(Path(str(schema_folder()))) == []


def test_write_all(tmp_path: Path) -> None:
    """Writing makes one file per record, in order, ending in a line feed, and changes nothing the second time."""
    written = write_all(tmp_path / "schemas")
    first = [path.read_bytes() for path in written]

    assert [path.name for path in written] == [f"{kind}.schema.json" for kind in KINDS]
    assert all(text.endswith(b"}\n") for text in first)
    assert [path.read_bytes() for path in write_all(tmp_path / "schemas")] == first
    assert stale(tmp_path / "schemas") == []


def test_stale(tmp_path: Path) -> None:
    """A file that is missing, differs or has no record any more is named."""
    write_all(tmp_path)
    (tmp_path / "order.schema.json").unlink()
    (tmp_path / "receipt.schema.json").write_text("{}\n")
    (tmp_path / "wish.schema.json").write_text("{}\n")

    assert stale(tmp_path) == ["order.schema.json", "receipt.schema.json", "wish.schema.json"]


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_are_schemas(kind: str) -> None:
    """Every published schema is valid 2020-12, names its version and is what the model exports."""
    schema = load(kind)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema == export(kind)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"https://orderweft.org/schemas/1/{kind}.schema.json"
    assert schema["title"]


@pytest.mark.parametrize("kind", KINDS)
def test_absent_is_not_null(kind: str) -> None:
    """No field may be null or has null as its default, because absent fields are left out."""
    text = json.dumps(load(kind))

    assert '"null"' not in text
    assert '"default": null' not in text


def test_descriptions_are_kept() -> None:
    """A field's docstring is its description."""
    line = load("order")["$defs"]["OrderLine"]["properties"]

    assert line["quantity"]["description"] == "Pieces, never packs."


def test_tags_are_required() -> None:
    """The word that tells outcomes apart has to be there."""
    assert not Checker(load("outcome")).valid({"receipt": {"id": "1"}})


def test_unknown_kind() -> None:
    """Asking for a record that does not exist names those that do."""
    with pytest.raises(SettingsError, match=r"no record kind 'orders'; there are customer, order"):
        load("orders")


def test_kinds_have_schemas() -> None:
    """Every kind a pipeline moves is a record with a schema."""
    assert set(RECORD_OF.values()) <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_records_meet_their_schema(kind: str, data: st.DataObject) -> None:
    """Whatever a record writes, its schema accepts."""
    record = data.draw(records(RECORDS[kind]))

    assert Checker(load(kind)).misses(record.to_data()) == ()


CHECKERS = {kind: [Checker(load(kind), engine=engine) for engine in (rust_engine, python_engine)] for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_engines_agree(kind: str, data: st.DataObject) -> None:
    """Both engines judge every record alike, right or wrong, and what is wrong is always explained."""
    changed = data.draw(mutated(records(RECORDS[kind]).map(lambda record: record.to_data())))
    fast, exact = CHECKERS[kind]

    assert fast.valid(changed) == exact.valid(changed)
    assert fast.misses(changed) == exact.misses(changed)
    assert fast.valid(changed) == (fast.misses(changed) == ())
    assert not any("does not have the form asked for" in miss.message for miss in fast.misses(changed))


PATTERNS = (r"^[A-Z]{3}$", r"^\d+$", r"^\w*$", r"^[^\d]+$", r"^\s$", r"^[\s\S]?$", r"^\S+$", r"\$$", "^[$]$", "^a|b$")


@pytest.mark.parametrize("pattern", PATTERNS)
@given(
    text=st.text(max_size=4)
    | st.text(st.sampled_from("AaB1_$ \n\r\t\x1c\x85\u00a0\u00e9\u2028\ufeff\uff11"), max_size=4)
)
@example(text="EUR\n")
@example(text="\uff11\uff12")
@example(text="12\n")
@settings(deadline=None)
def test_engines_read_patterns_alike(pattern: str, text: str) -> None:
    """A pattern means in both engines what ECMA-262 says."""
    schema = {"pattern": pattern}

    assert rust_engine(schema)(text) == python_engine(schema)(text)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        pytest.param("^[A-Z]{3}$", "EUR", True, id="fits"),
        pytest.param("^[A-Z]{3}$", "EUR\n", False, id="line feed at the end"),
        pytest.param(r"^\d+$", "12", True, id="digits"),
        pytest.param(r"^\d+$", "\uff11\uff12", False, id="full-width digits"),
        pytest.param(r"^\w$", "\u00e9", False, id="accented letter is no word character"),
        pytest.param(r"^\s$", "\ufeff", True, id="byte order mark is a blank"),
        pytest.param(r"^[\s]$", "\x85", False, id="next line is none"),
        pytest.param(r"^\$$", "$", True, id="escaped dollar"),
        pytest.param("^[$]$", "$", True, id="dollar in a class"),
        pytest.param("b", "abc", True, id="not anchored"),
    ],
)
def test_patterns(engine: Compile, pattern: str, text: str, fits: bool) -> None:
    """Patterns follow ECMA-262: `$` is the very end, digits and word characters are ASCII."""
    assert engine({"pattern": pattern})(text) is fits


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("form", "text", "fits"),
    [
        ("date", "2024-02-29", True),
        ("date", "2026-02-29", False),
        ("date", "20260228", False),
        ("date", "2026-W01-1", False),
        ("date", "2026-02-28\n", False),
        ("date-time", "2026-11-21T10:00:00Z", True),
        ("date-time", "2026-11-21t10:00:00.123456789+02:00", True),
        ("date-time", "2026-11-21T10:00:00", False),
        ("date-time", "2026-11-21 10:00:00Z", False),
        ("date-time", "2026-11-21T24:00:00Z", False),
        ("date-time", "2026-02-30T10:00:00Z", False),
        ("email", "orders@example.com", True),
        ("email", "orders example.com", False),
        ("email", "a@b\n", False),
        ("uri", "https://example.com/a?b=%20#c", True),
        ("uri", "urn:orderweft:1", True),
        ("uri", "/orders/1", False),
        ("uri", "https://example.com/a b", False),
        ("uri", "https://example.com/%zz", False),
        ("date", 20240229, True),
    ],
    ids=str,
)
def test_formats(engine: Compile, form: str, text: Any, fits: bool) -> None:
    """Formats are checked, alike in both engines, on text only."""
    assert engine({"format": form})(text) is fits


ACCEPTS: dict[str, Any] = {
    "required": ["purchase_order"],
    "properties": {
        "season": False,
        "currency": {"enum": ["EUR", "GBP"]},
        "customer": {"required": ["account_code"]},
        "number": {"maxLength": 8},
        "addresses": {"contains": {"properties": {"role": {"const": "delivery"}}, "required": ["role", "city"]}},
        "lines": {
            "minItems": 1,
            "items": {"anyOf": [{"required": ["sku"]}, {"required": ["style_number", "size"]}, {"required": ["sku"]}]},
        },
        "custom_fields": {"dependentRequired": {"shipper": ["shipper_account"]}},
    },
}
FITTING = {"purchase_order": "PO 1", "addresses": [{"role": "delivery", "city": "Berlin"}]}


def test_two_schemas_in_one() -> None:
    """Data has to meet the canonical schema and the destination's, and one miss of both is told once."""
    check = Checker(load("order"), ACCEPTS)

    assert check.misses({**ORDER, **FITTING}) == ()
    assert wrong(check, **FITTING, customer={}) == ["customer.account_code is missing"]
    assert wrong(check, **FITTING, customer=None) == ["customer must be a group of fields"]


@pytest.mark.parametrize("engine", ENGINES)
def test_schemas_keep_their_own_definitions(engine: Compile) -> None:
    """References of each schema point into that schema."""
    text = {"$defs": {"it": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/it"}}}
    number = {"$defs": {"it": {"type": "integer"}}, "properties": {"b": {"$ref": "#/$defs/it"}}}
    check = Checker(text, number, engine=engine)

    assert check.valid({"a": "1", "b": 1})
    assert check.misses({"a": 1, "b": "1"}) == (Miss("a", "must be text"), Miss("b", "must be a whole number"))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"number": ""}, "number must not be empty", id="empty"),
        pytest.param({"number": "123456789"}, "number is longer than 8 characters", id="too long"),
        pytest.param({"number": 7}, "number must be text", id="type"),
        pytest.param({"season": {"name": "SS27"}}, "season must be left out", id="must be left out"),
        pytest.param({"currency": "USD"}, "currency 'USD' is not one of 'EUR', 'GBP'", id="not one of"),
        pytest.param({"total": "1,5"}, "total '1,5' is not an amount such as '19.90'", id="money"),
        pytest.param({"window": {"start": "soon"}}, "window.start 'soon' is not a day such as '2026-11-21'", id="day"),
        pytest.param({"colour": "red"}, "colour is not a known field", id="unknown field"),
        pytest.param(
            {"addresses": []}, "addresses has no entry with role 'delivery' that has city", id="entry of a list"
        ),
        pytest.param({"lines": []}, "lines must not be empty", id="empty list"),
        pytest.param(
            {"lines": [{"key": "1", "quantity": -1, "sku": "a"}]}, "lines.0.quantity -1 is less than 0", id="minimum"
        ),
        pytest.param(
            {"lines": [{"key": "1", "quantity": 1}]},
            "lines.0 needs sku or style_number and size",
            id="one of several fields",
        ),
        pytest.param(
            {"custom_fields": {"shipper": "UPS"}}, "custom_fields.shipper_account is missing", id="needed by another"
        ),
    ],
)
def test_sentences(engine: Compile, fields: dict[str, Any], sentence: str) -> None:
    """A miss says in one sentence which field is wrong and how."""
    check = Checker(load("order"), ACCEPTS, engine=engine)

    assert wrong(check, **{**FITTING, **fields}) == [sentence]


def test_missing_everywhere() -> None:
    """Every missing field is named, the lines in their own order."""
    check = Checker(load("order"), {"properties": {"lines": {"items": {"required": ["barcode"]}}}})
    lines = [{"key": str(number), "quantity": 1} for number in range(12)]

    assert wrong(check, lines=lines) == [f"lines.{number}.barcode is missing" for number in range(12)]
    assert [str(miss) for miss in check.misses({})] == [
        f"{name} is missing" for name in ("currency", "customer", "number", "origin", "status")
    ]


def test_the_likeliest_form_is_explained() -> None:
    """Where one of several forms is allowed, the misses are those of the form that was meant."""
    check = Checker(load("outcome"))

    assert check.misses({"outcome": "refused", "reason": "no_stock"}) == (Miss("message", "is missing"),)
    assert check.misses({"outcome": "accepted", "receipt": {}}) == (Miss("receipt.id", "is missing"),)


def test_the_record_itself() -> None:
    """A miss of the whole record says so."""
    assert [str(miss) for miss in Checker(load("order")).misses([])] == ["the record must be a group of fields"]


def test_values_are_cut() -> None:
    """A sentence shows at most 40 characters of a value."""
    (miss,) = Checker({"properties": {"a": {"enum": ["x"]}}}).misses({"a": "v" * 100})

    assert miss.message == f"'{'v' * 37}...' is not one of 'x'"


def test_long_lists_of_choices_are_cut() -> None:
    """A sentence shows the first dozen of the values allowed."""
    (miss,) = Checker({"enum": list(range(100))}).misses("x")

    assert miss.message.endswith("10, 11 and 88 more")


PERSONAL = [
    *((["addresses", 0, name]) for name in Address.model_fields),
    *((["contacts", 0, name]) for name in Contact.model_fields),
    ["customer", "email"],
    ["customer", "phone"],
    ["customer", "buyer"],
    ["sales_rep", "email"],
    ["note"],
]


@pytest.mark.parametrize("path", PERSONAL, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": "^$"},
        {"enum": ["x"]},
        {"const": "x"},
        {"format": "uri"},
        {"anyOf": [{"const": "x"}, {"const": "y"}]},
    ],
    ids=lambda schema: next(iter(schema)),
)
def test_personal_values_are_never_told(path: list[Any], schema: dict[str, Any]) -> None:
    """The value of an address, e-mail or phone field stands in no sentence."""
    data: Any = "SECRET VALUE"
    for step in reversed(path):
        schema = {"items": schema} if isinstance(step, int) else {"properties": {step: schema}}
        data = [data] if isinstance(step, int) else {step: data}

    (miss,) = Checker(schema).misses(data)

    assert miss.path == ".".join(map(str, path))
    assert "SECRET" not in miss.message


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "schema", [{"type": "text"}, {"pattern": "("}, {"properties": {"a": {"pattern": r"\p{Lu}"}}}], ids=str
)
def test_unusable_schemas(engine: Compile, schema: dict[str, Any]) -> None:
    """A schema neither engine could check alike is refused at once, as the plugin's fault."""
    with pytest.raises(PluginError, match="cannot be used"):
        Checker(schema, engine=engine)


def test_no_schema_is_fetched() -> None:
    """A reference to another document is refused; nothing is ever loaded from the network."""
    with pytest.raises(PluginError, match="cannot be used"):
        Checker({"$ref": "https://example.com/order.json"})
