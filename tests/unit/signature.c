/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/signature.h"

#include "../forge.h"
#include "trust/ak.h"
#include "unit.h"

static void put_head(struct forge_bytes *b, uint16_t scheme, uint16_t hash)
{
	b->len = 0;
	forge_put_be(b, scheme, 2);
	forge_put_be(b, hash, 2);
}

static attest_status parse(const struct forge_bytes *b, size_t len, struct tpm_signature *ret)
{
	void *exact = unit_exact(slice_of(b->data, len));
	struct attest_error e = {0};
	attest_status status = tpm_signature_parse(slice_of(exact, len), ret, &e);

	CHECK(e.status == status);
	free(exact);
	return status;
}

void signature_fields(void)
{
	uint8_t number[512];
	struct forge_bytes b;
	struct tpm_signature s;

	memset(number, 0x5a, sizeof(number));
	put_head(&b, SCHEME_RSAPSS, ALG_SHA384);
	forge_put_2b(&b, number, 512);
	CHECK_STATUS(parse(&b, b.len, &s), ATTEST_OK);
	CHECK(s.scheme == SCHEME_RSAPSS && s.hash == ALG_SHA384 && s.b_len == 0);
	CHECK(slice_equal(slice_of(s.a, s.a_len), slice_of(number, 512)));
	put_head(&b, SCHEME_ECDSA, ALG_SHA512);
	forge_put_2b(&b, number, 66);
	forge_put_2b(&b, "\x01", 1);
	CHECK_STATUS(parse(&b, b.len, &s), ATTEST_OK);
	CHECK(s.scheme == SCHEME_ECDSA && s.hash == ALG_SHA512 && s.a_len == 66 && s.b_len == 1 && s.b[0] == 1);
	CHECK_TEXT(signature_scheme_name(SCHEME_RSASSA), "RSASSA");
	CHECK_TEXT(signature_scheme_name(SCHEME_RSAPSS), "RSAPSS");
	CHECK_TEXT(signature_scheme_name(SCHEME_ECDSA), "ECDSA");
	CHECK_TEXT(signature_scheme_name(0x0005), "unknown");
}

/* Of all 65,536 algorithms three may sign, and of all hashes three may be signed. */
void signature_refused(void)
{
	uint8_t number[256] = {1};
	struct forge_bytes b;
	struct tpm_signature s;
	size_t n_schemes = 0, n_hashes = 0;

	for (unsigned alg = 0; alg <= 0xffff; alg++) {
		put_head(&b, (uint16_t)alg, ALG_SHA256);
		forge_put_2b(&b, number, 32);
		forge_put_2b(&b, number, 32);
		if (alg == SCHEME_RSASSA || alg == SCHEME_RSAPSS) /* the second number is too much */
			n_schemes += parse(&b, b.len, &s) == ATTEST_E_TPM_STRUCTURE;
		else
			n_schemes += parse(&b, b.len, &s) == (alg == SCHEME_ECDSA ? ATTEST_OK : ATTEST_E_ALGORITHM);
		put_head(&b, SCHEME_RSASSA, (uint16_t)alg);
		forge_put_2b(&b, number, 256);
		n_hashes +=
			parse(&b, b.len, &s) ==
			(alg == ALG_SHA256 || alg == ALG_SHA384 || alg == ALG_SHA512 ? ATTEST_OK : ATTEST_E_ALGORITHM);
	}
	CHECK(n_schemes == 0x10000 && n_hashes == 0x10000);
}

void signature_truncated(void)
{
	uint8_t number[256] = {1};
	struct forge_bytes b;
	struct tpm_signature s;

	put_head(&b, SCHEME_RSASSA, ALG_SHA256);
	forge_put_2b(&b, number, 256);
	for (size_t len = 0; len < b.len; len++)
		CHECK_STATUS(parse(&b, len, &s), ATTEST_E_TPM_STRUCTURE);
	forge_put_be(&b, 0, 1);
	CHECK_STATUS(parse(&b, b.len, &s), ATTEST_E_TPM_STRUCTURE);
	put_head(&b, SCHEME_ECDSA, ALG_SHA256);
	forge_put_2b(&b, number, 32);
	forge_put_2b(&b, number, 32);
	for (size_t len = 0; len < b.len; len++)
		CHECK_STATUS(parse(&b, len, &s), ATTEST_E_TPM_STRUCTURE);
	forge_put_be(&b, 0, 1);
	CHECK_STATUS(parse(&b, b.len, &s), ATTEST_E_TPM_STRUCTURE);
}

static attest_status verify(const struct forge *f, const struct tpm_signature *s, struct slice message)
{
	struct attest_error e = {0};

	return ak_check_signature(f->ak_key, s, message, &e);
}

void signature_verifies(void)
{
	static const uint8_t digest[32];
	struct forge f;
	struct forge_bytes message, b;
	struct tpm_signature s, changed;

	forge_init(&f);
	forge_attest(&message, "n", 1, 1, digest);
	forge_sign(&f, &message, &b);
	CHECK_STATUS(parse(&b, b.len, &s), ATTEST_OK);
	CHECK_STATUS(verify(&f, &s, slice_of(message.data, message.len)), ATTEST_OK);
	CHECK_STATUS(verify(&f, &s, slice_of(message.data, message.len - 1)), ATTEST_E_SIGNATURE);
	for (size_t i = 0; i < message.len; i++) {
		message.data[i] ^= 1;
		CHECK_STATUS(verify(&f, &s, slice_of(message.data, message.len)), ATTEST_E_SIGNATURE);
		message.data[i] ^= 1;
	}
	for (size_t i = 0; i < s.a_len + s.b_len; i++) {
		changed = s;
		*(i < s.a_len ? &changed.a[i] : &changed.b[i - s.a_len]) ^= 0x80;
		CHECK_STATUS(verify(&f, &changed, slice_of(message.data, message.len)), ATTEST_E_SIGNATURE);
	}
	changed = s;
	changed.a_len = changed.b_len = 0; /* r and s are zero */
	CHECK_STATUS(verify(&f, &changed, slice_of(message.data, message.len)), ATTEST_E_SIGNATURE);
	changed = s;
	changed.hash = ALG_SHA384;
	CHECK_STATUS(verify(&f, &changed, slice_of(message.data, message.len)), ATTEST_E_SIGNATURE);
	changed.scheme = SCHEME_RSASSA;
	CHECK_STATUS(verify(&f, &changed, slice_of(message.data, message.len)), ATTEST_E_ALGORITHM);
	forge_clear(&f);
}
