#!/usr/bin/env bash
# sbom_test.sh SBOM TREE BUILD: the list of what is in a release is sound SPDX 2.3 (the fields that the specification
# demands), is about the program in TREE, and names every library that was linked in, which the linker's map and the
# compiler's dependencies in BUILD tell.
set -euo pipefail
sbom=$1 tree=$2 build=$3
fail() {
    echo "sbom_test: $*" >&2
    exit 1
}
holds() { # what, jq expression
    [[ "$(jq "$2" "$sbom")" == true ]] || fail "$1"
}
lacks_none() { # what lacks something, jq expression of its names
    local names
    names=$(jq -r "$2" "$sbom")
    [[ -z $names ]] || fail "$1: $names"
}

# --- sound ---
holds "the document is not described" '
    .spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and .SPDXID == "SPDXRef-DOCUMENT" and
    (.name | length > 0) and (.documentNamespace | test("^https://[^# ]+$")) and
    (.creationInfo.created | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")) and
    (.creationInfo.creators | length > 0 and all(test("^(Tool|Organization|Person): .")))'
holds "its time is not that of the sources" ".creationInfo.created == \"$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)\""
lacks_none "a package lacks a field, or has a wrong one" '
    .packages[] | select((
        ((.SPDXID // "") | test("^SPDXRef-[A-Za-z0-9.-]+$")) and (.versionInfo | length > 0) and
        ((.supplier // "") | test("^(Organization|Person): .")) and ((.downloadLocation // "") | test("^(NOASSERTION|https://[^ ]+)$")) and
        .filesAnalyzed == false and (.licenseDeclared | length > 0) and (.licenseConcluded | length > 0) and
        (.copyrightText | length > 0) and ((.externalRefs[0].referenceLocator // "") | test("^pkg:[a-z]+/[^ ]+@[^ ]+$")) and
        (.checksums // [] | all(.algorithm == "SHA256" and (.checksumValue | test("^[0-9a-f]{64}$"))))) | not) | .name'
lacks_none "an archive lacks a field" '
    .files[] | select((((.SPDXID // "") | test("^SPDXRef-[A-Za-z0-9.-]+$")) and ((.fileName // "") | test("^\\./.+\\.a$")) and
        (.checksums | map(.algorithm) | sort == ["SHA1", "SHA256"]) and (.licenseConcluded | length > 0) and
        (.copyrightText | length > 0)) | not) | .fileName'
lacks_none "an identifier is given twice" '[.SPDXID, (.packages, .files | .[].SPDXID)] | group_by(.) | .[] | select(length > 1) | .[0]'
lacks_none "a relationship is to nothing" '
    [.SPDXID, (.packages, .files | .[].SPDXID)] as $known | .relationships[] | .spdxElementId, .relatedSpdxElement |
    select(. as $one | $known | index($one) | not)'
lacks_none "nothing says that this is in the program" '
    [.relationships[] | select(.relationshipType != "DESCRIBES") | .relatedSpdxElement] as $related |
    (.packages, .files) | .[].SPDXID | select(. != "SPDXRef-le-run") | select(. as $one | $related | index($one) | not)'
holds "the document does not describe le-run" '
    [.relationships[] | select(.relationshipType == "DESCRIBES") | .relatedSpdxElement] == ["SPDXRef-le-run"]'

# --- complete ---
sum=$(sha256sum "$tree/bin/le-run" | cut -d' ' -f1)
holds "it is about another program" ".packages[] | select(.name == \"le-run\") | .checksums[0].checksumValue == \"$sum\""
while read -r archive; do
    [[ $archive == libcpprest.a ]] || holds "$archive is linked in and not named" "[.files[].fileName] | index(\"./$archive\") != null"
done < <(sed -n '/^Archive member/,/^Discarded input/s|^\(/[^(]*\.a\)(.*|\1|p' "$build/le-run.map" | xargs -n 1 realpath | xargs -n 1 basename | sort -u)
while read -r owner; do
    holds "headers of $owner are compiled in, and it is not named" "[.packages[].name] | index(\"$owner\") != null"
done < <(ninja -C "$build" -t deps | sed -n 's|^    \(/usr/.*\)|\1|p' | sort -u | xargs realpath | xargs dpkg-query --search | sed 's/[:,].*//' | sort -u)
for package in cpprest libboost libc6-dev libcli11 libfmt libgcc libspdlog libssl libstdc++ libyaml-cpp nlohmann-json; do
    holds "$package is not named" "[.packages[].name | startswith(\"$package\")] | any"
done
jq -r '.packages[] | .licenseComments // empty | split(" ")[0]' "$sbom" | while read -r text; do
    [[ -s $tree/$text ]] || fail "$text, which it names, is not in the archive"
done
echo "sbom_test: $(jq '.packages | length' "$sbom") packages, $(jq '.files | length' "$sbom") archives"
