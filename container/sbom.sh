#!/usr/bin/env bash
# sbom.sh NAME VERSION PROGRAM: prints what is in the release NAME as SPDX 2.3 (JSON), the time being SOURCE_DATE_EPOCH.
# Standard input has a line for each of Debian's packages of which something is in PROGRAM:
#     PACKAGE VERSION SOURCE-PACKAGE SOURCE-VERSION ARCHITECTURE [SHA256-SUM FILE-NAME]
# with the sum of the package's file where it is known; and a line for each archive that was linked in:
#     archive PATH PACKAGE
# container/licences.txt says under which licence a source package is.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "$0")" && pwd)
name=$1 version=$2 program=$3
release=$(. /etc/os-release && echo "$ID-$VERSION_ID")
input=$(mktemp)
trap 'rm -f "$input"' EXIT
sort -u >"$input"

fail() {
    echo "sbom: $*" >&2
    exit 1
}
sum() { "sha$1sum" "$2" | cut -d' ' -f1; }
id() { echo "SPDXRef-$1-${2//[^A-Za-z0-9.-]/-}"; } # kind, name
licence_of() { # source package
    local pattern licence
    while read -r pattern licence; do
        # shellcheck disable=SC2053
        [[ $1 != $pattern ]] || { echo "$licence"; return; }
    done <"$here/licences.txt"
    fail "container/licences.txt does not say under which licence $1 is"
}
# Several JSON values on standard input, one a line, as the members of an array.
members() { sed '$!s/$/,/'; }

packages() {
    local package package_version source source_version architecture file_sum file_name licence checksum
    printf '{"SPDXID": "SPDXRef-le-run", "name": "le-run", "versionInfo": "%s", "supplier": "Organization: the authors of le-run", ' "$version"
    printf '"downloadLocation": "NOASSERTION", "filesAnalyzed": false, "primaryPackagePurpose": "APPLICATION", '
    printf '"packageFileName": "bin/le-run", "checksums": [{"algorithm": "SHA256", "checksumValue": "%s"}], ' "$(sum 256 "$program")"
    printf '"licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0", "copyrightText": "Copyright 2026 the authors of le-run", '
    printf '"externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:generic/le-run@%s"}]}\n' "$version"
    grep -v '^archive ' "$input" | while read -r package package_version source source_version architecture file_sum file_name; do
        licence=$(licence_of "$source")
        checksum=
        [[ -z $file_sum ]] || checksum=$(printf '"packageFileName": "%s", "checksums": [{"algorithm": "SHA256", "checksumValue": "%s"}], ' "$file_name" "$file_sum")
        printf '{"SPDXID": "%s", "name": "%s", "versionInfo": "%s", "supplier": "Organization: Debian", ' "$(id package "$package")" "$package" "$package_version"
        printf '"downloadLocation": "https://snapshot.debian.org/package/%s/%s/", "filesAnalyzed": false, %s' "$source" "$source_version" "$checksum"
        printf '"sourceInfo": "Debian source package %s %s", "primaryPackagePurpose": "LIBRARY", ' "$source" "$source_version"
        printf '"licenseConcluded": "NOASSERTION", "licenseDeclared": "%s", "licenseComments": "licences/%s in the archive has the whole text", ' "$licence" "$package"
        printf '"copyrightText": "NOASSERTION", "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", '
        printf '"referenceLocator": "pkg:deb/debian/%s@%s?arch=%s&distro=%s"}]}\n' "${package//+/%2B}" "${package_version//+/%2B}" "$architecture" "$release"
    done
}
archives() {
    local path package
    sed -n 's/^archive //p' "$input" | while read -r path package; do
        printf '{"SPDXID": "%s", "fileName": "./%s", "fileTypes": ["ARCHIVE"], "comment": "of the package %s", ' \
            "$(id archive "$(basename "$path")")" "$(basename "$path")" "$package"
        printf '"checksums": [{"algorithm": "SHA1", "checksumValue": "%s"}, {"algorithm": "SHA256", "checksumValue": "%s"}], ' \
            "$(sum 1 "$path")" "$(sum 256 "$path")"
        printf '"licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION"}\n'
    done
}
relationships() {
    printf '{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-le-run"}\n'
    while read -r kind path _; do
        [[ $kind == archive ]] && target=$(id archive "$(basename "$path")") || target=$(id package "$kind")
        printf '{"spdxElementId": "SPDXRef-le-run", "relationshipType": "STATIC_LINK", "relatedSpdxElement": "%s"}\n' "$target"
    done <"$input"
}

packages=$(packages)
archives=$(archives)
cat <<JSON
{"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "$name",
"documentNamespace": "https://spdx.org/spdxdocs/$name-$(sum 256 "$program")",
"creationInfo": {"created": "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)", "creators": ["Organization: the authors of le-run", "Tool: container/sbom.sh-$version"]},
"packages": [
$(members <<<"$packages")
],
"files": [
$(members <<<"$archives")
],
"relationships": [
$(relationships | members)
]}
JSON
