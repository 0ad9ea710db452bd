"""The subset of the real Admin schema, with scalars that parse and fields that resolve."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from graphql import (
    FieldDefinitionNode,
    GraphQLAbstractType,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    ObjectTypeDefinitionNode,
    ValueNode,
    build_ast_schema,
    get_directive_values,
    get_named_type,
    parse,
    value_from_ast_untyped,
)

from .call import Call
from .paging import page
from .values import MoneyBag, decimal_text, timestamp

FILE = Path(__file__).with_name("schema-2026-10.graphql")


_PAGING = ("after", "before", "first", "last", "reverse")


@cache
def schema() -> GraphQLSchema:
    """Return the executable schema, built once per process."""
    built = build_ast_schema(parse(FILE.read_text(encoding="utf-8")), assume_valid=True)
    for type_ in built.type_map.values():
        if isinstance(type_, GraphQLScalarType) and type_.name in _SCALARS:
            _equip(type_)
        elif isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            type_.resolve_type = _type_name
        elif isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                field.resolve = _resolver(type_, name, field)
    return built


def left_out(type_name: str) -> frozenset[str]:
    """Return the fields that exist at Shopify and not in the subset."""
    type_ = schema().type_map.get(type_name)
    text = (type_.description if type_ else None) or ""
    return frozenset(text.removeprefix("left out:").split())


def access_to(type_: GraphQLNamedType | None) -> tuple[str, ...]:
    """Return the scopes of which one is needed to read objects of a type."""
    return _scopes(type_.ast_node) if isinstance(type_, GraphQLObjectType) else ()


def not_simulated(what: str) -> GraphQLError:
    """Build the error that tells a gap of the simulator from an answer of Shopify."""
    return GraphQLError(f"The Shopify simulator does not implement {what}", extensions={"code": "NOT_SIMULATED"})


def snake(name: str) -> str:
    """Return the Python name of a GraphQL one."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _type_name(value: Any, _info: GraphQLResolveInfo[Any], _type: GraphQLAbstractType) -> str:
    return type(value).__name__


def _scopes(node: ObjectTypeDefinitionNode | FieldDefinitionNode | None) -> tuple[str, ...]:
    for directive in node.directives or () if node else ():
        if directive.name.value == "access" and directive.arguments:
            return tuple(value_from_ast_untyped(directive.arguments[0].value))
    return ()


def _gates(name: str, field: GraphQLField) -> list[Callable[[Call], None]]:
    """Return the checks before a field is read: its own scopes, those of what it leads to, personal data."""
    target = get_named_type(field.type)
    if target.name.endswith("Connection") and isinstance(target, GraphQLObjectType) and "nodes" in target.fields:
        target = get_named_type(target.fields["nodes"].type)
    gates: list[Callable[[Call], None]] = [
        partial(Call.require, scopes=scopes, name=name)
        for scopes in dict.fromkeys([_scopes(field.ast_node), access_to(target)])
        if scopes
    ]
    directives = field.ast_node.directives or () if field.ast_node else ()
    if any(directive.name.value == "personal" for directive in directives):
        gates.append(partial(Call.require_personal, name=name))
    return gates


def _resolver(parent: GraphQLObjectType, name: str, field: GraphQLField) -> Callable[..., Any]:
    attribute = snake(name)
    gates = _gates(name, field)
    paged = get_named_type(field.type).name.endswith("Connection")
    is_money = get_named_type(field.type).name == "Money"
    limited = not paged and "first" in field.args
    changes = parent.name == "Mutation"
    defaults = {key: _default(arg) for key, arg in field.args.items() if key not in _PAGING}

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        call: Call = info.context
        if changes:
            call.answer_name, call.key = str(info.path.key), _key(info)
        for gate in gates:
            gate(call)
        try:
            value = getattr(source, attribute)
        except AttributeError as error:
            if error.obj is not source or error.name != attribute:
                raise
            value = _old_money(source, attribute) if is_money else None
            if value is None:
                raise not_simulated(f"{parent.name}.{name}") from None
        if callable(value):
            value = value(call, args)
        elif ignored := [key for key, default in defaults.items() if args.get(key) not in (None, default)]:
            raise not_simulated(f"{parent.name}.{name}({ignored[0]}:)")
        if paged and isinstance(value, list):
            return page(value, args, whole=call.whole)
        return value[: args["first"]] if limited and args.get("first") is not None else value

    return resolve


def _key(info: GraphQLResolveInfo[Any]) -> str | None:
    """Return the idempotency key of a mutation field."""
    directive = info.schema.get_directive("idempotent")
    assert directive is not None
    given = get_directive_values(directive, info.field_nodes[0], info.variable_values)
    return str(given["key"]) if given else None


def _old_money(source: Any, attribute: str) -> Decimal | None:
    """Return the amount of the money bag that replaced an old scalar field."""
    bag = getattr(source, f"{attribute}_set", None)
    return bag.shop_money.amount if isinstance(bag, MoneyBag) else None


def _default(argument: GraphQLArgument) -> Any:
    literal = argument.ast_node.default_value if argument.ast_node else None
    return value_from_ast_untyped(literal) if literal else None


def _equip(scalar: GraphQLScalarType) -> None:
    parse_value, serialize = _SCALARS[scalar.name]

    def from_literal(node: ValueNode) -> Any:
        return parse_value(value_from_ast_untyped(node))

    scalar.coerce_input_value = parse_value
    scalar.coerce_input_literal = from_literal
    scalar.coerce_output_value = serialize


def _instant(value: Any) -> datetime:
    instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    if instant is None or instant.tzinfo is None:
        raise GraphQLError(f"Invalid DateTime: {value!r}")
    return instant.astimezone(UTC)


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise GraphQLError(f"Invalid Decimal: {value!r}")
    return number


def _whole(value: Any) -> int:
    if not str(value).isdecimal():
        raise GraphQLError(f"Invalid UnsignedInt64: {value!r}")
    return int(value)


def _url(value: Any) -> str:
    if not isinstance(value, str) or not urlsplit(value).scheme:
        raise GraphQLError(f"Invalid URL: {value!r}")
    return value


_SCALARS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "DateTime": (_instant, timestamp),
    "Decimal": (_decimal, decimal_text),
    "JSON": (lambda value: value, lambda value: value),
    "Money": (_decimal, lambda amount: f"{amount:.2f}"),
    "URL": (_url, str),
    "UnsignedInt64": (_whole, str),
}
