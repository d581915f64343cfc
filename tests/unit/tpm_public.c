/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tpm_public.h"

#include "../forge.h"
#include "trust/ak.h"
#include "unit.h"

enum { AK_ATTRIBUTES = 0x00050032 | 1 << 6, CURVE_P256 = 0x0003 };

/* TPMT_PUBLIC of an ECC key: type, nameAlg, attributes, authPolicy, symmetric, scheme, curve, kdf, point. */
static void put_ecc(struct forge_bytes *b, EVP_PKEY *key, uint32_t attributes, uint16_t curve)
{
	uint8_t point[65];
	size_t len = 0;

	CHECK(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof(point), &len) == 1 && len == 65);
	b->len = 0;
	forge_put_be(b, TPM_KEY_ECC, 2);
	forge_put_be(b, ALG_SHA256, 2);
	forge_put_be(b, attributes, 4);
	forge_put_2b(b, NULL, 0);
	forge_put_be(b, 0x0010, 2); /* TPM_ALG_NULL: no symmetric algorithm */
	forge_put_be(b, 0x0018, 2); /* ECDSA */
	forge_put_be(b, ALG_SHA256, 2);
	forge_put_be(b, curve, 2);
	forge_put_be(b, 0x0010, 2);
	forge_put_2b(b, point + 1, 32);
	forge_put_2b(b, point + 33, 32);
}

static void put_rsa(struct forge_bytes *b, uint16_t bits, uint32_t exponent, size_t modulus_len)
{
	uint8_t modulus[512];

	memset(modulus, 0xc5, sizeof(modulus));
	b->len = 0;
	forge_put_be(b, TPM_KEY_RSA, 2);
	forge_put_be(b, ALG_SHA256, 2);
	forge_put_be(b, AK_ATTRIBUTES, 4);
	forge_put_2b(b, NULL, 0);
	forge_put_be(b, 0x0010, 2);
	forge_put_be(b, 0x0014, 2); /* RSASSA */
	forge_put_be(b, ALG_SHA256, 2);
	forge_put_be(b, bits, 2);
	forge_put_be(b, exponent, 4);
	forge_put_2b(b, modulus, modulus_len);
}

static attest_status parse(const struct forge_bytes *b, size_t len, struct tpm_public *ret)
{
	void *exact = unit_exact(slice_of(b->data, len));
	struct attest_error e = {0};
	attest_status status = tpm_public_parse(slice_of(exact, len), ret, &e);

	CHECK(e.status == status);
	free(exact);
	return status;
}

void tpm_public_fields(void)
{
	struct forge f;
	struct forge_bytes b;
	struct tpm_public p;
	struct attest_error e = {0};
	EVP_PKEY *key = NULL;

	forge_init(&f);
	put_ecc(&b, f.ak_key, AK_ATTRIBUTES, CURVE_P256);
	CHECK_STATUS(parse(&b, b.len, &p), ATTEST_OK);
	CHECK(p.type == TPM_KEY_ECC && p.attributes == AK_ATTRIBUTES && p.scheme == 0x0018 &&
	      p.scheme_hash == ALG_SHA256);
	CHECK_TEXT(p.group, "prime256v1");
	CHECK_STATUS(tpm_public_key(&p, &key, &e), ATTEST_OK);
	CHECK(EVP_PKEY_eq(key, f.ak_key) == 1);
	EVP_PKEY_free(key);
	CHECK_STATUS(ak_check_public(slice_of(b.data, b.len), f.ak_key, NULL, &e), ATTEST_OK);
	CHECK_STATUS(ak_check_public(slice_of(b.data, b.len), f.ca_key, NULL, &e), ATTEST_E_KEY_MISMATCH);
	put_rsa(&b, 2048, 0, 256);
	CHECK_STATUS(parse(&b, b.len, &p), ATTEST_OK);
	CHECK(p.type == TPM_KEY_RSA && p.exponent == 65537 && p.x_len == 256 && p.scheme == 0x0014);
	put_rsa(&b, 4096, 3, 512);
	CHECK_STATUS(parse(&b, b.len, &p), ATTEST_OK);
	CHECK(p.exponent == 3 && p.x_len == 512);
	forge_clear(&f);
}

void tpm_public_truncated(void)
{
	struct forge_bytes b;
	struct tpm_public p;

	put_rsa(&b, 2048, 0, 256);
	for (size_t len = 0; len < b.len; len++)
		CHECK_STATUS(parse(&b, len, &p), ATTEST_E_TPM_STRUCTURE);
	forge_put_be(&b, 0, 1);
	CHECK_STATUS(parse(&b, b.len, &p), ATTEST_E_TPM_STRUCTURE);
}

/* Each single bit of TPMA_OBJECT, flipped: those that an AK must have or must not have, and the reserved ones, count.
 */
void tpm_public_attributes(void)
{
	const uint32_t free = 1u << 2 | 1u << 6 | 1u << 7 | 3u << 8 | 1u << 10 | 1u << 11 | 1u << 19;
	struct tpm_public p = {.attributes = AK_ATTRIBUTES};
	struct attest_error e = {0};

	CHECK_STATUS(tpm_public_check_ak(&p, &e), ATTEST_OK);
	for (int bit = 0; bit < 32; bit++) {
		p.attributes = AK_ATTRIBUTES ^ 1u << bit;
		error_clear(&e);
		CHECK_STATUS(tpm_public_check_ak(&p, &e), (free >> bit & 1) != 0 ? ATTEST_OK : ATTEST_E_AK_ATTRIBUTES);
	}
	p.attributes = 0;
	CHECK_STATUS(tpm_public_check_ak(&p, &e), ATTEST_E_AK_ATTRIBUTES);
}

void tpm_public_refused(void)
{
	struct forge f;
	struct forge_bytes b;
	struct tpm_public p = {.type = TPM_KEY_ECC, .group = "prime256v1", .x_len = 32, .y_len = 32};
	struct attest_error e = {0};
	struct tpm_signature other = {.scheme = SCHEME_ECDSA, .hash = ALG_SHA384};
	EVP_PKEY *key = NULL;

	forge_init(&f);
	CHECK_STATUS(tpm_public_key(&p, &key, &e), ATTEST_E_ENCODING); /* (0, 0) is not on the curve */
	p.x_len = 33;
	error_clear(&e);
	CHECK_STATUS(tpm_public_key(&p, &key, &e), ATTEST_E_TPM_STRUCTURE);
	put_ecc(&b, f.ak_key, AK_ATTRIBUTES, 0x0010); /* BN_P256 */
	CHECK_STATUS(parse(&b, b.len, &p), ATTEST_E_ALGORITHM);
	put_ecc(&b, f.ak_key, AK_ATTRIBUTES, CURVE_P256);
	b.data[3] = 0x12; /* nameAlg: SM3 */
	CHECK_STATUS(parse(&b, b.len, &p), ATTEST_E_ALGORITHM);
	put_ecc(&b, f.ak_key, AK_ATTRIBUTES & ~(1u << 16), CURVE_P256);
	CHECK_STATUS(ak_check_public(slice_of(b.data, b.len), f.ak_key, NULL, &e), ATTEST_E_AK_ATTRIBUTES);
	put_ecc(&b, f.ak_key, AK_ATTRIBUTES, CURVE_P256);
	CHECK_STATUS(ak_check_public(slice_of(b.data, b.len), f.ak_key, &other, &e), ATTEST_E_AK_ATTRIBUTES);
	put_rsa(&b, 2048, 0, 255);
	CHECK_STATUS(parse(&b, b.len, &p), ATTEST_E_TPM_STRUCTURE);
	put_rsa(&b, 1024, 0, 256);
	CHECK_STATUS(parse(&b, b.len, &p), ATTEST_E_TPM_STRUCTURE);
	CHECK(key == NULL);
	forge_clear(&f);
}
