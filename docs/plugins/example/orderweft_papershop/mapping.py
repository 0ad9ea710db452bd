"""Orders written as the channel wants them, and its answers read; no I/O."""

from typing import Any

from orderweft import Accepted, AlreadyThere, Order, Outcome, Receipt, Refused, Response, UnavailableError, Unknown


def from_order(order: Order) -> dict[str, Any]:
    """Write an order; money goes as text, never as a float."""
    lines = [{"barcode": one.barcode, "quantity": one.quantity, "price": str(one.unit_price)} for one in order.lines]
    addresses = [address.to_data() for address in order.addresses]
    return {"number": order.number, "customer": order.customer.account_code, "addresses": addresses, "lines": lines}


def to_receipt(response: Response) -> Receipt:
    """Read what the channel calls an order."""
    identity, number = to_texts(response, "id", "number")
    return Receipt(id=identity, number=number)


def to_outcome(response: Response) -> Outcome:
    """Read what became of an order that was put there."""
    try:
        if response.status == 201:
            return Accepted(receipt=to_receipt(response))
        if response.status == 200:
            return AlreadyThere(receipt=to_receipt(response))
        if response.status == 422:
            return Refused(reason="refused", message=to_texts(response, "error")[0])
    except UnavailableError:  # half an answer, or a proxy's, which says nothing about the order
        pass
    return Unknown(message=f"HTTP {response.status} does not say whether the order is there")


def to_texts(response: Response, *names: str) -> list[str]:
    """Read the texts of those *names*; raises UnavailableError when the answer is not the channel's own."""
    try:
        return [response.json()[name].strip() for name in names]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UnavailableError(f"the answer has no {' and '.join(names)}; check base_url") from None
