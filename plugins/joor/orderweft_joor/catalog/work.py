"""One product on its way to JOOR."""

from __future__ import annotations

from dataclasses import dataclass, field

from orderweft import Accepted, AlreadyThere, ChannelError, NotSent, Outcome, Product, Reason, Receipt, Refused, Unknown

from ..mapping import Grid, Pair


@dataclass(eq=False)
class Work:
    """One product, and how far it has come."""

    product: Product
    id: str = ""
    """JOOR's id; empty until it is there."""
    grid: Grid = field(default_factory=Grid)
    ids: dict[Pair, str] = field(default_factory=dict)
    """JOOR's ids of the SKUs."""
    remarks: list[str] = field(default_factory=list)
    touched: bool = False
    """Whether something of it may have been written."""
    outcome: Outcome | None = None

    def refuse(self, message: str, reason: Reason = "refused", fix: str | None = None) -> None:
        """Settle it as refused, unless it is settled already."""
        self.outcome = self.outcome or Refused(reason=reason, message=f"{self.product.label}: {message}", fix=fix)

    def accept(self, *, pending: bool = False) -> None:
        """Settle it as taken, or as there before when nothing had to be written."""
        receipt = Receipt(id=self.id, number=self.product.style_number, remarks=tuple(self.remarks), pending=pending)
        self.outcome = Accepted(receipt=receipt) if self.touched else AlreadyThere(receipt=receipt)

    def interrupt(self, error: ChannelError) -> None:
        """Settle it after JOOR stopped answering: what may have been written in part is in doubt."""
        if self.touched:
            self.outcome = Unknown(message=f"{self.product.label}: it may be in JOOR in part; {error}")
        else:
            self.outcome = NotSent(message=f"{self.product.label}: {error}", retry_after=error.retry_after)
