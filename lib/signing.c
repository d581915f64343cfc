/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies that are signed, and taken out of their signature.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/text.h"
#include "policy/policy.h"
#include "policy/signed.h"

DEFINE_DEFER(EVP_PKEY, EVP_PKEY_free);
DEFINE_DEFER(EVP_MD_CTX, EVP_MD_CTX_free);
DEFINE_DEFER(BIO, BIO_free_all);

/* libcrypto would ask on the terminal. */
static int no_password(char *buffer, int size, int writing, void *asked)
{
	(void)buffer;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static attest_status read_private(struct slice pem, EVP_PKEY **ret_key, struct attest_error *error)
{
	DEFER(BIO_free_all_deferred) BIO *bio = NULL;
	bool asked = false;

	if (pem.data == NULL || pem.len > LIMIT_CHAIN_BYTES)
		return fail(error, ATTEST_E_ENCODING, NULL, "no private key in PEM");
	bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (bio == NULL)
		return fail_memory(error);
	*ret_key = PEM_read_bio_PrivateKey(bio, NULL, no_password, &asked);
	if (*ret_key != NULL) {
		ERR_clear_error();
		return ATTEST_OK;
	}
	if (asked || memmem(pem.data, pem.len, "ENCRYPTED", 9) != NULL) {
		ERR_clear_error();
		return fail(
			error, ATTEST_E_ENCODING, NULL,
			"the private key is encrypted, and nobody is asked for its password: give it in PEM without "
			"one (openssl pkey)");
	}
	error_expected(error, "-----BEGIN PRIVATE KEY-----");
	return fail_openssl(error, ATTEST_E_ENCODING, "RFC 7468, 10", "no private key in PEM");
}

/* What libcrypto cannot do with a key that was checked, it cannot for want of memory or of random numbers. */
static attest_status sign(EVP_PKEY *key, struct slice message, struct arena *arena, struct slice *ret_signature,
			  struct attest_error *error)
{
	DEFER(EVP_MD_CTX_free_deferred) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_ctx = NULL; /* ctx owns it */
	struct attest_error problem = {0};
	const char *hash = NULL;
	size_t room = 0, size;
	uint8_t *bytes;
	attest_status status = policy_key_check(key, &hash, error);

	if (status != ATTEST_OK)
		return status;
	if (ctx == NULL || EVP_DigestSignInit_ex(ctx, &pkey_ctx, hash, NULL, NULL, key, NULL) != 1 ||
	    !policy_key_set_padding(key, pkey_ctx) || EVP_DigestSign(ctx, NULL, &room, message.data, message.len) != 1)
		return fail_openssl(error, ATTEST_E_INTERNAL, NULL, "the policy cannot be signed");
	bytes = arena_alloc(arena, room, 1);
	if (bytes == NULL)
		return fail_memory(error);
	size = room;
	/* Without memory, libcrypto may say that it has signed, with more than there was room for. */
	if (EVP_DigestSign(ctx, bytes, &size, message.data, message.len) != 1 || size > room ||
	    policy_key_verify(key, message, slice_of(bytes, size), &problem) != ATTEST_OK)
		return fail_openssl(error, ATTEST_E_INTERNAL, NULL, "the policy cannot be signed");
	*ret_signature = slice_of(bytes, size);
	return ATTEST_OK;
}

static void put_base64(json_t *object, const char *name, struct slice bytes, struct arena *arena, bool *ok)
{
	char *text = arena_alloc(arena, 4 * ((bytes.len + 2) / 3) + 1, 1);

	if (text == NULL) {
		*ok = false;
		return;
	}
	base64_encode(bytes, text);
	json_put_text(object, name, text, ok);
}

static attest_status write_signed(struct slice policy, struct slice signature, struct slice id, struct arena *arena,
				  char **ret_json, struct attest_error *error)
{
	DEFER(json_decref_deferred) json_t *root = json_object();
	bool ok = root != NULL;

	if (!ok)
		return fail_memory(error);
	json_put_text(root, "format", SIGNED_POLICY_FORMAT, &ok);
	put_base64(root, "policy", policy, arena, &ok);
	put_base64(root, "signature", signature, arena, &ok);
	json_put_hex(root, "key", id, &ok);
	*ret_json = ok ? json_pages(root) : NULL;
	return *ret_json == NULL ? fail_memory(error) : ATTEST_OK;
}

/* Only what is a policy is signed as one. */
static attest_status check_policy(const struct attest_document *policy, struct attest_error *error)
{
	struct policy *parsed = NULL;
	attest_status status = policy_parse(slice_of(policy->data, policy->len), policy->name, &parsed, error);

	policy_free(parsed);
	return status;
}

static attest_status sign_policy(const struct attest_document *policy, struct slice pem, struct arena *arena,
				 char **ret_json, struct attest_error *error)
{
	DEFER(EVP_PKEY_free_deferred) EVP_PKEY *key = NULL;
	struct slice bytes = slice_of(policy->data, policy->len), message, signature = {NULL, 0};
	uint8_t id[KEY_ID_SIZE];
	const char *hash;
	attest_status status = read_private(pem, &key, error);

	if (status == ATTEST_OK)
		status = policy_key_check(key, &hash, error);
	if (status != ATTEST_OK && !status_is_internal(status))
		error_where(error, "key");
	if (status == ATTEST_OK)
		status = check_policy(policy, error);
	if (status != ATTEST_OK)
		return status;
	message = policy_signed_bytes(arena, bytes);
	if (message.data == NULL)
		return fail_memory(error);
	status = sign(key, message, arena, &signature, error);
	if (status == ATTEST_OK)
		status = policy_key_id(key, id, error);
	return status == ATTEST_OK ? write_signed(bytes, signature, slice_of(id, sizeof(id)), arena, ret_json, error)
				   : status;
}

static attest_status given(attest_status status, const struct attest_error *from, struct attest_error *error)
{
	if (status != ATTEST_OK && error != NULL)
		*error = *from;
	return status;
}

attest_status attest_policy_sign(const struct attest_document *policy, const void *key_pem, size_t key_len,
				 char **ret_json, struct attest_error *error)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	attest_status status;

	ERR_clear_error();
	status = sign_policy(policy, slice_of(key_pem, key_len), &arena, ret_json, &e);
	arena_free(&arena);
	return given(status, &e, error);
}

/* With the NUL behind it that strings have; within there is none. */
static attest_status copy_out(struct slice policy, char **ret_json, struct attest_error *error)
{
	char *text;

	if (slice_find(policy, '\0') != policy.len)
		return fail(error, ATTEST_E_POLICY_INVALID, "RFC 8259", "NUL in the policy that was signed");
	text = malloc(policy.len + 1);
	if (text == NULL)
		return fail_memory(error);
	if (policy.len > 0)
		memcpy(text, policy.data, policy.len);
	text[policy.len] = '\0';
	*ret_json = text;
	return ATTEST_OK;
}

attest_status attest_policy_open(const struct attest_document *signed_policy, const void *key_pem, size_t key_len,
				 char **ret_json, struct attest_error *error)
{
	struct arena arena = {NULL};
	struct policy_keys keys = {.n = 0};
	struct attest_error e = {0};
	struct slice policy = {NULL, 0};
	attest_status status;

	ERR_clear_error();
	status = policy_keys_add(&keys, slice_of(key_pem, key_len), &e);
	if (status != ATTEST_OK && !status_is_internal(status))
		error_where(&e, "key");
	if (status == ATTEST_OK)
		status = signed_policy_open(&arena, slice_of(signed_policy->data, signed_policy->len), &keys, &policy,
					    &e);
	if (status == ATTEST_OK)
		status = copy_out(policy, ret_json, &e);
	policy_keys_clear(&keys);
	arena_free(&arena);
	return given(status, &e, error);
}
