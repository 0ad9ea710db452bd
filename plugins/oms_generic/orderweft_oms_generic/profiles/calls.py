"""Requests out of a profile: settings, addresses, credentials, keys and calls; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice, product
from typing import Any
from urllib.parse import urlsplit

from orderweft import SettingsError, TemplateError

from .expressions import Context, leaf_text, meant
from .functions import fit_key, unfitted
from .model import Call, Profile
from .parts import Auth
from .places import calls_of, place_of
from .tree import render, render_text

_LONGEST_PATH = 2000
_MOST_GUESSES = 4096


@dataclass(frozen=True, slots=True)
class RenderedCall:
    """A request below the profile's base, ready to be sent."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    json: Any = None
    form: Mapping[str, str] | None = None


def resolve_settings(profile: Profile, given: Mapping[str, str]) -> dict[str, str | None]:
    """Return every setting of the profile with its value; raises SettingsError with all mistakes, one a line."""
    wrong = [f"{name} is not a setting of {profile.id}{meant(name, profile.settings)}"
             for name in given if name not in profile.settings]  # fmt: skip
    values: dict[str, str | None] = {}
    for name, spec in profile.settings.items():
        other = profile.settings.get(spec.default_from or "")
        stand_in = given.get(spec.default_from or "") or (other.default if other else None)
        values[name] = given.get(name) or stand_in or spec.default
        if spec.needed and not values[name]:
            wrong.append(f"{name} is needed by {profile.id} and missing: {spec.meaning}")
        elif values[name] and spec.choices and values[name] not in spec.choices:
            wrong.append(f"{name} must be {' or '.join(spec.choices)}: {spec.meaning}")
    if wrong:
        raise SettingsError("\n".join(wrong))
    return values


def base_url(profile: Profile, settings: Mapping[str, Any]) -> str:
    """Return the address all calls go below; raises SettingsError when the profile may not talk to that host."""
    try:
        base = render_text(profile.base, scope(profile, {"settings": settings}), f"{profile.id} base")
    except TemplateError as error:
        raise SettingsError(f"the address of {profile.id}: {error}") from None
    return _check_address(profile, base or "").rstrip("/")


def addresses(profile: Profile, settings: Mapping[str, Any]) -> list[str]:
    """Return every address the profile sends credentials to; raises SettingsError for one it may not."""
    tokens = [render_auth(profile, name, settings).token_url for name, auth in profile.auth.items()
              if auth.token_url and name in _used(profile, settings)]  # fmt: skip
    return [base_url(profile, settings), *filter(None, tokens)]


def _used(profile: Profile, settings: Mapping[str, Any]) -> set[str | None]:
    return {auth_of(profile, place.call, settings) for place in calls_of(profile)}


def _check_address(profile: Profile, address: str) -> str:
    """Return *address* when the profile may send credentials there."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or not address.isprintable() or " " in address:
        raise SettingsError(f"the address of {profile.id} is {address!r}, which is not a full one")
    if parts.scheme != "https" and host not in ("127.0.0.1", "localhost", "::1"):
        raise SettingsError(f"the address of {profile.id} must begin with https://, not {address!r}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError(f"the address of {profile.id} may hold a host and a path only, not {address!r}")
    if not any(_fits(host, pattern) for pattern in profile.hosts):
        raise SettingsError(f"{profile.id} may talk to {', '.join(profile.hosts)} only, not to {host}")
    return address


def _fits(host: str, pattern: str) -> bool:
    """Return whether *host* is *pattern*, whose `*` stands for one name without dots."""
    return fnmatchcase(host, pattern.lower()) and host.count(".") == pattern.count(".")


def auth_of(profile: Profile, call: Call, settings: Mapping[str, Any]) -> str | None:
    """Return the name of the credentials *call* is made with; raises SettingsError when there are none of that name."""
    if call.auth is not None or not profile.auth:
        return call.auth
    if profile.sign_in is not None:
        name = leaf_text(profile.sign_in, scope(profile, {"settings": settings}))
        if name not in profile.auth:
            raise SettingsError(
                f"{profile.id} cannot sign in by {name!r}; there are: {', '.join(sorted(profile.auth))}"
            )
        return name
    return next(iter(profile.auth)) if len(profile.auth) == 1 else "main"


def budgets_of(profile: Profile, call: Call) -> tuple[str, ...]:
    """Return the names of the budgets *call* is booked on."""
    if call.budgets is not None:
        return call.budgets
    return ("main",) if "main" in profile.budgets else ()


def render_auth(profile: Profile, name: str, settings: Mapping[str, Any]) -> Auth:
    """Return the credentials *name* with the settings filled in; raises SettingsError, which shows no value."""
    auth = profile.auth[name]
    context = {"settings": settings, "maps": profile.maps}
    filled: dict[str, Any] = {}
    for field in LEAVES_OF_AUTH:
        source = getattr(auth, field)
        try:
            if isinstance(source, dict):
                filled[field] = {key: leaf_text(text, context) or "" for key, text in source.items()}
            else:
                filled[field] = leaf_text(source, context)
        except TemplateError:
            raise SettingsError(f"{profile.id}: auth.{name}.{field} cannot be made of the settings") from None
    for field in NEEDED_BY_AUTH.get(auth.kind, ()):
        if not filled[field] or (isinstance(filled[field], dict) and not all(filled[field].values())):
            raise SettingsError(f"{profile.id}: auth.{name}.{field} is empty; `{getattr(auth, field)}` needs a setting")
    if filled["token_url"] is not None:
        _check_address(profile, filled["token_url"])
    return auth.model_copy(update=filled)


def key_of(profile: Profile, delivery_key: str, settings: Mapping[str, Any]) -> str:
    """Return *delivery_key* as the system takes it; different keys never become the same."""
    key = profile.orders.key if profile.orders else None
    if key is None:
        return delivery_key
    context = scope(profile, {"key": delivery_key, "settings": settings})
    where = f"{profile.id} orders.key"
    text = render_text(key.from_, context, f"{where}.from")
    longest = render_text(key.longest, context, f"{where}.longest")
    if text is None:
        raise TemplateError(f"{where}.from: `{key.from_}` gives nothing, and a key is needed")
    try:
        return fit_key(text, key.allowed, longest or "64")
    except ValueError as error:
        raise TemplateError(f"{where}: {error}") from None


def delivery_key_of(profile: Profile, told: str, settings: Mapping[str, Any]) -> str | None:
    """Return the key an order was delivered under from what the system has; None when that cannot be told.

    The hash of a key that was fitted proves which characters had been replaced; what was cut off is gone.
    """
    key = profile.orders.key if profile.orders else None
    kept = None if key is None else unfitted(told, key.allowed)
    if kept is None:
        return told
    body, stand_in, others = kept
    spots = [(*others, stand_in) if mark == stand_in else (mark,) for mark in body]
    for guess in islice(product(*spots), _MOST_GUESSES):
        text = "".join(guess)
        try:
            if key_of(profile, text, settings) == told:
                return text
        except TemplateError:
            return None
    return None


def scope(profile: Profile, context: Context) -> dict[str, Any]:
    """Return *context* with the profile's maps in it and without secrets, which only `auth` may name."""
    settings = context.get("settings", {})
    told = {name: settings.get(name) for name, spec in profile.settings.items() if spec.kind != "secret"}
    return {**context, "settings": told, "maps": profile.maps}


def render_call(profile: Profile, call: Call, context: Context) -> RenderedCall:
    """Return *call* over *context*; raises TemplateError naming the profile, the place and what was expected."""
    where = f"{profile.id} {place_of(profile, call).name}"
    names = scope(profile, context)
    query = render(call.query, names, f"{where} query", "text") or {}
    if not isinstance(query, dict):
        raise TemplateError(f"{where} query: must be a map, not {type(query).__name__}")
    for name, value in query.items():
        if not isinstance(value, str):
            raise TemplateError(f"{where} query.{name}: must be one text, not {type(value).__name__}")
    form = None if call.form is None else _texts(call.form, names, f"{where} form")
    return RenderedCall(
        method=call.method,
        path=_path(call.path, names, f"{where} path"),
        query=query,
        headers=_headers(call.headers, names, f"{where} headers"),
        json=None if call.json_ is None else render(call.json_, names, f"{where} json"),
        form=form,
    )


def _path(source: str, context: Context, where: str) -> str:
    path = render_text(source, context, where)
    if path is None:
        raise TemplateError(f"{where}: `{source}` has an empty part")
    segments = path.split("/")
    wrong = any(mark in path for mark in "?#\\ ") or not path.isprintable() or "." in segments or ".." in segments
    if wrong or not path.startswith("/") or path.startswith("//") or len(path) > _LONGEST_PATH:
        raise TemplateError(f"{where}: {path[:80]!r} is not a path below the base; escape with urlpath()")
    return path


def _texts(sources: Mapping[str, str], context: Context, where: str) -> dict[str, str]:
    filled = render(dict(sources), context, where, "text")
    return {name: str(value) for name, value in filled.items()}


def _headers(sources: Mapping[str, str], context: Context, where: str) -> dict[str, str]:
    headers = _texts(sources, context, where)
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise TemplateError(f"{where}.{name}: a header may hold plain ASCII characters only")
    return headers


LEAVES_OF_AUTH = (
    "headers", "user", "password", "token", "token_url", "client_id", "client_secret", "scope", "key", "key_id",
    "claims", "realm", "consumer_key", "consumer_secret", "token_secret",
)  # fmt: skip
"""The fields of `Auth` that are leaves or maps of them."""
NEEDED_BY_AUTH: Mapping[str, tuple[str, ...]] = {
    "headers": ("headers",),
    "basic": ("user", "password"),
    "bearer": ("token",),
    "client_credentials": ("token_url", "client_id", "client_secret"),
    "jwt_assertion": ("token_url", "client_id", "key", "key_id"),
    "oauth1": ("consumer_key", "consumer_secret", "token", "token_secret"),
}
"""What each kind of credentials cannot do without."""
