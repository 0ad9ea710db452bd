"""Mutants that break what a channel says of itself, of its connections and of its schemas."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orderweft
from orderweft import (
    Account,
    AuthenticationError,
    Channel,
    Delivery,
    Kind,
    Limits,
    Outcome,
    RecordPage,
    SettingsError,
    account_field,
    hookimpl,
)
from orderweft.testing import Request, Simulator
from pydantic import ConfigDict, SecretStr

from .mutation import Hooks, Office, mutant
from .reference import channel as ch
from .reference import wire
from .reference.simulator import Simulator as BackOffice


def _describing(kind: type[orderweft.Settings], limits: Limits | None = None) -> Hooks:
    @hookimpl
    def describe() -> Channel:
        return Channel("Broken", kind, limits or Limits(in_flight=2, batch_size=5))

    return [describe]


def _playing(kind: Callable[..., Simulator]) -> Hooks:
    @hookimpl
    def simulator(settings: Mapping[str, Any], folder: Path) -> Callable[..., Simulator]:
        return kind

    return [simulator]


@mutant("hooks_are_as_specified")
def takes_keys_of_another_type() -> Hooks:
    """Annotates an argument otherwise than the specification."""

    @hookimpl
    def find_orders(connection: Office, keys: set[str]) -> dict[str, orderweft.Receipt]:
        return {}

    return [find_orders]


@mutant("hooks_are_as_specified")
def returns_a_tuple() -> Hooks:
    """Promises another type than the specification."""

    @hookimpl
    def deliver_orders(connection: Office, deliveries: Sequence[Delivery]) -> tuple[Outcome, ...]:
        return tuple(ch.deliver_orders(connection, deliveries))

    return [deliver_orders]


@mutant("describing_does_no_io")
def reads_a_file_to_describe_itself() -> Hooks:
    """Opens a file each time it is described."""

    @hookimpl
    def describe() -> Channel:
        Path(__file__).read_text("utf-8")
        return ch.describe()

    return [describe]


@mutant("describing_does_no_io")
def changes_its_mind() -> Hooks:
    """Describes itself otherwise each time."""
    sizes = iter(range(1, 1000))

    @hookimpl
    def describe() -> Channel:
        return replace(ch.describe(), limits=Limits(batch_size=next(sizes)))

    return [describe]


@mutant("limits_make_sense")
def names_a_kind_that_is_none() -> Hooks:
    """Limits batches of `products`, which are called `catalog`."""
    return _describing(wire.Settings, Limits(batch_sizes={"products": 5}))


class _Undescribed(wire.Settings):
    model_config = ConfigDict(use_attribute_docstrings=False)
    region: str = "EU"


@mutant("settings_are_described")
def leaves_a_setting_unexplained() -> Hooks:
    """Has a setting without a word about it."""
    return _describing(_Undescribed)


class _Lenient(wire.Settings):
    model_config = ConfigDict(extra="ignore")


@mutant("settings_refuse_what_they_do_not_know")
def swallows_misspelt_settings() -> Hooks:
    """Ignores settings it does not know."""
    return _describing(_Lenient)


class _Open(wire.Settings):
    password: str = account_field(default="")
    """The password."""


@mutant("secrets_are_declared_secret")
def has_an_open_password() -> Hooks:
    """Declares a password as plain text."""
    return _describing(_Open)


class _Telling(wire.Settings):
    token: SecretStr = account_field(min_length=1, identity=True)
    """The access token."""

    def identity(self) -> dict[str, str]:
        return {"token": self.token.get_secret_value()}


@mutant("secrets_are_declared_secret")
def tells_accounts_apart_by_their_token() -> Hooks:
    """Makes a secret part of the identity, which the ledger stores."""
    return _describing(_Telling)


class _Forgetful(BackOffice):
    def settings(self) -> Mapping[str, Any]:
        return {}


@mutant("simulator_needs_no_argument")
def plays_without_credentials() -> Hooks:
    """Has a simulator whose settings are no valid ones."""
    kinds = iter([BackOffice, BackOffice, _Forgetful])

    @hookimpl
    def simulator(settings: Mapping[str, Any], folder: Path) -> Callable[..., Simulator]:
        return next(kinds)

    return [simulator]


class _Moody(BackOffice):
    made = 0

    def __init__(self, **switches: Any) -> None:
        super().__init__(**switches)
        type(self).made += 1
        self.tables["stock"].popitem() if self.made % 2 else None


@mutant("simulator_is_repeatable")
def plays_otherwise_each_time() -> Hooks:
    """Has a simulator whose data come out differently."""
    return _playing(_Moody)


class _Nameless(BackOffice):
    def operation(self, request: Request) -> str:
        return "unknown"


@mutant("simulator_can_be_disturbed")
def names_no_call() -> Hooks:
    """Has a simulator that calls everything `unknown`."""
    return _playing(_Nameless)


@mutant("the_account_is_named")
def does_not_say_who_it_is() -> Hooks:
    """Names no account."""

    @hookimpl
    def check_connection(connection: Office) -> Account:
        return replace(ch.check_connection(connection), name="")

    return [check_connection]


@mutant("checking_changes_nothing")
def checks_by_writing() -> Hooks:
    """Proves its rights by setting some stock."""

    @hookimpl
    def check_connection(connection: Office) -> Account:
        wire.put(connection, "stock", [{"id": "2000000000008", "style": "1001", "quantity": 1}])
        return ch.check_connection(connection)

    return [check_connection]


@mutant("wrong_credentials_are_told")
def takes_a_wrong_token_for_an_outage() -> Hooks:
    """Says that the settings are wrong, and not that the credentials are refused."""

    @hookimpl
    def check_connection(connection: Office) -> Account:
        try:
            return ch.check_connection(connection)
        except AuthenticationError as error:
            raise SettingsError("something is wrong") from error

    return [check_connection]


@mutant("wrong_credentials_are_told")
def does_not_say_which_setting() -> Hooks:
    """Names no setting to mend."""

    @hookimpl
    def check_connection(connection: Office) -> Account:
        try:
            return ch.check_connection(connection)
        except AuthenticationError as error:
            raise AuthenticationError("no") from error

    return [check_connection]


@mutant("an_outage_is_no_wrong_password")
def takes_an_outage_for_a_wrong_token() -> Hooks:
    """Blames the credentials for everything."""

    @hookimpl
    def check_connection(connection: Office) -> Account:
        try:
            return ch.check_connection(connection)
        except orderweft.UnavailableError as error:
            raise AuthenticationError("check token") from error

    return [check_connection]


@mutant("connections_share_nothing")
def keeps_the_first_token_for_all() -> Hooks:
    """Keeps the token of the first connection for every later one."""
    kept: list[Office] = []

    @hookimpl
    def check_connection(connection: Office) -> Account:
        kept.append(connection)
        return ch.check_connection(replace(connection, settings=kept[0].settings))

    return [check_connection]


@mutant("the_pace_is_kept")
def does_not_wait_its_turn() -> Hooks:
    """Makes its calls at no cost, so that nothing paces them."""

    @hookimpl
    def check_connection(connection: Office) -> Account:
        connection.http.read("GET", "account", cost=0, headers=wire.headers(connection))
        return Account("R1", "Reference Brand")

    return [check_connection]


@mutant("calls_at_the_same_time_are_bounded")
def reads_on_five_threads() -> Hooks:
    """Reads a list on more threads than it may."""

    @hookimpl
    def read_customers(connection: Office) -> Iterator[RecordPage]:
        threads = [threading.Thread(target=wire.ask, args=(connection, "customers")) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return ch.read_customers(connection)

    return [read_customers]


@mutant("schemas_are_valid")
def provides_a_field_that_is_none() -> Hooks:
    """Promises a field under a name that orders do not have."""

    @hookimpl
    def provides(connection: Office, kind: Kind) -> dict[str, Any] | None:
        return {"type": "object", "required": ["order_lines"]} if kind == "orders" else ch.provides(connection, kind)

    return [provides]


@mutant("schemas_are_valid")
def accepts_no_schema() -> Hooks:
    """Returns what is no JSON Schema."""

    @hookimpl
    def accepts(connection: Office, kind: Kind) -> dict[str, Any] | None:
        return {"type": "thing"}

    return [accepts]


@mutant("schemas_do_no_io")
def asks_what_it_accepts() -> Hooks:
    """Calls the channel to say what it accepts."""

    @hookimpl
    def accepts(connection: Office, kind: Kind) -> dict[str, Any] | None:
        wire.ask(connection, "account")
        return ch.accepts(connection, kind)

    return [accepts]


@mutant("schemas_do_no_io")
def reads_its_schema_from_a_file() -> Hooks:
    """Opens a file each time it is asked what it provides."""

    @hookimpl
    def provides(connection: Office, kind: Kind) -> dict[str, Any] | None:
        Path(__file__).read_text("utf-8")
        return ch.provides(connection, kind)

    return [provides]


@mutant("what_it_says_no_to_it_refuses")
def says_no_and_does_it() -> Hooks:
    """Says that it has no customers, and gives some."""

    @hookimpl
    def provides(connection: Office, kind: Kind) -> dict[str, Any] | None:
        return None if kind == "customers" else ch.provides(connection, kind)

    return [provides]


@mutant("what_it_provides_is_kept")
def promises_too_much() -> Hooks:
    """Promises a purchase order number on orders that have none."""

    @hookimpl
    def provides(connection: Office, kind: Kind) -> dict[str, Any] | None:
        more = {"required": ["purchase_order"]} if kind == "orders" else {}
        return {**(ch.provides(connection, kind) or {}), **more}

    return [provides]


@mutant("what_it_provides_is_kept")
def denies_what_it_gives() -> Hooks:
    """Says that levels never have a style number."""

    @hookimpl
    def provides(connection: Office, kind: Kind) -> dict[str, Any] | None:
        never = {"properties": {"item": {"properties": {"style_number": False}}}} if kind == "inventory" else {}
        return {**(ch.provides(connection, kind) or {}), **never}

    return [provides]


@mutant("what_it_does_not_accept_does_not_break_it")
def breaks_on_an_order_without_lines() -> Hooks:
    """Takes for granted what the host checks."""

    @hookimpl
    def deliver_orders(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        logging.getLogger(__name__).debug("first item %s", deliveries[0].order.lines[0].key if deliveries else "")
        return ch.deliver_orders(connection, deliveries)

    return [deliver_orders]
