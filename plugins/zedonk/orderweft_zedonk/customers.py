"""Read customers: those who are active and have an account code, with the addresses connectors get."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from orderweft import (
    Address,
    Connection,
    Customer,
    InvalidRecordError,
    Origin,
    RecordPage,
    Unread,
    country_code,
    currency_exponent,
    first_mistake,
    hookimpl,
    paged,
)
from pydantic import ValidationError

from .client import Client, Table
from .config import PROFILE, Settings
from .mapping import Row, address_key, folded, role_of, to_address, to_customer


@hookimpl
def read_customers(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield the customers a connector may have, with their delivery and accounts addresses."""
    client, settings = connection.once(Client), connection.settings
    table = client.table("customers")
    if not settings.customers_without_code:
        table.check_column("Account Code", "customers_without_code = true")
    beside = {name: client.table_if_any(name) for name in ("addresses", "contacts")}
    warnings = [*table.warnings, *(f"Zedonk exports no {name}" for name, found in beside.items() if found is None)]
    if "Active" not in table.columns:
        warnings.append("the customer export has no column Active; all customers are taken for active")
    addresses, contacts = (_by_customer(found.rows if found else ()) for found in beside.values())
    reader = _Reader(connection, addresses, contacts)
    codes = Counter(row.text("Account Code") for row in table.rows)
    read: list[Customer] = []
    unread: list[Unread] = []
    left_out: Counter[str] = Counter()
    for row in table.rows:
        code, name = row.text("Account Code"), row.text("Customer Name") or row.place
        try:
            if reason := _why_not(settings, row):
                left_out[reason] += 1
                continue
            if code and codes[code] > 1:
                raise InvalidRecordError(f"Account Code: {code!r} is on {codes[code]} customers")
            read.append(reader.read(row))
        except InvalidRecordError as error:
            unread.append(Unread(code or name, name, str(error)))
    warnings += [f"customers left out: {count}; {reason}" for reason, count in left_out.items()]
    warnings += reader.warnings()
    yield from paged(read, unread, warnings)


def _why_not(settings: Settings, row: Row) -> str | None:
    if not settings.inactive_customers and not row.flag("Active", default=True):
        return "they are inactive (inactive_customers)"
    if not settings.customers_without_code and row.text("Account Code") is None:
        return "they have no account code (customers_without_code)"
    return None


def _by_customer(rows: Sequence[Row]) -> Mapping[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        code = row.text("Account Code")
        found[("code", code) if code else ("name", row.text("Customer Name") or "")].append(row)
    return found


class _Reader:
    """Puts customers together."""

    def __init__(
        self,
        connection: Connection[Settings],
        addresses: Mapping[tuple[str, str], list[Row]],
        contacts: Mapping[tuple[str, str], list[Row]],
    ) -> None:
        self._connection = connection
        self._addresses = addresses
        self._contacts = contacts
        self._currencies: set[str] = set()
        self._countries: set[str] = set()

    def read(self, row: Row) -> Customer:
        """Read one customer; raises InvalidRecordError naming what is wrong."""
        name, code = row.needed("Customer Name"), row.text("Account Code")
        # STORE (3) never leaves Zedonk: api-docs.jooraccess.com, customers-zedonk
        addresses = [each for each in _of(self._addresses, name, code) if role_of(each) != "store"]
        self._countries |= {
            country for each in addresses if (country := each.text("Country")) and country_code(country) is None
        }
        currency = row.text("Currency Name")
        known = currency and currency_of(currency, self._connection.settings)
        if currency and not known:
            self._currencies.add(currency)
        origin = Origin(channel=self._connection.channel, connection=self._connection.name, id=code or f"name:{name}")
        try:
            return to_customer(row, origin, known, addresses, _of(self._contacts, name, code))
        except ValidationError as error:
            raise InvalidRecordError(f"{first_mistake(error)} ({row.place})") from error

    def warnings(self) -> list[str]:
        """Return what could not be understood and was left out."""
        told = []
        if self._currencies:
            names = ", ".join(sorted(self._currencies))
            told.append(f"nobody knows the currencies {names}; say what they are in [currency_names]")
        if self._countries:
            told.append(f"nobody knows the countries {', '.join(sorted(self._countries))}; they are left out")
        return told


def _of(rows: Mapping[tuple[str, str], list[Row]], name: str, code: str | None) -> list[Row]:
    return [*(rows.get(("code", code), []) if code else []), *rows.get(("name", name), [])]


def currency_of(name: str, settings: Settings) -> str | None:
    """Return the ISO code of what the tenant calls *name*, None when nobody knows."""
    named = settings.currency_names.get(name) or PROFILE.currencies.get(name)
    if named is not None:
        return named
    try:
        currency_exponent(name)
    except InvalidRecordError:
        return None
    return name


class Accounts:
    """The customers an order may be for, by account code."""

    def __init__(self, table: Table) -> None:
        self._active: dict[str, list[Row]] = defaultdict(list)
        self._inactive: set[str] = set()
        for row in table.rows:
            code = row.text("Account Code")
            if code and _is_active(row):
                self._active[code].append(row)
            elif code:
                self._inactive.add(code)

    def name(self, code: str) -> str | None:
        """Return the name of the one active customer with exactly this code."""
        found = self._active.get(code, [])
        return found[0].needed("Customer Name") if len(found) == 1 else None

    def problem(self, code: str) -> str:
        """Return why there is no one active customer with this code."""
        if len(self._active.get(code, [])) > 1:
            return f"{len(self._active[code])} customers in Zedonk have the account code {code!r}"
        if code in self._inactive:
            return f"the customer with the account code {code!r} is inactive in Zedonk"
        near = sorted(other for other in {*self._active, *self._inactive} if folded(other) == folded(code))
        told = f"; it has {', '.join(map(repr, near))}, which is not the same" if near else ""
        return f"Zedonk has no active customer with the account code {code!r}{told}"


def _is_active(row: Row) -> bool:
    try:
        return row.flag("Active", default=True)
    except InvalidRecordError:
        return False


class AddressBook:
    """The addresses Zedonk's customers have, by account code or name."""

    def __init__(self, table: Table) -> None:
        self._known: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row in table.rows:
            try:
                address = to_address(row)
            except InvalidRecordError:
                continue
            for holder in filter(None, (row.text("Account Code"), row.text("Customer Name"))):
                self._known[holder, *address_key(address)].append(row)

    def find(self, address: Address, *holders: str | None) -> Row | None:
        """Return the same address as one of *holders*, an account code or a name, has it in Zedonk."""
        name = folded(address.name)
        for holder in filter(None, holders):
            for row in self._known.get((holder, *address_key(address)), ()):
                if not name or folded(row.text("Name")) in ("", name):
                    return row
        return None
