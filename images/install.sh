#!/bin/sh
# Runs as root inside the base: installs /tmp/flowrun/requirements.txt under /tmp/flowrun/constraints.txt into /usr/local.
# Leaves changes in /usr/local and /opt/flowrun only; those two are the image's own layer. Used by build.ts and by the Dockerfiles.
set -eu
unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME
export HOME=/root LANG=C.UTF-8 PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin

# Debian keeps pip as a wheel for `python3 -m venv`; run from there it stays out of the image.
PYTHONPATH=$(echo /usr/share/python-wheels/pip-*.whl) python3 -m pip install --quiet --no-cache-dir --no-compile \
  --break-system-packages --root-user-action=ignore --disable-pip-version-check \
  --requirement /tmp/flowrun/requirements.txt --constraint /tmp/flowrun/constraints.txt

packages=$(echo /usr/local/lib/python3.*/dist-packages)
find "$packages" -depth -type d \( -name tests -o -name include \) -exec rm -rf {} +
find "$packages" -type f \( -name '*.a' -o -name '*.c' -o -name '*.cpp' -o -name '*.h' -o -name '*.pyx' -o -name '*.pxd' \) -delete

# Unchecked: valid whatever the layer's time stamps are, and one stat less per import. Every pod of a run starts from these.
python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash "$packages"

if command -v prefect >/dev/null && prefect server database --help >/dev/null 2>&1; then
  # Prefect migrates a fresh database for seven seconds; a copy of a migrated one starts at once.
  work=$(mktemp -d)
  PREFECT_HOME=$work DO_NOT_TRACK=1 prefect server database upgrade --yes >/dev/null
  python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA wal_checkpoint(TRUNCATE)")' "$work/prefect.db"
  install -D -m 644 "$work/prefect.db" /opt/flowrun/prefect/prefect.db
  rm -rf "$work"
fi
mkdir -p /opt/flowrun
