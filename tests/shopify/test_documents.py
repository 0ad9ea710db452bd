"""Everything the plugin sends must be valid under Shopify's own schema."""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    build_client_schema,
    build_schema,
    get_variable_values,
    parse,
    validate,
)
from orderweft.testing import brand
from orderweft_shopify.client import documents

from .test_catalog import of_brand, style
from .test_catalog import write as write_products
from .test_inventory import level_of
from .test_inventory import write as write_levels
from .test_read_customers import account
from .test_read_customers import write as write_customers
from .test_with_simulator import Shop

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
SUBSET = files("orderweft_shopify") / "simulator" / "schema-2026-10.graphql"
VERSIONS = ("2026-07", "2026-10")


def _folders() -> list[Path]:
    named = os.environ.get("ORDERWEFT_SHOPIFY_SCHEMA")
    places = [Path(named)] if named else []
    return [*places, ROOT.parent / "shared" / "apis" / "shopify-schema", ROOT / ".shopify-schema"]


@cache
def real_schema(version: str) -> GraphQLSchema:
    """Return Shopify's schema of *version*, or skip the test."""
    for folder in _folders():
        for path in sorted(folder.rglob(f"admin_{version}.json.gz")) if folder.is_dir() else ():
            with gzip.open(path) as file:
                return build_client_schema(json.load(file)["data"], assume_valid=True)
    pytest.skip(
        f"Shopify's schema {version} is not here; `make shopify-schema` fetches it (npm pack @shopify/dev-mcp), "
        "or set ORDERWEFT_SHOPIFY_SCHEMA to the folder that holds it"
    )


@cache
def subset() -> GraphQLSchema:
    """Return the part of the schema that ships with the simulator."""
    return build_schema(SUBSET.read_text("utf-8"), assume_valid=True)


def _errors(schema: GraphQLSchema, operation: str) -> list[str]:
    return [error.message for error in validate(schema, parse(documents()[operation]))]


def _variable_errors(schema: GraphQLSchema, operation: str, variables: dict[str, Any]) -> list[str]:
    definition = parse(documents()[operation]).definitions[0]
    assert isinstance(definition, OperationDefinitionNode)
    coerced = get_variable_values(schema, definition.variable_definitions or (), variables)
    return [error.message for error in coerced] if isinstance(coerced, list) else []


@pytest.mark.parametrize("operation", sorted(documents()))
@pytest.mark.parametrize("version", VERSIONS)
def test_each_operation_is_valid_in_the_real_schema(version: str, operation: str) -> None:
    """Shopify knows every field, argument and type the plugin names."""
    assert _errors(real_schema(version), operation) == []


@pytest.mark.parametrize("operation", sorted(documents()))
def test_each_operation_is_valid_in_the_shipped_subset(operation: str) -> None:
    """The simulator's schema has everything the plugin asks for."""
    assert _errors(subset(), operation) == []


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("create-*.json")), ids=lambda path: path.stem)
@pytest.mark.parametrize("version", VERSIONS)
def test_orders_sent_have_the_right_form(version: str, path: Path) -> None:
    """Every order in the golden files passes Shopify's coercion of variables."""
    sent = json.loads(path.read_text("utf-8"))["sent"]
    assert _variable_errors(real_schema(version), "CreateOrder", sent) == []


@cache
def sent() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return what is sent to write stock, products and customers, new ones and others."""
    shop = Shop()
    shop.simulator.unstock("1001-401-XS", "Rotterdam")
    write_levels(shop, *(level_of(sku, 7, "Rotterdam") for sku in brand.skus()[:3]))
    write_products(shop, style(), style(name="Renamed"), of_brand("1001", tags=("new",)))
    write_products(shop, style("3001", colors=[f"C{number}" for number in range(30)], sizes=list("ABCD")))
    write_customers(shop, account(0), account(9))
    moved = [address.model_copy(update={"line1": "1 New Road"}) for address in account(9).addresses]
    write_customers(shop, account(9, contacts=[{"name": "Kim Neu"}], addresses=moved))
    return tuple((name, variables) for name, variables in shop.simulator.log if name in documents())


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_written_has_the_right_form(version: str) -> None:
    """All variables of stock, products and customers pass Shopify's coercion."""
    schema = real_schema(version)
    names = {name for name, _ in sent()}
    assert names >= {"SetQuantities", "ActivateItem", "SetProduct", "CreateCustomer", "AddAddress", "ChangeAddress"}
    problems = [(name, error) for name, told in sent() for error in _variable_errors(schema, name, told)]
    assert problems == []


@pytest.mark.parametrize("operation", ["BulkStock", "BulkCatalog"])
def test_a_bulk_query_keeps_the_rules(operation: str) -> None:
    """Shopify runs at most five connections, two below the outermost, each with an id that children can name."""
    # https://shopify.dev/docs/api/usage/bulk-operations/queries#operation-restrictions
    definition = parse(documents()[operation]).definitions[0]
    assert isinstance(definition, OperationDefinitionNode)
    found: list[int] = []

    def walk(selections: SelectionSetNode | None, depth: int) -> None:
        fields = [each for each in selections.selections if isinstance(each, FieldNode)] if selections else []
        for field in fields:
            inner = field.selection_set
            names = [each.name.value for each in inner.selections if isinstance(each, FieldNode)] if inner else []
            is_connection = "edges" in names
            found.extend([depth] if is_connection else [])
            walk(inner, depth + is_connection)

    walk(definition.selection_set, 0)
    assert len(found) <= 5
    assert max(found) <= 2


@pytest.mark.parametrize("operation", sorted(documents()))
def test_each_document_stands_alone(operation: str) -> None:
    """A document carries its own operation, the fragments it uses and nothing else."""
    definitions = parse(documents()[operation]).definitions
    assert isinstance(definitions[0], OperationDefinitionNode)
    assert definitions[0].name
    assert definitions[0].name.value == operation
    assert not any(isinstance(definition, OperationDefinitionNode) for definition in definitions[1:])
