"""What a query costs, and the bucket it is paid from.

The formula was fitted to recorded answers: scalars are free, an object costs 1 and a connection 2 plus a factor of its
size times one item; a mutation costs 10 and its payload's own fields nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
)
from orderweft import Clock

from .documents import Document
from .schema import schema
from .values import Refusal

MAX_QUERY_COST = 1000
_MUTATION = 10
_BY_TYPE = {
    "Count": 10,
    "DiscountAllocation": 0,
    "Image": 0,
    "LocationAddress": 0,
    "MailingAddress": 0,
    "MediaPreviewImage": 3,
    "MetafieldCapabilities": 0,
    "MetafieldCapabilityAdminFilterable": 0,
    "MetafieldCapabilityUniqueValues": 0,
    "MoneyBag": 0,
    "MoneyV2": 0,
    "PageInfo": 0,
    "ProductOption": 2,
    "ProductOptionValue": 0,
    "SEO": 0,
    "UserError": 0,
    "Weight": 0,
}
_ASKED = object()
"""Stands for data not there yet: page sizes count as asked for."""


class CostBucket:
    """The points of one app on one shop, filling up with time."""

    def __init__(self, size: int, rate: int, clock: Clock) -> None:
        self.size = size
        self.rate = rate
        self._clock = clock
        self._points = float(size)
        self._filled = clock.monotonic()

    @property
    def points(self) -> int:
        """Return the points there are now."""
        now = self._clock.monotonic()
        self._points = min(float(self.size), self._points + (now - self._filled) * self.rate)
        self._filled = now
        return int(self._points)

    def pay(self, cost: int) -> None:
        """Take *cost* points out."""
        self._points -= cost

    def block(self, requested: int, actual: int | None) -> dict[str, Any]:
        """Return the cost block of an answer."""
        status = {"maximumAvailable": self.size, "currentlyAvailable": self.points, "restoreRate": self.rate}
        return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}


@dataclass(frozen=True)
class Costs:
    """The cost of one operation with its variables."""

    document: Document
    operation: OperationDefinitionNode
    variables: dict[str, Any]

    def requested(self) -> int:
        """Return what the operation may cost at most; refuses one that asks for too much."""
        cost = self._root(_ASKED)
        if cost > MAX_QUERY_COST:
            raise Refusal(
                f"Query cost is {cost}, which exceeds the single query max cost limit ({MAX_QUERY_COST}).",
                "MAX_COST_EXCEEDED",
                cost=cost,
                maxCost=MAX_QUERY_COST,
                documentation="https://shopify.dev/api/usage/rate-limits",
            )
        return cost

    def actual(self, data: Any) -> int:
        """Return what it cost, given what it answered."""
        return self._root(data)

    def _root(self, data: Any) -> int:
        mutation = self.operation.operation is OperationType.MUTATION
        root = schema().mutation_type if mutation else schema().query_type
        assert root is not None
        return self._selection(self.operation.selection_set, root.name, data)

    def _selection(self, selections: SelectionSetNode | None, type_name: str, data: Any) -> int:
        cost = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                cost += self._field(node, type_name, data) if self._included(node) else 0
            elif isinstance(node, InlineFragmentNode):
                cost += self._fragment(node.selection_set, node.type_condition, type_name, data)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.document.fragments[node.name.value]
                cost += self._fragment(fragment.selection_set, fragment.type_condition, type_name, data)
        return cost

    def _fragment(self, selections: SelectionSetNode, condition: Any, type_name: str, data: Any) -> int:
        return self._selection(selections, condition.name.value if condition else type_name, data)

    def _field(self, node: FieldNode, type_name: str, data: Any) -> int:
        parent, name = schema().type_map[type_name], node.name.value
        field = getattr(parent, "fields", {}).get(name)
        if field is None or is_leaf_type(get_named_type(field.type)):
            return 0
        key = node.alias.value if node.alias else name
        value = _ASKED if data is _ASKED else (data or {}).get(key)
        if value is None:
            return 0
        target = get_named_type(field.type)
        if target.name.endswith("Connection") and isinstance(target, GraphQLObjectType):
            return self._connection(node, target, value)
        inner = self._items(node.selection_set, target.name, value)
        if type_name == "Mutation":
            return _MUTATION + inner
        if type_name.endswith("Payload"):
            return inner
        return _BY_TYPE.get(target.name, 0 if target.name.endswith("UserError") else 1) + inner

    def _connection(self, node: FieldNode, connection: GraphQLObjectType, value: Any) -> int:
        item = size = 0
        for inner in node.selection_set.selections if node.selection_set else ():
            if not isinstance(inner, FieldNode) or inner.name.value not in ("nodes", "edges"):
                continue
            key = inner.alias.value if inner.alias else inner.name.value
            found = _ASKED if value is _ASKED else value[key]
            size = self._page_size(node) if found is _ASKED else len(found)
            target = get_named_type(connection.fields[inner.name.value].type).name
            item += self._items(inner.selection_set, target, found) + (1 if inner.name.value == "nodes" else 0)
        return 2 + (max(1, math.floor(2 * math.log(size))) if size else 0) * item

    def _items(self, selections: SelectionSetNode | None, type_name: str, value: Any) -> int:
        if isinstance(value, list):
            present = [self._selection(selections, type_name, each) for each in value if each is not None]
            return max(present, default=0)
        return self._selection(selections, type_name, value)

    def _page_size(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                size = self._value(argument.value)
                if isinstance(size, int):
                    return max(0, size)
        return 0

    def _included(self, node: FieldNode) -> bool:
        for directive in node.directives or ():
            if directive.name.value in ("skip", "include") and directive.arguments:
                wanted = directive.name.value == "include"
                if bool(self._value(directive.arguments[0].value)) is not wanted:
                    return False
        return True

    def _value(self, node: ValueNode) -> Any:
        if isinstance(node, IntValueNode):
            return int(node.value)
        if isinstance(node, BooleanValueNode):
            return node.value
        if not isinstance(node, VariableNode):
            return None
        name = node.name.value
        for definition in self.operation.variable_definitions or ():
            if definition.variable.name.value == name and name not in self.variables and definition.default_value:
                return self._value(definition.default_value)
        return self.variables.get(name)
