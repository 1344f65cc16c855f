#!/bin/bash
# mongod with members that know each other by a key. The key must be a file of mongod's own that no other user can read;
# it is made here, in memory, so that it need not lie on the host.
set -eu
umask 077
printf '%s' "$MONGO_KEY" > /tmp/key
unset MONGO_KEY
# A primary that is asked to stop waits 15 s for a successor, which a set of one does not have.
exec docker-entrypoint.sh mongod --config /etc/mongod.conf --bind_ip_all --dbpath /data/db --keyFile /tmp/key \
    --setParameter shutdownTimeoutMillisForSignaledShutdown=100
