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

# One emulator for the hosts of all lines.
export LINE=$base_line

usage() {
	cat <<-END
	usage: ${0##*/} COMMAND
	  ensure   build it if it is not there: $title
	  try      the same, but that its source cannot be had is said and no failure
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
	local wanted

	mkdir -p /tmp/lists/partial /tmp/apt/archives/partial
	apt -q update
	for wanted in "$package=$(version)" "$package"; do
		apt -q source --download-only "$wanted" || echo "$wanted is not served as a whole"
		! unpack || return 0
		rm -rf "$package"_* source
	done
	return 1
}

# apt has compared each file with the signed index of the archive. The .dsc says no more
# than what belongs together: an archive that has lost it alone still serves the source.
unpack() {
	if [ -f "$(echo "$package"_*.dsc)" ]; then
		dpkg-source --no-check -x "$package"_*.dsc source
	elif [ -f "$(echo "$package"_*.orig.tar.?z)" ] && [ -f "$(echo "$package"_*.debian.tar.?z)" ]; then
		unpack_tarballs
	else
		return 1
	fi
}

unpack_tarballs() {
	echo "There is no .dsc: unpacking the tarballs"
	mkdir source &&
		tar -C source --strip-components=1 -xf "$package"_*.orig.tar.?z &&
		tar -C source -xf "$package"_*.debian.tar.?z &&
		sed -e 's/[ \t]*#.*//' -e '/^$/d' -e 's|^|source/debian/patches/|' \
			source/debian/patches/series | apply_patches
}

# Applies the patches that standard input names.
apply_patches() {
	local patch

	while read -r patch; do
		echo "Applying ${patch##*/}"
		patch -d source -F0 -p1 -N <"$patch" || return 1
	done
}

# What the archive does not give is no failure of the build: the reason is left behind.
build() {
	local work=$1

	mkdir -p "$work"
	cd "$work"
	if ! fetch; then
		echo "the archive does not serve Debian's source package $package $(version)" >reason
	elif ! printf '%s\n' "/src/$corrections"/*.patch | apply_patches; then
		echo "$corrections does not apply to $(echo "$package"_*.debian.tar.?z | sed 's/\.debian.*//')" \
			>reason
	else
		mkdir -p "install/$(dirname "$binary")"
		(compile "$work")
	fi
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

# Leaves in $home/unavailable why the emulator cannot be had, for those that would use it.
make_emulator() {
	local place=$1 work=$1.partial

	rm -rf "$work"
	rm -f "$home/unavailable"
	progress "Building $title" "$cache/log/$name" \
		"$testbed" run "scripts/${0##*/}" build "/cache/$name/${work##*/}" ||
		die "$title: the build failed"
	if [ -e "$work/reason" ]; then
		mv "$work/reason" "$home/unavailable"
		rm -rf "$work"
		die "$(cat "$home/unavailable")"
	fi
	mv -T "$work/install" "$place"
	rm -rf "$work"
}

# The name that everything else uses; replaced in one step.
current() {
	rm -f "$home/unavailable"
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
	try) facts; (ensure) || [ -e "$home/unavailable" ] ;;
	path) facts; printf '%s\n' "$home/$(key)/$binary" ;;
	key) facts; key ;;
	build) build "$2" ;;
	clean) facts; clean ;;
	help|--help|-h) usage ;;
	*) usage >&2; exit 2 ;;
	esac
}
