#!/bin/sh
# Becomes the process that is asked for, so that signals reach it: `entrypoint worker --queues webhook`.
set -eu
exec python /app/manage.py "$@"
