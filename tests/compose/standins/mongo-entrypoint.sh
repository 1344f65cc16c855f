#!/bin/bash
# Behaves like the official entrypoint when it does not start as root and has no first user to create.
set -Eeuo pipefail
if [ "${1:0:1}" = '-' ]; then
    set -- mongod "$@"
fi
if [[ "$1" == mongo* ]] && numactl --interleave=all true &> /dev/null; then
    set -- numactl --interleave=all "$@"
fi
exec "$@"
