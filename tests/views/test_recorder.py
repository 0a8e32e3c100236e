"""The client file that the monitor hands out."""

from __future__ import annotations

import ast

from django.test import Client


def test_the_recorder_is_public_cacheable_and_python(client: Client) -> None:
    response = client.get("/recorder.py")

    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/x-python")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age" in response.headers["Cache-Control"]
    ast.parse(response.content)
    again = client.get("/recorder.py", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
