"""The wire to one Shopify store: sign-in, GraphQL, paging, and its failures turned into ours."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, NoReturn

from orderweft import (
    AuthenticationError,
    ChannelError,
    Connection,
    OrderweftError,
    Pacer,
    RejectedError,
    Response,
    SettingsError,
    TokenBucket,
    UnavailableError,
    UnknownOutcomeError,
    retry_after,
)

from .config import Settings

THROTTLED_TRIES = 6
"""Attempts at a read that Shopify throttles."""
_HOUR = 3600.0
_FIRST_GUESS = 50.0
_STATUSES: Mapping[int, tuple[type[ChannelError], str, float | None]] = {
    402: (UnavailableError, "the store is frozen because Shopify's bill is not paid; its owner has to pay it", _HOUR),
    403: (AuthenticationError, "the app has no access to the store; check that it is installed and its scopes", None),
    404: (AuthenticationError, "there is no such store or API version; check shop and api_version", None),
    423: (UnavailableError, "the store is locked; its owner has to ask Shopify's support", _HOUR),
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


@cache
def documents() -> Mapping[str, str]:
    """Return the GraphQL document of each operation, with the fragments it uses."""
    text = re.sub(r"^#.*\n", "", (files(__package__) / "operations.graphql").read_text("utf-8"), flags=re.MULTILINE)
    parts = re.split(r"^(?=(?:query|mutation|fragment) )", text, flags=re.MULTILINE)[1:]
    named = {part.split()[1].partition("(")[0]: part.strip() for part in parts}

    def with_fragments(name: str, seen: dict[str, str]) -> dict[str, str]:
        seen[name] = named[name]
        for used in re.findall(r"\.\.\.([A-Z]\w*)", named[name]):
            if used not in seen:
                with_fragments(used, seen)
        return seen

    return {
        name: "\n".join(with_fragments(name, {}).values())
        for name, part in named.items()
        if not part.startswith("fragment")
    }


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer taken apart: what every layer of it says."""

    operation: str
    response: Response
    body: Mapping[str, Any]

    @classmethod
    def of(cls, operation: str, response: Response) -> _Answer:
        try:
            body = response.json()
        except ValueError:
            body = None
        return cls(operation, response, body if isinstance(body, dict) else {})

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        # Outside of GraphQL, as with a bad token, it is a text.
        errors = self.body.get("errors") or []
        listed = errors if isinstance(errors, list) else [errors]
        return [error if isinstance(error, dict) else {"message": str(error)} for error in listed]

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(_problem(error) for error in self.errors)

    @property
    def extensions(self) -> Mapping[str, Any]:
        return self.body.get("extensions") or {}

    def says(self, text: str) -> str:
        request = self.response.headers.get("x-request-id")
        return f"{self.operation}: {text}" + (f" (request {request})" if request else "")


class Client:
    """The one who talks to the store; use `connection.once(Client)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self.settings = connection.settings
        self.served_version: str | None = None
        """The API version of the last answer; Shopify serves another one when the asked one is retired."""
        self._http, self._clock = connection.http, connection.clock
        self._path = f"/admin/api/{self.settings.api_version}/graphql.json"
        self._lock = threading.Lock()
        self._token = self.settings.token.get_secret_value() if self.settings.token else None
        self._renew_at = 0.0
        self._costs: dict[str, float] = {}
        self._defined: set[str] = set()
        # Evenly spread and a second slower than allowed, so that no minute of Shopify's clock sees one too many.
        pace = self.settings.orders_per_minute
        self._orders = Pacer(TokenBucket(pace / 61) if pace else None, self._clock)

    def query(self, operation: str, **variables: Any) -> dict[str, Any]:
        """Return the data of a query; waits and asks again while the store throttles."""
        for left in range(THROTTLED_TRIES - 1, -1, -1):
            try:
                return _data(self._ask(self._http.read, operation, variables))
            except ThrottledError:
                if not left:
                    raise
            except UnknownOutcomeError as error:
                raise UnavailableError(str(error), retry_after=60) from error
        raise AssertionError("unreachable")

    def nodes(self, operation: str, at: str, **variables: Any) -> Iterator[dict[str, Any]]:
        """Yield all nodes of the connection found at the dotted path *at*, page by page."""
        for page in self.pages(operation, at, **variables):
            yield from page["nodes"]

    def pages(self, operation: str, at: str, **variables: Any) -> Iterator[dict[str, Any]]:
        """Yield the pages of the connection found at the dotted path *at*, to the last."""
        after = variables.pop("after", None)
        while True:
            page: Any = self.query(operation, after=after, **variables)
            for name in at.split("."):
                page = (page or {}).get(name)
            if page is None:
                raise UnavailableError(f"{operation}: what was being read is gone; the next reading finds what is left")
            yield page
            if not page["pageInfo"]["hasNextPage"]:
                return
            if page["pageInfo"]["endCursor"] in (None, after):
                raise UnavailableError(f"{operation}: Shopify's pages do not go on", retry_after=60)
            after = page["pageInfo"]["endCursor"]

    def mutate(self, operation: str, gives: str, **variables: Any) -> Mutated:
        """Send a mutation once and return what its payload holds under *gives*.

        Raises RefusalError or UnavailableError when nothing was done, UnknownOutcomeError when it may have been.
        """
        answer = self._ask(self._http.write, operation, variables)
        payload = _payload(answer)
        problems = tuple(_problem(error) for error in payload.get("userErrors") or ())
        if payload.get(gives):
            return Mutated(payload[gives], (*problems, *answer.problems))
        if problems:
            _raise_refusal(answer, problems)
        raise UnknownOutcomeError(answer.says(_listed(answer.problems) or f"Shopify's answer has no {gives}"))

    def define_metafield(self, owner: str, key: str, name: str) -> None:
        """Make sure that *owner* has a metafield *key* with unique values; asks the store once."""
        if key in self._defined:
            return
        # The type id brings unique values and the look-up by identifier with it.
        definition = {"ownerType": owner, "namespace": self.settings.metafield_namespace, "key": key, "name": name}
        try:
            self.mutate("DefineMetafield", "createdDefinition", definition={**definition, "type": "id"})
        except RefusalError as refusal:
            if refusal.codes != {"TAKEN"}:
                raise SettingsError(f"metafield_namespace: {refusal}") from refusal
        self._defined.add(key)

    def await_order_turn(self) -> None:
        """Wait until the store takes one more new order."""
        self._orders.acquire()

    def _ask(self, send: Callable[..., Response], operation: str, variables: Mapping[str, Any]) -> _Answer:
        body = {"query": documents()[operation], "variables": variables, "operationName": operation}

        def post(token: str) -> Response:
            cost = self._costs.get(operation, _FIRST_GUESS)
            return send("POST", self._path, json=body, headers={"X-Shopify-Access-Token": token}, cost=cost)

        token = self._access_token()
        response = post(token)
        if response.status == 401:
            response = post(self._access_token(refused=token))
        answer = _Answer.of(operation, response)
        wait = max(1.0, self._learn(answer))
        if response.status == 429:
            wait = retry_after(response, self._clock) or 2.0
        elif not any(problem.code == "THROTTLED" for problem in answer.problems):
            _raise_for_status(answer)
            return answer
        self._http.pacer.block(wait)
        raise ThrottledError(answer.says("the store's request limit is used up"), retry_after=wait)

    def _learn(self, answer: _Answer) -> float:
        """Take over what the answer says of version and limits; return the seconds until the same call fits in."""
        self.served_version = answer.response.headers.get("x-shopify-api-version") or self.served_version
        cost = answer.extensions.get("cost") or {}
        status = cost.get("throttleStatus")
        if not status:
            return 0.0
        asked = float(cost.get("requestedQueryCost") or _FIRST_GUESS)
        available, rate = float(status["currentlyAvailable"]), float(status["restoreRate"])
        self._costs[answer.operation] = asked
        self._http.pacer.told(available=available, rate=rate, burst=float(status["maximumAvailable"]))
        return (asked - available) / max(rate, 1.0)

    def _access_token(self, refused: str | None = None) -> str:
        with self._lock:
            if self.settings.token is not None:
                if refused is not None:
                    raise AuthenticationError("Shopify refuses the access token (HTTP 401); check token")
            elif self._token in (None, refused) or self._clock.monotonic() >= self._renew_at:
                self._sign_in()
            assert self._token is not None
            return self._token

    def _sign_in(self) -> None:
        secret = self.settings.client_secret
        form = {
            "grant_type": "client_credentials",
            "client_id": self.settings.client_id,
            "client_secret": secret.get_secret_value() if secret else None,
        }
        # Asking twice for a token does no harm, so it counts as a read.
        response = self._http.read("POST", "/admin/oauth/access_token", form=form, cost=0)
        answer = _Answer.of("sign-in", response)
        token = answer.body.get("access_token")
        if response.status in (402, 423, 430):
            _raise_for_status(answer)
        if response.status != 200 or not isinstance(token, str) or not token:
            text = "Shopify gives no access token; check client_id, client_secret, shop, and that the app is installed"
            raise AuthenticationError(answer.says(f"{text} (HTTP {response.status})"))
        self._http.keep_secret(token)
        self._token = token
        self._renew_at = self._clock.monotonic() + 0.8 * float(answer.body.get("expires_in") or _HOUR)


def _raise_for_status(answer: _Answer) -> None:
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
    _raise_refusal(answer, problems)


def _data(answer: _Answer) -> dict[str, Any]:
    if answer.problems:
        raise _failure(answer) or UnavailableError(answer.says(_listed(answer.problems)), retry_after=60)
    warnings = [warning for search in answer.extensions.get("search") or () for warning in search.get("warnings") or ()]
    if warnings:
        # An unknown filter is dropped and everything matches: https://shopify.dev/docs/api/usage/search-syntax
        names = ", ".join(sorted({str(warning.get("field")) for warning in warnings}))
        raise SettingsError(answer.says(f"Shopify ignores the search filter {names}; check api_version"))
    data = answer.body.get("data")
    if not isinstance(data, dict):
        raise UnavailableError(answer.says("Shopify's answer cannot be read"), retry_after=60)
    return data


def _payload(answer: _Answer) -> dict[str, Any]:
    data = answer.body.get("data")
    payload = next(iter(data.values()), None) if isinstance(data, dict) else None
    if isinstance(payload, dict):
        # It was executed; an error beside it concerns a field of the answer only.
        return payload
    # Below the mutation's own field an error can only arise once it has run; validation errors come without data.
    ran = "data" in answer.body and any(len(error.get("path") or ()) > 1 for error in answer.errors)
    failure = None if ran else _failure(answer)
    raise failure or UnknownOutcomeError(answer.says(_listed(answer.problems) or "Shopify's answer cannot be read"))


def _failure(answer: _Answer) -> OrderweftError | None:
    """Return what the GraphQL errors mean when they say for certain that nothing was done, else None."""
    problems = answer.problems
    codes = {problem.code for problem in problems}
    text = _listed(problems)
    if any(_is_too_many(problem) for problem in problems):
        return UnavailableError(answer.says(text), retry_after=60)
    if "INTERNAL_SERVER_ERROR" in codes:
        return None
    if "ACCESS_DENIED" in codes:
        return AuthenticationError(answer.says(f"{text}; give the app that access, then install it again"))
    if "SHOP_INACTIVE" in codes:
        return UnavailableError(answer.says("the store is not active"), retry_after=_HOUR)
    if "MAX_COST_EXCEEDED" in codes:
        return SettingsError(answer.says(f"{text}; make page_size smaller"))
    if codes & _DOCUMENT_CODES:
        return SettingsError(answer.says(f"{text}; this plugin does not know that API version, check api_version"))
    if codes and codes <= _CONTENT_CODES:
        return RefusalError(answer.says(text), problems)
    return None


def _raise_refusal(answer: _Answer, problems: tuple[Problem, ...]) -> NoReturn:
    text = answer.says(_listed(problems))
    if any(_is_too_many(problem) for problem in problems):
        raise UnavailableError(text, retry_after=60)
    if any(problem.code == "SHOP_DORMANT" for problem in problems):
        raise UnavailableError(f"{text}; the store is dormant, its owner has to sign in", retry_after=_HOUR)
    raise RefusalError(text, problems)


def _is_too_many(problem: Problem) -> bool:
    # https://community.shopify.dev/t/4542; development stores answer so to the sixth new order in a minute.
    return "too many attempts" in problem.message.lower()


def _problem(error: Mapping[str, Any]) -> Problem:
    extensions = error.get("extensions") or {}
    path = error.get("field") or next((found.get("path") for found in extensions.get("problems") or ()), None) or ()
    field = ".".join(str(step) for step in path)
    return Problem(error.get("code") or extensions.get("code"), field, str(error.get("message") or "no reason given"))


def _listed(problems: tuple[Problem, ...]) -> str:
    texts = list(dict.fromkeys(str(problem) for problem in problems))
    return "; ".join([*texts[:3], *([f"and {len(texts) - 3} more"] if len(texts) > 3 else [])])
