"""Print which mutants the kit catches, and by which check: `make mutants`."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Collection

from rich.console import Console
from rich.table import Table

from .mutation import CHECKS, Mutant, mutants


def main(every: Collection[Mutant], checks: Collection[str]) -> int:
    """Print the score of *every* mutant and return the exit code: 1 when one lives or one of the *checks* has none."""
    table = Table("Check", "Mutant", "Caught", title="What the conformance kit catches")
    caught: Counter[str] = Counter()
    for name in checks:
        for one in (mutant for mutant in every if mutant.check == name):
            is_caught = bool(one.verdict())
            caught[name] += is_caught
            table.add_row(name.removeprefix("test_").replace("_", " "), one.name, "yes" if is_caught else "NO")
    total, idle = sum(caught.values()), [name for name in checks if not caught[name]]
    console = Console()
    console.print(table)
    console.print(f"Mutants killed: {total} of {len(every)}, by {len(checks) - len(idle)} of {len(checks)} checks.")
    return 0 if total == len(every) and not idle else 1


if __name__ == "__main__":
    warnings.simplefilter("error")
    sys.exit(main(mutants(), CHECKS))
