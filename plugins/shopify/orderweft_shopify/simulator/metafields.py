"""Metafields, their definitions, and the unique values that serve as custom ids."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from .call import Args, Call
from .store import Store
from .values import Refusal, UserError, number_of

APP_NUMBER = 1500000
MAX_DEFINITIONS = 256
MAX_SET = 25


@dataclass(eq=False)
class HasMetafields:
    """What owns metafields."""

    owner_type: ClassVar[str]

    id: str
    held: dict[tuple[str, str], Metafield] = field(default_factory=dict, kw_only=True)

    @property
    def legacy_resource_id(self) -> int:
        """Return the number in the id."""
        return number_of(self.id)

    def metafield(self, _call: Call, args: Args) -> Metafield | None:
        """Return one metafield."""
        return self.held.get((full_namespace(args.get("namespace")), args["key"]))

    def metafields(self, _call: Call, args: Args) -> list[Metafield]:
        """Return all metafields, or those asked for."""
        wanted, keys = args.get("namespace"), args.get("keys")
        return [
            each
            for each in self.held.values()
            if (wanted is None or each.namespace == full_namespace(wanted))
            and (keys is None or f"{each.namespace}.{each.key}" in keys or (wanted and each.key in keys))
        ]


@dataclass(eq=False)
class Metafield:
    """A value attached to an object."""

    id: str
    owner: HasMetafields
    namespace: str
    key: str
    type: str
    value: str
    created_at: datetime
    updated_at: datetime
    definition: MetafieldDefinition | None
    description: None = None

    @property
    def legacy_resource_id(self) -> int:
        """Return the number in the id."""
        return number_of(self.id)

    @property
    def owner_type(self) -> str:
        """Return the kind of its owner."""
        return self.owner.owner_type

    @property
    def compare_digest(self) -> str:
        """Return what a later write may compare with."""
        return hashlib.sha256(self.value.encode()).hexdigest()

    @property
    def size_in_bytes(self) -> int:
        """Return the size of the value."""
        return len(self.value.encode())

    @property
    def json_value(self) -> Any:
        """Return the value decoded, where its type is one that JSON knows."""
        if self.type in ("json", "boolean", "number_integer") or self.type.startswith("list."):
            return json.loads(self.value)
        return self.value


@dataclass(frozen=True)
class MetafieldDefinitionType:
    """The type of a definition."""

    name: str
    category: str = "TEXT"


@dataclass(frozen=True)
class MetafieldCapability:
    """One capability, on or off."""

    enabled: bool
    eligible: bool = True


@dataclass(frozen=True)
class MetafieldCapabilities:
    """The capabilities of a definition."""

    unique_values: MetafieldCapability
    admin_filterable: MetafieldCapability


@dataclass(eq=False)
class MetafieldDefinition:
    """What metafields of one owner type, namespace and key must be like."""

    id: str
    owner_type: str
    namespace: str
    key: str
    name: str
    description: str | None
    type: MetafieldDefinitionType
    capabilities: MetafieldCapabilities
    pinned_position: int | None = None
    use_as_collection_condition: bool = False
    validation_status: str = "ALL_VALID"

    @property
    def unique(self) -> bool:
        """Return whether a value may be used once only."""
        return self.capabilities.unique_values.enabled


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a metafield cannot be written."""

    code: str
    message: str
    field: str = "value"


class Metafields:
    """All definitions and unique values of the shop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._owners: defaultdict[tuple[str, str, str, str], list[HasMetafields]] = defaultdict(list)

    def definition(self, owner_type: str, namespace: str, key: str) -> MetafieldDefinition | None:
        """Return the definition for an owner type, namespace and key."""
        for each in self._store.all(MetafieldDefinition):
            if (each.owner_type, each.namespace, each.key) == (owner_type, namespace, key):
                return each
        return None

    def owners(self, owner_type: str, custom_id: Mapping[str, Any]) -> list[HasMetafields]:
        """Return who holds a custom id, oldest first; without a definition that is a top-level error."""
        namespace = full_namespace(custom_id.get("namespace"))
        definition = self.definition(owner_type, namespace, custom_id["key"])
        if definition is None or definition.type.name != "id":
            raise Refusal("Metafield definition of type 'id' is required when using custom ids.", "NOT_FOUND")
        return list(self._owners[owner_type, namespace, custom_id["key"], custom_id["value"]])

    def owner(self, owner_type: str, custom_id: Mapping[str, Any]) -> Any:
        """Return the one who holds a custom id, or None."""
        return next(iter(self.owners(owner_type, custom_id)), None)

    def problem(self, owner_type: str, owner: HasMetafields | None, given: Mapping[str, Any]) -> Problem | None:
        """Return why *given* cannot be written to *owner*, who may be yet to come."""
        namespace, key, value = full_namespace(given.get("namespace")), given.get("key") or "", given.get("value") or ""
        definition = self.definition(owner_type, namespace, key)
        type_ = given.get("type") or (definition.type.name if definition else "")
        if problem := _name_problem(namespace, key):
            return problem
        if type_ not in _TYPES and not (type_.startswith("list.") and type_[5:] in _TYPES):
            return Problem("INVALID_TYPE", "Type can't be blank" if not type_ else "Type is not a valid type", "type")
        if definition and definition.type.name != type_:
            return Problem(
                "INVALID_TYPE", f"Type must be consistent with the definition's type: '{definition.type.name}'", "type"
            )
        if not value.strip():
            return Problem("BLANK", "Value can't be blank")
        if not _TYPES.get(type_, _is_json)(value):
            return Problem("INVALID_VALUE", f"Value is invalid for type {type_}")
        holders = self._owners.get((owner_type, namespace, key, value), ())
        if definition and definition.unique and any(holder is not owner for holder in holders):
            return Problem("TAKEN", "Value has already been taken")
        return None

    def write(self, owner: HasMetafields, given: Mapping[str, Any]) -> Metafield:
        """Store a metafield that has no problem."""
        namespace, key, now = full_namespace(given.get("namespace")), given["key"], self._store.now()
        definition = self.definition(owner.owner_type, namespace, key)
        type_ = given.get("type") or (definition.type.name if definition else "")
        old = owner.held.get((namespace, key))
        if old:
            self._owners[owner.owner_type, namespace, key, old.value].remove(owner)
        self._owners[owner.owner_type, namespace, key, given["value"]].append(owner)
        gid = old.id if old else self._store.gid("Metafield")
        created = old.created_at if old else now
        new = Metafield(gid, owner, namespace, key, type_, given["value"], created, now, definition)
        owner.held[namespace, key] = new
        return self._store.add(new)

    def delete(self, owner: HasMetafields, name: tuple[str, str]) -> None:
        """Delete a metafield by namespace and key."""
        old = owner.held.pop(name)
        self._owners[owner.owner_type, old.namespace, old.key, old.value].remove(owner)
        self._store.remove(old)

    def define(self, given: Mapping[str, Any]) -> MetafieldDefinition | UserError:
        """Create a definition, or say why not."""
        namespace, key, type_ = full_namespace(given.get("namespace")), given["key"], given["type"]
        capabilities = given.get("capabilities") or {}
        unique = (capabilities.get("uniqueValues") or {}).get("enabled")
        owner = given["ownerType"]
        if problem := _name_problem(namespace, key):
            return UserError(problem.message, ("definition", problem.field), problem.code)
        if type_ not in _TYPES and not (type_.startswith("list.") and type_[5:] in _TYPES):
            return UserError(f"Type name {type_} is not a valid type", ("definition", "type"), "INCLUSION")
        if type_ == "id" and unique is False:
            message = "The unique values capability is required for type id"
            return UserError(message, ("definition", "capabilities"), "CAPABILITY_REQUIRED_BUT_DISABLED")
        if self.definition(owner, namespace, key):
            message = f"Key is in use for {owner.capitalize()} metafields on the '{namespace}' namespace."
            return UserError(message, ("definition", "key"), "TAKEN")
        if sum(each.owner_type == owner for each in self._store.all(MetafieldDefinition)) >= MAX_DEFINITIONS:
            message = f"Stores can only have {MAX_DEFINITIONS} definitions for each resource."
            return UserError(message, ("definition",), "RESOURCE_TYPE_LIMIT_EXCEEDED")
        filterable = bool((capabilities.get("adminFilterable") or {}).get("enabled"))
        return self._store.add(
            MetafieldDefinition(
                self._store.gid("MetafieldDefinition"), owner, namespace, key, given["name"], given.get("description"),
                MetafieldDefinitionType(type_),
                MetafieldCapabilities(
                    MetafieldCapability(type_ == "id" or bool(unique)), MetafieldCapability(filterable)
                ),
            )
        )  # fmt: skip


def full_namespace(given: str | None) -> str:
    """Return the namespace as stored: none, or one that begins with `$app`, is the app's own."""
    if given is None or given == "$app":
        return f"app--{APP_NUMBER}"
    return f"app--{APP_NUMBER}--{given.removeprefix('$app:')}" if given.startswith("$app:") else given


def _name_problem(namespace: str, key: str) -> Problem | None:
    for name, text, shortest, longest in (("namespace", namespace, 3, 255), ("key", key, 2, 64)):
        if len(text) < shortest:
            return Problem("TOO_SHORT", f"{name.capitalize()} is too short (minimum is {shortest} characters)", name)
        if len(text) > longest:
            return Problem("TOO_LONG", f"{name.capitalize()} is too long (maximum is {longest} characters)", name)
        if not re.fullmatch(r"[\w-]+", text, re.ASCII):
            message = f"{name.capitalize()} contains one or more invalid characters."
            return Problem("INVALID", message, name)
    return None


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def _is_decimal(value: str) -> bool:
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _is_instant(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value, re.DOTALL) is not None


_TYPES: dict[str, Callable[[str], bool]] = {
    "boolean": _matches("true|false"),
    "date": _is_instant,
    "date_time": _is_instant,
    "id": _matches(r"[^\n]{1,255}"),
    "json": _is_json,
    "multi_line_text_field": _matches(".*"),
    "number_decimal": _is_decimal,
    "number_integer": _matches(r"-?\d{1,16}"),
    "single_line_text_field": _matches(r"[^\n]*"),
    "url": _matches(r"[a-z]+:.+"),
}
"""The types in use here, with what makes a value valid; Shopify has more."""
