#!/bin/sh
# Puts what gather.sh gathered where it belongs: lay-out.sh FILES ROOT

set -eu
s=$1
root=$2

# put MODE FOLDER FILE...
put() {
    mode=$1 folder=$2
    shift 2
    install -D -m "$mode" -t "$root/$folder" "$@"
}

put 755 usr/bin "$s/chatd" "$s/chat"
put 644 etc/chatd "$s/chatd.toml" "$s/sshd_config"
put 644 usr/lib/systemd/system "$s"/chatd*.service "$s"/chatd*.socket "$s"/chatd*.timer
put 644 usr/lib/systemd/system-preset "$s/80-chatd.preset"
install -D -m 644 "$s/chatd.sysusers.conf" "$root/usr/lib/sysusers.d/chatd.conf"
install -D -m 644 "$s/chatd.sysctl.conf" "$root/usr/lib/sysctl.d/60-chatd.conf"
for service in chatd chatd-web chatd-tls chatd-irc; do
    install -D -m 644 "$s/$service.firewalld.xml" "$root/usr/lib/firewalld/services/$service.xml"
done
put 644 usr/share/man/man1 "$s/chat.1.gz"
put 644 usr/share/man/man5 "$s/chatd.toml.5.gz"
put 644 usr/share/man/man8 "$s/chatd.8.gz"
for program in chatd chat; do
    install -D -m 644 "$s/$program.bash" "$root/usr/share/bash-completion/completions/$program"
done
put 644 usr/share/zsh/site-functions "$s/_chatd" "$s/_chat"
put 644 usr/share/fish/vendor_completions.d "$s/chatd.fish" "$s/chat.fish"
put 644 usr/share/doc/chatd "$s/CHANGELOG.md" "$s/MANUAL.md" "$s/OPERATIONS.md" "$s/PROTOCOL.md" \
    "$s/newer-systemd.conf" "$s/grafana-dashboard.json" "$s/alerts.yml"
put 644 usr/share/doc/chatd/fail2ban/filter.d "$s/fail2ban/filter.d/chatd.conf"
put 644 usr/share/doc/chatd/fail2ban/jail.d "$s/fail2ban/jail.d/chatd.conf"
put 644 usr/share/doc/chatd/selinux \
    "$s/selinux/chatd.te" "$s/selinux/chatd.fc" "$s/selinux/chatd.if"
put 644 usr/share/licenses/chatd "$s/LICENSE"
