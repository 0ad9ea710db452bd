"""Step *map*: set fields of an order by the pipeline's templates."""

from __future__ import annotations

from ..errors import InvalidRecordError, TemplateError
from ..ledger import Staged, Verdict
from ..records import Order
from ..rules import FieldMap


def map_order(staged: Staged, order: Order, field_map: FieldMap) -> Order | Verdict:
    """Return *order* with its mapped fields set, or the hold that says which mapping fails."""
    try:
        return field_map.apply(order)
    except (TemplateError, InvalidRecordError) as error:
        return Verdict(staged, "held", "invalid_field", str(error), "correct the pipeline's map or the order")
