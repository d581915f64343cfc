/* SPDX-License-Identifier: Apache-2.0 */
#include "revocation.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "base/text.h"
#include "evidence/x509.h"

static attest_status add(void *context, struct slice der, struct attest_error *error)
{
	struct revocation *r = context;
	attest_status status;

	if (r->n == LIMIT_CRLS)
		return fail(error, ATTEST_E_LIMIT, NULL, "more than %u CRLs were given (LIMIT_CRLS)", LIMIT_CRLS);
	r->bytes += der.len;
	if (r->bytes > LIMIT_CRL_BYTES)
		return fail(error, ATTEST_E_LIMIT, NULL, "CRLs of more than %u bytes were given (LIMIT_CRL_BYTES)",
			    LIMIT_CRL_BYTES);
	status = crl_parse(der, &r->crls[r->n], error);
	if (status == ATTEST_OK)
		r->n++;
	return status;
}

void revocation_read(struct revocation *revocation, const struct attest_bytes *given, size_t n,
		     struct findings *findings)
{
	struct attest_error e = {0};

	for (size_t i = 0; e.status == ATTEST_OK && i < n; i++)
		if (pem_or_der(slice_of(given[i].data, given[i].len), "X509 CRL", LIMIT_CRL_BYTES, add, revocation,
			       &e) != ATTEST_OK)
			error_where(&e, "CRLs given, number %zu", i);
	if (e.status != ATTEST_OK)
		finding_error(findings, ATTEST_STEP_CHAIN, &e, NULL);
}

void revocation_clear(struct revocation *revocation)
{
	for (size_t i = 0; i < revocation->n; i++)
		crl_free(revocation->crls[i]);
	revocation->n = 0;
}

static attest_status check_signature(const struct crl *crl, const struct certificate *issuer,
				     struct attest_error *error)
{
	int hash = crl->signature_hash;

	if (issuer->has_key_usage && (issuer->key_usage & KU_CRL_SIGN) == 0)
		return fail(error, ATTEST_E_CRL, "RFC 5280, 4.2.1.3",
			    "its issuer may not sign CRLs (keyUsage lacks cRLSign)");
	if (!x509_hash_is_strong(hash))
		return fail(error, ATTEST_E_CRL, NULL, "signed with %s; SHA-256, SHA-384 or SHA-512 is demanded",
			    hash == NID_undef ? "an unknown hash" : OBJ_nid2ln(hash));
	if (!crl_is_signed_by(crl, issuer->key))
		return fail_openssl(error, ATTEST_E_CRL, "RFC 5280, 6.3.3 (g)",
				    "its signature does not verify with the key of the issuer");
	return ATTEST_OK;
}

static attest_status check_dates(const struct crl *crl, int64_t time, struct attest_error *error)
{
	char limit[TIME_SIZE], at[TIME_SIZE];

	if (time < crl->this_update)
		return fail(error, ATTEST_E_CRL, "RFC 5280, 5.1.2.4", "made only on %s; the verification time is %s",
			    time_text(crl->this_update, limit), time_text(time, at));
	if (!crl->has_next_update)
		return fail(error, ATTEST_E_CRL, "RFC 5280, 5.1.2.5",
			    "it does not say how long it is valid (nextUpdate)");
	if (time > crl->next_update)
		return fail(error, ATTEST_E_CRL, "RFC 5280, 5.1.2.5", "expired on %s; the verification time is %s",
			    time_text(crl->next_update, limit), time_text(time, at));
	return ATTEST_OK;
}

/* What the CRL says of a certificate; the dates of the CRL count only for one that it does not list. */
static attest_status consult(const struct crl *crl, const struct certificate *c, const struct certificate *issuer,
			     int64_t time, struct crl_entry *ret_entry, struct attest_error *error)
{
	attest_status status = check_signature(crl, issuer, error);

	if (status == ATTEST_OK)
		status = crl_check_scope(crl, c, error);
	if (status == ATTEST_OK)
		status = crl_find(crl, c, ret_entry, error);
	if (status == ATTEST_OK && !ret_entry->listed)
		status = check_dates(crl, time, error);
	return status;
}

/* What all CRLs together say of one certificate. */
struct answer {
	bool covered;
	int64_t until; /* latest nextUpdate of those that cover it */
	struct crl_entry entry;
	size_t first_useless; /* of those that its issuer seems to have made; or r->n */
};

static attest_status ask(struct revocation *r, const struct chain *chain, size_t i, int64_t time,
			 struct answer *ret_answer)
{
	const struct certificate *c = chain->path[i], *issuer = chain->path[i + 1];
	struct answer answer = {.first_useless = r->n};

	for (size_t k = 0; k < r->n; k++) {
		struct crl_entry entry = {.listed = false};
		struct attest_error e = {0};

		if (!crl_names_issuer(r->crls[k], issuer))
			continue;
		if (consult(r->crls[k], c, issuer, time, &entry, &e) == ATTEST_OK) {
			r->settled[k] = answer.covered = true;
			if (entry.listed)
				answer.entry = entry;
			if (r->crls[k]->next_update > answer.until)
				answer.until = r->crls[k]->next_update;
			continue;
		}
		if (status_is_internal(e.status))
			return e.status;
		if (r->useless[k].status == ATTEST_OK)
			r->useless[k] = e;
		if (answer.first_useless == r->n)
			answer.first_useless = k;
	}
	*ret_answer = answer;
	return ATTEST_OK;
}

static void tell_revoked(const struct crl_entry *entry, struct attest_error *e)
{
	char when[TIME_SIZE];

	(void)fail(e, ATTEST_E_REVOKED, "RFC 5280, 5.3", "its issuer has revoked it, as of %s (reason: %s)",
		   time_text(entry->time, when), entry->reason);
}

static void tell_uncovered(struct revocation *r, size_t k, struct attest_error *e)
{
	(void)fail(e, ATTEST_E_CRL, "RFC 5280, 6.3.3",
		   k == r->n ? "it names a CRL, and none of its issuer was given"
			     : "it names a CRL, and none that was given can be used");
	if (k == r->n)
		return;
	error_found(e, "CRL %zu: %s", k, r->useless[k].message);
	r->settled[k] = true;
}

static void conclude(struct revocation *r, const struct chain *chain, size_t i, bool required,
		     const struct answer *answer, struct findings *findings)
{
	struct attest_error e = {0};

	chain_where(chain, i, &e);
	if (answer->entry.listed) {
		tell_revoked(&answer->entry, &e);
		finding_error(findings, ATTEST_STEP_CHAIN, &e,
			      "ask the operator for a proof with a certificate that is not revoked");
	} else if (required && !answer->covered &&
		   certificate_has_extension(chain->path[i], NID_crl_distribution_points)) {
		tell_uncovered(r, answer->first_useless, &e);
		finding_error(findings, ATTEST_STEP_CHAIN, &e,
			      "give the present CRL of its issuer (--crl); the links of the result say where it is");
	} else if (required && !answer->covered) {
		(void)fail(&e, ATTEST_E_CRL, "RFC 5280, 4.2.1.13", "names no CRL: its revocation cannot be checked");
		finding_note(findings, ATTEST_STEP_CHAIN, &e, NULL);
	}
}

/* Such a CRL was given and decided nothing: the reader should not take it for looked at. */
static void note_useless(const struct revocation *r, struct findings *findings)
{
	for (size_t k = 0; k < r->n; k++) {
		struct attest_error e = r->useless[k];
		char issuer[120];

		if (r->settled[k])
			continue;
		e.where[0] = '\0';
		error_where(&e, "CRL %zu (%s)", k,
			    printable_to(slice_of_string(r->crls[k]->issuer_text), issuer, sizeof(issuer)));
		(void)fail(&e, ATTEST_E_CRL, NULL, "not used: no issuer of the path made it");
		finding_note(findings, ATTEST_STEP_CHAIN, &e, NULL);
	}
}

bool revocation_check(struct revocation *revocation, struct chain *chain, bool required, int64_t time,
		      struct findings *findings)
{
	for (size_t i = 0; i + 1 < chain->n_path; i++) {
		struct answer answer = {.covered = false};
		struct attest_error e = {.status = ask(revocation, chain, i, time, &answer)};

		if (e.status != ATTEST_OK) {
			finding_error(findings, ATTEST_STEP_CHAIN, &e, NULL);
			return false;
		}
		conclude(revocation, chain, i, required, &answer, findings);
		if (required && answer.covered && answer.until < chain->valid_until)
			chain->valid_until = answer.until;
	}
	note_useless(revocation, findings);
	return !findings->step_failed[ATTEST_STEP_CHAIN];
}
