/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alternatives.h - what a policy lets run, as a list of releases that each say all: a policy without releases is one.
 */
#ifndef POLICY_ALTERNATIVES_H
#define POLICY_ALTERNATIVES_H

#include "reading.h"

/* The members of the root that say which software may run, and that a release may have too. */
extern const char *const software_members[];
enum { N_SOFTWARE_MEMBERS = 6 };

/*
 * An array of objects as in "releases", each with the root's members too. One without a name: the policy has no
 * releases. ATTEST_E_POLICY_INVALID where root and release say different things of the same, which one object cannot.
 */
attest_status alternatives_of(const struct reading *reading, json_t **ret_alternatives, struct attest_error *error);

#endif
