"""What JOOR remembers of one account's orders, and every way it can change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from orderweft import Clock

from .model import ExportState, Order, Status
from .switches import Switches


class Books:
    """The orders of one account, shared by both generations of the API and by the people in JOOR."""

    def __init__(self, orders: Iterable[Order], clock: Clock, switches: Switches) -> None:
        self.orders = {order.id: order for order in orders}
        self.marked: set[int] = set()
        """Orders whose export state a read has changed."""
        self.acknowledged: dict[int, tuple[str, str]] = {}
        """The last export status and description set by v4, by order id."""
        self.deleted_styles: set[str] = set()
        self._clock = clock
        self._switches = switches
        self._v4_states: dict[int, ExportState] = {}

    def mark(self, order: Order, state: ExportState, details: str = "") -> None:
        """Change the export state of *order* because it was read."""
        self.marked.add(order.id)
        self._export(order, state, details)

    def acknowledge(self, order: Order, state: ExportState, status: str, description: str) -> None:
        """Change the export state of *order* because v4 was told to."""
        self.acknowledged[order.id] = (status, description)
        if self._switches["v4_export"] == "separate":
            self._v4_states[order.id] = state
            self._touched(order)
        elif state != "never" or self._switches["v4_undefined"] == "resets":
            self._export(order, state, description)

    def reset(self, order: Order) -> None:
        """Forget that *order* was ever exported."""
        self._v4_states.pop(order.id, None)
        self._export(order, "never", "")

    def v4_state(self, order: Order) -> ExportState:
        """Return the export state of *order* as v4 sees it."""
        if self._switches["v4_export"] == "separate":
            return self._v4_states.get(order.id, "never")
        return order.export_state

    def change_status(self, order: Order, status: Status) -> None:
        """Give *order* another status."""
        order.status = status
        order.modified_at = self._clock.now()
        if status == "approved":
            order.approved_at = order.modified_at

    def drop_lines(self, style_id: int, kind: str, value: str) -> None:
        """Remove a color or size of a style from every order, whatever its status."""
        for order in self.orders.values():
            kept = [line for line in order.lines if line.style_id != style_id or getattr(line, kind) != value]
            if len(kept) < len(order.lines):
                order.lines = kept
                order.modified_at = self._clock.now()

    def pending(self, default: str) -> Counter[tuple[str, int, str, str]]:
        """Return the pieces on pending orders by warehouse (*default* where none is named), style, color and size."""
        pieces: Counter[tuple[str, int, str, str]] = Counter()
        for order in self.orders.values():
            if order.status == "pending":
                for line in order.lines:
                    place = (order.header["warehouse_name"] or default, line.style_id, line.color, line.size)
                    pieces[place] += line.quantity
        return pieces

    def _export(self, order: Order, state: ExportState, details: str) -> None:
        order.export_state, order.export_details = state, details
        order.exported_at = self._clock.now() if state == "success" else None
        self._touched(order)

    def _touched(self, order: Order) -> None:
        if self._switches["export_modifies"]:
            order.modified_at = self._clock.now()
