"""Zedonk's report calls, as public client code of 2019 makes them; there is no public reference."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from urllib.parse import quote
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from orderweft import AuthenticationError, Connection, Response, SettingsError, UnavailableError

from ..config import PROFILE, Settings
from .exports import NoExportError
from .table import MOST_ROWS, Table, joined, to_table

_CALL = PROFILE.call
_DEEPEST = 60
_PIECE = 2**20
KEPT_SECONDS = 300
"""How long an answer is used again, for a report is a whole list each time."""
_HEX = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Reports:
    """The report calls of one tenant."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._settings = settings = connection.settings
        self._http = connection.http
        self._clock = connection.clock
        password = settings.password_for_reports
        self._credentials = {
            "username": settings.username or "",
            "password": password.get_secret_value() if password else "",
            "key": settings.key.get_secret_value() if settings.key else "",
        }
        for secret in self._credentials.values():
            self._http.keep_secret(secret)
        self._kept: dict[tuple[str, tuple[str, ...]], Table] = {}

    def table(self, dataset: str, seasons: Sequence[str] = ()) -> Table:
        """Return what the report of *dataset* says, asked once for each of *seasons* when there are any."""
        report = self._settings.reports.get(dataset, PROFILE.datasets[dataset].report)
        if not report:
            raise NoExportError(f"there is no report for {dataset}; name one in [reports]")
        wanted = dataset, tuple(dict.fromkeys(seasons))
        kept = self._kept.get(wanted)
        if kept and kept.taken_at and (self._clock.now() - kept.taken_at).total_seconds() < KEPT_SECONDS:
            return kept
        asked = [self._ask(dataset, report, season) for season in wanted[1]]
        self._kept[wanted] = table = joined(asked) if asked else self._ask(dataset, report, None)
        return table

    def _ask(self, dataset: str, report: str, season: str | None) -> Table:
        operation = _CALL.default if season is None else _CALL.season
        path = self._settings.report_path.replace("{operation}", operation)
        values = {**self._credentials, "report": report, "schema": "false"}
        if season is not None:
            values["filter"] = _CALL.prefix + _CALL.clause.format(self._quoted(season))
        query = "&".join(
            f"{parameter}={quote(values[name], safe='')}"
            for name, parameter in _CALL.parameters.items()
            if name in values
        )
        response = self._http.read("GET", f"{self._settings.service_url}{path}?{query}", headers={"accept": "text/xml"})
        place = f"report {report}" + (f" of {season}" if season else "")
        self._check_status(response, place)
        rows = self._rows(response.body, place)
        headings = list(dict.fromkeys(name for row in rows for name in row))
        if not rows:
            return Table((), frozenset(PROFILE.datasets[dataset].columns), self._clock.now())
        numbered = ((f"{place}, row {number}", row) for number, row in enumerate(rows, 1))
        return to_table(dataset, headings, numbered, self._settings, place=place, taken_at=self._clock.now())

    def _quoted(self, value: str) -> str:
        if "'" not in value:
            return value
        if self._settings.report_quote == "refuse":
            raise SettingsError(
                f"the season {value!r} has an apostrophe, which would change the filter of a report; rename it, "
                'or set report_quote = "double" once that is known to work'
            )
        return value.replace("'", "''")

    def _check_status(self, response: Response, place: str) -> None:
        if response.status == 200:
            return
        self._fail(str(response.status), "", place, f"HTTP {response.status}")

    def _fail(self, code: str, told: str, place: str, what: str) -> None:
        message = f"{place}: Zedonk answers with {what}" + (f": {told}" if told else "")
        if code in ("401", "403"):
            raise AuthenticationError(f"{message}; check username, the password for reports and key")
        if code in ("400", "404"):
            raise SettingsError(f"{message}; check report_url, report_path and [reports]")
        raise UnavailableError(f"{message}; try again later")

    def _rows(self, body: bytes, place: str) -> list[dict[str, str]]:
        """Return the rows of an answer, whatever its root is called and whatever name space it has."""
        found: list[dict[str, str]] = []
        told: dict[str, str] = {}
        path: list[str] = []
        try:
            for event, element in iterparse(_Body(body), events=("start", "end"), forbid_dtd=True):
                if event == "start":
                    path.append(_local(element))
                    if len(path) > _DEEPEST or len(found) > MOST_ROWS:
                        raise ValueError(f"nested more than {_DEEPEST} deep, or more than {MOST_ROWS} rows")
                    continue
                if path[1:] == list(_CALL.rows):
                    found.append({_local(cell): "".join(cell.itertext()) for cell in element})
                    element.clear()
                elif len(path) == 2 and path[1] in (_CALL.code, _CALL.message):
                    told[path[1]] = (element.text or "").strip()
                path.pop()
        except (ParseError, DefusedXmlException, ValueError) as error:
            raise UnavailableError(f"{place}: the answer is not whole XML ({self._plain(str(error))})") from None
        code = told.get(_CALL.code)
        if code is None:
            raise UnavailableError(f"{place}: the answer has no {_CALL.code!r}; check report_url")
        if code not in _CALL.ok:
            self._fail(code, self._plain(told.get(_CALL.message, "")), place, f"code {code or 'nothing'}")
        return found

    def _plain(self, text: str) -> str:
        for secret in filter(None, self._credentials.values()):
            text = text.replace(secret, "***")
        return " ".join(text.split())[:300]


class _Body(io.BytesIO):
    """An answer read in large pieces, for each piece has expat look at an unfinished attribute from its beginning."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(_PIECE)


def _local(element: Element) -> str:
    """Return the name of *element* without its name space, with blanks that .NET writes as `_x0020_`."""
    name = element.tag.rpartition("}")[2]
    return _HEX.sub(lambda found: chr(int(found[1], 16)), name)
