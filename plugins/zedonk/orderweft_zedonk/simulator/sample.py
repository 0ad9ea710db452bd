"""The sample tenant: the common brand, and one of every kind of product and customer that makes a connector stumble."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from orderweft.testing import brand

from .model import Address, Contact, Costing, Customer, Docket, Product, Season, Sku, Stock
from .tenant import CENT, Tenant

OLDER_SEASON = ("SS26", "Spring Summer 2026")
USERS = ("jane", "omar")
_UNKNOWN_BUYERS = 2
_FABRICS = {
    "1001": "Poplin", "1002": "Linen", "1003": "Wool", "1004": "Crepe", "1005": "Twill", "1006": "Denim",
    "1007": "Silk", "1008": "Gabardine", "1009": "Cotton", "1010": "Rib",
}  # fmt: skip
_CURRENCIES = {"GBP": "Pound Sterling", "EUR": "Euro", "USD": "US Dollar"}
_CURRENCY_OF = {"GB": "GBP", "US": "USD"}
_COUNTRIES = {
    "DE": "Germany", "ES": "Spain", "FI": "Finland", "FR": "France", "GB": "United Kingdom", "IT": "Italy",
    "NL": "Netherlands", "US": "United States",
}  # fmt: skip
_IDEAL = (660, 900)
_OTHER_SIZES = {"1002": (1320, 1800), "1003": (500, 500), "1004": (2640, 3600)}
_MISSING_PICTURE = ("1005", "Navy")
_AWKWARD_BARCODES = 900


def season_names(kind: str) -> tuple[str, str, str]:
    """Return the tenant's seasons by *kind*, `names` or `codes`: the newest, the current one, the older one."""
    column = 0 if kind == "codes" else 1
    newest, current = brand.SEASONS
    return newest[column], current[column], OLDER_SEASON[column]


class Sample:
    """What fills a tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.products: dict[str, Product] = {}
        """The awkward products by kind."""
        self.customers: dict[str, Customer] = {}
        """The awkward customers by kind."""
        self._newest, self._current, self._older = season_names(tenant.switches["seasons"])
        several = tenant.switches["locations"] == "several"
        self._locations = [name for name, _ in brand.WAREHOUSES] if several else [""]
        tenant.main_location = self._locations[0]

    def fill(self) -> None:
        """Enter seasons, users, customers, products, stock and production."""
        tenant = self._tenant
        tenant.users += USERS
        tenant.currencies.update(_CURRENCIES)
        tenant.vocabulary.update(
            {
                "Category": {"Department Store", "Independent", "Online"},
                "Territory": {"Europe", "Rest of World", "UK"},
                "Priority": {"High", "Normal"},
            }
        )
        self._seasons()
        for index, buyer in enumerate(brand.buyers()[:-_UNKNOWN_BUYERS]):
            self._customer(buyer, index)
        self._awkward_customers()
        self._brand_products()
        self._awkward_products()
        self._dockets()

    def _seasons(self) -> None:
        rates = {"GBP": Decimal(1), "EUR": Decimal("1.15"), "USD": Decimal("1.25")}
        starts = (
            (self._older, date(2026, 1, 15)),
            (self._current, date(2026, 7, 15)),
            (self._newest, date(2027, 1, 15)),
        )
        previous: str | None = None
        for name, start in starts:
            cancel = start + timedelta(days=60)
            season = Season(name, start, previous, delivery_start=start, delivery_cancel=cancel, rates=dict(rates))
            self._tenant.seasons[name] = season
            previous = name

    def _customer(self, buyer: brand.Buyer, index: int) -> None:
        address = Address(
            name=buyer.name, line1=buyer.line1, city=buyer.city, county=buyer.region, postcode=buyer.postcode,
            country=self._country(buyer.country), contact=buyer.buyer, email=buyer.email, phone=buyer.phone,
        )  # fmt: skip
        customer = Customer(buyer.name, buyer.code, currency=_CURRENCY_OF.get(buyer.country, "EUR"))
        customer.more.update(
            {"Category": "Independent", "Territory": "UK" if buyer.country == "GB" else "Europe", "Priority": "Normal",
             "Payment Terms": "Net 30", "Shipping Terms": "DAP", "Account Manager": USERS[index % len(USERS)]}
        )  # fmt: skip
        customer.addresses["Delivery"].append(address)
        customer.addresses["Accounts"].append(Address(**{**vars(address), "line2": "Accounts Payable"}))
        customer.addresses["Store"].append(Address(**{**vars(address), "line1": f"{index + 1} Shop Arcade"}))
        customer.contacts += [
            Contact("Kim Assistant", f"assistant@{buyer.code.lower()}.example"),
            Contact(buyer.buyer, buyer.email, buyer.phone, is_default=True),
        ]
        self._tenant.customers.append(customer)

    def _country(self, code: str) -> str:
        return _COUNTRIES[code] if self._tenant.switches["countries"] == "name" else code

    def _awkward_customers(self) -> None:
        self.customers = {
            "inactive": Customer("Closed Sample Store", "C200", active=False),
            "no_account_code": Customer("Staff Sample Orders"),
        }
        for customer in self.customers.values():
            home = Address(customer.name, "1 Past Lane", city="Leeds", postcode="LS1 1AA", country=self._country("GB"))
            customer.addresses["Delivery"].append(home)
        self._tenant.customers += self.customers.values()

    def _brand_products(self) -> None:
        made: dict[tuple[str, str], Product] = {}
        for sku in brand.skus():
            product = made.get((sku.style_number, sku.color))
            if product is None:
                product = made[sku.style_number, sku.color] = self._brand_product(sku)
                self._enter(product)
            self._add_sku(product, sku.size, sku.barcode, sku.stock)

    def _brand_product(self, sku: brand.Sku) -> Product:
        fabric, cost = _FABRICS[sku.style_number], (sku.wholesale * 2 / 5).quantize(CENT)
        return Product(
            sku.style_number,
            fabric,
            sku.color,
            sku.style_name,
            {season: Costing(sku.wholesale, sku.retail, cost) for season in (self._newest, self._current)},
            textile=f"100% {fabric}",
            category="Ready to Wear",
            subcategory="Core",
            silhouette="Regular",
            linesheet=f"{self._newest} Main",
            skid=f"{sku.style_identifier}-{sku.color_code}",
        )

    def _enter(self, product: Product) -> None:
        product.image = f"{product.style}-{product.fabric}-{product.color}.png"
        if (product.style, product.color) != _MISSING_PICTURE:
            self._tenant.images[product.image] = _OTHER_SIZES.get(product.style, _IDEAL)
        self._tenant.products.append(product)

    def _add_sku(self, product: Product, size: str, barcode: str, stock: int) -> None:
        sku = Sku(product, size, kept_barcode(barcode, self._tenant.switches["barcodes"]))
        product.skus.append(sku)
        # two fifths in the newest season, the rest in the one before
        first = stock * 2 // 5 if len(product.seasons) > 1 else stock
        for season, here in zip(product.seasons, (first, stock - first), strict=False):
            for place, location in enumerate(self._locations):
                elsewhere = here // 5 if len(self._locations) > 1 else 0
                self._tenant.stock[season, location, sku] = Stock(opening=elsewhere if place else here - elsewhere)

    def _awkward_products(self) -> None:
        self.products = {
            "visible_in_no_season": Product(
                "2001", "Velvet", "Navy", "Velvet Cape", {self._newest: _costing("0.00", visible=False)}
            ),
            "older_season_only": Product("2002", "Tweed", "Moss", "Tweed Coat", {self._older: _costing("95.00")}),
            "carried_over_at_zero": Product(
                "2003",
                "Cashmere",
                "Ecru",
                "Cashmere Cardigan",
                {self._newest: _costing("0.00"), self._current: _costing("95.00")},
            ),
            "missing_barcode": Product("2004", "Jersey", "Navy", "Jersey Tee", {self._newest: _costing("95.00")}),
            "other_fabric": Product("1001", "Flannel", "Navy", "Flannel Shirt", {self._newest: _costing("95.00")}),
        }
        digits = _AWKWARD_BARCODES
        for kind, product in self.products.items():
            product.category, product.linesheet = "Ready to Wear", f"{self._newest} Main"
            product.skid = f"ST-{product.style}-{product.fabric}"
            self._enter(product)
            for size in brand.SIZES[1:4]:
                without = kind == "missing_barcode" and size == "M"
                self._add_sku(product, size, "" if without else gtin(f"20{digits:010d}"), 20)
                digits += 1

    def _dockets(self) -> None:
        skus = self._tenant.product("1001", "Navy", _FABRICS["1001"]).skus
        today = self._tenant.clock.now().date()
        for number, (days, chosen, pieces) in enumerate(((60, skus[:3], 120), (95, skus[1:3], 80)), start=1):
            docket = Docket(
                f"PD{number:04d}", self._newest, today + timedelta(days=days), dict.fromkeys(chosen, pieces)
            )
            self._tenant.dockets.append(docket)


def _costing(wsp: str, *, visible: bool = True) -> Costing:
    return Costing(Decimal(wsp), Decimal(wsp) * 5 / 2, Decimal("38.00"), visible)


def gtin(digits: str) -> str:
    """Return *digits* with their GS1 check digit behind them."""
    # https://www.gs1.org/services/how-calculate-check-digit-manually: weights 3 and 1 from the right
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def kept_barcode(barcode: str, kind: str) -> str:
    """Return *barcode* as a tenant of *kind* keeps it, `ean_13` or `upc_a`: one of the two, never both."""
    if not barcode:
        return ""
    whole = barcode.zfill(13)
    if kind == "ean_13":
        return whole
    # as those of companies in the US, the first of twelve digits is a zero
    return whole[1:] if whole.startswith("0") else gtin("04" + whole[3:12])
