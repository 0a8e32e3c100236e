"""What a person may see: the root of every query that a page or the API makes."""

from __future__ import annotations

from typing import Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import models

from responses.models.user import User

Row = TypeVar("Row", bound=models.Model)


class VisibleQuerySet(models.QuerySet[Row]):
    """Rows that belong to an integration. Every read for a person starts with one of these."""

    integration_path = "integration_id"

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Only the rows of integrations that the person may see."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self.all()
        return self.filter(**{f"{self.integration_path}__in": list(user.roles)})

    def visible_in(self, user: User | AnonymousUser, integration_id: int) -> Self:
        """Only the rows of one integration, if the person may see it.

        It is asked for as one, and not as one of a list: beside a list SQLite overlooks the index that would fit.
        """
        if not user.is_authenticated or user.role_in(integration_id) is None:
            return self.none()
        return self.filter(**{self.integration_path: integration_id})
