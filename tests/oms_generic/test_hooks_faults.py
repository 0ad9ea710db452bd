"""Whatever fails on the way: no order of JOOR's is lost, and none comes twice, however the system writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from orderweft.testing import Fault, FaultKind, Response

from .hooks import SYSTEMS, Bench, road

ORDERS = 5
FAULTS: tuple[FaultKind, ...] = ("refuse", "timeout_before", "timeout_after", "reset_mid_body")
SERVER_ERRORS = [
    pytest.param("answer_before", 500, id="error-before"),
    pytest.param("answer_after", 502, id="error-after"),
]
UPSERT = (("write: find_first", "write: upsert_path"),)
HEADER = (
    ("write: server_rejects", "write: header"),
    ("        path: /orders\n        json:\n", """\
        path: /orders
        headers: {Idempotency-Key: =key}
        json:
"""),
)  # fmt: skip
FIND_FIRST = (("write: server_rejects", "write: find_first"),)
WAYS: dict[str, tuple[str, dict[str, Any], tuple[tuple[str, str], ...]]] = {
    **{system: (system, {}, ()) for system in SYSTEMS},
    "order_desk-accepts-copies": ("order_desk", {"duplicates": "accepted"}, ()),
    "order_desk-mixed": ("order_desk", {"duplicate_names": "id_in_field", "ids": "mixed", "error_status": "ok"}, ()),
    "cartrover-by-status": ("cartrover", {"error_status": "by_kind", "missing_order": "invalid"}, ()),
    "netsuite-upsert": ("netsuite", {"reput": "replaces"}, UPSERT),
    "netsuite-signed": ("netsuite", {"overload": "400"}, ()),
    "netsuite-no-location": ("netsuite", {"put_location": "never"}, ()),
    "skubana-refuses-copies": ("skubana", {"duplicates": "refused"}, ()),
    "in_house-find-first": ("in_house", {"duplicates": "accepted"}, FIND_FIRST),
    "in_house-header": ("in_house", {}, HEADER),
}


def bench_of(folder: Path, way: str) -> Bench:
    """Open the system of a way of writing; buyers that are new everywhere are made known."""
    system, switches, changes = WAYS[way]
    values = {"sign_in": "tba"} if way == "netsuite-signed" else {}
    return Bench(folder, system, switches, {"changes": changes, "values": values})


def write_of(bench: Bench) -> str:
    """Return the operation that creates orders."""
    return "order.upsert" if bench.system == "netsuite" else "order.create"


def all_arrive(bench: Bench, *faults: Fault) -> None:
    """Assert that all orders arrive once, while calls fail and afterwards."""
    way = road(bench, ORDERS)
    bench.spoil(*faults)
    for _ in range(3):
        way.run()
        assert len(way.arrived()) == len(set(way.arrived()))
        if len(way.joor.acknowledged) == len(way.joor.orders):
            break
        bench.clock.sleep(1000)
    assert way.arrived() == sorted(way.joor.orders) == sorted(way.joor.acknowledged)
    assert {status for status, _ in way.joor.acknowledged.values()} == {"SUCCESS"}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("way", WAYS)
def test_a_write_without_an_answer_is_looked_up(tmp_path: Path, way: str, kind: FaultKind) -> None:
    """The second and the fourth creation get no answer, or half of one, done or not."""
    bench = bench_of(tmp_path, way)
    all_arrive(bench, Fault(write_of(bench), kind, call=2), Fault(write_of(bench), kind, call=4))


@pytest.mark.parametrize(("kind", "status"), SERVER_ERRORS)
@pytest.mark.parametrize("way", WAYS)
def test_a_server_error_tells_nothing_of_a_write(tmp_path: Path, way: str, kind: FaultKind, status: int) -> None:
    """A 5xx may come before or after the order was made."""
    bench = bench_of(tmp_path, way)
    gateway = Response(status, {"content-type": "text/html"}, b"<html>Bad gateway</html>")
    all_arrive(bench, Fault(write_of(bench), kind, call=2, times=2, response=gateway))


@pytest.mark.parametrize("system", SYSTEMS)
def test_look_ups_that_fail_do_no_harm(tmp_path: Path, system: str) -> None:
    """A system that does not answer look-ups after a lost answer is asked again."""
    bench = Bench(tmp_path, system)
    find = "order.find"
    all_arrive(bench, Fault(write_of(bench), "timeout_after", call=1), Fault(find, "timeout_before", call=1, times=2))


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after"])
def test_everything_may_fail_once(tmp_path: Path, system: str, kind: FaultKind) -> None:
    """Every kind of call fails at its first time, sign-in included."""
    bench = Bench(tmp_path, system)
    names = ("auth.token", "query.customer", "query.item", "order.find", write_of(bench))
    all_arrive(bench, *(Fault(name, kind) for name in names))
