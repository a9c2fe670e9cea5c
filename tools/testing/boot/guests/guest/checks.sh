# SPDX-License-Identifier: GPL-2.0
#
# The work that a guest can be asked for: each function work_NAME does one job
# through the PV devices, the timers or the IPIs, and checks what came out.

# Waits until a file is there; the guest's own time runs this, not the host's.
wait_for() {
	tries=0
	while ! test -e "$1"; do
		tries=$((tries + 1))
		test $tries -lt 600 || return 1
		usleep 50000
	done
}

sum_of() {
	sha256sum | cut -d ' ' -f 1
}

# read_disk BLOCK_SIZE: the whole PV disk, past the page cache.
read_disk() {
	dd if=/dev/xvda bs="$1" iflag=direct 2>/dev/null | sum_of
}

work_disk() {
	if ! wait_for /dev/xvda; then
		fail "no xvda"
		return
	fi
	expect "checksum of xvda" "$GUEST_DISK" "$(read_disk 128k)"
	fact disk "$(($(cat /sys/block/xvda/size) / 2048)) MiB, checksum compared"
}

network_up() {
	wait_for /sys/class/net/eth0 || return 1
	ip link set lo up
	ip link set eth0 up
	ip addr add 10.0.2.15/24 dev eth0
}

# The host serves the file to whoever connects to this address.
download() {
	nc 10.0.2.100 7 < /dev/null | sum_of
}

work_net() {
	if ! network_up; then
		fail "no eth0"
		return
	fi
	expect "checksum of the download" "$GUEST_NET" "$(download)"
	fact net "$(($(cat /sys/class/net/eth0/statistics/rx_bytes) >> 10)) KiB received, checksum compared"
}

# A line through the Xen console; the other side looks for it.
work_console() {
	if ! wait_for /dev/hvc0; then
		fail "no hvc0"
		return
	fi
	echo "xen console $GUEST_NONCE" > /dev/hvc0
}

cpu_mask() {
	printf '%x' $((1 << $1))
}

# on_cpu N COMMAND...
on_cpu() {
	mask=$(cpu_mask "$1")
	shift
	taskset "$mask" "$@"
}

# call_cpu FROM TO COUNT: COUNT function calls from one CPU to the other, each
# waited for. Reading another CPU's CPUID is done by it, on an IPI.
call_cpu() {
	on_cpu "$1" dd if="/dev/cpu/$2/cpuid" bs=16 count="$3" of=/dev/null 2>/dev/null ||
		fail "CPU $1 cannot call CPU $2"
}

ipis_of() {
	irq_count "xen-percpu.*-ipi *(resched|callfunc|callfuncsingle)$1\$"
}

timer_of() {
	irq_count "xen-percpu.*-virq *timer$1\$"
}

# check_ipis FROM TO: IPIs arrive at TO, and the answers at FROM.
check_ipis() {
	before=$(ipis_of "$2")
	call_cpu "$1" "$2" 50
	at_least "IPIs from CPU $1 to CPU $2" 20 $(($(ipis_of "$2") - before))
}

# A CPU's own timer ends every one of its sleeps.
check_timer() {
	before=$(timer_of "$1")
	for round in 1 2 3 4 5; do
		on_cpu "$1" usleep 20000
	done
	at_least "timer events of CPU $1" 5 $(($(timer_of "$1") - before))
}

work_cpus() {
	cpu=0
	while test $cpu -lt "$GUEST_CPUS"; do
		check_timer $cpu
		test $cpu = 0 || check_ipis 0 $cpu
		test $cpu = 0 || check_ipis $cpu 0
		cpu=$((cpu + 1))
	done
}

cycle_cpu() {
	state=/sys/devices/system/cpu/cpu$1/online
	echo 0 > "$state" || fail "CPU $1 does not go offline"
	expect "state of CPU $1" 0 "$(cat "$state")"
	expect "number of CPUs" $((GUEST_CPUS - 1)) "$(online_cpus)"
	check_timer 0
	echo 1 > "$state" || fail "CPU $1 does not come online"
	expect "state of CPU $1" 1 "$(cat "$state")"
	check_timer "$1"
	check_ipis 0 "$1"
	check_ipis "$1" 0
}

work_hotplug() {
	for round in 1 2 3; do
		cpu=1
		while test $cpu -lt "$GUEST_CPUS"; do
			cycle_cpu $cpu
			cpu=$((cpu + 1))
		done
	done
	expect "number of CPUs" "$GUEST_CPUS" "$(online_cpus)"
	fact hotplug "each secondary CPU offline and online 3 times"
}

# Rounds are counted in the first sector of a disk that outlives a reboot.
work_reboot() {
	if ! wait_for /dev/xvdb; then
		fail "no xvdb"
		return
	fi
	round=$(dd if=/dev/xvdb bs=512 count=1 iflag=direct 2>/dev/null | tr -d '\0')
	fact round "${round:=0}"
	test "$round" -lt "$GUEST_REBOOTS" || return
	test "$failures" = 0 || return
	check_kernel_log
	test "$failures" = 0 || return
	echo $((round + 1)) > /tmp/round
	dd if=/tmp/round of=/dev/xvdb bs=512 count=1 conv=sync oflag=direct 2>/dev/null
	say "guest: rebooting, round $round done"
	reboot -f
	sleep 3600
}

stress_calls() {
	cpu=0
	while test $cpu -lt "$GUEST_CPUS"; do
		call_cpu $cpu $(((cpu + 1) % GUEST_CPUS)) 3000
		call_cpu $(((cpu + 1) % GUEST_CPUS)) $cpu 3000
		cpu=$((cpu + 1))
	done
}

stress_timers() {
	round=0
	while test $round -lt 100; do
		on_cpu $((round % GUEST_CPUS)) usleep 1000
		round=$((round + 1))
	done
}

# Small requests, so that every few pages are an event each way.
stress_disk() {
	expect "checksum of xvda" "$GUEST_DISK" "$(read_disk 16k)"
	echo $failures > /tmp/failed.disk
}

stress_net() {
	for round in 1 2 3; do
		expect "checksum of the download" "$GUEST_NET" "$(download)"
	done
	echo $failures > /tmp/failed.net
}

# Disk, network, timers and IPIs at once, each a fixed amount of work.
work_stress() {
	stress_disk & disk=$!
	stress_net & net=$!
	stress_timers & timers=$!
	stress_calls
	wait $disk $net $timers
	expect "failures of the disk's part" 0 "$(cat /tmp/failed.disk)"
	expect "failures of the network's part" 0 "$(cat /tmp/failed.net)"
	fact stress "disk, network, timers and IPIs at once"
}
