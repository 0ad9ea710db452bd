"""Bulk queries: which are taken, and how their answer is cut into lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLOutputType,
    InlineFragmentNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from .documents import Document, prepare
from .schema import schema

MAX_BYTES = 65_535
MAX_CONNECTIONS = 5
Line = dict[str, Any]


def query_problems(text: str, nesting: int) -> list[str]:
    """Return why *text* cannot be run as a bulk query with connections *nesting* deep at most."""
    if len(text.encode()) > MAX_BYTES:
        return [f"Query is too long (maximum is {MAX_BYTES} bytes)"]
    document = prepare(text)
    if document.errors:
        return [f"Invalid bulk query: {error['message']}" for error in document.errors]
    operation = document.operation(None)
    if operation is None or operation.operation is not OperationType.QUERY:
        return ["Invalid bulk query: only a single query operation is supported."]
    return _Rules(document, nesting).problems(operation.selection_set)


def connections(document: Document) -> int:
    """Return how many connections the only operation of *document* has."""
    operation = document.operation(None)
    assert operation is not None
    root = schema().get_root_type(operation.operation)
    assert root is not None
    rules = _Rules(document, MAX_CONNECTIONS)
    rules.walk(operation.selection_set, root, _Place())
    return rules.connections


@dataclass(frozen=True)
class _Place:
    """Where a selection stands: below so many connections, in a list or not, and within which node."""

    depth: int = 0
    in_list: bool = False
    node: SelectionSetNode | None = None


class _Rules:
    def __init__(self, document: Document, nesting: int) -> None:
        self.document = document
        self.nesting = nesting
        self.connections = 0
        self.found: dict[str, None] = {}

    def problems(self, selections: SelectionSetNode) -> list[str]:
        root = schema().query_type
        assert root is not None
        if any(node.name.value in ("node", "nodes") for node in self._fields(selections)):
            return ["Bulk queries cannot contain a top level `node` field."]
        self.walk(selections, root, _Place())
        if not self.connections:
            return ["Bulk queries must contain at least one connection."]
        if self.connections > MAX_CONNECTIONS:
            self.found[f"Bulk queries cannot contain more than {MAX_CONNECTIONS} connections."] = None
        return list(self.found)

    def walk(self, selections: SelectionSetNode | None, parent: GraphQLNamedType, place: _Place) -> None:
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                field = getattr(parent, "fields", {}).get(node.name.value)
                if field is not None:
                    self._field(node, field.type, place)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                target = schema().type_map[condition.name.value] if condition else parent
                self.walk(node.selection_set, target, place)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.document.fragments[node.name.value]
                self.walk(fragment.selection_set, schema().type_map[fragment.type_condition.name.value], place)

    def _field(self, node: FieldNode, type_: GraphQLOutputType, place: _Place) -> None:
        target = get_named_type(type_)
        if not target.name.endswith("Connection"):
            listed = place.in_list or is_list_type(get_nullable_type(type_))
            self.walk(node.selection_set, target, _Place(place.depth, listed, place.node))
            return
        self.connections += 1
        name = node.name.value
        if place.in_list:
            self._add(f"Queries that contain a connection field within a list field are not supported: {name}.")
        if place.depth >= self.nesting:
            self._add(f"Bulk queries cannot contain connections with a nesting depth greater than {self.nesting}.")
        if place.node is not None and not self._selects_id(place.node):
            self._add(
                "The parent 'node' field for a nested connection must select the 'id' field without an alias and must "
                f"be of 'ID' return type. Connection fields without 'id': {name}."
            )
        inner = {each.name.value: each for each in self._fields(node.selection_set)}
        edges = self._fields(getattr(inner.get("edges"), "selection_set", None))
        below = next((each.selection_set for each in edges if each.name.value == "node"), None)
        if "nodes" in inner or below is None:
            self._add(f"Connection fields must select `edges {{ node {{ id }} }}`; `nodes` is not supported: {name}.")
            return
        item = schema().type_map[target.name.removesuffix("Connection")]
        self.walk(below, item, _Place(place.depth + 1, node=below))

    def _add(self, message: str) -> None:
        self.found[message] = None

    def _selects_id(self, selections: SelectionSetNode) -> bool:
        return any(node.name.value == "id" and node.alias is None for node in self._fields(selections))

    def _fields(self, selections: SelectionSetNode | None) -> Iterator[FieldNode]:
        """Yield the fields of a selection, those of fragments included."""
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                yield from self._fields(self.document.fragments[node.name.value].selection_set)
            elif isinstance(node, InlineFragmentNode):
                yield from self._fields(node.selection_set)


def lines(data: dict[str, Any], *, object_is_parent: bool) -> Iterator[Line]:
    """Yield one line per object of an answer, each parent before its children.

    What lies below an object within a node belongs to the node, or with *object_is_parent* to that object.
    """
    for value in data.values():
        if _is_connection(value):
            for edge in value["edges"]:
                yield from _node_lines(edge["node"], None, object_is_parent)
        elif isinstance(value, dict):
            yield from _node_lines(value, None, object_is_parent)


def _node_lines(node: Line, parent: str | None, object_is_parent: bool) -> Iterator[Line]:
    children: list[tuple[str | None, Any]] = []
    own = _own(node, node.get("id"), children, object_is_parent)
    yield own if parent is None else {**own, "__parentId": parent}
    for above, connection in children:
        for edge in connection["edges"]:
            yield from _node_lines(edge["node"], above, object_is_parent)


def _own(value: Line, above: str | None, children: list[tuple[str | None, Any]], object_is_parent: bool) -> Line:
    """Return an object without its connections, which are put to *children*."""
    own = {}
    for name, inner in value.items():
        if _is_connection(inner):
            children.append((above, inner))
        elif isinstance(inner, dict):
            below = inner.get("id", above) if object_is_parent else above
            own[name] = _own(inner, below, children, object_is_parent)
        else:
            own[name] = inner
    return own


def _is_connection(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("edges"), list)
