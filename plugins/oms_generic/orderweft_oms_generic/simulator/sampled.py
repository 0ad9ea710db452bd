"""Any system a profile tells of, played out of the samples of that profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from orderweft import Clock, Request, Response, UnavailableError
from orderweft.testing import brand

from ..profiles.answers import rows_in
from ..profiles.dry_run import asked
from ..profiles.model import Profile
from ..profiles.paging import Progress, page_plan
from ..profiles.places import calls_of, readings_of
from .netsuite_sign_in import simulated_key
from .samples import Example, Played, Texts, replaced, without_more
from .wire import plain

_FIRST_ORDER = 1001


@dataclass
class Taken:
    """An order that was created; *ids* says what stands for the ids in the samples."""

    number: int
    ids: dict[str, str] = field(default_factory=dict)
    id: str = ""
    shown: str = ""


class Sampled:
    """A system that answers each call as the samples of its *profile* say, and remembers orders by their keys.

    Every credential is good. Stock is the sample brand's, with the quantity of the sample; other lists are the
    samples'. Where the profile has samples of a refusal, only that of a repeated key is played.
    """

    def __init__(
        self, *, profile: Profile, account: Mapping[str, Any], clock: Clock | None = None, seed: int = 0
    ) -> None:
        self.title = profile.title
        self.orders: dict[str, Taken] = {}
        """Every order by its key."""
        self._profile, self._account, self._seed = profile, account, seed
        self._calls = [Played(profile, place) for place in calls_of(profile)]
        self._first_step = f"orders.steps.{profile.orders.steps[0].name}" if profile.orders else ""
        self._repeated = 0

    def settings(self) -> Mapping[str, Any]:
        """Return the profile and its values, secrets made up."""
        keys = {name for auth in self._profile.auth.values() if auth.key for name in self._profile.settings
                if f"settings.{name}" in auth.key}  # fmt: skip
        values = {
            name: text or (simulated_key("P-256", self._seed) if name in keys else self._secret(name))
            for name, text in self._account["values"].items()
        }
        return {**self._account, "values": values}

    def facts(self) -> Mapping[str, int]:
        """Return what a person would count there."""
        return {"orders": len(self.orders) + self._repeated} | (
            {"ordered twice": self._repeated} if self._repeated else {}
        )

    def operation(self, request: Request) -> str:
        """Name what *request* asks for as the profile's samples do, or `unknown`."""
        if self._is_sign_in(request):
            return "auth.token"
        found = self._find(request)
        return found[0].place.name if found else "unknown"

    def handle(self, request: Request) -> Response:
        """Answer *request* as the samples say."""
        if self._is_sign_in(request):
            return Response.of_json({"access_token": self._secret("token"), "expires_in": 3600})
        found = self._find(request)
        if found is None:
            return Response.of_json({"error": f"there is no {request.method} {request.path}"}, 404)
        played, said = found
        name = played.place.name
        if name == "orders.find":
            return self._found(played, said)
        if name.startswith("orders.steps."):
            return self._step(played, said)
        if name in readings_of(self._profile):
            return self._list(played, said)
        return self._good(played).answer(played.texts(said))

    def _secret(self, name: str) -> str:
        return brand.secret(f"simulated-{name}-{self._seed}")

    def _is_sign_in(self, request: Request) -> bool:
        paths = {urlsplit(auth.token_url).path for auth in self._profile.auth.values() if auth.token_url}
        return request.method == "POST" and request.path in paths

    def _find(self, request: Request) -> tuple[Played, Texts] | None:
        fitting = [(played, said) for played in self._calls if (said := played.fields(request)) is not None]
        return max(fitting, key=lambda pair: pair[0].likeness(pair[1]), default=None)

    def _good(self, played: Played) -> Example:
        good = played.example(lambda one: one.is_ == "ok" and "request" in one.sample.expect)
        good = good or played.example(lambda one: one.is_ == "ok")
        assert good is not None, "a profile loads only when each of its calls has a good sample"
        return good

    def _step(self, played: Played, said: Texts) -> Response:
        texts = played.texts(said)
        is_first = played.place.name == self._first_step
        key = played.key(said) or (None if is_first else self._known_by(said)) or f"order {len(self.orders) + 1}"
        there = self.orders.get(key)
        if is_first and there is not None:
            refusal = played.example(lambda one: one.is_ == "already_there")
            if refusal is not None:
                return refusal.answer({**texts, str(refusal.sample.expect.get("receipt_id")): there.id})
            is_safe = self._profile.orders is not None and self._profile.orders.write in ("upsert_path", "header")
            self._repeated += not is_safe
        order = there or self.orders.setdefault(key, Taken(_FIRST_ORDER + len(self.orders)))
        example = self._good(played)
        receipt = example.sample.expect.get("receipt") or {}
        for text in (*receipt.values(), *example.sample.expect.get("saved", {}).values()):
            new = str(order.number) if str(text).isdecimal() else f"{text}-{order.number}"
            order.ids.setdefault(str(text), texts.get(str(text), new))
        order.id = order.ids.get(str(receipt.get("id")), order.id)
        order.shown = order.ids.get(str(receipt.get("number")), order.shown)
        return example.answer({**texts, **order.ids})

    def _known_by(self, said: Texts) -> str | None:
        """Return the key of the order whose ids a later step names."""
        named = set(said.values())
        return next((key for key, order in self.orders.items() if named & set(order.ids.values())), None)

    def _found(self, played: Played, said: Texts) -> Response:
        texts, order = played.texts(said), self.orders.get(played.key(said) or "")
        there = played.example(lambda one: one.sample.expect.get("found"))
        assert there is not None, "a profile loads only when a sample of orders.find finds an order"
        if order is not None:
            found = there.sample.expect["found"]
            ids = {str(found["id"]): order.id or str(order.number), str(found.get("number")): order.shown}
            return there.answer({**texts, **ids})
        missing = played.example(lambda one: "found" in one.sample.expect and not one.sample.expect["found"])
        return missing.answer(texts) if missing else Response.of_json({"error": "there is no such order"}, 404)

    def _list(self, played: Played, said: Texts) -> Response:
        example = played.example(lambda one: one.sample.expect.get("records") and "request" in one.sample.expect)
        example = example or self._good(played)
        body = replaced(example.sample.body, played.texts(said))
        _, reading = readings_of(self._profile)[played.place.name]
        found = asked(self._profile, example.sample)
        headers = {name.lower(): text for name, text in example.sample.headers.items()}
        if found is None:
            return example.answer({})
        if played.place.name == "inventory.read":
            self._fill(rows_in(self._profile, reading.rows, body, headers, {}), example)
        paging = self._profile.paging.get(reading.page or "")
        if paging is not None and _later(played.pattern, said, f"{paging.place}.{paging.param}"):
            rows_in(self._profile, reading.rows, body, headers, {}).clear()
        for ended, heads in without_more(body, headers):
            try:
                rows = rows_in(self._profile, reading.rows, ended, heads, {})
                following, _ = page_plan(self._profile, paging, found[1], Progress(), body=ended, headers=heads,
                                         rows=rows, base="https://sample.invalid")  # fmt: skip
            except UnavailableError:
                continue
            if following is None:
                return Response.of_json(plain(ended), example.sample.status, heads)
        return Response.of_json(plain(body), example.sample.status, headers)

    def _fill(self, rows: list[Any], example: Example) -> None:
        """Put a row for each item of the brand in the place of those in the sample."""
        item = example.sample.expect.get("records", [{}])[0].get("item", {})
        row = rows[0] if rows else None
        rows[:] = [
            replaced(row, {str(item[name]): getattr(sku, name) for name in ("sku", "barcode") if name in item})
            for sku in brand.skus()
            if row is not None
        ]


def _later(pattern: Texts, said: Texts, place: str) -> bool:
    """Return whether a request is for another page than that of the sample."""
    return said.get(place) != pattern.get(place)
