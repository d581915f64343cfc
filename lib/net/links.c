/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying a proof, downloading what its certificates point to, and verifying it again with that. Downloads are
 * evidence like any other: the core checks their signatures, and what is missing only refuses.
 */
#include "links.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "cache.h"

#define LIMIT_ROUNDS    8u          /* of downloads: each can name the next issuer */
#define LIMIT_DOWNLOADS 24u         /* for one proof: links to issuers are whatever its author likes */
#define LIMIT_ISSUER    (64u << 10) /* a certificate is 1 to 2 KiB */
#define LIMIT_CRL       (16u << 20) /* the largest that CAs publish are some MiB */

struct downloaded {
	const char *url; /* in the arena */
	struct body body;
	bool from_cache;
};

/* What a proof is verified with, and how that was come by. */
struct gathering {
	const struct attest_net_options *to;
	struct attest_options options;
	struct attest_bytes certificates[LIMIT_CERTIFICATES], crls[LIMIT_CRLS];
	struct downloaded downloads[LIMIT_DOWNLOADS];
	bool use_cache, from_cache;         /* may be read; something of it was */
	int64_t deadline;                   /* net_clock() */
	const char *tried[LIMIT_DOWNLOADS]; /* URLs, in the arena */
	size_t n_downloads, n_tried;
	struct arena arena;
	struct attest_error failure; /* of the first download that failed */
};

DEFINE_DEFER(X509, X509_free);

static bool is_certificate(struct slice der)
{
	const uint8_t *end = der.data;
	DEFER(X509_free_deferred) X509 *certificate = d2i_X509(NULL, &end, (long)der.len);

	ERR_clear_error();
	return certificate != NULL && end == der.data + der.len;
}

/*
 * As far as its length says: one DER SEQUENCE, and nothing after it. Nobody has signed it yet, and libcrypto makes 25
 * times its size of an endless list; what it says is for the core to read.
 */
static bool is_crl(struct slice der)
{
	struct reader r = reader_of(der);
	uint8_t tag = reader_u8(&r), first = reader_u8(&r);
	size_t len = first;

	if (first >= 0x80) {
		len = 0;
		for (unsigned n = first & 0x7f; n > 0 && !r.failed && len < LIMIT_CRL; n--)
			len = len << 8 | reader_u8(&r);
	}
	return !r.failed && tag == 0x30 && first != 0x80 && r.rest.len == len;
}

static bool is_wanted_kind(enum attest_link_kind kind, struct body body)
{
	struct slice der = slice_of(body.data, body.len);

	return kind == ATTEST_LINK_ISSUER ? is_certificate(der) : is_crl(der);
}

/* What is left of the time that all downloads of a proof have together. */
static attest_status time_left(const struct gathering *gathering, const char *url, long *ret_seconds,
			       struct attest_error *error)
{
	int64_t left = gathering->deadline - net_clock();

	if (left > 0) {
		*ret_seconds = left < 1000 ? 1 : (long)(left / 1000);
		return ATTEST_OK;
	}
	error_where(error, "%.160s", url);
	return fail(error, ATTEST_E_IO, NULL, "no time was left for this download: all have %u seconds together",
		    gathering->to->timeout);
}

static attest_status download(const struct gathering *gathering, const struct attest_link *link, struct body *ret_body,
			      struct attest_error *error)
{
	bool is_issuer = link->kind == ATTEST_LINK_ISSUER;
	struct transfer transfer = {
		.url = link->url,
		.channel = {.plain = true, .proxy = gathering->to->proxy},
		.limit = is_issuer ? LIMIT_ISSUER : LIMIT_CRL,
		.limit_name = is_issuer ? "LIMIT_ISSUER" : "LIMIT_CRL"
        };
	struct body body = {NULL, 0};
	attest_status status = time_left(gathering, link->url, &transfer.timeout, error);

	if (status == ATTEST_OK)
		status = transfer_run(&transfer, &body, error);
	if (status != ATTEST_OK)
		return status;
	if (is_wanted_kind(link->kind, body)) {
		*ret_body = body;
		return ATTEST_OK;
	}
	free(body.data);
	error_where(error, "%.160s", link->url);
	return fail(error, is_issuer ? ATTEST_E_CERTIFICATE : ATTEST_E_CRL, NULL, "what was downloaded is no %s in DER",
		    is_issuer ? "certificate" : "CRL");
}

/* From the cache, else from the network. Whether it is good is known only after the verdict. */
static attest_status obtain(const struct gathering *gathering, const struct attest_link *link,
			    struct downloaded *ret_item, struct attest_error *error)
{
	size_t limit = link->kind == ATTEST_LINK_ISSUER ? LIMIT_ISSUER : LIMIT_CRL;
	struct body body = {NULL, 0};

	if (gathering->use_cache && cache_read(gathering->to->cache, link->url, limit, &body)) {
		if (is_wanted_kind(link->kind, body)) {
			ret_item->body = body;
			ret_item->from_cache = true;
			return ATTEST_OK;
		}
		free(body.data);
	}
	return download(gathering, link, &ret_item->body, error);
}

static bool wanted(const struct gathering *gathering, const struct attest_link *link)
{
	unsigned flag = link->kind == ATTEST_LINK_ISSUER ? ATTEST_NET_AIA : ATTEST_NET_CRLS;
	bool is_issuer = link->kind == ATTEST_LINK_ISSUER;

	if ((gathering->to->flags & flag) == 0 || gathering->n_tried == LIMIT_DOWNLOADS)
		return false;
	if (is_issuer ? gathering->options.n_certificates >= LIMIT_CERTIFICATES
		      : gathering->options.n_crls >= LIMIT_CRLS)
		return false;
	for (size_t i = 0; i < gathering->n_tried; i++)
		if (strcmp(gathering->tried[i], link->url) == 0)
			return false;
	return true;
}

static attest_status add(struct gathering *gathering, const struct attest_link *link, bool *ret_added,
			 struct attest_error *error)
{
	const char *url = arena_string(&gathering->arena, slice_of_string(link->url));
	struct attest_error failure = {0};
	struct downloaded item = {0};
	struct attest_bytes bytes;

	if (url == NULL)
		return fail_memory(error);
	gathering->tried[gathering->n_tried++] = url;
	if (obtain(gathering, link, &item, &failure) != ATTEST_OK) {
		if (status_is_internal(failure.status)) {
			*error = failure;
			return failure.status;
		}
		if (gathering->failure.status == ATTEST_OK || net_clock() >= gathering->deadline)
			gathering->failure = failure;
		return ATTEST_OK;
	}
	item.url = url;
	gathering->from_cache = gathering->from_cache || item.from_cache;
	gathering->downloads[gathering->n_downloads++] = item;
	bytes = (struct attest_bytes){item.body.data, item.body.len};
	if (link->kind == ATTEST_LINK_ISSUER)
		gathering->certificates[gathering->options.n_certificates++] = bytes;
	else
		gathering->crls[gathering->options.n_crls++] = bytes;
	*ret_added = true;
	return ATTEST_OK;
}

/* All that a result points to and that was not tried yet. */
static attest_status follow(struct gathering *gathering, const attest_result *result, bool *ret_added,
			    struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	*ret_added = false;
	for (size_t i = 0; status == ATTEST_OK && i < attest_result_n_links(result); i++) {
		const struct attest_link *link = attest_result_link(result, i);

		if (wanted(gathering, link))
			status = add(gathering, link, ret_added, error);
	}
	return status;
}

static void begin(struct gathering *gathering, const struct attest_options *options)
{
	gathering->options = *options;
	if (options->n_certificates <= LIMIT_CERTIFICATES && options->n_crls <= LIMIT_CRLS) { /* else it is refused */
		for (size_t i = 0; i < options->n_certificates; i++)
			gathering->certificates[i] = options->certificates[i];
		for (size_t i = 0; i < options->n_crls; i++)
			gathering->crls[i] = options->crls[i];
		gathering->options.certificates = gathering->certificates;
		gathering->options.crls = gathering->crls;
	}
	if ((gathering->to->flags & ATTEST_NET_CRLS) != 0)
		gathering->options.require_crls = 1;
}

static attest_status rounds(struct gathering *gathering, attest_verifier *verifier, struct slice proof,
			    attest_result **result, struct attest_error *error)
{
	attest_status status = ATTEST_E_INTERNAL, followed = ATTEST_OK;
	bool added = true;

	for (unsigned n = 0; added; n++) {
		attest_result_free(TRANSFER(*result));
		error_clear(error);
		status = attest_verify(verifier, &gathering->options, proof.data, proof.len, result, error);
		added = false;
		if (*result != NULL && n < LIMIT_ROUNDS)
			followed = follow(gathering, *result, &added, error);
		if (followed != ATTEST_OK) {
			attest_result_free(TRANSFER(*result));
			return followed;
		}
	}
	return status;
}

/* A refusal for want of something says why it could not be had. */
static void explain(const struct gathering *gathering, struct attest_error *error)
{
	const struct attest_error *failure = &gathering->failure;
	struct attest_error told = {.status = error->status, .clause = error->clause};

	if (failure->status == ATTEST_OK || (error->status != ATTEST_E_CRL && error->status != ATTEST_E_UNTRUSTED))
		return;
	memcpy(told.where, failure->where, sizeof(told.where));
	memcpy(told.message, failure->message, sizeof(told.message));
	memcpy(told.expected, failure->expected, sizeof(told.expected));
	memcpy(told.found, failure->found, sizeof(told.found));
	*error = told;
}

static bool chain_holds(const attest_result *result)
{
	return attest_result_step(result, ATTEST_STEP_CHAIN) == ATTEST_PASSED;
}

/* What a chain holds with; what somebody between has put in its place is asked for again the next time. */
static void keep(const struct gathering *gathering)
{
	for (size_t i = 0; i < gathering->n_downloads; i++) {
		const struct downloaded *item = &gathering->downloads[i];

		if (!item->from_cache)
			cache_write(gathering->to->cache, item->url, slice_of(item->body.data, item->body.len));
	}
}

static void clear(struct gathering *gathering)
{
	for (size_t i = 0; i < gathering->n_downloads; i++)
		free(gathering->downloads[i].body.data);
	arena_free(&gathering->arena);
	gathering->n_downloads = gathering->n_tried = 0;
	gathering->from_cache = false;
	error_clear(&gathering->failure);
}

attest_status verify_with_downloads(attest_verifier *verifier, const struct attest_options *options, struct slice proof,
				    const struct attest_net_options *net_options, attest_result **ret_result,
				    struct attest_error *error)
{
	struct gathering gathering = {
		.to = net_options, .use_cache = true, .deadline = net_clock() + (int64_t)net_options->timeout * 1000};
	attest_result *result = NULL;
	attest_status status;

	begin(&gathering, options);
	status = rounds(&gathering, verifier, proof, &result, error);
	if (gathering.from_cache && result != NULL && status != ATTEST_E_REVOKED && !chain_holds(result)) {
		clear(&gathering);
		gathering.use_cache = false;
		begin(&gathering, options);
		status = rounds(&gathering, verifier, proof, &result, error);
	}
	if (result != NULL && chain_holds(result))
		keep(&gathering);
	if (status != ATTEST_OK)
		explain(&gathering, error);
	clear(&gathering);
	if (ret_result != NULL && result != NULL)
		*ret_result = result;
	else
		attest_result_free(result);
	return status;
}

attest_status attest_net_verify(attest_verifier *verifier, const struct attest_options *options, const void *proof,
				size_t len, const struct attest_net_options *net_options, attest_result **ret_result,
				struct attest_error *error)
{
	const struct attest_net_options *to = net_options_or_default(net_options);
	struct attest_error e = {0};
	attest_status status = net_check_options(to, &e);

	if (status == ATTEST_OK)
		status = net_begin(&e);
	if (status == ATTEST_OK)
		status = verify_with_downloads(verifier, options, slice_of(proof, len), to, ret_result, &e);
	return net_given(status, &e, error);
}
