/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 5280. The path runs from the AK certificate to a certificate whose key is pinned. Several issuers may share a
 * name (Google's do), so an issuer is one whose key really verifies the signature.
 */
#include "chain.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "base/text.h"
#include "evidence/key.h"
#include "evidence/x509.h"

static const char step_clause[] = "RFC 5280, 6.1";

static void where(const struct certificate *c, size_t i, struct attest_error *error)
{
	char subject[120];

	error_where(error, "certificate %zu of the path (%s)", i,
		    printable_to(slice_of_string(c->subject), subject, sizeof(subject)));
}

void chain_where(const struct chain *chain, size_t i, struct attest_error *error)
{
	where(chain->path[i], i, error);
}

/* A finding about path[i]. */
__attribute__((format(printf, 7, 8))) static void chain_error(struct findings *findings, const struct certificate *c,
							      size_t i, attest_status status, const char *clause,
							      const char *hint, const char *format, ...)
{
	struct attest_error e = {0};
	char message[240];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	where(c, i, &e);
	(void)fail(&e, status, clause, "%s", message);
	finding_error(findings, ATTEST_STEP_CHAIN, &e, hint);
}

/* From the cache, or parsed. */
static attest_status read_one(struct trust_store *store, struct slice der, bool allow_padding,
			      struct certificate **ret_certificate, struct attest_error *error)
{
	struct digest digest;
	struct certificate *known;
	attest_status status = digest_compute(ALG_SHA256, &der, 1, &digest, error);

	if (status != ATTEST_OK)
		return status;
	known = trust_store_lookup(store, digest.bytes);
	if (known == NULL)
		return certificate_parse(der, allow_padding, ret_certificate, error);
	*ret_certificate = known;
	return ATTEST_OK;
}

void chain_read(struct chain *chain, struct trust_store *store, const struct slice *ders, size_t n,
		struct findings *findings)
{
	for (size_t i = 0; i < n; i++) {
		struct attest_error e = {0};
		struct certificate *c = NULL;

		if (read_one(store, ders[i], i == 0, &c, &e) != ATTEST_OK) {
			error_where(&e, "certificate %zu of the proof", i);
			finding_error(findings, ATTEST_STEP_CHAIN, &e, NULL);
		}
		if (c == NULL && i == 0)
			return; /* without the AK's own, the others lead nowhere */
		if (c != NULL)
			chain->certificates[chain->n_certificates++] = c;
	}
	chain->n_of_proof = chain->n_certificates;
}

/* What the caller gives, as it is read. */
struct giving {
	struct chain *chain;
	struct trust_store *store;
	size_t n, bytes;
};

static attest_status add_given(void *context, struct slice der, struct attest_error *error)
{
	struct giving *g = context;
	struct certificate *c = NULL;
	attest_status status;

	g->bytes += der.len;
	if (g->n++ == LIMIT_CERTIFICATES)
		return fail(error, ATTEST_E_LIMIT, NULL, "more than %u certificates were given (LIMIT_CERTIFICATES)",
			    LIMIT_CERTIFICATES);
	if (g->bytes > LIMIT_CHAIN_BYTES)
		return fail(error, ATTEST_E_LIMIT, NULL,
			    "certificates of more than %u bytes were given (LIMIT_CHAIN_BYTES)", LIMIT_CHAIN_BYTES);
	status = read_one(g->store, der, false, &c, error);
	if (status == ATTEST_OK)
		g->chain->certificates[g->chain->n_certificates++] = c;
	return status;
}

void chain_read_given(struct chain *chain, struct trust_store *store, const struct attest_bytes *given, size_t n,
		      struct findings *findings)
{
	struct giving g = {.chain = chain, .store = store};
	struct attest_error e = {0};

	if (chain->n_certificates == 0) /* none of them can take the place of the AK's own */
		return;
	for (size_t i = 0; e.status == ATTEST_OK && i < n; i++)
		if (pem_or_der(slice_of(given[i].data, given[i].len), "CERTIFICATE", LIMIT_CHAIN_BYTES, add_given, &g,
			       &e) != ATTEST_OK)
			error_where(&e, "certificates given, number %zu", i);
	if (e.status != ATTEST_OK)
		finding_error(findings, ATTEST_STEP_CHAIN, &e, NULL);
}

void chain_clear(struct chain *chain)
{
	for (size_t i = 0; i < chain->n_certificates; i++)
		certificate_unref(chain->certificates[i]);
	chain->n_certificates = 0;
}

/* Is `issuer` the one that signed `c`? What was verified is noted in `c`. */
static bool is_issuer(const struct certificate *issuer, struct certificate *c)
{
	if (!certificate_names_issuer(c, issuer))
		return false;
	if (c->issuer_known)
		return memcmp(c->issuer_spki, issuer->spki_sha256, 32) == 0;
	if (!certificate_is_signed_by(c, issuer->key))
		return false;
	if (!c->is_shared) {
		memcpy(c->issuer_spki, issuer->spki_sha256, 32);
		c->issuer_known = true;
	}
	return true;
}

/* The caller's own certificate, not another one of its key that a proof may bring: its own constraints count. */
static const struct added_root *find_added(const struct trust_store *store, const struct certificate *c)
{
	for (size_t i = 0; i < store->n_added; i++)
		if (store->added[i].is_anchor &&
		    memcmp(store->added[i].certificate->der_sha256, c->der_sha256, 32) == 0)
			return &store->added[i];
	return NULL;
}

static const struct anchor *find_built_in(const struct trust_store *store, const struct certificate *c, bool root)
{
	const struct anchor *anchor = store->use_defaults ? anchor_find(c->spki_sha256) : NULL;

	return anchor != NULL && anchor->is_root == root ? anchor : NULL;
}

/*
 * A pinned key makes an anchor, but name, validity and constraints stand in the certificate, and the proof brought it:
 * they count if this very certificate is known, or its own signature holds.
 */
static bool is_authentic(struct certificate *c, const struct anchor *built_in, const struct added_root *added)
{
	return added != NULL || anchor_is_certificate(built_in, c->der_sha256) || is_issuer(c, c);
}

struct end {
	const struct anchor *built_in;
	const struct added_root *added;
};

static bool is_root_anchor(const struct trust_store *store, struct certificate *c, struct end *ret_end)
{
	struct end end = {find_built_in(store, c, true), find_added(store, c)};

	if ((end.built_in == NULL && end.added == NULL) || !is_authentic(c, end.built_in, end.added))
		return false;
	*ret_end = end;
	return true;
}

static bool is_valid_at(const struct certificate *c, int64_t time)
{
	return time >= c->not_before && time <= c->not_after;
}

/* Search state: every certificate of proof and store at most once. */
struct search {
	struct chain *chain;
	struct trust_store *store;
	int64_t time;
	bool used[2 * LIMIT_CERTIFICATES];
	bool used_added[LIMIT_ROOTS];
};

static struct certificate *candidate(const struct search *s, size_t i)
{
	if (i < s->chain->n_certificates)
		return s->used[i] ? NULL : s->chain->certificates[i];
	i -= s->chain->n_certificates;
	return s->used_added[i] ? NULL : s->store->added[i].certificate;
}

static struct certificate *use(struct search *s, size_t i)
{
	struct certificate *c = candidate(s, i);

	if (i < s->chain->n_certificates)
		s->used[i] = true;
	else
		s->used_added[i - s->chain->n_certificates] = true;
	return c;
}

/* Of several certificates of the issuer's key: an anchor before an intermediate, a valid one before an expired one. */
static int preference(const struct search *s, struct certificate *c)
{
	struct end ignored;

	return 2 * is_root_anchor(s->store, c, &ignored) + is_valid_at(c, s->time);
}

static struct certificate *find_issuer(struct search *s, struct certificate *c)
{
	size_t n = s->chain->n_certificates + s->store->n_added, best = n;
	int best_preference = -1;

	for (size_t i = 0; i < n; i++) {
		struct certificate *issuer = candidate(s, i);
		int p;

		if (issuer == NULL || !is_issuer(issuer, c))
			continue;
		p = preference(s, issuer);
		if (p > best_preference) {
			best = i;
			best_preference = p;
		}
	}
	return best == n ? NULL : use(s, best);
}

static void no_anchor(const struct certificate *last, size_t i, struct findings *findings)
{
	struct attest_error e = {0};
	char issuer[160];

	if (certificate_issuer_text(last, issuer, sizeof(issuer), &e) != ATTEST_OK) {
		finding_error(findings, ATTEST_STEP_CHAIN, &e, NULL);
		return;
	}
	if (last->self_issued)
		chain_error(findings, last, i, ATTEST_E_UNTRUSTED, step_clause,
			    "if you trust this root, give it with --root (attest_verifier_add_roots)",
			    "the path ends at a root that is no trust anchor");
	else
		chain_error(findings, last, i, ATTEST_E_UNTRUSTED, step_clause,
			    "give the missing issuer with --root; a certificate in the proof that bears its name did "
			    "not sign this one",
			    "the path reaches no trust anchor: nothing given signed this certificate, which names the "
			    "issuer %s",
			    issuer);
}

/* Fill chain->path; false with a finding where it reaches no anchor. */
static bool build(struct search *s, struct end *ret_end, struct findings *findings)
{
	struct chain *chain = s->chain;
	struct certificate *c = chain->certificates[0];

	s->used[0] = true;
	chain->path[0] = c;
	chain->n_path = 1;
	while (chain->n_path < LIMIT_CERTIFICATES) {
		struct certificate *issuer = find_issuer(s, c);

		if (issuer == NULL)
			break;
		c = issuer;
		chain->path[chain->n_path++] = c;
		if (is_root_anchor(s->store, c, ret_end))
			return true;
	}
	if (chain->n_path > 1) { /* the root is not in the proof: a known intermediate will do */
		const struct anchor *known = find_built_in(s->store, c, false);

		if (known != NULL && anchor_is_certificate(known, c->der_sha256)) {
			*ret_end = (struct end){known, NULL};
			return true;
		}
	}
	no_anchor(c, chain->n_path - 1, findings);
	return false;
}

static void check_time(const struct certificate *c, size_t i, int64_t time, struct findings *findings)
{
	char limit[TIME_SIZE], at[TIME_SIZE];

	if (time > c->not_after)
		chain_error(findings, c, i, ATTEST_E_EXPIRED, "RFC 5280, 4.1.2.5",
			    "an archived proof can be verified at its own time with --at TIME",
			    "expired on %s; the verification time is %s", time_text(c->not_after, limit),
			    time_text(time, at));
	if (time < c->not_before)
		chain_error(findings, c, i, ATTEST_E_NOT_YET_VALID, "RFC 5280, 4.1.2.5",
			    "check the clock, or the time given with --at",
			    "valid only from %s; the verification time is %s", time_text(c->not_before, limit),
			    time_text(time, at));
}

static void check_strength(const struct certificate *c, size_t i, bool signature_counts, struct findings *findings)
{
	struct attest_error e = {0};
	int hash = c->signature_hash;

	if (key_check_strength(c->key, &e) != ATTEST_OK)
		chain_error(findings, c, i, e.status, NULL, NULL, "%s: %s", e.message, e.found);
	if (!signature_counts)
		return;
	if (!x509_hash_is_strong(hash))
		chain_error(findings, c, i, ATTEST_E_WEAK, NULL, NULL,
			    "signed with %s; SHA-256, SHA-384 or SHA-512 is demanded",
			    hash == NID_undef ? "an unknown hash" : OBJ_nid2ln(hash));
}

static void check_ca(const struct chain *chain, size_t i, struct findings *findings)
{
	const struct certificate *c = chain->path[i];
	long below = 0;

	if (!c->is_ca)
		chain_error(findings, c, i, ATTEST_E_CONSTRAINT, "RFC 5280, 4.2.1.9", NULL,
			    "is no CA (basicConstraints), but issued a certificate of the path");
	if (c->has_key_usage && (c->key_usage & KU_KEY_CERT_SIGN) == 0)
		chain_error(findings, c, i, ATTEST_E_KEY_USAGE, "RFC 5280, 4.2.1.3", NULL,
			    "may not sign certificates (keyUsage lacks keyCertSign)");
	for (size_t k = 1; k < i; k++)
		below += !chain->path[k]->self_issued;
	if (c->path_length != CERTIFICATE_NO_PATHLEN && below > c->path_length)
		chain_error(findings, c, i, ATTEST_E_CONSTRAINT, "RFC 5280, 4.2.1.9", NULL,
			    "allows %ld intermediates below it; the path has %ld", c->path_length, below);
}

static void check_critical(const struct certificate *c, size_t i, struct findings *findings)
{
	if (c->unknown_critical != NULL)
		chain_error(findings, c, i, ATTEST_E_CONSTRAINT, "RFC 5280, 4.2", NULL,
			    "has the critical extension %s, which is not processed", c->unknown_critical);
}

static void check_purpose(const struct certificate *leaf, enum leaf_rule rule, const char *oid,
			  struct findings *findings)
{
	static const char ak_purpose[] = "2.23.133.8.3", ek_purpose[] = "2.23.133.8.1";
	const char *want = NULL;

	switch (rule) {
	case LEAF_AK_PURPOSE:
		want = certificate_has_purpose(leaf, ak_purpose) ? NULL : "2.23.133.8.3 (tcg-kp-AIKCertificate)";
		break;
	case LEAF_NONE_OR_EK:
		want = leaf->purposes == NULL || certificate_has_purpose(leaf, ek_purpose) ? NULL
											   : "none, or 2.23.133.8.1";
		break;
	case LEAF_NEVER:
		want = "no certificate under this anchor at all";
		break;
	case LEAF_ANY:
		break;
	case LEAF_NONE:
		want = leaf->purposes == NULL ? NULL : "none";
		break;
	case LEAF_OID:
		want = certificate_has_purpose(leaf, oid) ? NULL : oid;
		break;
	}
	if (want != NULL)
		chain_error(findings, leaf, 0, ATTEST_E_KEY_USAGE, "RFC 5280, 4.2.1.12", NULL,
			    "its extended key usage is \"%s\"; an AK certificate under this anchor must have %s",
			    leaf->purposes == NULL ? "" : leaf->purposes, want);
}

static void check_leaf(const struct certificate *leaf, struct findings *findings)
{
	if (leaf->is_ca || (leaf->key_usage & KU_KEY_CERT_SIGN) != 0)
		chain_error(findings, leaf, 0, ATTEST_E_CONSTRAINT, "RFC 5280, 4.2.1.9", NULL,
			    "is a CA; an attestation key is none");
	if ((leaf->key_usage & KU_DIGITAL_SIGNATURE) == 0)
		chain_error(findings, leaf, 0, ATTEST_E_KEY_USAGE, "RFC 5280, 4.2.1.3",
			    "an EK certificate cannot take the place of the AK certificate",
			    "may not sign (keyUsage lacks digitalSignature)");
}

static void check_path(struct chain *chain, const struct end *end, int64_t time, struct findings *findings)
{
	for (size_t i = 0; i < chain->n_path; i++) {
		const struct certificate *c = chain->path[i];

		check_time(c, i, time, findings);
		check_strength(c, i, !chain->reaches_anchor || i + 1 < chain->n_path, findings);
		check_critical(c, i, findings);
		if (i > 0)
			check_ca(chain, i, findings);
	}
	check_leaf(chain->path[0], findings);
	if (chain->reaches_anchor)
		check_purpose(chain->path[0], end->built_in != NULL ? end->built_in->rule : end->added->rule,
			      end->built_in != NULL ? NULL : end->added->purpose, findings);
}

static void describe(struct chain *chain, const struct end *end)
{
	chain->platform = end->built_in != NULL ? end->built_in->platform : "added";
	chain->anchor = end->built_in != NULL ? end->built_in->name
			: end->added != NULL  ? end->added->certificate->subject
					      : NULL; /* never: a path ends at one or the other */
	chain->valid_from = chain->path[0]->not_before;
	chain->valid_until = chain->path[0]->not_after;
	for (size_t i = 1; i < chain->n_path; i++) {
		if (chain->path[i]->not_before > chain->valid_from)
			chain->valid_from = chain->path[i]->not_before;
		if (chain->path[i]->not_after < chain->valid_until)
			chain->valid_until = chain->path[i]->not_after;
	}
}

static bool is_on_path(const struct chain *chain, const struct certificate *c)
{
	for (size_t i = 0; i < chain->n_path; i++)
		if (chain->path[i] == c)
			return true;
	return false;
}

/* Such a certificate was read and nothing more: the reader should not take it for checked. */
static void note_unused(const struct chain *chain, struct findings *findings)
{
	for (size_t i = 0; i < chain->n_of_proof; i++) {
		struct attest_error e = {0};
		char subject[120];

		if (is_on_path(chain, chain->certificates[i]))
			continue;
		error_where(&e, "certificate %zu of the proof (%s)", i,
			    printable_to(slice_of_string(chain->certificates[i]->subject), subject, sizeof(subject)));
		(void)fail(&e, ATTEST_E_UNTRUSTED, step_clause,
			   "the path does not use this certificate: it was not checked");
		finding_note(findings, ATTEST_STEP_CHAIN, &e, NULL);
	}
}

static void remember_path(struct chain *chain, struct trust_store *store)
{
	for (size_t i = 0; i < chain->n_certificates; i++)
		if (is_on_path(chain, chain->certificates[i]) && !chain->certificates[i]->is_shared)
			trust_store_remember(store, chain->certificates[i]);
}

bool chain_validate(struct chain *chain, struct trust_store *store, int64_t time, struct findings *findings)
{
	struct search search = {.chain = chain, .store = store, .time = time};
	struct end end = {NULL, NULL};
	struct attest_error e = {0};

	if (chain->n_certificates == 0)
		return false;
	chain->reaches_anchor = build(&search, &end, findings);
	if (openssl_out_of_memory()) { /* a signature that failed for want of memory is not a bad one */
		(void)fail_memory(&e);
		finding_error(findings, ATTEST_STEP_CHAIN, &e, NULL);
		return false;
	}
	check_path(chain, &end, time, findings);
	if (!chain->reaches_anchor || findings->step_failed[ATTEST_STEP_CHAIN])
		return false;
	describe(chain, &end);
	note_unused(chain, findings);
	remember_path(chain, store);
	return true;
}
