/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.h - asking for a proof.
 */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include "net.h"

/* `transfer` says how, and learns whom. flags: ATTEST_NET_… */
attest_status fetch_proof(const char *url, unsigned flags, struct slice nonce, struct transfer *transfer,
			  struct body *ret_proof, struct attest_error *error);

#endif
