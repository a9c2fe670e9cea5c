// SPDX-License-Identifier: GPL-2.0
/* The tracepoints of trace.h. */
#include "xen/base/base.h"

#define CREATE_TRACE_POINTS
#include "xen/base/trace.h"
