"""The report endpoint: a named report run by a GET, answered with XML rows."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

from orderweft import Request, Response

from .exchange import Exchange
from .filters import BadFilterError, Filter
from .rows import COLUMNS, FILTER_COLUMNS, REPORTS, Row, rows_of
from .tenant import Tenant
from .text import write_value

DEFAULT_SEASON = "ExecuteDataAPI"
NAMED_SEASON = "SeasonNameExecuteDataAPI"
_NAMESPACE = "urn:zedonk-data-simulated"
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class _Refusal(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Reports:
    """The reports of *tenant*, for whoever has *credentials*."""

    def __init__(self, tenant: Tenant, exchange: Exchange, credentials: Mapping[str, str]) -> None:
        self._tenant = tenant
        self._exchange = exchange
        self._credentials = credentials
        self.names = dict(REPORTS)
        """The data set of each report."""

    def run(self, request: Request) -> Response:
        """Answer *request*."""
        try:
            return self._envelope(200, "", self._data(request))
        except _Refusal as refusal:
            return self._envelope(refusal.code, refusal.message, "")

    def _data(self, request: Request) -> str:
        asked = request.query
        if any(asked.get(name) != value for name, value in self._credentials.items()):
            raise _Refusal(401, "The user name, password or key is not valid.")
        dataset = self.names.get(asked.get("dataAPIName", ""))
        if dataset is None:
            raise _Refusal(404, "There is no such report.")
        if request.method != "GET":
            raise _Refusal(405, "Reports are run by GET.")
        rows = self._rows(dataset, request.path.rpartition("/")[2], asked.get("filter", ""))
        schema = self._schema(dataset) if asked.get("includeSchema") == "true" else ""
        written = schema + "".join(self._row(dataset, row) for row in rows)
        if not written and self._tenant.switches["empty_data"] == "absent":
            return ""
        return self._element("Data", written)

    def _rows(self, dataset: str, operation: str, text: str) -> list[Row]:
        columns = COLUMNS[dataset]
        seasonal = "Season" in columns and dataset != "seasons"
        try:
            wanted = Filter(text, doubled=self._tenant.switches["apostrophes"] == "doubled")
            rows = wanted.select(rows_of(self._tenant, dataset), (*columns, *FILTER_COLUMNS.get(dataset, ())))
        except BadFilterError as error:
            raise _Refusal(400, f"The filter is not valid: {error}.") from None
        if not seasonal:
            return rows
        if operation == DEFAULT_SEASON:
            return [row for row in rows if row["Season"] == self._tenant.default_season]
        if not wanted.names_season:
            raise _Refusal(400, "The filter names no season.")
        return rows

    def _columns(self, dataset: str) -> Sequence[tuple[str, str]]:
        return [(column, self._name(column)) for column in self._exchange.columns(dataset)]

    def _name(self, column: str) -> str:
        if self._tenant.switches["column_names"] == "stripped":
            return column.replace(" ", "")
        # https://learn.microsoft.com/dotnet/api/system.xml.xmlconvert.encodename
        return re.sub(r"[^A-Za-z0-9_.-]", lambda found: f"_x{ord(found[0]):04X}_", column)

    def _row(self, dataset: str, row: Row) -> str:
        switches, cells = self._tenant.switches, []
        for column, name in self._columns(dataset):
            if row[column] is not None or switches["nulls"] == "empty":
                text = write_value(column, row[column], switches, decimals="point")
                cells.append(self._element(name, html.escape(_NOT_IN_XML.sub("", text), quote=False)))
        return self._element("Reports", "".join(cells))

    def _schema(self, dataset: str) -> str:
        columns = "".join(
            f'<xs:element name="{name}" type="xs:string" minOccurs="0"/>' for _, name in self._columns(dataset)
        )
        return (
            '<xs:schema id="Data" xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="Reports">'
            f"<xs:complexType><xs:sequence>{columns}</xs:sequence></xs:complexType></xs:element></xs:schema>"
        )

    def _element(self, name: str, content: str, attribute: str = "") -> str:
        full = f"z:{name}" if self._tenant.switches["namespace"] == "prefixed" else name
        return f"<{full}{attribute}>{content}</{full}>"

    def _envelope(self, code: int, description: str, data: str) -> Response:
        switches = self._tenant.switches
        content = self._element("code", str(code)) + self._element("description", html.escape(description)) + data
        namespace = {"none": "", "default": f' xmlns="{_NAMESPACE}"', "prefixed": f' xmlns:z="{_NAMESPACE}"'}
        root = self._element(switches["root"], content, namespace[switches["namespace"]])
        body = f'<?xml version="1.0" encoding="utf-8"?>\n{root}'.encode()
        status = code if switches["errors"] == "status" else 200
        return Response(status, {"content-type": "text/xml; charset=utf-8"}, body)
