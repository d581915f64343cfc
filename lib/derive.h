/* SPDX-License-Identifier: Apache-2.0 */
/*
 * derive.h - what the files of attest_policy_derive() share. Each proof is verified first; what is made of them is only
 * what their results prove, and is held against each of them before it is handed out.
 */
#ifndef DERIVE_H
#define DERIVE_H

#include "base/json_write.h"
#include "policy/policy.h"

/* The events of one PCR of one proof, as its result tells them. */
struct history {
	const struct attest_event **events;
	size_t n;
};

/* One proof: its result, and its logs replayed once more, for a policy to be held against. */
struct known {
	const struct attest_document *document;
	attest_result *result;
	uint8_t sha256[32];
	struct proof proof;
	struct pcr_values values;
	struct replay replay;
	struct history pcrs[LIMIT_PCRS];
};

struct derivation {
	struct arena arena;
	struct known *sources;
	size_t n;
	unsigned flags;
	json_t *policy, *pins, *events; /* the last two are borrowed from the first */
	bool ok;                        /* no allocation has failed */
};

enum { DERIVE_WHY = 960 };
/* Whether a policy of this one member holds for every proof; else why not. Also false without memory. */
bool derive_holds(struct derivation *d, const char *member, json_t *value, char ret_why[DERIVE_WHY]);

/* derive_rules.c. NULL: one of the proofs has no such event. */
const struct attest_event *derive_event_at(const struct derivation *d, size_t source, uint8_t pcr, size_t i);
/* How many events all proofs have in common at the front. */
size_t derive_common_front(const struct derivation *d, uint8_t pcr);
/* The PCR that the step `tls` looks at, and it holds the key there. */
bool derive_holds_tls_key(const struct derivation *d, uint8_t pcr);
/* Rules for a PCR that is explained in all proofs. False, and nothing was put: they would not hold; or no memory. */
bool derive_rules(struct derivation *d, uint8_t pcr, const char *key, char ret_why[DERIVE_WHY]);

/* derive_ima.c. A list of the files that the kernel's logs name. False as above. */
bool derive_ima(struct derivation *d, char ret_why[DERIVE_WHY]);

#endif
