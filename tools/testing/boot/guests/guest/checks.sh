# SPDX-License-Identifier: GPL-2.0
#
# The work that a guest can be asked for: each function work_NAME does one job
# through the PV devices, the timers or the IPIs, and checks what came out.

# wait_until COMMAND...: waits for it to succeed; the guest's own time runs this, not the
# host's.
wait_until() {
	tries=0
	while ! "$@"; do
		tries=$((tries + 1))
		test $tries -lt 600 || return 1
		pause 0.05
	done
}

wait_for() {
	wait_until test -e "$1"
}

# The node of a Xen console is there before the console itself can be opened.
wait_for_terminal() {
	wait_for "$1" && wait_until can_open "$1"
}

can_open() {
	(: > "$1") 2> /dev/null
}

sum_of() {
	sha256sum | cut -d ' ' -f 1
}

# read_disk BLOCK_SIZE: the whole PV disk, past the page cache.
read_disk() {
	dd if=/dev/xvda bs="$1" iflag=direct 2>/dev/null | sum_of
}

work_disk() {
	wait_for /dev/xvda || fail "no xvda" || return
	expect "checksum of xvda" "$GUEST_DISK" "$(read_disk 128k)" || return
	read -r sectors < /sys/block/xvda/size
	fact disk "$((sectors / 2048)) MiB read, checksum right"
}

network_up() {
	wait_for /sys/class/net/eth0 || return 1
	ip link set lo up
	ip link set eth0 up
	ip addr add 10.0.2.15/24 dev eth0
}

# The host serves the file to each client that connects to this address.
download() {
	nc 10.0.2.100 7 < /dev/null | sum_of
}

work_net() {
	network_up || fail "no eth0" || return
	expect "checksum of the download" "$GUEST_NET" "$(download)" || return
	read -r bytes < /sys/class/net/eth0/statistics/rx_bytes
	fact net "$((bytes >> 10)) KiB received, checksum right"
}

# A line through the Xen console; the other side looks for it.
work_console() {
	wait_for_terminal /dev/hvc0 || fail "no hvc0" || return
	echo "xen console $GUEST_NONCE" > /dev/hvc0
}

# pin CPU: this shell, and what it starts, runs on that CPU alone.
pin() {
	taskset -p "$(printf '%x' $((1 << $1)))" $$ > /dev/null || fail "cannot run on CPU $1"
}

unpin() {
	taskset -p "$(printf '%x' $(((1 << GUEST_CPUS) - 1)))" $$ > /dev/null
}

# Waits for a moment on something that never comes: no fork, just a timer.
pause() {
	read -r -t "$1" _ <&4
}

# irq_count PATTERN: how many interrupts the matching lines have counted.
irq_count() {
	awk -v want="$1" '
		NR == 1 { cpus = NF; next }
		$0 ~ want { for (i = 2; i <= cpus + 1; i++) sum += $i }
		END { print sum + 0 }' /proc/interrupts
}

ipis_of() {
	irq_count "xen-percpu.*-ipi *(resched|callfunc|callfuncsingle)$1\$"
}

timer_of() {
	irq_count "xen-percpu.*-virq *timer$1\$"
}

# call_cpu TO COUNT: function calls to that CPU, each waited for. Reading
# another CPU's CPUID is done by it, on an IPI.
call_cpu() {
	dd if="/dev/cpu/$1/cpuid" bs=16 count="$2" of=/dev/null 2>/dev/null ||
		fail "cannot call CPU $1"
}

# check_ipis FROM TO: calls from one CPU reach the other.
check_ipis() {
	pin "$1"
	before=$(ipis_of "$2")
	call_cpu "$2" 50
	at_least "IPIs from CPU $1 to CPU $2" 20 $(($(ipis_of "$2") - before))
}

# A CPU's own timer ends every one of its waits.
check_timer() {
	pin "$1"
	before=$(timer_of "$1")
	for round in 1 2 3 4 5; do
		pause 0.02
	done
	at_least "timer events of CPU $1" 5 $(($(timer_of "$1") - before))
}

# Timer and IPIs of a CPU, the IPIs in both directions.
check_cpu() {
	check_timer "$1"
	test "$1" = 0 || check_ipis "$1" 0
	test "$1" = 0 || check_ipis 0 "$1"
	unpin
}

# check_cpus FIRST: that CPU and all behind it.
check_cpus() {
	cpu=$1
	while test $cpu -lt "$GUEST_CPUS"; do
		check_cpu $cpu
		cpu=$((cpu + 1))
	done
	fact percpu "timers and IPIs checked"
}

work_cpus() {
	check_cpus 0
}

# Those whose vcpu_info is not in shared_info, which has room for 32, and the last two
# before them.
work_cpus30() {
	check_cpus 30
}

cycle_cpu() {
	state=/sys/devices/system/cpu/cpu$1/online
	echo 0 > "$state" || fail "CPU $1 does not go offline"
	expect "number of CPUs" $((GUEST_CPUS - 1)) "$(online_cpus)"
	echo 1 > "$state" || fail "CPU $1 does not come online"
	expect "number of CPUs" "$GUEST_CPUS" "$(online_cpus)"
	check_cpu "$1"
}

work_hotplug() {
	for round in 1 2 3; do
		cpu=1
		while test $cpu -lt "$GUEST_CPUS"; do
			cycle_cpu $cpu
			cpu=$((cpu + 1))
		done
	done
	fact hotplug "each secondary CPU offline and online 3 times"
}

# Rounds are counted in the first sector of a disk that outlives the kernel. Says
# whether this round was good, and another one is to come.
count_round() {
	wait_for /dev/xvdb || fail "no xvdb" || return
	round=$(dd if=/dev/xvdb bs=512 count=1 iflag=direct 2>/dev/null | tr -d '\0')
	fact round "${round:=0}"
	test "$round" -lt "$GUEST_ROUNDS" || return
	check_kernel_log
	test "$failures" = 0 || return
	echo $((round + 1)) > /tmp/round
	dd if=/tmp/round of=/dev/xvdb bs=512 count=1 conv=sync oflag=direct 2>/dev/null
	say "guest: round $round done"
}

unpack_next() {
	wait_for /dev/xvdc || fail "no xvdc" || return
	mkdir -p /tmp/next
	tar -x -C /tmp/next -f /dev/xvdc || fail "cannot unpack xvdc"
}

# replace_kernel: by another of the same, without a reset of the machine.
replace_kernel() {
	unpack_next || return
	fail "kexec: $(/guest/kexec /tmp/next/vmlinuz /tmp/next/initramfs 2>&1)"
}

reset_machine() {
	reboot -f
	sleep 3600
}

# crash CPU ABI: there, and the kernel that has memory reserved for it starts on that
# CPU, has no other, and must find that ABI.
crash() {
	unpack_next || return
	words="nr_cpus=1 GUEST_CPUS=1 GUEST_EXPECT=${GUEST_EXPECT%abi:*}abi:$2"
	found=$(/guest/kexec -p /tmp/next/vmlinuz /tmp/next/initramfs "$words" 2>&1) ||
		fail "kexec: $found" || return
	pin "$1"
	echo c > /proc/sysrq-trigger
	fail "the kernel did not crash"
}

# With CPU 0 asleep QEMU raises events by 2-level itself, so that this is what the
# kernel must have chosen.
work_crash() {
	count_round && crash 1 2-level
}

# With CPU 0 awake it has the same choice as the one before.
work_crash0() {
	count_round && crash 0 "$abi"
}

work_reboot() {
	count_round && reset_machine
}

work_kexec() {
	count_round && replace_kernel
}

# First the one, then the other.
work_restart() {
	if ! count_round; then
		fact restart "$round times, by kexec and by a reset in turn"
	elif test $((round % 2)) = 0; then
		replace_kernel
	else
		reset_machine
	fi
}

# Each CPU calls the next, and is called by it, and every CPU's timer is used.
stress_calls() {
	cpu=0
	while test $cpu -lt "$GUEST_CPUS"; do
		pin $cpu
		call_cpu $(((cpu + 1) % GUEST_CPUS)) 2000
		call_cpu $(((cpu + GUEST_CPUS - 1) % GUEST_CPUS)) 2000
		for round in 1 2 3 4 5 6 7 8 9 10; do
			pause 0.002
		done
		cpu=$((cpu + 1))
	done
	unpin
}

# Small requests, so that every few pages are an event in each direction.
stress_disk() {
	expect "checksum of xvda" "$GUEST_DISK" "$(read_disk 16k)"
	echo "$failures" > /tmp/failed.disk
}

stress_net() {
	for round in 1 2 3; do
		expect "checksum of the download" "$GUEST_NET" "$(download)"
	done
	echo "$failures" > /tmp/failed.net
}

stress_ports() {
	if /guest/ports "$GUEST_CPUS" 3 > /tmp/ports 2>&1; then
		read -r ports arrivals < /tmp/ports
		fact ports "$ports bound, $arrivals arrivals, each counted"
		at_least "event channels" 3900 "$ports"
	else
		fail "ports: $(cat /tmp/ports)"
	fi
	echo "$failures" > /tmp/failed.ports
}

# fault NAME WORDS: a fault planted into the count of a few event channels is found.
fault() {
	found=$(/guest/ports 1 1 8 "$1" 2>&1) && fail "the fault $1 is not found" && return
	case $found in
	*"$2"*) ;;
	*) fail "the fault $1 is called: $found" ;;
	esac
}

work_faults() {
	expect "a count without a fault" "8 12" "$(/guest/ports 1 1 8 none 2>&1)"
	fault lost "1 of 8 ports are lost"
	fault twice "has arrived twice"
	fault masked "events of masked ports"
	fault unasked "events that nobody sent"
	fault counted "13 arrivals, but 12 interrupts"
	fact faults "5 planted faults found"
}

# Every event channel that is left, beside all the other work.
work_ports() {
	stress_ports & all=$!
	work_stress
	wait $all
	expect "failures of the ports' part" 0 "$(cat /tmp/failed.ports)"
}

# Disk, network, timers and IPIs at once, each a fixed amount of work.
work_stress() {
	stress_disk & disk=$!
	stress_net & net=$!
	stress_calls
	wait $disk $net
	expect "failures of the disk's part" 0 "$(cat /tmp/failed.disk)"
	expect "failures of the network's part" 0 "$(cat /tmp/failed.net)"
	fact stress "disk, network, timers and IPIs at once"
}
