/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/quote.h"

#include "../forge.h"
#include "unit.h"

static const uint8_t digest[32] = {0xd1, 0x9e, 0x57};

static attest_status parse(const struct forge_bytes *b, size_t len, struct quote *ret_quote, struct attest_error *e)
{
	void *exact = unit_exact(slice_of(b->data, len));
	attest_status status;

	error_clear(e);
	status = quote_parse(slice_of(exact, len), ret_quote, e);
	free(exact);
	return status;
}

void quote_fields(void)
{
	struct attest_error e;
	struct forge_bytes b;
	struct quote q = {.extra_len = 0};

	forge_attest(&b, "nonce", 5, 0x80c00001, digest);
	CHECK_STATUS(parse(&b, b.len, &q, &e), ATTEST_OK);
	CHECK(slice_equal(slice_of(q.extra, q.extra_len), slice_of_string("nonce")));
	CHECK(q.clock == 123456 && q.reset_count == 2 && q.restart_count == 3 && q.clock_safe);
	CHECK(q.firmware_version == 0x2026112000000000);
	CHECK(q.selection.n_banks == 1 && q.selection.banks[0].alg == ALG_SHA256 &&
	      q.selection.banks[0].pcrs == 0x80c00001);
	CHECK(slice_equal(slice_of(q.pcr_digest, q.pcr_digest_len), slice_of(digest, 32)));
	CHECK(q.raw.len == b.len);
	forge_attest(&b, NULL, 0, 1, digest);
	CHECK_STATUS(parse(&b, b.len, &q, &e), ATTEST_OK);
	CHECK(q.extra_len == 0);
}

void quote_truncated(void)
{
	struct attest_error e;
	struct forge_bytes b;
	struct quote q = {.clock = 77};

	forge_attest(&b, "0123456789abcdef", 16, 0xffffff, digest);
	for (size_t len = 0; len < b.len; len++)
		CHECK_STATUS(parse(&b, len, &q, &e), ATTEST_E_TPM_STRUCTURE);
	forge_put_be(&b, 0, 1);
	CHECK_STATUS(parse(&b, b.len, &q, &e), ATTEST_E_TPM_STRUCTURE);
	CHECK_TEXT(e.message, "1 bytes follow TPMS_ATTEST");
	CHECK(q.clock == 77); /* left alone */
}

void quote_refused(void)
{
	static const uint16_t types[] = {0x8014, 0x8016, 0x8017, 0x8019, 0x801a, 0x801c,
					 0x8015, 0x0010, 0x0000, 0xffff, 0x8002};
	uint8_t extra[65] = {0};
	struct attest_error e;
	struct forge_bytes b;
	struct quote q;

	for (size_t i = 0; i < 4; i++) { /* every bit of the magic */
		for (int bit = 0; bit < 8; bit++) {
			forge_attest(&b, "n", 1, 1, digest);
			b.data[i] ^= (uint8_t)(1 << bit);
			CHECK_STATUS(parse(&b, b.len, &q, &e), ATTEST_E_NOT_A_QUOTE);
			CHECK_TEXT(e.where, "offset 0");
		}
	}
	for (size_t i = 0; i < COUNT(types); i++) {
		forge_attest(&b, "n", 1, 1, digest);
		b.data[4] = (uint8_t)(types[i] >> 8);
		b.data[5] = (uint8_t)types[i];
		CHECK_STATUS(parse(&b, b.len, &q, &e), ATTEST_E_NOT_A_QUOTE);
		CHECK_TEXT(e.where, "offset 4");
	}
	forge_attest(&b, extra, 64, 1, digest);
	CHECK_STATUS(parse(&b, b.len, &q, &e), ATTEST_OK);
	forge_attest(&b, extra, 65, 1, digest);
	CHECK(parse(&b, b.len, &q, &e) != ATTEST_OK);
}
