/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPMT_PUBLIC: what was accepted marshals to the same bytes, libcrypto's key holds the same numbers, and the AK rules
 * are those of TPM 2.0 Part 2, 8.3, bit by bit.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <tss2/tss2_mu.h>

#include "fuzz.h"
#include "trust/ak.h"

enum {
	FIXED_TPM = 1 << 1,
	FIXED_PARENT = 1 << 4,
	SENSITIVE_DATA_ORIGIN = 1 << 5,
	RESTRICTED = 1 << 16,
	DECRYPT = 1 << 17,
	SIGN = 1 << 18
};

#define RESERVED 0xfff0f009u /* bits 8 and 9 have a meaning in later editions */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void check_again(struct slice raw)
{
	TPMT_PUBLIC public = {0};
	uint8_t again[LIMIT_TPM_STRUCTURE];
	size_t at = 0, len = 0;

	REQUIRE(Tss2_MU_TPMT_PUBLIC_Unmarshal(raw.data, raw.len, &at, &public) == TSS2_RC_SUCCESS);
	REQUIRE(Tss2_MU_TPMT_PUBLIC_Marshal(&public, again, sizeof(again), &len) == TSS2_RC_SUCCESS);
	REQUIRE(slice_equal(raw, slice_of(again, len)));
}

static void check_number(EVP_PKEY *key, const char *name, const uint8_t *want, size_t want_len)
{
	BIGNUM *have = NULL, *number = BN_bin2bn(want, (int)want_len, NULL);

	REQUIRE(number != NULL && EVP_PKEY_get_bn_param(key, name, &have) == 1);
	REQUIRE(BN_cmp(have, number) == 0);
	BN_free(have);
	BN_free(number);
}

static void check_key(struct slice raw, const struct tpm_public *public)
{
	struct attest_error e = {0};
	EVP_PKEY *key = NULL;
	attest_status status = tpm_public_key(public, &key, &e);

	fuzz_check_error(status, &e);
	if (status != ATTEST_OK)
		return;
	if (public->type == TPM_KEY_RSA) {
		check_number(key, OSSL_PKEY_PARAM_RSA_N, public->x, public->x_len);
	} else {
		check_number(key, OSSL_PKEY_PARAM_EC_PUB_X, public->x, public->x_len);
		check_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, public->y, public->y_len);
	}
	status = ak_check_public(raw, key, NULL, &e);
	fuzz_check_error(status, &e);
	error_clear(&e);
	REQUIRE(status == tpm_public_check_ak(public, &e));
	EVP_PKEY_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint32_t set = SIGN | RESTRICTED | FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN;
	struct attest_error e = {0};
	struct tpm_public public;
	attest_status status = tpm_public_parse(slice_of(data, size), &public, &e);

	fuzz_check_error(status, &e);
	if (status != ATTEST_OK)
		return 0;
	if (size <= LIMIT_TPM_STRUCTURE)
		check_again(slice_of(data, size));
	status = tpm_public_check_ak(&public, &e);
	fuzz_check_error(status, &e);
	REQUIRE((status == ATTEST_OK) == ((public.attributes & (set | DECRYPT | RESERVED)) == set));
	check_key(slice_of(data, size), &public);
	return 0;
}
