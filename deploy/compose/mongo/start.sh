#!/bin/bash
# Start mongod. Members of the replica set sign in to each other with a key. mongod accepts only a key file of its own
# user that no other user can read, so the file of the volume is copied into memory.
set -eu
umask 077
cat /run/secrets/mongo-key/value > /tmp/key
# When it is stopped, a primary waits 15 s for a successor, which a set of one does not have.
exec docker-entrypoint.sh mongod --config /etc/mongod.conf --bind_ip_all --dbpath /data/db --keyFile /tmp/key \
    --setParameter shutdownTimeoutMillisForSignaledShutdown=100
