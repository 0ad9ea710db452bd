"""The one who talks to the store: sign-in, GraphQL and paging."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from orderweft import (
    AuthenticationError,
    Connection,
    Pacer,
    Response,
    SettingsError,
    TokenBucket,
    UnavailableError,
    UnknownOutcomeError,
    retry_after,
)

from ..config import Settings
from .answers import (
    HOUR,
    Answer,
    Mutated,
    RefusalError,
    ThrottledError,
    data_of,
    number,
    payload_of,
    raise_for_status,
    raise_refusal,
    table,
    to_problem,
    worded,
)
from .documents import documents
from .shapes import misfit

THROTTLED_TRIES = 6
"""Attempts at a read that Shopify throttles."""
_MOST_PAGES = 25_000
"""Pages of one list; nobody can page beyond so many objects: https://shopify.dev/docs/api/usage/limits"""
_FIRST_GUESS = 50.0
_BUCKET = ("currentlyAvailable", "restoreRate", "maximumAvailable")


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
        self._currency: str | None = None
        # Evenly spread and a second slower than allowed, so that no minute of Shopify's clock sees one too many.
        pace = self.settings.orders_per_minute
        self._orders = Pacer(TokenBucket(pace / 61) if pace else None, self._clock)

    def query(self, operation: str, **variables: Any) -> dict[str, Any]:
        """Return the data of a query; waits and asks again while the store throttles."""
        for left in range(THROTTLED_TRIES - 1, -1, -1):
            try:
                answer = self._ask(self._http.read, operation, variables)
                data = data_of(answer)
                if told := misfit(operation, data, variables):
                    raise UnavailableError(answer.says(f"Shopify's answer cannot be read: {told}"), retry_after=60)
                return data
            except ThrottledError:
                if not left:
                    raise
            except UnknownOutcomeError as error:
                raise UnavailableError(str(error), retry_after=60) from error
        raise AssertionError("unreachable")

    def listed(self, operation: str, name: str, ids: Sequence[str], **variables: Any) -> list[dict[str, Any] | None]:
        """Return the nodes whose *ids* are given as *name*, in order, None for one that is not there."""
        try:
            found: list[dict[str, Any] | None] = self.query(operation, **{name: ids}, **variables)["nodes"]
        except RefusalError as refusal:
            raise UnavailableError(str(refusal), retry_after=60) from refusal
        if len(found) != len(ids):
            raise UnavailableError(f"{operation}: Shopify gives {len(found)} of {len(ids)} nodes", retry_after=60)
        return found

    def nodes(self, operation: str, at: str, **variables: Any) -> Iterator[dict[str, Any]]:
        """Yield all nodes of the connection found at the dotted path *at*, page by page."""
        for page in self.pages(operation, at, **variables):
            yield from page["nodes"]

    def pages(self, operation: str, at: str, **variables: Any) -> Iterator[dict[str, Any]]:
        """Yield the pages of the connection found at the dotted path *at*, to the last."""
        after, seen = variables.pop("after", None), set[str | None]()
        while True:
            seen.add(after)
            try:
                page: Any = self.query(operation, after=after, **variables)
            except RefusalError as refusal:
                raise SettingsError(str(refusal)) from refusal
            for name in at.split("."):
                page = (page or {}).get(name)
            if page is None:
                raise UnavailableError(f"{operation}: what was being read is gone; the next reading finds what is left")
            yield page
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]
            if after is None or after in seen or len(seen) >= _MOST_PAGES:
                raise UnavailableError(f"{operation}: Shopify's pages do not go on", retry_after=60)

    def mutate(self, operation: str, gives: str, *, nothing_is_fine: bool = False, **variables: Any) -> Mutated:
        """Send a mutation once and return what its payload holds under *gives*.

        With *nothing_is_fine*, an empty answer without complaint means that nothing was left to do. Raises RefusalError
        or UnavailableError when nothing was done, UnknownOutcomeError when it may have been.
        """
        answer = self._ask(self._http.write, operation, variables)
        payload = payload_of(answer)
        if told := misfit(operation, answer.body["data"], variables, whole=False):
            raise UnknownOutcomeError(answer.says(f"Shopify's answer cannot be read: {told}"))
        problems = tuple(to_problem(error) for error in payload.get("userErrors") or ())
        if payload.get(gives):
            return Mutated(payload[gives], (*problems, *answer.problems))
        if problems:
            raise_refusal(answer, problems)
        if nothing_is_fine and not answer.problems:
            return Mutated(None, ())
        raise UnknownOutcomeError(answer.says(worded(answer.problems) or f"Shopify's answer has no {gives}"))

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

    def currency(self) -> str:
        """Return the store's currency; asks the store once."""
        if self._currency is None:
            self._currency = str(self.query("Shop")["shop"]["currencyCode"])
        return self._currency

    def await_order_turn(self) -> None:
        """Wait until the store takes one more new order."""
        self._orders.acquire()

    def _ask(self, send: Callable[..., Response], operation: str, variables: Mapping[str, Any]) -> Answer:
        body = {"query": documents()[operation], "variables": variables, "operationName": operation}

        def post(token: str) -> Response:
            cost = self._costs.get(operation, _FIRST_GUESS)
            return send("POST", self._path, json=body, headers={"X-Shopify-Access-Token": token}, cost=cost)

        token = self._access_token()
        response = post(token)
        if response.status == 401:
            response = post(self._access_token(refused=token))
        answer = Answer.of(operation, response)
        wait = max(1.0, self._learn(answer))
        if response.status == 429:
            wait = retry_after(response, self._clock) or 2.0
        elif not any(problem.code == "THROTTLED" for problem in answer.problems):
            raise_for_status(answer)
            return answer
        self._http.pacer.block(wait)
        raise ThrottledError(answer.says("the store's request limit is used up"), retry_after=wait)

    def _learn(self, answer: Answer) -> float:
        """Take over what the answer says of version and limits; return the seconds until the same call fits in."""
        self.served_version = answer.response.headers.get("x-shopify-api-version") or self.served_version
        cost = table(answer.extensions.get("cost"))
        status = table(cost.get("throttleStatus"))
        available, rate, burst = (number(status.get(name)) for name in _BUCKET)
        if available is None or not rate or not burst:
            return 0.0
        asked = number(cost.get("requestedQueryCost")) or _FIRST_GUESS
        self._costs[answer.operation] = asked
        self._http.pacer.told(available=available, rate=rate, burst=burst)
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
        answer = Answer.of("sign-in", response)
        token = answer.body.get("access_token")
        if response.status in (402, 423, 430):
            raise_for_status(answer)
        if response.status != 200 or not isinstance(token, str) or not token.isascii() or not token.strip():
            text = "Shopify gives no access token; check client_id, client_secret, shop, and that the app is installed"
            raise AuthenticationError(answer.says(f"{text} (HTTP {response.status})"))
        self._http.keep_secret(token)
        self._token = token
        self._renew_at = self._clock.monotonic() + 0.8 * (number(answer.body.get("expires_in")) or HOUR)
