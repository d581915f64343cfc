/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.h - the parts of attest_policy_diff().
 */
#ifndef POLICY_DIFF_H
#define POLICY_DIFF_H

#include "words.h"

/* What b accepts, held against a. SAME: only accounts of a verification differ. */
enum effect { MORE, LESS, OTHERWISE, SAME };

/* One place of the two policies. */
struct side {
	const struct reading *reading;
	const json_t *root, *scope; /* the scope: the root, or a release */
	json_t *prints;             /* while rules are compared: sets by name, and what stands for their digests */
};

struct diff {
	json_t *list;
	size_t n;          /* all, also those past the most that are listed */
	size_t n_compared; /* rules and their digests; past some number they are compared no more */
	bool ok;
	struct words words;      /* the message that is being said */
	json_t *added, *removed; /* and what stands beside it */
};

/* Report what was said in d->words, d->added and d->removed, and clear them. `path` must be printable. */
void diff_add(struct diff *d, enum effect effect, const char *path);
/* No more is listed, so that what would be said need not be found out: counts one more. */
bool diff_is_full(struct diff *d);
/* A line of what only b, or only a, has; past 16 they are only counted. */
void diff_added(struct diff *d, bool is_b, const char *text);
/* Two sets of digests: what is added or removed, and the effect, SAME if they are equal. */
enum effect diff_values(struct diff *d, json_t *a, json_t *b, uint16_t bank);
enum effect effect_of(bool added, bool removed);

/* "events" of a PCR that both have. */
void diff_rules(struct diff *d, const struct side *a, const struct side *b, unsigned pcr, const char *path);
/* "ima" of both. */
void diff_ima(struct diff *d, json_t *a, json_t *b, const char *path, uint16_t bank);
/* All of a scope. */
void diff_scope(struct diff *d, const struct side *a, const struct side *b, const char *path);
void diff_releases(struct diff *d, const struct reading *a, const struct reading *b);

#endif
