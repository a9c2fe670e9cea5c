/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel modules that a test loads and unloads itself.
 *
 * They are those that "samples" in tools/testing/boot/manifest.toml names; each
 * keeps counters in a directory of its name in debugfs.
 */
#ifndef SELFTEST_KVM_XEN_MODULE_H
#define SELFTEST_KVM_XEN_MODULE_H

#include <stdint.h>

/* Both return 0 or -errno; to unload one that is in use fails with -EWOULDBLOCK. */
int xen_module_load(const char *name, const char *params);
int xen_module_unload(const char *name);

/* How often the module is in use; -1 where it is not loaded. */
int64_t xen_module_refs(const char *name);

/* One of its counters; -1 where there is none. */
int64_t xen_module_counter(const char *name, const char *counter);

#endif /* SELFTEST_KVM_XEN_MODULE_H */
