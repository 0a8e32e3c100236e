"""What the web server runs."""

from __future__ import annotations

from a2wsgi import WSGIMiddleware

from ordergroove_monitor import wsgi

# A fixed pool keeps its database connections; Django under ASGI would open one for each request.
application = WSGIMiddleware(wsgi.application, workers=8)
