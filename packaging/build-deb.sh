#!/usr/bin/env bash
# Packs what gather.sh gathered into a package for Debian: packaging/build-deb.sh FILES FOLDER
#
# Writes chatd_VERSION-1_amd64.deb into FOLDER. In the environment, DEB_REVISION and DEB_ARCH can
# have other words for 1 and amd64, and DEB_COMPRESSION one for xz. Needs dpkg-deb.

set -euo pipefail
cd "$(dirname "$0")/.."

files=$(realpath "$1")
folder=$(realpath -m "$2")
arch=${DEB_ARCH:-amd64}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)-${DEB_REVISION:-1}
maintainer=$(git log -1 --format='%aN <%aE>' 2>/dev/null || echo "chatd <root@localhost>")
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
root=$(mktemp -d)
readonly files folder arch version maintainer root
trap 'rm -rf "$root"' EXIT

umask 022
chmod 755 "$root"
doc=$root/usr/share/doc/chatd
packaging/lay-out.sh "$files" "$root"
# Where Debian has such things.
mv "$root/usr/share/zsh/site-functions" "$root/usr/share/zsh/vendor-completions"
rm -r "$root/usr/share/licenses"
mv "$doc/CHANGELOG.md" "$doc/changelog"
{
    printf 'chatd (%s) stable; urgency=medium\n\n  * See changelog.gz.\n\n' "$version"
    printf ' -- %s  %s\n' "$maintainer" "$(date --utc --date="@$SOURCE_DATE_EPOCH" --rfc-email)"
} >"$doc/changelog.Debian"
gzip --no-name --best "$doc/changelog" "$doc/changelog.Debian"
{
    printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n'
    printf 'Files: *\nCopyright: %s\nLicense: MIT\n\n' \
        "$(sed -n 's/^Copyright (c) //p' LICENSE)"
    printf 'License: MIT\n'
    sed '/^MIT License$/d;/^Copyright/d' LICENSE | sed '/./,$!d;s/^$/./;s/^/ /'
} >"$doc/copyright"

mkdir "$root/DEBIAN"
(cd "$root" && find etc -type f -printf '/%p\n' | sort) >"$root/DEBIAN/conffiles"
(cd "$root" && find usr -type f -printf '%P\0' | sort -z | sed -z 's,^,usr/,' | xargs -0 md5sum) \
    >"$root/DEBIAN/md5sums"
install -m 755 packaging/debian/{postinst,prerm,postrm} "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: chatd
Version: $version
Architecture: $arch
Maintainer: $maintainer
Installed-Size: $(du -k -s --apparent-size "$root" | cut -f 1)
Depends: libc6 (>= 2.28), init-system-helpers (>= 1.54), procps, systemd (>= 239)
Recommends: openssh-server
Section: net
Priority: optional
Description: chat server for netcat and telnet
 A chat server for the tools that are already on every machine: people join
 with nc, telnet or a browser. It has rooms, private messages, history,
 accounts and moderation, and restarts without disconnecting anybody.
 .
 It listens on this machine only until /etc/chatd/chatd.toml says otherwise.
CONTROL
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
mkdir -p "$folder"
rm -f "$folder"/chatd_*_"$arch".deb
dpkg-deb --root-owner-group "-Z${DEB_COMPRESSION:-xz}" --build \
    "$root" "$folder/chatd_${version}_$arch.deb" >/dev/null
