#!/usr/bin/env bash
# Builds a chatd that runs on RHEL 8 and Debian 11, or newer, and its packages:
# packaging/build-rpm.sh [FOLDER]
#
# Writes into FOLDER (by default target/rpm): chatd-VERSION-1.el8.x86_64.rpm, the two binaries,
# source/chatd-VERSION-1.el8.src.rpm, and with dpkg-deb chatd_VERSION-1_amd64.deb. Needs Linux with
# Rust, rpmbuild (Debian: rpm) and Python (Debian: python3-venv). It downloads the zig compiler if
# there is none; zig links against glibc 2.28 on any Linux.
#
# With CHATD_ARCH=aarch64 in the environment, all of that is for 64-bit ARM, by default in
# target/rpm-aarch64. On another machine it needs `rustup target add aarch64-unknown-linux-gnu` and
# aarch64-linux-gnu-strip (Debian: binutils-aarch64-linux-gnu).

set -euo pipefail
cd "$(dirname "$0")/.."

readonly arch=${CHATD_ARCH:-x86_64}
case $arch in
x86_64) debian=amd64 suffix='' ;;
aarch64) debian=arm64 suffix=-aarch64 ;;
*)
    echo "$0: CHATD_ARCH is x86_64 or aarch64, not $arch" >&2
    exit 2
    ;;
esac
readonly triple=$arch-unknown-linux-gnu
readonly oldest_glibc=2.28
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
folder=$(realpath -m "${1:-$target/rpm$suffix}")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
readonly target folder version work=$target/packaging
readonly sources=$work/sources$suffix top=$work/rpmbuild$suffix

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

package() {
    rm -rf "$top"
    rpmbuild -bb --quiet --target "$arch-redhat-linux" \
        --define "_topdir $top" --define "_sourcedir $sources" \
        --define "chatd_version $version" packaging/chatd.spec
    mkdir -p "$folder"
    rm -f "$folder"/chatd-*.rpm
    cp "$top/RPMS/$arch"/chatd-*.rpm "$sources"/chat{,d} "$folder"
}

# A package of the sources that are committed, which compiles them wherever it is built.
source_package() {
    if ! git rev-parse --verify --quiet HEAD >/dev/null; then
        echo "not in a git repository: no source package"
        return
    fi
    mkdir -p "$top"/{SOURCES,SPECS} "$folder/source"
    git archive --format=tar --prefix="chatd-$version/" HEAD |
        gzip --no-name --best >"$top/SOURCES/chatd-$version.tar.gz"
    {
        printf '%%global chatd_version %s\n%%global from_source 1\n' "$version"
        cat packaging/chatd.spec
    } >"$top/SPECS/chatd.spec"
    rpmbuild -bs --quiet --define "_topdir $top" "$top/SPECS/chatd.spec"
    rm -f "$folder"/source/*
    cp "$top"/SRPMS/chatd-*.src.rpm "$folder/source"
}

zig
cargo zigbuild --release --locked --bin chatd --bin chat --target "$triple.$oldest_glibc"
if [[ $arch != "$(uname -m)" ]]; then
    export STRIP=$arch-linux-gnu-strip
fi
packaging/gather.sh "$target/$triple/release" "$sources"
package
source_package
if command -v dpkg-deb >/dev/null; then
    DEB_ARCH=$debian packaging/build-deb.sh "$sources" "$folder"
fi
ls -l "$folder"
