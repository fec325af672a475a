#!/usr/bin/env bash
# A leader that was paused past its lease writes too late, and the storage refuses: SQL, then an object over HTTP.
# On Debian 12, as root, in a fresh clone; without root if le-run's packages, sqlite3, curl and apache2-bin are there.
#
# le-run ends the work before the lease can run out, so the pause must stop le-run and its guard too, as a paused
# virtual machine does; then the worker is thawed first.
set -euo pipefail
cd "$(dirname "$0")/../.."

printf '%s\n' sqlite3 curl apache2-bin | container/install-packages.sh
source examples/replicas.sh
frozen=()
server_pid=
end_show() {
    [[ -z "$server_pid" ]] || { kill "$server_pid" && wait "$server_pid"; } || true
    [[ ${#frozen[@]} -eq 0 ]] || kill -CONT "${frozen[@]}"
    end_all
}
trap end_show EXIT

# Apache's WebDAV stands in for an object store. One process that serves one request at a time, because mod_dav checks
# the condition first and writes then: side by side, two requests with one condition can both win (seen in 2 of 100).
start_object_server() { # sets `server`
    mkdir "$folder/objects" "$folder/run"
    # Started by root, Apache serves as another user.
    if [[ $(id -u) -eq 0 ]]; then
        chmod 711 "$folder"
        chown www-data "$folder/objects" "$folder/run"
    fi
    for _ in $(seq 50); do
        server=127.0.0.1:$((20000 + RANDOM % 10000)) # taken already: the next
        # Apache signals its whole process group when it stops: it gets one of its own.
        setsid apache2 -d "$folder" -f "$PWD/examples/fencing/apache.conf" -c "Listen $server" -DFOREGROUND 2>"$folder/run/said" &
        server_pid=$!
        while kill -0 "$server_pid" 2>/dev/null; do
            [[ ! -e "$folder/run/pid" ]] || return 0
            sleep 0.05
        done
    done
    server_pid=
    cat "$folder/run/said" >&2
    exit 1
}

# What a replica's worker reads comes through a FIFO that this script holds open.
start_reading() { # replica, command...
    stdin=$folder/$1.in
    mkfifo "$stdin"
    exec {input[$1]}<>"$stdin"
    start "$@"
}
give() { echo "$2" >&"${input[$1]}"; }

show() { # command...
    declare -A input=()
    start_reading a "$@"
    await a "worker of replica-a: started"
    start_reading b "$@"
    await b "new leader: replica-a"
    echo "replica a leads with fencing token $(token a)."
    give a first
    await a 'wrote "first"'

    local worker guard
    worker=$(child a)
    guard=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$worker/status")
    frozen=("${pid[a]}" "$guard" "$worker")
    kill -STOP "${frozen[@]}"
    echo "replica a is paused: le-run, its guard and the worker, as in a virtual machine that stands still."
    await b "worker of replica-b: started"
    give b second
    await b 'wrote "second"'
    echo "Its lease ran out; replica b leads with fencing token $(token b) and has written."

    give a late
    kill -CONT "$worker"
    await a 'another with a greater token has written'
    echo "replica a's worker is thawed before its guard, and writes late:"
    grep -E '"late"|another' "${log[a]}" | sed 's/^/  /'
    frozen=()
    kill -CONT "$guard" "${pid[a]}"
    await a "lost"

    for replica in b a; do
        kill -TERM "${pid[$replica]}"
        wait "${pid[$replica]}"
        unset "pid[$replica]"
    done
    rm "$folder"/*.in
}

database=$folder/database
sqlite3 "$database" <examples/fencing/schema.sql
echo "== SQL"
show examples/fencing/sql_worker.sh "$database"
echo "The table holds:"
sqlite3 "$database" "SELECT '  ' || text || ', written with token ' || token FROM entries"

echo "== object"
start_object_server
show examples/fencing/object_worker.sh "http://$server/job"
echo "The object holds:"
curl -sS "http://$server/job" | sed 's/^/  /'
