/* SPDX-License-Identifier: Apache-2.0 */
/*
 * links.h - verifying with what certificates point to.
 */
#ifndef NET_LINKS_H
#define NET_LINKS_H

#include "net.h"

/* attest_net_verify() inside. */
attest_status verify_with_downloads(attest_verifier *verifier, const struct attest_options *options, struct slice proof,
				    const struct attest_net_options *net_options, attest_result **ret_result,
				    struct attest_error *error);

#endif
