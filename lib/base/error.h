/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.h - filling the caller's struct attest_error. First cause wins: an error that is set is not overwritten.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "attest.h"
#include "bytes.h"

/* Set the error and give its status back, so that a parser can `return fail(error, …)`. `error` is never NULL inside.
 */
attest_status fail(struct attest_error *error, attest_status status, const char *clause, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void error_where(struct attest_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_expected(struct attest_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_found(struct attest_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_clear(struct attest_error *error);

attest_status fail_memory(struct attest_error *error);
/*
 * A libcrypto call failed: out of memory, or else what `status` says. Empties OpenSSL's error queue. The queue is
 * looked at because a failed allocation must not be reported as a bad signature.
 */
attest_status fail_openssl(struct attest_error *error, attest_status status, const char *clause, const char *format,
			   ...) __attribute__((format(printf, 4, 5)));
bool openssl_out_of_memory(void);

/* Nothing was decided, so no verdict may be made of it. */
bool status_is_internal(attest_status status);

#endif
