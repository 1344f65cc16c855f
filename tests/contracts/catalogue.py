"""The contracts of ``ports.Catalogue`` and ``ports.Browsing``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from shop.domain.errors import DatabaseUnavailable, NotFound, ProductExists
from shop.ports import Browsing, Catalogue
from tests.contracts.samples import LAMP, MUG, POT, PRODUCTS

CALLS: dict[str, Callable[[Catalogue], object]] = {
    "get": lambda catalogue: catalogue.get(LAMP.id),
    "get_many": lambda catalogue: catalogue.get_many([LAMP.id]),
    "page": lambda catalogue: catalogue.page(5, None),
    "search": lambda catalogue: catalogue.search("lamp", 5),
    "best_sellers": lambda catalogue: catalogue.best_sellers(5),
    "add": lambda catalogue: catalogue.add(LAMP),
    "change": lambda catalogue: catalogue.change(LAMP.id, stock=1),
    "add_missing": lambda catalogue: catalogue.add_missing([LAMP]),
    "add_views": lambda catalogue: catalogue.add_views({LAMP.id: 1}),
}


class CatalogueContract:
    """Requires the fixtures ``catalogue``, which contains only ``PRODUCTS``, and ``catalogue_down``."""

    def test_a_product_reads_back_as_it_was_added(self, catalogue: Catalogue) -> None:
        """A product that was added is read back with equal values in every field."""
        product = replace(LAMP, id="new-lamp", version=3, views=7)
        assert catalogue.add(product) == product
        assert catalogue.get(product.id) == product

    def test_what_is_not_there_is_not_found(self, catalogue: Catalogue) -> None:
        """Reading or changing an unknown product raises ``NotFound``."""
        for call in (lambda: catalogue.get("none"), lambda: catalogue.change("none", stock=1)):
            with pytest.raises(NotFound):
                call()

    def test_one_id_is_one_product(self, catalogue: Catalogue) -> None:
        """Adding a second product with the same id raises an error and changes nothing."""
        with pytest.raises(ProductExists):
            catalogue.add(replace(LAMP, price_cents=1))
        assert catalogue.get(LAMP.id) == LAMP

    def test_of_many_those_that_exist_are_found(self, catalogue: Catalogue) -> None:
        """A request for several ids returns the products that exist; an empty request returns nothing."""
        assert catalogue.get_many(iter([MUG.id, "none", LAMP.id, MUG.id])) == {MUG.id: MUG, LAMP.id: LAMP}
        assert catalogue.get_many([]) == {}

    def test_pages_go_by_id(self, catalogue: Catalogue) -> None:
        """Each page starts after the last id of the page before."""
        assert catalogue.page(2, None) == [MUG, LAMP]
        assert catalogue.page(2, LAMP.id) == [POT]
        assert catalogue.page(2, POT.id) == []

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("lamp", [LAMP]),
            ("BLUE", [MUG]),
            ("tea pot", [POT, MUG]),
            ("kitchen pot", [POT, MUG]),
            ("la", []),
            ("nothing-of-this", []),
        ],
    )
    def test_a_search_finds_whole_words(self, catalogue: Catalogue, words: str, found: list[object]) -> None:
        """A search matches whole words in name, category and description; any of them suffices, best match first."""
        assert catalogue.search(words, 5) == found
        assert catalogue.search(words, 1) == found[:1]

    def test_the_most_viewed_are_first(self, catalogue: Catalogue) -> None:
        """Views add up; views of unknown products are dropped, and no version changes."""
        catalogue.add_views({MUG.id: 2, POT.id: 1, "none": 5})
        catalogue.add_views({MUG.id: 2})
        catalogue.add_views({})
        best = catalogue.best_sellers(2)
        assert [(one.id, one.views, one.version) for one in best] == [(MUG.id, 4, 1), (POT.id, 1, 1)]

    def test_a_change_raises_the_version(self, catalogue: Catalogue) -> None:
        """A change raises the version; fields that are not given stay unchanged."""
        assert catalogue.change(LAMP.id, price_cents=1) == replace(LAMP, price_cents=1, version=2)
        assert catalogue.change(LAMP.id, stock=0) == replace(LAMP, price_cents=1, stock=0, version=3)
        assert catalogue.get(LAMP.id) == replace(LAMP, price_cents=1, stock=0, version=3)

    def test_what_is_missing_is_added(self, catalogue: Catalogue) -> None:
        """Missing products are added and existing ones keep price and stock; an empty list adds nothing."""
        lantern = replace(LAMP, id="lantern")
        assert catalogue.add_missing([replace(LAMP, price_cents=1), lantern]) == 1
        assert catalogue.get(LAMP.id) == LAMP
        assert catalogue.get(lantern.id) == lantern
        assert catalogue.add_missing([]) == 0

    @pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
    def test_down_it_says_so(self, catalogue_down: Catalogue, call: Callable[[Catalogue], object]) -> None:
        """Every method raises ``DatabaseUnavailable`` while the database is down."""
        with pytest.raises(DatabaseUnavailable):
            call(catalogue_down)


class BrowsingContract:
    """Requires the fixtures ``browsing``, over a catalogue that contains ``PRODUCTS``, and ``browsing_down``."""

    def test_a_product_is_seen(self, browsing: Browsing) -> None:
        """The second look-up of a product returns the same as the first."""
        for _ in range(2):
            seen = browsing.look_at(LAMP.id)
            assert (seen.product, seen.stale) == (LAMP, False)
            assert 0 <= seen.age < 10

    def test_what_is_not_there_is_not_found(self, browsing: Browsing) -> None:
        """An unknown product raises ``NotFound`` at the first and the second look-up."""
        for _ in range(2):
            with pytest.raises(NotFound):
                browsing.look_at("none")

    def test_pages_go_by_id(self, browsing: Browsing) -> None:
        """Each page starts after the last id of the page before, and has an age."""
        for _ in range(2):
            products, age, stale = browsing.look_through(2, MUG.id)
            assert (products, stale) == ([LAMP, POT], False)
            assert 0 <= age < 10

    def test_the_front_page_has_both_sections(self, browsing: Browsing) -> None:
        """The front page has both sections, which contain all products of such a small catalogue."""
        home = browsing.home()
        assert sorted(one.id for one in home.best_sellers) == [one.id for one in PRODUCTS]
        assert (home.first_page, home.stale) == (PRODUCTS, False)

    def test_down_it_says_so(self, browsing_down: Browsing) -> None:
        """Every method raises ``DatabaseUnavailable`` if there is no copy and the database is down."""
        for call in (
            lambda: browsing_down.look_at(LAMP.id),
            lambda: browsing_down.look_through(2, None),
            browsing_down.home,
        ):
            with pytest.raises(DatabaseUnavailable):
                call()
