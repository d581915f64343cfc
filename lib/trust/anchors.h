/* SPDX-License-Identifier: Apache-2.0 */
/*
 * anchors.h - whom libattest believes without being told.
 */
#ifndef TRUST_ANCHORS_H
#define TRUST_ANCHORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the extended key usage of an AK certificate must be (RFC 5280, 4.2.1.12). */
enum leaf_rule {
	LEAF_AK_PURPOSE, /* holds 2.23.133.8.3, tcg-kp-AIKCertificate */
	LEAF_NONE_OR_EK, /* absent, or holds 2.23.133.8.1 (Google: old AK certificates carry the EK purpose, new ones
			    none) */
	LEAF_NEVER,      /* the anchor certifies no AKs (AWS: its documents are signed, no TPM key is) */
	LEAF_ANY,
	LEAF_NONE,
	LEAF_OID /* the OID that the caller gave with an added anchor */
};

struct anchor {
	const char *platform;
	const char *name;
	bool is_root; /* else an intermediate: believed where its root is not in the proof */
	enum leaf_rule rule;
	const char *spki_sha256, *cert_sha256; /* lower-case hex */
	const char *not_after; /* the date on which the certificate's validity ends, for those who plan: RFC 3339 */
};

extern const struct anchor anchors[];
extern const size_t n_anchors;

const struct anchor *anchor_find(const uint8_t spki_sha256[32]);
bool anchor_is_certificate(const struct anchor *anchor, const uint8_t der_sha256[32]);

#endif
