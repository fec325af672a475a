#!/usr/bin/env bash
# private-apt.sh FOLDER SUITE ARCHITECTURE: makes an apt of its own in FOLDER, with packages and sources of that Debian
# release, and prints its configuration file, for APT_CONFIG. The machine's own sources and packages stay as they are.
set -euo pipefail
folder=$1 suite=$2 architecture=$3

mkdir -p "$folder/lists/partial" "$folder/archives/partial"
: >"$folder/status"
signed="signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"
cat >"$folder/sources.list" <<LIST
deb [$signed] http://deb.debian.org/debian $suite main
deb-src [$signed] http://deb.debian.org/debian $suite main
deb [$signed] http://deb.debian.org/debian-security $suite-security main
deb-src [$signed] http://deb.debian.org/debian-security $suite-security main
LIST
cat >"$folder/apt.conf" <<CONF
Dir::Etc::SourceList "$folder/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$folder/lists";
Dir::State::status "$folder/status";
Dir::Cache::archives "$folder/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Architecture "$architecture";
APT::Architectures "$architecture";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
CONF
APT_CONFIG="$folder/apt.conf" apt-get -qq update >&2
echo "$folder/apt.conf"
