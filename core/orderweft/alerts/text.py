"""A digest in words: the subject, and the text below it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from ..config.alerts import Detail
from .model import ABOUT_ALL, Digest, Over, Problem

SHOWN = 20
"""Orders or records listed for each reason; the others are counted."""


def subject(digest: Digest) -> str:
    """Return the new facts in one line."""
    if digest.is_test:
        return "Orderweft: this alert works"
    urgent = "URGENT: " if any(one.is_urgent for one in digest.problems) else ""
    return " ".join(f"Orderweft: {urgent}{'; '.join(_facts(digest))}".split())


def _facts(digest: Digest) -> Iterator[str]:
    for one in digest.problems:
        if one.kind in ABOUT_ALL:
            yield _headline(one)
    held = [one for one in digest.problems if one.kind not in (*ABOUT_ALL, "note")]
    new, again = ([one for one in held if one.is_again is told] for told in (False, True))
    if new:
        yield f"{_many(new, digest.noun)} {_needs(new)} you ({_reasons(new)})"
    if again:
        yield f"{_many(again, digest.noun)} still {_needs(again)} you ({_reasons(again)})"
    changed = [one for one in digest.problems if one.kind == "note"]
    if changed:
        yield f"{_many(changed, digest.noun)} changed after delivery"
    ended = [one for one in digest.over if one.kind not in ABOUT_ALL]
    if ended:
        yield f"{_many(ended, digest.noun)} no longer {'waits' if len(ended) == 1 else 'wait'}"
    yield from dict.fromkeys(f"{_named(one)} works again" for one in digest.over if one.kind in ABOUT_ALL)


def body(digest: Digest, detail: Detail) -> str:
    """Return what a person reads, as far as *detail* allows."""
    if digest.is_test:
        return "This is a test. Nothing is wrong; whoever reads this is told when something needs a person.\n"
    return "\n".join(_lines(digest, detail)).strip() + "\n"


def _lines(digest: Digest, detail: Detail) -> Iterator[str]:
    when = f"{digest.at:%Y-%m-%d %H:%M} UTC"
    run = f", run {digest.run}" if digest.run else ""
    yield f"Pipeline {digest.pipeline}{run}, {when}" if digest.pipeline else when
    for one in digest.problems:
        if one.kind in ABOUT_ALL:
            yield from _failed(one, detail)
    held = sorted(
        (one for one in digest.problems if one.kind not in ABOUT_ALL),
        key=lambda one: (not one.is_urgent, str(one.deadline or ""), one.reason, one.label),
    )
    urgent = [one for one in held if one.is_urgent]
    if urgent:
        yield from _group(digest, f"Urgent, the ship window closes: {_many(urgent, digest.noun)}", urgent, detail)
    others = sorted((one for one in held if not one.is_urgent), key=attrgetter("reason"))
    for reason, group in groupby(others, key=attrgetter("reason")):
        found = list(group)
        yield from _group(digest, f"{_begun(_words(reason))}: {_many(found, digest.noun)}", found, detail)
    if digest.over:
        yield from _over(digest, detail)


def _failed(one: Problem, detail: Detail) -> Iterator[str]:
    yield ""
    yield _begun(_headline(one)) + (f": {one.message}" if detail != "none" else ".")
    yield f"  What to do: {one.fix}"
    yield f"  {one.command}"


def _group(digest: Digest, title: str, found: Sequence[Problem], detail: Detail) -> Iterator[str]:
    general = f"orderweft {'orders list' if found[0].kind != 'record' else f'records {digest.pipeline}'} --state held"
    yield ""
    yield title
    if detail == "none":
        yield f"  {general}"
        return
    for one in found[:SHOWN]:
        yield f"- {_called(one)}: {one.message.rstrip('.')}.{_why_now(one)}"
        if one.fix:
            yield f"  What to do: {one.fix}"
        yield f"  {one.command}"
    if len(found) > SHOWN:
        yield f"- and {len(found) - SHOWN} more: {general}"


def _called(one: Problem) -> str:
    return f"{one.label} ({one.customer})" if one.customer else one.label


def _why_now(one: Problem) -> str:
    reason = f" {_begun(_words(one.reason))}; the ship window closes on {one.deadline}." if one.is_urgent else ""
    return f"{reason} Told before." if one.is_again else reason


def _over(digest: Digest, detail: Detail) -> Iterator[str]:
    yield ""
    held = [one for one in digest.over if one.kind not in ABOUT_ALL]
    if held and detail == "none":
        yield f"No longer waiting: {_many(held, digest.noun)}"
    elif held:
        yield "No longer waiting:"
        yield from (f"- {one.label} {one.message}" for one in held[:SHOWN])
        if len(held) > SHOWN:
            yield f"- and {len(held) - SHOWN} more"
    names = dict.fromkeys(_named(one) for one in digest.over if one.kind in ABOUT_ALL)
    yield from (f"{_begun(name)} works again." for name in names)


def _headline(one: Problem) -> str:
    what = {"run_failed": "has failed", "run_stopped": "was stopped by the guard", "alert_failed": "does not work"}
    return f"{_named(one)} {what[one.reason]}"


def _named(one: Problem | Over) -> str:
    return f"{'pipeline' if one.kind == 'run' else 'alert'} {one.label}"


def _reasons(problems: Iterable[Problem]) -> str:
    counts = Counter(_words(one.reason) for one in problems)
    return ", ".join(f"{many} {reason}" for reason, many in counts.most_common())


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _needs(found: Sequence[Problem]) -> str:
    return "needs" if len(found) == 1 else "need"


def _many(found: Sequence[object], noun: str) -> str:
    return f"{len(found)} {noun.removesuffix('s') if len(found) == 1 else noun}"


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]
