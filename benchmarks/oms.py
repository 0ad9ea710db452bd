"""Stock of many items read through profiles: from one CSV file, and from a listing in pages over REST.

`python benchmarks/oms.py` measures 100,000 rows; `python benchmarks/oms.py 20000` another number. Each case runs in a
process of its own, so that its memory is its own. Waiting costs nothing: the clock jumps; and answers come from memory.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orderweft_oms_generic as oms
from orderweft import Connection, Http, Request, Response
from orderweft.testing import FakeClock

CASES = {"csv": "one CSV file", "rest": "pages of 500"}


def connect(clock: FakeClock, settings: dict[str, Any], handler: Any = None) -> Connection[oms.Settings]:
    """Return a connection with *settings*, whose calls *handler* answers."""
    checked = oms.Settings.model_validate(settings)
    http = Http(checked.service_url or "http://127.0.0.1:9", clock=clock, handler=handler)
    return Connection("depot", "oms_generic", checked, http, clock)


def of_csv(many: int, folder: Path) -> Connection[oms.Settings]:
    """Return a connection to a folder with *many* levels in one file."""
    clock, file = FakeClock(), folder / "stock" / "stock.csv"
    file.parent.mkdir()
    with file.open("w", encoding="utf-8") as written:
        written.write("sku,upc,warehouse,qty_available,as_of\n")
        written.writelines(f"SKU-{number:06d},,MAIN,{number % 97},2026-11-02\n" for number in range(many))
    os.utime(file, (clock.now().timestamp(),) * 2)
    return connect(clock, {"profile": "files_csv", "folder": str(folder)})


def of_rest(many: int) -> Connection[oms.Settings]:
    """Return a connection to an Order Desk store with *many* items."""

    def answer(request: Request) -> Response:
        start, limit = int(request.query.get("offset", 0)), int(request.query["limit"])
        rows = [
            {"id": number, "name": "Poplin Shirt Navy S", "code": f"SKU-{number:06d}", "stock": number % 97,
             "price": 46.0, "location": "", "metadata": {}}
            for number in range(start, min(start + limit, many))
        ]  # fmt: skip
        return Response.of_json({"status": "success", "total_records": many, "inventory_items": rows})

    values = {"store_id": "1", "api_key": "key"}
    settings = {"profile": "order_desk", "base_url": "http://127.0.0.1:9", "values": values}
    return connect(FakeClock(), settings, answer)


def measure(case: str, many: int) -> None:
    """Read everything once and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        connection = of_csv(many, Path(folder)) if case == "csv" else of_rest(many)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        started = time.perf_counter()
        rows = sum(len(page.records) for page in oms.read_inventory(connection))
        seconds = time.perf_counter() - started
        connection.close()
    assert rows == many, rows
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{many:>8} rows, {CASES[case]:<14} {seconds:>6.1f} s, {many / seconds:>7.0f} rows/s, "
        f"peak {peak:.0f} MiB ({before:.0f} before)"
    )


def main() -> None:
    """Print the figures of every case, or of the one that is named."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    if len(sys.argv) > 2:
        measure(sys.argv[2], many)
        return
    for case in CASES:
        subprocess.run([sys.executable, __file__, str(many), case], check=True)


if __name__ == "__main__":
    main()
