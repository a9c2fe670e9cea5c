#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# Process 1 of the booted host: loads the KVM modules, runs the tests that the
# harness listed in /job, and says one word about each on a serial port of its
# own.  What a test prints goes to the console, between two marks.
#
# /job/conf      settings, as shell variables
# /job/modules   the modules to load: one "path parameters" a line
# /job/tests     the tests: one "name limit" a line, each with /job/run/NAME
# /job/splats    what must not appear in the kernel log

kmemleak=/sys/kernel/debug/kmemleak
export PATH=/selftests:/bin:/usr/bin:/sbin:/usr/sbin HOME=/root TERM=linux

setup_root() {
	/bin/busybox mkdir -p /proc /sys /dev /tmp /run /root /selftests
	/bin/busybox --install -s /bin
	mount -t proc proc /proc
	mount -t sysfs sys /sys
	mount -t devtmpfs dev /dev
	mkdir -p /dev/pts /dev/shm
	mount -t devpts devpts /dev/pts
	mount -t tmpfs shm /dev/shm
	mount -t debugfs debugfs /sys/kernel/debug
	mount -t tracefs tracefs /sys/kernel/tracing
	ln -sf /proc/self/fd /dev/fd
	ip link set lo up
	dmesg -n "$loglevel"
}

say() {
	echo "$*" >&3
}

mark() {
	printf '\n@@ %s\n' "$*"
}

# Prints those lines of a kernel log that must not be there.
only_splats() {
	grep -v "ommand line: " "$1" | grep -E -f /job/splats | head -n 8
}

# The same for what was logged since the last call.
new_splats() {
	dmesg -c >/tmp/dmesg
	only_splats /tmp/dmesg
}

load_modules() {
	while read -r module params; do
		case $module in
		*kvm-amd.ko) grep -qw svm /proc/cpuinfo || continue ;;
		*kvm-intel.ko) grep -qw vmx /proc/cpuinfo || continue ;;
		esac
		# shellcheck disable=SC2086 # the parameters are words
		insmod "$module" $params || return 1
	done </job/modules
}

vendor_module() {
	if [ -d /sys/module/kvm_amd ]; then echo kvm_amd; else echo kvm_intel; fi
}

# Every open /dev/kvm, VM and vCPU holds a reference to the vendor's module; the
# last ones go a moment after the processes that had them.
unused() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(cat "/sys/module/$(vendor_module)/refcnt")" != 0 ] || return 0
		sleep 1
	done
	echo "the KVM modules are still in use"
	return 1
}

unload_modules() {
	rmmod "$(vendor_module)" && rmmod kvm
}

# lockdep gives up for good at its first report and where its tables are full:
# what it did not complain about counts only if it is still there at the end.
lockdep_on() {
	[ ! -e /proc/lockdep_stats ] || grep -q 'debug_locks: *1$' /proc/lockdep_stats && return
	echo "lockdep has turned itself off"
	return 1
}

# What kmemleak finds that nothing refers to: only what is older than five
# seconds, and what two scans find unchanged.
leaks() {
	[ -e $kmemleak ] || return 0
	sleep 6
	echo scan >$kmemleak && echo scan >$kmemleak || echo "kmemleak has turned itself off"
	cat $kmemleak
}

no_leaks() {
	leaks >/tmp/leaks
	cat /tmp/leaks
	[ ! -s /tmp/leaks ]
}

# What the boot itself lost is none of the modules' doing.
forget_leaks() {
	[ -e $kmemleak ] || return 0
	leaks >/dev/null
	echo clear >$kmemleak
	dmesg -c >/dev/null
}

# The testbed's own root, made writable by a layer in memory.
mount_testbed() {
	mkdir -p /lower /layer /testbed
	mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose \
		testbed /lower || return 1
	mount -t tmpfs -o size=75% layer /layer || return 1
	mkdir /layer/upper /layer/work
	mount -t overlay -o lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work \
		overlay /testbed || return 1
	for dir in proc sys dev; do
		mount --rbind /$dir /testbed/$dir || return 1
	done
	mount -t tmpfs tmp /testbed/tmp && mount -t tmpfs run /testbed/run
}

in_testbed() {
	chroot /testbed /usr/bin/env -i HOME=/root TERM="$TERM" KVM_XEN_CACHE=/cache \
		KVM_XEN_TIMEOUT_SCALE="$KVM_XEN_TIMEOUT_SCALE" \
		PATH=/src/build/selftests:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# Ends everything after $1 seconds, but first has the kernel print what it does.
guard() {
	sleep "$1"
	dmesg >/tmp/overdue
	echo l >/proc/sysrq-trigger
	echo w >/proc/sysrq-trigger
	kill -9 -1
}

# Prints once what a vCPU waits for whose upcall flag was up twice, ten seconds apart,
# without an interrupt injected in between.
watch_vcpu() {
	seen=/tmp/vcpus$(echo "$1" | tr / .)
	cat "$1" >/tmp/vcpus/now 2>&1 || return 0
	key=$(grep -E '^(flag 1|injected )' /tmp/vcpus/now)
	if [ "$key" != "${key#flag 1}" ] && [ "$key" = "$(cat "$seen" 2>&1)" ]; then
		echo "a vCPU does not take its upcall: $1"
		cat /tmp/vcpus/now "/proc/$(cat "${1%xen}pid")/stack"
		key="$key, printed"
	fi
	[ "$key, printed" = "$(cat "$seen" 2>&1)" ] || echo "$key" >"$seen"
}

watch_vcpus() {
	mkdir -p /tmp/vcpus
	while sleep 10; do
		for file in /sys/kernel/debug/kvm/*/vcpu*/xen; do
			[ ! -e "$file" ] || watch_vcpu "$file"
		done
	done
}

# Runs the test $1 for up to $2 seconds; what it leaves behind is ended with it.
run_test() {
	rm -f /tmp/overdue
	guard "$2" &
	watch_vcpus &
	if [ "$root" = testbed ]; then
		(in_testbed setsid -w sh -c "cd /src; $(cat "/job/run/$1")") </dev/null
	else
		(cd /selftests && setsid sh -c "$(cat "/job/run/$1")") </dev/null
	fi
	status=$?
	kill -9 -1
	unused || status=1
	return $status
}

# Reports the verdict on $1, which ended with status $2; fails where the host can
# not be trusted any more.
conclude() {
	new_splats >/tmp/splats
	[ ! -e /tmp/overdue ] || only_splats /tmp/overdue >/tmp/splats
	mark end "$1"
	if [ -s /tmp/splats ]; then
		sed "s|^|SPLAT $1 |" /tmp/splats >&3
		say FAIL "$1" splat
		return 1
	elif [ -e /tmp/overdue ]; then
		say FAIL "$1" overdue
		return 1
	fi
	case $2 in
	0) say PASS "$1" ;;
	4) say SKIP "$1" ;;
	*) say FAIL "$1" "$2" ;;
	esac
}

run_tests() {
	while read -r name limit <&4; do
		say START "$name"
		mark start "$name"
		run_test "$name" "$limit" 4<&- 3>&-
		conclude "$name" $? || return 1
	done 4</job/tests
}

finish() {
	say START modules-unload
	mark start modules-unload
	rm -f /tmp/overdue
	# The first look has the modules' symbols, the second sees what they kept.
	no_leaks && unload_modules && lockdep_on && no_leaks
	conclude modules-unload $?
}

# Where the speed of a serial port is emulated, words are on their way for a while:
# setting a port's mode waits for them.
halt_now() {
	say "$1"
	mark halt
	for port in ttyS1 console; do stty -F /dev/$port raw; done
	sync
	poweroff -f
	while :; do sleep 1; done
}

shell() {
	printf '\n  %s KVM modules, kernel %s; ' "$modules" "$(uname -r)"
	export -p >/dev/null
	if [ "$root" = testbed ]; then shell_in_testbed; else shell_in_initramfs; fi
	halt_now DONE
}

shell_in_initramfs() {
	printf '/ is the initramfs, /selftests has the tests.\n'
	printf '  Leave with ctrl-d.\n\n'
	TERM="$term" setsid cttyhack sh
}

shell_in_testbed() {
	printf '/ is the testbed, /src the checkout.\n'
	printf '  Leave with ctrl-d (or ctrl-a x).\n\n'
	setsid cttyhack chroot /testbed /usr/bin/env -i HOME=/root TERM="$term" \
		KVM_XEN_CACHE=/cache PATH=/src/build/selftests:/usr/sbin:/usr/bin:/sbin:/bin \
		sh -c 'cd /src && exec bash -i'
}

# shellcheck disable=SC1091 # made by the harness
. /job/conf
export KVM_XEN_TIMEOUT_SCALE
setup_root
stty -F /dev/ttyS1 115200 raw -echo
exec 3>/dev/ttyS1

new_splats >/tmp/splats
forget_leaks
say UP
load_modules || halt_now "BROKEN the KVM modules cannot be loaded"
[ -c /dev/kvm ] || halt_now "BROKEN there is no /dev/kvm: no SVM and no VMX on this CPU?"
[ "$root" != testbed ] || mount_testbed || halt_now "BROKEN the testbed root cannot be mounted"
new_splats >>/tmp/splats
if [ -s /tmp/splats ]; then
	halt_now "BROKEN the kernel log has: $(head -n 1 /tmp/splats)"
fi

say READY
[ "$mode" != shell ] || shell
run_tests && finish
halt_now DONE
