"""In-memory ``ports.Catalogue`` and ``ports.Browsing``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from shop.domain.errors import (
    DatabaseUnavailable,
    NotFound,
    ProductExists,
)
from shop.domain.product import Product
from shop.ports import Home, Seen

LAMP = Product("brass-lamp", "Brass Lamp", "lighting", "A lamp.", 4_900, 10)
MUG = Product("blue-mug", "Blue Mug", "kitchen", "A mug.", 1_250, 3)


@dataclass
class FakeCatalogue:
    """Products in a dictionary; ``down`` makes every call fail."""

    products: dict[str, Product] = field(default_factory=lambda: {LAMP.id: LAMP, MUG.id: MUG})
    down: bool = False

    def get(self, product_id: str) -> Product:
        self._answer()
        if product_id not in self.products:
            raise NotFound("product", product_id)
        return self.products[product_id]

    def get_many(self, product_ids: Iterable[str]) -> dict[str, Product]:
        self._answer()
        return {one: self.products[one] for one in product_ids if one in self.products}

    def page(self, limit: int, after: str | None) -> list[Product]:
        self._answer()
        return [self.products[one] for one in sorted(self.products) if after is None or one > after][:limit]

    def search(self, words: str, limit: int) -> list[Product]:
        self._answer()
        scores = {product.id: _score(product, words) for product in self.products.values()}
        found = [product for product in self.products.values() if scores[product.id]]
        return sorted(found, key=lambda product: -scores[product.id])[:limit]

    def best_sellers(self, limit: int) -> list[Product]:
        self._answer()
        return sorted(self.products.values(), key=lambda one: -one.views)[:limit]

    def add(self, product: Product) -> Product:
        self._answer()
        if product.id in self.products:
            raise ProductExists(product.id)
        self.products[product.id] = product
        return product

    def change(self, product_id: str, price_cents: int | None = None, stock: int | None = None) -> Product:
        old = self.get(product_id)
        price = old.price_cents if price_cents is None else price_cents
        left = old.stock if stock is None else stock
        self.products[product_id] = replace(old, price_cents=price, stock=left, version=old.version + 1)
        return self.products[product_id]

    def add_views(self, views: dict[str, int]) -> None:
        self._answer()
        for product_id, count in views.items():
            if (old := self.products.get(product_id)) is not None:
                self.products[product_id] = replace(old, views=old.views + count)

    def look_at(self, product_id: str) -> Seen:
        return Seen(self.get(product_id))

    def look_through(self, limit: int, after: str | None) -> tuple[list[Product], float, bool]:
        return self.page(limit, after), 0.0, False

    def home(self) -> Home:
        return Home(self.best_sellers(12), self.page(12, None))

    def add_missing(self, products: Iterable[Product]) -> int:
        self._answer()
        fresh = {product.id: product for product in products if product.id not in self.products}
        self.products.update(fresh)
        return len(fresh)

    def _answer(self) -> None:
        if self.down:
            raise DatabaseUnavailable("down")


def _score(product: Product, words: str) -> int:
    """Return how well the product matches.

    Whole words count, with the weights of MongoDB's text index and without its stemming.
    """
    fields = ((product.name, 10), (product.category, 5), (product.description, 1))
    wanted = set(re.findall(r"\w+", words.lower()))
    return sum(weight * len(wanted & set(re.findall(r"\w+", text.lower()))) for text, weight in fields)
