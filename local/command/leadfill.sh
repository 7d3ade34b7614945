#!/bin/sh
# The command `leadfill`, which `make` puts into .venv/bin: it runs the project that .venv stands in, from any folder.
self=$0
while [ -L "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=$(dirname "$self")/$link ;;
  esac
done
bin=$(CDPATH='' cd -- "$(dirname "$self")" && pwd) || exit 1
root=$(cd -- "$bin/../.." && pwd)
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec "$bin/python" -m local.command "$@"
