/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - lines on standard error, through log.h, of what the operator gave: printable whatever names of files hold.
 * Nothing that a client sent goes here.
 */
#ifndef SERVER_REPORT_H
#define SERVER_REPORT_H

#include "base/error.h"

void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "what: where: message", then what was expected and found. `what` may be NULL. */
void report_error(const char *what, const struct attest_error *error);

#endif
