"""What a person may see: the root of every query that a page or the API makes."""

from __future__ import annotations

from typing import Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import models

from responses.models.user import User

Row = TypeVar("Row", bound=models.Model)


class VisibleQuerySet(models.QuerySet[Row]):
    """Rows that belong to an integration. Every read for a person starts with ``visible_to``."""

    integration_path = "integration_id"

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Only the rows of integrations that the person may see."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self.all()
        return self.filter(**{f"{self.integration_path}__in": list(user.roles)})
