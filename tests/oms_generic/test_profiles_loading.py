"""Loading of profiles: every mistake, with its line, at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from orderweft import SettingsError
from orderweft_oms_generic.profiles.loading import bundled, load_profile, parse_profile
from orderweft_oms_generic.profiles.starter import starter_profile

from .profile_text import TEXT, small_profile, small_text

UNREAD = """\
samples:
  - operation: inventory.read
    body: '{"rows": [{"sku": "B"}]}'
    expect: '{"is": "ok"}'
"""
"""A row without the quantity it needs, in a sample that expects nothing of it."""


@pytest.mark.parametrize("name", sorted(bundled()))
def test_a_bundled_profile_loads(name: str) -> None:
    """Every profile that is shipped passes its own samples, and says what is still to be confirmed."""
    profile = load_profile(name)
    assert profile.id == name
    assert profile.confirm
    assert profile.status == ("retired" if name == "tradegecko" else "experimental")


def test_the_starter_loads_under_its_new_name() -> None:
    """What `profiles new` writes passes the check as it is."""
    text = starter_profile("our_system")
    assert parse_profile(text, "our_system.yaml").id == "our_system"
    assert len([line for line in text.splitlines() if line.strip().startswith("# ")]) > 20
    with pytest.raises(SettingsError, match="is not the name of a profile"):
        starter_profile("Our System")


def test_a_profile_is_found_by_path(tmp_path: Path) -> None:
    """A path, relative to the configuration, is as good as the id of a bundled profile."""
    (tmp_path / "mine.yaml").write_text(TEXT, encoding="utf-8")
    assert load_profile("mine.yaml", tmp_path).id == "small"
    with pytest.raises(SettingsError, match="does not exist"):
        load_profile("other.yaml", tmp_path)
    with pytest.raises(SettingsError, match="did you mean order_desk"):
        load_profile("orderdesk")


def test_a_profile_is_tried_once_until_its_text_changes(tmp_path: Path) -> None:
    """Settings that are read again and again cost no trial of the samples; what was changed is tried anew."""
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT, encoding="utf-8")
    first = load_profile(str(path))
    assert load_profile(str(path)) is first
    path.write_text(TEXT.replace("title: Small", "title: Changed"), encoding="utf-8")
    assert load_profile(str(path)).title == "Changed"


def test_values_stay_text() -> None:
    """YAML's guesses are not made: NO is a country, not false."""
    assert small_profile().settings["shop"].default == "NO"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1\nb: *x\n", "p.yaml:1: this is not YAML: anchors and aliases are not known here"),
        ("a: !!python/object:os.system 1\n", "p.yaml:1: this is not YAML: tags are not known here"),
        ("a: [1\n", "this is not YAML"),
        ("a: 1\nb: \0\n", "p.yaml:2: this is not YAML: unacceptable character #x0000"),
        ("[" * 5000, "nested too deeply"),
        ("a: b\n" * 200_000, "too long"),
        ("- 1\n", "begins with `profile: 1`"),
        ("", "begins with `profile: 1`"),
        ("a: 1\n---\nb: 1\n", "this is not YAML"),
    ],
    ids=["alias", "tag", "open", "character", "deep", "long", "list", "empty", "two"],
)
def test_yaml_is_read_strictly(text: str, message: str) -> None:
    """Aliases, tags, monsters and half files are refused before anything looks at them."""
    with pytest.raises(SettingsError) as caught:
        parse_profile(text, "p.yaml")
    assert message in str(caught.value)


def test_all_mistakes_are_told_at_once_with_their_lines() -> None:
    """One look at the message is enough to mend a profile: file, line, dotted path and what was expected."""
    broken = small_text(
        ("title: Small\n", "title: Small\ntitle: Twice\n"), ("status: experimental", "status: new"),
        ("  write: find_first\n", "  write: find_first\n  wirte: x\n"), ("is: refused", "is: no"),
    )  # fmt: skip
    with pytest.raises(SettingsError) as caught:
        parse_profile(broken, "p.yaml")
    lines = str(caught.value).splitlines()
    assert lines == [
        "p.yaml:3: title: is given twice, again on line 4",
        "p.yaml:5: status: must be 'experimental', 'live' or 'retired'",
        "p.yaml:15: rules.0.is: must be 'ok', 'absent', 'already_there', 'throttled', 'not_applied', 'unknown', "
        "'credentials', 'refused' or 'settings'",
        "p.yaml:20: orders.wirte: is not known here",
    ]


CITY = "=order.addresses[?role == 'delivery'] | [0].city"
MISTAKES = [
    (CITY, "=order.addreses[0].city", "there is no `addreses`; did you mean addresses"),
    (CITY, "=order.addresses.city", "`city` is asked of a list"),
    (CITY, "=order.number[0:4]", "texts cannot be cut that way"),
    ("shop: =settings.shop", "shop: =settings.shp", "there is no `shp`; did you mean shop"),
    ("shop: =settings.shop", "shop: =settings.token", "`token` is a secret"),
    ("shop: =settings.shop", "shop: =row.x", "there is no `row`"),
    ("shop: =settings.shop", "shop: =lookup('shops', key)", "there is no map 'shops'"),
    ("shop: =settings.shop", "shop: true", "write =`true`"),
    ("shop: =settings.shop", "shop: {$v: x, $type: int}", "is not a type; did you mean"),
    ("shop: =settings.shop", "shop: {$v: x, $type: [date]}", "json.shop.$type: must be text"),
    ("shop: =settings.shop", "shop: {$v: x}", "json.shop.$type: is not a type"),
    ("shop: =settings.shop", "shop: {$v: x, $type: date, $format: '%c'}", "is no format"),
    ("shop: =settings.shop", "shop: {$each: order.lines}", "a list needs $each"),
    ("shop: =settings.shop", "shop: {$each: order.number, $as: n, $do: =n}", "gives no list"),
    ("shop: =settings.shop", "shop: {$each: order.lines, $as: order, $do: =order}", "the name order is taken"),
    ("shop: =settings.shop", "shop: 'SELECT ${key}'", "sqltext()"),
    ("${urlpath(key)}", "${key}", "in urlpath()"),
    ("token: =settings.token", "token: abcdef0123456789", "a secret never stands in a profile"),
    ("token: =settings.token", "token: =settings.shop", "a secret never stands in a profile"),
    ("kind: bearer, token: =settings.token", "kind: basic, user: x", "basic needs `password`"),
    ("needed: true, meaning: Token.", "default: abc, meaning: Token.", "has no default"),
    ("default: NO, meaning", "default_from: token, meaning", "as secret as this one"),
    ("message: =body.text", "message: =headers.\"X-Text\"", "must be written in small letters"),
    ("message: =body.text", "message: =lowr(body.text)", "there is no function lowr()"),
    ("page: pages", "page: page", "there is no 'page'; did you mean pages"),
    ("kind: page, size_param", "kind: cursor, size_param", "cursor needs `next`"),
    ("        item: {sku!: =row.sku}\n", "", "lacks item, which every StockLevel needs"),
    ("        item: {sku!: =row.sku}", "        item: {skuu: =row.sku}", "is no field of the record; did you mean sku"),
    ("origin: {id!: =row.sku}", "origin: {revision: =row.sku}", "lacks origin.id"),
    ("allowed: A-Za-z0-9_-", "allowed: 'A-Z]'", "does not list characters"),
    ("call: {path: /stock}", "call: {path: /stock, budgets: [slow]}", "there is no 'slow'"),
    ("call: {path: /stock}", "call: {path: /stock, method: POST, json: {q: SELECT x FROM y}}", "needs ORDER BY"),
    ("  id: =body.id\n", "  id: =saved.x\n", "there is no `x`"),
    ("\n    found: body.order", "\n    found: body.order\n    number: =found.", "is not an expression"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES, ids=[new.strip()[:40] for _, new, _ in MISTAKES])
def test_lint_finds_what_would_fail_later(old: str, new: str, message: str) -> None:
    """Names that do not exist, secrets, and what belongs together are found when the profile is loaded."""
    with pytest.raises(SettingsError) as caught:
        small_profile((old, new))
    assert message in str(caught.value)


def test_find_is_needed_to_write_orders() -> None:
    """Without a way to look an order up, one whose answer was lost could be created twice."""
    text = TEXT[: TEXT.index("  find:")] + TEXT[TEXT.index("  steps:") :]
    with pytest.raises(SettingsError, match="find_first needs `find`"):
        parse_profile(text, "p.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"city": "Oslo"}},', '"city": "Rome"}},', "`request.json.city` is 'Oslo', expected 'Rome'"),
        ('"shop": "NO", ', "", "`request.json.shop` is 'NO', expected to be left out"),
        ('"receipt": {"id": "7"}', '"receipt": {"id": "8"}', "`receipt.id` is '7', expected '8'"),
        ('"quantity": "1"', '"quantity": "2"', "`records[0].quantity` is '1', expected '2'"),
        ('"n": 1}]}', '"n": "x"}]}', "quantity: Input should be a valid integer"),
        ("operation: inventory.read", "operation: inventory.reed", "did you mean inventory.read"),
        ('"next": null', '"next": {"query": {"page": "2", "size": "2"}}', "`next` is None"),
        ("    body: '{\"id\": 7}'", "    status: 500", "`is` is 'unknown', expected 'ok'"),
        ("    body: '{\"id\": 7}'", "    body: {id: 7}", "write it as JSON text"),
        ("    body: '{\"id\": 7}'", "    body: '{id: 7}'", "is not JSON"),
        ("when: body.code == 'none'", "when: lower(body) == 'x'", "fails on the answer"),
        ('"addresses": [{"role": "delivery", "city": "Oslo"}]', '"addresses": []', "json.city: `=order.addresses"),
        ('"n": 1}]}', '"n": 1}, {"sku": "B"}]}', "no `problems` are expected: small record.quantity: `=row.n` gives"),
        ("given: '{\"key\": \"k1\"}'", "given: '{\"key\": 1}'", "given.key must be text"),
        ("given: \"{}\"", "given: '{\"settings\": 1}'", "given.settings must be a map"),
        ("path: /stock}", "path: /stock, query: =settings.shop}", "query: must be a map, not str"),
        ("origin: {id!: =row.sku}", "origin: {id: x, $each: body, $as: x, $do: x}", "a list needs $each"),
        ("origin: {id!: =row.sku}", "origin: =row.sku", "origin.id: Field required"),
        ("samples:\n", UNREAD, "no `problems` are expected: small record.quantity: `=row.n` gives nothing"),
    ],
)  # fmt: skip
def test_a_profile_whose_samples_come_out_differently_does_not_load(old: str, new: str, message: str) -> None:
    """Each sample is rendered, classified and read; the message names what came out and what was expected."""
    with pytest.raises(SettingsError) as caught:
        small_profile((old, new))
    assert message in str(caught.value)


def test_every_call_needs_a_sample() -> None:
    """A call no sample tries would run for the first time on a live account."""
    text = TEXT[: TEXT.index("  - operation: inventory.read")]
    with pytest.raises(SettingsError) as caught:
        parse_profile(text, "p.yaml")
    assert "no sample of inventory.read expects a `request`" in str(caught.value)
    assert "no sample of inventory.read expects `records`" in str(caught.value)
