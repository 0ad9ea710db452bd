"""What holds for every outcome and every look-up while calls go wrong: nothing is said that is not known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ...http import READ_ATTEMPTS
from ...simulation import Fault
from .base import Checks
from .deeds import HOOKS, RECORDS, course, prepared, size_of
from .delivering import unknown_item
from .faults import ALL, BEFORE, DONE, DOUBT, SAFE, WAIT, worded
from .stage import Line, Stage, needs

_OUTAGES = ("503, all done", "429", "401")
"""Faults that last, at the calls before the one that changes something."""
_FEW = ("no answer, all done", "broken JSON", "429")
"""Faults at later calls and in a batch: one answer missing, one that cannot be read, one that says no."""
_TEMPTING = (
    "nobody answers the phone",
    "no answer, nothing done",
    "no answer, all done",
    "500, all done",
    "broken JSON",
    "429",
    "401",
)
"""Faults that tempt to make a call again."""
_LASTING = 999
_KEY = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
"""A random UUID, by which a channel knows a call it has carried out: RFC 9562, section 5.4."""


class Doubting(Checks):
    """What is true of every hook that changes something or looks it up, while calls go wrong."""

    @needs("find_orders", "deliver_orders", http=True)
    def test_an_outage_is_no_absence(self) -> None:
        """No fault at any call makes an order absent that is there, for it would be sent again: it is raised."""
        stage = self.stage()
        keys = [f"kit.{number}" for number, _ in enumerate(self.stocked(stage, 2))]
        _answered_right(stage, "find_orders", lambda line: line.find(*keys, "kit.nobody"))

    @needs("probe_orders", http=True)
    def test_an_outage_is_no_answer_to_a_probe(self) -> None:
        """No fault at any call makes an order refused or free that is not: what could not be asked is raised."""
        orders = [self.sample_order(0), unknown_item(self.sample_order(1))]

        def probe(line: Line) -> Any:
            answers = line.call("probe_orders", orders=orders)
            return answers and [getattr(one, "reason", None) for one in answers]

        _answered_right(self.stage(), "probe_orders", probe)

    @needs("deliver_orders", http=True)
    def test_outcomes_of_deliveries_are_true(self) -> None:
        """Whatever goes wrong, each order of a call is called there, not there or unknown, as it is."""
        self._hold("deliver_orders")

    @needs("update_orders", "deliver_orders", http=True)
    def test_outcomes_of_updates_are_true(self) -> None:
        """Whatever goes wrong, each update of a call is called made, not made or unknown, as it is."""
        self._hold("update_orders")

    @needs("cancel_orders", "deliver_orders", http=True)
    def test_outcomes_of_cancellations_are_true(self) -> None:
        """Whatever goes wrong, each order of a call is called cancelled, not cancelled or unknown, as it is."""
        self._hold("cancel_orders")

    @needs("acknowledge_orders", http=True)
    def test_outcomes_of_acknowledgements_are_true(self) -> None:
        """Whatever goes wrong, each acknowledgement of a call is called taken, not taken or unknown, as it is."""
        if _is_wanted(self.stage(), "acknowledge_orders"):
            self._hold("acknowledge_orders")

    @needs("write_inventory", http=True)
    def test_outcomes_of_stock_are_true(self) -> None:
        """Whatever goes wrong, each level of a call is called written, not written or unknown, as it is."""
        self._hold("write_inventory")

    @needs("write_catalog", http=True)
    def test_outcomes_of_products_are_true(self) -> None:
        """Whatever goes wrong, each product of a call is called written, not written or unknown, as it is."""
        self._hold("write_catalog")

    @needs("write_customers", http=True)
    def test_outcomes_of_customers_are_true(self) -> None:
        """Whatever goes wrong, each customer of a call is called written, not written or unknown, as it is."""
        self._hold("write_customers")

    @needs("write_shipments", "deliver_orders", http=True)
    def test_outcomes_of_shipments_are_true(self) -> None:
        """Whatever goes wrong, each shipment of a call is called written, not written or unknown, as it is."""
        self._hold("write_shipments")

    @needs(some=HOOKS, http=True)
    def test_a_write_goes_out_once(self) -> None:
        """A call that may change something is made once; again only as it was, under a UUID it is known by."""
        for hook in self._changing():
            alone = course(self, hook, 1)
            for commit in alone.writes:
                for name in _TEMPTING:
                    deed = prepared(self, hook, 1)
                    line = deed.stage.open(commit.spoilt(ALL[name], _LASTING))
                    deed.outcomes(line)
                    again = _sent(line, commit.operation) - alone.calls.count(commit.operation)
                    # A refused sign-in may be renewed and the call made once more, for nothing was done.
                    assert again <= (name == "401"), (
                        f"{hook} must never retry a write inside ({name}); {commit.operation} went out again"
                    )

    @needs("deliver_orders", http=True)
    def test_the_wait_of_a_write_is_passed_on(self) -> None:
        """When a write is throttled, NotSent or UnavailableError says when trying again makes sense."""
        for commit in course(self, "deliver_orders", 1).writes:
            deed = prepared(self, "deliver_orders", 1)
            (answer,) = deed.outcomes(deed.stage.open(commit.spoilt(ALL["429 with Retry-After"])))
            wait = getattr(answer, "retry_after", None) or 0
            assert wait >= WAIT, f"deliver_orders must pass on the wait asked for ({WAIT} s); it gave {worded(answer)}"

    @needs(some=tuple(RECORDS), http=True)
    def test_a_lost_record_is_written_once(self) -> None:
        """A record that arrived without an answer, and is written again, is there once, as if nothing had happened."""
        for hook in self._changing():
            if hook in RECORDS:
                clean, deed = course(self, hook, 1), prepared(self, hook, 1)
                deed.outcomes(deed.stage.open(clean.writes[0].spoilt(ALL["no answer, all done"])))
                deed.outcomes(deed.stage.open())
                assert deed.look() == clean.after, (
                    f"{hook} must look for what is there before it creates; written again after a lost answer, "
                    "the record does not stand there as if written once"
                )

    def _changing(self) -> Iterator[str]:
        """Yield the hooks that can change something with these settings."""
        stage = self.stage()
        sells = stage.can("deliver_orders")
        for hook in HOOKS:
            ours = sells or hook not in ("update_orders", "cancel_orders", "write_shipments")
            if stage.can(hook) and ours and _is_wanted(stage, hook):
                yield hook

    def _hold(self, hook: str) -> None:
        """Hold *hook* to what it says of each thing it was given, one and several, at each fault."""
        for count, name, fault in self._troubles(hook):
            usual, trouble, deed = course(self, hook, count), ALL[name], prepared(self, hook, count)
            line = deed.stage.open(fault)
            outcomes = deed.outcomes(line)
            lost = name in BEFORE and fault.operation not in usual.harmless
            arrived = sum(one not in usual.harmless for one in line.calls) > lost
            allowed = (*trouble.write, *trouble.read, *DONE, *SAFE, *(DOUBT if arrived else ()))
            told = [pair for pair in zip(deed.things, outcomes, strict=True) if not isinstance(pair[1], DOUBT)]
            whole = bool(told) and arrived and deed.is_whole(usual.after)
            for place, (thing, outcome) in enumerate(zip(deed.things, outcomes, strict=True), 1):
                where = f"{hook}, {place} of {count}, {name} at {fault.operation}"
                names = " or ".join(dict.fromkeys(one.__name__ for one in allowed))
                assert isinstance(outcome, allowed), f"{where}: must be {names}; it gave {worded(outcome)}"
                if isinstance(outcome, DOUBT):
                    continue
                there = whole or (arrived and deed.is_done(thing))
                assert there or not isinstance(outcome, DONE), (
                    f"{where}: must not say that it is done without having done it; it gave {worded(outcome)}"
                )
                assert not there or isinstance(outcome, DONE), (
                    f"{where}: must say Unknown when it may have been applied; it gave {worded(outcome)}"
                )

    def _troubles(self, hook: str) -> Iterator[tuple[int, str, Fault]]:
        """Yield how many things to do, the name of a fault and the fault."""
        alone = course(self, hook, 1)
        for place, commit in enumerate(alone.writes):
            yield from ((1, name, commit.spoilt(ALL[name])) for name in (_FEW if place else ALL))
        for operation in sorted(alone.harmless):
            yield from ((1, name, ALL[name].at(operation, times=_LASTING)) for name in _OUTAGES)
        if (size := size_of(self.stage(), hook)) > 1:
            writes = course(self, hook, size).writes
            for operation in {one.operation: None for one in writes}:
                alike = [one for one in writes if one.operation == operation]
                yield from ((size, name, alike[len(alike) // 2].spoilt(ALL[name])) for name in _FEW)


def _is_wanted(stage: Stage, hook: str) -> bool:
    return hook != "acknowledge_orders" or stage.open().acknowledge() is not None


def _answered_right(stage: Stage, hook: str, ask: Callable[[Line], Any]) -> None:
    """Hold *hook* to giving the answer it gives without a fault, or raising what the fault means."""
    line = stage.open()
    right = ask(line)
    for call, operation in enumerate(line.calls, 1):
        for name, trouble in ALL.items():
            for times in (READ_ATTEMPTS, _LASTING):
                answer = _tried(ask, stage.open(trouble.at("*", call, times)))
                names = " or ".join(one.__name__ for one in trouble.read)
                assert answer == right or isinstance(answer, trouble.read), (
                    f"{hook} must raise {names} when it cannot know ({name} at {operation}); it gave {worded(answer)}"
                )


def _tried(ask: Callable[[Line], Any], line: Line) -> Any:
    try:
        return ask(line)
    except Exception as error:  # a stranger's hook may raise anything
        return error


def _sent(line: Line, operation: str) -> int:
    """Count how often *operation* went out; what goes out again under its key, as it was, counts once."""
    sent = [one.request.body for call, one in zip(line.calls, line.exchanges, strict=True) if call == operation]
    keyed = [body for body in sent if _KEY.search(body)]
    return len(sent) - len(keyed) + len(set(keyed))
