"""The catalogue in MongoDB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from pymongo import UpdateOne
from pymongo.database import Database

from shop.adapters.mongo import Document, translated
from shop.domain.errors import NotFound
from shop.domain.product import Product


class MongoCatalogue:
    """Implements ``ports.Catalogue`` on the collection ``products``."""

    def __init__(self, db: Database[Document]) -> None:
        self._products = db["products"]

    def get(self, product_id: str) -> Product:
        """The product. Raises ``NotFound``, ``DatabaseUnavailable``."""
        with translated():
            document = self._products.find_one({"_id": product_id})
        if document is None:
            raise NotFound("product", product_id)
        return _product(document)

    def get_many(self, product_ids: Iterable[str]) -> dict[str, Product]:
        """Those that exist, by id. Raises ``DatabaseUnavailable``."""
        with translated():
            found = self._products.find({"_id": {"$in": list(product_ids)}})
            return {document["_id"]: _product(document) for document in found}

    def page(self, limit: int, after: str | None) -> list[Product]:
        """At most ``limit`` products in the order of their ids. Raises ``DatabaseUnavailable``."""
        query = {"_id": {"$gt": after}} if after is not None else {}
        with translated():
            return [_product(document) for document in self._products.find(query).sort("_id", 1).limit(limit)]

    def add_missing(self, products: Iterable[Product]) -> int:
        """Add what is not there; two replicas may do so at once. Raises ``DatabaseUnavailable``."""
        upserts = [
            UpdateOne({"_id": product.id}, {"$setOnInsert": _document(product)}, upsert=True) for product in products
        ]
        with translated():
            return self._products.bulk_write(upserts, ordered=False).upserted_count


def _product(document: Document) -> Product:
    return Product(
        id=document["_id"],
        name=document["name"],
        category=document["category"],
        description=document["description"],
        price_cents=document["price_cents"],
        stock=document["stock"],
        currency=document["currency"],
    )


def _document(product: Product) -> Document:
    document = asdict(product)
    del document["id"]
    return document
