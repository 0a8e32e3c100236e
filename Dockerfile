# Runs the monitor from its folder. Web, worker and beat are the same image with different commands: see compose.yaml.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
WORKDIR /app

COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes --requirement requirements.txt

COPY . .
# The secrets that collecting needs are thrown away with their folder; a container gets its own.
RUN DATA_DIR=/tmp/build python manage.py collectstatic --no-input --verbosity 0 && rm -rf /tmp/build \
    && useradd --system --uid 10001 monitor && install -d -o monitor -g monitor -m 0700 /data

USER monitor
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status >= 500)"]
CMD ["python", "-m", "ordergroove_monitor.web", "--bind", "0.0.0.0:8000"]
