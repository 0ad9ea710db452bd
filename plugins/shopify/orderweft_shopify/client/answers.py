"""What an answer of the store says on each of its layers, and which of our errors that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from orderweft import (
    AuthenticationError,
    ChannelError,
    OrderweftError,
    RejectedError,
    Response,
    SettingsError,
    UnavailableError,
    UnknownOutcomeError,
)

HOUR = 3600.0
_LONGEST = 500
"""Characters of Shopify's own words that are told."""
_STATUSES: Mapping[int, tuple[type[ChannelError], str, float | None]] = {
    402: (UnavailableError, "the store is frozen because Shopify's bill is not paid; its owner has to pay it", HOUR),
    403: (AuthenticationError, "the app has no access to the store; check that it is installed and its scopes", None),
    404: (AuthenticationError, "there is no such store or API version; check shop and api_version", None),
    423: (UnavailableError, "the store is locked; its owner has to ask Shopify's support", HOUR),
    430: (UnavailableError, "Shopify blocks these calls as suspicious; wait, then ask Shopify's support", 600.0),
}
# GraphQL codes of Shopify after which nothing has been done, by what has to change.
_DOCUMENT_CODES = frozenset(
    {
        "undefinedField",
        "undefinedDirective",
        "argumentLiteralsIncompatible",
        "missingRequiredArguments",
        "missingRequiredInputObjectAttribute",
        "invalidOneOfInputObject",
        "PARSE_ERROR",
    }
)
_CONTENT_CODES = frozenset(
    {
        "BAD_REQUEST",
        "INVALID_VARIABLE",
        "INVALID_FIELD_ARGUMENTS",
        "MAX_INPUT_SIZE_EXCEEDED",
        "RESOURCE_NOT_FOUND",
        "NOT_FOUND",
    }
)


class Problem(NamedTuple):
    """One thing Shopify has against a call."""

    code: str | None
    field: str
    """Path to the input field, with dots; empty when Shopify names none."""
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message

    @property
    def is_duplicate(self) -> bool:
        """Return whether another order has the unique metafield value."""
        # Not recorded for orders; other mutations use these codes for a value that is in use.
        text = f"{self.field} {self.message}".lower()
        told = "metafield" in text and any(word in text for word in ("taken", "unique", "already"))
        return told or self.code in ("TAKEN", "DUPLICATED_METAFIELD_VALUE", "CAPABILITY_VIOLATION")


class Mutated(NamedTuple):
    """What a mutation has made, and what Shopify says against it all the same."""

    made: Any
    problems: tuple[Problem, ...]


class RefusalError(RejectedError):
    """Raised when Shopify refuses a call for what it contains; nothing was done."""

    def __init__(self, message: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(message)
        self.problems = problems

    @property
    def codes(self) -> frozenset[str]:
        """Return the codes Shopify gave."""
        return frozenset(problem.code for problem in self.problems if problem.code)


class ThrottledError(UnavailableError):
    """Raised when the store's bucket of points is empty; nothing was done."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer taken apart: what every layer of it says."""

    operation: str
    response: Response
    body: Mapping[str, Any]

    @classmethod
    def of(cls, operation: str, response: Response) -> Answer:
        """Take the answer to *operation* apart, whatever form it has."""
        try:
            body = response.json()
        except ValueError:
            body = None
        return cls(operation, response, body if isinstance(body, dict) else {})

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        """Return the errors beside the data."""
        # Outside of GraphQL, as with a bad token, it is a text.
        errors = self.body.get("errors") or []
        listed = errors if isinstance(errors, list) else [errors]
        return [error if isinstance(error, dict) else {"message": str(error)} for error in listed]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return the errors beside the data as problems."""
        return tuple(to_problem(error) for error in self.errors)

    @property
    def extensions(self) -> Mapping[str, Any]:
        """Return what is told of cost and search."""
        return table(self.body.get("extensions"))

    def says(self, text: str) -> str:
        """Return *text* with the operation in front and the request's id behind it."""
        request = self.response.headers.get("x-request-id")
        return f"{self.operation}: {text}" + (f" (request {request})" if request else "")


def raise_for_status(answer: Answer) -> None:
    """Raise what the HTTP status of *answer* means; nothing for those below 400."""
    status = answer.response.status
    if status < 400:
        return
    if status in _STATUSES:
        kind, text, after = _STATUSES[status]
        raise kind(answer.says(f"{text} (HTTP {status})"), retry_after=after)
    if status == 401:
        raise AuthenticationError(answer.says("Shopify refuses a fresh access token (HTTP 401); check the app"))
    if status >= 500 or status == 408:
        raise UnknownOutcomeError(answer.says(f"Shopify answered HTTP {status}"))
    problems = answer.problems or (Problem(None, "", f"Shopify answered HTTP {status}"),)
    raise_refusal(answer, problems)


def data_of(answer: Answer) -> dict[str, Any]:
    """Return the data of a query; raises when anything is missing or ignored."""
    if answer.problems:
        raise _failure(answer) or UnavailableError(answer.says(worded(answer.problems)), retry_after=60)
    searches = _tables(answer.extensions.get("search"))
    warnings = [warning for search in searches for warning in _tables(search.get("warnings"))]
    if warnings:
        # An unknown filter is dropped and everything matches: https://shopify.dev/docs/api/usage/search-syntax
        names = ", ".join(sorted({str(warning.get("field")) for warning in warnings}))
        raise SettingsError(answer.says(f"Shopify ignores the search filter {names}; check api_version"))
    data = answer.body.get("data")
    if not isinstance(data, dict):
        raise UnavailableError(answer.says("Shopify's answer cannot be read"), retry_after=60)
    return data


def payload_of(answer: Answer) -> dict[str, Any]:
    """Return the payload of a mutation that was executed."""
    data = answer.body.get("data")
    payload = next(iter(data.values()), None) if isinstance(data, dict) else None
    if isinstance(payload, dict):
        # It was executed; an error beside it concerns a field of the answer only.
        return payload
    # Below the mutation's own field an error can only arise once it has run; validation errors come without data.
    ran = "data" in answer.body and any(_depth(error) > 1 for error in answer.errors)
    failure = None if ran else _failure(answer)
    raise failure or UnknownOutcomeError(answer.says(worded(answer.problems) or "Shopify's answer cannot be read"))


def _depth(error: Mapping[str, Any]) -> int:
    path = error.get("path")
    return len(path) if isinstance(path, list) else 0


def _failure(answer: Answer) -> OrderweftError | None:
    """Return what the GraphQL errors mean when they say for certain that nothing was done, else None."""
    problems = answer.problems
    codes = {problem.code for problem in problems}
    text = worded(problems)
    if any(_is_too_many(problem) for problem in problems):
        return UnavailableError(answer.says(text), retry_after=60)
    if "INTERNAL_SERVER_ERROR" in codes:
        return None
    if "ACCESS_DENIED" in codes:
        return AuthenticationError(answer.says(f"{text}; give the app that access, then install it again"))
    if "SHOP_INACTIVE" in codes:
        return UnavailableError(answer.says("the store is not active"), retry_after=HOUR)
    if "MAX_COST_EXCEEDED" in codes:
        return SettingsError(answer.says(f"{text}; make page_size smaller"))
    if codes & _DOCUMENT_CODES:
        return SettingsError(answer.says(f"{text}; this plugin does not know that API version, check api_version"))
    if codes and codes <= _CONTENT_CODES:
        return RefusalError(answer.says(text), problems)
    return None


def raise_refusal(answer: Answer, problems: tuple[Problem, ...]) -> NoReturn:
    """Raise what it means that Shopify executed nothing because of *problems*."""
    text = answer.says(worded(problems))
    if any(_is_too_many(problem) for problem in problems):
        raise UnavailableError(text, retry_after=60)
    if any(problem.code == "SHOP_DORMANT" for problem in problems):
        raise UnavailableError(f"{text}; the store is dormant, its owner has to sign in", retry_after=HOUR)
    raise RefusalError(text, problems)


def _is_too_many(problem: Problem) -> bool:
    # https://community.shopify.dev/t/4542; development stores answer so to the sixth new order in a minute.
    return "too many attempts" in problem.message.lower()


def to_problem(error: Mapping[str, Any]) -> Problem:
    """Read one GraphQL error or user error."""
    extensions = table(error.get("extensions"))
    path = error.get("field") or next((found.get("path") for found in _tables(extensions.get("problems"))), None)
    field = ".".join(str(step) for step in path) if isinstance(path, list) else ""
    code = error.get("code") or extensions.get("code")
    message = str(error.get("message") or "no reason given")[:_LONGEST]
    return Problem(code if isinstance(code, str) else None, field, message)


def table(value: Any) -> Mapping[str, Any]:
    """Return *value* when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def number(value: Any) -> float | None:
    """Return *value* as a finite number that is not negative, else None."""
    try:
        told = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return told if 0 <= told < float("inf") else None


def _tables(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def worded(problems: tuple[Problem, ...]) -> str:
    """Return *problems* in one sentence, the first three in full."""
    texts = list(dict.fromkeys(str(problem) for problem in problems))
    return "; ".join([*texts[:3], *([f"and {len(texts) - 3} more"] if len(texts) > 3 else [])])
