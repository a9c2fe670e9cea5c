// SPDX-License-Identifier: GPL-2.0
/* Module parameters for the delays in debug.h. */
#include "xen/base/debug.h"

#include <linux/moduleparam.h>

#ifdef CONFIG_FAULT_INJECTION
unsigned int xen_delay_kick;
module_param(xen_delay_kick, uint, 0644);
unsigned int xen_delay_clear;
module_param(xen_delay_clear, uint, 0644);
unsigned int xen_delay_loop;
module_param(xen_delay_loop, uint, 0644);
unsigned int xen_delay_look;
module_param(xen_delay_look, uint, 0644);
unsigned int xen_delay_account;
module_param(xen_delay_account, uint, 0644);
unsigned int xen_delay_send;
module_param(xen_delay_send, uint, 0644);
#endif
