/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quotes.h - the rate of fresh proofs against that of bare quotes, for `make bench`.
 */
#ifndef TESTS_SERVER_QUOTES_H
#define TESTS_SERVER_QUOTES_H

/* Prints; returns an exit status. */
int quotes_bench(void);

#endif
