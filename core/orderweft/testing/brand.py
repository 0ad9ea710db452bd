"""A small invented brand that every simulator knows, so that their data fit together.

All names, codes and barcodes are made up; barcodes use the GS1 range kept for internal numbering.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from stdnum import ean

SIZES = ("XS", "S", "M", "L", "XL")
COLORS = (("Navy", "401"), ("Ecru", "110"), ("Moss", "330"))
SEASONS = (("SS27", "Spring Summer 2027"), ("FW26", "Fall Winter 2026"))
WAREHOUSES = (("Default", "MAIN"), ("EU Warehouse", "EU"))
MARK = "ORDERWEFT_BRAND_MARK"
"""The environment variable that marks what nobody else may see: what it says ends every simulator's secrets with an
`s`, and the first customer's address, buyer and mailbox with a `c`, so that a test can look for them everywhere."""

_STYLES = (
    ("1001", "Poplin Shirt", "46.00", "110.00"),
    ("1002", "Linen Blouse", "52.50", "125.00"),
    ("1003", "Wool Sweater", "78.00", "190.00"),
    ("1004", "Pleated Skirt", "64.00", "150.00"),
    ("1005", "Wide Trouser", "71.25", "170.00"),
    ("1006", "Denim Jacket", "89.90", "215.00"),
    ("1007", "Silk Scarf", "28.00", "69.00"),
    ("1008", "Trench Coat", "162.00", "390.00"),
    ("1009", "Cotton Dress", "83.40", "199.00"),
    ("1010", "Ribbed Top", "31.10", "75.00"),
)
_CUSTOMERS = (
    ("C100", "Example Store Ltd", "GB", "London", "", "EC1A 1BB", "12 Sample Street"),
    ("C101", "Muster Mode GmbH", "DE", "Berlin", "BE", "10115", "Beispielweg 4"),
    ("C102", "Boutique Exemple SARL", "FR", "Paris", "", "75002", "8 rue de l'Essai"),
    ("C103", "Sample & Daughters Inc", "US", "Portland", "OR", "97205", "700 Specimen Ave"),
    ("C104", "Tienda Ejemplo SL", "ES", "Madrid", "", "28004", "Calle de Prueba 21"),
    ("C105", "Negozio Esempio SpA", "IT", "Milano", "", "20121", "Via Campione 3"),
    ("C106", "Voorbeeld Winkel BV", "NL", "Amsterdam", "", "1012 AB", "Proefstraat 17"),
    ("C107", "Esimerkki Oy", "FI", "Helsinki", "", "00100", "Näytekatu 5"),
    ("C108", "Mihon Shōten KK", "JP", "Tokyo", "Tokyo", "150-0001", "1-2-3 Mihon"),
    ("C109", "Prøvebutikk AS", "NO", "Oslo", "", "0150", "Prøvegata 9"),
)


@dataclass(frozen=True, slots=True)
class Sku:
    """One style in one color and one size."""

    style_number: str
    style_identifier: str
    style_name: str
    color: str
    color_code: str
    size: str
    sku: str
    barcode: str
    wholesale: Decimal
    retail: Decimal
    stock: int


@dataclass(frozen=True, slots=True)
class Buyer:
    """One customer of the brand."""

    code: str
    name: str
    country: str
    city: str
    region: str
    postcode: str
    line1: str
    email: str
    phone: str
    buyer: str


@cache
def skus() -> tuple[Sku, ...]:
    """Return all 150 SKUs: 10 styles, 3 colors, 5 sizes; 500 pieces of each in stock, of the last style 3."""
    made: list[Sku] = []
    for number, name, wholesale, retail in _STYLES:
        for color, color_code in COLORS:
            for size in SIZES:
                digits = f"20{len(made):010d}"
                made.append(
                    Sku(
                        style_number=number,
                        style_identifier=f"ST-{number}",
                        style_name=name,
                        color=color,
                        color_code=color_code,
                        size=size,
                        sku=f"{number}-{color_code}-{size}",
                        barcode=digits + ean.calc_check_digit(digits),
                        wholesale=Decimal(wholesale),
                        retail=Decimal(retail),
                        stock=3 if number == "1010" else 500,
                    )
                )
    return tuple(made)


def buyers() -> tuple[Buyer, ...]:
    """Return the ten customers; the last two are not yet known anywhere but on JOOR."""
    return _buyers(os.environ.get(MARK, ""))


def secret(text: str) -> str:
    """Return *text* as a secret of this run, by which a simulator knows its user."""
    mark = os.environ.get(MARK, "")
    return f"{text}-{mark}s" if mark else text


@cache
def _buyers(mark: str) -> tuple[Buyer, ...]:
    made = [
        Buyer(
            code, name, country, city, region, postcode, line1,
            email=f"orders@{code.lower()}.example", phone=f"+44 20 7946 0{index:03d}", buyer=f"Alex Beispiel {index}",
        )
        for index, (code, name, country, city, region, postcode, line1) in enumerate(_CUSTOMERS)
    ]  # fmt: skip
    if mark:
        first, own = made[0], f"{mark}c"
        email = first.email.replace(".", f"-{own}.")
        made[0] = replace(first, email=email, line1=f"{first.line1} {own}", buyer=f"{first.buyer} {own}")
    return tuple(made)
