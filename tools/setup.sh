#!/bin/sh
# Makes .venv and installs the pinned requirements into it, only when they have changed.
# Usage: tools/setup.sh requirements.txt [requirements-dev.txt]
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null 2>&1 && is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed; found: $(python3 --version 2>&1 || echo none)." \
        "On Debian and Ubuntu: apt-get install -y python3 python3-venv. Elsewhere set PYTHON=/path/to/python3.11."
}

# One at a time: two makes at once would write into the same folder.
if [ -z "${MONITOR_SETUP_LOCKED:-}" ] && command -v flock >/dev/null 2>&1; then
    MONITOR_SETUP_LOCKED=1 exec flock .venv.lock "$0" "$@"
fi

# A folder that was moved, or whose Python has gone, is made anew.
if [ -e .venv ] && ! is_new_enough .venv/bin/python; then
    echo "The Python in .venv has gone or is too old: making .venv anew."
    rm -rf .venv
fi
if [ ! -e .venv ]; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        fail "Python's venv module is missing. On Debian and Ubuntu: apt-get install -y python3-venv (as root, or with sudo)."
    fi
    echo "Making .venv with $("$python" --version) …"
    "$python" -m venv .venv || { rm -rf .venv; fail "Python could not make .venv: see above."; }
fi

stamp=".venv/.installed-$(echo "$*" | tr -c 'a-z0-9.\n' '-')"
wanted=$(cat "$@" | cksum; .venv/bin/python --version)
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "Installing packages (once; a minute or two) …"
    set -- $(printf -- '--requirement %s ' "$@")
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes "$@" \
        || fail "The packages could not be installed: see above. Is the package registry reachable?"
    echo "$wanted" > "$stamp"
fi
