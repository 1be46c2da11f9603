#!/bin/bash
# boot.sh DIR: starts the systemd of this machine in namespaces of its own, without network, on a
# copy of this machine that goes away with it; DIR/upper is what the copy has on top.
set -eu
mount --make-rprivate /
mkdir -p "$1"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
done
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount --rbind /sys sys
mkdir -p old
pivot_root . old
umount -l old
# As a manager of containers does: else secrets handed over do not reach the services.
mount --make-rshared /
# Nothing of what this machine starts by itself: what a system needs, and what the test asks for.
exec env -i container=conum PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --unit=basic.target
