"""The sentences that ``manage.py up`` prints. They decide nothing."""

from __future__ import annotations

import json
from pathlib import Path

from responses.management.first_run import ADMIN, SLUG, FirstRun

PURCHASE = {
    "merchant_id": "my-merchant",
    "merchant_order_id": "1001",
    "user": {"user_id": "00026001"},
    "products": [{"product": "tea"}, {"product": "honey"}],
}
PARTIAL = {
    "customer": "00026001",
    "subscriptions": [{"tea": "0ff0f88accc511e8b6c0bc764e106cf4"}],
    "errors": {
        "subscriptions": [{"product": "honey", "subscription": {"quantity": ["This field is required."]}}],
    },
}
EXAMPLE = {
    "duration_ms": 231,
    "request": {
        "method": "POST",
        "url": "https://sc.ordergroove.com/subscription/create",
        "headers": {"content-type": "application/json"},
        "body": json.dumps(PURCHASE),
    },
    "response": {
        "status_code": 207,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(PARTIAL),
    },
}
"""A 207, which looks like a success and is half a failure: what this monitor is for."""


def curl(url: str, key: str) -> str:
    """A command that records ``EXAMPLE``. The JSON holds no apostrophe, so it can stand between two."""
    return (
        f"curl -sS {url}/api/v1/responses \\\n"
        f"  -H 'Authorization: Bearer {key}' \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d '{json.dumps(EXAMPLE)}'"
    )


def after_start(made: FirstRun, url: str) -> list[str]:
    """What a person needs next: everything on the first run, and no secret ever after."""
    lines = [""]
    if made.password:
        lines += [f"Sign in as {ADMIN} with the password {made.password} (it is shown only now)", ""]
    else:
        lines += [f"Forgotten the password? .venv/bin/python manage.py changepassword {ADMIN}"]
    if made.intake_key:
        lines += ["Record a first response (the key is shown only now):", "", curl(url, made.intake_key), ""]
    else:
        lines += [f"A new intake key: .venv/bin/python manage.py create_intake_key {SLUG}"]
    return lines


def address(url: str, data_dir: Path) -> str:
    """Where to look, and how to stop."""
    return f"\nOrdergroove Monitor runs at {url} (data in {data_dir}; Ctrl-C stops it)"


def demo(link: str, sandbox: str) -> list[str]:
    """How to get into the demo."""
    return [
        "",
        f"Sign in (once, within the hour): {link}",
        f"A simulated shop is buying from a stand-in Ordergroove at http://{sandbox}; responses arrive by themselves.",
        "",
    ]
