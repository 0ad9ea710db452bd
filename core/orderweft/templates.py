"""User templates and rules: minijinja with fuel, strict about names, bounded in output, compiled once.

The order (or any record) is given as plain values: money and days as text, an absent field as empty text, so that
`{{ order.note }}` is never "None" while a misspelt field is still an error.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import minijinja
from pydantic import BaseModel

from .errors import TemplateError

FUEL = 50_000
MAX_OUTPUT = 20_000


def _money(value: Any, places: int = 2, decimal_mark: str = ".", thousands: str = "") -> str:
    try:
        amount = Decimal(str(value).strip()).quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)
    except InvalidOperation:
        raise ValueError(f"{value!r} is not an amount") from None
    return f"{amount:,f}".replace(",", "\0").replace(".", decimal_mark).replace("\0", thousands)


def _number_format(value: Any, places: int = 0, decimal_mark: str = ".", thousands: str = ",") -> str:
    return _money(value, places, decimal_mark, thousands)


def _slice(value: Any, start: int, length: int | None = None) -> Any:
    sequence = value if isinstance(value, list | tuple) else str(value)
    begin = max(0, len(sequence) + start) if start < 0 else start
    if length is None:
        return sequence[begin:]
    return sequence[begin:length] if length < 0 else sequence[begin : begin + length]


def _environment() -> minijinja.Environment:
    environment = minijinja.Environment(
        fuel=FUEL, undefined_behavior="strict", debug=False, auto_escape_callback=lambda name: False
    )
    environment.add_filter("money", _money)
    environment.add_filter("number_format", _number_format)
    environment.add_filter("slice", _slice)
    return environment


class Template:
    """A compiled text template such as `{{ order.customer.account_code | upper }}`."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._local = threading.local()
        self._compiled()

    def render(self, **values: Any) -> str:
        """Return the text; raises TemplateError naming the line, never the values."""
        try:
            text: str = self._compiled().render_template("template", **values)
        except minijinja.TemplateError as error:
            raise TemplateError(_explain(error, self.source)) from None
        except ValueError as error:
            raise TemplateError(f"{error}, in the template {self.source!r}") from None
        if len(text) > MAX_OUTPUT:
            raise TemplateError(f"the template {self.source!r} makes more than {MAX_OUTPUT} characters")
        return text

    def _compiled(self) -> minijinja.Environment:
        environment: minijinja.Environment | None = getattr(self._local, "environment", None)
        if environment is None:
            environment = _environment()
            try:
                environment.add_template("template", self.source)
            except minijinja.TemplateError as error:
                raise TemplateError(_explain(error, self.source)) from None
            self._local.environment = environment
        return environment


def values_of(record: BaseModel) -> dict[str, Any]:
    """Return *record* as templates see it."""
    filled = _fill(record.model_dump(mode="json"))
    assert isinstance(filled, dict)
    return filled


def _fill(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return {name: _fill(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_fill(item) for item in value]
    return value


def _explain(error: minijinja.TemplateError, source: str) -> str:
    what = error.message or error.kind
    where = f" on line {error.line}" if error.line and "\n" in source else ""
    return f"{what}{where}, in the template {source!r}"


class Rule:
    """A compiled condition such as `order.lines | length == 0`."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._template = Template("{% if " + source + " %}1{% endif %}")

    def holds(self, **values: Any) -> bool:
        """Return whether the condition is true; raises TemplateError."""
        return self._template.render(**values) == "1"
