/* SPDX-License-Identifier: GPL-2.0 */
/* The calls of the sample handler, for its guests and VMMs. */
#ifndef _SAMPLES_DYNHC_ADDER_H
#define _SAMPLES_DYNHC_ADDER_H

/* The name with which a VMM binds tokens, with @data from 0 to ADDER_MAX_BIAS. */
#define ADDER_NAME	"dynhc_adder"
#define ADDER_MAX_BIAS	0xffffffffull

/* The first argument of a call; the other three depend on it. */
#define ADDER_ADD	0	/* their sum, and @data */
#define ADDER_TICKET	1	/* the next number of this token, from 1 */
#define ADDER_NAP	2	/* sleeps for the first in milliseconds; returns 0 */
#define ADDER_ASK_VMM	3	/* the VMM's result */

#define ADDER_MAX_NAP	2000ull	/* milliseconds; longer naps are cut to this */

/* The lowest sum: lower values are special, see KVM_XEN_DYNHC_TO_VMM. */
#define ADDER_MIN_SUM	(-0x7fffffffffffffffll + 1)

#endif /* _SAMPLES_DYNHC_ADDER_H */
