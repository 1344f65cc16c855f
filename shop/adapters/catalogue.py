"""The catalogue in MongoDB."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pymongo import DESCENDING, ReturnDocument, UpdateOne
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shop.adapters.flat import flat
from shop.adapters.mongo import Document, comment, for_browsing, not_awaited, translated
from shop.domain.errors import NotFound, ProductExists
from shop.domain.product import Product


class MongoCatalogue:
    """Implements ``ports.Catalogue`` on the collection ``products``."""

    def __init__(self, db: Database[Document]) -> None:
        self._products = db["products"]
        self._browsing = for_browsing(self._products)
        self._statistics = not_awaited(self._products)

    def get(self, product_id: str) -> Product:
        """Return the product. Raises ``NotFound``, ``DatabaseUnavailable``."""
        with translated():
            document = self._browsing.find_one({"_id": product_id}, comment=comment())
        if document is None:
            raise NotFound("product", product_id)
        return _product(document)

    def get_many(self, product_ids: Iterable[str]) -> dict[str, Product]:
        """Return those products that exist, by id, from the primary. Raises ``DatabaseUnavailable``."""
        with translated():
            found = self._products.find({"_id": {"$in": list(product_ids)}}, comment=comment())
            return {document["_id"]: _product(document) for document in found}

    def page(self, limit: int, after: str | None) -> list[Product]:
        """Return at most ``limit`` products in the order of their ids. Raises ``DatabaseUnavailable``."""
        query = {"_id": {"$gt": after if after is not None else ""}}
        with translated():
            found = self._browsing.find(query, comment=comment()).sort("_id", 1).limit(limit)
            return [_product(document) for document in found]

    def search(self, words: str, limit: int) -> list[Product]:
        """Search with the text index; see ``ports.Catalogue``."""
        score: Any = {"$meta": "textScore"}
        with translated():
            found = self._browsing.find({"$text": {"$search": words}}, {"score": score}, comment=comment())
            return [_product(document) for document in found.sort([("score", score)]).limit(limit)]

    def best_sellers(self, limit: int) -> list[Product]:
        """Return the most viewed products first; see ``ports.Catalogue``."""
        with translated():
            found = self._browsing.find({}, comment=comment()).sort("views", DESCENDING).hint("best_sellers")
            return [_product(document) for document in found.limit(limit)]

    def add(self, product: Product) -> Product:
        """Add a new product; see ``ports.Catalogue``."""
        with translated():
            try:
                self._products.insert_one({"_id": product.id, **_document(product)}, comment=comment())
            except DuplicateKeyError:
                raise ProductExists(product.id) from None
        return product

    def change(self, product_id: str, price_cents: int | None = None, stock: int | None = None) -> Product:
        """Change price or stock; see ``ports.Catalogue``."""
        fields = {"price_cents": price_cents, "stock": stock}
        update: Document = {"$inc": {"version": 1}}
        if changes := {name: value for name, value in fields.items() if value is not None}:
            update["$set"] = changes
        with translated():
            document = self._products.find_one_and_update(
                {"_id": product_id}, update, return_document=ReturnDocument.AFTER, comment=comment()
            )
        if document is None:
            raise NotFound("product", product_id)
        return _product(document)

    def add_missing(self, products: Iterable[Product]) -> int:
        """Add the missing products; two replicas may do so at once. Raises ``DatabaseUnavailable``."""
        upserts = [
            UpdateOne({"_id": product.id}, {"$setOnInsert": _document(product)}, upsert=True) for product in products
        ]
        if not upserts:
            return 0
        with translated():
            return self._products.bulk_write(upserts, ordered=False, comment=comment()).upserted_count

    def add_views(self, views: dict[str, int]) -> None:
        """Add to the view counts; see ``ports.Catalogue``."""
        updates = [UpdateOne({"_id": product_id}, {"$inc": {"views": count}}) for product_id, count in views.items()]
        if updates:
            with translated():
                self._statistics.bulk_write(updates, ordered=False, comment=comment())


def _product(document: Document) -> Product:
    return Product(
        id=document["_id"],
        name=document["name"],
        category=document["category"],
        description=document["description"],
        price_cents=document["price_cents"],
        stock=document["stock"],
        currency=document["currency"],
        version=document.get("version", 1),
        views=document.get("views", 0),
    )


def _document(product: Product) -> Document:
    document = flat(product)
    del document["id"]
    return document
