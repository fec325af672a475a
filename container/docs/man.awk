# README.md to the body of a man page: what stands before the first section, and the sections of level 2 that `sections`
# names, one a line as "README's heading=the page's", in README's order. Fails when one of them is not there.
BEGIN {
    count = split(sections, lines, "\n")
    for (i = 1; i <= count; i++) {
        at = index(lines[i], "=")
        title[substr(lines[i], 1, at - 1)] = substr(lines[i], at + 1)
    }
}

function inline(text,    out, code, parts, n, i) {
    gsub(/\\\|/, "|", text)
    gsub(/\\/, "\\e", text)
    while (match(text, /\[[^]]*\]\([^)]*\)/)) { # links: their text
        code = substr(text, RSTART + 1, index(substr(text, RSTART), "]") - 2)
        text = substr(text, 1, RSTART - 1) code substr(text, RSTART + RLENGTH)
    }
    n = split(text, parts, "`")
    out = ""
    for (i = 1; i <= n; i++) {
        if (i % 2 == 0) { # typed by people, thus with real dashes
            gsub(/-/, "\\-", parts[i])
            out = out "\\fB" parts[i] "\\fR"
        } else {
            while (match(parts[i], /\*\*[^*]+\*\*/))
                parts[i] = substr(parts[i], 1, RSTART - 1) "\\fB" substr(parts[i], RSTART + 2, RLENGTH - 4) "\\fR" \
                    substr(parts[i], RSTART + RLENGTH)
            out = out parts[i]
        }
    }
    return guarded(out)
}
function guarded(text) { return text ~ /^[.']/ ? "\\&" text : text }
function verbatim(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    return guarded(text)
}
function paragraph() { # none directly behind a heading
    if (!fresh) print ".PP"
    fresh = 0
}
function leave_block() {
    if (in_example) print ".EE\n.RE"
    in_example = 0
    in_table = 0
}
# A row: its first cell is a term, the second says what it means; those after it, and the second where there are more
# terms than one meaning, bear their column's name.
function row(line,    cells, n, i, bar) {
    fresh = 0
    bar = "\001"
    gsub(/\\\|/, bar, line)
    n = split(line, cells, / *\| */)
    for (i = 1; i <= n; i++) gsub(bar, "|", cells[i])
    if (!in_table) {
        in_table = 1
        for (i = 2; i < n; i++) head[i] = cells[i]
        return
    }
    if (cells[2] ~ /^-+$/) return
    print ".TP\n" inline(cells[2])
    if (cells[3] != "") print inline((head[3] == "meaning" ? "" : head[3] ": ") cells[3])
    for (i = 4; i < n; i++)
        if (cells[i] != "") print ".br\n" inline(head[i] ": " cells[i])
}

/^```/ && shown {
    if (in_fence) print ".EE\n.RE"; else { paragraph(); print ".RS 4\n.EX" }
    in_fence = !in_fence
    next
}
in_fence { print verbatim($0); next }
/^# / { print ".SH DESCRIPTION"; shown = fresh = 1; next }
/^## / {
    leave_block()
    heading = substr($0, 4)
    shown = heading in title
    if (shown) {
        print ".SH " title[heading]
        fresh = 1
        delete title[heading]
    }
    next
}
!shown { next }
/^### / { leave_block(); print ".SS " inline(substr($0, 5)); fresh = 1; next }
/^$/ { leave_block(); next }
/^    / {
    if (!in_example) { paragraph(); print ".RS 4\n.EX" }
    in_example = 1
    print verbatim(substr($0, 5))
    next
}
/^\|/ { row($0); next }
/^- / { fresh = 0; print ".IP \\(bu 2\n" inline(substr($0, 3)); next }
{ paragraph(); print inline($0) }

END {
    for (heading in title) {
        print "man.awk: README has no section \"" heading "\"" > "/dev/stderr"
        exit 1
    }
}
