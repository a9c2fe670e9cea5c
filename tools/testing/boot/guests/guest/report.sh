# SPDX-License-Identifier: GPL-2.0
#
# What the guest reports to the host: facts, failures and one verdict, a line
# each, on a terminal of their own (file descriptor 3).

failures=0

# Without a report the guest has nothing to say: it does not give up, since the host looks
# at a guest that is silent, and finds out whether QEMU lost a request.
report_open() {
	until wait_for_terminal "/dev/${GUEST_REPORT:-ttyS1}"; do
		:
	done
	exec 3> "/dev/${GUEST_REPORT:-ttyS1}"
}

say() {
	echo "$*"
}

fact() {
	echo "fact $*" >&3
	echo "guest: $*"
}

fail() {
	failures=$((failures + 1))
	echo "fail $*" >&3
	echo "guest: FAIL: $*"
	return 1
}

# expect NAME WANTED FOUND
expect() {
	test "$2" = "$3" || fail "$1 is '$3', expected '$2'"
}

# at_least NAME WANTED FOUND
at_least() {
	test "$3" -ge "$2" || fail "$1 is $3, expected at least $2"
}

# The last word; what the kernel had to say to a failure goes before it.
verdict() {
	if test "$failures" = 0; then
		say "guest: PASS"
		echo "verdict PASS $GUEST_NONCE" >&3
	else
		dmesg
		say "guest: FAIL ($failures)"
		echo "verdict FAIL $GUEST_NONCE" >&3
	fi
}
