# SPDX-License-Identifier: GPL-2.0
# The front door: every way of working is a target; the work is in scripts/ and
# tools/. What needs the testbed makes it first, so that no target has to be
# preceded by another. V=1 shows commands and what they print. FAST=n leaves out, of what
# is built or integrated, all that only speed needs. LINE= is the kernel line, of those in
# scripts/lines.table, whose testbed is built in and booted, and what is built for it is in
# build/LINE then; without it the first.

MAKEFLAGS += --no-print-directory

Q := $(if $(filter-out 0,$(V)),,@)

testbed := scripts/testbed run
boot    := $(testbed) tools/testing/boot/boot
# The host's CPU, AMD's unless CPU=intel is an argument of make, and what emulates it.
cpu     := $(if $(filter command,$(origin CPU)),$(CPU),amd)
host    := $(if $(filter intel,$(cpu)),intel-host,emulator)
# Another flavour of the line's kernel: of rt and cloud, that which the target begins with.
flavour  = $(shell echo $(firstword $(subst -, ,$@)) | tr a-z A-Z)
for_flavour = sh -c 'KDIR=/lib/modules/$$$(flavour)_RELEASE/build exec "$$0"'
for_debug   := sh -c 'KDIR=/cache/debug-kernel/$$LINE/build exec "$$0"'

# What make check runs; of guests, where it runs some of a line; and, as lines PATTERN
# PREFIX, the lines of which it runs as much as the pattern says.
parts := layers build-test unit harness-test selftests kernel-tests guests intel-some
guests_of_a_line := guest-hvm-vcpu-4 guest-pvh-4 guest-hvm-intx-2-2l guest-hvm-vm-4-2l
lines  = $(addprefix $2,$(shell awk '$$1 !~ /^\#/ && $$4 ~ "$1" { print $$1 }' scripts/lines.table))

.DEFAULT_GOAL := modules

##@ Building

modules: ## the three modules, for the testbed's kernel, in build/modules; or KDIR= KSRC= for another
	$(Q)$(if $(KDIR),,$(testbed) )scripts/build

samples: modules ## the modules of samples/, against those; with KDIR= KSRC= too
	$(Q)$(if $(KDIR),,$(testbed) )scripts/build-samples

install: ## put the modules built for KDIR's kernel (the running one) into its updates/, as root
	$(Q)scripts/install

uninstall: ## take them out again, as root
	$(Q)scripts/install --remove

integrate: ## give a kernel tree this project's CONFIG_KVM_XEN: TREE=path; FAST=n core alone
	$(Q)scripts/integrate "$(TREE)"

patch: ## the same as one patch on standard output, for a distribution to carry
	$(Q)$(testbed) scripts/integrate --patch

##@ The two that say it all

demo: modules emulator ## boot Debian as a Xen guest on these modules, and say what it found
	$(Q)$(testbed) tools/testing/boot/guests/demo

check: ## everything that has to pass, in one total; of a line that LINE= names, all of it
	$(Q)scripts/check $(parts) $(if $(LINE),,$(call lines,some,line-))

check-lines: ## the same of each line in full (long)
	$(Q)scripts/check -o build/check-lines $(call lines,.,full-)

##@ Tests, one kind at a time; MODULES=stock runs those that boot on the distribution's modules

layers: modules ## includes and calls go down only, in the order of scripts/layers.table
	$(Q)$(testbed) scripts/layers --self-test

build-test: modules ## what building and integrating refuse, and how; other configurations
	$(Q)$(testbed) scripts/test-build
	$(Q)$(testbed) scripts/test-configs

unit: ## the pure units in user space, which no kernel matters for
	$(Q)LINE= $(testbed) make -j"$$(nproc)" -C tools/testing/kvm-xen

selftests: samples $(host) ## this project's KVM selftests; with CPU=intel on an Intel host
	$(Q)$(testbed) tools/testing/boot/build-selftests
	$(Q)$(boot) run --cpu $(cpu) --group selftest

line-tests: samples emulator
	$(Q)$(testbed) tools/testing/boot/build-selftests
	$(Q)$(boot) check-line $(TESTS)

core-selftests: ## the same with FAST=n, modules built without the fast path
	$(Q)$(MAKE) selftests FAST=n

kernel-tests: modules $(host) ## the kernel's own tests of Xen support, unmodified; CPU=intel too
	$(Q)$(testbed) tools/testing/boot/build-selftests
	$(Q)$(boot) run --cpu $(cpu) --group kernel

stock-proof: samples $(host) ## tests said to fail on stock modules do fail there; CPU=intel too
	$(Q)$(testbed) tools/testing/boot/build-selftests
	$(Q)$(boot) prove-stock --cpu $(cpu)

check-intel: ## all tests on an Intel host, with APICv and without, in two emulators side by side
	$(Q)scripts/check intel-tests

intel-tests: samples intel-host
	$(Q)$(testbed) tools/testing/boot/build-selftests
	$(Q)$(testbed) tools/testing/boot/guests/prepare
	$(Q)$(boot) check-intel $(TESTS)

intel-some: samples intel-host ## those of check-intel that say most, which are part of check
	$(Q)$(testbed) tools/testing/boot/build-selftests
	$(Q)$(boot) check-intel --some $(TESTS)

check-debug: ## the selftests on a kernel with KASAN, lockdep and more, built once
	$(Q)scripts/check debug-tests debug-proof

debug-tests: debug-samples emulator
	$(Q)$(testbed) tools/testing/boot/build-selftests
	$(Q)$(boot) run --kernel debug --group selftest --group kernel --group debug

debug-proof: debug-modules emulator
	$(Q)$(testbed) tools/testing/boot/build-selftests
	$(Q)$(boot) prove-stock --group debug

debug-kernel: ## the kernel with KASAN, lockdep and more, built once for each line
	$(Q)scripts/debug-kernel ensure

debug-modules: debug-kernel
	$(Q)$(testbed) $(for_debug) scripts/build

debug-samples: debug-modules
	$(Q)$(testbed) $(for_debug) scripts/build-samples

check-rt: ## the selftests on Debian's kernel with PREEMPT_RT
	$(Q)scripts/check rt-tests

rt-tests: rt-samples emulator
	$(Q)$(testbed) tools/testing/boot/build-selftests
	$(Q)$(boot) run --kernel rt --group selftest --group kernel

rt-modules cloud-modules:
	$(Q)$(testbed) $(for_flavour) scripts/build

rt-samples cloud-samples: %-samples: %-modules
	$(Q)$(testbed) $(for_flavour) scripts/build-samples

guests: modules emulator ## Xen guests, each checked from inside; TESTS='guest-pvh-*' for some
	$(Q)$(testbed) tools/testing/boot/guests/prepare
	$(Q)$(boot) run --manifest tools/testing/boot/guests/manifest.toml $(TESTS)

more-guests: modules emulator ## those that take longer, or say less, each with TESTS= by its name
	$(Q)$(testbed) tools/testing/boot/guests/prepare tools/testing/boot/guests/more.toml
	$(Q)$(boot) run --manifest tools/testing/boot/guests/more.toml $(TESTS)

guests-some: modules emulator
	$(Q)$(testbed) tools/testing/boot/guests/prepare
	$(Q)$(boot) run --manifest tools/testing/boot/guests/manifest.toml $(guests_of_a_line)

loaded-guests: modules $(host) ## guests on a busy host, ten times each (long); CPU=intel, MODULES=stock
	$(Q)$(testbed) tools/testing/boot/guests/prepare tools/testing/boot/guests/loaded.toml
	$(Q)$(boot) run --cpu $(cpu) --manifest tools/testing/boot/guests/loaded.toml $(TESTS)

harness-test: $(host) ## the harness runs fabricated tests; CPU=intel too
	$(Q)$(boot) self-test --cpu $(cpu)

# On an Intel host each benchmark runs with APICv, and then without.
bench-runs: modules $(host)
	$(Q)$(testbed) tools/testing/boot/build-selftests
	$(Q)$(boot) run --cpu $(cpu) $(if $(filter intel,$(cpu)),--twice) --modules stock \
		xen_bench xen_upcall_bench xen_dynhc_bench xen_host_bench xen_memory_bench
	$(Q)$(boot) run --cpu $(cpu) $(if $(filter intel,$(cpu)),--twice) --group bench

bench-small: bench-runs ## instructions per operation on stock modules and on ours, checked; CPU=intel too
	$(Q)$(testbed) tools/testing/bench/report check $(cpu)

bench: bench-runs ## the same as tables, JSON and drawings, and what is new since the baseline
	$(Q)$(testbed) tools/testing/bench/report show $(cpu)

bench-profile: modules emulator ## instructions per function of one operation: OP=send-eventfd/lapic
	$(Q)$(testbed) tools/testing/boot/build-selftests
	$(Q)$(testbed) tools/testing/bench/profile "$(OP)"

coverage: samples emulator ## lines and functions of the core that no selftest executes (long)
	$(Q)$(testbed) tools/testing/boot/build-selftests
	$(Q)$(testbed) tools/testing/coverage/coverage $(TESTS)

emulator-proof: emulator ## thirty boots of a busy Xen guest on stock modules
	$(Q)$(testbed) tools/testing/boot/guests/prepare
	$(Q)$(testbed) scripts/emulator-proof

integrate-test: ## a whole tree: integrated, patched, compared and compiled (long)
	$(Q)$(testbed) scripts/test-integrate

# What differs from line to line: how KVM calls this project, and is called by it.
line-%: ## of all tests, those that say most on another kernel line, as in line-7.3; part of check
	$(Q)LINE=$* scripts/check layers line-tests guests-some

full-%:
	$(Q)LINE=$* scripts/check $(parts)

##@ Looking at the code

style: ## checkpatch, codespell and syntax checks
	$(Q)$(testbed) scripts/style

sparse: ## sparse over this project's objects
	$(Q)$(testbed) scripts/sparse

##@ Around it

boot-shell: modules $(host) ## a shell in the booted host; CPU=intel for an Intel one
	$(Q)$(boot) shell --cpu $(cpu)

testbed: emulator ## set-up alone: the Debian root and the emulator

emulator:
	$(Q)scripts/testbed ensure
	$(Q)scripts/emulator ensure

intel-emulator: ## the emulator of an Intel host, which CPU=intel builds by itself
	$(Q)scripts/testbed ensure
	$(Q)scripts/intel-emulator ensure

# Where its source cannot be had, what would run on it is skipped with that reason.
intel-host:
	$(Q)scripts/testbed ensure
	$(Q)scripts/intel-emulator try

clean: ## remove build/; what is cached outside the checkout stays
	$(Q)rm -rf build

help: ## this list
	@awk -f scripts/help.awk $(MAKEFILE_LIST)

.PHONY: modules samples install uninstall integrate patch demo check check-lines layers \
	build-test unit selftests line-tests core-selftests kernel-tests stock-proof guests \
	more-guests guests-some loaded-guests harness-test check-intel intel-tests intel-some \
	bench-runs bench-small bench bench-profile coverage emulator-proof integrate-test \
	check-debug debug-tests debug-proof debug-kernel debug-modules debug-samples check-rt \
	rt-tests rt-modules rt-samples cloud-modules cloud-samples style sparse boot-shell \
	testbed emulator intel-emulator intel-host clean help
