#!/bin/sh
# object_worker.sh URL: adds each line of its standard input to an object, fenced: the object's first line is the token
# of its last writer, and every write carries the condition that the object is still the version that was read.
#
# Both halves are needed. The token says that a newer leader has written, so a late one that reads gives up. The
# condition (If-Match, If-None-Match) is what the server compares, so a late one that read before cannot write. The
# server must compare and write in one step: S3, GCS and Azure's blobs do, by these headers or their own.
set -eu
url=$1
say() { echo "worker of ${LE_RUN_HOLDER_IDENTITY}: $*"; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 0' TERM

# Reads the object into $scratch/object, and the condition that holds while it stays as it is into $condition.
look() {
    status=$(curl -sS -D "$scratch/headers" -o "$scratch/object" -w '%{http_code}' "$url")
    case $status in
    200)
        condition="If-Match: $(sed -n 's/^[Ee][Tt][Aa][Gg]: *//p' "$scratch/headers" | tr -d '\r')"
        if [ "$(sed -n '1s/^token //p' "$scratch/object")" -gt "$LE_RUN_FENCING_TOKEN" ]; then
            say "gives up: another with a greater token has written"
            exit 1
        fi
        ;;
    404)
        condition='If-None-Match: *'
        : >"$scratch/object"
        ;;
    *)
        say "cannot read $url: HTTP $status"
        exit 1
        ;;
    esac
}

# Writes the object that was read, with this worker's token and what is given behind it. Fails when the object is
# another by now.
write() {
    {
        echo "token $LE_RUN_FENCING_TOKEN"
        sed 1d "$scratch/object"
        [ $# -eq 0 ] || echo "$1"
    } >"$scratch/new"
    status=$(curl -sS -o "$scratch/answer" -w '%{http_code}' -H "$condition" --upload-file "$scratch/new" "$url")
    case $status in
    200 | 201 | 204) ;;
    412) return 1 ;;
    *)
        say "cannot write $url: HTTP $status"
        exit 1
        ;;
    esac
}

# The token goes in before any work: from here on no older leader can write.
look
until write; do
    look
done
look
say "started, fencing token ${LE_RUN_FENCING_TOKEN}"
while read -r text; do
    until write "$text"; do
        say "\"$text\" refused by the server: the object is not what was read"
        look
    done
    look # what the next write builds upon
    say "wrote \"$text\""
done
