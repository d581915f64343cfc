/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary.h - what a policy comes to, in six lines.
 */
#ifndef POLICY_SUMMARY_H
#define POLICY_SUMMARY_H

#include "words.h"

void summarize(struct words *w, const json_t *root);
/* Platforms, TLS, nonce, resettable PCRs: one line for each that is demanded or given up. */
void show_requirements(struct words *w, const json_t *root);
/* It pins, rules or ignores the PCR, or has it in `ima`, or needs it for containers or an application disk. */
bool scope_says(const json_t *scope, unsigned pcr);

#endif
