"""Write what Shopify's answers to the plugin's own documents look like, read off the Admin schema.

Usage: python scripts/shopify_shapes.py

Each field is a pair: how it is wrapped and what it holds. `!` is never null and `[]` a list; what stands before a `?`
is the variable that has it come, after a `-` the one that has it left out, and without any it is of some kinds only.
It holds fields of its own or one of `text`, `whole`, `number`, `decimal`, `instant`, `truth` and `any`. In records an
instant is text, for their mapping tells which of them has it wrong.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graphql import (
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_scalar_type,
    parse,
)
from orderweft_shopify.client.documents import documents
from orderweft_shopify.simulator.schema import schema

TARGET = Path(__file__).parents[1] / "plugins/shopify/orderweft_shopify/client/shapes.json"
KINDS = {
    "Boolean": "truth",
    "DateTime": "instant",
    "Decimal": "decimal",
    "Float": "number",
    "Int": "whole",
    "JSON": "any",
    "Money": "decimal",
    # a number that may be too large for JSON comes as text: https://shopify.dev/docs/api/admin-graphql/latest/scalars
    "UnsignedInt64": "decimal",
}
Shape = list[Any]


class Shaper:
    """Reads the shape of one document off the schema."""

    def __init__(self, document: str, schema: GraphQLSchema) -> None:
        self._schema = schema
        parts = [node for node in parse(document).definitions if isinstance(node, ExecutableDefinitionNode)]
        self._fragments = {node.name.value: node for node in parts if isinstance(node, FragmentDefinitionNode)}
        [self._operation] = [node for node in parts if isinstance(node, OperationDefinitionNode)]
        assert self._operation.name is not None
        self._of_records = self._operation.name.value.startswith(("Read", "Bulk"))
        self.lines: dict[str, Shape] = {}
        """For a bulk query: the shape of a line, by the kind of object it holds."""

    def shape(self) -> dict[str, Shape]:
        """Return the shape of the data."""
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None
        return self._fields(root, self._operation.selection_set, when="")

    def _fields(self, kind: GraphQLNamedType, chosen: SelectionSetNode, *, when: str) -> dict[str, Shape]:
        found: dict[str, Shape] = {}
        for node in chosen.selections:
            told = _condition(node) or when
            if isinstance(node, FieldNode):
                found[(node.alias or node.name).value] = self._field(kind, node, when=told)
                continue
            assert isinstance(node, FragmentSpreadNode | InlineFragmentNode)
            part = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            narrow = self._schema.type_map[part.type_condition.name.value] if part.type_condition else kind
            of_some = is_abstract_type(kind) and narrow is not kind
            found |= self._fields(narrow, part.selection_set, when=told or ("?" if of_some else ""))
        return found

    def _field(self, owner: Any, node: FieldNode, *, when: str) -> Shape:
        wrap, kind = when, owner.fields[node.name.value].type
        while is_non_null_type(kind) or is_list_type(kind):
            wrap += "!" if is_non_null_type(kind) else "[]"
            kind = kind.of_type
        if node.selection_set is None:
            named = get_named_type(kind)
            told = KINDS.get(named.name, "text") if is_scalar_type(named) else "text"
            return [wrap, "text" if told == "instant" and self._of_records else told]
        inner = self._fields(kind, node.selection_set, when="")
        if "edges" in inner:
            below = inner.pop("edges")[1]["node"][1]
            # a line of a bulk result leaves out the connections below it
            self.lines[get_named_type(kind).name.removesuffix("Connection")] = ["!", _plain(below)]
        return [wrap, inner]


def _plain(fields: dict[str, Shape]) -> dict[str, Shape]:
    inner = {name: _plain(below) if isinstance(below, dict) else below for name, (_, below) in fields.items()}
    return {name: [wrap, inner[name]] for name, (wrap, _) in fields.items() if inner[name] != {}}


def _condition(node: SelectionNode) -> str:
    for directive in node.directives or ():
        if directive.name.value in ("include", "skip"):
            [argument] = directive.arguments or ()
            assert isinstance(argument.value, VariableNode)
            return f"{'-' if directive.name.value == 'skip' else ''}{argument.value.name.value}?"
    return ""


def shapes() -> str:
    """Return the whole file."""
    made: dict[str, Any] = {}
    for name, document in sorted(documents().items()):
        shaper = Shaper(document, schema())
        shape = shaper.shape()
        made[name] = shaper.lines or shape
    lines = [f"{json.dumps(name)}: {json.dumps(shape, sort_keys=True)}" for name, shape in made.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TARGET.write_text(shapes(), encoding="utf-8")
    print(f"wrote {TARGET}")
