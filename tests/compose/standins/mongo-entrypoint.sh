#!/bin/bash
# As the official image's when it does not start as root and is asked for no first user.
set -Eeuo pipefail
if [ "${1:0:1}" = '-' ]; then
    set -- mongod "$@"
fi
if [[ "$1" == mongo* ]] && numactl --interleave=all true &> /dev/null; then
    set -- numactl --interleave=all "$@"
fi
exec "$@"
