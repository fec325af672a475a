#!/bin/sh
# A worker that must run once: it says who it is, works, and takes a moment to end when it is asked to.
say() { echo "worker of ${LE_RUN_HOLDER_IDENTITY}: $*"; }

trap 'say "ending"; sleep 0.5; say "ended"; exit 0' TERM
say "started, fencing token ${LE_RUN_FENCING_TOKEN}"
while :; do
    [ -z "${WORKED_FILE:-}" ] || : >"$WORKED_FILE" # for whoever wants to know whether it works
    sleep 0.1
done
