#!/bin/bash
# container.sh PREFIX STATE COMMAND…: runs COMMAND in what the container file makes of an installed
# PREFIX: the program, the libraries of C it names, declarations. No shell, no /proc, no /tmp, no
# network; STATE/input and STATE/credentials are read, STATE/warehouse alone is written to.
set -eu
prefix=$1 state=$2
shift 2
top=$state/root
mkdir -p "$top"/{usr/bin,usr/share,input,warehouse,run/secrets}
cp "$prefix/bin/conum" "$top/usr/bin"
cp -R "$prefix/share/conum" "$top/usr/share"
cp "$state/credentials/key" "$top/run/secrets/conum-key"
for library in $(ldd "$prefix/bin/conum" | grep -oE '/[^ ]+'); do
    case ${library##*/} in
        # What distroless/cc has.
        ld-linux* | libc.so* | libm.so* | libgcc_s.so* | libpthread.so* | libdl.so* | librt.so*) ;;
        *) echo "the base has no ${library##*/}" >&2 && exit 1 ;;
    esac
    install -D "$library" "$top$library"
done
mount --bind "$top" "$top"
mount --bind "$state/input" "$top/input"
mount --bind "$state/warehouse" "$top/warehouse"
mount -o remount,bind,ro "$top"
mount -o remount,bind,ro "$top/input"
if touch "$top/written" "$top/input/written" 2>/dev/null; then
    echo 'the root is not read-only' >&2 && exit 1
fi
exec chroot "$top" "$@"
