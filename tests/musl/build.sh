#!/bin/sh
# Builds static musl binaries of the packages that are named, inside of the musl root.
# /src: the checkout, /target: the output, /cargo: the registry of the machine outside, which has every crate already.
set -eu
target=x86_64-unknown-linux-musl

# The unwinder, with what Debian's build of it wants from glibc.
mkdir -p /target/unwind
cp -L /usr/lib/llvm-22/lib/libunwind.a /target/unwind/libunwind.a
musl-gcc -O2 -c /src/tests/musl/fortify.c -o /target/unwind/fortify.o
ar r /target/unwind/libunwind.a /target/unwind/fortify.o

export CARGO_HOME=/cargo CARGO_TARGET_DIR=/target
# Debian has no standard library for musl, so it is built from its source, which only this lets a stable compiler do.
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=musl-gcc
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS="-Clink-self-contained=no -Ctarget-feature=+crt-static -Lnative=/target/unwind"
cd /src
packages=
for package in "$@"; do
	packages="$packages --package $package"
done
# shellcheck disable=SC2086 # one word for each option
exec cargo build --locked --offline --release --target "$target" -Zbuild-std=std,panic_unwind $packages
