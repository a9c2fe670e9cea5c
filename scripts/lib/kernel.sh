# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Kernel trees for the scripts that build against one or change one: which
# release it is, which series of patches belongs to it, and the copy of its KVM
# with that series and this project's files. Sourced after common.sh.

# What the copy holds besides the files that the series changes.
kvm_dirs='arch/x86/kvm virt/kvm'

need() {
	command -v "$1" >/dev/null || die "$1 is missing: install the package $2"
}

# tree_version TREE: what TREE's Makefile says it is, as in 6.12.1.
tree_version() {
	awk -F' *= *' '
		$1 == "VERSION" || $1 == "PATCHLEVEL" || $1 == "SUBLEVEL" { part[$1] = $2 }
		END { printf "%s.%s.%s\n", part["VERSION"], part["PATCHLEVEL"], part["SUBLEVEL"] }
	' "$1/Makefile"
}

line_of() {
	expr "$1" : '\([0-9]*\.[0-9]*\)'
}

known_lines() {
	local lines

	lines=$(cd "$top/patches" && printf '%s\n' [0-9]*.[0-9]*)
	echo $lines
}

have_series() {
	is_fast || true		# FAST= is checked before anything else
	[ -f "$top/patches/$1/core/series" ] ||
		die "no patch series for kernel $1, there is one for: $(known_lines)"
}

# What is taken: core alone with FAST=n, fast behind it else.
is_fast() {
	case ${FAST:-y} in
	y) ;;
	n) return 1 ;;
	*) die "FAST=$FAST is neither y nor n" ;;
	esac
}

parts() {
	if is_fast; then echo core fast; else echo core; fi
}

# patches_of LINE PART...: the files of the patches of those parts, in order.
patches_of() {
	local part

	for part in "${@:2}"; do
		sed -e 's/#.*//' -e '/^ *$/d' -e "s|^|$top/patches/$1/$part/|" \
			"$top/patches/$1/$part/series"
	done
}

# series LINE: the same of what is taken.
series() {
	# shellcheck disable=SC2046
	patches_of "$1" $(parts)
}

# touched LINE PART...: the files that those parts change.
touched() {
	patches_of "$@" | xargs -r -d '\n' sed -n 's|^+++ b/\([^[:space:]]*\).*|\1|p' | sort -u
}

# The files that this project adds to a tree, or puts in the place of stock's.
payload() {
	(cd "$top" && find arch include -type f ! -name '.*' ! -name '*~' ! -name '*.orig' | sort) |
		if is_fast; then cat; else grep -vxFf <(fast_files); fi
}

# those_of VARIABLE: what Makefile.objs has there, relative to arch/x86/kvm/.
those_of() {
	printf 'include %s\nall:\n\t@echo $(%s)\n' \
		"$top/arch/x86/kvm/xen/Makefile.objs" "$1" |
		make -s -f - CONFIG_KVM_XEN_FASTPATH="$(fast_setting)"
}

# The objects that the payload makes.
objects() {
	those_of kvm-xen-objs
}

# The files of the payload that belong to fast.
fast_files() {
	{ those_of kvm-xen-fast-objs; those_of kvm-xen-fast-headers; } |
		tr ' ' '\n' | sed -e 's|^|arch/x86/kvm/|' -e 's|\.o$|.c|'
}

# The value of CONFIG_KVM_XEN_FASTPATH where no tree has it.
fast_setting() {
	if is_fast; then echo y; fi
}

# copy_files FROM TO: copy the files named on standard input, where they exist.
copy_files() {
	local file

	while read -r file; do
		[ -e "$1/$file" ] || continue
		mkdir -p "$2/$(dirname "$file")"
		cp -a "$1/$file" "$2/$file"
	done
}

# sync_files FROM TO: as copy_files, but leave alone what is equal already.
sync_files() {
	local file

	while read -r file; do
		cmp -s "$1/$file" "$2/$file" && continue
		mkdir -p "$2/$(dirname "$file")"
		cp "$1/$file" "$2/$file"
	done
}

apply_patch() {
	patch -s -p1 -F0 -f --no-backup-if-mismatch -r - -d "$1" "${@:3}" <"$2" >&2
}

# apply_series LINE TREE: stop at the first patch that does not apply.
apply_series() {
	local patch

	while read -r patch; do
		apply_patch "$2" "$patch" || { say "${patch##*/} does not apply"; return 1; }
	done < <(series "$1")
}

# revert_series LINE TREE: quietly, as this is how a tree is asked.
revert_series() {
	local patch

	while read -r patch; do
		apply_patch "$2" "$patch" -R 2>/dev/null || return 1
	done < <(series "$1" | tac)
}

# KVM's own files of a tree, this project's left out.
files_of_kvm() {
	(cd "$1" && find arch virt include -type f ! -path '*/kvm/xen/*' ! -name 'xen.[ch]' \
		! -name 'kvm_xen*.h' | sed "s|^|$1/|")
}

# without_fast TREE: not a word of what only speed needs.
without_fast() {
	! grep -rlE '\<xen_fastpath\>' "$1" &&
		! files_of_kvm "$1" | xargs -d '\n' grep -lE 'xen_fast|XEN_FASTPATH|fastpath_hypercall'
}

# copy_buildable TREE: copy from $LINUX_SOURCE what a build of KVM needs of a tree: all
# that configures it, and the code of the parts that prepare it.
copy_buildable() {
	rsync -a --prune-empty-dirs --exclude='/Documentation/*/' --exclude='/arch/[!x]*/**.[chS]' \
		--exclude='/arch/[!x]*/**.dts*' --exclude='/drivers/**.[chS]' --exclude='/fs/**.[chS]' \
		--exclude='/net/**.[chS]' --exclude='/sound/**.[chS]' "$LINUX_SOURCE/" "$1/"
}

# source_tree KSRC LINE: print the directory that holds stock's source: KSRC
# itself, or what is needed of it where it is a tarball, unpacked once.
source_tree() {
	local tree

	if [ -d "$1" ]; then
		[ -f "$1/Makefile" ] || die "$1 is not a kernel source tree"
		echo "$1"
		return
	fi
	[ -f "$1" ] || die "no kernel source at $1: install the package linux-source-$2, or name another with KSRC="
	tree=$cache/source/$(source_key "$1" "$2")
	[ -d "$tree" ] || unpack "$1" "$2" "$tree"
	echo "$tree"
}

source_key() {
	{ stat -L -c '%s %Y' "$1"; source_members "$2"; } | sha256sum | cut -c 1-16
}

# What is unpacked: no name lies below another, as tar wants it.
source_members() {
	{
		printf '%s\n' Makefile $kvm_dirs arch/x86/include include/linux \
			include/uapi/linux/kvm.h scripts/checkpatch.pl \
			scripts/const_structs.checkpatch scripts/spelling.txt scripts/kernel-doc
		touched "$1" core fast
	} | LC_ALL=C sort -u | awk 'last != "" && index($0, last "/") == 1 { next } { last = $0; print }'
}

unpack() {
	local new

	need tar tar
	need xz xz-utils
	mkdir -p "$(dirname "$3")"
	new=$(mktemp -d "$3.XXXXXX")
	source_members "$2" | sed 's|^|*/|' >"$new.members"
	progress "Unpacking ${1##*/}" "$new.log" tar -C "$new" -xf "$1" --strip-components=1 \
		--anchored --wildcards --no-wildcards-match-slash -T "$new.members" ||
		{ rm -rf "$new" "$new".*; die "cannot unpack $1"; }
	rm -f "$new".*
	chmod 755 "$new"
	mv -T "$new" "$3" 2>/dev/null || { rm -rf "$new"; [ -d "$3" ]; }
}

# compose LINE SRC NEW: make in NEW the KVM of SRC with the series applied and
# this project's files in their places.
compose() {
	mkdir -p "$3"
	(cd "$2" && cp -a --parents $kvm_dirs "$3")
	touched "$1" core fast | copy_files "$2" "$3"
	apply_series "$1" "$3" || return 1
	payload | copy_files "$top" "$3"
}

# Modules for a kernel named by the caller are kept apart from the testbed's,
# so that tests never take the one for the other.
places() {
	local suffix=

	[ -z "${KDIR:-}" ] || suffix=-$release
	: "${MODULES_DIR:=$top/build/modules$suffix}" "${BUILD_DIR:=$top/build/kbuild$suffix}"
	: "${SAMPLES_DIR:=$top/build/samples$suffix}"
}

# The package that has the headers KDIR should lead to.
headers_package() {
	case $1 in
	/lib/modules/*/build*) set -- "${1#/lib/modules/}"; echo "linux-headers-${1%%/*}" ;;
	*) echo "linux-headers-$(uname -r)" ;;
	esac
}

check_headers() {
	[ -f "$kdir/include/config/kernel.release" ] && [ -f "$kdir/include/config/auto.conf" ] ||
		die "no kernel headers at $kdir: install the package $(headers_package "$kdir")"
}

# Find the kernel to build for, and what it is: sets kdir, release and line.
find_kernel() {
	kdir=${KDIR:-/lib/modules/${KERNEL_RELEASE:-$(uname -r)}/build}
	kdir=${kdir%/}
	check_headers
	release=$(cat "$kdir/include/config/kernel.release")
	line=$(line_of "$release")
	places
}

# What objects are built for: others are of no use, and kbuild would not notice.
kernel_id() {
	echo "$release $(stat -L -c %Y "$kdir/include/config/auto.conf") $(realpath "$kdir")"
}

# One build at a time of what belongs to one kernel.
lock_build() {
	mkdir -p "$BUILD_DIR"
	exec 9>"$BUILD_DIR.lock"
	flock 9
}

# kbuild DIR TARGET...: make them in that part of the build directory. Modules
# without a signature load wherever lockdown is off. Type information needs
# pahole; without it modules work all the same.
kbuild() {
	local dir=$1 settings=(CONFIG_MODULE_SIG_ALL= CONFIG_KVM_XEN_FASTPATH="$(fast_setting)")

	command -v pahole >/dev/null || settings+=(CONFIG_DEBUG_INFO_BTF_MODULES=)
	make --no-print-directory -C "$kdir" M="$BUILD_DIR/$dir" \
		-j"$(nproc)" "${settings[@]}" "${@:2}" 2>&1 | quieten
}

# Of kbuild's output keep what is neither routine nor known: a count of objects
# stands for its lines of progress.
quieten() {
	if [ "${V:-0}" != 0 ]; then cat >&2; return; fi
	awk -v here="$BUILD_DIR/" '
		{ gsub(here, "") }
		/^  (CC|LD|AS) / { if (++n % 20 == 0) print "  " n " objects built" > "/dev/stderr"; next }
		/^  [A-Z]+ / || /^make(\[[0-9]+\])?: (Entering|Leaving)/ { next }
		{ print > "/dev/stderr" }
	'
}

# deliver DIR MODULE...: leave the modules there so that a reader sees all of them
# new or all of them old but for the moment of some renames, and untouched where
# nothing changed.
deliver() {
	local dir=$1 module new=$1/.new

	rm -rf "$new"
	mkdir -p "$new"
	for module in "${@:2}"; do
		strip --strip-debug -o "$new/${module##*/}" "$module"
	done
	for module in "$new"/*.ko; do
		cmp -s "$module" "$dir/${module##*/}" || mv "$module" "$dir/${module##*/}"
	done
	echo "$release" >"$dir/release"
	rm -rf "$new"
	say "$dir: $(cd "$dir" && echo *.ko) for $release"
}
