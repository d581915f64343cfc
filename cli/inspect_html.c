/* SPDX-License-Identifier: Apache-2.0 */
/* An inspection as one page for people, auditors among them. */
#include <string.h>

#include "inspect.h"
#include "inspect_html.h"

/* What nobody may miss. */

static void put_alarm(FILE *out, const char *title, const char *words)
{
	HTML(out, "<p class=\"alarm\"><strong><span aria-hidden=\"true\">&#9888; </span>$</strong> $</p>\n", title,
	     words);
}

static void put_contradicted(FILE *out, const struct view *v)
{
	const json_t *pcrs = json_object_get(v->document, "pcrs");
	const char *gap = " ";

	if (count_pcrs(v->document, "contradicted") == 0)
		return;
	(void)fputs("<p class=\"alarm\"><strong><span aria-hidden=\"true\">&#9888; </span>Contradicted.</strong> The "
		    "events do not give the quoted value of",
		    out);
	for (size_t i = 0; i < json_array_size(pcrs); i++) {
		const json_t *pcr = json_array_get(pcrs, i);
		const char *bank = text_at(pcr, "bank"), *index = NUMBER(number_at(pcr, "index"));

		if (!says(pcr, "state", "contradicted"))
			continue;
		HTML(out, "$<a href=\"#pcr-$-$\">PCR $ ($)</a>", gap, bank, index, index, bank);
		gap = ", ";
	}
	(void)fputs(". The notes beside them say what is known of the reason.</p>\n", out);
}

static void put_alarms(FILE *out, const struct view *v)
{
	const json_t *quote = json_object_get(v->document, "quote"), *logs = json_object_get(v->document, "logs");

	if (has(quote, "error"))
		put_alarm(out, "The quote is unreadable.", text_at(quote, "error"));
	if (has(quote, "pcr_digest_matches") && !truth_at(quote, "pcr_digest_matches"))
		put_alarm(out, "Contradicted.", "The PCR values do not hash to the digest in the quote.");
	put_contradicted(out, v);
	for (size_t i = 0; i < json_array_size(logs); i++)
		if (has(json_array_get(logs, i), "error"))
			put_alarm(out, "A log breaks off.", text_at(json_array_get(logs, i), "error"));
}

static void put_tile(FILE *out, const char *class, const char *number, const char *words)
{
	HTML(out, "<li class=\"$\"><b>$</b> $</li>\n", class, number, words);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

static void put_summary(FILE *out, const struct view *v)
{
	long long bad = (long long)count_pcrs(v->document, "contradicted");
	long long good = (long long)count_pcrs(v->document, "explained");
	long long open = (long long)count_pcrs(v->document, "unexplained");
	bool is_log = says(v->document, "kind", "log");

	HTML(out, "<h1>$</h1>\n<p class=\"lead\">$ of format <code>$</code>$$</p>\n", base_name(v->subjects[0].name),
	     is_log ? "An event log" : "A proof", text_at(v->document, "source"),
	     v->pcr < 0 ? "" : "; this page shows only PCR ", v->pcr < 0 ? "" : NUMBER(v->pcr));
	put_alarms(out, v);
	(void)fputs("<ul class=\"tiles\">\n", out);
	put_tile(out, "", NUMBER(count_events(v->document)), "events in all logs");
	if (is_log)
		put_tile(out, "", NUMBER((long long)count_pcrs(v->document, "replayed")), "PCR values replayed");
	else {
		put_tile(out, good > 0 ? "good" : "", NUMBER(good), "PCR values explained by events");
		put_tile(out, open > 0 ? "warn" : "", NUMBER(open), "PCR values unexplained");
		put_tile(out, bad > 0 ? "bad" : "", NUMBER(bad), "PCR values contradicted");
	}
	(void)fputs("</ul>\n", out);
}

/* Software */

static bool is_listed(const struct view *v, long long log, long long number)
{
	const json_t *events = json_object_get(v->document, "events");

	for (size_t i = 0; i < json_array_size(events); i++)
		if (number_at(json_array_get(events, i), "number") == number &&
		    number_at(json_array_get(events, i), "log") == log)
			return true;
	return false;
}

static void put_software_row(FILE *out, const struct view *v, const json_t *item)
{
	const char *log = NUMBER(number_at(item, "log")), *event = NUMBER(number_at(item, "event"));
	bool listed = is_listed(v, number_at(item, "log"), number_at(item, "event"));
	const char *what = text_at(item, "what");

	(void)fputs("<tr><th scope=\"row\">", out);
	put_title(out, what == NULL ? "" : what); /* words of the library's own */
	HTML(out, "</th><td data-label=\"Value\" class=\"value\">$</td><td data-label=\"How known\">",
	     text_at(item, "value"));
	html_mark(out, mark_of(v, item, true));
	(void)fputs("</td><td data-label=\"Event\" class=\"ref\">", out);
	if (listed)
		HTML(out, "<a href=\"#e$-$\">", log, event);
	HTML(out, "PCR $, event $ of log $", NUMBER(number_at(item, "pcr")), event, log);
	(void)fputs(listed ? "</a></td></tr>\n" : "</td></tr>\n", out);
}

static void put_meanings(FILE *out, const struct view *v)
{
	for (size_t i = 0; i < N_MARKS; i++)
		if (i < N_MARKS - 1 || v->contradicted != 0)
			HTML(out, " <b>$</b>: $", mark_meanings[i][0], mark_meanings[i][1]);
}

static void put_software(FILE *out, const struct view *v)
{
	const json_t *software = json_object_get(v->document, "software");

	if (json_array_size(software) == 0)
		return;
	(void)fputs("<section id=\"software\"><h2>Software</h2>\n<p>What the events say was started.", out);
	put_meanings(out, v);
	(void)fputs("</p>\n<div class=\"box\"><table class=\"cards\"><thead><tr><th scope=\"col\">What</th><th "
		    "scope=\"col\">Value</th><th scope=\"col\">How known</th><th "
		    "scope=\"col\">Event</th></tr></thead><tbody>\n",
		    out);
	for (size_t i = 0; i < json_array_size(software); i++)
		put_software_row(out, v, json_array_get(software, i));
	(void)fputs("</tbody></table></div></section>\n", out);
}

/* The chain: the leaf, then whoever it names as its issuer, as far as the file has them. */

static void put_certificate(FILE *out, const json_t *c, const char *role)
{
	HTML(out, "<li><div class=\"cert\"><p class=\"role\">$", role);
	if (has(c, "anchor"))
		html_badge(out, "good", "\xe2\x9a\x93", "key of a built-in anchor");
	HTML(out, "</p><h3>$</h3>\n<dl>\n<div><dt>Issuer</dt><dd>$</dd></div>\n", text_at(c, "subject"),
	     text_at(c, "issuer"));
	HTML(out, "<div><dt>Valid</dt><dd>$ to $</dd></div>\n", text_at(c, "not_before"), text_at(c, "not_after"));
	HTML(out, "<div><dt>Key (SPKI), SHA-256</dt><dd class=\"hex\">$</dd></div>\n", text_at(c, "spki_sha256"));
	if (has(c, "anchor"))
		HTML(out, "<div><dt>Same key as</dt><dd>the built-in trust anchor $</dd></div>\n",
		     text_at(c, "anchor"));
	(void)fputs("</dl></div></li>\n", out);
}

static void put_unreadable(FILE *out, const json_t *c)
{
	HTML(out, "<li><div class=\"cert broken\"><p class=\"role\">Unreadable</p><p>$</p></div></li>\n",
	     text_at(c, "error"));
}

enum { MOST_CERTIFICATES = 64 };

/* The next unused certificate whose subject is `issuer`; its index, or n. */
static size_t find_issuer(const json_t *certificates, const bool *used, const char *issuer)
{
	size_t i = 0, n = json_array_size(certificates);

	while (i < n && (i >= MOST_CERTIFICATES || used[i] || issuer == NULL ||
			 !says(json_array_get(certificates, i), "subject", issuer)))
		i++;
	return i;
}

static void put_chain(FILE *out, const json_t *certificates, bool *used)
{
	size_t n = json_array_size(certificates), i = 0;
	const json_t *c = NULL;

	(void)fputs("<ol class=\"chain\">\n", out);
	while (i < n && i < MOST_CERTIFICATES && !has(json_array_get(certificates, i), "error")) {
		c = json_array_get(certificates, i);
		used[i] = true;
		put_certificate(out, c, i == 0 ? "Attestation key (leaf)" : truth_at(c, "is_ca") ? "CA" : "No CA");
		i = find_issuer(certificates, used, text_at(c, "issuer"));
	}
	if (c != NULL && text_at(c, "issuer") != NULL && !says(c, "subject", text_at(c, "issuer")))
		HTML(out,
		     "<li><div class=\"cert missing\"><p class=\"role\">Not in this file</p><h3>$</h3></div></li>\n",
		     text_at(c, "issuer"));
	(void)fputs("</ol>\n", out);
}

static void put_certificates(FILE *out, const struct view *v)
{
	const json_t *certificates = json_object_get(v->document, "certificates");
	size_t n = json_array_size(certificates), n_used = 0;
	bool used[MOST_CERTIFICATES] = {false};

	if (n == 0)
		return;
	(void)fputs(
		"<section id=\"certificates\"><h2>Certificates</h2>\n<p>From the attestation key's certificate up to "
		"the root, by the names of the issuers. No signature, purpose or date was checked.</p>\n",
		out);
	put_chain(out, certificates, used);
	for (size_t i = 0; i < n && i < MOST_CERTIFICATES; i++)
		n_used += used[i];
	if (n_used < n)
		(void)fputs("<h3>Others in the file</h3>\n<ul class=\"others\">\n", out);
	for (size_t i = 0; i < n; i++) {
		const json_t *c = json_array_get(certificates, i);

		if (i < MOST_CERTIFICATES && used[i])
			continue;
		if (has(c, "error"))
			put_unreadable(out, c);
		else
			put_certificate(out, c, truth_at(c, "is_ca") ? "CA" : "No CA");
	}
	(void)fputs(n_used < n ? "</ul>\n</section>\n" : "</section>\n", out);
}

/* Quote and TLS key */

static void put_fact(FILE *out, const char *name, const char *class, const char *value)
{
	if (value != NULL)
		HTML(out, "<div><dt>$</dt><dd class=\"$\">$</dd></div>\n", name, class,
		     value[0] == '\0' ? "(empty)" : value);
}

static void put_clock(FILE *out, const json_t *q)
{
	char words[WORDS_SIZE];

	if (has(q, "clock"))
		HTML(out, "<div><dt>Clock</dt><dd>$ since it was cleared ($ ms)$</dd></div>\n",
		     duration(words, (unsigned long long)number_at(q, "clock")), NUMBER(number_at(q, "clock")),
		     truth_at(q, "clock_safe") ? "" : "; not safe: it may have gone back");
	if (has(q, "reset_count"))
		HTML(out, "<div><dt>Counts</dt><dd>$ resets, $ restarts</dd></div>\n",
		     NUMBER(number_at(q, "reset_count")), NUMBER(number_at(q, "restart_count")));
}

static void put_quote(FILE *out, const struct view *v)
{
	const json_t *q = json_object_get(v->document, "quote");

	if (q == NULL)
		return;
	(void)fputs(
		"<section id=\"quote\"><h2>Quote</h2>\n<p>What the TPM signed, if it was a TPM. The signature was not "
		"checked.</p>\n<dl class=\"facts\">\n",
		out);
	put_fact(out, "Unreadable", "differs", text_at(q, "error"));
	put_fact(out, "extraData (the nonce)", "hex", text_at(q, "extra_data"));
	put_clock(out, q);
	put_fact(out, "TPM firmware", "hex", text_at(q, "firmware_version"));
	if (has(q, "firmware_version"))
		put_fact(out, "", "note",
			 "A TPM scrambles counts and firmware version for an AK outside the endorsement hierarchy.");
	if (has(q, "signature_algorithm"))
		HTML(out, "<div><dt>Signature</dt><dd>$ $ (not checked)</dd></div>\n",
		     text_at(q, "signature_algorithm"), text_at(q, "signature_hash"));
	put_fact(out, "PCR digest", "hex", text_at(q, "pcr_digest"));
	if (has(q, "pcr_digest_matches")) {
		bool fits = truth_at(q, "pcr_digest_matches");

		(void)fputs("<div><dt>PCR values</dt><dd>", out);
		html_badge(out, fits ? "good" : "bad", fits ? "=" : "\xe2\x89\xa0",
			   fits ? "hash to this digest" : "do NOT hash to this digest");
		(void)fputs("</dd></div>\n", out);
	}
	(void)fputs("</dl></section>\n", out);
}

static void put_tls(FILE *out, const struct view *v)
{
	const json_t *tls = json_object_get(v->document, "tls");

	if (tls == NULL)
		return;
	(void)fputs("<section id=\"tls\"><h2>TLS key</h2>\n<dl class=\"facts\">\n", out);
	put_fact(out, says(tls, "kind", "ca") ? "CA, pin" : "Server's key, pin", "hex", text_at(tls, "pin"));
	put_fact(out, "Unreadable", "differs", text_at(tls, "error"));
	put_fact(out, "Bound by", "",
		 says(tls, "binding", "pcr")     ? "an event of a PCR (not checked)"
		 : says(tls, "binding", "quote") ? "extraData of the quote (not checked)"
						 : text_at(tls, "binding"));
	(void)fputs("</dl></section>\n", out);
}

/* PCRs */

static void put_state(FILE *out, const char *state)
{
	static const struct {
		const char *state, *class, *sign;
	} states[] = {
		{"explained",    "good", "="           },
                {"contradicted", "bad",  "\xe2\x89\xa0"}, /* not equal */
		{"unexplained",  "warn", "?"           },
                {"initial",      "dim",  "0"           },
		{"replayed",     "dim",  "="           },
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (state != NULL && strcmp(states[i].state, state) == 0)
			html_badge(out, states[i].class, states[i].sign, state);
}

static void put_values(FILE *out, const json_t *pcr)
{
	const char *value = text_at(pcr, "value"), *replayed = text_at(pcr, "replayed");

	HTML(out, "<td data-label=\"Value\" class=\"bits\"><span class=\"hex\">$</span>",
	     value != NULL ? value : replayed);
	if (value != NULL && replayed != NULL && strcmp(value, replayed) != 0)
		HTML(out, "<p class=\"differs\">The events give <span class=\"hex whole\">$</span></p>", replayed);
	if (has(pcr, "note"))
		HTML(out, "<p class=\"note\">$</p>", text_at(pcr, "note"));
	(void)fputs("</td>", out);
}

static void put_pcr(FILE *out, const json_t *pcr)
{
	const char *index = NUMBER(number_at(pcr, "index"));

	HTML(out, "<tr id=\"pcr-$-$\" class=\"$\"><th scope=\"row\">$</th><td data-label=\"Stands for\">$</td>",
	     text_at(pcr, "bank"), index, text_at(pcr, "state"), index, text_at(pcr, "meaning"));
	(void)fputs("<td data-label=\"State\">", out);
	put_state(out, text_at(pcr, "state"));
	(void)fputs("</td>", out);
	put_values(out, pcr);
	HTML(out, "<td data-label=\"Events\" class=\"count\">$</td></tr>\n", NUMBER(number_at(pcr, "n_events")));
}

/* The states that occur, and what they mean. */
static void put_states(FILE *out, const struct view *v)
{
	static const char *const states[] = {"explained", "contradicted", "unexplained", "initial", "replayed"};

	(void)fputs("<ul class=\"legend\">\n", out);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (count_pcrs(v->document, states[i]) == 0)
			continue;
		(void)fputs("<li>", out);
		put_state(out, states[i]);
		HTML(out, " $</li>\n", state_meaning(states[i]));
	}
	(void)fputs("</ul>\n", out);
}

static void put_pcrs(FILE *out, const struct view *v)
{
	const json_t *pcrs = json_object_get(v->document, "pcrs");
	size_t n = json_array_size(pcrs);

	if (n == 0)
		return;
	(void)fputs("<section id=\"pcrs\"><h2>PCRs</h2>\n", out);
	put_states(out, v);
	for (size_t i = 0; i < n; i++) {
		const json_t *pcr = json_array_get(pcrs, i);
		const char *bank = text_at(pcr, "bank");

		if (i == 0 || !says(json_array_get(pcrs, i - 1), "bank", bank))
			HTML(out,
			     "<h3>Bank $</h3>\n<div class=\"box\"><table class=\"cards pcrs\"><thead><tr><th "
			     "scope=\"col\">PCR</th><th scope=\"col\">Stands for</th><th scope=\"col\">State</th><th "
			     "scope=\"col\">Value</th><th scope=\"col\">Events</th></tr></thead><tbody>\n",
			     bank);
		put_pcr(out, pcr);
		if (i + 1 == n || !says(json_array_get(pcrs, i + 1), "bank", bank))
			(void)fputs("</tbody></table></div>\n", out);
	}
	(void)fputs("</section>\n", out);
}

/* Events */

static void put_log(FILE *out, const struct view *v, size_t number)
{
	const json_t *log = json_array_get(json_object_get(v->document, "logs"), number);
	const json_t *events = json_object_get(v->document, "events");
	char words[WORDS_SIZE];

	HTML(out, "<h3>Log $: $</h3>\n<p class=\"place\">$$<code>$</code></p>\n", NUMBER((long long)number),
	     text_at(log, "format"), counted(words, number_at(log, "n_events"), "event"),
	     log_place(log) != NULL ? ", from " : "", log_place(log));
	if (has(log, "error"))
		put_alarm(out, "This log breaks off.", text_at(log, "error"));
	(void)fputs("<div class=\"timeline\">\n", out);
	for (size_t i = 0; i < json_array_size(events); i++)
		if (number_at(json_array_get(events, i), "log") == (long long)number)
			html_event(out, v, json_array_get(events, i), NULL, true);
	(void)fputs("</div>\n", out);
}

static void put_events(FILE *out, const struct view *v)
{
	size_t n = json_array_size(json_object_get(v->document, "logs"));
	long long omitted = number_at(v->document, "events_omitted");

	if (n == 0)
		return;
	(void)fputs("<section id=\"events\"><h2>Events</h2>\n<p>In the order of the logs. Each unfolds to its decoded "
		    "fields "
		    "and its digests.",
		    out);
	put_meanings(out, v);
	(void)fputs("</p>\n<div id=\"filter\" hidden><label>PCR <select id=\"filter-pcr\"><option "
		    "value=\"\">all</option></select></label> <label>Text <input id=\"filter-text\" type=\"search\" "
		    "autocomplete=\"off\"></label> <button type=\"button\" id=\"unfold\">Unfold all</button> <button "
		    "type=\"button\" id=\"fold\">Fold all</button> <output id=\"filter-count\"></output></div>\n",
		    out);
	if (omitted > 0)
		HTML(out,
		     "<p class=\"omitted\"><strong>$ more events are not listed here.</strong> They count in the PCR "
		     "values "
		     "above. <code>attest-inspect --events</code> and <code>--json</code> list all, <code>--pcr</code> "
		     "those of one PCR.</p>\n",
		     NUMBER(omitted));
	for (size_t i = 0; i < n; i++)
		put_log(out, v, i);
	(void)fputs("</section>\n", out);
}

void html_inspection(FILE *out, const struct view *v)
{
	const json_t *d = v->document;
	const struct link links[] = {
		{"software",            "Software", json_array_size(json_object_get(d, "software")) > 0},
		{"certificates",                     "Certificates",                  json_array_size(json_object_get(d,                 "certificates")) > 0},
		{"quote", "Quote",           has(d,                      "quote")},
		{"tls",                "TLS key",        has(d,                    "tls")},
		{"pcrs","PCRs",json_array_size(json_object_get(d,   "pcrs")) > 0},
		{"events",                "Events",                        json_array_size(json_object_get(d,                              "logs")) > 0},
		{"facts",                     "Facts",                        true                                 },
	};

	html_begin(out, v, "inspection",
		   says(d, "kind", "log") ? "This page shows what an event log says of itself; anybody can write one."
					  : "This page shows what a proof says of itself. No signature, certificate or "
					    "nonce was checked.");
	put_summary(out, v);
	html_contents(out, links, sizeof(links) / sizeof(links[0]));
	put_software(out, v);
	put_certificates(out, v);
	put_quote(out, v);
	put_tls(out, v);
	put_pcrs(out, v);
	put_events(out, v);
	html_end(out, v, 1);
}
