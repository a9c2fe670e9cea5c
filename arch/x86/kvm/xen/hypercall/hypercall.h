/* SPDX-License-Identifier: GPL-2.0 */
/* placeholder */
#include "xen/base/attr.h"
extern const struct xen_vm_attr xen_version_attr;
