"""Search: its grammar, and an index that lags behind.

Blank means AND, which binds tighter than OR; NOT or `-` negates; parentheses group. A term is `field:value` with an
optional comparator, or a bare word. Unknown fields are dropped with a warning and match everything; bad values match
nothing, with a warning; bad times are an error.
"""

from __future__ import annotations

import operator
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from orderweft import Clock

from .schema import not_simulated
from .values import Refusal

Fields = Mapping[str, str]
"""Kind of each filter: text, exact, id, number, time, boolean, a list of allowed values, or absent."""

Document = dict[str, Any]
"""Value of each filter for one object; texts are folded and cut into words."""

_QUOTED = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<open>\() | (?P<close>\)) | (?P<minus>-)(?=\S)
      | (?P<field>[A-Za-z_][\w.$-]*):\s*(?P<compare>>=|<=|>|<)?\s*(?P<value>{_QUOTED}|(?:\\.|[^\s():\\])*)
      | (?P<word>{_QUOTED}|(?:\\.|[^\s():'"\\])+)
      | (?P<stray>.)
    )""",
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W_]+")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "": operator.eq,
}


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; without a field it searches all texts."""

    field: str
    compare: str
    value: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions joined by `and`, `or` or `not`."""

    joint: str
    parts: tuple[Term | Group, ...]


class Index:
    """A copy of the searchable values that shows a write only after a delay."""

    def __init__(self, delay: float, clock: Clock) -> None:
        self._delay = delay
        self._clock = clock
        self._shown: dict[str, Document] = {}
        self.version = 0
        """Grows with every change that shows and with every object that goes."""
        self._waiting: deque[tuple[float, str, Document | None]] = deque()

    def put(self, gid: str, document: Document | None, *, at_once: bool = False) -> None:
        """Store what an object can be found by from now on; None when it is gone."""
        self._waiting.append((self._clock.monotonic() + (0 if at_once else self._delay), gid, document))
        self.version += document is None

    def documents(self) -> dict[str, Document]:
        """Return what the index shows now."""
        now = self._clock.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            _, gid, document = self._waiting.popleft()
            self.version += 1
            if document is None:
                self._shown.pop(gid, None)
            else:
                self._shown[gid] = document
        return self._shown


def words(text: str | None, *, whole: bool = False) -> str:
    """Return *text* folded and cut into words, ready to be matched; *whole* keeps it in one piece."""
    folded = (text or "").casefold()
    return f" {folded} " if whole else f" {' '.join(_WORD.findall(folded))} "


@lru_cache(maxsize=256)
def parse_query(text: str) -> Term | Group:
    """Parse a query; whatever cannot be read is passed over, as the real parser does."""
    tokens = [match for match in _TOKEN.finditer(text) if match.lastgroup and match.lastgroup != "stray"]
    return _either(deque(tokens))


def _either(tokens: deque[re.Match[str]]) -> Group:
    alternatives, terms = [], list[Term | Group]()
    while tokens:
        token = tokens.popleft()
        if token["close"]:
            break
        if token["word"] == "OR":
            alternatives.append(Group("and", tuple(terms)))
            terms = []
        elif token["word"] != "AND":
            terms.append(_term(token, tokens))
    return Group("or", (*alternatives, Group("and", tuple(terms))))


def _term(token: re.Match[str], tokens: deque[re.Match[str]]) -> Term | Group:
    if token["open"]:
        return _either(tokens)
    if token["minus"] or token["word"] == "NOT":
        return Group("not", (_term(tokens.popleft(), tokens),) if tokens else ())
    raw = token["value"] if token["field"] else token["word"]
    quoted = len(raw) > 1 and raw[0] in "'\"" and raw[0] == raw[-1]
    value = re.sub(r"\\(.)", r"\1", raw[1:-1] if quoted else raw)
    return Term(token["field"] or "", token["compare"] or "", value, quoted)


@dataclass
class Search:
    """One query over documents with the given filters."""

    text: str
    fields: Fields
    now: datetime
    whole: bool = False
    warnings: dict[str, dict[str, str]] = field(default_factory=dict)

    def matches(self, documents: Mapping[str, Document]) -> Iterator[str]:
        """Yield the ids of the documents that match, and note warnings."""
        query = parse_query(self.text)
        condition = self._compile(query)
        for gid, document in documents.items():
            if condition is None or condition(document):
                yield gid

    def _compile(self, node: Term | Group) -> Callable[[Document], bool] | None:
        if isinstance(node, Term):
            return self._compile_term(node)
        parts = [part for part in map(self._compile, node.parts) if part is not None]
        if not parts:
            return None
        if node.joint == "not":
            return lambda document: not parts[0](document)
        if len(parts) == 1:
            return parts[0]
        decide = all if node.joint == "and" else any
        return lambda document: decide(part(document) for part in parts)

    def _compile_term(self, term: Term) -> Callable[[Document], bool] | None:
        if not term.field:
            wanted = words(term.value)
            return lambda document: wanted in document["default"]
        name = "metafields" if term.field.startswith("metafields.") else term.field
        kind = self.fields.get(name)
        if kind is None:
            self._warn(term.field, "Invalid search field for this query.", "invalid_field")
            return None
        if kind == "absent":
            raise not_simulated(f"the search filter {term.field}")
        if term.value == "*":
            return lambda document: bool(_plain(document.get(term.field)))
        try:
            return self._comparison(term, kind)
        except ValueError:
            self._warn(term.field, f"Input `{term.value}` is not an accepted value.", "invalid_value")
            return lambda _document: False

    def _comparison(self, term: Term, kind: str) -> Callable[[Document], bool]:
        name = term.field
        if kind in ("text", "code"):
            return self._text(term, whole=self.whole and kind == "code")
        if kind == "exact":
            return lambda document: document.get(name) == term.value
        if kind == "time":
            return _time(term, self.now)
        if kind in ("id", "number"):
            number = int(term.value) if kind == "id" else float(term.value)
            compare = _COMPARE[term.compare]
            return lambda document: document.get(name) is not None and compare(document[name], number)
        wanted = {value.strip().casefold() for value in term.value.split(",")}
        if kind not in ("tags", "not tags") and not wanted <= set(kind.split()):
            raise ValueError(term.value)
        negate = kind == "not tags"
        source = "tag" if kind.endswith("tags") else name
        return lambda document: wanted.isdisjoint(document.get(source, ())) is negate

    def _text(self, term: Term, *, whole: bool) -> Callable[[Document], bool]:
        if term.compare:
            raise ValueError(term.value)
        name = term.field
        if term.value.endswith("*"):
            prefix = words(term.value[:-1], whole=whole)[:-1]
            return lambda document: prefix in document.get(name, "")
        phrase = words(term.value, whole=whole)
        if term.quoted or whole:
            return lambda document: phrase in document.get(name, "")
        each = [f" {word} " for word in phrase.split()]
        return lambda document: all(word in document.get(name, "") for word in each)

    def _warn(self, name: str, message: str, code: str) -> None:
        self.warnings[name] = {"field": name, "message": message, "code": code}


def _plain(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _time(term: Term, now: datetime) -> Callable[[Document], bool]:
    start, end = _span(term, now)
    name, compare = term.field, term.compare

    def holds(document: Document) -> bool:
        instant = document.get(name)
        if instant is None:
            return False
        if compare == "":
            return bool(start <= instant < end)
        return _COMPARE[compare](instant, end - timedelta(seconds=1) if compare in (">", "<=") else start)

    return holds


def _span(term: Term, now: datetime) -> tuple[datetime, datetime]:
    """Return the first instant a value stands for and the first one after it: `2026` is a year, a time a second."""
    text = term.value
    if text == "now":
        return now, now + timedelta(seconds=1)
    try:
        if re.fullmatch(r"\d{4}(-\d\d){0,2}", text):
            year, month, day = (int(part) for part in f"{text}-01-01".split("-")[:3])
            start = datetime(year, month, day, tzinfo=UTC)
            if len(text) == 10:
                return start, start + timedelta(days=1)
            months = 1 if len(text) == 7 else 12
            after = month - 1 + months
            return start, datetime(year + after // 12, after % 12 + 1, 1, tzinfo=UTC)
        instant = datetime.fromisoformat(text)
        if "T" not in text:
            raise ValueError(text)
    except ValueError:
        raise Refusal(f"Invalid timestamp for query filter `{term.field}`.", "BAD_REQUEST") from None
    start = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return start, start + timedelta(seconds=1)
