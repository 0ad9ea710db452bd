"""What is told after a run, to whom, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from orderweft import SettingsError
from orderweft.alerts import alert, failed
from orderweft.config import Config, PipelineConfig, PipelineSettings, load_config
from orderweft.ledger import Signature, find
from orderweft.ledger.alerts import Telling, alert_channels, intend, told
from orderweft.runs import RecordReport, Report
from orderweft.runs.actions import skip
from orderweft.serve import Finished, InTurn, Server, answer
from orderweft.testing import SimulatorServer

from ..inbox import Inbox
from .memory import CONFIG, World, order

HOUR, DAY = 3600, 24 * 3600


class Office(World):
    """A world in which somebody is alerted."""

    def __init__(self, folder: Path, url: str, extra: str = "") -> None:
        hook = f'[alerts.ops]\nkind = "webhook"\nwhere = "{url}/ops"\nsecret = "s"\n'
        super().__init__(folder, CONFIG + hook + extra)

    @property
    def config(self) -> Config:
        """Return the configuration."""
        return load_config(self.path, self.plugins)

    def tick(self, after: float = 0) -> Report:
        """Run once, let so much time pass before, and alert."""
        self.clock.sleep(after)
        report = self.run()
        alert(report, self.config, self.ledger, self.clock)
        return report

    def hold(self, *numbers: int, **fields: object) -> Report:
        """Run with these orders, each of which is held for lack of stock."""
        self.offer(*(order(number, **fields) for number in numbers))
        self.script = ["no stock"] * len(numbers)
        return self.tick()


@pytest.fixture
def inbox() -> Inbox:
    """Give where messages arrive."""
    return Inbox()


@pytest.fixture
def url(inbox: Inbox) -> Iterator[str]:
    """Give the address of the inbox."""
    with SimulatorServer(inbox.handle) as server:
        yield server.url


@pytest.fixture
def office(tmp_path: Path, url: str) -> Iterator[Office]:
    """Give a world with one alert."""
    office = Office(tmp_path, url)
    yield office
    office.ledger.close()


def test_one_message_tells_all_that_is_new(office: Office, inbox: Inbox) -> None:
    """A run's holds come in one digest by reason, with what is wrong, what to do, and the command; then it is quiet."""
    office.offer(*map(order, (1, 2, 3)))
    office.script = ["no stock", "no stock", "rejected"]
    assert office.tick().warnings == []
    [message] = inbox.take()
    assert message["subject"] == "Orderweft: 3 orders need you (2 no stock, 1 refused)"
    assert "No stock: 2 orders\n- " in message["text"]
    assert " (C1): 2 wanted, 1 there.\n  What to do: restock it\n  orderweft orders why " in message["text"]
    assert "Example Store" not in str(message)
    [refused] = [one for one in message["problems"] if one["reason"] == "refused"]
    assert refused["command"] == f"orderweft orders why {refused['label']}"
    office.tick(HOUR / 6)
    office.busy = {"wholesale:1", "wholesale:2", "wholesale:3"}
    assert inbox.take() == []
    office.hold(4)
    assert inbox.subjects() == ["Orderweft: 1 order needs you (1 no stock)"]


def test_what_still_waits_is_told_again_and_its_end_too(office: Office, inbox: Inbox) -> None:
    """After `repeat` it is told once more; when it is delivered that is told, once."""
    office.hold(1)
    office.script = ["no stock"] * 5
    office.tick(DAY - 60)
    office.tick(60)
    assert inbox.subjects() == [
        "Orderweft: 1 order needs you (1 no stock)", "Orderweft: 1 order still needs you (1 no stock)",
    ]  # fmt: skip
    office.script.clear()
    office.tick(2 * DAY)
    office.tick(HOUR)
    [message] = inbox.take()
    assert message["subject"] == "Orderweft: 1 order no longer waits"
    assert "- 1 was delivered as S-wholesale:1" in message["text"]
    assert told(office.ledger, "ops", "orders") == []


def test_another_reason_is_news(office: Office, inbox: Inbox) -> None:
    """An order that waits for something else now is told at once."""
    office.hold(1)
    office.script = ["rejected"]
    office.tick(HOUR)
    assert inbox.subjects()[1] == "Orderweft: 1 order needs you (1 refused)"


def test_a_closing_window_is_urgent(office: Office, inbox: Inbox) -> None:
    """A hold whose ship window closes soon is told once more, marked, with the day."""
    office.hold(1, window={"complete": "2026-11-12"})
    office.script = ["no stock"] * 9
    office.tick(3 * HOUR)
    assert len(inbox.take()) == 1
    office.configure(office.path.read_text() + 'repeat = "99d"\n')
    office.tick(3 * DAY)
    office.tick(HOUR)
    [message] = inbox.take()
    assert message["subject"] == "Orderweft: URGENT: 1 order still needs you (1 no stock)"
    assert "No stock; the ship window closes on 2026-11-12. Told before." in message["text"]


def test_a_failed_run_is_told_once_and_that_it_works_again(office: Office, inbox: Inbox) -> None:
    """A channel that is down, then refuses our credentials, are two facts; a count that differs is none."""
    office.offer(order(1))
    office.script = ["credentials"]
    assert office.tick().result == "failed"
    for text in ("shop: answered HTTP 502 4 times", "shop: answered HTTP 503 1 times"):
        alert(replace(office.run(), result="failed", error=text), office.config, office.ledger, office.clock)
    messages = inbox.take()
    assert [one["subject"] for one in messages] == ["Orderweft: pipeline orders has failed"] * 2
    assert "the store does not know us" in messages[0]["text"]
    assert "\n  orderweft check orders\n" in messages[0]["text"]
    assert "HTTP 502" in messages[1]["text"]
    alert(failed("orders", SettingsError("another account")), office.config, office.ledger, office.clock)
    office.tick()
    office.tick()
    assert inbox.subjects() == ["Orderweft: pipeline orders has failed", "Orderweft: pipeline orders works again"]


def test_a_change_after_delivery_is_told_once(tmp_path: Path, url: str, inbox: Inbox) -> None:
    """With `on_change = "alert"` the difference is told, later once more for a further change, and never again."""
    office = Office(tmp_path, url)
    office.offer(order(1))
    office.tick()
    for quantity, subjects in ((3, 0), (4, 1), (5, 1)):
        if quantity == 4:
            office.configure(office.path.read_text().replace('"shop"\n[al', '"shop"\non_change = "alert"\n[al'))
        line = {"key": "1", "barcode": "2000000000008", "quantity": quantity, "unit_price": "10.00"}
        office.offer(order(1, lines=[line]))
        office.tick(HOUR)
        office.tick(8 * DAY if quantity == 5 else 2 * DAY)
        found = inbox.take()
        assert [one["subject"] for one in found] == ["Orderweft: 1 order changed after delivery"] * subjects
    assert "- 1: after it was delivered as S-wholesale:1: " in found[0]["text"]
    assert "2 -> 5" in found[0]["text"]
    assert "  orderweft orders show 1\n" in found[0]["text"]
    office.tick(DAY)
    assert (inbox.take(), told(office.ledger, "ops", "orders")) == ([], [])
    office.ledger.close()


def test_a_guard_that_stops_a_run_is_told(office: Office, inbox: Inbox) -> None:
    """The objections and the plan command are in the message."""
    ends = office.config.pipelines["orders"]
    settings = PipelineSettings(moves="inventory", source="wholesale", destination="shop")
    config = replace(
        office.config, pipelines={"my stock": PipelineConfig("my stock", settings, ends.source, ends.destination)}
    )
    report = RecordReport("my stock", "inventory", 1, Counter(), stops=["9 of 10 go to zero"], result="stopped")
    alert(report, config, office.ledger, office.clock)
    [message] = inbox.take()
    assert message["subject"] == "Orderweft: pipeline my stock was stopped by the guard"
    assert "guard: 9 of 10 go to zero\n" in message["text"]
    assert "  orderweft plan 'my stock'\n" in message["text"]


def test_a_flood_is_one_short_message(office: Office, inbox: Inbox) -> None:
    """Many holds of one reason are counted beyond the first twenty; none of them is told again."""
    office.hold(*range(1, 31))
    [message] = inbox.take()
    assert message["subject"] == "Orderweft: 30 orders need you (30 no stock)"
    assert message["text"].count("orderweft orders why") == 20
    assert "- and 10 more: orderweft orders list --state held" in message["text"]
    alert(office.run(number="none"), office.config, office.ledger, office.clock)
    assert inbox.take() == []


@pytest.mark.parametrize(
    ("detail", "there", "absent"),
    [
        pytest.param("none", ["No stock: 1 order"], ["4711", "C1", "Jane", "Example", "wanted"], id="none"),
        pytest.param(
            "numbers", ["4711 (C1)", "refuses [left out] of [left out], C1"], ["Jane", "Example"], id="numbers"
        ),
        pytest.param(
            "names", ["4711 (C1 Example Store)", "refuses [left out] of Example Store, C1"], ["Jane"], id="names"
        ),
    ],
)
def test_people_are_named_as_far_as_allowed(
    office: Office, inbox: Inbox, detail: str, there: list[str], absent: list[str]
) -> None:
    """What a message says of an order and its customer follows `detail`, whatever the destination has quoted."""
    office.configure(office.path.read_text() + f'detail = "{detail}"\n')
    office.offer(order(4711, customer={"account_code": "C1", "name": "Example Store", "buyer": "Jane Doe"}))
    office.script = ["no stock"]
    report = office.run()
    with office.ledger.transaction() as db:
        db.execute("UPDATE orders SET message = 'it refuses JANE DOE of Example Store, C1: 2 wanted'")
    alert(report, office.config, office.ledger, office.clock)
    [message] = inbox.take()
    assert all(text in message["text"] for text in there), message["text"]
    assert not [text for text in absent if text.lower() in str(message).lower()]


def test_each_alert_hears_what_it_asked_for(tmp_path: Path, url: str, inbox: Inbox) -> None:
    """Reasons and pipelines are chosen per alert; one that wants no recoveries hears of none."""
    wishes = {"b": 'reasons = ["no_stock"]\nrecovery = false', "c": 'pipelines = ["orders"]',
              "d": 'reasons = ["refused"]', "e": "pipelines = []"}  # fmt: skip
    other = f'[alerts.{{0}}]\nkind = "webhook"\nsecret = "s"\nwhere = "{url}/{{0}}"\n{{1}}\n'
    extra = "".join(other.format(*wish) for wish in wishes.items())
    office = Office(tmp_path, url, f"recovery = false\n{extra}")
    office.hold(1)
    assert [request.path for request in inbox.requests] == ["/ops", "/b", "/c"]
    office.tick(HOUR)
    assert [request.path for request in inbox.requests[3:]] == ["/c"]
    assert told(office.ledger, "ops", "orders") == []
    office.ledger.close()


def test_a_failing_alert_is_told_by_the_others(tmp_path: Path, url: str, inbox: Inbox) -> None:
    """It changes nothing about the run, is told to the other alerts, and catches up once it works."""
    broken = Inbox()
    with SimulatorServer(broken.handle) as server:
        extra = f'[alerts.chat]\nkind = "slack"\nwhere = "{server.url}/t0ken"\n'
        office = Office(tmp_path, url, extra)
        broken.status = 500
        report = office.hold(1)
        assert (report.result, report.held) == ("held", 1)
        [warning] = report.warnings
        assert warning.startswith("alert 'chat': 127.0.0.1:")
        assert "answered HTTP 500; what it should have told is told after a later run" in warning
        assert inbox.subjects() == ["Orderweft: 1 order needs you (1 no stock)", "Orderweft: alert chat does not work"]
        office.script = ["no stock"] * 9
        office.tick(60)
        assert inbox.take() == []
        row = alert_channels(office.ledger)["chat"]
        assert (row.sent, row.failures, row.failed_at) == (0, 2, "2026-11-02T09:00:00.000000Z")
        broken.take()
        broken.status = 200
        assert office.tick(60).warnings == []
        assert "1 order needs you (1 no stock)" in broken.take()[0]["text"]
        assert inbox.subjects() == ["Orderweft: alert chat works again"]
        office.tick(60)
        assert (broken.take(), inbox.take()) == ([], [])
        office.ledger.close()


def test_an_alert_that_cannot_be_told_keeps_nothing_from_the_others(tmp_path: Path, url: str, inbox: Inbox) -> None:
    """A row nobody can read is a warning of the run, which is reported, and the other alerts are told."""
    office = Office(tmp_path, url, f'[alerts.b]\nkind = "webhook"\nsecret = "s"\nwhere = "{url}/b"\n')
    office.hold(1)
    inbox.take()
    with office.ledger.transaction() as db:
        db.execute("UPDATE alerts SET told_at = 'some day' WHERE alert = 'ops'")
    office.configure(office.path.read_text().replace('"shop"\n[al', '"shop"\nschedule = "15m"\n[al'))
    office.offer(order(1), order(2))
    office.script = ["no stock"] * 2
    runs: list[Finished] = []
    server = Server(office.config, office.plugins, office.clock, pool=InTurn(), on_finish=runs.append)
    office.clock.sleep(DAY)
    server.tick()
    assert [request.path for request in inbox.requests] == ["/b"]
    [run] = runs
    assert run.report is not None
    assert run.report.warnings == ["alert 'ops' could not be told: unexpected ValueError"]
    office.ledger.close()


def test_a_server_alerts_too(office: Office, inbox: Inbox) -> None:
    """Each run of `serve` is told like one by hand, and its metrics count the messages and show a failing alert."""
    scheduled = office.path.read_text().replace('"shop"\n[al', '"shop"\nschedule = "15m"\n[al')
    office.configure(f"{scheduled}\n[serve]\njitter = 0\n")
    office.offer(order(1))
    office.script = ["no stock", "rejected"]
    server = Server(office.config, office.plugins, office.clock, pool=InTurn())
    server.tick()
    assert inbox.subjects() == ["Orderweft: 1 order needs you (1 no stock)"]
    inbox.status = 500
    office.clock.sleep(HOUR)
    server.tick()
    page = answer(server, "/metrics")[2].decode()
    assert 'orderweft_alert_messages_total{alert="ops",result="taken"} 1.0' in page
    assert 'orderweft_alert_messages_total{alert="ops",result="failed"} 1.0' in page
    assert 'orderweft_alert_failing{alert="ops"} 1.0' in page


def test_a_change_that_is_refused_waits_like_an_order(office: Office, inbox: Inbox) -> None:
    """A change after delivery that is held is told with its reason, and so is its end, by hand; no name is in it."""
    office.configure(office.path.read_text().replace('"shop"\n[al', '"shop"\non_change = "alert"\n[al'))
    office.offer(order(1))
    report = office.tick()
    with office.ledger.transaction() as db:
        db.execute("UPDATE orders SET revision = 2")
        db.execute(
            "INSERT INTO changes (pipeline, id, revision, base, cancelled, state, seen_at, diff, run, reason, message,"
            " fix) VALUES ('orders', 1, 2, 1, 0, 'held', '3', '[1]', 1, 'refused', 'Example Store is shut', 'ask them')"
        )
        db.execute("UPDATE revisions SET revision = 2")
    alert(report, office.config, office.ledger, office.clock)
    skip(office.ledger, find(office.ledger, "1"), Signature("ann", "they know"))
    alert(report, office.config, office.ledger, office.clock)
    first, last = inbox.take()
    assert first["subject"] == "Orderweft: 1 order needs you (1 refused)"
    assert last["subject"] == "Orderweft: 1 order no longer waits"
    assert "- 1 (C1): its change after delivery: [left out] is shut.\n  What to do: ask them\n" in first["text"]
    assert "- 1 has no change that waits any more" in last["text"]


def test_a_lost_answer_repeats_a_message_a_few_times(office: Office, inbox: Inbox) -> None:
    """It goes out again under its own id: two more times soon, then once an hour, until it is answered."""
    inbox.is_mute = True
    office.hold(1)
    office.busy = {"wholesale:1"}
    report = office.run(number="none")
    for _ in range(120):
        office.clock.sleep(60)
        alert(report, office.config, office.ledger, office.clock)
    ids = {request.headers["orderweft-id"] for request in inbox.requests}
    assert (len(ids), len(inbox.requests)) == (1, 4)
    inbox.is_mute = False
    for _ in range(3):
        office.clock.sleep(HOUR)
        alert(report, office.config, office.ledger, office.clock)
    assert len(inbox.requests) == 5


def test_a_crash_before_the_answer_is_stored_loses_nothing(office: Office, inbox: Inbox) -> None:
    """Of a process that died while it sent, nobody knows; the message goes out after five minutes."""
    office.offer(order(1))
    office.script = ["no stock"]
    report = office.run()
    intend(office.ledger, "ops", "orders", [Telling("order", "1", "no_stock", urgent=False)])
    for seconds in (60, 240):
        office.clock.sleep(seconds)
        alert(report, office.config, office.ledger, office.clock)
    assert inbox.subjects() == ["Orderweft: 1 order needs you (1 no stock)"]


@pytest.mark.parametrize(
    ("table", "mistake"),
    [
        ('kind = "pigeon"', "alerts.x.kind: has to be one of: email, slack, webhook"),
        ('kind = "slack"\nwhere = "http://chat.example.com/a"', "x.where: must begin with https://"),
        ('kind = "slack"\nwhere = "https://chat.example.com/a"\nrepeat = "soon"', "must be an interval such as '4h'"),
        ('kind = "slack"\nwhere = "https://a.example"\npipelines = ["order"]', "no pipeline 'order'; did you mean"),
        ('kind = "slack"\nwhere = "https://a.example"\nreasons = ["no_stok"]', "alerts.x.reasons.0: should be"),
        ('kind = "slack"\nwhere = "env:NOBODY_HAS_SET_IT"', "the environment variable NOBODY_HAS_SET_IT is not set"),
        ('kind = "webhook"\nwhere = "https://a.example"', "alerts.x.secret: is needed and missing"),
        ('kind = "email"\nserver = "mx.example"\nsender = "a@b.example"\nwhere = "a"', "must be a plain e-mail"),
        (
            'kind = "email"\nserver = "mx.example"\nsender = "a@b.example"\nwhere = ["a@b.example"]\nsecurity = "none"',
            'security = "none" is allowed for a mail server on this machine only',
        ),
    ],
    ids=["kind", "http", "repeat", "pipeline", "reason", "unset", "secret", "address", "plain"],
)  # fmt: skip
def test_mistakes_are_told_with_their_line(tmp_path: Path, table: str, mistake: str) -> None:
    """A table that is wrong keeps anything from running, like every mistake in the file."""
    world = World(tmp_path)
    world.configure(f"{CONFIG}\n[alerts.x]\n{table}\n")
    with pytest.raises(SettingsError) as told_so:
        load_config(world.path, world.plugins)
    assert mistake in str(told_so.value)
    assert "orderweft.toml:1" in str(told_so.value)
    world.ledger.close()


def test_held_customers_are_told_by_code(office: Office, inbox: Inbox) -> None:
    """The name of a held customer stays out of the message; that it is gone from the holds is told."""
    ends = office.config.pipelines["orders"]
    settings = PipelineSettings(moves="customers", source="wholesale", destination="shop")
    customers = PipelineConfig("customers", settings, source=ends.source, destination=ends.destination)
    config = replace(office.config, pipelines={"customers": customers})
    with office.ledger.transaction() as db:
        db.execute(
            "INSERT INTO entries (pipeline, key, label, state, reason, message, changed_at, run) VALUES ('customers',"
            " 'code:C1', 'C1 Example Store', 'held', 'invalid_field', 'C1 Example Store: EXAMPLE STORE is odd', '', 1)"
        )
    report = RecordReport("customers", "customers", 1, Counter(), held=1, result="held")
    alert(report, config, office.ledger, office.clock)
    with office.ledger.transaction() as db:
        db.execute("DELETE FROM entries")
    alert(report, config, office.ledger, office.clock)
    first, last = inbox.take()
    assert first["subject"] == "Orderweft: 1 customer needs you (1 invalid field)"
    assert "- C1: [left out] is odd.\n  orderweft records customers --state held\n" in first["text"]
    assert "- C1 is no longer held" in last["text"]
    assert "example store" not in f"{first}{last}".lower()
