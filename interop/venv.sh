#!/usr/bin/env bash
# Makes interop/.venv with the pinned requirements, or does nothing if it is there and current.
# PYTHON names the interpreter to use (default: python3.11).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

python="${PYTHON:-python3.11}"
if ! version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)"; then
  echo "interop: no '$python' here; install Python 3.11 or name one: PYTHON=/path/to/python3.11" >&2
  exit 1
fi
if [ "$version" != "3.11" ]; then
  echo "interop: the pins are for Python 3.11, '$python' is $version; name another: PYTHON=/path/to/python3.11" >&2
  exit 1
fi

# The stamp is written last, so a run that broke off leaves none and the next one starts afresh.
stamp="$(cat requirements.txt venv.sh | "$python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')"
if [ -f .venv/stamp ] && [ "$(cat .venv/stamp)" = "$stamp" ]; then
  exit 0
fi

echo "interop: making interop/.venv (JAX, Flax and friends: some 300 MB, a minute or two)"
rm -rf .venv
"$python" -m venv .venv
.venv/bin/python -m pip install --disable-pip-version-check --no-deps --progress-bar off -r requirements.txt \
  | awk '/^Collecting/ { print "  " $2; fflush() }'
.venv/bin/python -m pip --disable-pip-version-check check
echo "$stamp" > .venv/stamp
echo "interop: interop/.venv is ready"
