/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/anchors.h"

#include "base/text.h"
#include "unit.h"

enum { ROWS = 37 };

static bool is_digest(const char *hex)
{
	return strlen(hex) == 64 && strspn(hex, "0123456789abcdef") == 64;
}

static size_t count_of(const char *platform)
{
	size_t n = 0;

	for (size_t i = 0; i < n_anchors; i++)
		n += strcmp(anchors[i].platform, platform) == 0;
	return n;
}

void anchors_table(void)
{
	CHECK(n_anchors == ROWS);
	CHECK(count_of("azure") == 5 && count_of("gcp") == 5 && count_of("aws") == 1 && count_of("vendor") == 26);
	for (size_t i = 0; i < n_anchors; i++) {
		const struct anchor *a = &anchors[i];

		CHECK(is_digest(a->spki_sha256) && is_digest(a->cert_sha256) && a->name[0] != '\0');
		CHECK(strcmp(a->spki_sha256, a->cert_sha256) != 0);
		CHECK(a->rule == (strcmp(a->platform, "gcp") == 0   ? LEAF_NONE_OR_EK
				  : strcmp(a->platform, "aws") == 0 ? LEAF_NEVER
								    : LEAF_AK_PURPOSE));
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(a->spki_sha256, anchors[k].spki_sha256) != 0 &&
			      strcmp(a->cert_sha256, anchors[k].cert_sha256) != 0);
	}
}

void anchors_find(void)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	uint8_t zeros[32] = {0};

	for (size_t i = 0; i < n_anchors; i++) {
		struct slice spki = {NULL, 0}, certificate = {NULL, 0};
		uint8_t changed[32];

		CHECK_STATUS(hex_decode(&arena, slice_of_string(anchors[i].spki_sha256), &spki, &e), ATTEST_OK);
		CHECK_STATUS(hex_decode(&arena, slice_of_string(anchors[i].cert_sha256), &certificate, &e), ATTEST_OK);
		CHECK(anchor_find(spki.data) == &anchors[i]);
		CHECK(anchor_find(certificate.data) == NULL);
		CHECK(anchor_is_certificate(&anchors[i], certificate.data));
		CHECK(!anchor_is_certificate(&anchors[i], spki.data));
		memcpy(changed, spki.data, 32);
		changed[31] ^= 1;
		CHECK(anchor_find(changed) == NULL);
	}
	CHECK(anchor_find(zeros) == NULL);
	arena_free(&arena);
}
