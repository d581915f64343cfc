/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison as one page for people. */
#include <string.h>

#include "inspect.h"
#include "inspect_html.h"

static size_t count_differing(const json_t *pcrs)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(pcrs); i++)
		n += !truth_at(json_array_get(pcrs, i), "equal");
	return n;
}

static void put_equal(FILE *out, bool equal)
{
	html_badge(out, equal ? "good" : "bad", equal ? "=" : "\xe2\x89\xa0", equal ? "equal" : "differs");
}

static void put_subject(FILE *out, const struct view *v, size_t i)
{
	const json_t *subject = json_object_get(v->document, i == 0 ? "a" : "b");
	const json_t *problems = json_object_get(subject, "problems");

	HTML(out, "<p class=\"lead\"><span class=\"ab\">$</span>$ <span>($, <code>$</code>)</span></p>\n",
	     i == 0 ? "A" : "B", v->subjects[i].name, text_at(subject, "kind"), text_at(subject, "source"));
	for (size_t k = 0; k < json_array_size(problems); k++)
		HTML(out,
		     "<p class=\"alarm\"><strong><span aria-hidden=\"true\">&#9888; </span>$ is unsound.</strong> "
		     "$</p>\n",
		     i == 0 ? "A" : "B", json_string_value(json_array_get(problems, k)));
}

static void put_tile(FILE *out, const struct view *v, const char *key, const char *what)
{
	bool equal = truth_at(v->document, key);

	if (has(v->document, key) && !compares_logs(v->document))
		HTML(out, "<li class=\"$\"><b>$</b> $</li>\n", equal ? "good" : "bad", equal ? "equal" : "differ",
		     what);
}

static void put_summary(FILE *out, const struct view *v)
{
	const json_t *pcrs = json_object_get(v->document, "pcrs");
	long long n = (long long)count_differing(pcrs);

	HTML(out, "<h1>$</h1>\n", truth_at(v->document, "equal") ? "The two are equal" : "The two differ");
	put_subject(out, v, 0);
	put_subject(out, v, 1);
	HTML(out, "<ul class=\"tiles\">\n<li class=\"$\"><b>$ of $</b> PCRs differ</li>\n", n == 0 ? "good" : "bad",
	     NUMBER(n), NUMBER((long long)json_array_size(pcrs)));
	put_tile(out, v, "certificates_equal", "certificates");
	put_tile(out, v, "tls_equal", "TLS keys");
	HTML(out, "<li><b>$</b> statements about software differ</li>\n</ul>\n",
	     NUMBER((long long)json_array_size(json_object_get(v->document, "software"))));
}

static void put_software(FILE *out, const struct view *v)
{
	const json_t *software = json_object_get(v->document, "software");

	if (json_array_size(software) == 0)
		return;
	(void)fputs(
		"<section id=\"software\"><h2>Software that differs</h2>\n<p>As the events say.</p>\n<div "
		"class=\"box\"><table class=\"cards\"><thead><tr><th scope=\"col\">What</th><th scope=\"col\">In A</th>"
		"<th scope=\"col\">In B</th></tr></thead><tbody>\n",
		out);
	for (size_t i = 0; i < json_array_size(software); i++) {
		const json_t *item = json_array_get(software, i);
		const char *a = text_at(item, "a"), *b = text_at(item, "b"), *what = text_at(item, "what");

		(void)fputs("<tr><th scope=\"row\">", out);
		put_title(out, what == NULL ? "" : what); /* words of the library's own */
		HTML(out,
		     "</th><td data-label=\"In A\" class=\"value\">$</td><td data-label=\"In B\" "
		     "class=\"value\">$</td></tr>\n",
		     a == NULL ? "(not there)" : a, b == NULL ? "(not there)" : b);
	}
	(void)fputs("</tbody></table></div></section>\n", out);
}

static void put_value(FILE *out, const json_t *pcr, const json_t *value)
{
	const char *a = text_at(value, "a"), *b = text_at(value, "b");
	bool equal = truth_at(value, "equal");

	HTML(out,
	     "<tr class=\"$\"><th scope=\"row\">$</th><td data-label=\"Stands for\">$</td><td "
	     "data-label=\"Bank\" class=\"bank\">$</td><td data-label=\"State\">",
	     equal ? "" : "contradicted", NUMBER(number_at(pcr, "index")), text_at(pcr, "meaning"),
	     text_at(value, "bank"));
	put_equal(out, equal);
	(void)fputs("</td><td data-label=\"Value\" class=\"bits\">", out);
	if (equal)
		HTML(out, "<span class=\"hex\">$</span>", a);
	else
		HTML(out,
		     "<div class=\"pair\"><span class=\"ab\">A</span><span class=\"hex\">$</span></div><div "
		     "class=\"pair\"><span class=\"ab\">B</span><span class=\"hex\">$</span></div>",
		     a == NULL ? "(not there)" : a, b == NULL ? "(not there)" : b);
	(void)fputs("</td></tr>\n", out);
}

/* The values that are equal, or those that are not. */
static void put_values(FILE *out, const json_t *pcrs, bool equal)
{
	(void)fputs("<div class=\"box\"><table class=\"cards pcrs pairs\"><thead><tr><th scope=\"col\">PCR</th><th "
		    "scope=\"col\">Stands for</th><th scope=\"col\">Bank</th><th scope=\"col\">State</th><th "
		    "scope=\"col\">Value</th></tr></thead><tbody>\n",
		    out);
	for (size_t i = 0; i < json_array_size(pcrs); i++) {
		const json_t *pcr = json_array_get(pcrs, i), *values = json_object_get(pcr, "values");

		for (size_t k = 0; k < json_array_size(values); k++)
			if (truth_at(json_array_get(values, k), "equal") == equal)
				put_value(out, pcr, json_array_get(values, k));
	}
	(void)fputs("</tbody></table></div>\n", out);
}

static size_t count_values(const json_t *pcrs, bool equal)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(pcrs); i++) {
		const json_t *values = json_object_get(json_array_get(pcrs, i), "values");

		for (size_t k = 0; k < json_array_size(values); k++)
			n += truth_at(json_array_get(values, k), "equal") == equal;
	}
	return n;
}

static void put_pcrs(FILE *out, const struct view *v)
{
	const json_t *pcrs = json_object_get(v->document, "pcrs");
	size_t n_equal = count_values(pcrs, true), n_differing = count_values(pcrs, false);

	if (json_array_size(pcrs) == 0)
		return;
	(void)fputs("<section id=\"pcrs\"><h2>PCRs</h2>\n", out);
	if (n_differing > 0)
		put_values(out, pcrs, false);
	else
		(void)fputs("<p>No value differs.</p>\n", out);
	if (n_equal > 0) {
		HTML(out, "<details class=\"fold\"><summary>Equal values ($)</summary>\n", NUMBER((long long)n_equal));
		put_values(out, pcrs, true);
		(void)fputs("</details>\n", out);
	}
	(void)fputs("</section>\n", out);
}

static void put_side(FILE *out, const struct view *v, const json_t *difference, const char *key, const char *side)
{
	const json_t *event = json_object_get(difference, key);
	const json_t *other = json_object_get(difference, key[0] == 'a' ? "b" : "a");

	if (event == NULL)
		return;
	HTML(out, "<div class=\"pair\"><span class=\"ab\">$</span>", side);
	html_event(out, v, event, says(difference, "kind", "changed") ? other : NULL, false);
	(void)fputs("</div>\n", out);
}

static void put_differences(FILE *out, const struct view *v, const json_t *pcr)
{
	const json_t *differences = json_object_get(pcr, "differences");
	long long omitted = number_at(pcr, "differences_omitted");

	if (json_array_size(differences) == 0)
		return;
	HTML(out, "<h3>PCR $: $</h3>\n<p class=\"place\">$ events in A, $ in B</p>\n", NUMBER(number_at(pcr, "index")),
	     text_at(pcr, "meaning"), NUMBER(number_at(pcr, "n_a")), NUMBER(number_at(pcr, "n_b")));
	for (size_t i = 0; i < json_array_size(differences); i++) {
		const json_t *difference = json_array_get(differences, i);

		HTML(out, "<div class=\"side\"><h4>$$</h4>\n", difference_name(text_at(difference, "kind")),
		     i == 0 ? ": here the two part" : "");
		put_side(out, v, difference, "a", "A");
		put_side(out, v, difference, "b", "B");
		(void)fputs("</div>\n", out);
	}
	if (omitted > 0)
		HTML(out,
		     "<p class=\"omitted\"><strong>$ more differences of this PCR are not listed here.</strong></p>\n",
		     NUMBER(omitted));
}

static bool any_differences(const json_t *pcrs)
{
	for (size_t i = 0; i < json_array_size(pcrs); i++)
		if (json_array_size(json_object_get(json_array_get(pcrs, i), "differences")) > 0)
			return true;
	return false;
}

static void put_events(FILE *out, const struct view *v)
{
	const json_t *pcrs = json_object_get(v->document, "pcrs");

	if (!any_differences(pcrs))
		return;
	(void)fputs("<section id=\"differences\"><h2>Events that differ</h2>\n<p>For each PCR, in the order of the "
		    "logs: the "
		    "first is where the two part. Each unfolds to its decoded fields and its digests.</p>\n",
		    out);
	for (size_t i = 0; i < json_array_size(pcrs); i++)
		put_differences(out, v, json_array_get(pcrs, i));
	(void)fputs("</section>\n", out);
}

void html_comparison(FILE *out, const struct view *v)
{
	const json_t *d = v->document, *pcrs = json_object_get(d, "pcrs");
	const struct link links[] = {
		{"software", "Software", json_array_size(json_object_get(d, "software")) > 0},
		{"pcrs",          "PCRs",               json_array_size(pcrs) > 0                                },
		{"differences",          "Events that differ",        any_differences(pcrs)},
		{"facts",          "Facts",              true						   },
	};

	html_begin(out, v, "comparison", "The two were only compared with each other: equal does not mean genuine.");
	put_summary(out, v);
	html_contents(out, links, sizeof(links) / sizeof(links[0]));
	put_software(out, v);
	put_pcrs(out, v);
	put_events(out, v);
	html_end(out, v, 2);
}
