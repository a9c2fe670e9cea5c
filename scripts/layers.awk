# SPDX-License-Identifier: GPL-2.0
# Judge the includes of the files named after scripts/layers.table, relative to
# the directory root=. One verdict a file; failures are printed.

function fail(text) {
	print "not ok - " text
	bad = 1
}

# resolve(FILE, NAME, QUOTED): the path that an include means, where it is one
# of this project's.
function resolve(file, name, quoted) {
	if (!quoted) {
		if (("include/uapi/" name) in layer_of)
			return "include/uapi/" name
		if (("include/" name) in layer_of)
			return "include/" name
		if (("arch/x86/include/uapi/" name) in layer_of)
			return "arch/x86/include/uapi/" name
		return "arch/x86/include/" name
	}
	sub(/[^\/]*$/, "", file)
	name = file name
	while (sub(/[^\/.]+\/\.\.\//, "", name))
		;
	return name
}

function stem(path) {
	sub(/\.[ch]$/, "", path)
	return path
}

function check_include(file, name, quoted,	layer, target) {
	layer = layer_of[file]
	target = resolve(file, name, quoted)
	if (!(target in layer_of)) {
		if (target ~ /^arch\/x86\/kvm\/xen\//)
			fail(file " includes " name ", which the table does not list")
		else if (!((layer, "kernel") in may))
			fail(file " (" layer ") includes the kernel's " name)
	} else if (!((layer, layer_of[target]) in may) &&
		   !((layer, "own") in may && stem(target) == stem(file))) {
		fail(file " (" layer ") includes " target " (" layer_of[target] ")")
	}
}

function check_file(file,	line, name) {
	while ((getline line < (root "/" file)) > 0) {
		if (line !~ /^[ \t]*#[ \t]*include[ \t]*["<]/)
			continue
		name = line
		sub(/^[^"<]*["<]/, "", name)
		sub(/[">].*/, "", name)
		check_include(file, name, line ~ /include[ \t]*"/)
	}
	close(root "/" file)
}

function add_layer(	i) {
	known[$2] = 1
	for (i = 3; i <= NF; i++) {
		if (!($i in known) && $i != "own" && $i != "kernel")
			fail("layer " $2 " may include " $i ", which is not above it")
		may[$2, $i] = 1
	}
}

function count() {
	if (bad) failed++; else passed++
	bad = 0
}

/^[ \t]*(#|$)/ { next }
FILENAME != "-" && $1 == "layer" { add_layer(); count(); next }
FILENAME != "-" {
	if (!($1 in known)) {
		fail($2 " is said to be in layer " $1 ", which there is none of")
		count()
	}
	layer_of[$2] = $1
	next
}
{
	found[$1] = 1
	if ($1 in layer_of)
		check_file($1)
	else
		fail($1 " is in no layer: list it in scripts/layers.table")
	count()
}

END {
	for (file in layer_of) {
		if (file in found)
			continue
		fail("scripts/layers.table lists " file ", which is not there")
		count()
	}
	printf "%d passed, %d failed, 0 skipped\n", passed, failed
	exit failed > 0
}
