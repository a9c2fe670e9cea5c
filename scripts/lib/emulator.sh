# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What building an emulator of the host machine takes: Debian's own source of it with a
# directory of corrections on top, kept in the cache, keyed by Debian's version, the
# corrections and the options. Sourced after common.sh by the script of each emulator,
# which sets and defines
#   name, title        its directory in the cache; what is built, and how long it takes
#   package, version() Debian's source package, and the version that the testbed has
#   corrections        the directory of the patches, relative to the checkout
#   binary             relative to where it is installed
#   configure          an array of options
#   compile WORK       build $WORK/source and leave all there is to keep in $WORK/install
# and hands its arguments to emulator_main().

testbed=$top/scripts/testbed
home=$cache/$name

usage() {
	cat <<-END
	usage: ${0##*/} COMMAND
	  ensure   build it if it is not there: $title
	  path     print where its binary is
	  key      print its key
	  clean    remove every build but the current one
	END
}

# Computed on either side, from what is in the checkout and the testbed's facts.
key() {
	{ printf '%s\n' "$(version)" "${configure[@]}"; cat "$top/$corrections"/*.patch; } |
		sha256sum | cut -c 1-16
}

# What follows up to build() runs in the testbed, where the cache is /cache.

# The package lists of the testbed are gone and its root cannot be written to.
apt() {
	apt-get -o APT::Sandbox::User=root -o Dir::State::Lists=/tmp/lists -o Dir::Cache=/tmp/apt "$@"
}

# The testbed's version, else the one that the archive has now.
fetch() {
	mkdir -p /tmp/lists/partial /tmp/apt/archives/partial
	apt -q update
	apt -q source --download-only "$package=$(version)" || apt -q source --download-only "$package"
	dpkg-source --no-check -x "$package"_*.dsc source
}

apply_patches() {
	local patch

	for patch in "/src/$corrections"/*.patch; do
		echo "Applying ${patch##*/}"
		patch -d source -F0 -p1 -N <"$patch"
	done
}

build() {
	local work=$1

	mkdir -p "$work"
	cd "$work"
	fetch
	apply_patches
	mkdir -p "install/$(dirname "$binary")"
	(compile "$work")
}

# One maker at a time; the others wait for it and find the work done.
ensure() {
	local place

	[ ! -x "$home/$(key)/$binary" ] || { current; return; }
	mkdir -p "$home"
	exec 9>"$home/lock"
	flock -n 9 || { say "Another process is building $title, waiting for it ..."; flock 9; }
	place=$home/$(key)
	[ -x "$place/$binary" ] || make_emulator "$place" 9>&-
	current
	exec 9>&-
}

make_emulator() {
	local place=$1 work=$1.partial

	rm -rf "$work"
	progress "Building $title" "$cache/log/$name" \
		"$testbed" run "scripts/${0##*/}" build "/cache/$name/${work##*/}" ||
		die "$title: the build failed"
	mv -T "$work/install" "$place"
	rm -rf "$work"
}

# The name that everything else uses; replaced in one step.
current() {
	[ "$(readlink "$home/current" || true)" != "$(key)" ] || return 0
	ln -sfn "$(key)" "$home/current.$$"
	mv -T "$home/current.$$" "$home/current"
}

clean() {
	local dir

	for dir in "$home"/*/; do
		dir=${dir%/}
		case ${dir##*/} in
		"$(key)"|current|'*') ;;
		*) say "Removing $dir"; rm -rf "$dir" ;;
		esac
	done
}

facts() {
	eval "$("$testbed" facts)"
}

emulator_main() {
	case ${1:-} in
	ensure) facts; ensure ;;
	path) facts; printf '%s\n' "$home/$(key)/$binary" ;;
	key) facts; key ;;
	build) build "$2" ;;
	clean) facts; clean ;;
	help|--help|-h) usage ;;
	*) usage >&2; exit 2 ;;
	esac
}
