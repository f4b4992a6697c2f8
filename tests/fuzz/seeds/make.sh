#!/bin/sh
# Makes the shared objects here again (GCC, and lld of the Python package ziglang): what a fuzzer of ELF readers starts from.
set -eu
cd "$(dirname "$0")"
flags="-shared -fPIC -O1 -nostdlib -Wl,--build-id=none -Wl,-z,noseparate-code"
gcc $flags -Wl,-soname,libb.so.1 -Wl,--version-script=used.map -Wl,--hash-style=both used.c -o libb.so.1
gcc $flags -Wl,-z,relro -Wl,--hash-style=gnu -Wl,-rpath,'$ORIGIN/../x.libs:/opt' user.c libb.so.1 -o gnu.so
gcc $flags -Wl,--hash-style=sysv -Wl,-z,now user.c libb.so.1 -o sysv.so
gcc -fPIC -O1 -mtls-dialect=gnu2 -c user.c -o user.o
python3 -m ziglang ld.lld -shared --eh-frame-hdr -z relro --pack-dyn-relocs=relr -z nosectionheader user.o libb.so.1 -o relr.so
rm user.o
strip libb.so.1 gnu.so sysv.so
