/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_document.h - what the verbs share that read policies.
 */
#ifndef CLI_POLICY_DOCUMENT_H
#define CLI_POLICY_DOCUMENT_H

#include "policy.h"

/* A policy file whole, or standard input for "-". 0 or EXIT_USAGE; free it with document_free() in any case. */
int document_read(const char *name, struct attest_document *ret_document);
void document_free(struct attest_document *document);
/* Exactly n arguments are left; else EXIT_USAGE, saying that `what` was expected. */
int expect_files(int argc, int n, const char *what);
/* Prints what a verb has made, frees it, and says whether it arrived. */
int print_made(char *text);

#endif
