"""The initial catalogue of a shop: a few hundred products, the same on every machine."""

from __future__ import annotations

import random
from collections.abc import Iterator

from shop.domain.product import Product

_SEED = 2026
_STOCK = (2_000, 20_000)

# category: (products, materials or makes, price range in euros, description)
_RANGES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[int, int], str]] = {
    "lighting": (
        ("Desk Lamp", "Floor Lamp", "Pendant Light", "Wall Light", "Bedside Lamp", "Lantern", "String Lights"),
        ("Brass", "Oak", "Linen", "Opal Glass", "Black Steel", "Paper"),
        (19, 289),
        "Warm light at 2700 K, with a dimmer and a cotton-covered cord of two metres.",
    ),
    "kitchen": (
        ("Frying Pan", "Saucepan", "Chopping Board", "Mixing Bowl", "Kettle", "Mortar", "Teapot", "Bread Knife"),
        ("Cast Iron", "Copper", "Walnut", "Stoneware", "Stainless Steel", "Enamel"),
        (12, 189),
        "Made for daily use and for more than one generation; safe on every kind of stove where that applies.",
    ),
    "desk": (
        ("Notebook", "Pen Tray", "Monitor Stand", "Book End", "Letter Opener", "Desk Mat", "Pencil Cup"),
        ("Recycled", "Leather", "Birch", "Cork", "Aluminium", "Felt"),
        (6, 129),
        "Keeps a desk tidy and still looks good at the end of the day.",
    ),
    "textiles": (
        ("Throw", "Cushion", "Bath Towel", "Tea Towel", "Duvet Cover", "Table Runner", "Rug"),
        ("Wool", "Linen", "Organic Cotton", "Alpaca", "Hemp", "Jute"),
        (9, 349),
        "Woven in a small mill; washes at 40 degrees and gets softer with the years.",
    ),
    "garden": (
        ("Watering Can", "Planter", "Trowel", "Bird Feeder", "Pruning Shears", "Garden Chair", "Bench"),
        ("Zinc", "Terracotta", "Teak", "Forged Steel", "Ash", "Slate"),
        (8, 399),
        "Withstands rain and frost, and ages well outdoors.",
    ),
    "travel": (
        ("Backpack", "Weekender", "Wash Bag", "Packing Cubes", "Bottle", "Umbrella", "Passport Cover"),
        ("Waxed Canvas", "Ripstop", "Leather", "Recycled Nylon", "Titanium", "Felted Wool"),
        (14, 329),
        "Light, repairable and sized for the cabins of all major airlines.",
    ),
    "toys": (
        ("Building Blocks", "Train Set", "Puzzle", "Kite", "Doll's House", "Spinning Top", "Balance Board"),
        ("Beech", "Maple", "Painted", "Bamboo", "Magnetic", "Cotton"),
        (9, 159),
        "Suitable from age three; paints and glues conform to EN 71-3.",
    ),
}


def products() -> Iterator[Product]:
    """Yield the products of the initial catalogue, in no particular order; ids are slugs like ``brass-desk-lamp``."""
    chance = random.Random(_SEED)  # noqa: S311  (prices, not secrets)
    for category, (things, makes, (low, high), description) in _RANGES.items():
        for thing in things:
            for make in makes:
                name = f"{make} {thing}"
                yield Product(
                    id=name.lower().replace("'", "").replace(" ", "-"),
                    name=name,
                    category=category,
                    description=description,
                    # Prices end in .90 or .00, and most are near the lower end, as in real shops.
                    price_cents=round(low + (high - low) * chance.random() ** 2) * 100 - chance.choice((0, 10)),
                    stock=chance.randint(*_STOCK),
                )
