#!/bin/sh
# Start Alertmanager with the receivers whose secrets exist. Without Docker, stack/alertmanager_config.py has this task.
# The image's shell is busybox. FROM contains the mounted files. CONSOLE_URL is the console's URL in the browser.
set -eu
FROM=${FROM:-/etc/alertmanager} RUN=${RUN:-/tmp/alertmanager}
mkdir -p "$RUN"
cd "$RUN"
for name in webhook_url templates secrets; do ln -sfn "$FROM/$name" "$name"; done
printf '{{ define "console.url" }}%s{{ end }}\n' "$CONSOLE_URL" > addresses.tmpl
awk -v folder="$FROM" '
  /^ *# with secrets\// { file = folder "/" $3; if ((getline line < file) < 0) skip = 1; close(file) }
  !skip { print }
  /^ *# end$/ { skip = 0 }
' "$FROM/alertmanager.yml" > alertmanager.yml
exec "${ALERTMANAGER:-/bin/alertmanager}" --config.file=alertmanager.yml "$@"
