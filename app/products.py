"""``/api/v1/products``."""

from __future__ import annotations

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import TypeAdapter, ValidationError

from app.schemas import PageQuery, ProductId, product_answer
from shop.domain.errors import NotFound
from shop.ports import Catalogue

_product_id: TypeAdapter[str] = TypeAdapter(ProductId)


def blueprint(catalogue: Catalogue) -> Blueprint:
    """Looking at products."""
    api = Blueprint("products", __name__, url_prefix="/api/v1/products")

    @api.get("")
    def page() -> ResponseReturnValue:
        query = PageQuery.model_validate(request.args.to_dict())
        found = catalogue.page(query.limit, query.after)
        full = len(found) == query.limit
        following = url_for("products.page", limit=query.limit, after=found[-1].id) if full else None
        return jsonify({"items": [product_answer(product) for product in found], "next": following})

    @api.get("/<product_id>")
    def show(product_id: str) -> ResponseReturnValue:
        try:
            _product_id.validate_python(product_id)
        except ValidationError:
            raise NotFound("product", product_id[:80]) from None
        return jsonify(product_answer(catalogue.get(product_id)))

    return api
