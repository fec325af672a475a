# le-run.1.md to the body of a man page. It knows: headings of level 2 and 3, paragraphs, "- " lists with continuation lines
# of two blanks, tables (a row's first cell is a term), examples (fenced, or of four blanks), `code`, **bold**, *italic*
# and links (their text).
function inline(text,    out, code, parts, n, i) {
    gsub(/\\\|/, "|", text)
    gsub(/\\/, "\\e", text)
    while (match(text, /\[[^]]*\]\([^)]*\)/)) {
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
            parts[i] = marked(parts[i], "\\*\\*[^*]+\\*\\*", 2, "\\fB")
            out = out marked(parts[i], "\\*[^* ][^*]*\\*", 1, "\\fI")
        }
    }
    return guarded(out)
}
function marked(text, pattern, width, font) {
    while (match(text, pattern))
        text = substr(text, 1, RSTART - 1) font substr(text, RSTART + width, RLENGTH - 2 * width) "\\fR" \
            substr(text, RSTART + RLENGTH)
    return text
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
    in_example = in_table = in_text = 0
}
# A row: its first cell is a term, the second says what it means; those after it bear their column's name.
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
    if (cells[3] != "") print inline((head[3] ~ /^(meaning|what happens)$/ ? "" : head[3] ": ") cells[3])
    for (i = 4; i < n; i++)
        if (cells[i] != "") print ".br\n" inline(head[i] ": " cells[i])
}

/^```/ {
    if (in_fence) print ".EE\n.RE"; else { paragraph(); print ".RS 4\n.EX" }
    in_fence = !in_fence
    next
}
in_fence { print verbatim($0); next }
/^# / { next }
/^## / { leave_block(); section = substr($0, 4); print ".SH " toupper(section); fresh = 1; next }
/^### / { leave_block(); print ".SS " inline(substr($0, 5)); fresh = 1; next }
/^$/ { leave_block(); next }
/^    / {
    if (!in_example) { paragraph(); print ".RS 4\n.EX" }
    in_example = 1
    print verbatim(substr($0, 5))
    next
}
/^\|/ { row($0); next }
/^- / { fresh = 0; in_text = 1; print ".IP \\(bu 2\n" inline(substr($0, 3)); next }
section == "Name" { gsub(/-/, "\\-"); print; fresh = 0; next }
{
    if (!in_text) paragraph()
    in_text = 1
    sub(/^ +/, "")
    print inline($0)
}
