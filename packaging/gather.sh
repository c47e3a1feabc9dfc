#!/usr/bin/env bash
# Puts everything that belongs into a package into a folder: packaging/gather.sh BINARIES FOLDER
#
# BINARIES has chatd and chat; further words are for the cargo that writes the man pages. lay-out.sh
# puts the files where they belong.

set -euo pipefail
cd "$(dirname "$0")/.."

binaries=$(realpath "$1")
folder=$(realpath -m "$2")
shift 2
rm -rf "$folder"
mkdir -p "$folder"
# Only debuggers need the stripped sections; a panic names its line without them.
for program in chatd chat; do
    "${STRIP:-strip}" --strip-debug -o "$folder/$program" "$binaries/$program"
done
day=$(date --utc --date="@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%F)
# With that variable, dependencies in C would be compiled once more.
env -u SOURCE_DATE_EPOCH cargo run "$@" --quiet --locked --example manual -- "$folder" "$day"
for page in "$folder"/*.[158]; do
    gzip --no-name --best --force "$page"
done
cp CHANGELOG.md LICENSE docs/{MANUAL,OPERATIONS,PROTOCOL}.md "$folder"
cp packaging/*.{toml,service,socket,timer,preset,conf,xml,json,yml} packaging/sshd_config \
    packaging/lay-out.sh "$folder"
cp -R packaging/{fail2ban,selinux} "$folder"
