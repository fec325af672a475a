#!/usr/bin/env perl
# documents.pl: the documents tell the truth about the program. Says what does not hold, a line each, and fails then.
#
# The man page (container/man/le-run.1.md) names every option with its default, every exit code, and every event of the
# log with its level and its fields; and nothing that the program does not have. README and the pages beside it name no
# option that there is not, and README is short. The examples, the files of container/ and the stages of the tests are
# named where a user looks for them. A link between documents leads somewhere.
use strict;
use warnings;

my $failures = 0;
sub fail { print STDERR "documents: @_\n"; $failures++ }
sub text_of {
    open(my $file, '<', $_[0]) or die "$_[0]: $!\n";
    local $/;
    return scalar <$file>;
}
# By its name, wherever it lies below src/.
sub source {
    my ($name) = @_;
    my ($file) = grep { -e } glob("src/$name src/*/$name src/*/*/$name");
    return text_of($file // die "documents: there is no $name below src/\n");
}

my $page_file = 'container/man/le-run.1.md';
my $page = text_of($page_file);
my %section = $page =~ /^## (.*)\n((?:(?!## ).*\n)*)/mg;

# --- exit codes: exit_code.h ---
my %code = map { $_ => 1 } source('exit_code.h') =~ /^constexpr int kExit(?!SignalBase)\w+ =\s*(\d+);/mg;
fail("exit_code.h has a form that is not understood") if keys %code < 5;
my %code_told = map { $_ => 1 } $section{'Exit status'} =~ /^\| (\d+) \|/mg;
$code_told{$_} or fail("$page_file: the table of exit codes lacks $_") for sort keys %code;
$code{$_} or fail("$page_file: there is no exit code $_") for sort keys %code_told;

# --- options: option_table.h ---
my $table = source('option_table.h');
my ($own) = $table =~ /kOptions = .*?\{\{?(.*?)^\}\);/ms;
my %fallback = $own =~ /\{"([a-z-]+)",\s*"[^"]*",\s*(?:"(?:[^"\\]|\\.)*"\s*)+(?:,\s*"([^"]*)")?/g;
my ($others) = $table =~ /kLeaderElectFlags = (.*?)^\}\);/ms;
my %is_option = map { $_ => 1 } keys %fallback, 'help', $others =~ /\{"([a-z-]+)",/g;
fail("option_table.h has a form that is not understood") if keys %fallback < 20 || keys %is_option < 27;
for my $option (sort keys %is_option) {
    my ($row) = $section{Options} =~ /^(\|[^|]*`--$option\b(?!-).*)$/m;
    fail("$page_file: no table of Options has a row for --$option"), next if !$row;
    my $value = $fallback{$option} // '';
    next if $value eq '' || $value eq 'false';
    fail("$page_file: the row of --$option does not name its default, $value") if $row !~ /\| `\Q$value\E`[^|]*\|$/;
}
for my $file ($page_file, 'README.md', 'examples/README.md', 'container/README.md') {
    next if !-e $file;
    for my $code (text_of($file) =~ /`((?:--|le-run\b|LE_RUN)[^`\n]*)`/g) {
        $code =~ s/ -- .*//; # the command's own
        for my $option ($code =~ /(?<![\w-])--([a-z][a-z-]+)/g) {
            $is_option{$option} or fail("$file names --$option, which le-run does not have");
        }
    }
}

my ($tasks) = $table =~ /kTasks = (.*?)^\}\);/ms;
for my $task (($tasks // '') =~ /\{"([a-z-]+)",/g) {
    $section{Synopsis} =~ /^    le-run $task /m or fail("$page_file: the synopsis lacks $task");
}

# --- events of the log: each is a literal behind its level; helpers take it as `event` ---
my (%levels, %fields, %written);
my $sources = join('', map { text_of($_) } glob('src/*.cc src/*/*.cc src/*/*/*.cc'));
$sources =~ s{//[^\n]*}{}g;
# What the election tells has its name in report.h.
my %name_of_fact = text_of('src/election/report.h') =~ /struct (\w+) \{.*?kName = "(\w+)"/sg;
while ($sources =~ /LogLine line\(const told::(\w+)&.*?LogLevel::k(\w+),/sg) {
    my $event = $name_of_fact{$1} // fail("report.h has no kName in $1");
    $levels{$event}{lc $2}++;
}
while ($sources =~ /LogLevel::k(\w+),\s*(?:"(\w+)"|(\w+))/g) { # `{}`: above
    defined $2 ? $levels{$2}{lc $1}++ : $3 eq 'event' || fail("a log line's event is neither a literal nor `event`: $3");
}
$levels{$1}{warning}++ while $sources =~ /\bwarn\("(\w+)",/g;
my $guard_log = source('guard_log.cc');
$levels{$1}{warning}++ while $guard_log =~ /\bwrite\("(\w+)",/g;
$fields{$1}++ while $sources =~ /\{"(\w+)", /g;

my ($heading, %told);
my %level_of = (Errors => 'error', Warnings => 'warning', Information => 'info', Debug => 'debug');
for (split /\n/, $section{Diagnostics} // '') {
    $heading = $level_of{$1} // fail("$page_file: Diagnostics has a part \"$1\"") if /^### (.*)/;
    next if !/^\| `(\w+)` \| (.*?) \|/;
    my ($event, $meaning) = ($1, $2);
    fail("$page_file: Diagnostics names $event twice") if $told{$event}++;
    if (!$levels{$event}) {
        fail("$page_file: Diagnostics names $event, which no log line has");
    } elsif (!$levels{$event}{$heading}) {
        fail("$page_file: Diagnostics has $event as $heading, its level is " . join(' or ', sort keys %{$levels{$event}}));
    }
    my ($names) = $meaning =~ /\((`.*`)\)$/;
    for my $field (($names // '') =~ /`(\w+)`/g) {
        $fields{$field} or fail("$page_file: Diagnostics names the field $field of $event, which no log line has");
    }
    fail("$page_file: Diagnostics does not say what to do about $event") if $heading =~ /error|warning/ && /\|\s*\|$/;
}
$told{$_} or fail("$page_file: Diagnostics lacks $_") for sort keys %levels;
fail("only " . keys(%levels) . " events were found in src/") if keys %levels < 40;

# --- README is for the first five minutes ---
my $lines = () = text_of('README.md') =~ /\n/g;
fail("README.md has $lines lines, the budget is 150: a longer text belongs into another document") if $lines > 150;

# --- each file of these folders, and each stage of the tests, is named where a user looks for it ---
for my $folder ('examples', 'container') {
    my $told = text_of("$folder/README.md");
    for my $file (split /\n/, `git ls-files --cached --others --exclude-standard $folder`) {
        my ($name) = $file =~ m{^$folder/(.*)};
        next if $name eq 'README.md' || $name =~ m{^man/};
        $told =~ m{`\Q$name\E`} or fail("$folder/README.md does not name $name");
    }
}
my ($list) = text_of('tests/run.sh') =~ /^list\(\) \{.*?<<'LIST'\n(.*?)^LIST$/ms;
my %is_stage = map { $_ => 1 } ($list // '') =~ /^([\w-]+) /mg;
fail("tests/run.sh has a list of stages that is not understood") if keys %is_stage < 20;
my ($stages) = text_of('tests/README.md') =~ /^\| stage \|[^\n]*\n(.*?)^$/ms;
my %stage_told = map { $_ => 1 } map { /`([\w-]+)`/g } ($stages // '') =~ /^\|([^|]*)\|/mg;
$stage_told{$_} or fail("tests/README.md does not name the stage $_") for sort keys %is_stage;
$is_stage{$_} or fail("tests/README.md names the stage $_, which tests/run.sh does not have") for sort keys %stage_told;

# --- figures of tests/README.md that the tree itself has ---
my $proven = text_of('tests/README.md');
for (['mutants', 'mutants of it', glob('tests/sim/mutants/*.mutant')], ['fuzz targets', 'fuzzing of', glob('tests/fuzz/*_target.cc')]) {
    my ($what, $row, @files) = @$_;
    my ($count) = $proven =~ /^\| $row[^|]*\| (\d+)\b/m;
    ($count // 0) == @files or fail('tests/README.md names ' . ($count // 'no') . " $what, there are " . @files);
}

# --- links ---
sub anchors_of { # as GitHub makes them of headings
    return map { my $a = lc; $a =~ s/[`*]//g; $a =~ s/[^\w -]//g; $a =~ s/ /-/g; $a => 1 } text_of($_[0]) =~ /^#+ (.*)$/mg;
}
for my $file (split /\n/, `git ls-files --cached --others --exclude-standard '*.md'`) {
    my $text = text_of($file);
    $text =~ s/^```.*?^```//msg;
    my ($folder) = $file =~ m{^(.*/)};
    for my $link ($text =~ /\]\(([^)\s]+)\)/g) {
        next if $link =~ /^\w+:/;
        my ($path, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
        my $target = $path eq '' ? $file : ($folder // '') . $path;
        if (!-e $target) {
            fail("$file links to $link, which is not there");
        } elsif (defined $anchor) {
            my %known = anchors_of($target);
            $known{$anchor} or fail("$file links to $link: no heading there makes that anchor");
        }
    }
}

exit($failures > 0);
