"""User templates and rules: minijinja with fuel, strict about names, bounded in output, compiled once.

The order (or any record) is given as plain values: money and days as text, an absent field as empty text, so that
`{{ order.note }}` is never "None" while a misspelt field is still an error. Filters that Twig has too do as Twig's do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, get_args

import minijinja
from pydantic import BaseModel

from .errors import TemplateError
from .twig import heavy, lint

FUEL = 50_000
MAX_OUTPUT = 20_000
MAX_SOURCE = 10_000
"""Characters a template may have; the compiler's stack ends with a few ten thousand operators in a row."""
_ROUNDING = {"common": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}


def _amount(value: Any) -> Decimal:
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise TemplateError("a filter for amounts is given something else")
    return amount


def _rounded(value: Any, places: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    amount = _amount(value).quantize(Decimal(1).scaleb(-places), rounding)
    return amount or amount.copy_abs()


def _money(value: Any, places: int = 2, decimal_mark: str = ".", thousands: str = "") -> str:
    text = f"{_rounded(value, places):,f}"
    return text.replace(",", "\0").replace(".", decimal_mark).replace("\0", thousands)


def _number_format(value: Any, places: int = 0, decimal_mark: str = ".", thousands: str = ",") -> str:
    return _money(value, places, decimal_mark, thousands)


def _round(value: Any, places: int = 0, method: str = "common") -> Any:
    amount = _rounded(value, places, _ROUNDING[method])
    if isinstance(value, str):
        return f"{amount:f}"
    return float(amount) if places > 0 else int(amount)


def _abs(value: Any) -> Any:
    return f"{_amount(value).copy_abs():f}" if isinstance(value, str) else abs(value)


def _slice(value: Any, start: int, length: int | None = None) -> Any:
    sequence = value if isinstance(value, list | tuple) else str(value)
    begin = max(0, len(sequence) + start) if start < 0 else start
    if length is None:
        return sequence[begin:]
    return sequence[begin:length] if length < 0 else sequence[begin : begin + length]


def _split(value: str, separator: str | None = None, limit: int | None = None) -> list[str]:
    if separator == "":
        return [value[start : start + (limit or 1)] for start in range(0, len(value), limit or 1)]
    if limit is None or limit < 0:
        return value.split(separator)[:limit]
    return value.split(separator, max(limit, 1) - 1)


def _default(value: Any = None, fallback: Any = "", boolean: bool = True) -> Any:
    is_number = isinstance(value, int | float) and value is not False
    return value if value or is_number else fallback


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "abs": _abs,
    "money": _money,
    "number_format": _number_format,
    "round": _round,
    "slice": _slice,
    "split": _split,
}


def _careful(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Pass absent fields on as they are, and refuse undefined ones, which minijinja hands to filters as None."""

    def careful(value: Any = None, *arguments: Any, **options: Any) -> Any:
        if value is None:
            raise TemplateError(f"the filter {name} is given a field that is undefined")
        return function(value, *arguments, **options) if value != "" else ""

    return careful


def _environment() -> minijinja.Environment:
    environment = minijinja.Environment(
        fuel=FUEL,
        undefined_behavior="strict",
        debug=True,  # only so does an error name the undefined field
        auto_escape_callback=lambda name: False,
    )
    for name, function in _FILTERS.items():
        environment.add_filter(name, _careful(name, function))
    environment.add_filter("default", _default)
    environment.remove_global("debug")
    environment.remove_global("namespace")  # with it a text can double in every round of a loop
    return environment


class Template:
    """A compiled text template such as `{{ order.customer.account_code | upper }}`."""

    def __init__(self, source: str) -> None:
        self.source = source
        if len(source) > MAX_SOURCE:
            raise TemplateError(f"the template has more than {MAX_SOURCE} characters")
        if told := heavy(source):
            raise TemplateError(f"{told}, in the template {source!r}")
        self._local = threading.local()
        self._compiled()

    def render(self, **values: Any) -> str:
        """Return the text; raises TemplateError naming the line, never the values."""
        try:
            text: str = self._compiled().render_template("template", **values)
        except minijinja.TemplateError as error:
            raise TemplateError(_explain(error, self.source)) from None
        except TemplateError as error:
            raise TemplateError(f"{error}, in the template {self.source!r}") from None
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise TemplateError(f"a filter or method is used wrongly, in the template {self.source!r}") from None
        except BaseException as error:
            # https://docs.rs/pyo3/latest/pyo3/panic/struct.PanicException.html: no Exception, and not to be imported
            if type(error).__name__ != "PanicException":
                raise
            raise TemplateError(f"a test or filter is used wrongly, in the template {self.source!r}") from None
        if len(text) > MAX_OUTPUT:
            raise TemplateError(f"the template {self.source!r} makes more than {MAX_OUTPUT} characters")
        return text

    def names(self) -> set[str]:
        """Return the dotted names it asks for, such as `order.customer.name`; not those it sets itself."""
        return set(self._compiled().undeclared_variables_in_template("template", nested=True))

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


class _Absent(Mapping[str, Any]):
    """A part of a record that is not there: false, empty, and so is every field it could have."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._fields = model.model_fields

    def __getitem__(self, name: str) -> Any:
        return _blank(self._fields[name].annotation)

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __str__(self) -> str:
        return ""


def values_of(record: BaseModel) -> dict[str, Any]:
    """Return *record* as templates see it."""
    seen: dict[str, Any] = _seen(record, record.model_dump(mode="json"))
    return seen


def _seen(value: Any, plain: Any) -> Any:
    if isinstance(value, BaseModel):
        return {
            name: _blank(field.annotation) if getattr(value, name) is None else _seen(getattr(value, name), plain[name])
            for name, field in type(value).model_fields.items()
        }
    if isinstance(value, tuple):
        return [_seen(item, below) for item, below in zip(value, plain, strict=True)]
    return plain


def _blank(annotation: Any) -> Any:
    models = [part for part in get_args(annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
    return _Absent(models[0]) if models else ""


def _explain(error: minijinja.TemplateError, source: str) -> str:
    # The name of a template that is not found may come out of the record.
    missing = error.kind == "TemplateNotFound"
    what = "there are no other templates" if missing else error.message.removesuffix(f" (in template:{error.line})")
    where = f" on line {error.line}" if error.line and "\n" in source else ""
    hints = "".join(f"; {hint.message}" for hint in lint(source)[:3])
    return f"{what}{where}, in the template {source!r}{hints}"


class Rule:
    """A compiled condition such as `order.lines | length == 0`."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._template = Template("{% if " + source + " %}1{% endif %}")

    def names(self) -> set[str]:
        """Return the dotted names it asks for."""
        return self._template.names()

    def holds(self, **values: Any) -> bool:
        """Return whether the condition is true; raises TemplateError."""
        return self._template.render(**values) == "1"
