"""Recipes: what is read off a correction, and what it does to other requests."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.correcting import operations, pointers, recipes
from responses.correcting.operations import Op
from responses.correcting.recipes import RecipeError

NAMES = st.sampled_from(["a", "b", "offer", "x/y", "t~n", "*", "0", "-", ""])
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([Decimal("12.50"), 0.1, "", "x", "north", "south", "44"])
)
DOCUMENTS = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=14
)
OBJECTS = st.dictionaries(NAMES, DOCUMENTS, max_size=5)
PATHS = st.lists(NAMES | st.just("1"), min_size=1, max_size=4).map(pointers.join)
OPS = st.builds(
    Op,
    kind=st.sampled_from(operations.KINDS),
    path=PATHS,
    value=DOCUMENTS,
    old=PLAIN,
    to=PATHS | NAMES,
    is_part=st.booleans(),
)


def purchase(*offers: Any, **fields: Any) -> dict[str, Any]:
    products = [{"product": str(70 + place), "offer": offer} for place, offer in enumerate(offers)]
    return {"merchant_order_id": "1001", "products": products} | fields


def is_good(op: Op) -> bool:
    try:
        operations.checked(op)
    except RecipeError:
        return False
    return True


@given(OBJECTS, OBJECTS)
def test_what_is_derived_makes_the_one_into_the_other(before: Any, after: Any) -> None:
    ops = recipes.derive(before, after)

    if ops or "*" not in json.dumps([before, after], default=str):
        assert pointers.same(recipes.apply(ops, before)[0], after)


@given(OBJECTS, OBJECTS)
def test_a_recipe_survives_the_table_that_keeps_it(before: Any, after: Any) -> None:
    ops = tuple(op for op in recipes.derive(before, after) if is_good(op))

    kept = recipes.load(json.loads(json.dumps(recipes.dump(ops))))

    assert pointers.same(recipes.apply(kept, before)[0], recipes.apply(ops, before)[0])


@given(st.lists(OPS.filter(is_good), max_size=4), OBJECTS)
def test_any_recipe_leaves_the_document_it_is_given_alone(ops: list[Op], document: Any) -> None:
    original = copy.deepcopy(document)

    changed, count = recipes.apply(ops, document)

    assert pointers.same(document, original)
    assert count or pointers.same(changed, original)


@given(OPS.filter(is_good).filter(lambda op: op.kind in ("set", "remove", "rename")), OBJECTS)
def test_what_is_done_twice_is_done_once(op: Op, document: Any) -> None:
    once, _ = recipes.apply([op], document)
    index = any(pointers.is_index(step) or step == pointers.END for step in op.steps)

    if not index:
        assert recipes.apply([op], once)[1] == 0 or op.kind != "set"


@given(OPS.filter(is_good), OBJECTS)
def test_what_a_recipe_does_not_touch_stays_as_it_is(op: Op, document: Any) -> None:
    changed, _ = recipes.apply([op], document)

    untouched = [name for name in document if not recipes.touched([op], [pointers.join([name])])]
    assert all(pointers.same(document[name], changed[name]) for name in untouched)


@given(OBJECTS, st.text(max_size=20))
def test_any_text_is_a_pointer_or_is_refused(document: Any, text: str) -> None:
    try:
        steps = pointers.split(text)
    except ValueError:
        return
    assert pointers.join(steps) == text
    if steps:
        list(pointers.places(document, steps))


def test_a_value_that_was_wrong_in_every_product_is_replaced_in_all() -> None:
    [op] = recipes.derive(purchase("old", "old", "fine"), purchase("new", "new", "fine"))

    assert op == Op(kind="replace", path="/products/*/offer", old="old", value="new")


def test_a_value_that_only_one_of_two_equal_products_changed_keeps_its_index() -> None:
    [op] = recipes.derive(purchase("old", "old"), purchase("old", "new"))

    assert op.path == "/products/1/offer"


def test_a_missing_field_is_set() -> None:
    [op] = recipes.derive(purchase("a"), purchase("a", session_id="abc"))

    assert op == Op(kind="set", path="/session_id", value="abc")


def test_a_null_is_replaced_and_what_others_have_there_stays() -> None:
    ops = recipes.derive(purchase(country=None), purchase(country="GB"))

    assert recipes.apply(ops, purchase(country="DE"))[1] == 0


def test_a_field_that_got_another_name_is_renamed_in_every_product() -> None:
    before = {"products": [{"sku": "77"}, {"sku": "88"}]}
    after = {"products": [{"product": "77"}, {"product": "88"}]}

    [op] = recipes.derive(before, after)

    assert (op.kind, op.path, op.to) == ("rename", "/products/*/sku", "product")


def test_a_field_that_went_elsewhere_is_moved() -> None:
    [op] = recipes.derive({"user": {}, "phone": "0123 456"}, {"user": {"phone": "0123 456"}})

    assert (op.kind, op.path, op.to) == ("move", "/phone", "/user/phone")


def test_swapped_values_are_put_one_by_one() -> None:
    before, after = {"first": "north", "second": "south"}, {"first": "south", "second": "north"}

    assert recipes.apply(recipes.derive(before, after), before)[0] == after


def test_an_order_s_own_id_is_no_part_of_a_recipe() -> None:
    before = {"user": {"name": "Ada"}, "offer": "a"}
    after = {"user": {"name": "Ada"}, "offer": "b", "merchant_order_id": "1001-r1"}

    assert [op.path for op in recipes.derive(before, after)] == ["/offer"]


def test_a_change_of_everything_is_no_recipe() -> None:
    assert recipes.derive([1], {"a": 1}) == ()
    assert recipes.derive({}, {str(number) + "a": number for number in range(30)}) == ()


def test_a_recipe_that_matches_nothing_changes_nothing() -> None:
    op = Op(kind="replace", path="/products/*/offer", old="old", value="new")

    assert recipes.apply([op], {"lines": []}) == ({"lines": []}, 0)


def test_true_is_not_one() -> None:
    op = Op(kind="replace", path="/a", old=1, value=2)

    assert recipes.apply([op], {"a": True})[1] == 0
    assert recipes.apply([op], {"a": Decimal("1.0")})[1] == 1


def test_what_stands_at_the_new_place_already_is_not_overwritten() -> None:
    document = {"sku": "77", "product": "88", "user": {"sku": "99"}}

    assert recipes.apply([Op(kind="rename", path="/sku", to="product")], document) == (document, 0)
    assert recipes.apply([Op(kind="move", path="/sku", to="/user/sku")], document) == (document, 0)


def test_a_hostile_pattern_is_only_a_text() -> None:
    op = operations.checked(Op(kind="replace", path="/a", old="(a+)+$", value="b", is_part=True))

    assert recipes.apply([op], {"a": "a" * 500_000 + "!"})[1] == 0


def test_a_text_that_would_grow_without_end_is_refused() -> None:
    op = Op(kind="replace", path="/a", old="a", value="a" * 10_000, is_part=True)

    with pytest.raises(RecipeError, match="would grow"):
        recipes.apply([op], {"a": "a" * 1_000})


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (Op(kind="erase", path="/a"), "no operation"),
        (Op(kind="set", path=""), "everything"),
        (Op(kind="remove", path="/*"), "everything"),
        (Op(kind="remove", path="/*/*"), "everything"),
        (Op(kind="set", path="products"), "slash"),
        (Op(kind="set", path="/a~2"), "~0"),
        (Op(kind="set", path="/a" * 60), "steps"),
        (Op(kind="set", path="/" + "a" * 400), "characters"),
        (Op(kind="set", path="/a", value="x" * 30_000), "characters"),
        (Op(kind="set", path="/a", value={"b": "\0"}), "NUL"),
        (Op(kind="set", path="/a", value="\ud800"), "cannot be written"),
        (Op(kind="rename", path="/a", to="\0"), "NUL"),
        (Op(kind="set", path="/merchant_order_id", value="1"), "own"),
        (Op(kind="set", path="/user", value={}), "own"),
        (Op(kind="replace", path="/a", old={}, value=1), "Only a text"),
        (Op(kind="replace", path="/a", old="", value="x", is_part=True), "part"),
        (Op(kind="replace", path="/a", old="x", value=1, is_part=True), "part"),
        (Op(kind="rename", path="/a"), "new name"),
        (Op(kind="rename", path="/a/*", to="b"), "with a name"),
        (Op(kind="move", path="/a/*/b", to="/b"), "same number"),
        (Op(kind="move", path="/a", to="/a/b"), "into itself"),
        (Op(kind="move", path="/a/0", to="/b"), "with a name"),
        (Op(kind="move", path="/a", to=""), "everything"),
    ],
)
def test_what_cannot_be_is_refused_with_a_word(op: Op, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        operations.checked(op)


def test_locked_fields_are_found_also_where_a_recipe_would_take_what_holds_them() -> None:
    locked = ["/payment/token_id", "/products/0/card", "/merchant_id"]

    def hit(*, path: str, kind: str = "remove", to: str = "") -> list[str]:
        return recipes.touched([Op(kind=kind, path=path, to=to)], locked)

    assert hit(path="/payment") == ["/payment/token_id"]
    assert hit(path="/products/*/card") == ["/products/0/card"]
    assert hit(kind="rename", path="/merchant", to="merchant_id") == ["/merchant_id"]
    assert hit(kind="move", path="/a/*/x", to="/products/*/card") == ["/products/0/card"]
    assert hit(path="/products/*/offer") == []


def test_each_operation_is_said_in_a_sentence() -> None:
    said = [
        operations.words(Op(kind="set", path="/a", value="x")),
        operations.words(Op(kind="replace", path="/a", old=1, value=Decimal("2.50"))),
        operations.words(Op(kind="replace", path="/a", old="x", value="y", is_part=True)),
        operations.words(Op(kind="remove", path="/a")),
        operations.words(Op(kind="rename", path="/a", to="b")),
        operations.words(Op(kind="move", path="/a", to="/b/c")),
    ]

    assert said == [
        'Set /a to "x".',
        "Replace 1 in /a by 2.5.",
        'Replace the text "x" in /a by "y".',
        "Remove /a.",
        "Rename /a to b.",
        "Move /a to /b/c.",
    ]
