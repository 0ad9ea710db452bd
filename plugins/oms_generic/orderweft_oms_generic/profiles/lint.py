"""Mistakes in a profile that show without running it: names, expressions, secrets, and what belongs together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from orderweft import Customer, Order, Product, Shipment, StockLevel, TemplateError
from pydantic import BaseModel

from .calls import LEAVES_OF_AUTH, NEEDED_BY_AUTH
from .expressions import compiled, leaf, meant
from .formats import in_row, lint_formats
from .functions import check_format, fit_key
from .model import Call, Delivering, Profile, Reading, Rows, Rule
from .places import Path, readings_of, writings_of
from .shapes import HEADERS, LEAF, SECRET, Shape, examine, shape_of
from .tree import TYPES

RECORDS: Mapping[str, type[BaseModel]] = {
    "fetch_orders": Order,
    "inventory.read": StockLevel,
    "catalog": Product,
    "customers": Customer,
    "shipments": Shipment,
}
"""What the rows of each reading become."""
_FILLED_IN = ("channel", "connection")
_SECRET_FIELDS = ("password", "token", "client_secret", "key", "consumer_secret", "token_secret")
_SECRET_HEADER = re.compile(r"auth|key|token|secret|pass|cookie", re.IGNORECASE)
_QUERY = re.compile(r"\s*select\b", re.IGNORECASE)
_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)
_JSON_WORDS = ("true", "false", "null")


class Lint:
    """The mistakes found so far, with the tools to find them."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.mistakes: list[tuple[Path, str]] = []
        self.settings: Shape = {
            name: SECRET if spec.kind == "secret" else LEAF for name, spec in profile.settings.items()
        }
        self.answer: dict[str, Shape] = {"body": None, "headers": HEADERS, "status": LEAF}

    def wrong(self, path: Path, what: str) -> None:
        """Note a mistake."""
        if (path, what) not in self.mistakes:
            self.mistakes.append((path, what))

    def expression(self, source: str | None, path: Path, names: Mapping[str, Shape]) -> Shape:
        """Check an expression and return the shape of what it gives."""
        if source is None:
            return None
        try:
            shape, wrong = examine(compiled(source.removeprefix("=").strip()), names, self.profile.maps)
        except TemplateError as error:
            self.wrong(path, str(error))
            return None
        for what in wrong:
            self.wrong(path, what)
        return shape

    def leaf(self, source: str | None, path: Path, names: Mapping[str, Shape]) -> Shape:
        """Check a leaf and return the shape of what it gives."""
        if source is None:
            return None
        try:
            compiled_leaf = leaf(source)
        except TemplateError as error:
            self.wrong(path, str(error))
            return None
        shapes = [self.expression(one.source, path, names) for one in compiled_leaf.expressions]
        if _QUERY.match(source) and any(not one.source.startswith("sqltext(") for one in compiled_leaf.expressions):
            self.wrong(path, "put what stands in a query into sqltext(), as in ${sqltext(item.sku)}")
        return shapes[0] if compiled_leaf.is_expression else LEAF

    def tree(self, tree: Any, path: Path, names: Mapping[str, Shape], target: Shape = None, json: bool = False) -> None:
        """Check a tree; *target* is the shape of the record it makes."""
        if isinstance(tree, dict) and "$v" in tree:
            self.typed(tree, path, names)
        elif isinstance(tree, dict) and "$each" in tree:
            self.each(tree, path, names, target, json)
        elif isinstance(tree, dict):
            for key, below in tree.items():
                name = key.removesuffix("!")
                if name.startswith("$"):
                    self.wrong((*path, key), "is not known here; there are $v and $each")
                elif isinstance(target, dict) and name not in target:
                    self.wrong((*path, key), f"is no field of the record{meant(name, target)}")
                elif f"{name}!" != key and f"{name}!" in tree:
                    self.wrong((*path, key), "is given twice, with ! and without")
                inner = target.get(name) if isinstance(target, dict) else None
                self.tree(below, (*path, key), names, inner, json)
        elif isinstance(tree, list):
            for index, below in enumerate(tree):
                inner = target[0] if isinstance(target, list) else None
                self.tree(below, (*path, index), names, inner, json)
        elif isinstance(tree, str):
            if json and tree in _JSON_WORDS:
                self.wrong(path, f"is the text {tree!r}; write =`{tree}` for JSON's own {tree}")
            self.leaf(tree, path, names)

    def each(self, tree: dict[str, Any], path: Path, names: Mapping[str, Shape], target: Shape, json: bool) -> None:
        """Check a list that is made from another."""
        missing = {"$each", "$as", "$do"} - tree.keys()
        if missing or len(tree) != 3 or not isinstance(tree.get("$each"), str) or not isinstance(tree.get("$as"), str):
            self.wrong(path, "a list needs $each (an expression), $as (a name) and $do (a tree), and nothing else")
            return
        shape = self.expression(tree["$each"], (*path, "$each"), names)
        if shape == LEAF or isinstance(shape, dict):
            self.wrong((*path, "$each"), f"`{tree['$each']}` gives no list")
        name = tree["$as"]
        if name in names:
            self.wrong((*path, "$as"), f"the name {name} is taken")
        inner = {**names, name: shape[0] if isinstance(shape, list) else None, f"{name}_no": LEAF}
        self.tree(tree["$do"], (*path, "$do"), inner, target[0] if isinstance(target, list) else None, json)

    def typed(self, tree: dict[str, Any], path: Path, names: Mapping[str, Shape]) -> None:
        """Check a typed value."""
        for key in tree.keys() - {"$v", "$type", "$scale", "$format"}:
            self.wrong((*path, key), "is not known here; there are $v, $type, $scale and $format")
        if deep := [key for key in ("$type", "$scale", "$format") if not isinstance(tree.get(key, ""), str)]:
            self.wrong((*path, deep[0]), "must be text")
            return
        kind = tree.get("$type", "")
        if kind not in TYPES:
            self.wrong((*path, "$type"), f"is not a type{meant(str(kind), TYPES)}")
        if "$scale" in tree and (
            kind not in ("decimal", "number") or not re.fullmatch(r"[0-9]|1[0-2]", tree["$scale"])
        ):
            self.wrong((*path, "$scale"), "must be a number from 0 to 12, on a decimal or number")
        if "$format" in tree:
            try:
                check_format(tree["$format"])
            except ValueError as error:
                self.wrong((*path, "$format"), str(error))
        if isinstance(tree["$v"], str):
            self.leaf(tree["$v"], (*path, "$v"), names)
        else:
            self.wrong((*path, "$v"), "must be a leaf")

    def rules(self, rules: Iterable[Rule], path: Path) -> None:
        """Check rules."""
        for index, rule in enumerate(rules):
            here = (*path, index)
            self.expression(rule.when, (*here, "when"), self.answer)
            for name in ("message", "wait", "receipt"):
                self.leaf(getattr(rule, name), (*here, name), self.answer)

    def call(self, call: Call, path: Path, names: Mapping[str, Shape]) -> None:
        """Check a call."""
        self.leaf(call.path, (*path, "path"), names)
        try:
            bare = [one for one in leaf(call.path).expressions if not one.source.startswith("urlpath(")]
        except TemplateError:
            bare = []
        if bare or not call.path.startswith("/"):
            self.wrong((*path, "path"), "must begin with / and have what it is filled with in urlpath()")
        self.tree(call.query, (*path, "query"), names)
        for name, source in call.headers.items():
            self.leaf(source, (*path, "headers", name), names)
        self.tree(call.json_, (*path, "json"), names, json=True)
        for name, source in (call.form or {}).items():
            self.leaf(source, (*path, "form", name), names)
        if call.json_ is not None and call.form is not None:
            self.wrong((*path, "form"), "cannot stand beside `json`")
        if call.method == "GET" and (call.json_ is not None or call.form is not None):
            self.wrong((*path, "method"), "GET takes no body")
        if call.auth is not None or (self.profile.sign_in is None and len(self.profile.auth) > 1):
            self.named(call.auth or "main", self.profile.auth, (*path, "auth"))
        for name in call.budgets or ():
            self.named(name, self.profile.budgets, (*path, "budgets"))
        self.rules(call.rules, (*path, "rules"))
        self.expression(call.ok, (*path, "ok"), self.answer)

    def named(self, name: str | None, known: Mapping[str, Any], path: Path) -> None:
        """Check that *name* stands for something."""
        if name is not None and name not in known:
            self.wrong(path, f"there is no {name!r}{meant(name, known)}")


def lint(profile: Profile) -> list[tuple[Path, str]]:
    """Return what is wrong with *profile*, each mistake with the path of what it is about."""
    found = Lint(profile)
    settings = {"settings": found.settings}
    _top(found, settings)
    _auth(found)
    if profile.check is not None:
        found.call(profile.check.call, ("check", "call"), settings)
        named = {**settings, **found.answer}
        found.leaf(profile.check.id, ("check", "id"), named)
        found.leaf(profile.check.name, ("check", "name"), named)
        for index, source in enumerate(profile.check.details):
            found.leaf(source, ("check", "details", index), named)
    if profile.orders is not None:
        _orders(found, profile.orders, settings)
    for name, (path, reading) in readings_of(profile).items():
        _reading(found, name, path, reading, settings)
    for path, writing in writings_of(profile).values():
        names: dict[str, Shape] = {**settings, "records": None, "record": None, "mode": LEAF}
        if (writing.find is None) != (writing.found is None) or (writing.find is not None and writing.batch > 1):
            found.wrong(path, "`find` and `found` belong together, and to `batch: 1`")
        if writing.find is not None:
            found.call(writing.find, (*path, "find"), names)
            found.expression(writing.found, (*path, "found"), {**names, **found.answer})
            names["found"] = None
        found.call(writing.call, (*path, "call"), names)
        found.expression(writing.row_errors, (*path, "row_errors"), {**names, **found.answer})
        found.leaf(writing.id, (*path, "id"), {**names, **found.answer})
    lint_formats(profile, found)
    return found.mistakes


def _top(found: Lint, settings: Mapping[str, Shape]) -> None:
    profile = found.profile
    found.leaf(profile.base, ("base",), settings)
    found.leaf(profile.sign_in, ("sign_in",), settings)
    if profile.transport == "rest" and (not profile.base or not profile.hosts):
        found.wrong(("base",), "a REST profile needs `base` and `hosts`")
    for name, spec in profile.settings.items():
        found.named(spec.default_from, profile.settings, ("settings", name, "default_from"))
        other = profile.settings.get(spec.default_from or "")
        if other is not None and other.kind != spec.kind:
            found.wrong(("settings", name, "default_from"), "must name a setting that is as secret as this one")
        if spec.kind == "secret" and spec.default is not None:
            found.wrong(("settings", name, "default"), "a secret has no default; it never stands in a profile")
        if spec.default is not None and spec.choices and spec.default not in spec.choices:
            found.wrong(("settings", name, "default"), "is none of its `choices`")
    found.rules(profile.rules, ("rules",))
    paged = {**found.answer, "rows": [None], "paging": None, "links": None}
    for name, paging in profile.paging.items():
        for field in ("next", "total", "more"):
            found.expression(getattr(paging, field), ("paging", name, field), paged)
        if paging.kind in ("cursor", "next_link", "id_after") and paging.next is None:
            found.wrong(("paging", name), f"{paging.kind} needs `next`")
        if paging.kind == "header_json" and (paging.header is None or paging.more is None):
            found.wrong(("paging", name), "header_json needs `header` and `more`")


def _auth(found: Lint) -> None:
    profile = found.profile
    names = {"settings": dict.fromkeys(profile.settings, LEAF)}
    secrets = {f"=settings.{name}" for name, spec in profile.settings.items() if spec.kind == "secret"}
    for name, auth in profile.auth.items():
        path: Path = ("auth", name)
        for field in NEEDED_BY_AUTH.get(auth.kind, ()):
            if not getattr(auth, field):
                found.wrong(path, f"{auth.kind} needs `{field}`")
        for field in LEAVES_OF_AUTH:
            value = getattr(auth, field)
            pairs = value.items() if isinstance(value, dict) else [(None, value)]
            for key, source in pairs:
                here = (*path, field) if key is None else (*path, field, key)
                found.leaf(source, here, names)
                is_secret = field in _SECRET_FIELDS or (field == "headers" and _SECRET_HEADER.search(str(key)))
                if source is not None and is_secret and source.replace(" ", "") not in secrets:
                    found.wrong(here, "must be =settings.NAME of a secret setting; a secret never stands in a profile")


def _orders(found: Lint, orders: Delivering, settings: Mapping[str, Shape]) -> None:
    path: Path = ("orders",)
    keyed = {**settings, "key": LEAF}
    common = {**keyed, "order": shape_of(Order)}
    found.leaf(orders.key.from_, (*path, "key", "from"), keyed)
    found.leaf(orders.key.longest, (*path, "key", "longest"), keyed)
    try:
        fit_key("", orders.key.allowed, "64")
    except ValueError as error:
        found.wrong((*path, "key", "allowed"), str(error))
    if orders.find is None and orders.write != "file_name":
        found.wrong((*path, "find"), f"{orders.write} needs `find`, or an order whose answer was lost is never found")
    if bool(orders.steps) == (orders.file is not None):
        found.wrong(path, "needs either `steps` or `file`")
    if (orders.write == "file_name") != (orders.file is not None):
        found.wrong((*path, "write"), "file_name and `file` belong together")
    if orders.find is not None:
        here = (*path, "find")
        found.call(orders.find.call, (*here, "call"), keyed)
        answer = {**keyed, **found.answer}
        found.expression(orders.find.found, (*here, "found"), answer)
        for name in ("id", "number"):
            found.leaf(getattr(orders.find, name), (*here, name), {**answer, "found": None})
        found.expression(orders.find.cancelled, (*here, "cancelled"), {**answer, "found": None})
    _changes(found, orders, common)
    _lookups(found, orders, common)
    _steps(found, orders, common)


def _changes(found: Lint, orders: Delivering, common: Mapping[str, Shape]) -> None:
    there = {name: shape for name, shape in common.items() if name != "order"} | {"found": None}
    for name, change in (("update", orders.update), ("cancel", orders.cancel)):
        if change is None:
            continue
        here: Path = ("orders", name)
        if orders.find is None:
            found.wrong(here, "needs `find`, by which an order is read back")
        for setting in change.settings:
            found.named(setting, found.profile.settings, (*here, "settings"))
        found.expression(change.open, (*here, "open"), there)
        found.call(change.call, (*here, "call"), {**common, **there, "wanted": None} if name == "update" else there)
    if (edit := orders.update) is not None:
        found.tree(edit.has, ("orders", "update", "has"), there)
        found.tree(edit.wants, ("orders", "update", "wants"), common)
        for field in set(edit.covers) - set(Order.model_fields):
            found.wrong(("orders", "update", "covers"), f"an order has no field {field!r}")


def _lookups(found: Lint, orders: Delivering, common: Mapping[str, Shape]) -> None:
    earlier: dict[str, Shape] = {}
    common = {**common, "lookups": earlier}
    for name, lookup in orders.lookups.items():
        here: Path = ("orders", "lookups", name)
        shape = found.expression(lookup.each, (*here, "each"), common)
        names = {**common, "item": shape[0] if isinstance(shape, list) else None} if lookup.each else common
        if (lookup.each is None) != (lookup.by is None):
            found.wrong(here, "`each` and `by` belong together")
        if (lookup.create is None) != (lookup.created is None):
            found.wrong(here, "`create` and `created` belong together")
        found.leaf(lookup.by, (*here, "by"), names)
        found.leaf(lookup.label, (*here, "label"), names)
        found.call(lookup.call, (*here, "call"), names)
        found.expression(lookup.found, (*here, "found"), {**names, **found.answer})
        if lookup.create is not None:
            found.call(lookup.create, (*here, "create"), names)
            found.expression(lookup.created, (*here, "created"), {**names, **found.answer})
        earlier[name] = None


def _steps(found: Lint, orders: Delivering, common: Mapping[str, Shape]) -> None:
    saved: dict[str, Shape] = {}
    names = {**common, "lookups": dict.fromkeys(orders.lookups), "saved": saved}
    used: set[str] = set()
    for index, step in enumerate(orders.steps):
        here: Path = ("orders", "steps", index)
        if step.name in used:
            found.wrong((*here, "name"), "is the name of another step")
        used.add(step.name)
        found.expression(step.when, (*here, "when"), names)
        found.call(step.call, (*here, "call"), names)
        for name, source in step.save.items():
            found.leaf(source, (*here, "save", name), {**names, **found.answer})
        saved.update(dict.fromkeys(step.save, LEAF))
    for field in ("id", "number"):
        found.leaf(getattr(orders, field), ("orders", field), {**names, **found.answer})


def _reading(found: Lint, name: str, path: Path, reading: Reading, settings: Mapping[str, Shape]) -> None:
    since = {"since": LEAF, "number": LEAF} if name == "fetch_orders" else {}
    names = {**settings, "now": LEAF, **since}
    if reading.window is not None:
        found.leaf(reading.window.from_, (*path, "window", "from"), names)
        names = {**names, "since": LEAF, "until": LEAF}
    if reading.call is not None:
        found.call(reading.call, (*path, "call"), names)
        found.named(reading.page, found.profile.paging, (*path, "page"))
        paging = found.profile.paging.get(reading.page or "")
        if paging is not None and paging.kind in ("page", "offset") and not _is_ordered(reading.call.json_):
            found.wrong((*path, "call", "json"), "a query read in pages needs ORDER BY, or rows repeat and go missing")
    _rows(found, reading.rows, (*path, "rows"), names, RECORDS[name])


def _is_ordered(tree: Any) -> bool:
    if isinstance(tree, dict | list):
        return all(_is_ordered(below) for below in (tree.values() if isinstance(tree, dict) else tree))
    return not isinstance(tree, str) or not _QUERY.match(tree) or bool(_ORDERED.search(tree))


def _rows(found: Lint, rows: Rows, path: Path, names: Mapping[str, Shape], record: type[BaseModel]) -> None:
    found.expression(rows.from_, (*path, "from"), {**names, **found.answer})
    found.expression(rows.children, (*path, "children"), {**names, "row": None})
    for name in ("group", "skip"):
        found.expression(getattr(rows, name), (*path, name), {**names, "row": None, "child": None})
    if not isinstance(rows.record, dict):
        found.wrong((*path, "record"), "must be a map of fields")
        return
    found.tree(rows.record, (*path, "record"), in_row(names), shape_of(record))
    given = {key.removesuffix("!") for key in rows.record}
    missing = [name for name, field in record.model_fields.items() if field.is_required() and name not in given]
    origin = rows.record.get("origin") or rows.record.get("origin!") or {}
    if isinstance(origin, dict) and {"id", "id!"}.isdisjoint(origin) and "origin" in given:
        missing.append("origin.id")
    if missing:
        found.wrong((*path, "record"), f"lacks {', '.join(missing)}, which every {record.__name__} needs")
    for name in _FILLED_IN:
        if name in origin:
            found.wrong((*path, "record", "origin"), f"{name} is filled in")
