/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

attest_status trust_store_init(struct trust_store *store)
{
	memset(store, 0, sizeof(*store));
	store->use_defaults = true;
	return pthread_mutex_init(&store->lock, NULL) == 0 ? ATTEST_OK : ATTEST_E_NO_MEMORY;
}

/* All added roots but the first `n`. */
static void drop_added(struct trust_store *store, size_t n)
{
	while (store->n_added > n) {
		store->n_added--;
		certificate_unref(store->added[store->n_added].certificate);
		free(store->added[store->n_added].purpose);
	}
}

void trust_store_clear(struct trust_store *store)
{
	for (size_t i = 0; i < LIMIT_CACHED_CERTIFICATES; i++)
		certificate_unref(store->cache[i]);
	drop_added(store, 0);
	free(store->added);
	(void)pthread_mutex_destroy(&store->lock);
}

/* Two or more numbers with dots between them. */
static bool is_oid(const char *text)
{
	bool digit = false, dot = false;

	for (; *text != '\0'; text++) {
		if (*text == '.') {
			if (!digit)
				return false;
			dot = true;
			digit = false;
		} else if (*text >= '0' && *text <= '9') {
			digit = true;
		} else {
			return false;
		}
	}
	return dot && digit;
}

static attest_status parse_purpose(const char *text, enum leaf_rule *ret_rule, struct attest_error *error)
{
	if (text == NULL || strcmp(text, "any") == 0)
		*ret_rule = LEAF_ANY;
	else if (strcmp(text, "none") == 0)
		*ret_rule = LEAF_NONE;
	else if (is_oid(text) && strlen(text) < 80)
		*ret_rule = LEAF_OID;
	else
		return fail(error, ATTEST_E_USAGE, NULL,
			    "the key purpose of a root is \"any\", \"none\" or a dotted OID");
	return ATTEST_OK;
}

/* It bears its own name and its own key signed it. */
static bool is_self_signed(const struct certificate *c)
{
	return c->self_issued && certificate_is_signed_by(c, c->key);
}

static attest_status add_one(struct trust_store *store, struct slice der, enum leaf_rule rule, const char *purpose,
			     struct attest_error *error)
{
	DEFER(certificate_unref_deferred) struct certificate *c = NULL;
	struct added_root *grown;
	char *oid = NULL;
	attest_status status = certificate_parse(der, false, &c, error);

	if (status != ATTEST_OK)
		return status;
	if (store->n_added == LIMIT_ROOTS)
		return fail(error, ATTEST_E_LIMIT, NULL, "more than %u added roots (LIMIT_ROOTS)", LIMIT_ROOTS);
	grown = realloc(store->added, (store->n_added + 1) * sizeof(*grown));
	if (grown == NULL)
		return fail_memory(error);
	store->added = grown;
	if (rule == LEAF_OID) {
		oid = strdup(purpose);
		if (oid == NULL)
			return fail_memory(error);
	}
	c->issuer_known = is_self_signed(c);
	if (openssl_out_of_memory()) { /* empties the queue of what a certificate that is not self-signed left there */
		free(oid);
		return fail_memory(error);
	}
	memcpy(c->issuer_spki, c->spki_sha256, 32); /* counts only if issuer_known */
	c->is_shared = true;
	grown[store->n_added++] = (struct added_root){c, c->issuer_known, rule, oid};
	(void)TRANSFER(c);
	return ATTEST_OK;
}

attest_status trust_store_add(struct trust_store *store, struct slice pem_or_der, const char *leaf_purpose,
			      struct attest_error *error)
{
	struct arena arena = {NULL};
	struct slice rest = pem_or_der, der;
	size_t n_before = store->n_added;
	enum leaf_rule rule = LEAF_ANY;
	attest_status status = parse_purpose(leaf_purpose, &rule, error);
	bool more = pem_find_first(&rest);

	if (status != ATTEST_OK)
		return status;
	if (!more)
		status = add_one(store, rest, rule, leaf_purpose, error);
	for (; status == ATTEST_OK && more; more = pem_find(&rest)) {
		status = pem_next(&arena, &rest, "CERTIFICATE", &der, error);
		if (status == ATTEST_OK)
			status = add_one(store, der, rule, leaf_purpose, error);
	}
	arena_free(&arena);
	if (status != ATTEST_OK)
		drop_added(store, n_before);
	if (status == ATTEST_E_ENCODING || status == ATTEST_E_CERTIFICATE)
		status = error->status = ATTEST_E_ROOT_INVALID;
	return status;
}

struct certificate *trust_store_lookup(struct trust_store *store, const uint8_t der_sha256[32])
{
	struct certificate *found = NULL;

	(void)pthread_mutex_lock(&store->lock);
	for (size_t i = 0; found == NULL && i < LIMIT_CACHED_CERTIFICATES && store->cache[i] != NULL; i++)
		if (memcmp(store->cache[i]->der_sha256, der_sha256, 32) == 0)
			found = certificate_ref(store->cache[i]);
	(void)pthread_mutex_unlock(&store->lock);
	return found;
}

static bool is_cached(const struct trust_store *store, const struct certificate *certificate)
{
	for (size_t i = 0; i < LIMIT_CACHED_CERTIFICATES && store->cache[i] != NULL; i++)
		if (memcmp(store->cache[i]->der_sha256, certificate->der_sha256, 32) == 0)
			return true;
	return false;
}

void trust_store_remember(struct trust_store *store, struct certificate *certificate)
{
	(void)pthread_mutex_lock(&store->lock);
	if (!is_cached(store, certificate)) {
		certificate->is_shared = true;
		certificate_unref(store->cache[store->next]);
		store->cache[store->next] = certificate_ref(certificate);
		store->next = (store->next + 1) % LIMIT_CACHED_CERTIFICATES;
	}
	(void)pthread_mutex_unlock(&store->lock);
}
