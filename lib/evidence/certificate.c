/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcrypto's own X509 decodes the public key whenever a certificate is read, which takes 0.1 ms, ten times as long as
 * all the rest. So the certificate is described here, member by member as in RFC 5280, 4.1, for libcrypto's DER reader,
 * and its key is read apart.
 */
#include "certificate.h"

#include <openssl/asn1t.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/limits.h"
#include "base/text.h"
#include "evidence/key.h"
#include "evidence/spki.h"
#include "evidence/x509.h"

struct asn1_tbs {
	ASN1_ENCODING enc; /* the bytes as they were read: what the signature is over */
	ASN1_INTEGER *version, *serial;
	X509_ALGOR *algorithm;
	X509_NAME *issuer;
	X509_VAL *validity;
	X509_NAME *subject;
	ASN1_STRING *spki; /* the whole element */
	ASN1_BIT_STRING *issuer_id, *subject_id;
	STACK_OF(X509_EXTENSION) * extensions;
};

struct asn1_certificate {
	struct asn1_tbs *tbs;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
};

typedef struct asn1_tbs ASN1_TBS;
typedef struct asn1_certificate ASN1_CERT;

DECLARE_ASN1_ITEM(ASN1_TBS)
DECLARE_ASN1_ITEM(ASN1_CERT)

/* clang-format off */
ASN1_SEQUENCE_enc(ASN1_TBS, enc, 0) = {
	ASN1_EXP_OPT(ASN1_TBS, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(ASN1_TBS, serial, ASN1_INTEGER),
	ASN1_SIMPLE(ASN1_TBS, algorithm, X509_ALGOR),
	ASN1_SIMPLE(ASN1_TBS, issuer, X509_NAME),
	ASN1_SIMPLE(ASN1_TBS, validity, X509_VAL),
	ASN1_SIMPLE(ASN1_TBS, subject, X509_NAME),
	ASN1_SIMPLE(ASN1_TBS, spki, ASN1_SEQUENCE),
	ASN1_IMP_OPT(ASN1_TBS, issuer_id, ASN1_BIT_STRING, 1),
	ASN1_IMP_OPT(ASN1_TBS, subject_id, ASN1_BIT_STRING, 2),
	ASN1_EXP_SEQUENCE_OF_OPT(ASN1_TBS, extensions, X509_EXTENSION, 3),
} ASN1_SEQUENCE_END_enc(ASN1_TBS, ASN1_TBS)

ASN1_SEQUENCE(ASN1_CERT) = {
	ASN1_SIMPLE(ASN1_CERT, tbs, ASN1_TBS),
	ASN1_SIMPLE(ASN1_CERT, algorithm, X509_ALGOR),
	ASN1_SIMPLE(ASN1_CERT, signature, ASN1_BIT_STRING),
} ASN1_SEQUENCE_END(ASN1_CERT)
	/* clang-format on */

	DEFINE_DEFER(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free);
DEFINE_DEFER(GENERAL_NAMES, GENERAL_NAMES_free);
DEFINE_DEFER(BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free);
DEFINE_DEFER(ASN1_BIT_STRING, ASN1_BIT_STRING_free);
DEFINE_DEFER(AUTHORITY_KEYID, AUTHORITY_KEYID_free);

static attest_status certificate_fail(const char *message, struct attest_error *error)
{
	return fail_openssl(error, ATTEST_E_CERTIFICATE, "RFC 5280, 4.1", "%s", message);
}

/* Read, and require that writing gives the same bytes back: there is one encoding, so no bit is free. */
static attest_status read_der(struct slice der, bool allow_padding, struct certificate *c, struct attest_error *error)
{
	const unsigned char *end = der.data;
	unsigned char *again = NULL;
	struct slice own, rest;
	int len;
	bool same;

	if (der.len <= LIMIT_CHAIN_BYTES)
		c->asn1 = (ASN1_CERT *)ASN1_item_d2i(NULL, &end, (long)der.len, ASN1_ITEM_rptr(ASN1_CERT));
	if (c->asn1 == NULL)
		return certificate_fail("not a DER certificate", error);
	own = slice_sub(der, 0, (size_t)(end - der.data));
	rest = slice_sub(der, own.len, der.len);
	if (rest.len != 0 && !(allow_padding && slice_is_zero(rest))) {
		error_where(error, "offset %zu", own.len);
		return certificate_fail(allow_padding ? "bytes other than zero follow the certificate"
						      : "bytes follow the certificate",
					error);
	}
	len = ASN1_item_i2d((const ASN1_VALUE *)c->asn1, &again, ASN1_ITEM_rptr(ASN1_CERT));
	same = len > 0 && slice_equal(own, slice_of(again, (size_t)len));
	OPENSSL_free(again);
	if (len <= 0)
		return certificate_fail("the certificate cannot be encoded again", error);
	if (!same)
		return certificate_fail("the certificate is BER, not DER", error);
	if (ASN1_INTEGER_get(c->asn1->tbs->version) != X509_VERSION_3)
		return certificate_fail("not an X.509 v3 certificate", error);
	return digest_sha256(own, c->der_sha256, error);
}

static attest_status read_key(struct certificate *c, struct attest_error *error)
{
	const ASN1_STRING *element = c->asn1->tbs->spki;
	struct slice spki = slice_of(ASN1_STRING_get0_data(element), (size_t)ASN1_STRING_length(element));
	struct attest_error unreadable = {0};
	attest_status status = spki_check(spki, error);

	if (status == ATTEST_OK)
		status = digest_sha256(spki, c->spki_sha256, error);
	if (status != ATTEST_OK)
		return status;
	if (key_from_spki(spki, &c->key, &unreadable) == ATTEST_E_NO_MEMORY)
		return fail_memory(error);
	return ATTEST_OK; /* a key that cannot be used is the path's business */
}

attest_status certificate_extension(const struct certificate *certificate, int nid, void *ret_value,
				    struct attest_error *error)
{
	return x509_extension(certificate->asn1->tbs->extensions, nid, ret_value)
		       ? ATTEST_OK
		       : certificate_fail("an extension of the certificate is malformed or stands there twice", error);
}

bool certificate_has_extension(const struct certificate *certificate, int nid)
{
	return x509_has_extension(certificate->asn1->tbs->extensions, nid);
}

enum { MAX_PURPOSES = 64 };

static attest_status read_purposes(struct certificate *c, struct attest_error *error)
{
	DEFER(EXTENDED_KEY_USAGE_free_deferred) EXTENDED_KEY_USAGE *list = NULL;
	size_t size = 2, used = 1;
	attest_status status = certificate_extension(c, NID_ext_key_usage, &list, error);

	if (status != ATTEST_OK || list == NULL)
		return status;
	if (sk_ASN1_OBJECT_num(list) > MAX_PURPOSES)
		return certificate_fail("the certificate has too many key purposes", error);
	for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++)
		size += MAX_OID_TEXT;
	c->purposes = calloc(1, size);
	if (c->purposes == NULL)
		return fail_memory(error);
	c->purposes[0] = ' ';
	for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++) {
		x509_oid_text(sk_ASN1_OBJECT_value(list, i), c->purposes + used);
		used += strlen(c->purposes + used);
		c->purposes[used++] = ' ';
	}
	return ATTEST_OK;
}

/*
 * A system must reject a certificate with a critical extension that it does not process: RFC 5280, 4.2. Name
 * constraints are critical by 4.2.1.10, whatever the certificate says.
 */
static bool may_be_passed_over(X509_EXTENSION *extension, int nid)
{
	if (X509_EXTENSION_get_critical(extension) == 0)
		return nid != NID_name_constraints;
	return nid == NID_basic_constraints || nid == NID_key_usage || nid == NID_ext_key_usage ||
	       nid == NID_subject_alt_name;
}

static attest_status read_critical(struct certificate *c, struct attest_error *error)
{
	for (int i = 0; i < X509v3_get_ext_count(c->asn1->tbs->extensions); i++) {
		X509_EXTENSION *extension = X509v3_get_ext(c->asn1->tbs->extensions, i);
		ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
		char oid[MAX_OID_TEXT];

		if (may_be_passed_over(extension, OBJ_obj2nid(object)))
			continue;
		x509_oid_text(object, oid);
		c->unknown_critical = strdup(oid);
		return c->unknown_critical == NULL ? fail_memory(error) : ATTEST_OK;
	}
	return ATTEST_OK;
}

/* Google's older leaves have an empty subject and the name in a critical SAN: RFC 5280, 4.2.1.6. */
static attest_status read_subject(struct certificate *c, struct attest_error *error)
{
	const X509_NAME *name = c->asn1->tbs->subject;
	DEFER(GENERAL_NAMES_free_deferred) GENERAL_NAMES *names = NULL;
	attest_status status = certificate_extension(c, NID_subject_alt_name, &names, error);

	if (status != ATTEST_OK)
		return status;
	for (int i = 0; X509_NAME_entry_count(name) == 0 && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *general = sk_GENERAL_NAME_value(names, i);

		if (general->type == GEN_DIRNAME)
			return x509_name_text(general->d.directoryName, &c->subject, error);
	}
	return x509_name_text(name, &c->subject, error);
}

/* RFC 5280, 4.2.1.9: a path length stands only in the certificate of a CA, and is not negative. */
static attest_status read_constraints(struct certificate *c, struct attest_error *error)
{
	DEFER(BASIC_CONSTRAINTS_free_deferred) BASIC_CONSTRAINTS *constraints = NULL;
	attest_status status = certificate_extension(c, NID_basic_constraints, &constraints, error);

	c->path_length = CERTIFICATE_NO_PATHLEN;
	if (status != ATTEST_OK || constraints == NULL)
		return status;
	c->is_ca = constraints->ca != 0;
	if (constraints->pathlen == NULL)
		return ATTEST_OK;
	c->path_length = ASN1_INTEGER_get(constraints->pathlen);
	return c->is_ca && c->path_length >= 0 ? ATTEST_OK
					       : certificate_fail("the path length constraint is malformed", error);
}

/* RFC 5280, 4.2.1.3; the bits as KU_* has them. */
static attest_status read_usage(struct certificate *c, struct attest_error *error)
{
	DEFER(ASN1_BIT_STRING_free_deferred) ASN1_BIT_STRING *usage = NULL;
	attest_status status = certificate_extension(c, NID_key_usage, &usage, error);
	struct slice bits;

	if (status != ATTEST_OK || usage == NULL)
		return status;
	bits = slice_of(ASN1_STRING_get0_data(usage), (size_t)ASN1_STRING_length(usage));
	c->has_key_usage = true;
	c->key_usage = bits.len > 0 ? bits.data[0] : 0;
	c->key_usage |= bits.len > 1 ? (uint32_t)bits.data[1] << 8 : 0;
	return ATTEST_OK;
}

static attest_status read_identifiers(struct certificate *c, struct attest_error *error)
{
	DEFER(AUTHORITY_KEYID_free_deferred) AUTHORITY_KEYID *issuer = NULL;
	attest_status status = certificate_extension(c, NID_subject_key_identifier, &c->key_id, error);

	if (status == ATTEST_OK)
		status = certificate_extension(c, NID_authority_key_identifier, &issuer, error);
	if (status == ATTEST_OK && issuer != NULL)
		c->issuer_key_id = TRANSFER(issuer->keyid);
	return status;
}

static attest_status read_extensions(struct certificate *c, struct attest_error *error)
{
	attest_status status = read_constraints(c, error);

	c->self_issued = X509_NAME_cmp(c->asn1->tbs->subject, c->asn1->tbs->issuer) == 0;
	c->signature_hash = x509_hash(c->asn1->algorithm);
	if (status == ATTEST_OK)
		status = read_usage(c, error);
	if (status == ATTEST_OK)
		status = read_identifiers(c, error);
	if (status == ATTEST_OK)
		status = read_purposes(c, error);
	return status == ATTEST_OK ? read_critical(c, error) : status;
}

static attest_status read_certificate(struct slice der, bool allow_padding, struct certificate *c,
				      struct attest_error *error)
{
	attest_status status = read_der(der, allow_padding, c, error);

	if (status == ATTEST_OK)
		status = read_key(c, error);
	if (status == ATTEST_OK && (!x509_time(c->asn1->tbs->validity->notBefore, &c->not_before) ||
				    !x509_time(c->asn1->tbs->validity->notAfter, &c->not_after)))
		status = certificate_fail("the certificate's validity cannot be read", error);
	if (status == ATTEST_OK)
		status = read_extensions(c, error);
	if (status == ATTEST_OK)
		status = read_subject(c, error);
	return status;
}

attest_status certificate_parse(struct slice der, bool allow_padding, struct certificate **ret_certificate,
				struct attest_error *error)
{
	DEFER(certificate_unref_deferred) struct certificate *c = calloc(1, sizeof(*c));
	attest_status status;

	if (c == NULL)
		return fail_memory(error);
	atomic_init(&c->references, 1);
	status = read_certificate(der, allow_padding, c, error);
	if (openssl_out_of_memory()) /* libcrypto may carry on without what it could not allocate */
		status = fail_memory(error);
	if (status == ATTEST_OK)
		*ret_certificate = TRANSFER(c);
	return status;
}

struct certificate *certificate_ref(struct certificate *certificate)
{
	atomic_fetch_add_explicit(&certificate->references, 1, memory_order_relaxed);
	return certificate;
}

void certificate_unref(struct certificate *certificate)
{
	if (certificate == NULL || atomic_fetch_sub_explicit(&certificate->references, 1, memory_order_acq_rel) != 1)
		return;
	ASN1_item_free((ASN1_VALUE *)certificate->asn1, ASN1_ITEM_rptr(ASN1_CERT));
	ASN1_OCTET_STRING_free(certificate->key_id);
	ASN1_OCTET_STRING_free(certificate->issuer_key_id);
	EVP_PKEY_free(certificate->key);
	free(certificate->purposes);
	free(certificate->unknown_critical);
	free(certificate->subject);
	free(certificate);
}

bool certificate_has_purpose(const struct certificate *certificate, const char *oid)
{
	size_t len = strlen(oid);

	if (certificate->purposes == NULL)
		return false;
	for (const char *at = certificate->purposes; (at = strstr(at, oid)) != NULL; at++)
		if (at[-1] == ' ' && at[len] == ' ')
			return true;
	return false;
}

bool certificate_is_signed_by(const struct certificate *certificate, EVP_PKEY *key)
{
	const struct asn1_certificate *asn1 = certificate->asn1;
	struct x509_signature signature = {asn1->tbs->algorithm, asn1->algorithm, asn1->signature};
	unsigned char *tbs = NULL;
	int len = ASN1_item_i2d((const ASN1_VALUE *)asn1->tbs, &tbs, ASN1_ITEM_rptr(ASN1_TBS));
	bool verified = len > 0 && x509_is_signed_by(&signature, slice_of(tbs, (size_t)len), key);

	if (len <= 0)
		crypto_note_failure();
	OPENSSL_free(tbs);
	return verified;
}

bool certificate_names_issuer(const struct certificate *certificate, const struct certificate *issuer)
{
	const ASN1_OCTET_STRING *wanted = certificate->issuer_key_id, *has = issuer->key_id;

	if (X509_NAME_cmp(issuer->asn1->tbs->subject, certificate->asn1->tbs->issuer) != 0)
		return false;
	return wanted == NULL || has == NULL || ASN1_OCTET_STRING_cmp(wanted, has) == 0;
}

const X509_NAME *certificate_subject_name(const struct certificate *certificate)
{
	return certificate->asn1->tbs->subject;
}

const ASN1_INTEGER *certificate_serial(const struct certificate *certificate)
{
	return certificate->asn1->tbs->serial;
}

attest_status certificate_issuer_text(const struct certificate *certificate, char *buffer, size_t size,
				      struct attest_error *error)
{
	char *text = NULL;
	attest_status status = x509_name_text(certificate->asn1->tbs->issuer, &text, error);

	if (status == ATTEST_OK)
		(void)printable_to(slice_of_string(text), buffer, size);
	free(text);
	return status;
}
