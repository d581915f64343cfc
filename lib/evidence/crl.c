/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcrypto's X509_CRL decodes and walks every entry while it is read, before anybody can look at the signature; a CRL
 * may come from anybody. So it is described here, member by member as in RFC 5280, 5.1, with all that may be long in
 * one piece. The entries are decoded one at a time once the signature holds, and none is kept.
 */
#include "crl.h"

#include <openssl/asn1t.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/limits.h"
#include "evidence/places.h"
#include "evidence/x509.h"

struct asn1_crl_tbs {
	ASN1_ENCODING enc; /* the bytes as they were read: what the signature is over */
	ASN1_INTEGER *version;
	X509_ALGOR *algorithm;
	ASN1_STRING *issuer; /* the whole element, like the other two */
	ASN1_TIME *this_update, *next_update;
	ASN1_STRING *revoked, *extensions;
};

struct asn1_crl {
	struct asn1_crl_tbs *tbs;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
};

typedef struct asn1_crl_tbs ASN1_CRL_TBS;
typedef struct asn1_crl ASN1_CRL;

DECLARE_ASN1_ITEM(ASN1_CRL_TBS)
DECLARE_ASN1_ITEM(ASN1_CRL)

/* clang-format off */
ASN1_SEQUENCE_enc(ASN1_CRL_TBS, enc, 0) = {
	ASN1_OPT(ASN1_CRL_TBS, version, ASN1_INTEGER),
	ASN1_SIMPLE(ASN1_CRL_TBS, algorithm, X509_ALGOR),
	ASN1_SIMPLE(ASN1_CRL_TBS, issuer, ASN1_SEQUENCE),
	ASN1_SIMPLE(ASN1_CRL_TBS, this_update, ASN1_TIME),
	ASN1_OPT(ASN1_CRL_TBS, next_update, ASN1_TIME),
	ASN1_OPT(ASN1_CRL_TBS, revoked, ASN1_SEQUENCE),
	ASN1_EXP_OPT(ASN1_CRL_TBS, extensions, ASN1_SEQUENCE, 0),
} ASN1_SEQUENCE_END_enc(ASN1_CRL_TBS, ASN1_CRL_TBS)

ASN1_SEQUENCE(ASN1_CRL) = {
	ASN1_SIMPLE(ASN1_CRL, tbs, ASN1_CRL_TBS),
	ASN1_SIMPLE(ASN1_CRL, algorithm, X509_ALGOR),
	ASN1_SIMPLE(ASN1_CRL, signature, ASN1_BIT_STRING),
} ASN1_SEQUENCE_END(ASN1_CRL)
	/* clang-format on */

	DEFINE_DEFER(ISSUING_DIST_POINT, ISSUING_DIST_POINT_free);
DEFINE_DEFER(CRL_DIST_POINTS, CRL_DIST_POINTS_free);
DEFINE_DEFER(X509_REVOKED, X509_REVOKED_free);
DEFINE_DEFER(ASN1_ENUMERATED, ASN1_ENUMERATED_free);

static attest_status crl_fail(const char *message, struct attest_error *error)
{
	return fail_openssl(error, ATTEST_E_CRL, "RFC 5280, 5", "%s", message);
}

static struct slice element(const ASN1_STRING *string)
{
	return string == NULL ? slice_of(NULL, 0)
			      : slice_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

static attest_status read_tbs(struct slice der, struct crl *crl, struct attest_error *error)
{
	const unsigned char *end = der.data;

	if (der.len <= LIMIT_CRL_BYTES)
		crl->asn1 = (ASN1_CRL *)ASN1_item_d2i(NULL, &end, (long)der.len, ASN1_ITEM_rptr(ASN1_CRL));
	if (crl->asn1 == NULL)
		return crl_fail("not a DER CRL", error);
	return end == der.data + der.len ? ATTEST_OK : crl_fail("bytes follow the CRL", error);
}

static attest_status read_times(struct crl *crl, struct attest_error *error)
{
	const struct asn1_crl_tbs *tbs = crl->asn1->tbs;

	crl->has_next_update = tbs->next_update != NULL;
	if (!x509_time(tbs->this_update, &crl->this_update) ||
	    (crl->has_next_update && !x509_time(tbs->next_update, &crl->next_update)))
		return crl_fail("a date of the CRL cannot be read", error);
	return ATTEST_OK;
}

/* Issuer and extensions: decoding takes many times their length in memory, and nothing is authentic yet. */
static attest_status read_head(struct crl *crl, struct attest_error *error)
{
	struct slice issuer = element(crl->asn1->tbs->issuer), extensions = element(crl->asn1->tbs->extensions);
	const unsigned char *issuer_at = issuer.data, *extensions_at = extensions.data;

	if (issuer.len > LIMIT_CRL_HEAD || extensions.len > LIMIT_CRL_HEAD)
		return crl_fail("the CRL's issuer or extensions are too long (LIMIT_CRL_HEAD)", error);
	crl->issuer = d2i_X509_NAME(NULL, &issuer_at, (long)issuer.len);
	if (crl->issuer == NULL)
		return crl_fail("the CRL's issuer cannot be read", error);
	if (extensions.len > 0)
		crl->extensions = d2i_X509_EXTENSIONS(NULL, &extensions_at, (long)extensions.len);
	if (extensions.len > 0 && crl->extensions == NULL)
		return crl_fail("the CRL's extensions cannot be read", error);
	return x509_name_text(crl->issuer, &crl->issuer_text, error);
}

static attest_status read_crl(struct slice der, struct crl *crl, struct attest_error *error)
{
	attest_status status = read_tbs(der, crl, error);

	if (status != ATTEST_OK || crl->asn1 == NULL) /* the second with the first; the analyzer cannot know */
		return status;
	status = read_times(crl, error);
	if (status != ATTEST_OK)
		return status;
	crl->signature_hash = x509_hash(crl->asn1->algorithm);
	return read_head(crl, error);
}

attest_status crl_parse(struct slice der, struct crl **ret_crl, struct attest_error *error)
{
	DEFER(crl_free_deferred) struct crl *crl = calloc(1, sizeof(*crl));
	attest_status status = crl == NULL ? fail_memory(error) : read_crl(der, crl, error);

	if (openssl_out_of_memory()) /* libcrypto may carry on without what it could not allocate */
		status = fail_memory(error);
	if (status == ATTEST_OK)
		*ret_crl = TRANSFER(crl);
	return status;
}

void crl_free(struct crl *crl)
{
	if (crl == NULL)
		return;
	ASN1_item_free((ASN1_VALUE *)crl->asn1, ASN1_ITEM_rptr(ASN1_CRL));
	X509_NAME_free(crl->issuer);
	sk_X509_EXTENSION_pop_free(crl->extensions, X509_EXTENSION_free);
	free(crl->issuer_text);
	free(crl);
}

bool crl_names_issuer(const struct crl *crl, const struct certificate *issuer)
{
	return X509_NAME_cmp(crl->issuer, certificate_subject_name(issuer)) == 0;
}

bool crl_is_signed_by(const struct crl *crl, EVP_PKEY *key)
{
	const struct asn1_crl *asn1 = crl->asn1;
	struct x509_signature signature = {asn1->tbs->algorithm, asn1->algorithm, asn1->signature};
	unsigned char *tbs = NULL;
	int len = ASN1_item_i2d((const ASN1_VALUE *)asn1->tbs, &tbs, ASN1_ITEM_rptr(ASN1_CRL_TBS));
	bool verified = len > 0 && x509_is_signed_by(&signature, slice_of(tbs, (size_t)len), key);

	if (len <= 0)
		crypto_note_failure();
	OPENSSL_free(tbs);
	return verified;
}

enum { PROCESSED_NONE = -1 }; /* no NID: that of an extension which libcrypto does not know is NID_undef, 0 */

/* "MUST NOT use that CRL" with a critical extension that is not processed: RFC 5280, 5.2 and 5.3. */
static attest_status check_critical(const STACK_OF(X509_EXTENSION) * extensions, int processed, const char *what,
				    struct attest_error *error)
{
	for (int i = 0; i < X509v3_get_ext_count(extensions); i++) {
		X509_EXTENSION *extension = X509v3_get_ext(extensions, i);
		ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
		char oid[MAX_OID_TEXT];

		if (X509_EXTENSION_get_critical(extension) == 0 || OBJ_obj2nid(object) == processed)
			continue;
		x509_oid_text(object, oid);
		return fail(error, ATTEST_E_CRL, "RFC 5280, 5.2",
			    "%s the critical extension %s, which is not processed", what, oid);
	}
	return ATTEST_OK;
}

static bool share_a_name(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(a); i++)
		for (int k = 0; k < sk_GENERAL_NAME_num(b); k++)
			if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, k)) == 0)
				return true;
	return false;
}

/* One of the certificate's own distribution points has a name of this one. */
static attest_status check_point(const DIST_POINT_NAME *point, const struct certificate *certificate,
				 struct attest_error *error)
{
	DEFER(CRL_DIST_POINTS_free_deferred) CRL_DIST_POINTS *own = NULL;
	attest_status status = certificate_extension(certificate, NID_crl_distribution_points, &own, error);

	if (status != ATTEST_OK)
		return status;
	for (int i = 0; i < sk_DIST_POINT_num(own); i++)
		if (share_a_name(whole_crl_names(sk_DIST_POINT_value(own, i)), full_name(point)))
			return ATTEST_OK;
	return fail(error, ATTEST_E_CRL, "RFC 5280, 5.2.5",
		    "the CRL is that of another distribution point than the certificate names");
}

/* RFC 5280, 5.2.5. */
static attest_status check_issuing_point(const ISSUING_DIST_POINT *point, const struct certificate *certificate,
					 struct attest_error *error)
{
	const char *instead = NULL;

	if (point->indirectCRL > 0)
		instead = "the CRL is an indirect one: somebody else than the issuer of the certificates makes it";
	else if (point->onlyattr > 0)
		instead = "the CRL covers attribute certificates only";
	else if (point->onlysomereasons != NULL)
		instead = "the CRL covers some reasons for a revocation only";
	else if (point->onlyuser > 0 && certificate->is_ca)
		instead = "the CRL covers end entities only, and this is the certificate of a CA";
	else if (point->onlyCA > 0 && !certificate->is_ca)
		instead = "the CRL covers CAs only, and this is the certificate of an end entity";
	if (instead != NULL)
		return fail(error, ATTEST_E_CRL, "RFC 5280, 5.2.5", "%s", instead);
	return point->distpoint == NULL ? ATTEST_OK : check_point(point->distpoint, certificate, error);
}

attest_status crl_check_scope(const struct crl *crl, const struct certificate *certificate, struct attest_error *error)
{
	DEFER(ISSUING_DIST_POINT_free_deferred) ISSUING_DIST_POINT *point = NULL;
	attest_status status;

	/* It is critical by RFC 5280, 5.2.4, whatever the CRL says. */
	if (x509_has_extension(crl->extensions, NID_delta_crl))
		return fail(error, ATTEST_E_CRL, "RFC 5280, 5.2.4",
			    "the CRL is a delta: it holds only what changed since another one");
	status = check_critical(crl->extensions, NID_issuing_distribution_point, "the CRL has", error);
	if (status != ATTEST_OK)
		return status;
	if (!x509_extension(crl->extensions, NID_issuing_distribution_point, &point))
		return crl_fail("the CRL's issuing distribution point is malformed or stands there twice", error);
	return point == NULL ? ATTEST_OK : check_issuing_point(point, certificate, error);
}

/* The words of RFC 5280, 5.3.1. A reason that cannot be read makes no entry less of one. */
static const char *reason_of(const X509_REVOKED *entry)
{
	static const char *const reasons[] = {
		"unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
		"superseded",    "cessationOfOperation", "certificateHold", NULL,
		"removeFromCRL", "privilegeWithdrawn",   "aACompromise"};
	DEFER(ASN1_ENUMERATED_free_deferred)
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	long code = reason == NULL ? 0 : ASN1_ENUMERATED_get(reason);

	if (code < 0 || (size_t)code >= sizeof(reasons) / sizeof(reasons[0]) || reasons[code] == NULL)
		return "unknown";
	return reasons[code];
}

/* The next entry off the front; NULL where it is malformed. The caller frees it. */
static X509_REVOKED *next_entry(struct slice *rest)
{
	const unsigned char *end = rest->data;
	X509_REVOKED *entry = d2i_X509_REVOKED(NULL, &end, (long)rest->len);

	if (entry != NULL)
		*rest = slice_sub(*rest, (size_t)(end - rest->data), rest->len);
	return entry;
}

/* What stands inside the SEQUENCE, in the definite form of DER; false where it is in another. */
static bool open_entries(struct slice whole, struct slice *ret_entries)
{
	const unsigned char *inside = whole.data;
	long len = 0;
	int tag, class;

	if (whole.len > 0 && ASN1_get_object(&inside, &len, &tag, &class, (long)whole.len) != V_ASN1_CONSTRUCTED)
		return false;
	*ret_entries = slice_sub(whole, whole.len - (size_t)len, (size_t)len);
	return true;
}

attest_status crl_find(const struct crl *crl, const struct certificate *certificate, struct crl_entry *ret_entry,
		       struct attest_error *error)
{
	const ASN1_INTEGER *serial = certificate_serial(certificate);
	struct crl_entry found = {.listed = false};
	attest_status status = ATTEST_OK;
	struct slice rest;

	if (!open_entries(element(crl->asn1->tbs->revoked), &rest))
		return crl_fail("the CRL's entries are not DER", error);
	while (status == ATTEST_OK && rest.len > 0) {
		DEFER(X509_REVOKED_free_deferred) X509_REVOKED *entry = next_entry(&rest);

		if (entry == NULL)
			return crl_fail("an entry of the CRL is malformed", error);
		status = check_critical(X509_REVOKED_get0_extensions(entry), PROCESSED_NONE, "an entry of the CRL has",
					error);
		if (ASN1_INTEGER_cmp(X509_REVOKED_get0_serialNumber(entry), serial) != 0)
			continue;
		found.listed = true;
		found.reason = reason_of(entry);
		if (!x509_time(X509_REVOKED_get0_revocationDate(entry), &found.time))
			return crl_fail("an entry of the CRL has no readable date", error);
	}
	if (openssl_out_of_memory())
		return fail_memory(error);
	if (status == ATTEST_OK)
		*ret_entry = found;
	return status;
}
