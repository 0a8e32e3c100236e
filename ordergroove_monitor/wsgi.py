"""Django as a WSGI application: pages and JSON API. It is served from a fixed thread pool, see ``asgi``."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordergroove_monitor.settings")

application = get_wsgi_application()
