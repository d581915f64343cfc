/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - golden values: docs/policy.md.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "base/findings.h"
#include "formats/proof.h"
#include "rules.h"
#include "trust/replay.h"

struct pin {
	enum { PIN_NONE, PIN_IGNORE, PIN_VALUES } kind;
	struct pin_value *values;
	size_t n_values;
	const char *reason; /* of PIN_IGNORE, or NULL */
};

struct container {
	const char *image, *id;
};

enum requirement { UNSAID, OPTIONAL, REQUIRED };

struct ima_rules;

/* Or a release of one: a policy's alternative, with golden values alone. */
struct policy {
	struct arena arena;
	const char *name;
	const struct policy *root; /* of a release: the policy; else NULL */
	const char *release;       /* its name; else NULL */
	bool ends;
	int64_t until; /* where it ends: from then on a release counts no more */
	uint16_t bank;
	struct pin pins[LIMIT_PCRS];
	size_t n_pins;          /* of kind PIN_VALUES */
	const char **platforms; /* NULL: any that is trusted */
	size_t n_platforms;
	struct slice application_disk; /* root hash, or empty */
	struct container *containers;
	size_t n_containers;
	const struct ima_rules *ima; /* NULL: none */
	struct digest_set *sets;     /* with names */
	size_t n_sets;
	struct ruled *ruled[LIMIT_PCRS];
	struct policy *releases; /* one of which must hold */
	size_t n_releases;
	enum requirement tls, nonce;
	bool accept_resettable;
};

/* What the evidence proves, for rules to be held against. */
struct evidence {
	const struct proof *proof;
	const struct pcr_values *pcrs;
	const struct replay *replay;
	const char *platform; /* NULL where no chain proves one */
	int64_t time;         /* of verification, Unix */
};

/* libattest-policy-v1, a golden-measurement file, or a container map. As attest_verifier_add_policy(). */
attest_status policy_parse(struct slice json, const char *name, struct policy **ret_policy, struct attest_error *error);
void policy_free(struct policy *policy);
/* Pins, rules and the like, of the policy or release alone. */
bool policy_has_own_values(const struct policy *policy);
/* It compares software with something; a policy that only makes demands does not. */
bool policy_has_golden_values(const struct policy *policy);
/* Findings of ATTEST_STEP_POLICY. ATTEST_OK unless out of memory. */
attest_status policy_evaluate(const struct policy *policy, const struct evidence *evidence, struct findings *findings,
			      struct attest_error *error);
/* The same for what a release may hold too. */
attest_status policy_check_values(const struct policy *policy, const struct evidence *evidence,
				  struct findings *findings, struct attest_error *error);
/* rules_check.c */
attest_status policy_check_rules(const struct policy *policy, const struct evidence *evidence,
				 struct findings *findings, struct attest_error *error);
/* releases.c: one of them must hold whole. */
attest_status policy_check_releases(const struct policy *policy, const struct evidence *evidence,
				    struct findings *findings, struct attest_error *error);
/* An error finding of the policy or release, by its name. */
void policy_error(struct findings *findings, const struct policy *policy, struct attest_error *e, attest_status status,
		  const char *hint, const char *message);
/* Refuses what is said of PCR 16 and 23, where the policy does not accept it. */
void policy_check_resettable(const struct policy *policy, uint8_t index, const char *what, struct findings *findings);
/*
 * Certificates of TPM manufacturers say that a key lives in a TPM, not whose: the owner of a machine can extend what he
 * likes. So "vendor" counts only where a policy names it. ATTEST_E_PLATFORM, with a finding.
 */
attest_status policies_check_vendor(struct policy *const *policies, size_t n, const char *platform,
				    struct findings *findings);
/* What the policy says of a quoted PCR. *ret_name: how it calls the value that matches, or NULL. */
enum pin_match { PIN_SAYS_NOTHING, PIN_IGNORED, PIN_MATCHES, PIN_DIFFERS };
enum pin_match policy_match_pin(const struct policy *policy, const struct pcr_value *pcr, const char **ret_name);
/* Of a policy that holds: a pin of its own or rules have held this PCR, or in whichever release it was. */
bool policy_holds_pcr(const struct policy *policy, const struct pcr_value *pcr);
/* What a PCR stands for, as far as the index says: PC Client Platform Firmware Profile 1.06, 3.3.4, and our own use. */
const char *pcr_meaning(uint8_t index);
bool pcr_is_resettable(uint8_t index);
/* The value of a PCR into which the firmware has measured its separator of four zero bytes and nothing else. */
attest_status pcr_with_separator(uint16_t bank, struct digest *ret_value, struct attest_error *error);

DEFINE_DEFER(struct policy, policy_free);

#endif
