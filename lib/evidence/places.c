/* SPDX-License-Identifier: Apache-2.0 */
#include "places.h"

DEFINE_DEFER(AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free);
DEFINE_DEFER(CRL_DIST_POINTS, CRL_DIST_POINTS_free);

static bool is_http(struct slice url)
{
	static const char scheme[] = "http://";
	size_t n = sizeof(scheme) - 1;

	if (url.len <= n || url.len > LIMIT_URL_BYTES || !slice_equal(slice_sub(url, 0, n), slice_of_string(scheme)))
		return false;
	for (size_t i = n; i < url.len; i++)
		if (url.data[i] <= ' ' || url.data[i] > '~')
			return false;
	return true;
}

static attest_status add(const GENERAL_NAME *name, struct arena *arena, struct places *places,
			 struct attest_error *error)
{
	const ASN1_STRING *uri = name->type == GEN_URI ? name->d.uniformResourceIdentifier : NULL;
	struct slice url = {NULL, 0};

	if (uri != NULL)
		url = slice_of(ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri));
	if (!is_http(url) || places->n == LIMIT_LINKS)
		return ATTEST_OK;
	places->urls[places->n] = arena_string(arena, url);
	return places->urls[places->n++] == NULL ? fail_memory(error) : ATTEST_OK;
}

/* NULL also where it cannot be read, but for want of memory. */
static attest_status read_extension(const struct certificate *certificate, int nid, void *ret_value,
				    struct attest_error *error)
{
	struct attest_error unreadable = {0};

	return certificate_extension(certificate, nid, ret_value, &unreadable) == ATTEST_E_NO_MEMORY
		       ? fail_memory(error)
		       : ATTEST_OK;
}

attest_status places_of_issuer(const struct certificate *certificate, struct arena *arena, struct places *places,
			       struct attest_error *error)
{
	DEFER(AUTHORITY_INFO_ACCESS_free_deferred) AUTHORITY_INFO_ACCESS *access = NULL;
	attest_status status = read_extension(certificate, NID_info_access, &access, error);

	for (int i = 0; status == ATTEST_OK && i < sk_ACCESS_DESCRIPTION_num(access); i++) {
		const ACCESS_DESCRIPTION *a = sk_ACCESS_DESCRIPTION_value(access, i);

		if (OBJ_obj2nid(a->method) == NID_ad_ca_issuers)
			status = add(a->location, arena, places, error);
	}
	return status;
}

const GENERAL_NAMES *full_name(const DIST_POINT_NAME *point)
{
	return point != NULL && point->type == 0 ? point->name.fullname : NULL;
}

const GENERAL_NAMES *whole_crl_names(const DIST_POINT *point)
{
	return point->reasons == NULL && point->CRLissuer == NULL ? full_name(point->distpoint) : NULL;
}

static attest_status add_names(const GENERAL_NAMES *names, struct arena *arena, struct places *places,
			       struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	for (int i = 0; status == ATTEST_OK && i < sk_GENERAL_NAME_num(names); i++)
		status = add(sk_GENERAL_NAME_value(names, i), arena, places, error);
	return status;
}

attest_status places_of_crls(const struct certificate *certificate, struct arena *arena, struct places *places,
			     struct attest_error *error)
{
	DEFER(CRL_DIST_POINTS_free_deferred) CRL_DIST_POINTS *points = NULL;
	attest_status status = read_extension(certificate, NID_crl_distribution_points, &points, error);

	for (int i = 0; status == ATTEST_OK && i < sk_DIST_POINT_num(points); i++)
		status = add_names(whole_crl_names(sk_DIST_POINT_value(points, i)), arena, places, error);
	return status;
}
