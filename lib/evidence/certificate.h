/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate.h - an X.509 certificate (RFC 5280), read once into what path validation asks of it.
 */
#ifndef EVIDENCE_CERTIFICATE_H
#define EVIDENCE_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdatomic.h>

#include "base/digest.h"
#include "base/memory.h"

enum { CERTIFICATE_NO_PATHLEN = -1 };

/* Shared and immutable once parsed, except for the count. */
struct certificate {
	atomic_int references;
	struct asn1_certificate *asn1; /* as libcrypto has read it; private to certificate.c */
	EVP_PKEY *key;                 /* NULL where libcrypto cannot read it */
	uint8_t der_sha256[32];
	uint8_t spki_sha256[32];
	int64_t not_before, not_after; /* seconds since 1970 */
	bool is_ca;                    /* basicConstraints cA */
	long path_length;              /* or CERTIFICATE_NO_PATHLEN */
	bool has_key_usage;
	uint32_t key_usage;                        /* KU_* of openssl/x509v3.h */
	int signature_hash;                        /* NID of the hash that its issuer signed it with, or NID_undef */
	bool self_issued;                          /* subject and issuer are the same name */
	ASN1_OCTET_STRING *key_id, *issuer_key_id; /* subject and authority key identifier, or NULL */
	char *purposes;                            /* extended key usage: " oid oid "; NULL without the extension */
	char *unknown_critical;                    /* OID of a critical extension that is not processed, or NULL */
	char *subject; /* for people: RFC 4514, or the directory name in the SAN where it is empty */
	/* Set while one thread alone knows the certificate: */
	bool issuer_known;       /* the signature was verified with the key … */
	uint8_t issuer_spki[32]; /* … of this digest */
	bool is_shared;          /* it is in a cache now: nothing changes any more */
};

/*
 * @allow_padding: accept zero bytes after the DER (NV areas of Azure pad AK certificates).
 * ATTEST_E_CERTIFICATE: not DER, trailing bytes, or an extension that contradicts itself.
 */
attest_status certificate_parse(struct slice der, bool allow_padding, struct certificate **ret_certificate,
				struct attest_error *error);
/* The name of `issuer` is the one that `certificate` gives, and so is its key identifier where both have one. */
bool certificate_names_issuer(const struct certificate *certificate, const struct certificate *issuer);
/* RFC 4514 text of the issuer's name, at most `size` bytes. */
attest_status certificate_issuer_text(const struct certificate *certificate, char *buffer, size_t size,
				      struct attest_error *error);
/* `key` made the signature, with SHA-1 or better (what is too weak is for the path's rules): RFC 5280, 4.1.1. */
bool certificate_is_signed_by(const struct certificate *certificate, EVP_PKEY *key);
/*
 * An extension that is read only when it is asked for, as libcrypto has it for this NID; NULL where there is none. The
 * caller frees it. ATTEST_E_CERTIFICATE: malformed, or there twice.
 */
attest_status certificate_extension(const struct certificate *certificate, int nid, void *ret_value,
				    struct attest_error *error);
bool certificate_has_extension(const struct certificate *certificate, int nid);
const X509_NAME *certificate_subject_name(const struct certificate *certificate);
const ASN1_INTEGER *certificate_serial(const struct certificate *certificate);
struct certificate *certificate_ref(struct certificate *certificate);
void certificate_unref(struct certificate *certificate);
bool certificate_has_purpose(const struct certificate *certificate, const char *oid);
DEFINE_DEFER(struct certificate, certificate_unref);

#endif
