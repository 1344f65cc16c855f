#!/bin/bash
# Start mongod. Members of the replica set authenticate each other with a key. mongod only accepts a key file that
# belongs to its user and that no other user can read, so the file of the volume is copied into memory.
set -eu
umask 077
cat /run/secrets/mongo-key/value > /tmp/key
# By default a primary that is stopped waits 15 s for a successor, which a set with one member does not have.
exec docker-entrypoint.sh mongod --config /etc/mongod.conf --bind_ip_all --dbpath /data/db --keyFile /tmp/key \
    --setParameter shutdownTimeoutMillisForSignaledShutdown=100
