/* SPDX-License-Identifier: Apache-2.0 */
#include "ak.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#include "base/crypto.h"
#include "base/memory.h"

static const char clause[] = "TPM 2.0 Part 2, 11.3.4 (TPMT_SIGNATURE)";

DEFINE_DEFER(EVP_PKEY, EVP_PKEY_free);
DEFINE_DEFER(ECDSA_SIG, ECDSA_SIG_free);

static attest_status check_fit(EVP_PKEY *key, const struct tpm_signature *signature, struct attest_error *error)
{
	int want = signature->scheme == SCHEME_ECDSA ? EVP_PKEY_EC : EVP_PKEY_RSA;

	if (EVP_PKEY_get_base_id(key) != want) {
		error_expected(error, "a scheme of the certified key");
		error_found(error, "%s", signature_scheme_name(signature->scheme));
		return fail(error, ATTEST_E_ALGORITHM, clause, "the signature's scheme does not fit the key");
	}
	if (want == EVP_PKEY_RSA && signature->a_len != (size_t)EVP_PKEY_get_size(key))
		return fail(error, ATTEST_E_SIGNATURE, clause, "the signature has not the length of the key's modulus");
	return ATTEST_OK;
}

/* libcrypto takes ECDSA signatures as DER: RFC 3279, 2.2.3. Returns its length, or 0. */
static size_t ecdsa_der(const struct tpm_signature *signature, unsigned char **ret_der)
{
	DEFER(ECDSA_SIG_free_deferred) ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature->a, (int)signature->a_len, NULL);
	BIGNUM *s = BN_bin2bn(signature->b, (int)signature->b_len, NULL);
	int len;

	if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		crypto_note_failure();
		return 0;
	}
	len = i2d_ECDSA_SIG(sig, ret_der); /* r and s are sig's now */
	if (len <= 0)
		crypto_note_failure();
	return len > 0 ? (size_t)len : 0;
}

attest_status ak_check_signature(EVP_PKEY *key, const struct tpm_signature *signature, struct slice message,
				 struct attest_error *error)
{
	struct slice sig = slice_of(signature->a, signature->a_len);
	unsigned char *der = NULL;
	attest_status status = check_fit(key, signature, error);
	bool verified;

	if (status != ATTEST_OK)
		return status;
	if (signature->scheme == SCHEME_ECDSA) {
		size_t len = ecdsa_der(signature, &der);

		sig = slice_of(der, len);
	}
	verified = sig.len != 0 && crypto_verify(key, digest_openssl_name(signature->hash),
						 signature->scheme == SCHEME_RSAPSS, sig, message);
	OPENSSL_free(der);
	if (verified)
		return ATTEST_OK;
	return fail_openssl(error, ATTEST_E_SIGNATURE, "TPM 2.0 Part 3, 18.4 (TPM2_Quote)",
			    "the AK did not sign this quote: the %s signature does not verify",
			    signature_scheme_name(signature->scheme));
}

attest_status ak_check_public(struct slice raw, const EVP_PKEY *certified, const struct tpm_signature *signature,
			      struct attest_error *error)
{
	DEFER(EVP_PKEY_free_deferred) EVP_PKEY *key = NULL;
	struct tpm_public public;
	attest_status status = tpm_public_parse(raw, &public, error);

	if (status == ATTEST_OK)
		status = tpm_public_check_ak(&public, error);
	if (status == ATTEST_OK)
		status = tpm_public_key(&public, &key, error);
	if (status != ATTEST_OK)
		return status;
	if (EVP_PKEY_eq(key, certified) != 1)
		return fail_openssl(error, ATTEST_E_KEY_MISMATCH, "TPM 2.0 Part 2, 12.2.4 (TPMT_PUBLIC)",
				    "the public area and the AK certificate hold different keys");
	if (signature != NULL && (public.scheme != signature->scheme || public.scheme_hash != signature->hash)) {
		error_expected(error, "%s with hash 0x%04x", signature_scheme_name(public.scheme), public.scheme_hash);
		error_found(error, "%s with hash 0x%04x", signature_scheme_name(signature->scheme), signature->hash);
		return fail(error, ATTEST_E_AK_ATTRIBUTES, "TPM 2.0 Part 1, 28.5.2 (restricted signing keys)",
			    "the quote was not signed with the scheme of the key's public area");
	}
	return ATTEST_OK;
}
