/* SPDX-License-Identifier: Apache-2.0 */
#include "x509.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/crypto.h"
#include "base/memory.h"

DEFINE_DEFER(BIO, BIO_free_all);

void x509_oid_text(const ASN1_OBJECT *object, char ret_text[MAX_OID_TEXT])
{
	if (OBJ_length(object) > MAX_OID_BYTES)
		(void)snprintf(ret_text, MAX_OID_TEXT, "an-OID-of-%zu-bytes", OBJ_length(object));
	else
		(void)OBJ_obj2txt(ret_text, MAX_OID_TEXT, object, 1);
}

attest_status x509_name_text(const X509_NAME *name, char **ret_text, struct attest_error *error)
{
	DEFER(BIO_free_all_deferred) BIO *out = BIO_new(BIO_s_mem());
	char *data = NULL, *text;
	long len;

	if (out == NULL || X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
		return fail_memory(error);
	len = BIO_get_mem_data(out, &data);
	text = strndup(len > 0 ? data : "", len > 0 ? (size_t)len : 0);
	if (text == NULL)
		return fail_memory(error);
	*ret_text = text;
	return ATTEST_OK;
}

bool x509_time(const ASN1_TIME *from, int64_t *ret_time)
{
	struct tm tm = {0};

	if (ASN1_TIME_to_tm(from, &tm) != 1)
		return false;
	*ret_time = timegm(&tm);
	return true;
}

bool x509_has_extension(const STACK_OF(X509_EXTENSION) * extensions, int nid)
{
	return X509v3_get_ext_by_NID(extensions, nid, -1) >= 0;
}

bool x509_extension(const STACK_OF(X509_EXTENSION) * extensions, int nid, void *ret_value)
{
	int critical = -1;
	void *value = X509V3_get_d2i(extensions, nid, &critical, NULL);

	if (value == NULL && critical != -1)
		return false;
	memcpy(ret_value, &value, sizeof(value));
	return true;
}

int x509_hash(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *object = NULL;
	int hash = NID_undef;

	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	(void)OBJ_find_sigid_algs(OBJ_obj2nid(object), &hash, NULL);
	return hash;
}

bool x509_hash_is_strong(int nid)
{
	return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

/* libcrypto's name for the hash of a signature algorithm with this kind of key; NULL for RSASSA-PSS and the unknown. */
static const char *hash_for(const X509_ALGOR *algorithm, const EVP_PKEY *key)
{
	const ASN1_OBJECT *object = NULL;
	int hash = NID_undef, kind = NID_undef;

	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	if (OBJ_find_sigid_algs(OBJ_obj2nid(object), &hash, &kind) != 1 || hash == NID_undef ||
	    EVP_PKEY_type(kind) != EVP_PKEY_get_base_id(key))
		return NULL;
	return OBJ_nid2sn(hash);
}

bool x509_is_signed_by(const struct x509_signature *signature, struct slice tbs, EVP_PKEY *key)
{
	const ASN1_BIT_STRING *bits = signature->bits;
	const char *hash;

	/* "This field MUST contain the same algorithm identifier": RFC 5280, 4.1.1.2 and 5.1.1.2. */
	if (key == NULL || X509_ALGOR_cmp(signature->outer, signature->inner) != 0)
		return false;
	hash = hash_for(signature->outer, key);
	/* No unused bits: the flags of an ASN1_BIT_STRING hold their number. */
	return hash != NULL && (bits->flags & 7) == 0 &&
	       crypto_verify(key, hash, false, slice_of(ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits)),
			     tbs);
}
