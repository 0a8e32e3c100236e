"""People who sign in, and what each may see and do."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.functional import cached_property


class Role(models.TextChoices):
    """From least to most: what a person may do in one integration."""

    VIEWER = "viewer", "Viewer"
    SUPPORT = "support", "Support"
    ENGINEER = "engineer", "Engineer"
    ADMIN = "admin", "Admin"

    @property
    def rank(self) -> int:
        """Position in the order from least to most."""
        return list(Role).index(self)


class User(AbstractUser):
    """A person. A superuser is Admin of every integration; others need a Membership for each."""

    class Theme(models.TextChoices):
        AUTO = "auto", "Same as the device"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=8, choices=Theme, default=Theme.AUTO)

    @cached_property
    def roles(self) -> dict[int, Role]:
        """The person's role by integration id; empty for a superuser, who has all."""
        return {row.integration_id: Role(row.role) for row in self.memberships.all()}

    def role_in(self, integration_id: int) -> Role | None:
        """The person's role in an integration, ``None`` when it may not even be seen."""
        if self.is_superuser:
            return Role.ADMIN
        return self.roles.get(integration_id)

    def has_role(self, integration_id: int, least: Role) -> bool:
        """Whether the person may do what needs at least the role ``least`` there."""
        role = self.role_in(integration_id)
        return role is not None and role.rank >= least.rank


class Membership(models.Model):
    """A person's role in one integration."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    integration = models.ForeignKey("responses.Integration", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "integration"], name="one_role_in_an_integration"),
        ]
