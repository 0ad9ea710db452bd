"""Whatever the published schemas allow is read or refused by name, checked, mapped and delivered, and soon."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from orderweft import Delivery, InvalidRecordError, Kind, OrderweftError, Outcome, first_mistake
from orderweft.plugins import MOVES
from orderweft.rules import LIST_ITEMS, FieldMap
from orderweft.schema import RECORD_OF, RECORDS, Checker, load, python_engine
from pydantic import TypeAdapter, ValidationError

from .strategies import bad_input, bad_input_briefly, chances, mixed, of_contract, soon
from .test_bad_input_channels import (
    BENCHES,
    CUSTOMERS,
    LEVELS,
    ORDERS,
    SHIPMENTS,
    called,
    opened,
    pairs,
    plugins,
    products,
)

BEYOND = (
    "String should have at least 1 character",
    "url: an image needs an address or a file",
    "available_on: a future level needs the day it is available on",
    "quantity: every level needs one, except what is made to order",
    "comes more than once",
)
"""What a record asks for that its schema does not say, besides codes that exist."""


@cache
def checkers(kind: str, *schemas: str) -> tuple[Checker, Checker]:
    """Return what checks records of *kind* against their schema and others, by either engine."""
    parts = [load(kind), *map(json.loads, schemas)]
    return Checker(*parts), Checker(*parts, engine=python_engine)


def read(kind: str, data: Any) -> Any:
    """Return the record that *data* is, None when it is refused for what no schema says."""
    try:
        return TypeAdapter(RECORDS[kind]).validate_json(json.dumps(data))
    except ValidationError as error:
        told = first_mistake(error)
        assert any(sentence in told for sentence in BEYOND), told
        return None


@pytest.mark.parametrize("kind", sorted(RECORDS))
@bad_input
@given(st.data())
def test_what_a_schema_allows_is_read_or_refused_by_name(kind: str, data: st.DataObject) -> None:
    """Both engines allow it too, and what is read comes back as it is and is allowed again."""
    made = data.draw(of_contract(kind))
    with soon(made):
        assert [checker.misses(made) for checker in checkers(kind)] == [(), ()]
        record = read(kind, made)
        if record is not None:
            again = record.to_data()
            assert checkers(kind)[0].misses(again) == ()
            assert TypeAdapter(RECORDS[kind]).validate_python(again) == record


# the schemas of the channels


@cache
def said(bench: str) -> list[tuple[str, str]]:
    """Return what the channel guarantees or asks for: each schema, as text, with the kind of record it is about."""
    with opened(bench, lambda number, response: response) as connection:
        asked = [hook for hook in ("provides", "accepts") if plugins().can(connection.channel, hook)]
        found = [(name, called(connection, hook, kind=kind)) for kind, name in RECORD_OF.items() for hook in asked]
    return [(name, json.dumps(schema)) for name, schema in found if schema is not None]


@pytest.mark.parametrize("bench", [bench for bench in BENCHES if bench != "shopify bulk"])
@bad_input_briefly
@given(st.data())
def test_what_a_channel_says_of_records_is_said_of_each(bench: str, data: st.DataObject) -> None:
    """Both engines find the same records right, and each wrong one has a sentence that names a field of it."""
    kind, schema = data.draw(st.sampled_from(said(bench)))
    made = data.draw(of_contract(kind))
    quick, thorough = checkers(kind, schema)
    with soon(made):
        misses = quick.misses(made)
        assert quick.valid(made) == thorough.valid(made) == (not misses)
        fields = {"", *load(kind)["properties"]}
        assert all(miss.message and miss.path.partition(".")[0] in fields for miss in misses)


# maps


def targets(kind: Kind) -> list[str]:
    """Return what of a record of *kind* can be mapped, as far as its schema says."""
    schema = load(RECORD_OF[kind])

    def below(part: Any, path: str) -> Iterator[str]:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        if part.get("type") == "array" and path.rpartition(".")[2] in LIST_ITEMS:
            yield from below(part["items"], f"{path}.*")
        elif "properties" in part:
            for name, inner in part["properties"].items():
                yield from below(inner, f"{path}.{name}".lstrip("."))
        elif part.get("type") == "object":
            yield f"{path}.made up"
        elif part.get("type") != "array" and not path.startswith("origin"):
            yield path

    return list(below(schema, ""))


@pytest.mark.parametrize("kind", RECORD_OF)
@bad_input
@given(st.data())
def test_a_map_makes_a_record_or_says_which_field_is_wrong(kind: Kind, data: st.DataObject) -> None:
    """Any field set from any text of a record gives another one, or an error with a field of it."""
    record = read(RECORD_OF[kind], data.draw(of_contract(RECORD_OF[kind])))
    assume(record is not None)
    texts = st.sampled_from(
        ["", "0", "19.90", "DE", "EUR", "2027-01-31", "x", f"{{{{ {RECORD_OF[kind]}.origin.id }}}}"]
    )
    chosen = data.draw(st.dictionaries(st.sampled_from(targets(kind)), texts, min_size=1, max_size=4))
    with soon((record, chosen)):
        try:
            made = FieldMap(chosen, kind).apply(record)
        except InvalidRecordError as error:
            told = str(error)
        else:
            told = ""
            assert checkers(RECORD_OF[kind])[0].misses(made.to_data()) == ()
    assert not told or re.match(r"after mapping, \S+ \S|after mapping,  (available_on|quantity|lines): ", told)


# what is written


RIGHT: dict[str, Callable[[], Sequence[Any]]] = {
    "deliver_orders": lambda: [delivery.order for delivery in ORDERS],
    "write_inventory": lambda: LEVELS,
    "write_catalog": products,
    "write_customers": lambda: CUSTOMERS,
    "write_shipments": lambda: SHIPMENTS,
}


def arguments(hook: str, records: list[Any]) -> dict[str, Any]:
    """Return what *hook* is called with to write *records*."""
    if hook == "deliver_orders":
        return {"deliveries": [Delivery(order, f"x:{number}") for number, order in enumerate(records)]}
    more = {"mode": "update"} if hook == "write_inventory" else {}
    return {hook.removeprefix("write_").replace("inventory", "levels").replace("catalog", "products"): records, **more}


@pytest.mark.parametrize(("bench", "hook"), pairs(RIGHT, "shopify bulk"))
@bad_input_briefly
@given(st.data())
def test_what_no_schema_forbids_is_written_or_refused(bench: str, hook: str, data: st.DataObject) -> None:
    """Each record has an outcome, whatever is in it, or the whole call ends in an error of ours."""
    kind = next(name for kind, name in RECORD_OF.items() if MOVES[kind][1] == hook)
    made = [one.to_data() for one in RIGHT[hook]()]
    chance = data.draw(chances)
    mixes = [mixed(one, data.draw(of_contract(kind)), chance) for one in made]
    records = [record for record in map(partial(read, kind), mixes) if record is not None]
    with opened(bench, lambda number, response: response) as connection, soon(records):
        try:
            outcomes = called(connection, hook, **arguments(hook, records))
        except OrderweftError:
            return
    assert len(outcomes) == len(records)
    assert all(isinstance(outcome, get_args(get_args(Outcome)[0])) for outcome in outcomes)
