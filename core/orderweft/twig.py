"""Name the Twig forms of a template that minijinja lacks or reads otherwise, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_STRING = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"""
_TAG = re.compile(
    rf"""\{{\#.*?\#\}}|\{{%-?\s*raw\s*-?%\}}.*?\{{%-?\s*endraw\s*-?%\}}
    |\{{(?P<kind>[{{%])(?P<inside>(?:{_STRING}|[^"'])*?)[}}%]\}}""",
    re.DOTALL | re.VERBOSE,
)
_VALUE = r"""(?:"_*"|\w+(?:\.\w+|\([^()]*\)|\[[^\]]*\])*)"""
_PLAIN = r"[^?:,()\s](?:[^?:,()]*[^?:,()\s])?"
_TERNARY = (
    r"(?:(?<=[(,])|^(?:\s*(?:set\s+\w+\s*=|if\b|elseif\b))?)\s*"
    rf"(?P<c>{_PLAIN})\s*\?\s*(?P<x>{_PLAIN})\s*:\s*(?P<y>{_PLAIN})(?=\s*(?:$|[),]))"
)
_CALL = r"(?<![\w.|])(?<!\|\s)"
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Hint:
    """One Twig form found, and its replacement."""

    form: str
    """As it stands in the template."""
    line: int
    instead: str
    """What to do, such as ``write `a or b` ``."""

    @property
    def message(self) -> str:
        """Return one sentence for a person."""
        return f"line {self.line}: `{self.form}` is Twig: {self.instead}"

    def __str__(self) -> str:
        return self.message


_EXPRESSIONS = {
    rf"(?:(?P<a>{_VALUE})\s*)?\?\?(?:\s*(?P<b>{_VALUE}))?": "write `{a} | default({b})`",
    rf"(?:(?P<a>{_VALUE})\s*)?\?:(?:\s*(?P<b>{_VALUE}))?": "write `{a} or {b}`",
    rf"{_TERNARY}|(?<!\?)\?(?![?:.])": "write `{x} if {c} else {y}`",
    r"\?\.": "write `.`: an absent field is empty text",
    rf"(?:(?P<a>{_VALUE})\s+)?starts\s+with(?:\s+(?P<b>{_VALUE}))?": "write `{a} is startingwith({b})`",
    rf"(?:(?P<a>{_VALUE})\s+)?ends\s+with(?:\s+(?P<b>{_VALUE}))?": "write `{a} is endingwith({b})`",
    r"\bmatches\b": "there are no patterns: write `'x' in a`, `a is startingwith('x')` or `a is endingwith('x')`",
    r"\bis\s+same\s+as\s*\(": "write `==`",
    r"\bis\s+divisible\s+by\b": "write `is divisibleby(…)`",
    rf"(?P<a>{_VALUE})\s+is\s+not\s+(?:null|none|empty)\b": "write `{a}`: an absent field is empty text",
    rf"(?P<a>{_VALUE})\s+is\s+(?:null|none|empty)\b": "write `not {a}`: an absent field is empty text",
    r"(?P<o>[!=]=)\s*(?:null|none)\b": "write `{o} ''`: an absent field is empty text",
    r"\bb-(?:and|or|xor)\b": "there are no operators on bits",
    r"^~|~$": "write `-`",
    r"<=>": "there is none; compare with `<`, `==` and `>`",
    r"(?<![\w.])(?P<a>\w+)\s*\.\.\s*(?P<b>\w+)": "write `range({a}, {b} + 1)`",
    r"\w+\s*=>": "there are no arrow functions: write `| map(attribute='sku')` or `| selectattr('quantity', 'gt', 2)`",
    r"\|\s*replace\s*\(\s*\{(?P<pairs>[^}]*)\}\s*\)": "write `{pairs}`",
    r"\|\s*date\b": "days and instants are text: write `[:10]` for the day, `[:4]` for the year",
    rf"{_CALL}date\s*\(": "a template does not know the time; use a field of the record",
    r"\|\s*(?:raw|e|escape)\b(?:\s*\([^)]*\))?": "leave it out: text is never escaped",
    r"\|\s*join\s*\([^(),]*,\s*\"": "there is no last separator; write `join(', ')`",
    r"\|\s*keys\b": "write `for key, value in a | items`",
    r"\|\s*column\s*\(": "write `map(attribute=…)`",
    r"\|\s*json_encode\b": "write `tojson`",
    r"\|\s*url_encode\b": "write `urlencode`",
    rf"{_CALL}(?P<f>max|min)\s*\(": "write `[a, b] | {f}`",
    rf"{_CALL}attribute\s*\(": "write `a[b]`",
    rf"{_CALL}cycle\s*\(": "write `loop.cycle(…)`",
    rf"{_CALL}(?:include|source)\s*\(": "there are no other templates; write the text here",
}
_STATEMENTS = {
    r"^\s*for\s+(?P<k>\w+)\s*,\s*(?P<v>\w+)\s+in\s+(?P<o>(?:(?!\|\s*(?:items|dictsort)|\.items\().)+?)\s*$": (
        "write `for {k}, {v} in {o} | items`"
    ),
    r"^\s*apply\b\s*(?P<f>.*?)\s*$": "write `filter {f}` and `endfilter`",
    r"^\s*elseif\b": "write `elif`",
    r"^\s*verbatim\b": "write `raw` and `endraw`",
    r"^\s*(?:include|extends|embed|use|import|from)\b": "there are no other templates; write the text here",
}
_UNNAMED = {name: name for name in "abcfxy"}


_HEAVY = (
    (re.compile(r"\*\*"), "powers are not allowed"),
    (re.compile(r"(?<![\w.])\d{6,}(?!\.?\d)"), "a number may have at most five digits"),
    (re.compile(r"\]\s*\*|\*\s*\["), "a list cannot be repeated"),
)
_WIDE = re.compile(r"%[-+ #0]*\d{4,}|\{[^{}]*:[^{}]*\d{4,}[^{}]*\}")
_MOST_SETS = 10


def heavy(source: str) -> str | None:
    """Return why the template *source* could fill the memory, None when it shows no sign of it."""
    tags = [tag for tag in _TAG.finditer(source) if tag["kind"]]
    for tag in tags:
        strings = re.findall(_STRING, tag["inside"])
        if any(_WIDE.search(text) for text in strings):
            return "a width may have at most three digits"
        masked = re.sub(_STRING, '""', tag["inside"])
        if told := next((told for form, told in _HEAVY if form.search(masked)), None):
            return told
    sets = sum(tag["kind"] == "%" and tag["inside"].strip(" -+").startswith("set ") for tag in tags)
    return f"there are more than {_MOST_SETS} `set` tags" if sets > _MOST_SETS else None


def lint(source: str, *, expression: bool = False) -> list[Hint]:
    """Return a hint for each Twig form in the template *source*, in order; *expression* when it has no braces."""
    if expression:
        return list(_hints(source, source, 0, "{"))
    tags = (tag for tag in _TAG.finditer(source) if tag["kind"])
    found = (hint for tag in tags for hint in _hints(source, tag["inside"], tag.start("inside"), tag["kind"]))
    return list(dict.fromkeys(found))


def _hints(source: str, inside: str, start: int, kind: str) -> Iterator[Hint]:
    """Yield the hints of one tag, whose text *inside* begins at *start*."""
    masked = re.sub(_STRING, lambda text: f'"{"_" * (len(text[0]) - 2)}"', inside)
    rules = [*_EXPRESSIONS.items(), *(_STATEMENTS.items() if kind == "%" else ())]
    found = [(match, instead) for pattern, instead in rules for match in re.finditer(pattern, masked)]
    for match, instead in sorted(found, key=lambda hit: hit[0].start()):
        names = {name: inside[slice(*match.span(name))] for name, text in match.groupdict().items() if text}
        if "pairs" in names:
            names["pairs"] = _chain(names["pairs"])
        form = inside[slice(*match.span())] if match.end() - match.start() > 1 else inside
        line = source.count("\n", 0, start + match.start()) + 1
        yield Hint(" ".join(form.split())[:_LONGEST], line, instead.format(**{**_UNNAMED, **names}))


def _chain(pairs: str) -> str:
    """Return Twig's *pairs* of a replacement as one filter after the other."""
    literals = re.findall(rf"({_STRING}|\w[\w.]*)\s*:\s*({_STRING}|\w[\w.]*)", pairs)
    return " ".join(f"| replace({old}, {new})" for old, new in literals) or "| replace('a', 'b')"
