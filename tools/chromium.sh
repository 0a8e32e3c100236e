#!/bin/sh
# Sees to it that the browser tests find Chromium: installs it where that is allowed, else says how.
set -eu

for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done

if ! command -v apt-get >/dev/null 2>&1; then
    echo "The tests need Chromium: install it with your system's package manager, so that \`chromium\` can be called." >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "The tests need Chromium. Run once: sudo apt-get update && sudo apt-get install -y chromium" >&2
    exit 1
fi

echo "Installing Chromium …"
$as_root apt-get update -q
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core </dev/null
