# SPDX-License-Identifier: GPL-2.0
#
# What the guest can see of the platform it runs on, and whether that is what
# the variant is about. A fork costs much under nested emulation, so findings
# are left in variables instead of being printed and caught.

logged() {
	case $log in
	*"$1"*) return 0 ;;
	*) return 1 ;;
	esac
}

# read_cpuid POSITION: the Xen leaf +4 of the base at POSITION, in units of 16
# as the device counts, and the first word of the signature.
read_cpuid() {
	set -- $(dd if=/dev/cpu/0/cpuid bs=16 skip="$1" count=5 2>/dev/null | od -An -t x4 -v)
	signature=$2
	features=${17}
}

# Whether the platform offers a vector for each vCPU. The signature says "XenV"
# at the plain base, or at the next one where Hyper-V has the plain one.
vcpu_vector_offered() {
	read_cpuid 67108864
	test "$signature" = 566e6558 || read_cpuid 67108880
	test "$signature" = 566e6558 && test $((0x$features >> 6 & 1)) = 1
}

# Sums /proc/interrupts by kind of event channel, and the methods by which upcalls come.
count_events() {
	read -r virq ipi interdomain pirq vector intx spinlocks <<-SUMS
	$(awk '
	NR == 1 { cpus = NF; next }
	{ sum = 0; for (i = 2; i <= cpus + 1; i++) sum += $i }
	/xen-percpu.*-virq/ { virq += sum }
	/xen-percpu.*-ipi/ { ipi += sum }
	/xen-percpu.*spinlock/ { spinlocks++ }
	/xen-dyn.*-event/ { interdomain += sum }
	/xen-pirq/ { pirq += sum }
	$1 == "HYP:" { vector = sum }
	/xen-platform-pci/ { intx = sum }
	END { print virq + 0, ipi + 0, interdomain + 0, pirq + 0, vector + 0, intx + 0, spinlocks + 0 }
	' /proc/interrupts)
	SUMS
}

find_hypervisor() {
	read -r hypervisor < /sys/hypervisor/type
	read -r guest_type < /sys/hypervisor/guest_type
	hypervisor=$hypervisor-$guest_type
}

find_abi() {
	abi=none
	if logged 'xen:events: Using FIFO-based ABI'; then
		abi=FIFO
	elif logged 'xen:events: Using 2-level ABI'; then
		abi=2-level
	fi
}

find_upcall() {
	upcall=vm
	if test "$guest_type" = PV; then
		upcall=pv
	elif ! logged 'callback vector for event delivery is enabled'; then
		upcall=intx
	elif vcpu_vector_offered; then
		upcall=vcpu
	fi
}

find_timer() {
	read -r timer < /sys/devices/system/clockevents/clockevent0/current_device
	read -r clocksource < /sys/devices/system/clocksource/clocksource0/current_clocksource
}

find_spinlocks() {
	count_events
	test "$spinlocks" = 0 && spinlocks=off || spinlocks=on
}

online_cpus() {
	grep -c '^processor' /proc/cpuinfo
}

look_at_platform() {
	log=$(dmesg)
	machine=$(uname -m)
	cpus=$(online_cpus)
	find_hypervisor
	find_abi
	find_upcall
	find_timer
	find_spinlocks
}

report_platform() {
	read -r release < /proc/sys/kernel/osrelease
	fact kernel "$release $machine"
	fact hypervisor "$hypervisor"
	fact abi "$abi"
	fact upcall "$upcall"
	fact timer "$timer"
	fact clocksource "$clocksource"
	fact spinlocks "$spinlocks"
	fact cpus "$cpus"
}

check_platform() {
	look_at_platform
	report_platform
	expect "number of CPUs" "$GUEST_CPUS" "$cpus"
	for word in $(echo "$GUEST_EXPECT" | tr , ' '); do
		eval "found=\$${word%%:*}"
		expect "${word%%:*}" "${word#*:}" "$found"
	done
}

# The upcalls must have come by the method that the variant is about, and by that alone.
# Those of a PV guest are not counted.
check_upcalls() {
	if test "$upcall" = pv; then
		expect "upcalls by vector" 0 "$vector"
		expect "interrupts of the platform device" 0 "$intx"
	elif test "$upcall" = intx; then
		at_least "interrupts of the platform device" 1 "$intx"
		expect "upcalls by vector" 0 "$vector"
	else
		at_least "upcalls by vector" 1 "$vector"
		expect "interrupts of the platform device" 0 "$intx"
	fi
}

report_events() {
	count_events
	fact events.virq "$virq"
	fact events.ipi "$ipi"
	fact events.interdomain "$interdomain"
	fact events.pirq "$pirq"
	fact upcalls.vector "$vector"
	fact upcalls.intx "$intx"
	check_upcalls
	at_least "events of PV devices" 1 "$interdomain"
}

check_kernel_log() {
	bad='WARNING:|BUG:|Oops|Call Trace|rcu.*stall|nobody cared|lockup|blocked for more than'
	dmesg | grep -E "$bad" > /tmp/bad || return 0
	read -r line < /tmp/bad
	fail "kernel log: $line"
}
