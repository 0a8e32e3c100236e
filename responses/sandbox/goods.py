"""What the simulated shop sells, and to whom. Invented people, example domains, no card data."""

from __future__ import annotations

import random
from typing import Any

import msgspec


class Good(msgspec.Struct, frozen=True):
    """One product of the shop."""

    product: str
    name: str
    price: str


class Customer(msgspec.Struct, frozen=True):
    """One person who buys."""

    user_id: str
    first_name: str
    last_name: str
    city: str
    state: str
    zip_code: str
    token: str

    @property
    def email(self) -> str:
        """An address that can belong to nobody."""
        return f"{self.first_name}.{self.last_name}.{self.user_id[-4:]}@example.com".lower()


TEA = tuple(
    Good(f"TEA-{code}", name, price)
    for code, name, price in (
        ("SENCHA-100", "Sencha, 100 g", "9.90"),
        ("ASSAM-250", "Assam, 250 g", "14.50"),
        ("EARLGREY-100", "Earl Grey, 100 g", "8.40"),
        ("ROOIBOS-250", "Rooibos, 250 g", "11.20"),
        ("OOLONG-100", "Oolong, 100 g", "16.80"),
    )
)
COFFEE = tuple(
    Good(f"COFFEE-{code}", name, price)
    for code, name, price in (
        ("HOUSE-500", "House blend, 500 g", "13.90"),
        ("DECAF-500", "Decaf, 500 g", "15.40"),
        ("ESPRESSO-1000", "Espresso beans, 1 kg", "24.00"),
        ("SIDAMO-250", "Sidamo, 250 g", "12.60"),
    )
)
MORE = (
    Good("FILTER-100", "Paper filters, 100 pieces", "4.20"),
    Good("OATMILK-6", "Oat milk, 6 cartons", "17.40"),
    Good("HONEY-500", "Honey, 500 g", "9.80"),
    Good("MUG-BLUE", "Mug, blue", "12.00"),
    Good("CLEANER-1", "Machine cleaner", "7.90"),
)
ALL = TEA + COFFEE + MORE

_FIRST = ("Ada", "Ben", "Chloe", "Dario", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Liam", "Maya",
          "Noor", "Oscar", "Priya", "Quinn", "Rosa", "Sam", "Tara")  # fmt: skip
_LAST = ("Abbot", "Brandt", "Castro", "Dunn", "Ekman", "Foster", "Grant", "Hale", "Ito", "Jensen", "Kaya", "Lopez",
         "Meyer", "Nolan", "Okafor", "Park", "Reyes", "Silva", "Turner", "Young")  # fmt: skip
_PLACES = (("New York", "NY", "10004"), ("Austin", "TX", "78701"), ("Portland", "OR", "97205"),
           ("Denver", "CO", "80202"),
           ("Chicago", "IL", "60601"), ("Boston", "MA", "02108"), ("Seattle", "WA", "98101"))  # fmt: skip


def renamed(good: Good) -> str:
    """The id under which a careless release sends the product, and which Ordergroove does not know."""
    return f"{good.product}-V2"


def customers(rng: random.Random, count: int) -> list[Customer]:
    """``count`` people, always the same for one state of ``rng``."""
    return [_customer(rng, number) for number in range(count)]


def basket(rng: random.Random) -> list[Good]:
    """One to four different products; most baskets are small."""
    size = rng.choices((1, 2, 3, 4), (50, 30, 15, 5))[0]
    return rng.sample(ALL, size)


def purchase_info(good: Good, quantity: int) -> dict[str, Any]:
    """The price of one line, as the Purchase POST wants it."""
    total = f"{float(good.price) * quantity:.2f}"
    return {"quantity": quantity, "price": good.price, "discounted_price": good.price, "total": total}


def _customer(rng: random.Random, number: int) -> Customer:
    city, state, zip_code = rng.choice(_PLACES)
    return Customer(
        user_id=f"{20_000 + number * 7:08d}",
        first_name=rng.choice(_FIRST),
        last_name=rng.choice(_LAST),
        city=city,
        state=state,
        zip_code=zip_code,
        token=f"tok{rng.getrandbits(40):010x}",
    )
