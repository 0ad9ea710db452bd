"""A week of five pipelines in which nearly everything goes wrong once, and nobody does anything about it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from orderweft.runs import delivery_key

from .week import NO_PRODUCTS, NO_SUCH_CLIENT, TOO_MANY, Happening, Week, week

NAVY, ECRU, MOSS = "1001-401-S", "1001-110-M", "1001-330-L"
NEW = "1002-401-S"
"""What the shop has and Zedonk does not know yet."""

WEEK: tuple[tuple[str, str, Happening], ...] = (
    ("Mon 09:10", "a customer orders", lambda w: w.order("edited", NAVY, 4)),
    ("Mon 09:11", "another one orders", lambda w: w.order("revoked", ECRU, 2, "C101")),
    ("Mon 10:10", "our own store orders, which a rule leaves out", lambda w: w.order("ours", NAVY, 1, "C109")),
    ("Mon 11:10", "an order for a style Zedonk has never heard of", lambda w: w.order("early", NEW, 3)),
    ("Mon 13:10", "an order for more than the shop has", lambda w: w.order("large", MOSS, 900, "C102")),
    ("Mon 16:10", "an order comes", lambda w: w.order("interrupted", NAVY, 2)),
    ("Mon 16:30", "the process dies while it is delivered", lambda w: w.die()),
    ("Tue 08:05", "an order comes", lambda w: w.order("delayed", ECRU, 5)),
    ("Tue 08:10", "the shop cannot be reached", lambda w: w.spoil("shop", "refuse")),
    ("Tue 11:10", "the shop is back", lambda w: w.mend("shop")),
    ("Tue 14:10", "a delivered order is edited", lambda w: w.edit("edited", 3)),
    ("Tue 17:10", "a delivered order is cancelled", lambda w: w.cancel("revoked")),
    ("Wed 08:10", "the new style appears in Zedonk", lambda w: w.add_style("1002", "Navy")),
    ("Wed 09:10", "the shop is restocked", lambda w: w.restock(MOSS, 2000)),
    ("Wed 11:40", "JOOR wants no more requests", lambda w: w.spoil("joor", "answer_before", TOO_MANY)),
    ("Wed 12:40", "JOOR answers again", lambda w: w.mend("joor")),
    ("Thu 09:05", "an order comes", lambda w: w.order("locked out", NAVY, 6)),
    ("Thu 09:10", "the shop refuses our credentials",
     lambda w: w.spoil("shop", "answer_before", NO_SUCH_CLIENT, "oauth.token")),
    ("Thu 10:10", "the shop takes them again", lambda w: w.mend("shop")),
    ("Thu 13:10", "an order for more than the shop has", lambda w: w.order("given up", ECRU, 5000)),
    ("Thu 16:10", "it is cancelled", lambda w: w.cancel("given up")),
    ("Fri 09:10", "the shop says that it has nothing",
     lambda w: w.spoil("shop", "answer_before", NO_PRODUCTS, "ReadProducts")),
    ("Fri 13:10", "JOOR's shelves are as full as the shop's all the same", lambda w: w.agree_on_stock()),
    ("Fri 13:11", "the shop says what it has", lambda w: w.mend("shop")),
    ("Fri 22:05", "the machine sleeps until Sat 07:05", lambda w: w.sleep(9)),
    ("Sun 00:30", "Berlin has its first 02:30", lambda w: None),
    ("Sun 01:30", "Berlin has its second 02:30", lambda w: None),
    ("Sun 10:10", "a customer orders whom Zedonk does not know", lambda w: w.order("stranger", MOSS, 1, "C108")),
    ("Mon after 02:00", "the week is over", lambda w: w.agree_on_stock()),
)  # fmt: skip

ENDS = {
    "ours": ("skipped: our own store", "skipped: our own store"),
    "given up": ("cancelled", "delivered"),
    "stranger": ("delivered", "held: unknown_customer"),
}
"""How orders have to end in the shop and in Zedonk that are not delivered to both."""

RUNS = {
    "sales": {
        "Mon 00:00 to 16:00, every half hour": 33,
        "16:45 to 23:45, after the death and the quarter of an hour its claim lasts": 15,
        "Tue 00:15 to 23:45, without 09:15, 10:15 and 11:15, as failures draw runs apart": 48 - 3,
        "Wed, without 12:45": 48 - 1,
        "Thu, without 10:15": 48 - 1,
        "Fri 00:15 to 21:45": 44,
        "Sat 07:05 to 23:35: one run for all that were slept through": 34,
        "Sun 00:05 to 23:35": 48,
        "Mon after 00:05 to 01:35": 4,
    },
    "orders": {
        "Mon 03:00 to 21:00: a cron pipeline waits for its first time": 7,
        "Tue to Fri, every three hours": 4 * 8,
        "Sat 07:05, for 00:00, 03:00 and 06:00, then 09:00 to 21:00": 1 + 5,
        "Sun, and Mon after 00:00": 8 + 1,
    },
    "shop_stock": {
        "Mon 00:00 to Fri 22:00, every two hours": 60,
        "Sat 07:05 to 23:05": 9,
        "Sun 01:05 to Mon after 01:05": 13,
    },
    "styles": {"Mon to Fri at 00:30, Sat at 07:05": 6, "Sun at 00:30 and not at 01:30": 1, "Mon after at 01:30": 1},
    "customers": {"Mon to Fri at 00:00, Sat and Sun at 07:05": 7},
}
"""How often each pipeline has run, and why."""

FAILED = {
    "sales": ["Tue 08:15", "Tue 08:45", "Tue 09:45", "Tue 10:45", "Wed 11:45", "Wed 12:15", "Thu 09:15", "Thu 09:45"],
    "orders": ["Wed 12:00"],
    "shop_stock": ["Tue 10:00", "Thu 10:00", "Fri 10:00", "Fri 12:00"],
    "styles": [],
    "customers": [],
}
"""The runs that did not come through, those stopped by the guard among them."""

MAILS = {
    "Mon": [
        "1 order needs you (1 unknown item)",
        "1 order needs you (1 no stock)",
    ],
    "Tue": [
        "pipeline sales has failed",
        "pipeline shop_stock has failed",
        "pipeline sales works again",
        "pipeline shop_stock works again",
        "1 order still needs you (1 unknown item)",
        "1 order still needs you (1 no stock)",
        "1 order changed after delivery",
        "1 order changed after delivery",
        "1 order changed after delivery",
    ],
    "Wed": [
        "1 order no longer waits",
        "1 order no longer waits",
        "pipeline sales has failed",
        "pipeline orders has failed",
        "pipeline sales works again",
        "pipeline orders works again",
    ],
    "Thu": [
        "pipeline sales has failed",
        "pipeline shop_stock has failed",
        "pipeline sales works again",
        "pipeline shop_stock works again",
        "1 order needs you (1 no stock)",
        "1 order no longer waits",
        "1 order changed after delivery",
    ],
    "Fri": [
        "pipeline shop_stock was stopped by the guard",
        "pipeline shop_stock works again",
    ],
    "Sun": ["1 order needs you (1 unknown customer)"],
}

HELD = {
    "sales": {
        "Mon 16:45 to 23:45": 15,
        "Tue, but for the runs that failed": 45 - 4,
        "Wed 00:15 to 08:45": 18,
        "Thu 13:15 to 15:45": 6,
    },
    "orders": {"Mon 18:00 and 21:00": 2, "Tue": 8, "Wed 00:00 to 06:00": 3, "Sun 12:00 to Mon after 00:00": 5},
}
"""How many runs have left an order held since the process that died, and when."""

METRICS = {
    'orderweft_runs_total{pipeline="sales",result="held"}': sum(HELD["sales"].values()),
    'orderweft_runs_total{pipeline="sales",result="failed"}': 8,
    'orderweft_runs_total{pipeline="sales",result="done"}': 317 - 33 - 80 - 8,
    'orderweft_runs_total{pipeline="orders",result="held"}': sum(HELD["orders"].values()),
    'orderweft_runs_total{pipeline="orders",result="failed"}': 1,
    'orderweft_runs_total{pipeline="orders",result="done"}': 54 - 5 - 18 - 1,
    'orderweft_runs_total{pipeline="shop_stock",result="stopped"}': 2,
    'orderweft_runs_total{pipeline="shop_stock",result="failed"}': 2,
    'orderweft_runs_total{pipeline="shop_stock",result="done"}': 82 - 9 - 2 - 2,
    'orderweft_runs_total{pipeline="styles",result="done"}': 8 - 1,
    'orderweft_runs_total{pipeline="customers",result="done"}': 7 - 1,
    'orderweft_orders{pipeline="sales",state="delivered"}': 8,
    'orderweft_orders{pipeline="sales",state="cancelled"}': 1,
    'orderweft_orders{pipeline="sales",state="skipped"}': 1,
    'orderweft_orders{pipeline="orders",state="delivered"}': 8,
    'orderweft_orders{pipeline="orders",state="held"}': 1,
    'orderweft_orders{pipeline="orders",state="skipped"}': 1,
    'orderweft_held{pipeline="orders",reason="unknown_customer"}': 1,
    'orderweft_alert_messages_total{alert="ops",result="taken"}': sum(map(len, MAILS.values())),
}
"""The numbers at the end. Runs are those since the process that died: all, but for what had run until Mon 16:30."""


def test_a_week(tmp_path: Path) -> None:
    """Every order ends once and with a reason, no tick is missed or made up for twice, and people hear of it once."""
    with week(tmp_path) as w:
        for when, _, happens in WEEK:
            w.until(when)
            happens(w)
        each_order_has_one_end(w)
        assert {name: len(w.began(name)) for name in RUNS} == {name: sum(why.values()) for name, why in RUNS.items()}
        assert {name: w.began(name, "failed", "stopped") for name in FAILED} == FAILED
        assert w.mails() == MAILS
        assert w.metrics(*{name.partition("{")[0] for name in METRICS}) == METRICS


def each_order_has_one_end(w: Week) -> None:
    """Assert where each order has ended, that it is there once, and that JOOR was told of all."""
    both = ("delivered", "delivered")
    ends = {name: ENDS.get(name, both) for name in w.numbers.values()}
    in_shop, in_zedonk = w.ends("sales"), w.ends("orders")
    assert {name: (in_shop[name], in_zedonk[name]) for name in in_shop.keys() | in_zedonk.keys()} == ends
    keys = {name: delivery_key("joor", str(number)) for number, name in w.numbers.items()}
    there = Counter(str(order.external_id) for order in w.home.shop.orders)
    assert there == Counter(keys[name] for name, (end, _) in ends.items() if end == "delivered")
    there = Counter(order.external_id for order in w.home.zedonk.orders.values())
    assert there == Counter(keys[name] for name, (_, end) in ends.items() if end == "delivered")
    [edited] = w.home.shop.orders_by_external_id(keys["edited"])
    assert [line.current_quantity for line in edited.line_items] == [3]
    assert w.home.joor.acknowledged.keys() == w.numbers.keys() - {w.number("ours")}
    with w.home.ledger() as ledger:
        left = "SELECT key FROM attempts WHERE coalesce(outcome, 'unknown') = 'unknown'"
        assert not ledger.rows(f"{left} UNION SELECT id FROM acknowledgements WHERE due = 1")
