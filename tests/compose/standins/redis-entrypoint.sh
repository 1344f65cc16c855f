#!/bin/sh
# Behaves like the official entrypoint when not started as root: options and files are for redis-server, the rest is a
# command.
set -eu
case "${1:-}" in
    -* | *.conf) set -- redis-server "$@" ;;
esac
exec "$@"
