/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "evidence/spki.h"

DEFINE_DEFER(BIGNUM, BN_free);
DEFINE_DEFER(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free);
DEFINE_DEFER(OSSL_PARAM, OSSL_PARAM_free);
DEFINE_DEFER(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
DEFINE_DEFER(EVP_PKEY, EVP_PKEY_free);

/* libcrypto says why a key is bad; where it says nothing, memory was short. */
static attest_status key_fail(struct attest_error *error)
{
	if (ERR_peek_error() == 0)
		return fail_memory(error);
	return fail_openssl(error, ATTEST_E_ENCODING, "RFC 5280, 4.1.2.7", "the public key cannot be read");
}

static attest_status build_key(const char *kind, OSSL_PARAM_BLD *build, EVP_PKEY **ret_key, struct attest_error *error)
{
	DEFER(OSSL_PARAM_free_deferred) OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
	DEFER(EVP_PKEY_CTX_free_deferred) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	EVP_PKEY *key = NULL;

	if (parameters == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
		return fail_memory(error);
	if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		return key_fail(error);
	*ret_key = key;
	return ATTEST_OK;
}

attest_status key_from_point(const char *group, struct slice point, EVP_PKEY **ret_key, struct attest_error *error)
{
	DEFER(OSSL_PARAM_BLD_free_deferred) OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();

	if (build == NULL || OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.len) != 1)
		return fail_memory(error);
	return build_key("EC", build, ret_key, error);
}

attest_status key_from_modulus(struct slice modulus, uint32_t exponent, EVP_PKEY **ret_key, struct attest_error *error)
{
	DEFER(OSSL_PARAM_BLD_free_deferred) OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	DEFER(BN_free_deferred) BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);

	if (build == NULL || n == NULL || OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_uint(build, OSSL_PKEY_PARAM_RSA_E, exponent) != 1)
		return fail_memory(error);
	return build_key("RSA", build, ret_key, error);
}

/* Verifying takes time with the square of the modulus and with the length of the exponent. */
static attest_status check_cost(const EVP_PKEY *key, struct attest_error *error)
{
	DEFER(BN_free_deferred) BIGNUM *exponent = NULL;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
		return fail_memory(error);
	if (EVP_PKEY_get_bits(key) <= (int)LIMIT_RSA_BITS && BN_num_bits(exponent) <= LIMIT_RSA_EXPONENT_BITS)
		return ATTEST_OK;
	return fail(error, ATTEST_E_ALGORITHM, NULL, "an RSA modulus or exponent that is too long");
}

/* RSAPublicKey: RFC 8017, A.1.1. */
static attest_status read_rsa(struct slice der, EVP_PKEY **ret_key, struct attest_error *error)
{
	const unsigned char *end = der.data;
	DEFER(EVP_PKEY_free_deferred) EVP_PKEY *key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &end, (long)der.len);
	attest_status status;

	if (key == NULL)
		return key_fail(error);
	if (end != der.data + der.len)
		return fail(error, ATTEST_E_ENCODING, "RFC 8017, A.1.1", "bytes follow the public key");
	status = check_cost(key, error);
	if (status == ATTEST_OK)
		*ret_key = TRANSFER(key);
	return status;
}

attest_status key_from_spki(struct slice spki, EVP_PKEY **ret_key, struct attest_error *error)
{
	struct slice key;
	const char *group;

	if (spki_is_rsa(spki, &key))
		return read_rsa(key, ret_key, error);
	if (spki_is_ec(spki, &group, &key))
		return key_from_point(group, key, ret_key, error);
	return fail(error, ATTEST_E_ALGORITHM, NULL, "neither RSA nor ECC on P-256, P-384 or P-521");
}

attest_status key_spki_sha256(EVP_PKEY *key, uint8_t ret_digest[32], struct attest_error *error)
{
	unsigned char *spki = NULL;
	int len = i2d_PUBKEY(key, &spki);
	attest_status status;

	if (len <= 0)
		return fail_openssl(error, ATTEST_E_ENCODING, "RFC 5280, 4.1.2.7", "the public key cannot be encoded");
	status = digest_sha256(slice_of(spki, (size_t)len), ret_digest, error);
	OPENSSL_free(spki);
	return status;
}

attest_status key_check_strength(const EVP_PKEY *key, struct attest_error *error)
{
	int bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);

	if (key == NULL) {
		error_expected(error,
			       "RSA of 2048 to %u bits with an exponent of at most %d, or ECC on P-256, P-384 or P-521",
			       LIMIT_RSA_BITS, LIMIT_RSA_EXPONENT_BITS);
		error_found(error, "another kind of key");
		return fail(error, ATTEST_E_ALGORITHM, NULL, "the kind of key is not accepted");
	}
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC || bits >= 2048)
		return ATTEST_OK;
	error_expected(error, "at least 2048 bits");
	error_found(error, "RSA of %d bits", bits);
	return fail(error, ATTEST_E_WEAK, NULL, "an RSA key of this size is not accepted");
}
