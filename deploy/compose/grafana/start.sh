#!/bin/sh
# Start Grafana, unless its data was created with a password other than the one in PASSWORD_FILE. Grafana reads the
# password at its first start only: without this check, a password that was generated again would never be accepted, and
# Grafana would not report why. DATA holds Grafana's database and a digest of the password that it was created with.
set -eu
DATA=${GF_PATHS_DATA:-/var/lib/grafana} PASSWORD_FILE=$GF_SECURITY_ADMIN_PASSWORD__FILE
digest=$(sha256sum < "$PASSWORD_FILE")
if [ -e "$DATA/grafana.db" ] && [ -e "$DATA/password.sha256" ]; then
    if [ "$digest" != "$(cat "$DATA/password.sha256")" ]; then
        echo "grafana: the data in the volume grafana was created with another password: the volume secret-grafana was \
deleted, or GRAFANA_ADMIN_PASSWORD in .env.secrets was changed or removed. To keep the data, set GRAFANA_ADMIN_PASSWORD to \
the old password in .env.secrets. To delete it (users and preferences; the dashboards are in the repository), run \
\`docker compose rm --stop --force grafana\` and \`docker volume rm glasshouse_grafana\`. Then run \`docker compose up\` \
again" >&2
        exit 1
    fi
else
    # In one step: an empty file, such as after a full disk, would refuse every later start.
    echo "$digest" > "$DATA/password.sha256.new"
    mv "$DATA/password.sha256.new" "$DATA/password.sha256"
fi
exec "${RUN:-/run.sh}" "$@"
