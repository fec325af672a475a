#!/bin/sh
# sql_worker.sh DATABASE: adds each line of its standard input to a table, fenced: in the transaction of the write, the
# database compares the token with the greatest it has seen and keeps the greater. A smaller one writes nothing.
#
# The UPDATE locks the row until the end of the transaction, so a newer leader cannot come in between. A program looks
# at the number of rows that the UPDATE changed and rolls back at 0; a shell has no ifs between two statements, so here
# the INSERT asks again.
set -eu
database=$1
say() { echo "worker of ${LE_RUN_HOLDER_IDENTITY}: $*"; }

add() { # prints the number of rows added
    sqlite3 -bail "$database" <<SQL
.timeout 10000
.parameter set :token ${LE_RUN_FENCING_TOKEN}
.parameter set :text "'$1'"
BEGIN IMMEDIATE;
UPDATE fence SET token = :token WHERE token <= :token;
INSERT INTO entries (text, token) SELECT :text, token FROM fence WHERE token = :token;
SELECT changes();
COMMIT;
SQL
}

say "started, fencing token ${LE_RUN_FENCING_TOKEN}"
while read -r text; do
    if [ "$(add "$text")" = 0 ]; then
        say "\"$text\" refused by the database: another with a greater token has written"
        exit 1
    fi
    say "wrote \"$text\""
done
