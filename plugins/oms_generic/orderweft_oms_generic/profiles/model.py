"""What a profile may say: the data that teaches this plugin one system."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from orderweft import Reason
from pydantic import BeforeValidator, Field, model_validator

from .parts import Auth, Budget, Expression, Host, JsonMap, JsonText, Leaf, Name, Part, SettingSpec, Tree

Class = Literal[
    "ok", "absent", "already_there", "throttled", "not_applied", "unknown", "credentials", "refused", "settings"
]
"""What an answer means. `not_applied` may be repeated, `unknown` has to be looked up first, `refused` holds the record,
`credentials` and `settings` stop the run."""
Write = Literal["upsert_path", "server_rejects", "header", "find_first", "file_name"]
"""What keeps an order from being created twice, besides the ledger: a path that carries its key, a server that refuses
a repeated key, an idempotency header, a look before each creation, or the name of a file."""


def _alike(formats: Any) -> Any:
    """Return the formats as they stand in a profile, those that are like another filled in from it."""
    if not isinstance(formats, dict):
        return formats
    filled = {}
    for name, form in formats.items():
        other = form.get("like") if isinstance(form, dict) else None
        model = formats.get(other) if isinstance(other, str) else None
        if other is not None and (not isinstance(model, dict) or "like" in model):
            raise ValueError(f"{name} must be like a format that says all by itself, and {other!r} is none")
        filled[name] = form if model is None else {**model, **form}
    return filled


class Rule(Part):
    """What a kind of answer means; the first rule that fits counts."""

    status: tuple[int, ...] = ()
    when: Expression | None = None
    """Over `status`, `headers` (names in small letters) and `body`, like the leaves below."""
    is_: Annotated[Class, Field(alias="is")]
    reason: Reason = "refused"
    message: Leaf | None = None
    fix: str | None = None
    wait: Leaf | None = None
    """Seconds to wait, for `throttled`."""
    receipt: Leaf | None = None
    """Id of what is there, for `already_there`; without one it is looked up."""

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if not self.status and self.when is None:
            raise ValueError("needs `status` or `when`")
        return self


class Paging(Part):
    """How a list goes on."""

    kind: Literal["none", "page", "offset", "cursor", "next_link", "header_json", "id_after"] = "none"
    place: Literal["query", "json"] = "query"
    param: str = "page"
    first: int | None = None
    """Number of the first page, 1 when left out; 0 for `offset`."""
    size_param: str | None = None
    size: Annotated[int, Field(ge=1, le=10_000)] = 100
    next: Expression | None = None
    """Where the cursor, link or last id is found, over `body`, `headers`, `rows` and the `links` of the Link header."""
    header: str | None = None
    """Header that holds JSON, for `header_json`; it is `paging` in `more` and `total`."""
    total: Expression | None = None
    """How many rows there are in all; a list that ends before is incomplete."""
    more: Expression | None = None
    """True while there is more."""
    stop_on_short_page: bool = True
    most_rows: Annotated[int, Field(ge=1, le=10_000_000)] = 2_000_000
    most_pages: Annotated[int, Field(ge=1, le=100_000)] = 10_000


class Call(Part):
    """One request."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Leaf
    """Below the profile's base; `${urlpath(x)}` escapes."""
    query: Tree = None
    headers: dict[str, Leaf] = Field(default_factory=dict)
    json_: Annotated[Tree, Field(alias="json")] = None
    form: dict[str, Leaf] | None = None
    auth: Name | None = None
    """When left out, what `sign_in` of the profile gives; without it the only one, else `main`."""
    budgets: tuple[Name, ...] | None = None
    """`main`, where there is one, when left out."""
    rules: tuple[Rule, ...] = ()
    """Come before the profile's own."""
    ok: Expression | None = None
    """What an answer without a rule has to fulfil to count as done; any status below 300 when left out."""


class Rows(Part):
    """How an answer or a file becomes records."""

    from_: Annotated[Expression, Field(alias="from")] = "body"
    children: Expression | None = None
    """A list inside each row; then `row` and `child` can be named."""
    group: Expression | None = None
    """Over `row` and `child`: those with the same value are one record, seen as `rows` (each `{row, child}`)."""
    skip: Expression | None = None
    """Over `row`, `child` and `settings`: true of what is left out, such as items no longer sold."""
    record: Tree
    """The record's fields, over `row`, `child`, `rows` and `settings`; the channel and connection of its origin are
    filled in. Numbers in it become text."""


class Window(Part):
    """How a list is asked for a stretch of time after the other; a call sees each as `since` and `until`."""

    from_: Annotated[Leaf, Field(alias="from")]
    """The instant the first begins at, over `settings`, `now` and, for orders, `since`."""
    days: Annotated[int, Field(ge=1, le=366)]


class Reading(Part):
    """Where records of one kind are read."""

    call: Call | None = None
    """Over `settings`, `now` and, for orders, `since` and `number`."""
    window: Window | None = None
    page: Name | None = None
    file: FileReading | None = None
    rows: Rows
    complete: bool = True
    """Whether the whole list is everything there is."""

    @model_validator(mode="after")
    def _reads_somewhere(self) -> Self:
        if (self.call is None) == (self.file is None):
            raise ValueError("needs either `call` or `file`")
        return self


class Lookup(Part):
    """Other things that have to be known before a record can be written, such as the system's id of the customer."""

    call: Call
    each: Expression | None = None
    """A list, each entry of which is looked up as `item`; otherwise the record itself."""
    by: Leaf | None = None
    """What an `item` is looked up by, once for all that are the same: `pick(lookups.NAME, line.sku)` finds the value.
    Without `each`, `lookups.NAME` is the value."""
    found: Expression
    """The value, over `body`; null means not there."""
    reason: Reason = "unknown_item"
    label: Leaf = ""
    """What people call the thing that is not there."""
    create: Call | None = None
    """What makes it where it is not there; `created` gives its id over `body` and `headers`."""
    created: Expression | None = None


class Step(Part):
    """One call of a write that needs several; each is remembered, so that a crash goes on at the next."""

    name: Name
    call: Call
    when: Expression | None = None
    save: dict[Name, Leaf] = Field(default_factory=dict)
    """What later steps and the receipt see as `saved.NAME`, over the answer."""


class Key(Part):
    """How the key of a delivery is written in this system."""

    from_: Annotated[Leaf, Field(alias="from")] = "=key"
    """Over `key` and `settings`; everywhere else `key` is what comes out here."""
    allowed: str = "A-Za-z0-9_.:-"
    longest: Leaf = "64"


class Finding(Part):
    """How an order is found by its key."""

    call: Call
    found: Expression
    """The order, or a list of orders of which at most one may be there; null or empty means there is none.
    `where(body.orders, 'reference', key)` leaves out what the system only thinks is that order."""
    id: Leaf = "=found.id"
    number: Leaf | None = None
    cancelled: Expression | None = None


class Cancelling(Part):
    """How an order that is there is cancelled, over what was `found` of it; needs `find`."""

    settings: tuple[Name, ...] = ()
    open: Expression = "`true`"
    """Whether it can still be done; without one of `settings` it never can."""
    call: Call


class Editing(Cancelling):
    """How an order that is there is changed."""

    covers: tuple[str, ...] = ("lines",)
    """Fields of an order the call carries; an edit of any other waits for a person."""
    has: Tree
    """What the system has of them, over `found`."""
    wants: Tree
    """The same of an `order`; `wanted` in the call."""


class Delivering(Part):
    """How orders are created."""

    write: Write
    key: Key = Key()
    find: Finding | None = None
    lookups: dict[Name, Lookup] = Field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    """Over `order`, `key`, `settings`, `lookups` and what the steps before have `saved`."""
    update: Editing | None = None
    cancel: Cancelling | None = None
    file: FileWriting | None = None
    id: Leaf = ""
    """The new order's id, over the last answer and what the steps saved."""
    number: Leaf | None = None
    needs: JsonMap = Field(default_factory=dict)
    """A JSON Schema of what an order needs beyond the canonical one."""


class Writing(Part):
    """How records of another kind are written."""

    call: Call
    """Over `records`, `record` (the first of them), `mode` and `settings`, and over what was `found`."""
    find: Call | None = None
    """How the one record written is read before, where writing replaces the whole of it or needs its id."""
    found: Expression | None = None
    """What the system has of it, over the answer to `find`; null holds the record as unknown."""
    needs: JsonMap = Field(default_factory=dict)
    """A JSON Schema of what a record needs beyond the canonical one."""
    batch: Annotated[int, Field(ge=1, le=1000)] = 1
    row_errors: Expression | None = None
    """A list of refusals inside a good answer, each `{index, message}`, index from 0."""
    id: Leaf = "=record.origin.id"
    """The id of what was written, over `record` and the answer."""
    modes: tuple[Literal["update", "overwrite"], ...] = ("update",)


class Column(Part):
    """A column of a file."""

    name: str
    value: Leaf = ""
    needed: bool = False


class Format(Part):
    """What files look like inside."""

    like: Name | None = None
    """Another format, which this one is but for what it says itself."""
    kind: Literal["csv", "json", "xml"]
    delimiter: str = ","
    quote: str = '"'
    line_end: Literal["\n", "\r\n"] = "\r\n"
    encoding: Literal["utf-8", "utf-8-sig", "cp1252", "latin-1"] = "utf-8"
    header: bool = True
    formula_guard: bool = True
    """Put an apostrophe before cells a spreadsheet would take for a formula."""
    lines: Literal["row_per_line_repeat", "row_per_line_sparse", "row_per_order", "header_detail"] = (
        "row_per_line_repeat"
    )
    columns: tuple[Column, ...] = ()
    detail_columns: tuple[Column, ...] = ()
    """Of the lines, with `header_detail`."""
    tree: Tree = None
    """What is written as JSON or XML."""
    root: str = "orders"
    """Name of the outermost XML element."""
    row: str = ""
    """Path of the repeated XML element, such as `orders/order`; elements named `item` below it are lists."""
    lists: tuple[str, ...] = ()
    """Names of XML elements that are lists even when there is one."""


class FileWriting(Part):
    """Where a file is put."""

    path: Leaf
    """With `${key}` in it, so that its name tells the order."""
    format: Leaf
    """Name of a format; over settings with `choices`."""
    marker: Leaf | None = None
    """Ending of an empty file written afterwards, such as `.ready`; over settings."""
    answer: FileReading | None = None
    """Where the system answers; without it an order counts as handed over."""
    answered: Rows | None = None
    """Rows with `key`, `accepted` and `message`."""


class FileReading(Part):
    """Which files are read."""

    folder: Leaf
    pattern: Leaf = "*"
    pick: Literal["newest", "all"] = "newest"
    format: Leaf
    """Name of a format; over settings with `choices`."""
    stable_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """How long size and time of a file must have been the same before it is read."""
    marker: Leaf | None = None
    claim: Leaf | None = None
    """Folder a file is moved to while it is read."""
    done: Leaf | None = None
    failed: Leaf | None = None
    max_age_hours: Annotated[float, Field(gt=0)] | None = None
    shrink_percent: Annotated[int, Field(ge=0, le=100)] = 50
    """Refuse a file with this share fewer rows than the one before."""


class Check(Part):
    """A call that proves the credentials and names the account."""

    call: Call
    id: Leaf
    name: Leaf
    details: tuple[Leaf, ...] = ()


class Stock(Part):
    """What the system's stock figures mean."""

    read: Reading | None = None
    write: Writing | None = None


class Sample(Part):
    """An example the profile is tried on when it is loaded."""

    operation: str
    """Such as `orders.key`, `orders.find`, `orders.steps.create`, `orders.lookups.customer`, `inventory.read`."""
    given: JsonMap = Field(default_factory=dict)
    """What can be named, such as `{"order": ..., "key": ..., "settings": ...}`."""
    status: int = 200
    headers: dict[str, str] = Field(default_factory=dict)
    body: JsonText = None
    """What the system answers."""
    expect: JsonMap
    """What has to come out; see `dry_run.py`."""


class Profile(Part):
    """One system."""

    profile: Literal["1"]
    id: Name
    title: str
    status: Literal["experimental", "live", "retired"]
    confirm: tuple[str, ...] = ()
    """What to confirm on a real account."""
    transport: Literal["rest", "files"]
    settings: dict[Name, SettingSpec] = Field(default_factory=dict)
    base: Leaf = ""
    hosts: tuple[Host, ...] = ()
    """Hosts it may talk to; names may begin with `*.`."""
    auth: dict[Name, Auth] = Field(default_factory=dict)
    sign_in: Leaf | None = None
    """Name of the credentials of calls that name none, over `settings`."""
    budgets: dict[Name, Budget] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    paging: dict[Name, Paging] = Field(default_factory=dict)
    maps: dict[Name, dict[str, str]] = Field(default_factory=dict)
    """Values of ours to values of theirs, or back; `*` for any other."""
    formats: Annotated[dict[Name, Format], BeforeValidator(_alike)] = Field(default_factory=dict)
    in_flight: Annotated[int, Field(ge=1, le=8)] = 1
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    check: Check | None = None
    orders: Delivering | None = None
    fetch_orders: Reading | None = None
    inventory: Stock = Stock()
    catalog: Reading | None = None
    customers: Reading | None = None
    write_customers: Writing | None = None
    shipments: Reading | None = None
    samples: tuple[Sample, ...] = ()


for _model in (Reading, Delivering, Stock, FileWriting, Profile):
    _model.model_rebuild()
