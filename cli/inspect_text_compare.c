/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison as text for people. */
#include <string.h>

#include "inspect.h"
#include "inspect_text.h"

static void put_subject(FILE *out, const struct view *v, size_t i)
{
	static const char *const keys[] = {"a", "b"};
	const json_t *subject = json_object_get(v->document, keys[i]);

	const json_t *problems = json_object_get(subject, "problems");

	(void)fprintf(out, "  %c  %s\n     %s, %s, SHA-256 %s\n", (char)('A' + (int)i), v->subjects[i].name,
		      text_at(subject, "kind"), text_at(subject, "source"), v->subjects[i].sha256);
	for (size_t k = 0; k < json_array_size(problems); k++) {
		(void)fputs("     ", out);
		put_colored(out, v, RED, "UNSOUND");
		(void)fprintf(out, "  %s\n", json_string_value(json_array_get(problems, k)));
	}
}

static size_t count_differing(const json_t *pcrs)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(pcrs); i++)
		n += !truth_at(json_array_get(pcrs, i), "equal");
	return n;
}

static void put_side(FILE *out, const char *side, const char *value)
{
	(void)fprintf(out, "      %s  %s\n", side, value == NULL ? "(not there)" : value);
}

static void put_software(FILE *out, const struct view *v)
{
	const json_t *software = json_object_get(v->document, "software");

	if (json_array_size(software) > 0)
		(void)fputs("\nSoftware that differs, as the events say\n", out);
	for (size_t i = 0; i < json_array_size(software); i++) {
		const json_t *item = json_array_get(software, i);

		(void)fprintf(out, "    %s\n", text_at(item, "what"));
		put_side(out, "A", text_at(item, "a"));
		put_side(out, "B", text_at(item, "b"));
	}
}

static void put_values(FILE *out, const struct view *v, const json_t *pcr)
{
	const json_t *values = json_object_get(pcr, "values");

	for (size_t i = 0; i < json_array_size(values); i++) {
		const json_t *value = json_array_get(values, i);

		if (truth_at(value, "equal")) {
			(void)fprintf(out, "    %-6s  equal: %s\n", text_at(value, "bank"), text_at(value, "a"));
			continue;
		}
		(void)fprintf(out, "    %-6s  ", text_at(value, "bank"));
		put_colored(out, v, RED, "differs");
		(void)fputc('\n', out);
		put_side(out, "A", text_at(value, "a"));
		put_side(out, "B", text_at(value, "b"));
	}
}

enum { MARGIN = 19 };

/* The fields that the other has not; without any, the digests, which then differ. */
static void put_what_differs(FILE *out, const json_t *event, const json_t *other)
{
	const json_t *fields = json_object_get(event, "fields");
	json_t *digests = json_object_get(event, "digests");
	bool any = false;

	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *field = json_array_get(fields, i);

		if (!field_differs(field, other))
			continue;
		any = true;
		(void)fprintf(out, "%*s%-16s %s%s\n", MARGIN, "", text_at(field, "name"), field_value(field),
			      truth_at(field, "proven") ? "" : "  (claimed)");
	}
	for (void *it = json_object_iter(digests); !any && it != NULL; it = json_object_iter_next(digests, it))
		(void)fprintf(out, "%*sextended %-7s %s\n", MARGIN, "", json_object_iter_key(it),
			      json_string_value(json_object_iter_value(it)));
}

static void put_difference(FILE *out, const struct view *v, const json_t *difference)
{
	const json_t *a = json_object_get(difference, "a"), *b = json_object_get(difference, "b");
	const char *type_a = text_at(a, "type"), *type_b = text_at(b, "type");
	size_t n_a = type_a == NULL ? 0 : strlen(type_a), n_b = type_b == NULL ? 0 : strlen(type_b);

	(void)fputs("    ", out);
	put_colored(out, v, YELLOW, difference_name(text_at(difference, "kind")));
	(void)fputc('\n', out);
	for (int i = 0; i < 2; i++) {
		const json_t *event = i == 0 ? a : b;

		if (event == NULL)
			continue;
		(void)fprintf(out, "      %c", "AB"[i]);
		put_event(out, v, event, (int)(n_a > n_b ? n_a : n_b));
		if (v->verbose)
			put_event_details(out, event, MARGIN);
		else if (says(difference, "kind", "changed"))
			put_what_differs(out, event, i == 0 ? b : a);
	}
}

static void put_differences(FILE *out, const struct view *v, const json_t *pcr)
{
	const json_t *differences = json_object_get(pcr, "differences");
	long long omitted = number_at(pcr, "differences_omitted");

	if (json_array_size(differences) > 0)
		(void)fputs("    events that differ; the first is where they part\n", out);
	for (size_t i = 0; i < json_array_size(differences); i++)
		put_difference(out, v, json_array_get(differences, i));
	if (omitted > 0)
		(void)fprintf(out, "    and %lld more%s\n", omitted, v->events ? "" : " (--events)");
}

static void put_pcr(FILE *out, const struct view *v, const json_t *pcr)
{
	(void)fprintf(out, "\nPCR %lld, %s: ", number_at(pcr, "index"), text_at(pcr, "meaning"));
	if (truth_at(pcr, "equal"))
		put_colored(out, v, GREEN, "equal");
	else
		put_colored(out, v, RED, "DIFFERS");
	(void)fprintf(out, "; events: %lld in A, %lld in B\n", number_at(pcr, "n_a"), number_at(pcr, "n_b"));
	put_values(out, v, pcr);
	put_differences(out, v, pcr);
}

static void put_equal_pcrs(FILE *out, const json_t *pcrs)
{
	const char *gap = " ";

	if (count_differing(pcrs) == json_array_size(pcrs))
		return;
	(void)fputs("\nEqual PCRs:", out);
	for (size_t i = 0; i < json_array_size(pcrs); i++) {
		const json_t *pcr = json_array_get(pcrs, i);

		if (!truth_at(pcr, "equal"))
			continue;
		(void)fprintf(out, "%s%lld", gap, number_at(pcr, "index"));
		gap = ", ";
	}
	(void)fputc('\n', out);
}

static bool has_problems(const json_t *document)
{
	return json_array_size(json_object_get(json_object_get(document, "a"), "problems")) +
		       json_array_size(json_object_get(json_object_get(document, "b"), "problems")) >
	       0;
}

static void put_verdict(FILE *out, const struct view *v)
{
	bool equal = truth_at(v->document, "equal");
	const json_t *pcrs = json_object_get(v->document, "pcrs");

	put_colored(out, v, equal ? GREEN : RED, equal ? "EQUAL" : "DIFFERENT");
	(void)fprintf(out, "  %zu of %zu PCRs differ", count_differing(pcrs), json_array_size(pcrs));
	if (has(v->document, "certificates_equal") && !compares_logs(v->document))
		(void)fprintf(out, "; certificates %s",
			      truth_at(v->document, "certificates_equal") ? "equal" : "differ");
	if (has(v->document, "tls_equal") && !compares_logs(v->document))
		(void)fprintf(out, "; TLS key %s", truth_at(v->document, "tls_equal") ? "equal" : "differs");
	if (has_problems(v->document))
		(void)fputs("; what is UNSOUND is equal to nothing", out);
	(void)fputc('\n', out);
}

void text_comparison(FILE *out, const struct view *v)
{
	const json_t *pcrs = json_object_get(v->document, "pcrs");

	put_verdict(out, v);
	put_subject(out, v, 0);
	put_subject(out, v, 1);
	(void)fputs("  NOT VERIFIED: neither was checked, only compared. Use attest-verify for a verdict.\n", out);
	put_software(out, v);
	for (size_t i = 0; i < json_array_size(pcrs); i++)
		if (!truth_at(json_array_get(pcrs, i), "equal") || v->pcr >= 0)
			put_pcr(out, v, json_array_get(pcrs, i));
	if (v->pcr < 0)
		put_equal_pcrs(out, pcrs);
	(void)fputc('\n', out);
	put_verdict(out, v);
	put_colored(out, v, YELLOW, "NOT VERIFIED");
	(void)fputs("  equal does not mean genuine: use attest-verify for a verdict.\n", out);
}
