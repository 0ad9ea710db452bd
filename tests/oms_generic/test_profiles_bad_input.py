"""Whatever is wrong with a profile, it is told with its line, and soon."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from orderweft import Order, Product, Record, Response, SettingsError, Shipment, StockLevel, Unread
from orderweft_oms_generic.mapping import to_record
from orderweft_oms_generic.profiles.loading import bundled, parse_profile
from orderweft_oms_generic.profiles.model import Profile
from orderweft_oms_generic.profiles.yaml_text import read_yaml

from ..strategies import bad_input_briefly, chances, soon, spoil, spoiled
from .test_files_profiles import connected

EXPRESSIONS = [
    "=", "=x", "=row", "=row.", "=row.a.b[0]", "=[*]", "=`", "=`{`", "=body[?a == 'b'", "=join(' ', [*])", "${", "${}",
    "${settings.token}", "=settings", "=f(x)", "=a || b && !c", "=@", "=a | b", "=sort_by(@, &a)", "${urlpath(key)}",
    "=" + "(" * 500 + ")" * 500, "=" + "a." * 5000 + "a", "=" + "[" * 5000, "=a" + "[*]" * 300, "=" + "!" * 5000 + "a",
    "=a[" + "9" * 5000 + "]", "$each", "{{ x }}", "(a+)+$", "x" * 5000, "http://127.0.0.1", "9" * 5000, "-1", "\0",
]  # fmt: skip
"""What may stand where a profile has an expression, a path, a pattern or a number."""


def parsed(text: str) -> Profile | None:
    """Return the profile in *text*, None when every mistake in it is told with its line."""
    with soon(text):
        try:
            return parse_profile.__wrapped__(text, "p.yaml")
        except SettingsError as error:
            told = str(error).splitlines()
    assert all(re.match(r"p\.yaml:[1-9][0-9]*: ", line) for line in told), told
    return None


def expressed(data: Any, chance: random.Random) -> None:
    """Put another expression into one place of *data*."""
    places = [data]
    while True:
        holder = places[-1]
        key = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        if not (isinstance(holder[key], dict | list) and holder[key]):
            holder[key] = chance.choice(EXPRESSIONS)
            return
        places.append(holder[key])


@pytest.mark.parametrize("name", bundled())
@bad_input_briefly
@given(chances)
def test_a_spoiled_profile_is_read_or_told(name: str, chance: random.Random) -> None:
    """A value of another kind, a key too many or too few, and expressions that make no sense all have their line."""
    data = read_yaml(bundled()[name].read_text("utf-8")).data
    for _ in range(chance.choice([1, 1, 2, 5])):
        chance.choice([spoil, expressed])(data, chance)
    parsed(yaml.safe_dump(data, sort_keys=False))


@pytest.mark.parametrize("name", bundled())
@bad_input_briefly
@given(chances)
def test_a_spoiled_text_of_a_profile_is_read_or_told(name: str, chance: random.Random) -> None:
    """What is no YAML any more, or another one, has its line too."""
    body = spoiled(Response(200, {}, bundled()[name].read_bytes()), chance).body
    parsed(body.decode("utf-8", "replace"))


@pytest.mark.parametrize(
    "odd",
    [
        {"origin": "x"},
        {"item": "x"},
        {"lines": ["x"]},
        {"colors": [1]},
        {"colors": [{"skus": "x"}]},
        {"order_key": [1]},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [Order, StockLevel, Product, Shipment])
def test_a_part_of_another_form_is_told(tmp_path: Path, kind: type[Record], odd: dict[str, Any]) -> None:
    """What a profile takes over as it is may be text where a map belongs, and the record is unread then."""
    settings = connected(str(tmp_path), "csv").settings
    assert isinstance(to_record(kind, odd, ("oms_generic", "wms"), settings), Unread)
