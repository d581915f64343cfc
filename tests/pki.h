/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki.h - certificates and CRLs of any shape, made and signed here and now, so that each can have one fault alone. Only
 * libcrypto and forge.h; a call that fails ends the program.
 */
#ifndef TESTS_PKI_H
#define TESTS_PKI_H

#include "forge.h"

/* Extension values as in openssl-x509v3_config(5); NULL leaves the extension out. */
struct pki_certificate {
	const char *name, *issuer;
	EVP_PKEY *key, *issuer_key;
	long serial;
	bool is_ca;
	const char *usage, *points, *access;
	const DIST_POINT *point; /* one more distribution point, or NULL */
};

struct pki_entry {
	long serial;
	const char *time;     /* NULL: none is listed */
	int reason;           /* CRLReason, or -1 */
	const char *critical; /* OID of a critical extension, or NULL */
};

struct pki_crl {
	const char *issuer;
	EVP_PKEY *key;
	const EVP_MD *hash;
	const char *this_update, *next_update; /* next_update: NULL leaves it out */
	struct pki_entry entries[3];
	const char *scope; /* issuingDistributionPoint, or NULL */
	bool is_delta;
	const char *critical; /* OID of one more critical extension, or NULL */
};

static inline X509_NAME *pki_name(const char *text)
{
	X509_NAME *name = X509_NAME_new();

	forge_need(name != NULL && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text,
							      -1, -1, 0) == 1,
		   "X509_NAME");
	return name;
}

static inline X509_EXTENSION *pki_extension(int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	forge_need(extension != NULL, value);
	return extension;
}

/* A critical extension that nobody knows, holding NULL. */
static inline X509_EXTENSION *pki_unknown(const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;

	forge_need(object != NULL && value != NULL && ASN1_OCTET_STRING_set(value, (const unsigned char *)"\5", 2) == 1,
		   oid);
	extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, value);
	forge_need(extension != NULL, oid);
	ASN1_OBJECT_free(object);
	ASN1_OCTET_STRING_free(value);
	return extension;
}

static inline void pki_add(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension = value == NULL ? NULL : pki_extension(nid, value);

	if (extension != NULL)
		forge_need(X509_add_ext(x509, extension, -1) == 1, value);
	X509_EXTENSION_free(extension);
}

static inline void pki_add_point(X509 *x509, const DIST_POINT *point)
{
	CRL_DIST_POINTS *points = sk_DIST_POINT_new_null();

	forge_need(points != NULL && sk_DIST_POINT_push(points, (DIST_POINT *)(uintptr_t)point) == 1 &&
			   X509_add1_ext_i2d(x509, NID_crl_distribution_points, points, 0, 0) == 1,
		   "distribution point");
	sk_DIST_POINT_free(points);
}

/* PEM, valid from 2020 to 2090; the caller frees it. */
static inline char *pki_certify(const struct pki_certificate *c)
{
	X509 *x509 = X509_new();
	BIO *out = BIO_new(BIO_s_mem());
	X509_NAME *name = pki_name(c->name), *issuer = pki_name(c->issuer);
	char *pem, *data = NULL;
	long len;

	forge_need(x509 != NULL && out != NULL, "X509_new");
	(void)X509_set_version(x509, X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(x509), c->serial);
	(void)ASN1_TIME_set_string_X509(X509_getm_notBefore(x509), "20200101000000Z");
	(void)ASN1_TIME_set_string_X509(X509_getm_notAfter(x509), "20900101000000Z");
	forge_need(X509_set_subject_name(x509, name) == 1 && X509_set_issuer_name(x509, issuer) == 1 &&
			   X509_set_pubkey(x509, c->key) == 1,
		   c->name);
	pki_add(x509, NID_basic_constraints, c->is_ca ? "critical,CA:TRUE" : NULL);
	pki_add(x509, NID_key_usage, c->usage);
	pki_add(x509, NID_crl_distribution_points, c->points);
	pki_add(x509, NID_info_access, c->access);
	if (c->point != NULL)
		pki_add_point(x509, c->point);
	forge_need(X509_sign(x509, c->issuer_key, EVP_sha256()) > 0, "X509_sign");
	forge_need(PEM_write_bio_X509(out, x509) == 1, "PEM_write_bio_X509");
	len = BIO_get_mem_data(out, &data);
	pem = strndup(data, (size_t)len);
	forge_need(pem != NULL, "strndup");
	X509_NAME_free(name);
	X509_NAME_free(issuer);
	BIO_free_all(out);
	X509_free(x509);
	return pem;
}

static inline void pki_revoke(X509_CRL *crl, const struct pki_entry *e)
{
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *time = ASN1_TIME_new();
	ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	X509_EXTENSION *unknown = e->critical == NULL ? NULL : pki_unknown(e->critical);

	forge_need(revoked != NULL && serial != NULL && time != NULL && reason != NULL &&
			   ASN1_INTEGER_set(serial, e->serial) == 1 && ASN1_TIME_set_string_X509(time, e->time) == 1 &&
			   X509_REVOKED_set_serialNumber(revoked, serial) == 1 &&
			   X509_REVOKED_set_revocationDate(revoked, time) == 1,
		   "X509_REVOKED");
	if (e->reason >= 0)
		forge_need(ASN1_ENUMERATED_set(reason, e->reason) == 1 &&
				   X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, reason, 0, 0) == 1,
			   "CRLReason");
	if (unknown != NULL)
		forge_need(X509_REVOKED_add_ext(revoked, unknown, -1) == 1, e->critical);
	forge_need(X509_CRL_add0_revoked(crl, revoked) == 1, "X509_CRL_add0_revoked"); /* transferred */
	X509_EXTENSION_free(unknown);
	ASN1_ENUMERATED_free(reason);
	ASN1_TIME_free(time);
	ASN1_INTEGER_free(serial);
}

static inline void pki_add_to_crl(X509_CRL *crl, X509_EXTENSION *extension)
{
	if (extension != NULL)
		forge_need(X509_CRL_add_ext(crl, extension, -1) == 1, "X509_CRL_add_ext");
	X509_EXTENSION_free(extension);
}

static inline void pki_set_dates(X509_CRL *crl, const struct pki_crl *c)
{
	ASN1_TIME *time = ASN1_TIME_new();

	forge_need(time != NULL && ASN1_TIME_set_string_X509(time, c->this_update) == 1 &&
			   X509_CRL_set1_lastUpdate(crl, time) == 1,
		   "thisUpdate");
	if (c->next_update != NULL)
		forge_need(ASN1_TIME_set_string_X509(time, c->next_update) == 1 &&
				   X509_CRL_set1_nextUpdate(crl, time) == 1,
			   "nextUpdate");
	ASN1_TIME_free(time);
}

/* The caller frees it. */
static inline X509_CRL *pki_make_crl(const struct pki_crl *c)
{
	X509_CRL *crl = X509_CRL_new();
	X509_NAME *issuer = pki_name(c->issuer);
	ASN1_INTEGER *base = ASN1_INTEGER_new();

	forge_need(crl != NULL && base != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
			   X509_CRL_set_issuer_name(crl, issuer) == 1 && ASN1_INTEGER_set(base, 1) == 1,
		   "X509_CRL_new");
	pki_set_dates(crl, c);
	for (size_t i = 0; i < sizeof(c->entries) / sizeof(c->entries[0]) && c->entries[i].time != NULL; i++)
		pki_revoke(crl, &c->entries[i]);
	pki_add_to_crl(crl, c->scope == NULL ? NULL : pki_extension(NID_issuing_distribution_point, c->scope));
	pki_add_to_crl(crl, c->critical == NULL ? NULL : pki_unknown(c->critical));
	if (c->is_delta)
		forge_need(X509_CRL_add1_ext_i2d(crl, NID_delta_crl, base, 0, 0) == 1, "deltaCRLIndicator");
	forge_need(X509_CRL_sign(crl, c->key, c->hash == NULL ? EVP_sha256() : c->hash) > 0, "X509_CRL_sign");
	ASN1_INTEGER_free(base);
	X509_NAME_free(issuer);
	return crl;
}

#endif
