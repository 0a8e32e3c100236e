"""The one app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.module_loading import import_string

from ordergroove_monitor import patience


class ResponsesConfig(AppConfig):
    name = "responses"
    verbose_name = "Ordergroove Monitor"

    def ready(self) -> None:
        """Let migrations take their time, and let the shipped rules be there after them."""
        pre_migrate.connect(patience.begin, sender=self)
        post_migrate.connect(patience.end, sender=self)
        # By name: it knows the models, which cannot be loaded before the apps are.
        post_migrate.connect(import_string("responses.alerting.rules.bring_after_migrate"), sender=self)
