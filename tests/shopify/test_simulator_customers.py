"""Customers in the Shopify simulator: read with all their parts, changed, and their addresses one by one."""

from __future__ import annotations

from typing import Any

import pytest
from orderweft.testing import brand

from .simulated import DEFINE, Shop

READ = """query Customers($first: Int = 50, $after: String, $q: String) {
  customers(first: $first, after: $after, query: $q, sortKey: UPDATED_AT) {
    nodes {
      id displayName firstName lastName note tags taxExempt taxExemptions locale createdAt updatedAt
      defaultEmailAddress { emailAddress } defaultPhoneNumber { phoneNumber }
      defaultAddress { id } addressesV2(first: 10) { nodes { id company address1 city zip countryCodeV2 phone } }
      metafield(namespace: "orderweft", key: "account_code") { value }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""
UPDATE = """mutation U($input: CustomerInput!) { customerUpdate(input: $input) {
  customer {
    note tags taxExempt addressesV2(first: 5) { nodes { city } } metafield(namespace: "oms", key: "code") { value }
  }
  userErrors { field message }
} }"""
CREATE_ADDRESS = """mutation C($customer: ID!, $address: MailingAddressInput!, $first: Boolean) {
  customerAddressCreate(customerId: $customer, address: $address, setAsDefault: $first) {
    address { id city } userErrors { field message }
  }
}"""
UPDATE_ADDRESS = """mutation C($customer: ID!, $id: ID!, $address: MailingAddressInput!) {
  customerAddressUpdate(customerId: $customer, addressId: $id, address: $address) {
    address { city company } userErrors { field message }
  }
}"""
DELETE_ADDRESS = """mutation C($customer: ID!, $id: ID!) {
  customerAddressDelete(customerId: $customer, addressId: $id) { deletedAddressId userErrors { field message } }
}"""
DEFAULT_ADDRESS = """mutation C($customer: ID!, $id: ID!) {
  customerUpdateDefaultAddress(customerId: $customer, addressId: $id) {
    customer { defaultAddress { id } } userErrors { field message }
  }
}"""
BERLIN = {"company": "Second Shop", "address1": "Weg 1", "city": "Berlin", "zip": "10115", "countryCode": "DE"}
NOBODY = "gid://shopify/Customer/5"


@pytest.fixture
def shop() -> Shop:
    """Return a shop with every switch as it is by default."""
    return Shop()


def customers(shop: Shop, query: str = "") -> list[dict[str, Any]]:
    """Return the customers found."""
    found: list[dict[str, Any]] = shop.data(READ, q=query)["customers"]["nodes"]
    return found


def test_customers_are_read_with_all_parts(shop: Shop) -> None:
    """The sample customers have names, addresses, notes and tags, on pages."""
    first = customers(shop)[0]
    assert first["defaultEmailAddress"] == {"emailAddress": brand.buyers()[0].email}
    assert (first["note"], first["tags"]) == ("Example Store Ltd, account C100", ["wholesale"])
    assert (first["taxExempt"], first["metafield"]) == (False, None)
    (address,) = first["addressesV2"]["nodes"]
    assert address["id"] == first["defaultAddress"]["id"]
    assert (address["company"], address["countryCodeV2"]) == ("Example Store Ltd", "GB")
    names, after = [], None
    while True:
        page = shop.data(READ, first=3, after=after)["customers"]
        names += [node["displayName"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(set(names)) == 8


def test_update(shop: Shop) -> None:
    """Fields and lists that are given replace the stored ones, metafields are added, the rest stays."""
    shop.data(
        DEFINE, definition={"ownerType": "CUSTOMER", "namespace": "oms", "key": "code", "name": "C", "type": "id"}
    )
    first, second = customers(shop)[:2]
    code = {"namespace": "oms", "key": "code", "value": "C100"}
    given = {"id": first["id"], "note": "Net 30", "taxExempt": True, "metafields": [code]}
    payload = shop.data(UPDATE, input=given)["customerUpdate"]
    assert payload == {
        "customer": {
            "note": "Net 30", "tags": ["wholesale"], "taxExempt": True, "addressesV2": {"nodes": [{"city": "London"}]},
            "metafield": {"value": "C100"},
        },
        "userErrors": [],
    }  # fmt: skip
    payload = shop.data(UPDATE, input={"id": first["id"], "addresses": [BERLIN], "tags": ["b", "a"]})["customerUpdate"]
    assert payload["customer"]["addressesV2"] == {"nodes": [{"city": "Berlin"}]}
    assert payload["customer"]["tags"] == ["a", "b"]
    taken = {"email": brand.buyers()[0].email, "metafields": [code]}
    refused = shop.data(UPDATE, input={"id": second["id"], **taken})["customerUpdate"]
    assert [error["field"] for error in refused["userErrors"]] == [["email"], ["metafields", "0", "value"]]
    missing = shop.data(UPDATE, input={"id": NOBODY, "note": "x"})["customerUpdate"]
    assert missing["userErrors"] == [{"field": ["id"], "message": "Customer does not exist"}]


def test_addresses_one_by_one(shop: Shop) -> None:
    """An address is added, changed, made the default one, and deleted."""
    customer = customers(shop)[0]["id"]
    made = shop.data(CREATE_ADDRESS, customer=customer, address=BERLIN)["customerAddressCreate"]
    assert made["userErrors"] == []
    gid = made["address"]["id"]
    again = shop.data(CREATE_ADDRESS, customer=customer, address=BERLIN)["customerAddressCreate"]
    assert again["userErrors"] == [{"field": ["address"], "message": "Address already exists"}]
    changed = shop.data(UPDATE_ADDRESS, customer=customer, id=gid, address={"city": "Bonn"})["customerAddressUpdate"]
    assert changed["address"] == {"city": "Bonn", "company": "Second Shop"}
    chosen = shop.data(DEFAULT_ADDRESS, customer=customer, id=gid)["customerUpdateDefaultAddress"]
    assert chosen["customer"] == {"defaultAddress": {"id": gid}}
    gone = shop.data(DELETE_ADDRESS, customer=customer, id=gid)["customerAddressDelete"]
    assert gone["deletedAddressId"] == gid
    first = customers(shop, "id:" + customer.rpartition("/")[2])[0]
    assert [first["defaultAddress"]] == [{"id": node["id"]} for node in first["addressesV2"]["nodes"]]


@pytest.mark.parametrize(
    ("document", "more", "payload"),
    [
        (UPDATE_ADDRESS, {"address": BERLIN}, "customerAddressUpdate"),
        (DELETE_ADDRESS, {}, "customerAddressDelete"),
        (DEFAULT_ADDRESS, {}, "customerUpdateDefaultAddress"),
    ],
)
def test_addresses_that_are_not_there(shop: Shop, document: str, more: dict[str, Any], payload: str) -> None:
    """An unknown customer or address is refused."""
    address = "gid://shopify/MailingAddress/5"
    customer = customers(shop)[0]["id"]
    for who, message in ((customer, "Address does not exist"), (NOBODY, "Customer does not exist")):
        answer = shop.data(document, customer=who, id=address, **more)[payload]
        assert [error["message"] for error in answer["userErrors"]] == [message]
