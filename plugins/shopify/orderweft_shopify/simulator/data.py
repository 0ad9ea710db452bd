"""The common sample brand as a Shopify shop.

Each style is a product with an image and 15 variants at retail price, tracked, never sold beyond its stock. All pieces
are in London and 40 percent more in Rotterdam; of the last style there are 3 of each variant, in London only. The first
eight customers of the brand are known, the first also as a company.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from types import MappingProxyType

from orderweft.testing import brand
from stdnum import ean

from .customers import (
    Company,
    CompanyContact,
    CompanyLocation,
    Customer,
    MailingAddress,
    normal_phone,
    touch_customer,
)
from .inventory import InventoryItem, Location, LocationAddress, stock_at
from .media import add_image
from .payments import TEMPLATES, PaymentTermsTemplate
from .products import Product, ProductOption, ProductOptionValue, ProductVariant, touch_product
from .store import Store

LONDON, ROTTERDAM = "London", "Rotterdam"

AWKWARD = MappingProxyType(
    {
        "duplicate_sku": "9001-999-OS",
        "duplicate_barcode": "2900000000001",
        "other_case_sku": "9001-999-os",
        "longer_sku": "9001-999-OS-B",
        "untracked_sku": "9001-888-OS",
        "oversold_sku": "9001-777-OS",
    }
)
"""SKUs and a barcode that are hard to get right, by what is awkward about them.

Two variants share the duplicate SKU and barcode. The SKU in other case and the longer one turn up in searches for it.
The untracked one has no stock figures; the oversold one has 2 pieces and is sold beyond them.
"""

_KINDS = {
    "Shirt": "Tops",
    "Blouse": "Tops",
    "Sweater": "Knitwear",
    "Skirt": "Bottoms",
    "Trouser": "Bottoms",
    "Jacket": "Outerwear",
    "Scarf": "Accessories",
    "Coat": "Outerwear",
    "Dress": "Dresses",
    "Top": "Tops",
}
"""Product types of the sample brand, by the last word of the style's name."""

_AWKWARD_VARIANTS = (
    ("duplicate_sku", "2900000000001", "DENY", True, 50),
    ("duplicate_sku", "2900000000001", "DENY", True, 50),
    ("other_case_sku", "2900000000018", "DENY", True, 50),
    ("longer_sku", "2900000000025", "DENY", True, 50),
    ("untracked_sku", "2900000000032", "DENY", False, 0),
    ("oversold_sku", "2900000000049", "CONTINUE", True, 2),
)


def fill(store: Store, many: int) -> None:
    """Put the sample brand into an empty shop, and *many* SKUs more."""
    london, rotterdam = _locations(store)
    for number, (name, kind, days) in enumerate(TEMPLATES, start=1):
        store.add(PaymentTermsTemplate(f"gid://shopify/PaymentTermsTemplate/{number}", name, kind, days))
    styles: dict[str, Product] = {}
    for sku in brand.skus():
        style = sku.style_number
        product = styles.get(style) or _product(store, sku.style_name, ("Color", "Size"), f"style-{style}")
        styles[style] = product
        variant = _variant(store, product, sku.sku, sku.barcode, sku.retail, (sku.color, sku.size))
        stock_at(store, variant, london).amounts["available"] = sku.stock
        if sku.stock > 3:
            stock_at(store, variant, rotterdam).amounts["available"] = sku.stock * 2 // 5
    awkward = _product(store, "Awkward Sample", ("Number",), None)
    for index, (name, barcode, policy, tracked, stock) in enumerate(_AWKWARD_VARIANTS, start=1):
        variant = _variant(store, awkward, AWKWARD[name], barcode, Decimal("10.00"), (str(index),))
        variant.inventory_policy, variant.inventory_item.tracked = policy, tracked
        stock_at(store, variant, london).amounts["available"] = stock
    _many(store, london, many)
    for product in store.all(Product):
        touch_product(store, product, at_once=True)
    _customers(store, brand.buyers()[:8])


def _many(store: Store, london: Location, many: int) -> None:
    """Add plain styles of 100 variants each, at 10.00, with 0 to 99 pieces in London."""
    for first in range(0, many, 100):
        product = _product(store, f"Plain Style {first // 100 + 1}", ("Number",), None)
        for number in range(first, min(many, first + 100)):
            digits = f"21{number:010d}"
            barcode = digits + ean.calc_check_digit(digits)
            variant = _variant(store, product, f"MANY-{number:06d}", barcode, Decimal("10.00"), (str(number % 100),))
            stock_at(store, variant, london).amounts["available"] = number % 100


def _locations(store: Store) -> tuple[Location, Location]:
    places = (
        (LONDON, LocationAddress("1 Sample Wharf", "London", "E1 6AN", "United Kingdom", "GB")),
        (ROTTERDAM, LocationAddress("Voorbeeldkade 2", "Rotterdam", "3011 AA", "Netherlands", "NL")),
    )
    made = [store.add(Location(store.gid("Location"), name, address, store.now())) for name, address in places]
    made[0].is_primary = True
    return made[0], made[1]


def _product(store: Store, title: str, options: Iterable[str], picture: str | None) -> Product:
    handle, now = title.lower().replace(" ", "-"), store.now()
    kind = _KINDS.get(title.rpartition(" ")[2], "Samples")
    product = store.add(
        Product(
            store.gid("Product"), title, handle, now, now, "Example Brand", kind,
            description_html=f"<p>{title} of the Example Brand.</p>", tags=["wholesale"] if picture else [],
            published_at=now,
        )
    )  # fmt: skip
    for name in options:
        product.options.append(store.add(ProductOption(store.gid("ProductOption"), name, product=product)))
    if picture:
        source = {"originalSource": f"https://images.brand.example/{picture}.jpg", "alt": title}
        product.media.append(add_image(store, source, at_once=True))
    return product


def _variant(
    store: Store, product: Product, sku: str, barcode: str, price: Decimal, values: tuple[str, ...]
) -> ProductVariant:
    choices = []
    for option, name in zip(product.options, values, strict=True):
        value = option.value(name)
        if value is None:
            value = store.add(ProductOptionValue(store.gid("ProductOptionValue"), name, option))
            option.option_values.append(value)
        choices.append(value)
    now = store.now()
    variant = ProductVariant(store.gid("ProductVariant"), product, choices, now, now, sku, barcode, price)
    variant.inventory_item = store.add(InventoryItem(store.gid("InventoryItem"), variant, True, now))
    product.variants.append(variant)
    return store.add(variant)


def _customers(store: Store, buyers: Iterable[brand.Buyer]) -> None:
    now = store.now()
    for buyer in buyers:
        first, _, last = buyer.buyer.partition(" ")
        address = MailingAddress(
            store.gid("MailingAddress"), first, last, buyer.name, buyer.line1, None, buyer.city, buyer.postcode,
            buyer.country, buyer.region or None, normal_phone(buyer.phone),
        )  # fmt: skip
        customer = store.add(
            Customer(
                store.gid("Customer"), now, now, first, last, buyer.email, normal_phone(buyer.phone),
                note=f"{buyer.name}, account {buyer.code}", tags=["wholesale"], addresses=[address],
                default_address=address,
            )
        )  # fmt: skip
        touch_customer(store, customer, at_once=True)
    _company(store, store.all(Customer)[0], brand.buyers()[0])


def _company(store: Store, customer: Customer, buyer: brand.Buyer) -> None:
    now = store.now()
    company = store.add(Company(store.gid("Company"), buyer.name, buyer.code, now))
    contact = store.add(CompanyContact(store.gid("CompanyContact"), company, customer, now))
    branch = CompanyLocation(
        store.gid("CompanyLocation"), company, buyer.city, f"{buyer.code}-1", store.switches.currency, now
    )
    company.locations.append(store.add(branch))
    company.contacts.append(contact)
    customer.company_contact_profiles.append(contact)
