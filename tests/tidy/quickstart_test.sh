#!/usr/bin/env bash
# The quick start runs, and its output is what README shows, but for tokens, times and which replica came second.
set -euo pipefail
cd "$(dirname "$0")/../.."

same() { sed -E 's/replica-?[ ]?[abc]\b/replica X/g; s/\b[bc] wait\b/X wait/; s/[0-9]{6,}/N/g; s/in [0-9.]+m?s/in T/g'; }

shown=$(sed -n '/^```quickstart$/,/^```$/p' README.md | sed '1d;$d' | same)
output=$(examples/quickstart.sh | grep -vE '^(installing|building)' | same)
if ! diff <(echo "$shown") <(echo "$output"); then
    echo "README does not show what examples/quickstart.sh prints (README: <, printed: >)" >&2
    exit 1
fi
echo "$output"
