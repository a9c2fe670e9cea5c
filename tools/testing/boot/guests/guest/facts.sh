# SPDX-License-Identifier: GPL-2.0
#
# What the guest can see of the platform it runs on, and whether that is what
# the variant is about.

logged() {
	dmesg | grep -q "$1"
}

online_cpus() {
	grep -c '^processor' /proc/cpuinfo
}

# The EAX of a CPUID leaf, as CPU 0 sees it, for leaves that end in 0 to 4 of
# the Xen base given (in units of 16, as the device counts).
xen_leaf_eax() {
	dd if=/dev/cpu/0/cpuid bs=16 skip="$1" count=5 2>/dev/null |
	od -An -t x4 -v | awk -v leaf="$2" 'NR == leaf + 1 { print $1 }'
}

# "XenV" in EBX of the first leaf tells the base: plain, or above Hyper-V's.
xen_base() {
	for base in 67108864 67108880; do
		word=$(dd if=/dev/cpu/0/cpuid bs=16 skip=$base count=1 2>/dev/null |
			od -An -t x4 -v | awk '{ print $2 }')
		test "$word" != 566e6558 || echo $base
	done
}

upcall_vector_offered() {
	eax=$(xen_leaf_eax "$(xen_base)" 4)
	test $((0x${eax:-0} >> 6 & 1)) = 1
}

# irq_count PATTERN: how many interrupts the matching lines have counted.
irq_count() {
	awk -v want="$1" '
		NR == 1 { cpus = NF; next }
		$0 ~ want { for (i = 2; i <= cpus + 1; i++) sum += $i }
		END { print sum + 0 }' /proc/interrupts
}

irq_lines() {
	grep -c -E "$1" /proc/interrupts
}

hypervisor() {
	if logged 'Booting kernel on Xen PVH'; then
		echo "$(cat /sys/hypervisor/type) PVH"
	else
		echo "$(cat /sys/hypervisor/type) HVM"
	fi
}

event_abi() {
	if logged 'xen:events: Using FIFO-based ABI'; then
		echo FIFO
	elif logged 'xen:events: Using 2-level ABI'; then
		echo 2-level
	else
		echo none
	fi
}

upcall_method() {
	if ! logged 'callback vector for event delivery is enabled'; then
		echo intx
	elif upcall_vector_offered; then
		echo vcpu
	else
		echo vm
	fi
}

clockevent() {
	cat /sys/devices/system/clockevents/clockevent0/current_device
}

clocksource() {
	cat /sys/devices/system/clocksource/clocksource0/current_clocksource
}

pv_spinlocks() {
	if test "$(irq_lines 'xen-percpu.*spinlock[0-9]')" -gt 0; then
		echo on
	else
		echo off
	fi
}

# found KEY: what the guest found out about KEY of GUEST_EXPECT.
found() {
	case $1 in
	hypervisor) hypervisor | tr ' ' - ;;
	abi) event_abi ;;
	upcall) upcall_method ;;
	timer) clockevent ;;
	spinlocks) pv_spinlocks ;;
	machine) uname -m ;;
	*) echo "unknown key" ;;
	esac
}

check_platform() {
	fact kernel "$(uname -r) $(uname -m)"
	fact hypervisor "$(hypervisor)"
	fact abi "$(event_abi)"
	fact upcall "$(upcall_method)"
	fact timer "$(clockevent), clocksource $(clocksource)"
	fact spinlocks "$(pv_spinlocks)"
	fact cpus "$(online_cpus)"
	expect "number of CPUs" "$GUEST_CPUS" "$(online_cpus)"
	for word in $(echo "$GUEST_EXPECT" | tr , ' '); do
		expect "${word%%:*}" "${word#*:}" "$(found "${word%%:*}")"
	done
}

# The upcalls must have come the way that the variant is about, and that alone.
check_upcalls() {
	if test "$(upcall_method)" = intx; then
		at_least "interrupts of the platform device" 1 "$(irq_count xen-platform-pci)"
		expect "upcalls by vector" 0 "$(irq_count '^ *HYP:')"
	else
		at_least "upcalls by vector" 1 "$(irq_count '^ *HYP:')"
		expect "interrupts of the platform device" 0 "$(irq_count xen-platform-pci)"
	fi
}

report_events() {
	fact events.virq "$(irq_count 'xen-percpu.*-virq')"
	fact events.ipi "$(irq_count 'xen-percpu.*-ipi')"
	fact events.interdomain "$(irq_count 'xen-dyn.*-event')"
	fact events.pirq "$(irq_count 'xen-pirq')"
	fact upcalls.vector "$(irq_count '^ *HYP:')"
	fact upcalls.intx "$(irq_count xen-platform-pci)"
	check_upcalls
	at_least "events of PV devices" 1 "$(irq_count 'xen-dyn.*-event')"
}

check_kernel_log() {
	bad='WARNING:|BUG:|Oops|Call Trace|rcu.*stall|nobody cared|lockup|blocked for more than'
	dmesg | grep -E "$bad" > /tmp/bad && fail "kernel log: $(head -n 1 /tmp/bad)"
}
