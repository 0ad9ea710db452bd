"""The simulator's types are Shopify's own."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_client_schema,
)
from orderweft_shopify.simulator.schema import schema


def test_subset_agrees_with_the_real_schema() -> None:
    """Every type of the subset is as Shopify publishes it, as far as it goes."""
    real = real_schema()
    problems = [
        problem
        for name, mine in schema().type_map.items()
        if not name.startswith("__")
        for problem in differences(mine, real.type_map[name])
    ]
    assert problems == []


def real_schema() -> GraphQLSchema:
    """Load the real schema, or skip."""
    beside = Path(__file__).parents[3] / "shared/apis/shopify-schema"
    place = Path(os.environ.get("ORDERWEFT_SHOPIFY_SCHEMA", beside))
    file = place if place.is_file() else place / "admin_2026-10.json.gz"
    if not file.is_file():
        pytest.skip(
            "no real schema; `npm pack @shopify/dev-mcp`, unpack it, and set ORDERWEFT_SHOPIFY_SCHEMA to the path of "
            "package/dist/data/admin_2026-10.json.gz"
        )
    with gzip.open(file) as opened:
        return build_client_schema(json.load(opened)["data"], assume_valid=True)


def differences(mine: Any, real: Any) -> list[str]:
    """Return where two types differ; the real one may have more fields, members and interfaces."""
    if type(mine) is not type(real):
        return [f"{mine.name}: {type(mine).__name__}"]
    if isinstance(mine, GraphQLEnumType):
        return [] if list(mine.values) == list(real.values) else [mine.name]
    if isinstance(mine, GraphQLUnionType):
        return [each.name for each in mine.types if each.name not in {member.name for member in real.types}]
    if isinstance(mine, GraphQLInputObjectType):
        same = {name: str(field.type) for name, field in mine.fields.items()} == {
            name: str(field.type) for name, field in real.fields.items()
        }
        return [] if same and mine.is_one_of == real.is_one_of else [mine.name]
    if isinstance(mine, GraphQLObjectType | GraphQLInterfaceType):
        return [
            f"{mine.name}.{name}"
            for name, field in mine.fields.items()
            if str(field.type) != str(real.fields[name].type) or arguments(field) != arguments(real.fields[name])
        ]
    return []


def arguments(field: Any) -> dict[str, str]:
    """Return the types of a field's arguments."""
    return {name: str(argument.type) for name, argument in field.args.items()}
