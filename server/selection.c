/* SPDX-License-Identifier: Apache-2.0 */
/* PCR selections as people write them, as in tpm2-tools but for ranges. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tpm.h"

static bool take_number(const char **text, unsigned *ret_number)
{
	char *end;
	unsigned long number;

	if (!isdigit((unsigned char)**text))
		return false;
	number = strtoul(*text, &end, 10);
	if (number >= N_PCRS)
		return false;
	*text = end;
	*ret_number = (unsigned)number;
	return true;
}

/* "7" or "0-7" */
static bool take_range(const char **text, uint32_t *pcrs)
{
	unsigned first, last;

	if (!take_number(text, &first))
		return false;
	last = first;
	if (**text == '-') {
		(*text)++;
		if (!take_number(text, &last) || last < first)
			return false;
	}
	for (unsigned pcr = first; pcr <= last; pcr++)
		*pcrs |= 1u << pcr;
	return true;
}

static bool take_bank(const char **text, struct pcr_selection *selection)
{
	char name[8] = "";
	size_t len = strcspn(*text, ":"), at;

	if (len >= sizeof(name) || (*text)[len] == '\0')
		return false;
	memcpy(name, *text, len);
	at = digest_index(digest_alg(name));
	if (at >= N_ALGORITHMS)
		return false;
	*text += len + 1;
	while (take_range(text, &selection->pcrs[at])) {
		if (**text != ',')
			return true;
		(*text)++;
	}
	return false;
}

attest_status pcr_selection_parse(const char *text, struct pcr_selection *ret_selection, struct attest_error *error)
{
	struct pcr_selection selection = {0};
	const char *rest = text;

	while (take_bank(&rest, &selection)) {
		if (*rest == '\0') {
			*ret_selection = selection;
			return ATTEST_OK;
		}
		if (*rest++ != '+')
			break;
	}
	error_expected(error, "such as sha256:0-15 or sha256:0,4,14,15+sha384:0-7, PCRs 0 to 23, banks sha1 to sha512");
	error_found(error, "%s", text);
	return fail(error, ATTEST_E_USAGE, NULL, "this is no selection of PCRs");
}
