#!/bin/sh
# Like the official entrypoint: render /etc/nginx/templates with the variables that are set, then run the command.
set -eu
output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
names=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p' | tr '\n' ' ')
if [ "$1" = nginx ] && [ -d /etc/nginx/templates ]; then
    find /etc/nginx/templates -follow -type f -name '*.template' | while read -r template; do
        target="$output/${template#/etc/nginx/templates/}"
        target="${target%.template}"
        mkdir -p "$(dirname "$target")"
        envsubst "$names" < "$template" > "$target"
    done
fi
exec "$@"
