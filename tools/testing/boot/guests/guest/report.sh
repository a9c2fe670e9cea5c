# SPDX-License-Identifier: GPL-2.0
#
# What the guest tells the outside: facts, failures and one verdict, a line
# each, on a terminal of their own (file descriptor 3).

failures=0

report_open() {
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

verdict() {
	if test "$failures" = 0; then
		echo "verdict PASS $GUEST_NONCE" >&3
		say "guest: PASS"
	else
		echo "verdict FAIL $GUEST_NONCE" >&3
		say "guest: FAIL ($failures)"
		dmesg
	fi
}
