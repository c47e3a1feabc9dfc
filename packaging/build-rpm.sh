#!/usr/bin/env bash
# Builds a chatd that runs on RHEL 8, and its package: packaging/build-rpm.sh [FOLDER]
#
# Writes chatd-VERSION-1.el8.x86_64.rpm and the two binaries into FOLDER (by default target/rpm). Needs
# Linux with Rust, rpmbuild (Debian: rpm) and Python (Debian: python3-venv). It downloads the zig
# compiler if there is none; zig links against glibc 2.28 on any Linux.

set -euo pipefail
cd "$(dirname "$0")/.."

readonly triple=x86_64-unknown-linux-gnu
readonly oldest_glibc=2.28
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
folder=$(realpath -m "${1:-$target/rpm}")
readonly target folder work=$target/packaging

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH

zig() {
    if ! command -v cargo-zigbuild >/dev/null; then
        [[ -x $work/zig/bin/cargo-zigbuild ]] || {
            python3 -m venv "$work/zig"
            "$work/zig/bin/pip" install --quiet 'cargo-zigbuild==0.24.*' 'ziglang==0.17.*'
        }
        PATH=$work/zig/bin:$PATH
    fi
}

binary() {
    local name
    cargo zigbuild --release --locked --bin chatd --bin chat --target "$triple.$oldest_glibc"
    # Only debuggers need the stripped sections; a panic names its line without them.
    for name in chatd chat; do
        strip --strip-debug -o "$work/sources/$name" "$target/$triple/release/$name"
    done
}

sources() {
    local page date
    date=$(date --utc --date="@$SOURCE_DATE_EPOCH" +%F)
    cargo run --quiet --locked --example manual -- "$work/sources" "$date"
    for page in "$work"/sources/*.[158]; do
        gzip --no-name --best --force "$page"
    done
    cp CHANGELOG.md LICENSE docs/{MANUAL,OPERATIONS,PROTOCOL}.md \
        packaging/*.{toml,service,socket,preset,conf,xml,json,yml} packaging/sshd_config "$work/sources"
    cp -R packaging/fail2ban "$work/sources"
}

package() {
    local version
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
    rm -rf "$work/rpmbuild"
    rpmbuild -bb --quiet --target x86_64-redhat-linux \
        --define "_topdir $work/rpmbuild" --define "_sourcedir $work/sources" \
        --define "chatd_version $version" packaging/chatd.spec
    mkdir -p "$folder"
    rm -f "$folder"/chatd-*.rpm
    cp "$work"/rpmbuild/RPMS/x86_64/chatd-*.rpm "$work"/sources/chat{,d} "$folder"
}

zig
rm -rf "$work/sources"
mkdir -p "$work/sources"
binary
sources
package
ls -l "$folder"
