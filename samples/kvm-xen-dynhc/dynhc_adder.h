/* SPDX-License-Identifier: GPL-2.0 */
/* The calls of the sample handler: what its guests and its VMM have to know. */
#ifndef _SAMPLES_DYNHC_ADDER_H
#define _SAMPLES_DYNHC_ADDER_H

/* By this name a VMM binds tokens, with @data from 0 to ADDER_MAX_BIAS. */
#define ADDER_NAME	"dynhc_adder"
#define ADDER_MAX_BIAS	0xffffffffull

/* The first argument of a call; the other three are the operation's. */
#define ADDER_ADD	0	/* their sum, and @data */
#define ADDER_TICKET	1	/* the next number of this token, from 1 */
#define ADDER_NAP	2	/* 0, after as many milliseconds as the first says */
#define ADDER_ASK_VMM	3	/* what the VMM answers */

#define ADDER_MAX_NAP	2000ull	/* milliseconds; a longer nap ends then */

/* The lowest sum: those below it are no results, see KVM_XEN_DYNHC_TO_VMM. */
#define ADDER_MIN_SUM	(-0x7fffffffffffffffll + 1)

#endif /* _SAMPLES_DYNHC_ADDER_H */
