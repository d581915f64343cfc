/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x509.h - what certificates and CRLs have in common (RFC 5280, 4.1 and 5.1): names, times, extensions, and a signature
 * over the DER of the rest.
 */
#ifndef EVIDENCE_X509_H
#define EVIDENCE_X509_H

#include <openssl/x509.h>

#include "base/error.h"

/* Longest known: 15 bytes. Writing a long one takes time with its square. */
enum { MAX_OID_BYTES = 32, MAX_OID_TEXT = 128 };

void x509_oid_text(const ASN1_OBJECT *object, char ret_text[MAX_OID_TEXT]);
/* RFC 4514; the caller frees it. ATTEST_E_NO_MEMORY. */
attest_status x509_name_text(const X509_NAME *name, char **ret_text, struct attest_error *error);
/* Seconds since 1970; false where it is no time. */
bool x509_time(const ASN1_TIME *from, int64_t *ret_time);
/* Whether there is such an extension at all, readable or not. */
bool x509_has_extension(const STACK_OF(X509_EXTENSION) * extensions, int nid);
/*
 * An extension's value, or NULL where there is none; the caller frees it. False where it is malformed or stands there
 * twice. `ret_value` is the address of a pointer to what libcrypto has for this NID.
 */
bool x509_extension(const STACK_OF(X509_EXTENSION) * extensions, int nid, void *ret_value);

/* Certificates and CRLs hold their algorithm twice: in what is signed, and beside the signature. */
struct x509_signature {
	const X509_ALGOR *inner, *outer;
	const ASN1_BIT_STRING *bits;
};

/* NID of the hash of a signature algorithm, or NID_undef. */
int x509_hash(const X509_ALGOR *algorithm);
/* It is one of SHA-256, SHA-384 and SHA-512. */
bool x509_hash_is_strong(int nid);
/* `key` made the signature over `tbs`, with SHA-1 or better (what is too weak is for the caller's rules). */
bool x509_is_signed_by(const struct x509_signature *signature, struct slice tbs, EVP_PKEY *key);

#endif
