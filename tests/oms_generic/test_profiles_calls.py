"""Requests out of profiles, and what their answers mean."""

from __future__ import annotations

from typing import Any

import pytest
from orderweft import RejectedError, SettingsError, TemplateError, UnavailableError
from orderweft_oms_generic.profiles.answers import (
    Found,
    classify,
    find_result,
    lookup_value,
    read_rows,
    receipt_of,
    row_errors,
    saved_values,
)
from orderweft_oms_generic.profiles.calls import (
    auth_of,
    base_url,
    budgets_of,
    key_of,
    render_auth,
    render_call,
    resolve_settings,
)
from orderweft_oms_generic.profiles.loading import load_profile
from orderweft_oms_generic.profiles.model import Call, Profile, Rows

from .profile_text import small_profile

ORDER: dict[str, Any] = {"number": "1", "addresses": [{"role": "delivery", "city": "Oslo"}]}


def _create(profile: Profile) -> Call:
    assert profile.orders is not None
    return profile.orders.steps[0].call


def _find(profile: Profile) -> Call:
    assert profile.orders is not None
    assert profile.orders.find is not None
    return profile.orders.find.call


def test_a_call_is_rendered_with_the_settings() -> None:
    """The request is made of the order, the key and the settings, and of nothing else."""
    profile = small_profile()
    call = render_call(profile, _create(profile), {"order": ORDER, "key": "k", "settings": {"shop": "7", "token": "s"}})
    assert (call.method, call.path, dict(call.query), call.form) == ("POST", "/orders", {}, None)
    assert call.json == {"ref": "k", "shop": "7", "city": "Oslo"}


def test_a_missing_field_names_profile_place_and_field() -> None:
    """Who holds the order learns which field it lacks."""
    profile = small_profile()
    with pytest.raises(TemplateError) as caught:
        render_call(profile, _create(profile), {"order": {"number": "1"}, "key": "k"})
    assert str(caught.value).startswith("small orders.steps.create json.city: `=order.addresses")


def test_secrets_are_for_auth_only() -> None:
    """Even a profile that was never checked cannot put a secret into a request."""
    profile = small_profile()
    call = Call.model_validate({"path": "/x", "query": {"t": "=settings.token", "s": "=settings.shop"}})
    rendered = render_call(profile, call, {"settings": {"token": "very-secret", "shop": "7"}})
    assert rendered.query == {"s": "7"}
    assert render_auth(profile, "main", {"token": "very-secret"}).token == "very-secret"
    with pytest.raises(SettingsError, match=r"auth\.main\.token is empty"):
        render_auth(profile, "main", {"token": None})


@pytest.mark.parametrize("path", ["x", "//x", "/a/../b", "/a?b=1", "/a b", "/a#b", "/a\\b", "/${a}"])
def test_a_path_stays_below_the_base(path: str) -> None:
    """Whatever a path is filled with, the request goes where the profile says."""
    with pytest.raises(TemplateError):
        render_call(small_profile(), Call.model_validate({"path": path}), {"a": "../../admin"})


def test_settings_are_completed_and_checked() -> None:
    """Defaults and stand-ins are filled in; all mistakes are told at once."""
    profile = load_profile("cartrover")
    values = resolve_settings(profile, {"cart_user": "u", "cart_key": "k"})
    assert (values["merchant_user"], values["merchant_key"], values["ref_length"]) == ("u", "k", "30")
    with pytest.raises(SettingsError) as caught:
        resolve_settings(profile, {"cart_usr": "u"})
    assert [line.split(" ")[0] for line in str(caught.value).splitlines()] == ["cart_usr", "cart_user", "cart_key"]


def test_the_base_address_is_one_of_the_hosts() -> None:
    """A setting cannot lead the credentials to somebody else."""
    profile = load_profile("netsuite")
    assert base_url(profile, {"account": "1234567_SB1"}) == (
        "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest"
    )
    for account in ("evil.example/", "a@evil.example/", "x.y", "a b", "evil.example#", ""):
        with pytest.raises(SettingsError):
            base_url(profile, {"account": account})
    with pytest.raises(SettingsError, match="may talk to"):
        render_auth(profile, "oauth2", {"account": "evil.example/", "client_id": "c", "private_key": "k",
                                        "certificate_id": "i"})  # fmt: skip


def test_credentials_and_budgets_have_defaults() -> None:
    """A call names its credentials and budgets only where they differ."""
    netsuite, cartrover = load_profile("netsuite"), load_profile("cartrover")
    assert auth_of(netsuite, _create(netsuite), {"sign_in": "tba"}) == "tba"
    with pytest.raises(SettingsError, match="cannot sign in by 'x'"):
        auth_of(netsuite, _create(netsuite), {"sign_in": "x"})
    assert auth_of(cartrover, _create(cartrover), {}) == "main"
    assert cartrover.inventory.read is not None
    assert cartrover.inventory.read.call is not None
    assert auth_of(cartrover, cartrover.inventory.read.call, {}) == "merchant"
    assert budgets_of(cartrover, cartrover.inventory.read.call) == ("main",)
    assert budgets_of(cartrover, _create(cartrover)) == ()


def test_keys_never_meet() -> None:
    """A key that has to be changed for the system keeps apart from every other."""
    profile = load_profile("cartrover")
    settings = {"ref_length": "20"}
    keys = ["joor:1", "joor-1", "joor.1", "x" * 20, "x" * 21, "x" * 22]
    fitted = [key_of(profile, key, settings) for key in keys]
    assert len(set(fitted)) == len(keys)
    assert all(len(key) <= 20 for key in fitted)
    assert fitted[1] == "joor-1"


@pytest.mark.parametrize(
    ("status", "body", "write", "read"),
    [
        (200, {"id": 1}, "ok", "ok"),
        (204, None, "ok", "ok"),
        (301, None, "unknown", "not_applied"),
        (400, {}, "refused", "settings"),
        (401, {}, "credentials", "credentials"),
        (404, {"code": "none"}, "refused", "absent"),
        (404, "<html>", "refused", "settings"),
        (408, None, "unknown", "not_applied"),
        (418, {"text": "no tea"}, "refused", "refused"),
        (429, None, "throttled", "throttled"),
        (500, {"id": 1}, "unknown", "not_applied"),
        (503, "<html>", "unknown", "not_applied"),
    ],
)
def test_http_decides_where_no_rule_does(status: int, body: Any, write: str, read: str) -> None:
    """A write that may have been applied is unknown; a page that is not there is no missing order."""
    profile = small_profile()
    assert classify(profile, _create(profile), status, {}, body).is_ == write
    assert classify(profile, _find(profile), status, {}, body).is_ == read


@pytest.mark.parametrize("status", [200, 409])
def test_a_rule_may_call_an_answer_unknown(status: int) -> None:
    """A write may have been done then, whatever HTTP says; a read has changed nothing and is asked again."""
    rule = """  - {when: "contains(coalesce(body.error, ''), 'timeout')", is: unknown}\n"""
    profile = small_profile(("rules:\n  - {status: [418]", f"rules:\n{rule}  - {{status: [418]"))
    body = {"error": "Database timeout", "id": 7}
    assert classify(profile, _create(profile), status, {}, body).is_ == "unknown"
    assert classify(profile, _find(profile), status, {}, body).is_ == "not_applied"


def test_the_message_is_the_systems_own() -> None:
    """People read what the system said, without line breaks and not for pages."""
    profile = small_profile()
    assert classify(profile, _create(profile), 418, {}, {"text": "no tea"}).message == "Small: no tea"
    long = classify(profile, _create(profile), 400, {}, "x\ny " * 500).message
    assert long.startswith("Small answered HTTP 400: x y x")
    assert len(long) < 400


@pytest.mark.parametrize("body", [{"order": []}, {"order": None}, {}, [], None, "x"])
def test_nothing_found_is_no_order(body: Any) -> None:
    """PHP's empty lists and null mean the same."""
    profile = small_profile()
    assert profile.orders is not None
    assert profile.orders.find is not None
    assert find_result(profile, profile.orders.find, body, {}, {"key": "k"}) is None


def test_two_orders_of_one_key_are_for_a_person() -> None:
    """Which of two orders is meant is never guessed; the same one told twice is one."""
    profile = load_profile("order_desk")
    assert profile.orders is not None
    assert profile.orders.find is not None
    body = {"orders": [{"id": 1, "source_id": "k"}, {"id": 1, "source_id": "k"}, {"id": 3, "source_id": "kk"}]}
    assert find_result(profile, profile.orders.find, body, {}, {"key": "k"}) == Found("1", "1")
    body["orders"].append({"id": 2, "source_id": "k"})
    with pytest.raises(RejectedError, match="2 orders with the key k: 1, 2"):
        find_result(profile, profile.orders.find, body, {}, {"key": "k"})


def test_a_new_order_is_told_by_header_or_steps() -> None:
    """Ids come from the body, from a header or from an earlier step; none at all means: look it up."""
    netsuite, gecko = load_profile("netsuite"), load_profile("tradegecko")
    assert netsuite.orders is not None
    assert gecko.orders is not None
    assert receipt_of(netsuite, netsuite.orders, None, {"Location": "/a/salesOrder/9"}, {}) == Found("9")
    assert receipt_of(netsuite, netsuite.orders, None, {}, {}) is None
    saved = saved_values(gecko, gecko.orders.steps[0], {"order": {"id": 8, "order_number": "N"}}, {}, {})
    assert receipt_of(gecko, gecko.orders, None, {}, {"saved": saved}) == Found("8", "N")


def test_a_lookup_gives_the_value_or_nothing() -> None:
    """A hit that only resembles what was asked for is none."""
    gecko = load_profile("tradegecko")
    assert gecko.orders is not None
    lookup = gecko.orders.lookups["variant"]
    body = {"variants": [{"id": 14, "sku": "TEE-S"}]}
    assert lookup_value(gecko, lookup, body, {}, {"item": {"sku": "TEE-S"}}) == 14
    assert lookup_value(gecko, lookup, body, {}, {"item": {"sku": "TEE"}}) is None


def test_a_row_that_cannot_be_read_does_not_stop_the_others() -> None:
    """The row is named with what is wrong with it."""
    profile = small_profile()
    assert profile.inventory.read is not None
    body = {"rows": [{"sku": "A", "n": 1}, {"sku": "B"}, {"n": 3}]}
    records, problems = read_rows(profile, profile.inventory.read.rows, body, {}, {})
    assert [record["origin"]["id"] for record in records] == ["A"]
    assert [problem.id for problem in problems] == ["B", "row 3"]
    assert problems[0].problem == "small record.quantity: `=row.n` gives nothing, and a value is needed"


@pytest.mark.parametrize("body", [{}, {"rows": None}, {"rows": {}}, "x", None])
def test_no_list_is_not_an_empty_list(body: Any) -> None:
    """An answer in another form must not look as if there were no stock."""
    profile = small_profile()
    assert profile.inventory.read is not None
    with pytest.raises(UnavailableError, match="sent no list of rows"):
        read_rows(profile, profile.inventory.read.rows, body, {}, {})


def test_rows_are_grouped_into_records() -> None:
    """Flat rows with the same value become one record that sees them all, in the order they came."""
    rows = Rows.model_validate({
        "from": "body", "group": "row.order",
        "record": {"id": "=row.order", "lines": {"$each": "rows[*].row", "$as": "l", "$do": {"sku!": "=l.sku"}}},
    })  # fmt: skip
    body = [{"order": 1, "sku": "A"}, {"order": 2, "sku": "B"}, {"order": 1, "sku": "C"}, {"sku": "D"}]
    records, problems = read_rows(small_profile(), rows, body, {}, {})
    assert records == [{"id": "1", "lines": [{"sku": "A"}, {"sku": "C"}]}, {"id": "2", "lines": [{"sku": "B"}]}]
    assert [problem.problem for problem in problems] == ["rows.group: `row.order` gives nothing"]


def test_row_errors_count_as_ours() -> None:
    """Refusals inside a good answer are put to the right records; one that fits none leaves all in doubt."""
    profile = load_profile("skubana")
    writing = profile.inventory.write
    assert writing is not None
    context: dict[str, Any] = {"records": [{}, {}]}
    error = {"message": "gone", "errorCode": "ERR053", "index": 2}
    assert row_errors(profile, writing, {"errors": [error]}, {}, context) == {1: "ERR053 gone"}
    assert row_errors(profile, writing, {"results": []}, {}, context) == {}
    for index in (0, 3, None):
        with pytest.raises(TemplateError, match="a refusal names"):
            row_errors(profile, writing, {"errors": [{**error, "index": index}]}, {}, context)
