"""Targets become endpoints of a finite list, and only what is written plainly becomes a known one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.ordergroove import endpoints
from responses.ordergroove.endpoints import Kind

ID = "0ff0f88accc511e8b6c0bc764e106cf4"


@pytest.mark.parametrize(
    ("method", "role", "path", "name", "kind", "ids"),
    [
        ("POST", "sc", "/subscription/create", "POST /subscription/create", Kind.PURCHASE, ()),
        ("POST", "sc", "/subscription/create/", "POST /subscription/create", Kind.PURCHASE, ()),
        ("post", "sc", "/subscription/create?x=1", "POST /subscription/create", Kind.PURCHASE, ()),
        ("GET", "sc", f"/subscription/{ID}/response", "GET /subscription/{id}/response", Kind.PURCHASE_STATUS, (ID,)),
        ("GET", "sc", "/subscription/verify/m1/o1", "GET /subscription/verify/{id}/{id}", Kind.VERIFY, ("m1", "o1")),
        ("GET", "restapi", "/subscriptions/", "GET /subscriptions/", Kind.SUBSCRIPTIONS, ()),
        ("GET", "restapi", "/subscriptions", "GET /subscriptions/", Kind.SUBSCRIPTIONS, ()),
        ("PATCH", "restapi", f"/subscriptions/{ID}/cancel/", "PATCH /subscriptions/{id}/cancel/", Kind.REST, (ID,)),
        ("PATCH", "restapi", f"/subscriptions/{ID}/cancel", "PATCH /subscriptions/{id}/cancel/", Kind.REST, (ID,)),
        ("POST", "restapi", "/items/iu/", "POST /items/iu/", Kind.REST, ()),
        ("GET", "restapi", "/items/iu2/", "GET /items/{id}/", Kind.REST, ("iu2",)),
        ("GET", "restapi", "/customers/ada%40example.com/", "GET /customers/{id}/", Kind.REST, ("ada@example.com",)),
        ("POST", "restapi", "/products-batch/create/", "POST /products-batch/create/", Kind.BULK_PRODUCTS, ()),
        ("POST", "api", "/order/verify", "POST /order/verify", Kind.LEGACY, ()),
        ("OPTIONS", "sc", "/subscription/create", "OPTIONS /subscription/create", Kind.REST, ()),
        ("PUT", "restapi", f"/orders/{ID}/", "PUT /orders/{id}/", Kind.REST, (ID,)),
        ("BREW", "restapi", f"/orders/{ID}/", "OTHER /orders/{id}/", Kind.REST, (ID,)),
        ("POST", "restapi", "/new_things/", "POST other", Kind.OTHER, ()),
        ("POST", "", "/subscription/create", "POST other", Kind.OTHER, ()),
        ("POST", "restapi", "/subscription/create", "POST other", Kind.OTHER, ()),
        ("GET", "restapi", "/", "GET other", Kind.OTHER, ()),
        ("GET", "restapi", "", "GET other", Kind.OTHER, ()),
    ],
)
def test_a_target_has_its_endpoint(
    method: str, role: str, path: str, name: str, kind: Kind, ids: tuple[str, ...]
) -> None:
    found = endpoints.match(method, role, path)
    assert (found.endpoint.name, found.endpoint.kind, found.ids) == (name, kind, ids)


@pytest.mark.parametrize(
    "path",
    [
        "//subscription/create",
        "/subscription//create",
        "/x/../subscription/create",
        "/./subscription/create",
        "/subscription/create/.",
        "/subscription/create/..",
        "/subscription%2Fcreate",
        "/subscription%2fcreate",
        "/%2e/subscription/create",
        "/%2E%2E/subscription/create",
        "/subscription%5Ccreate",
        "/subscription\\create",
        "/subscription/create;v=1",
        "/subscription/create\x00",
        "/subscription/create\n",
        "/subscription/%00/response",
        "/subscription/%252e%252e/response",
        "/SUBSCRIPTION/create",
        "/subscription/cre%61te",
        f"/subscription/{'a' * 201}/response",
    ],
)
def test_a_path_that_is_not_written_plainly_is_other(path: str) -> None:
    assert endpoints.match("POST", "sc", path).endpoint.name == "POST other"


@given(st.text(max_size=12), st.sampled_from((*endpoints.ROLES, "", "x")), st.text(max_size=60))
def test_names_are_a_finite_set_whatever_comes_in(method: str, role: str, path: str) -> None:
    found = endpoints.match(method, role, "/" + path)
    name, template = found.endpoint.name.split(" ", 1)
    assert name in (*endpoints.METHODS, endpoints.OTHER_METHOD)
    assert template == "other" or template in {known.template for known in endpoints.known()}


@given(
    st.sampled_from(("/subscriptions/{}/cancel/", "/orders/{}/", "/customers/{}")), st.text(min_size=1, max_size=300)
)
def test_any_id_in_a_path_gives_text_that_can_be_stored(template: str, name: str) -> None:
    for found in endpoints.match("GET", "restapi", template.format(name)).ids:
        assert len(found) <= 200
        assert "\x00" not in found
        found.encode()


def test_the_purchase_is_safe_to_repeat_and_other_posts_are_not() -> None:
    safe = {endpoint.name for endpoint in endpoints.known() if endpoint.safe_to_repeat and endpoint.method == "POST"}
    assert safe == {"POST /subscription/create"}


@pytest.mark.parametrize(
    ("method", "path", "is_safe"),
    [
        ("GET", "/subscriptions/", True),
        ("HEAD", "/subscriptions/", True),
        ("PATCH", f"/subscriptions/{ID}/change_quantity/", True),
        ("PATCH", "/products-batch/update/", True),
        ("DELETE", f"/items/{ID}/", True),
        ("POST", "/items/iu/", False),
        ("POST", "/subscriptions/iu/", False),
        ("POST", "/one_time_incentives/create/", False),
        ("POST", f"/orders/{ID}/send_now/", False),
        ("PATCH", f"/orders/{ID}/send_now/", False),
        ("PATCH", f"/orders/{ID}/skip_subscription/", False),
        ("POST", f"/subscriptions/{ID}/cancel/", False),
        ("DELETE", f"/subscriptions/{ID}/", False),
        ("GET", "/new_things/", False),
        ("BREW", "/subscriptions/", False),
    ],
)
def test_only_what_is_documented_and_provably_harmless_is_safe_to_repeat(
    method: str, path: str, *, is_safe: bool
) -> None:
    assert endpoints.match(method, "restapi", path).endpoint.safe_to_repeat is is_safe


def test_every_documented_endpoint_is_found_again() -> None:
    roles = {template: role for role, rows in endpoints._TEMPLATES.items() for template, _, _ in rows}
    for endpoint in endpoints.known():
        found = endpoints.match(endpoint.method, roles[endpoint.template], endpoint.template.replace("{id}", "42"))
        assert found.endpoint == endpoint


def key(method: str, role: str, path: str, *, order: str = "", body_hash: str = "h1") -> str:
    found = endpoints.match(method, role, path)
    return endpoints.resource_key(found, method=method, path=path, order=order, body_hash=body_hash)


def test_a_purchase_is_known_by_its_order() -> None:
    assert key("POST", "sc", "/subscription/create", order="1001") == "order:1001"
    assert key("POST", "sc", "/subscription/create", order="1001", body_hash="h2") == "order:1001"


def test_an_order_without_an_id_is_known_by_its_body() -> None:
    first = key("POST", "sc", "/subscription/create", body_hash="h1")
    assert first != key("POST", "sc", "/subscription/create", body_hash="h2")


def test_all_changes_of_one_object_share_a_key() -> None:
    cancel = key("PATCH", "restapi", f"/subscriptions/{ID}/cancel/")
    assert cancel == key("PATCH", "restapi", f"/subscriptions/{ID}/update/", body_hash="h2") == f"subscriptions:{ID}"
    assert cancel != key("PATCH", "restapi", f"/orders/{ID}/cancel/")


def test_what_names_no_object_is_known_by_method_path_and_body() -> None:
    assert key("POST", "restapi", "/items/iu/?x=1") == "POST /items/iu/ h1"


def test_a_long_key_is_cut_but_stays_its_own() -> None:
    first, second = (key("POST", "", "/" + "a" * 900 + end) for end in "xy")
    assert first != second
    assert len(first) <= endpoints.RESOURCE_KEY_LENGTH


@given(st.text(max_size=400), st.text(max_size=400), st.text(max_size=300))
def test_any_key_can_be_stored(method: str, path: str, order: str) -> None:
    for role in ("sc", "restapi", ""):
        found = key(method, role, path, order=order)
        assert len(found) <= endpoints.RESOURCE_KEY_LENGTH
        assert "\x00" not in found
        found.encode()


def test_default_hosts_name_only_known_roles() -> None:
    assert all(set(hosts) <= set(endpoints.ROLES) for hosts in endpoints.DEFAULT_HOSTS.values())
