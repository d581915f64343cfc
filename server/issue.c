/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5280. */
#include "issue.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
	LEAF_DAYS = 397,  /* what public CAs give at most; the server asks for a new one at each start */
	BACKDATE = 3600,  /* seconds: clocks of verifiers go wrong by minutes */
	SERIAL_SIZE = 16, /* bytes: RFC 5280, 4.1.2.2 */
	POINT_SIZE = 1 + 2 * 48,
};
static const unsigned long default_exponent = 65537; /* TPM 2.0 Part 2, 12.2.3.5: an exponent of 0 means this */

DEFINE_DEFER(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free);
DEFINE_DEFER(OSSL_PARAM, OSSL_PARAM_free);
DEFINE_DEFER(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
DEFINE_DEFER(BIGNUM, BN_free);
DEFINE_DEFER(X509_EXTENSION, X509_EXTENSION_free);

static attest_status key_from(const char *type, OSSL_PARAM_BLD *parts, EVP_PKEY **ret_key, struct attest_error *error)
{
	DEFER(OSSL_PARAM_free_deferred) OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(parts);
	DEFER(EVP_PKEY_CTX_free_deferred) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (parameters == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		return fail_openssl(error, ATTEST_E_ALGORITHM, NULL, "the attestation key is no valid %s key", type);
	*ret_key = key;
	return ATTEST_OK;
}

static attest_status rsa_key(const TPMT_PUBLIC *public, EVP_PKEY **ret_key, struct attest_error *error)
{
	const TPM2B_PUBLIC_KEY_RSA *n = &public->unique.rsa;
	uint32_t e = public->parameters.rsaDetail.exponent;
	DEFER(OSSL_PARAM_BLD_free_deferred) OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
	DEFER(BN_free_deferred) BIGNUM *modulus = BN_bin2bn(n->buffer, n->size, NULL);

	if (parts == NULL || modulus == NULL || OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_N, modulus) != 1 ||
	    OSSL_PARAM_BLD_push_ulong(parts, OSSL_PKEY_PARAM_RSA_E, e == 0 ? default_exponent : e) != 1)
		return fail_memory(error);
	return key_from("RSA", parts, ret_key, error);
}

/* Coordinates may be shorter than the field; in the point they are not. */
static bool add_coordinate(uint8_t *point, size_t size, const TPM2B_ECC_PARAMETER *value)
{
	if (value->size > size)
		return false;
	memcpy(point + size - value->size, value->buffer, value->size);
	return true;
}

static attest_status ecc_key(const TPMT_PUBLIC *public, EVP_PKEY **ret_key, struct attest_error *error)
{
	bool is_p256 = public->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256;
	size_t size = is_p256 ? 32 : 48;
	uint8_t point[POINT_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};
	DEFER(OSSL_PARAM_BLD_free_deferred) OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();

	if (!is_p256 && public->parameters.eccDetail.curveID != TPM2_ECC_NIST_P384)
		return fail(error, ATTEST_E_ALGORITHM, NULL,
			    "the attestation key is on a curve other than P-256 and P-384");
	if (!add_coordinate(point + 1, size, &public->unique.ecc.x) ||
	    !add_coordinate(point + 1 + size, size, &public->unique.ecc.y))
		return fail(error, ATTEST_E_ALGORITHM, NULL, "the attestation key is no point of its curve");
	if (parts == NULL ||
	    OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME, is_p256 ? "P-256" : "P-384", 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size) != 1)
		return fail_memory(error);
	return key_from("EC", parts, ret_key, error);
}

attest_status issue_public_key(const TPMT_PUBLIC *public, EVP_PKEY **ret_key, struct attest_error *error)
{
	if (public->type == TPM2_ALG_RSA)
		return rsa_key(public, ret_key, error);
	if (public->type == TPM2_ALG_ECC)
		return ecc_key(public, ret_key, error);
	error_found(error, "a key of type 0x%04x", public->type);
	return fail(error, ATTEST_E_ALGORITHM, NULL, "the attestation key is neither RSA nor ECC");
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	DEFER(X509_EXTENSION_free_deferred) X509_EXTENSION *extension = NULL;
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	return extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
}

static bool set_serial(X509 *certificate)
{
	uint8_t bytes[SERIAL_SIZE];
	DEFER(BN_free_deferred) BIGNUM *number = NULL;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (uint8_t)((bytes[0] & 0x7F) | 0x40); /* positive, and always of the same length */
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	return number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
}

static bool set_name(X509 *certificate, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);

	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1;
}

static X509 *new_certificate(EVP_PKEY *key, const char *name, int days)
{
	X509 *certificate = X509_new();

	if (certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
	    set_name(certificate, name) && X509_set_pubkey(certificate, key) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(certificate), -BACKDATE) != NULL &&
	    X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, NULL) != NULL)
		return certificate;
	X509_free(certificate);
	return NULL;
}

attest_status issue_root(const char *name, int days, struct issuer *ret_issuer, struct attest_error *error)
{
	DEFER(EVP_PKEY_free_deferred) EVP_PKEY *key = EVP_EC_gen("P-256");
	DEFER(X509_free_deferred) X509 *certificate = key == NULL ? NULL : new_certificate(key, name, days);

	if (certificate == NULL || X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) != 1 ||
	    !add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
	    !add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") ||
	    !add_extension(certificate, certificate, NID_subject_key_identifier, "hash") ||
	    X509_sign(certificate, key, EVP_sha256()) == 0)
		return fail_openssl(error, ATTEST_E_INTERNAL, NULL, "libcrypto could not make a root certificate");
	ret_issuer->certificate = TRANSFER(certificate);
	ret_issuer->key = TRANSFER(key);
	return ATTEST_OK;
}

attest_status issue_leaf(const struct issuer *issuer, EVP_PKEY *key, const char *name, X509 **ret_certificate,
			 struct attest_error *error)
{
	DEFER(X509_free_deferred) X509 *certificate = new_certificate(key, name, LEAF_DAYS);

	if (X509_check_private_key(issuer->certificate, issuer->key) != 1)
		return fail_openssl(error, ATTEST_E_KEY_MISMATCH, NULL,
				    "the key of --ca-key is not that of the first certificate of --ca-cert");
	if (X509_check_ca(issuer->certificate) != 1)
		return fail_openssl(error, ATTEST_E_CONSTRAINT, "RFC 5280, 4.2.1.9",
				    "the certificate of --ca-cert is no CA's: it needs basicConstraints with cA");
	if (certificate == NULL || X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)) != 1 ||
	    !add_extension(certificate, issuer->certificate, NID_basic_constraints, "critical,CA:FALSE") ||
	    !add_extension(certificate, issuer->certificate, NID_key_usage, "critical,digitalSignature") ||
	    !add_extension(certificate, issuer->certificate, NID_ext_key_usage, "2.23.133.8.3") ||
	    !add_extension(certificate, issuer->certificate, NID_subject_key_identifier, "hash") ||
	    !add_extension(certificate, issuer->certificate, NID_authority_key_identifier, "keyid:always") ||
	    X509_sign(certificate, issuer->key, EVP_sha256()) == 0)
		return fail_openssl(error, ATTEST_E_INTERNAL, NULL,
				    "no certificate could be issued with --ca-cert and --ca-key; the CA's certificate "
				    "needs a subject key identifier, and its key must sign with SHA-256");
	*ret_certificate = TRANSFER(certificate);
	return ATTEST_OK;
}
