/* SPDX-License-Identifier: Apache-2.0 */
#include "certificate.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"

DEFINE_DEFER(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free);
DEFINE_DEFER(GENERAL_NAMES, GENERAL_NAMES_free);
DEFINE_DEFER(BIO, BIO_free_all);
DEFINE_DEFER(EVP_MD_CTX, EVP_MD_CTX_free);

static attest_status sha256(struct slice data, uint8_t ret_digest[32], struct attest_error *error)
{
	struct digest digest;
	attest_status status = digest_compute(ALG_SHA256, &data, 1, &digest, error);

	if (status == ATTEST_OK)
		memcpy(ret_digest, digest.bytes, 32);
	return status;
}

static attest_status certificate_fail(const char *message, struct attest_error *error)
{
	return fail_openssl(error, ATTEST_E_CERTIFICATE, "RFC 5280, 4.1", "%s", message);
}

/* Read, and require that writing gives the same bytes back: there is one encoding, so no bit is free. */
static attest_status read_der(const struct certificate_reader *reader, struct slice der, bool allow_padding,
			      struct certificate *c, struct attest_error *error)
{
	const unsigned char *end = der.data;
	unsigned char *again = NULL;
	struct slice own, rest;
	int len;
	bool same;

	if (der.len <= LIMIT_CHAIN_BYTES)
		c->x509 = (X509 *)ASN1_item_d2i_ex(NULL, &end, (long)der.len, ASN1_ITEM_rptr(X509), reader->context,
						   NULL);
	if (c->x509 == NULL)
		return certificate_fail("not a DER certificate", error);
	own = slice_sub(der, 0, (size_t)(end - der.data));
	rest = slice_sub(der, own.len, der.len);
	if (rest.len != 0 && !(allow_padding && slice_is_zero(rest))) {
		error_where(error, "offset %zu", own.len);
		return certificate_fail(allow_padding ? "bytes other than zero follow the certificate"
						      : "bytes follow the certificate",
					error);
	}
	len = i2d_X509(c->x509, &again);
	same = len > 0 && slice_equal(own, slice_of(again, (size_t)len));
	OPENSSL_free(again);
	if (len <= 0)
		return certificate_fail("the certificate cannot be encoded again", error);
	if (!same)
		return certificate_fail("the certificate is BER, not DER", error);
	return sha256(own, c->der_sha256, error);
}

/* RSA is read directly (RFC 8017, A.1.1), because libcrypto's general way takes a hundred times as long. */
static EVP_PKEY *read_rsa(X509_PUBKEY *from)
{
	ASN1_OBJECT *algorithm = NULL;
	const unsigned char *key = NULL, *end;
	EVP_PKEY *pkey;
	int len = 0;

	if (X509_PUBKEY_get0_param(&algorithm, &key, &len, NULL, from) != 1 ||
	    OBJ_obj2nid(algorithm) != NID_rsaEncryption)
		return NULL;
	end = key;
	pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &end, len);
	if (pkey != NULL && end == key + len)
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}

attest_status key_parse(struct slice spki, EVP_PKEY **ret_key, struct attest_error *error)
{
	const unsigned char *end = spki.data;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &end, (long)spki.len);

	if (key == NULL || end != spki.data + spki.len) {
		EVP_PKEY_free(key);
		return fail_openssl(error, ATTEST_E_ENCODING, "RFC 5280, 4.1.2.7", "the public key cannot be read");
	}
	*ret_key = key;
	return ATTEST_OK;
}

static attest_status read_key(struct certificate *c, struct attest_error *error)
{
	X509_PUBKEY *from = X509_get_X509_PUBKEY(c->x509);
	struct attest_error unreadable = {0};
	unsigned char *spki = NULL;
	int len = i2d_X509_PUBKEY(from, &spki);
	attest_status status;

	if (len <= 0)
		return certificate_fail("the certificate holds no public key", error);
	status = sha256(slice_of(spki, (size_t)len), c->spki_sha256, error);
	c->key = read_rsa(from);
	if (c->key == NULL && key_parse(slice_of(spki, (size_t)len), &c->key, &unreadable) == ATTEST_E_NO_MEMORY)
		status = fail_memory(error);
	OPENSSL_free(spki);
	return status; /* a key of an unknown kind is the path's business */
}

static bool read_time(const ASN1_TIME *from, int64_t *ret_time)
{
	struct tm tm = {0};

	if (ASN1_TIME_to_tm(from, &tm) != 1)
		return false;
	*ret_time = timegm(&tm);
	return true;
}

static attest_status read_purposes(struct certificate *c, struct attest_error *error)
{
	DEFER(EXTENDED_KEY_USAGE_free_deferred)
	EXTENDED_KEY_USAGE *list = X509_get_ext_d2i(c->x509, NID_ext_key_usage, NULL, NULL);
	size_t size = 2, used = 1;

	if (list == NULL)
		return openssl_out_of_memory() ? fail_memory(error) : ATTEST_OK;
	for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++)
		size += (size_t)OBJ_obj2txt(NULL, 0, sk_ASN1_OBJECT_value(list, i), 1) + 1;
	c->purposes = calloc(1, size);
	if (c->purposes == NULL)
		return fail_memory(error);
	c->purposes[0] = ' ';
	for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++) {
		used += (size_t)OBJ_obj2txt(c->purposes + used, (int)(size - used), sk_ASN1_OBJECT_value(list, i), 1);
		c->purposes[used++] = ' ';
	}
	return ATTEST_OK;
}

/* "If a certificate contains a critical extension that cannot be processed, reject it": RFC 5280, 4.2. */
static bool is_processed(int nid)
{
	return nid == NID_basic_constraints || nid == NID_key_usage || nid == NID_ext_key_usage ||
	       nid == NID_subject_alt_name;
}

static attest_status read_critical(struct certificate *c, struct attest_error *error)
{
	for (int i = 0; i < X509_get_ext_count(c->x509); i++) {
		X509_EXTENSION *extension = X509_get_ext(c->x509, i);
		ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
		char oid[80];

		if (X509_EXTENSION_get_critical(extension) == 0 || is_processed(OBJ_obj2nid(object)))
			continue;
		(void)OBJ_obj2txt(oid, sizeof(oid), object, 1);
		c->unknown_critical = strdup(oid);
		return c->unknown_critical == NULL ? fail_memory(error) : ATTEST_OK;
	}
	return ATTEST_OK;
}

static attest_status name_text(const X509_NAME *name, char **ret_text, struct attest_error *error)
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

/* Google's older leaves have an empty subject and the name in a critical SAN: RFC 5280, 4.2.1.6. */
static attest_status read_subject(struct certificate *c, struct attest_error *error)
{
	const X509_NAME *name = X509_get_subject_name(c->x509);
	DEFER(GENERAL_NAMES_free_deferred) GENERAL_NAMES *names = NULL;

	if (X509_NAME_entry_count(name) == 0) {
		names = X509_get_ext_d2i(c->x509, NID_subject_alt_name, NULL, NULL);
		if (names == NULL && openssl_out_of_memory())
			return fail_memory(error);
	}
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *general = sk_GENERAL_NAME_value(names, i);

		if (general->type == GEN_DIRNAME)
			return name_text(general->d.directoryName, &c->subject, error);
	}
	return name_text(name, &c->subject, error);
}

static attest_status read_extensions(struct certificate *c, struct attest_error *error)
{
	uint32_t flags = X509_get_extension_flags(c->x509);

	/* Malformed, repeated or contradictory extensions, and a version that cannot have them. */
	if ((flags & (EXFLAG_INVALID | EXFLAG_INVALID_POLICY)) != 0)
		return certificate_fail("an extension of the certificate is malformed or stands there twice", error);
	c->is_ca = (flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) != 0;
	c->path_length = X509_get_pathlen(c->x509);
	if (c->path_length < 0)
		c->path_length = CERTIFICATE_NO_PATHLEN;
	c->has_key_usage = (flags & EXFLAG_KUSAGE) != 0;
	c->key_usage = c->has_key_usage ? X509_get_key_usage(c->x509) : 0;
	c->self_issued = (flags & EXFLAG_SI) != 0;
	return read_critical(c, error);
}

static attest_status read_certificate(const struct certificate_reader *reader, struct slice der, bool allow_padding,
				      struct certificate *c, struct attest_error *error)
{
	attest_status status = read_der(reader, der, allow_padding, c, error);

	if (status == ATTEST_OK)
		status = read_key(c, error);
	if (status == ATTEST_OK && (!read_time(X509_get0_notBefore(c->x509), &c->not_before) ||
				    !read_time(X509_get0_notAfter(c->x509), &c->not_after)))
		status = certificate_fail("the certificate's validity cannot be read", error);
	if (status == ATTEST_OK)
		status = read_extensions(c, error);
	if (status == ATTEST_OK)
		status = read_purposes(c, error);
	if (status == ATTEST_OK)
		status = read_subject(c, error);
	return status;
}

attest_status certificate_parse(const struct certificate_reader *reader, struct slice der, bool allow_padding,
				struct certificate **ret_certificate, struct attest_error *error)
{
	DEFER(certificate_unref_deferred) struct certificate *c = calloc(1, sizeof(*c));
	attest_status status;

	if (c == NULL)
		return fail_memory(error);
	atomic_init(&c->references, 1);
	status = read_certificate(reader, der, allow_padding, c, error);
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
	X509_free(certificate->x509);
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

/* The hash of an X.509 signature algorithm with this kind of key; NULL for RSASSA-PSS and all that is unknown. */
static const EVP_MD *signature_hash(const X509_ALGOR *algorithm, const EVP_PKEY *key)
{
	const ASN1_OBJECT *object = NULL;
	int hash = NID_undef, kind = NID_undef;

	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	if (OBJ_find_sigid_algs(OBJ_obj2nid(object), &hash, &kind) != 1 ||
	    EVP_PKEY_type(kind) != EVP_PKEY_get_base_id(key))
		return NULL;
	return EVP_get_digestbynid(hash);
}

static bool verify_tbs(const struct certificate *certificate, const ASN1_BIT_STRING *signature, const EVP_MD *hash,
		       EVP_PKEY *key)
{
	DEFER(EVP_MD_CTX_free_deferred) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *tbs = NULL;
	int len = i2d_re_X509_tbs(certificate->x509, &tbs);
	bool verified = ctx != NULL && len > 0 && EVP_DigestVerifyInit(ctx, NULL, hash, NULL, key) == 1 &&
			EVP_DigestVerify(ctx, ASN1_STRING_get0_data(signature), (size_t)ASN1_STRING_length(signature),
					 tbs, (size_t)len) == 1;

	OPENSSL_free(tbs);
	return verified;
}

bool certificate_is_signed_by(const struct certificate *certificate, EVP_PKEY *key)
{
	const ASN1_BIT_STRING *signature = NULL;
	const X509_ALGOR *outer = NULL;
	const EVP_MD *hash;

	X509_get0_signature(&signature, &outer, certificate->x509);
	/* "This field MUST contain the same algorithm identifier as the signature field": RFC 5280, 4.1.1.2. */
	if (key == NULL || X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(certificate->x509)) != 0)
		return false;
	hash = signature_hash(outer, key);
	/* No unused bits: the flags of an ASN1_BIT_STRING hold their number. */
	return hash != NULL && (signature->flags & 7) == 0 && verify_tbs(certificate, signature, hash, key);
}

bool certificate_reader_init(struct certificate_reader *reader)
{
	reader->context = OSSL_LIB_CTX_new();
	reader->null = reader->context == NULL ? NULL : OSSL_PROVIDER_load(reader->context, "null");
	if (reader->null != NULL)
		return true;
	certificate_reader_clear(reader);
	return false;
}

void certificate_reader_clear(struct certificate_reader *reader)
{
	if (reader->null != NULL)
		(void)OSSL_PROVIDER_unload(reader->null);
	OSSL_LIB_CTX_free(reader->context);
	*reader = (struct certificate_reader){NULL, NULL};
}

attest_status key_spki_sha256(EVP_PKEY *key, uint8_t ret_digest[32], struct attest_error *error)
{
	unsigned char *spki = NULL;
	int len = i2d_PUBKEY(key, &spki);
	attest_status status;

	if (len <= 0)
		return fail_openssl(error, ATTEST_E_ENCODING, "RFC 5280, 4.1.2.7", "the public key cannot be encoded");
	status = sha256(slice_of(spki, (size_t)len), ret_digest, error);
	OPENSSL_free(spki);
	return status;
}

attest_status key_check_strength(const EVP_PKEY *key, struct attest_error *error)
{
	int bits = key == NULL ? 0 : EVP_PKEY_get_bits(key), type = key == NULL ? 0 : EVP_PKEY_get_base_id(key);
	char group[32] = "";

	if (type == EVP_PKEY_RSA) {
		if (bits >= 2048 && bits <= (int)LIMIT_RSA_BITS)
			return ATTEST_OK;
		error_expected(error, "2048 to %u bits", LIMIT_RSA_BITS);
		error_found(error, "RSA of %d bits", bits);
		return fail(error, ATTEST_E_WEAK, NULL, "an RSA key of this size is not accepted");
	}
	if (type == EVP_PKEY_EC) {
		(void)EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
		if (strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0 ||
		    strcmp(group, "secp521r1") == 0)
			return ATTEST_OK;
	}
	error_expected(error, "RSA, or ECC on P-256, P-384 or P-521");
	error_found(error, "%s", type == EVP_PKEY_EC ? group : "another kind of key");
	return fail(error, ATTEST_E_ALGORITHM, NULL, "the kind of key is not accepted");
}
