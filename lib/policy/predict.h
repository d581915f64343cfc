/* SPDX-License-Identifier: Apache-2.0 */
/*
 * predict.h - a policy that is computed: what attest_policy_predict() is made of.
 */
#ifndef POLICY_PREDICT_H
#define POLICY_PREDICT_H

#include "base/json_write.h"
#include "uki.h"

struct predictor {
	const struct attest_predict_options *options;
	struct arena arena;
	struct hasher hasher;
	uint16_t bank;
	const char *name; /* of the image */
	struct uki uki;
	struct slice cmdline;  /* what the kernel will be started with */
	json_t *pcrs, *events; /* of the policy */
	bool ok;               /* JSON could be made */
};

/* The value of a PCR, as it grows. */
struct digest predict_zero(const struct predictor *p);
attest_status predict_hash(struct predictor *p, struct slice bytes, struct digest *ret_digest,
			   struct attest_error *error);
/* An ASCII text with a NUL behind it, as UTF-16LE. */
attest_status predict_hash_utf16(struct predictor *p, struct slice text, struct digest *ret_digest,
				 struct attest_error *error);
attest_status predict_extend(struct predictor *p, struct digest *pcr, const struct digest *event,
			     struct attest_error *error);

/* Rules and pins. A rule that is returned belongs to `events` of the PCR; it has its name, and its matcher is to be
 * set.
 */
json_t *predict_rule(struct predictor *p, unsigned pcr, const char *name);
void predict_put_digest(struct predictor *p, json_t *rule, const struct digest *digest);
void predict_pin(struct predictor *p, unsigned pcr, const char *name, const struct digest *value);
/* A PCR that stays as it was after the reset. */
void predict_unused(struct predictor *p, unsigned pcr, const char *comment);
void predict_comment(struct predictor *p, unsigned pcr, const char *comment);

/* predict_image.c: PCR 4, 7, 9, 11, 12, 13. */
attest_status predict_image(struct predictor *p, struct attest_error *error);

#endif
