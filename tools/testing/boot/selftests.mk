# SPDX-License-Identifier: GPL-2.0
#
# The rules behind build-selftests: the kernel's selftest library, our tests
# and the kernel's own tests of its Xen support, each a static program that
# needs nothing but a kernel.
#
# KTREE   the kernel source
# LIBDIR  where the compiled library is kept
# OUT     where the programs go

ifeq ($(and $(KTREE),$(LIBDIR),$(OUT)),)
$(error run tools/testing/boot/build-selftests, which sets KTREE, LIBDIR and OUT)
endif

ours	:= tools/testing/selftests/kvm
kernel	:= $(KTREE)/tools/testing/selftests/kvm
libdir	:= $(LIBDIR)/obj

# What the kernel calls the architecture's parts of its selftests.
arch	:= $(notdir $(wildcard $(kernel)/lib/x86 $(kernel)/lib/x86_64))

lib_c	:= $(patsubst $(kernel)/lib/%,%,$(wildcard $(kernel)/lib/*.c $(kernel)/lib/$(arch)/*.c))
lib_s	:= $(arch)/handlers.S
library	:= $(libdir)/libkvm.a

tests	:= $(patsubst $(ours)/x86_64/%.c,%,$(wildcard $(ours)/x86_64/*_test.c))
benches	:= $(patsubst tools/testing/bench/%.c,%,$(wildcard tools/testing/bench/*_bench.c))
helpers	:= $(patsubst $(ours)/lib/%.c,%,$(wildcard $(ours)/lib/*.c $(ours)/lib/x86_64/*.c))
stock	:= xen_shinfo_test xen_vmcall_test kvm_clock_test

includes := -Iinclude/uapi -Iarch/x86/include/uapi -Isamples/kvm-xen-dynhc \
	-I$(ours)/include -I$(ours)/include/x86_64 \
	$(patsubst %,-isystem %, \
	$(KTREE)/tools/include $(KTREE)/tools/arch/x86/include $(LIBDIR)/usr/include \
	$(kernel)/include $(kernel)/include/$(arch) \
	$(KTREE)/tools/testing/selftests/rseq $(KTREE)/tools/testing/selftests)

# What the library asks of its callers: guest code shares the program's text,
# so it can use neither the stack protector nor libc's string functions.
common	:= -O2 -g -std=gnu99 -D_GNU_SOURCE= -DCONFIG_64BIT -U_FORTIFY_SOURCE \
	-march=x86-64-v2 -fno-stack-protector -fno-PIE -fno-strict-aliasing \
	-fno-builtin-memcmp -fno-builtin-memcpy -fno-builtin-memset \
	-fno-builtin-strnlen -MD -MP $(includes)

# The library's headers are not clean at -Wextra: they are system headers here.
strict	:= -Wall -Wextra -Werror -Wstrict-prototypes -Wuninitialized \
	-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers

link	= $(CC) -static -no-pie -pthread -Wl,--strip-debug -o $@ $(filter %.o,$^) $(library)

all: $(tests:%=$(OUT)/%) $(stock:%=$(OUT)/%) $(benches:%=$(OUT)/%)

$(shell mkdir -p $(libdir)/$(arch) $(libdir)/stock $(OUT)/obj)

$(libdir)/%.o: $(kernel)/lib/%.c
	$(CC) $(common) -w -c $< -o $@

$(libdir)/%.o: $(kernel)/lib/%.S
	$(CC) $(common) -w -c $< -o $@

# Without -ffreestanding the compiler turns memcmp() into a call of itself.
$(libdir)/string_override.o: common += -ffreestanding

$(library): $(lib_c:%.c=$(libdir)/%.o) $(lib_s:%.S=$(libdir)/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

$(libdir)/stock/%.o: $(kernel)/$(arch)/%.c
	$(CC) $(common) -w -c $< -o $@

$(stock:%=$(OUT)/%): $(OUT)/%: $(libdir)/stock/%.o $(library)
	$(link)

$(OUT)/obj/%.o: $(ours)/x86_64/%.c
	@echo "  CC      $(<F)"
	@$(CC) $(common) $(strict) -c $< -o $@

$(OUT)/obj/%.o: tools/testing/bench/%.c
	@echo "  CC      $(<F)"
	@$(CC) $(common) $(strict) -c $< -o $@

$(OUT)/obj/lib-%.o: $(ours)/lib/%.c
	@echo "  CC      $(<F)"
	@mkdir -p $(@D)
	@$(CC) $(common) $(strict) -c $< -o $@

$(tests:%=$(OUT)/%) $(benches:%=$(OUT)/%): $(OUT)/%: $(OUT)/obj/%.o $(helpers:%=$(OUT)/obj/lib-%.o) $(library)
	$(link)

.PHONY: all
.SECONDARY:

-include $(wildcard $(libdir)/*.d $(libdir)/*/*.d $(OUT)/obj/*.d $(OUT)/obj/*/*.d)
