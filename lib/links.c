/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the certificates of the path say that more is published, for a caller with a network.
 */
#include "base/text.h"
#include "evidence/places.h"
#include "run.h"

static void tell(struct run *run, attest_link_kind kind, const struct certificate *c, const struct places *places)
{
	attest_result *r = run->result;
	const char *subject = places->n == 0 ? "" : printable(&r->arena, slice_of_string(c->subject), 512);

	if (subject == NULL)
		run->findings->internal = ATTEST_E_NO_MEMORY;
	for (size_t i = 0; subject != NULL && i < places->n && r->n_links < LIMIT_LINKS; i++)
		r->links[r->n_links++] = (struct attest_link){kind, places->urls[i], subject};
}

static void tell_places(struct run *run, attest_link_kind kind, const struct certificate *c)
{
	struct places places = {.n = 0};
	struct attest_error e = {0};

	if (kind == ATTEST_LINK_ISSUER)
		(void)places_of_issuer(c, &run->result->arena, &places, &e);
	else
		(void)places_of_crls(c, &run->result->arena, &places, &e);
	if (e.status != ATTEST_OK)
		run->findings->internal = e.status;
	else
		tell(run, kind, c, &places);
}

void links_tell(struct run *run)
{
	const struct chain *chain = &run->chain;

	if (chain->n_path > 0 && !chain->reaches_anchor && !chain->path[chain->n_path - 1]->self_issued)
		tell_places(run, ATTEST_LINK_ISSUER, chain->path[chain->n_path - 1]);
	for (size_t i = 0; chain->reaches_anchor && i + 1 < chain->n_path; i++)
		tell_places(run, ATTEST_LINK_CRL, chain->path[i]);
}
