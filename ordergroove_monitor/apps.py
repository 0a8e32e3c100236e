"""The project as an application of its own: what has to be registered once Django is ready."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.core import checks as system_checks

from ordergroove_monitor import checks, sentry


class ProjectConfig(AppConfig):
    name = "ordergroove_monitor"
    verbose_name = "Project"

    def ready(self) -> None:
        for check in checks.SETTINGS_CHECKS:
            system_checks.register(check, system_checks.Tags.security)
        system_checks.register(checks.check_connections, system_checks.Tags.database)
        sentry.start(settings.SENTRY_DSN, environment=settings.SENTRY_ENVIRONMENT)
