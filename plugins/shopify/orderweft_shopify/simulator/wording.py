"""Validation errors in the words of graphql-ruby, which Shopify runs."""

from __future__ import annotations

import re

_TRANSLATIONS = (
    (
        "KnownArgumentNames",
        r"Unknown argument '(\w+)' on field '\w+\.(\w+)'",
        "Field '{1}' doesn't accept argument '{0}'",
        "argumentNotAccepted",
    ),
    (
        "KnownArgumentNames",
        r"Unknown argument '(\w+)' on directive '@(\w+)'",
        "Directive '{1}' doesn't accept argument '{0}'",
        "argumentNotAccepted",
    ),
    (
        "KnownDirectives",
        r"Unknown directive '@(\w+)'",
        "Directive @{0} is not defined",
        "undefinedDirective",
    ),
    (
        "KnownTypeNames",
        r"Unknown type '(\w+)'",
        "No such type {0}, so it can't be a fragment condition or variable type",
        "undefinedType",
    ),
    (
        "ProvidedRequiredArguments",
        r"Argument '\w+\.(\w+)\((\w+):\)'",
        "Field '{0}' is missing required arguments: {1}",
        "missingRequiredArguments",
    ),
    (
        "ProvidedRequiredArguments",
        r"Argument '@(\w+)\((\w+):\)'",
        "Directive '{0}' is missing required arguments: {1}",
        "missingRequiredArguments",
    ),
    (
        "ScalarLeafs",
        r"Field '(\w+)' of type '(.+?)' must have a selection",
        "Field must have selections (field '{0}' returns {1} but has no selections. Did you mean '{0} {{ ... }}'?)",
        "selectionMismatch",
    ),
    (
        "ScalarLeafs",
        r"Field '(\w+)' must not have a selection since type '(.+?)' has no subfields",
        "Selections can't be made on scalars (field '{0}' returns {1} but has selections)",
        "selectionMismatch",
    ),
    (
        "NoUndefinedVariables",
        r"Variable '\$(\w+)' is not defined(?: by operation '(\w+)')?",
        "Variable ${0} is used by {1} but not declared",
        "variableNotDefined",
    ),
    (
        "NoUnusedVariables",
        r"Variable '\$(\w+)' is never used(?: in operation '(\w+)')?",
        "Variable ${0} is declared by {1} but not used",
        "variableNotUsed",
    ),
    (
        "VariablesInAllowedPosition",
        r"Variable '\$(\w+)' of type '(.+?)' used in position expecting type '(.+?)'",
        "Type mismatch on variable ${0} ({1} / {2})",
        "variableMismatch",
    ),
    (
        "ValuesOfCorrectType",
        r"Expected value of type '(\w+)' to include required field '(\w+)'",
        "Argument '{1}' on InputObject '{0}' is required",
        "missingRequiredInputObjectAttribute",
    ),
    (
        "ValuesOfCorrectType",
        r"Expected value of type '(\w+)' not to include unknown field '(\w+)'",
        "InputObject '{0}' doesn't accept argument '{1}'",
        "argumentNotAccepted",
    ),
    (
        "ValuesOfCorrectType",
        r".*OneOf Input Object type '(\w+)'",
        "'{0}' requires exactly one argument",
        "invalidOneOfInputObject",
    ),
    (
        "ValuesOfCorrectType",
        r"(.*)",
        "{0}",
        "argumentLiteralsIncompatible",
    ),
)
"""Rule and message of graphql-core, message and code of graphql-ruby."""


def in_ruby(rule: str, message: str) -> tuple[str, str]:
    """Return message and code for what *rule* of graphql-core found."""
    for of_rule, pattern, wording, code in _TRANSLATIONS:
        if rule == of_rule and (match := re.match(pattern, message, re.DOTALL)):
            return wording.format(*(group or "anonymous query" for group in match.groups())), code
    return message, rule[0].lower() + rule[1:]
