"""What JOOR's answers say, whichever way they are wrapped; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orderweft import AuthenticationError, Response, UnavailableError, decode_json

_encode = json.JSONEncoder(ensure_ascii=False).encode
_NOT_THERE = re.compile(
    r"not found|no such|does(n't| not) exist|unknown|no (style|connection|customer)s? ", re.IGNORECASE
)


class DeclinedError(UnavailableError):
    """Raised when JOOR understood a call and declined it."""


class NotThereError(DeclinedError):
    """Raised when JOOR says that what was asked for does not exist."""


class ForbiddenError(AuthenticationError):
    """Raised when JOOR knows the token and does not allow it the call."""


class UnreadableError(UnavailableError):
    """Raised when an answer is not what JOOR documents."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of rows, as sent."""

    rows: tuple[Any, ...]
    next_start: int | None
    """Where JOOR says the next page starts; None when it does not say."""


def read_answer(body: str, where: str, names: tuple[str, str] = ("orders", "order")) -> Answer:
    """Return the rows called *names* in *body*, whichever way JOOR wraps them; *where* begins an error's message."""
    document = read_document(body, where)
    # The JSON of some v2 calls keeps the root node and that of others does not, so look at both levels.
    nodes = [node for node in _levels(document) if "response" in node or _has(node, names)]
    if not nodes:
        raise UnreadableError(f"{where}: the answer is not a list of {names[0]}; check base_url")
    head = check_code(document, where)
    if not any(_has(node, names) for node in nodes) and not str(head.get("code", "")).strip():
        raise UnreadableError(f"{where}: the answer has neither {names[0]} nor a code; try again later")
    following = str(head.get("next_start") or "").strip()
    if len(following) > 18:
        raise UnreadableError(f"{where}: where the next page starts is no number")
    holder = next((node for node in nodes if _has(node, names)), {})
    return Answer(tuple(_rows(holder, names)), int(following) if following.isdecimal() else None)


def read_document(body: str, where: str) -> Any:
    """Return the JSON in *body*, decimals kept exact."""
    try:
        return decode_json(body)
    except ValueError:
        raise UnreadableError(f"{where}: the answer is not complete JSON; try again later") from None


def check_code(document: Any, where: str) -> dict[str, Any]:
    """Return the `response` of a v2 answer; raise what its code means when it is not 0."""
    heads = [node["response"] for node in _levels(document) if isinstance(node.get("response"), dict)]
    head: dict[str, Any] = heads[0] if heads else {}
    if isinstance(head.get("code"), dict | list):
        raise UnreadableError(f"{where}: the code of the answer is not a single value")
    code = str(head.get("code") or 0).strip()
    if code not in ("", "0"):
        comment = one_line(head.get("comment"))
        told = f"{where}: JOOR answered with code {code}: {comment or 'no comment'}"
        missing = code == "404" or _NOT_THERE.search(comment)
        declined = NotThereError if missing else DeclinedError
        raise {"401": AuthenticationError, "403": ForbiddenError}.get(code, declined)(told)
    return head


def found(document: Any, name: str) -> Iterator[Any]:
    """Yield whatever stands under *name*, at any depth."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key == name:
                yield value
            else:
                yield from found(value, name)
    elif isinstance(document, list):
        for entry in document:
            yield from found(entry, name)


def json_text(value: Any) -> str:
    """Return *value* as JSON text with every decimal exactly as it was sent."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_encode(key)}: {json_text(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(json_text, value)) + "]"
    return _encode(value)


def one_line(value: Any) -> str:
    """Return *value* as at most 200 characters on one line."""
    return " ".join(str(value or "").split())[:200]


def v4_body(response: Response, where: str) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return `data` and `errors` of a v4 answer."""
    try:
        body = response.json()
    except ValueError:
        raise UnreadableError(f"{where}: HTTP {response.status} without complete JSON") from None
    if not isinstance(body, dict) or not body.keys() & {"data", "errors"}:
        raise UnreadableError(f"{where}: HTTP {response.status} with neither data nor errors")
    data, errors = (body.get(name) or [] for name in ("data", "errors"))
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise UnreadableError(f"{where}: data is not a list of objects")
    return data, errors if isinstance(errors, list) else [errors]


def messages(errors: Sequence[Any]) -> str:
    """Return what v4 *errors* say, in one line."""
    told = (error.get("message") or error.get("status") if isinstance(error, dict) else error for error in errors)
    return "; ".join(filter(None, map(one_line, told)))


def _levels(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        yield document
        yield from (value for value in document.values() if isinstance(value, dict))


def _has(node: Any, names: tuple[str, str]) -> bool:
    return isinstance(node, dict) and any(name in node for name in names)


def _rows(node: Any, names: tuple[str, str]) -> list[Any]:
    while _has(node, names):
        node = node.get(names[0], node.get(names[1]))
    if isinstance(node, list):
        return [entry[names[1]] if _wraps(entry, names[1]) else entry for entry in node]
    # An empty list comes as "", and a node that holds nothing but the envelope has no rows either.
    nothing = (
        not node or (isinstance(node, str) and not node.strip()) or (isinstance(node, dict) and "response" in node)
    )
    return [] if nothing else [node]


def _wraps(entry: Any, name: str) -> bool:
    return isinstance(entry, dict) and list(entry) == [name] and isinstance(entry[name], dict)
