"""Which view answers which path."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from responses.views import demo

urlpatterns: list[URLPattern | URLResolver] = [
    path("demo/sign-in/<str:token>/", demo.sign_in, name="demo-sign-in"),
]
