#!/usr/bin/env bash
# Builds all packages, and checks them: packaging/build-all.sh
#
# For x86-64 they are in target/rpm then, for 64-bit ARM in target/rpm-aarch64. Needs what
# build-rpm.sh and check.sh need for both, and says how long each of them took.

set -euo pipefail
cd "$(dirname "$0")/.."

for arch in x86_64 aarch64; do
    for script in build-rpm check; do
        begun=$SECONDS
        CHATD_ARCH=$arch "packaging/$script.sh"
        echo "== $script for $arch: $((SECONDS - begun)) s"
    done
done
