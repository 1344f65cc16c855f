#!/bin/sh
# As the official image's when it does not start as root: an option or a file is redis-server's, all else is a command.
set -eu
case "${1:-}" in
    -* | *.conf) set -- redis-server "$@" ;;
esac
exec "$@"
