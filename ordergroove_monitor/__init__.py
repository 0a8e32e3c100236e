"""The project: environment, settings, Celery, and what runs it. The product itself is the app ``responses``."""

from ordergroove_monitor.celery import app as celery_app

__all__ = ["celery_app"]
