"""The one app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

from ordergroove_monitor import patience


class ResponsesConfig(AppConfig):
    name = "responses"
    verbose_name = "Ordergroove Monitor"

    def ready(self) -> None:
        """Let migrations take their time."""
        pre_migrate.connect(patience.begin, sender=self)
        post_migrate.connect(patience.end, sender=self)
