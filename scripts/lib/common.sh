# SPDX-License-Identifier: GPL-2.0
# Shell helpers that every script here shares: errors, the cache's place, the
# kernel line, progress, and the installation of missing host packages. Sourced
# by bash.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache=${KVM_XEN_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/kvm-xen}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

say() {
	printf '%s\n' "$*" >&2
}

# lines FIELD...: these fields of scripts/lines.table, line by line.
lines() {
	awk -v fields="$*" '
		/^[^#]/ {
			n = split(fields, f, " ")
			for (i = 1; i <= n; i++)
				printf "%s%s", $f[i], i < n ? " " : "\n"
		}' "$top/scripts/lines.table"
}

base_line=$(lines 1 | head -n 1)
: "${LINE:=$base_line}"

# The directory in which all is built that belongs to one line. In the testbed it is
# build/ whatever the line is, since there it is mounted over it.
line_dir() {
	if [ "$LINE" = "$base_line" ] || [ -e /etc/testbed.facts ]; then
		echo "$top/build"
	else
		echo "$top/build/$LINE"
	fi
}

# progress TITLE LOG CMD...: run CMD with its output in LOG, and say every few
# seconds how long it has taken and what it wrote last. V=1 shows the output.
progress() {
	local title=$1 log=$2 begin=$SECONDS shown=0 pid status=0

	shift 2
	mkdir -p "$(dirname "$log")"
	say "$title ..."
	if [ -n "${V:-}" ] && [ "$V" != 0 ]; then
		"$@" 2>&1 | tee "$log" >&2
		return "${PIPESTATUS[0]}"
	fi
	"$@" >"$log" 2>&1 &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.5
		[ $((SECONDS - begin)) -lt $((shown + 5)) ] && continue
		shown=$((SECONDS - begin))
		say "$title: $shown s: $(last_line "$log")"
	done
	wait "$pid" || status=$?
	[ "$status" = 0 ] || { tail -n 20 "$log" >&2; say "$title: failed; all of it is in $log"; }
	[ "$status" != 0 ] || say "$title: done in $((SECONDS - begin)) s"
	return "$status"
}

last_line() {
	tail -c 400 "$1" | tr '\r' '\n' | grep -v '^ *$' | tail -n 1 | cut -c 1-90
}

# Run as root where that can be done without asking for a password.
as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
	command -v apt-get >/dev/null || return 1
	[ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

apt_install() {
	export DEBIAN_FRONTEND=noninteractive
	as_root apt-get install -y --no-install-recommends "$@" && return
	as_root apt-get update && as_root apt-get install -y --no-install-recommends "$@"
}

# host_packages PACKAGE...: have these on the host, or say which are needed.
host_packages() {
	may_install || die "install these packages first: $*"
	progress "Installing $*" "$cache/log/apt" apt_install "$@" ||
		die "could not install these packages, install them by hand: $*"
}
