# SPDX-License-Identifier: GPL-2.0
# Print the targets of a Makefile that carry a "## " comment, under the heading
# of the "##@ " line above them.

/^##@ / {
	printf "%s%s\n", heading++ ? "\n" : "", substr($0, 5)
}

/^[a-z%-]+:.*## / {
	name = $0
	sub(/:.*/, "", name)
	sub(/.*## /, "")
	printf "  %-15s %s\n", name, $0
}
