/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's trace, for tests of what nothing else shows. */
#ifndef SELFTEST_KVM_XEN_TRACE_H
#define SELFTEST_KVM_XEN_TRACE_H

#include <stdio.h>

/* Write @text to @file of tracefs, which is mounted if it is not; fails the test. */
void xen_trace_write(const char *file, const char *text);

/* Begin to trace @event, such as "kvm_xen/kvm_xen_raise", with nothing of before. */
void xen_trace_begin(const char *event);

/* The trace, one event a line, which the caller closes. */
FILE *xen_trace_open(void);

/* End to trace @event.  Returns the trace likewise. */
FILE *xen_trace_end(const char *event);

#endif /* SELFTEST_KVM_XEN_TRACE_H */
