"""What orders that were handed over take of the stock, noted beside them."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from orderweft import Folder, RejectedError, SettingsError, UnavailableError

from ..mapping import Taken, pieces_of
from ..profiles.expressions import Context
from .files_answers import Answers
from .files_inbox import PART
from .files_outbox import Outbox, Spot, is_name


def note_pieces(folder: Folder, spot: Spot, order: Mapping[str, Any]) -> None:
    """Note what an order takes, before it is handed over."""
    folder.delete(spot.pieces)
    folder.write(spot.pieces, json.dumps(pieces_of(order)).encode())


def in_flight(outbox: Outbox, answers: Answers | None, folder: Folder, names: Context, since: datetime) -> list[Taken]:
    """Return the orders handed over since *since* that were not refused, as far as their pieces were noted."""
    one, other = (outbox.spot(key, names) for key in ("a", "b"))
    if one.notes != other.notes:
        raise SettingsError(f"{folder.name}: subtract_in_flight needs all orders in one folder")
    taken: list[Taken] = []
    for entry in folder.list(posixpath.dirname(one.pieces)):
        if not is_name(entry.name) or entry.name.endswith(PART) or (entry.modified or since) < since:
            continue
        spot = outbox.spot(entry.name, names)
        answer = answers.of(spot) if answers else None
        if (answer is None or answer.accepted != "no") and outbox.is_out(spot):
            noted = _noted(folder, spot)
            taken += [replace(noted, at=entry.modified)] if noted else []
    return taken


def _noted(folder: Folder, spot: Spot) -> Taken | None:
    """Return what was noted of an order, None when the note has just been put away, which it is long after."""
    try:
        noted = json.loads(folder.read(spot.pieces))
        lines = tuple((sku, barcode, int(pieces)) for sku, barcode, pieces in noted["lines"])
        return Taken(None, tuple(noted["warehouse"]), lines)
    except RejectedError as error:
        if not folder.exists(spot.pieces):
            return None
        raise UnavailableError(str(error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UnavailableError(f"{folder.name}: {spot.pieces!r} is damaged; look at it") from error
