#!/bin/sh
# Run a command only if kvmon lets the op go:   ask.sh TARGET read|write COMMAND [ARGUMENT]...
# 75 (EX_TEMPFAIL) when the breaker denies, else what the command comes to. Without kvmon the command runs.
set -u
if [ $# -lt 3 ]; then
    echo "usage: $0 TARGET read|write COMMAND [ARGUMENT]..." >&2
    exit 64
fi
target=$1 op=$2
shift 2
answer=$(curl --silent --max-time 2 "${KVMON_URL:-http://127.0.0.1:9121}/v1/breakers/$target/$op/allow") || answer=
if [ "$answer" = deny ]; then
    echo "kvmon: the breaker of $target denies $op" >&2
    exit 75
fi
exec "$@"
