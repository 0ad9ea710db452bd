"""The settings of a connection: what they take from the profile, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orderweft_oms_generic as oms
import pytest
from orderweft import Channel
from pydantic import ValidationError

from .in_house import changed_profile, in_house

DESK = {"profile": "order_desk", "values": {"store_id": "4711", "api_key": "hush"}}


def mistakes(**settings: Any) -> str:
    """Return what is said against settings."""
    with pytest.raises(ValidationError) as caught:
        oms.Settings.model_validate(settings)
    return str(caught.value)


def test_the_channel_describes_itself_without_a_profile() -> None:
    """What it bears is said per profile; an order goes out alone."""
    channel = oms.describe()
    assert isinstance(channel, Channel)
    assert (channel.settings, channel.limits.batch_size) == (oms.Settings, 1)


def test_a_profile_that_is_not_there_is_told_with_the_likeliest() -> None:
    """A misspelt id is answered with the one that was meant."""
    assert "there is no profile 'orderdesk'; did you mean order_desk?" in mistakes(profile="orderdesk")
    assert "does not exist" in mistakes(profile="missing.yaml")


def test_all_mistakes_in_the_values_are_told_at_once() -> None:
    """What is missing and what is not known come in one message, with what each is for."""
    told = mistakes(profile="order_desk", values={"storeid": "1"})
    assert "storeid is not a setting of order_desk; did you mean store_id?" in told
    assert "store_id is needed by order_desk and missing: Store id" in told
    assert "api_key is needed by order_desk and missing" in told


def test_credentials_that_a_way_of_signing_in_lacks_are_told_at_load() -> None:
    """Values that only one way of signing in needs are missed when that one is chosen."""
    assert "auth.oauth2.client_id is empty" in mistakes(profile="netsuite", values={"account": "1"})
    told = mistakes(profile="netsuite", values={"account": "1", "sign_in": "tba"})
    assert "auth.tba.consumer_key is empty" in told


def test_a_profile_with_a_mistake_is_told_with_file_and_line(tmp_path: Path) -> None:
    """The profile's own mistakes come through."""
    path = changed_profile(
        tmp_path,
        "order_desk",
        ('code!: "=pick({sku: line', 'code!: =nonsense(line.sku)\n              x: "=pick({sku: line'),
    )
    told = mistakes(**{**DESK, "profile": path})
    assert "order_desk.yaml:" in told
    assert "nonsense" in told


def test_maps_are_changed_by_entry() -> None:
    """An entry of a map is added or changed; a map that is not there is a mistake."""
    settings = oms.Settings.model_validate({
        "profile": "rest_starter", "values": {"token": "t"}, "maps": {"shipment_status": {"lost": "cancelled"}},
    })  # fmt: skip
    words = settings.system.maps["shipment_status"]
    assert (words["lost"], words["sent"]) == ("cancelled", "shipped")
    assert "order_desk has no such map" in mistakes(**DESK, maps={"carriers": {"a": "b"}})


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"season": "=order.seasn.name"}, "there is no `seasn`; did you mean season?"),
        ({"order_items.*": "x"}, "has a field behind it"),
        ({"order_items.name": "x"}, "the fields of a list come behind a *"),
        ({"email.x": "y"}, "is asked of what has no fields"),
        ({"$do": "y"}, "must be names of fields"),
        ({"token": "=settings.api_key"}, "secret"),
    ],
    ids=["field", "star", "list", "leaf", "dollar", "secret"],
)
def test_mistakes_in_extra_fields_are_told_at_load(extra: dict[str, str], told: str) -> None:
    """Extra fields are checked like the profile itself."""
    assert told in mistakes(**DESK, extra=extra)


@pytest.mark.parametrize("code", ["{{ line.size", "{{ order.number }}", "{{ line.quantity }}", "upc"])
def test_an_item_code_is_a_field_or_a_template_over_a_line(code: str) -> None:
    """A template that names anything but an item's fields is refused."""
    assert "item_code" in mistakes(**DESK, item_code=code)


def test_a_retired_system_is_refused() -> None:
    """A service that was switched off cannot be connected to."""
    told = mistakes(profile="tradegecko", values={"token": "t"})
    assert "TradeGecko is no longer there" in told


def test_values_are_text_and_stay_hidden() -> None:
    """Whole numbers are taken as text; truth values have to be written as the profile says; nothing is shown."""
    settings = oms.Settings.model_validate({"profile": "order_desk", "values": {"store_id": 4711, "api_key": "hush"}})
    assert settings.texts["store_id"] == "4711"
    assert "hush" not in repr(settings)
    assert "must be text" in mistakes(profile="order_desk", values={"store_id": True, "api_key": "hush"})


def test_the_account_is_told_by_what_signs_in(tmp_path: Path) -> None:
    """Another store is another account; another place of the same profile is not, and no secret tells it."""
    assert oms.Settings.model_validate(DESK).identity() == {"profile": "order_desk", "store_id": "4711"}
    other = {"profile": in_house(tmp_path), "values": {"token": "hush"}}
    assert oms.Settings.model_validate(other).identity() == {"profile": "in_house"}


def test_limits_come_from_the_profile_unless_given(tmp_path: Path) -> None:
    """Calls at the same time and the time to settle are the profile's, and no longer when the settings say."""
    path = changed_profile(
        tmp_path, "order_desk", ("transport: rest\n", "transport: rest\nin_flight: 3\nsettle_seconds: 9\n")
    )
    told = oms.Settings.model_validate({**DESK, "profile": path})
    assert (told.in_flight, told.settle_seconds) == (3, 9.0)
    assert {"in_flight", "settle_seconds"}.isdisjoint(told.model_dump(exclude_unset=True))
    given = oms.Settings.model_validate({**DESK, "profile": path, "in_flight": 1})
    assert (given.in_flight, given.settle_seconds) == (1, 9.0)


def test_settings_survive_a_pipelines_options() -> None:
    """What a pipeline overrides is added to what the account says."""
    account = oms.Settings.model_validate(DESK)
    piped = oms.Settings.model_validate({**account.model_dump(exclude_unset=True), "minimum_stock": 5})
    assert (piped.texts, piped.minimum_stock) == (account.texts, 5)


def test_base_url_stands_in_for_the_host_alone() -> None:
    """The path of the vendor's address comes behind it."""
    settings = oms.Settings.model_validate({**DESK, "base_url": "http://127.0.0.1:9/proxy"})
    assert (settings.service_url, settings.path) == ("http://127.0.0.1:9/proxy", "/api/v2")
    assert oms.Settings.model_validate(DESK).service_url == "https://app.orderdesk.me"
