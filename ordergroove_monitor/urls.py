"""Every address belongs to the one app."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("responses.urls"))]
