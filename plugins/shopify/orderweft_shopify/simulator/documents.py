"""Documents and their variables: parsed, validated, and refused in Shopify's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSyntaxError,
    InlineFragmentNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    is_input_type,
    parse,
    specified_rules,
    type_from_ast,
    validate,
    visit,
)
from graphql import Node as AstNode
from graphql.utilities import validate_input_value

from .schema import left_out, not_simulated, schema
from .wording import in_ruby

MAX_INPUT = 250
Errors = list[dict[str, Any]]


@dataclass(frozen=True)
class Document:
    """A document that may be executed, or the errors why not."""

    ast: DocumentNode | None
    errors: Errors = field(default_factory=list)
    operations: dict[str, OperationDefinitionNode] = field(default_factory=dict)
    fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the operation to execute; None when *name* does not say which one."""
        if name:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None


@lru_cache(maxsize=512)
def prepare(text: str) -> Document:
    """Parse and validate a document; the same text is worked on once per process."""
    try:
        ast = parse(text, no_location=False)
    except GraphQLSyntaxError as error:
        return Document(None, [_shaped(error, error.message, "PARSE_ERROR")])
    operations = {
        node.name.value if node.name else "": node
        for node in ast.definitions
        if isinstance(node, OperationDefinitionNode)
    }
    fragments = {node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)}
    errors = list(_validation_errors(ast)) if validate(schema(), ast) else _long_lists(ast)
    gaps = [error for error in errors if error["extensions"]["code"] == "NOT_SIMULATED"]
    return Document(ast, gaps or errors, operations, fragments)


def variable_errors(operation: OperationDefinitionNode, variables: dict[str, Any]) -> Errors:
    """Return why *variables* cannot be coerced, one error per variable."""
    errors: Errors = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        type_ = type_from_ast(schema(), definition.type)
        problems: list[dict[str, Any]] = []
        if is_input_type(type_) and (name in variables or definition.default_value is None):
            problems = _problems(variables.get(name), type_)
        if problems:
            where = ", ".join(f"{'.'.join(each['path'])} ({each['explanation']})" for each in problems if each["path"])
            message = f"Variable ${name} of type {type_} was provided invalid value" + (
                f" for {where}" if where else ""
            )
            errors.append(
                _shaped(definition, message, "INVALID_VARIABLE", value=variables.get(name), problems=problems)
            )
    return errors


def size_errors(operation: OperationDefinitionNode, variables: dict[str, Any]) -> Errors:
    """Return an error for each list of more than 250 entries in *variables*; productSet has limits of its own."""
    sizeless = {
        definition.variable.name.value
        for definition in operation.variable_definitions or ()
        if str(type_from_ast(schema(), definition.type)).rstrip("!") == "ProductSetInput"
    }
    given = {name: value for name, value in variables.items() if name not in sizeless}
    return list(_size_errors(given, ()))


def _size_errors(value: Any, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    if isinstance(value, list) and len(value) > MAX_INPUT:
        yield _too_long(len(value), path)
    elif isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _size_errors(inner, (*path, str(name)))


def _problems(value: Any, type_: GraphQLInputType) -> list[dict[str, Any]]:
    problems: list[dict[str, Any]] = []

    def on_error(error: GraphQLError, path: list[str | int]) -> None:
        more, explanation = _explained(error.message)
        problems.append({"path": [*map(str, path), *more], "explanation": explanation})

    validate_input_value(value, type_, on_error, True)
    return problems


def _explained(message: str) -> tuple[list[str], str]:
    """Return what to add to the path, and Shopify's wording, for a message of graphql-core."""
    if match := re.match(r"Expected value of type '(\w+)' not to include unknown field '(\w+)'", message):
        return [match[2]], f"Field is not defined on {match[1]}"
    if match := re.match(r"Expected value of type '\w+' to include required field '(\w+)'", message):
        return [match[1]], "Expected value to not be null"
    if "non-null type" in message:
        return [], "Expected value to not be null"
    if match := re.search(r"OneOf Input Object type '(\w+)'", message):
        return [], f"'{match[1]}' requires exactly one argument"
    if match := re.match(r"Value '(.*)' does not exist in '(\w+)' enum", message):
        values = ", ".join(getattr(schema().type_map[match[2]], "values", ()))
        return [], f'Expected "{match[1]}" to be one of: {values}'
    return [], message


def _shaped(error: GraphQLError | AstNode, message: str, code: str, **extensions: Any) -> dict[str, Any]:
    shaped: dict[str, Any] = {"message": message}
    if isinstance(error, GraphQLError):
        places = [(place.line, place.column) for place in error.locations or ()]
    else:
        token = error.loc.start_token if error.loc else None
        places = [(token.line, token.column)] if token else []
    shaped["locations"] = [{"line": line, "column": column} for line, column in places]
    shaped["extensions"] = {"code": code, **extensions}
    return shaped


def _too_long(size: int, path: tuple[str, ...]) -> dict[str, Any]:
    message = f"The input array size of {size} is greater than the maximum allowed of {MAX_INPUT}."
    return {"message": message, "path": list(path), "extensions": {"code": "MAX_INPUT_SIZE_EXCEEDED"}}


def _long_lists(ast: DocumentNode) -> Errors:
    found: Errors = []

    class Lists(Visitor):
        def enter_list_value(self, node: ListValueNode, *_: Any) -> None:
            if len(node.values) > MAX_INPUT:
                found.append(_too_long(len(node.values), ()))

    visit(ast, Lists())
    return found


def _validation_errors(ast: DocumentNode) -> Iterator[dict[str, Any]]:
    for rule in specified_rules:
        for error in validate(schema(), ast, [rule]):
            shaped = _translated(rule.__name__.removesuffix("Rule"), error)
            path = _path_to(ast, error.nodes[0]) if error.nodes else None
            yield {**shaped, "path": path} if path else shaped


def _translated(rule: str, error: GraphQLError) -> dict[str, Any]:
    if match := re.match(r"Cannot query field '(\w+)' on type '(\w+)'", error.message):
        name, type_name = match.groups()
        if name in left_out(type_name):
            gap = not_simulated(f"{type_name}.{name}")
            return _shaped(error, gap.message, "NOT_SIMULATED")
        message = f"Field '{name}' doesn't exist on type '{type_name}'"
        return _shaped(error, message, "undefinedField", typeName=type_name, fieldName=name)
    message, code = in_ruby(rule, error.message)
    return _shaped(error, message, code)


def _path_to(ast: DocumentNode, wanted: AstNode) -> list[str] | None:
    for definition in ast.definitions:
        if isinstance(definition, OperationDefinitionNode):
            name = f" {definition.name.value}" if definition.name else ""
            start = f"{definition.operation.value}{name}"
        elif isinstance(definition, FragmentDefinitionNode):
            start = f"fragment {definition.name.value}"
        else:
            continue
        if found := _path_within(definition.selection_set, wanted, [start]):
            return found
    return None


def _path_within(selections: SelectionSetNode | None, wanted: AstNode, path: list[str]) -> list[str] | None:
    for node in selections.selections if selections else ():
        here = path
        if isinstance(node, FieldNode):
            here = [*path, node.name.value]
        elif isinstance(node, InlineFragmentNode) and node.type_condition:
            here = [*path, f"... on {node.type_condition.name.value}"]
        inner = None if isinstance(node, FragmentSpreadNode) else getattr(node, "selection_set", None)
        if node is wanted or wanted in (getattr(node, "arguments", None) or ()):
            return here
        if found := _path_within(inner, wanted, here):
            return found
    return None
