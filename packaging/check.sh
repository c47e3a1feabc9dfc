#!/usr/bin/env bash
# Checks what build-rpm.sh made: packaging/check.sh [FOLDER]
#
# With CHATD_ARCH=aarch64 in the environment, what it made for 64-bit ARM; on another machine it runs
# that under qemu (Debian: qemu-user-static, libc6-arm64-cross).
#
# Needs these packages (Debian's names): rpm, dpkg, binutils, procps, systemd (252 or newer, not
# running), mandoc, selinux-policy-dev, and as root debootstrap. It installs chatd into temporary folders only.

set -euo pipefail
if ((EUID != 0)) && [[ -z ${CHECK_AS_ROOT-} ]]; then
    # rpm calls chroot(2), which needs root or a user namespace.
    CHECK_AS_ROOT=no exec unshare --map-root-user "$0" "$@"
fi
cd "$(dirname "$0")/.."
export LC_ALL=C

readonly newest_glibc=GLIBC_2.28
# The highest exposure that `systemd-analyze security` may report, in tenths.
readonly exposure=18
readonly exposure_on_newer=14
# sshd needs to become other users.
readonly exposure_of_sshd=37
readonly units=(chatd.service chatd-ssh.service chatd.socket chatd-web.socket chatd-tls.socket
    chatd-irc.socket chatd-irc-tls.socket chatd-backup.service chatd-backup.timer)

readonly arch=${CHATD_ARCH:-x86_64}
emulator=()
case $arch in
x86_64) debian=amd64 suffix='' ;;
aarch64) debian=arm64 suffix=-aarch64 ;;
*)
    echo "$0: CHATD_ARCH is x86_64 or aarch64, not $arch" >&2
    exit 2
    ;;
esac
if [[ $arch != "$(uname -m)" ]]; then
    emulator=("qemu-$arch-static" -L "/usr/$arch-linux-gnu")
fi
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
folder=$(realpath -m "${1:-$target/rpm$suffix}")
packages=("$folder"/chatd-*."$arch".rpm)
debs=("$folder"/chatd_*_"$debian".deb)
readonly emulator target folder package=${packages[0]} deb=${debs[0]}
scratch=$(mktemp -d)
readonly scratch root=$scratch/root
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$scratch"' EXIT

fail() {
    echo "$0: $*" >&2
    exit 1
}

says_nothing() {
    local said
    said=$("$@" 2>&1) || fail "$*: $said"
    [[ -z $said ]] || fail "$*: $said"
}

symbols() {
    local newest
    newest=$(readelf --wide --dyn-syms "$folder"/chat{,d} | grep -oE 'GLIBC_[0-9.]+' | sort -Vu | tail -1)
    [[ $(printf '%s\n' "$newest" "$newest_glibc" | sort -V | tail -1) == "$newest_glibc" ]] ||
        fail "a binary needs $newest"
    echo "the binaries need $newest"
}

contents() {
    diff - <(rpm -qpl "$package" | sort) <<'LIST' || fail "the package has other files"
/etc/chatd
/etc/chatd/chatd.toml
/etc/chatd/sshd_config
/usr/bin/chat
/usr/bin/chatd
/usr/lib/firewalld
/usr/lib/firewalld/services
/usr/lib/firewalld/services/chatd-irc.xml
/usr/lib/firewalld/services/chatd-tls.xml
/usr/lib/firewalld/services/chatd-web.xml
/usr/lib/firewalld/services/chatd.xml
/usr/lib/sysctl.d/60-chatd.conf
/usr/lib/systemd/system-preset/80-chatd.preset
/usr/lib/systemd/system/chatd-backup.service
/usr/lib/systemd/system/chatd-backup.timer
/usr/lib/systemd/system/chatd-irc-tls.socket
/usr/lib/systemd/system/chatd-irc.socket
/usr/lib/systemd/system/chatd-ssh.service
/usr/lib/systemd/system/chatd-tls.socket
/usr/lib/systemd/system/chatd-web.socket
/usr/lib/systemd/system/chatd.service
/usr/lib/systemd/system/chatd.socket
/usr/lib/sysusers.d/chatd.conf
/usr/share/bash-completion/completions/chat
/usr/share/bash-completion/completions/chatd
/usr/share/doc/chatd
/usr/share/doc/chatd/CHANGELOG.md
/usr/share/doc/chatd/MANUAL.md
/usr/share/doc/chatd/OPERATIONS.md
/usr/share/doc/chatd/PROTOCOL.md
/usr/share/doc/chatd/alerts.yml
/usr/share/doc/chatd/fail2ban
/usr/share/doc/chatd/fail2ban/filter.d
/usr/share/doc/chatd/fail2ban/filter.d/chatd.conf
/usr/share/doc/chatd/fail2ban/jail.d
/usr/share/doc/chatd/fail2ban/jail.d/chatd.conf
/usr/share/doc/chatd/grafana-dashboard.json
/usr/share/doc/chatd/newer-systemd.conf
/usr/share/doc/chatd/selinux
/usr/share/doc/chatd/selinux/chatd.fc
/usr/share/doc/chatd/selinux/chatd.if
/usr/share/doc/chatd/selinux/chatd.te
/usr/share/fish
/usr/share/fish/vendor_completions.d
/usr/share/fish/vendor_completions.d/chat.fish
/usr/share/fish/vendor_completions.d/chatd.fish
/usr/share/licenses/chatd
/usr/share/licenses/chatd/LICENSE
/usr/share/man/man1/chat.1.gz
/usr/share/man/man5/chatd.toml.5.gz
/usr/share/man/man8/chatd.8.gz
/usr/share/zsh
/usr/share/zsh/site-functions
/usr/share/zsh/site-functions/_chat
/usr/share/zsh/site-functions/_chatd
LIST
    [[ $(rpm -qpc "$package") == $'/etc/chatd/chatd.toml\n/etc/chatd/sshd_config' ]] ||
        fail "an upgrade would overwrite other settings, or none"
    # rpm 4.14 cannot read zstd payloads, the default of newer rpmbuilds.
    [[ $(rpm -qp --queryformat '%{PAYLOADCOMPRESSOR}' "$package") == gzip ]] ||
        fail "rpm of RHEL 8 cannot unpack it"
}

# The same files for Debian, but for those that have their own places there.
contents_for_debian() {
    local own='/(zsh|licenses|doc/chatd/(c|C))'
    diff - <(dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's,^\.,,' | grep -v '/$' |
        grep -vE "$own" | sort) < <(rpm -qp --queryformat '[%{FILEMODES:perms} %{FILENAMES}\n]' \
        "$package" | sed -n 's/^-[^ ]* //p' | grep -vE "$own" | sort) ||
        fail "the packages have different files"
    [[ $(dpkg-deb --field "$deb" Version) == $(rpm -qp --queryformat '%{VERSION}' "$package")-1 ]] ||
        fail "the packages have different versions"
    dpkg-deb --ctrl-tarfile "$deb" | tar -xO ./conffiles | diff - <(rpm -qpc "$package") ||
        fail "an upgrade would overwrite other settings, or none"
}

# The source package has what is committed, and would build the same version.
sources() {
    local source=("$folder"/source/chatd-*.src.rpm)
    [[ $(rpm -qp --queryformat '%{VERSION}-%{RELEASE} %{SOURCERPM}' "${source[0]}") == \
        "$(rpm -qp --queryformat '%{VERSION}-%{RELEASE}' "$package") (none)" ]] ||
        fail "the source package is none, or has another version"
    [[ $(rpm -qpl "${source[0]}") == chatd-*.tar.gz$'\n'chatd.spec ]] ||
        fail "the source package has other files"
    rpm -qp --changelog "$package" | grep -q " $(rpm -qp --queryformat '%{VERSION}' "$package")-1$" ||
        fail "the changelog does not have this version"
}

install_it() {
    # System files that the units refer to.
    mkdir -p "$root/usr/lib/systemd/system" "$root/bin" "$root/usr/sbin"
    cp /lib/systemd/system/*.target "$root/usr/lib/systemd/system"
    cp /bin/{kill,sh} "$root/bin"
    install -D /usr/bin/find "$root/usr/bin/find"
    # The package does not need one unless somebody turns that service on.
    install /bin/true "$root/usr/sbin/sshd"
    rpm --root "$root" --initdb
    # Debian's rpm installs nothing without this flag.
    rpm --root "$root" --install --nodeps --noscripts --ignorearch --force-debian "$package"
    says_nothing rpm --root "$root" --verify --nodeps chatd
}

scriptlets() {
    local one
    for one in prein postin preun postun; do
        rpm -qp --queryformat "%{$one}" "$package" >"$scratch/$one"
        sh -n "$scratch/$one"
        [[ -s $scratch/$one ]] || fail "the package has no $one"
    done
}

verify_units() {
    says_nothing systemd-analyze verify --man=no --root="$root" "${units[@]}"
    assess "$exposure" chatd.service
    assess "$exposure_of_sshd" chatd-ssh.service
    install -D -m 644 -t "$root/etc/systemd/system/chatd.service.d" packaging/newer-systemd.conf
    says_nothing systemd-analyze verify --man=no --root="$root" "${units[@]}"
    assess "$exposure_on_newer" chatd.service
}

assess() {
    systemd-analyze security --offline=true --root="$root" --no-pager --threshold="$1" \
        "$2" >"$scratch/security" || fail "$(grep '✗' "$scratch/security")"
    tail -1 "$scratch/security"
}

manual() {
    local page option program
    for page in man1/chat.1 man8/chatd.8 man5/chatd.toml.5; do
        gunzip -c "$root/usr/share/man/$page.gz" >"$scratch/${page#*/}"
        says_nothing mandoc -T lint -W warning "$scratch/${page#*/}"
        mandoc -T ascii "$scratch/${page#*/}" | sed 's/.\x08//g' >"$scratch/${page#*/}.text"
    done
    for option in $("${emulator[@]}" "$folder/chatd" --help | sed -nE 's/^ *(-[a-zA-Z], )?--([a-z-]+).*/\2/p'); do
        grep -q -e "--$option" "$scratch/chatd.8.text" || fail "chatd(8) lacks --$option"
        [[ $option =~ ^(config|check|help|version)$ ]] || grep -q "^ *$option = " "$scratch/chatd.toml.5.text" ||
            fail "chatd.toml(5) lacks $option"
    done
    # shellcheck disable=SC2016
    says_nothing bash -c 'source "$1" && complete -p chatd >/dev/null' \
        - "$root/usr/share/bash-completion/completions/chatd"
    for program in chat chatd; do
        parses bash "$root/usr/share/bash-completion/completions/$program"
        parses zsh "$root/usr/share/zsh/site-functions/_$program"
        parses fish "$root/usr/share/fish/vendor_completions.d/$program.fish"
    done
}

# Compiles the policy, by the rules of the policy that this machine has, if it has one.
policy() {
    local makefile=/usr/share/selinux/devel/Makefile
    if [[ ! -e $makefile ]]; then
        echo "no selinux-policy-dev; not compiled"
        return
    fi
    cp -R "$root/usr/share/doc/chatd/selinux" "$scratch/selinux"
    make --silent -C "$scratch/selinux" -f "$makefile" chatd.pp >"$scratch/policy" 2>&1 ||
        fail "$(cat "$scratch/policy")"
    ! grep -iE 'warning|error' "$scratch/policy" || fail "the policy is not right"
}

# Checks that a shell can parse a script, if that shell is installed.
parses() {
    ! command -v "$1" >/dev/null || says_nothing "$1" -n "$2"
}

# Starts the packaged server with its packaged settings, which have it listen on this machine only,
# and joins it.
join() {
    talk '' "$root/usr/bin/chatd" "$root/etc/chatd/chatd.toml" "${emulator[@]}"
}

# Joins a server: `talk FOLDER PROGRAM SETTINGS [COMMAND...]`. COMMAND runs PROGRAM with FOLDER as
# its root.
talk() {
    local place=$1 program=$2 settings=$3 log=$scratch/log line
    shift 3
    mkdir -p "$place$scratch"
    "$@" "$program" --config "$settings" --port 0 --port-file "$scratch/ports" 2>"$log" &
    server=$!
    for _ in {1..100}; do
        [[ ! -e $place$scratch/ports ]] || break
        kill -0 "$server" || fail "it did not start: $(cat "$log")"
        sleep 0.1
    done
    read -r _ port <"$place$scratch/ports"
    exec {client}<>"/dev/tcp/127.0.0.1/$port"
    read -r -t 10 -u "$client" line
    exec {client}>&-
    [[ $line == "-- Welcome to chatd on "* ]] || fail "it said: $line"
    kill "$server"
    wait "$server"
    server=
    rm -f "$place$scratch/ports"
    ! grep 'listening on' "$log" | grep -v ' 127\.0\.0\.1:' || fail "it listened elsewhere"
}

# The oldest Debian that can still be downloaded, with glibc 2.31.
oldest_debian() {
    local bullseye=$target/packaging/bullseye
    if [[ ${CHECK_AS_ROOT-} == no || ${#emulator[@]} != 0 ]]; then
        echo "not root, or not of this machine: not run on Debian 11"
        return
    fi
    if [[ ! -e $bullseye/complete ]]; then
        rm -rf "$bullseye"
        debootstrap --foreign --variant=minbase bullseye "$bullseye" >"$scratch/debootstrap" ||
            fail "$(tail -3 "$scratch/debootstrap")"
        # debootstrap leaves a symlink to itself.
        rm -rf "$bullseye/proc"
        mkdir "$bullseye/proc"
        touch "$bullseye/complete"
    fi
    # The scripts of the package need a Debian that is set up; tests/it has them run in one. Without
    # them, dpkg leaves settings beside the place where they belong.
    dpkg --root="$bullseye" --unpack --force-all "$deb" >/dev/null 2>&1 || fail "cannot unpack $deb"
    # shellcheck disable=SC2016
    talk "$bullseye" /usr/bin/chatd /etc/chatd/chatd.toml.dpkg-new unshare --mount \
        sh -c 'mount -t proc proc "$1/proc" && exec chroot "$@"' - "$bullseye"
    dpkg --root="$bullseye" --purge --force-all chatd >/dev/null 2>&1 || fail "cannot purge it"
    [[ ! -e $bullseye/etc/chatd ]] || fail "something of it stays"
    rm -rf "${bullseye:?}$scratch"
    echo "runs with $(basename "$bullseye"/lib/*-linux-gnu/libc-*.so)"
}

for check in symbols contents contents_for_debian sources scriptlets install_it verify_units manual \
    policy join oldest_debian; do
    echo "-- $check"
    "$check"
done
