/* SPDX-License-Identifier: Apache-2.0 */
/* An inspection as text for people. */
#include <string.h>

#include "inspect.h"
#include "inspect_text.h"

enum { WIDEST_WHAT = 28, WIDEST_TYPE = 34, MARGIN = 17 };

void put_colored(FILE *out, const struct view *v, int color, const char *text)
{
	if (v->color)
		(void)fprintf(out, "\033[1;%dm%s\033[0m", color, text);
	else
		(void)fputs(text, out);
}

void put_padded(FILE *out, const struct view *v, int color, const char *text, int width)
{
	int n = (int)strlen(text);

	if (color == 0)
		(void)fputs(text, out);
	else
		put_colored(out, v, color, text);
	(void)fprintf(out, "%*s", n < width ? width - n : 0, "");
}

static void put_heading(FILE *out, const struct view *v, const char *text)
{
	(void)fputc('\n', out);
	if (v->color)
		(void)fprintf(out, "\033[1m%s\033[0m\n", text);
	else
		(void)fprintf(out, "%s\n", text);
}

static void put_fact(FILE *out, const char *name, const char *value)
{
	if (value != NULL)
		(void)fprintf(out, "  %-18s%s\n", name, value[0] == '\0' ? "(empty)" : value);
}

/* What nobody may miss. */

static void put_contradicted(FILE *out, const struct view *v)
{
	const json_t *pcrs = json_object_get(v->document, "pcrs");
	const char *gap = " ";

	if (count_pcrs(v->document, "contradicted") == 0)
		return;
	put_colored(out, v, RED, "CONTRADICTED");
	(void)fputs("  the events do not give the quoted value of", out);
	for (size_t i = 0; i < json_array_size(pcrs); i++) {
		const json_t *pcr = json_array_get(pcrs, i);

		if (!says(pcr, "state", "contradicted"))
			continue;
		(void)fprintf(out, "%sPCR %lld (%s)", gap, number_at(pcr, "index"), text_at(pcr, "bank"));
		gap = ", ";
	}
	(void)fputc('\n', out);
}

static void put_broken_logs(FILE *out, const struct view *v)
{
	const json_t *logs = json_object_get(v->document, "logs");

	for (size_t i = 0; i < json_array_size(logs); i++) {
		const json_t *log = json_array_get(logs, i);

		if (!has(log, "error"))
			continue;
		put_colored(out, v, RED, "BROKEN LOG");
		(void)fprintf(out, "    %s: %s\n", text_at(log, "place"), text_at(log, "error"));
	}
}

static void put_alarms(FILE *out, const struct view *v)
{
	const json_t *quote = json_object_get(v->document, "quote");

	if (has(quote, "error")) {
		put_colored(out, v, RED, "UNREADABLE");
		(void)fprintf(out, "    the quote: %s\n", text_at(quote, "error"));
	}
	if (has(quote, "pcr_digest_matches") && !truth_at(quote, "pcr_digest_matches")) {
		put_colored(out, v, RED, "CONTRADICTED");
		(void)fputs("  the PCR values do not hash to the digest in the quote\n", out);
	}
	put_contradicted(out, v);
	put_broken_logs(out, v);
}

static void put_top(FILE *out, const struct view *v)
{
	bool is_log = says(v->document, "kind", "log");

	put_colored(out, v, YELLOW, "NOT VERIFIED");
	(void)fprintf(out, "  %s\n", v->subjects[0].name);
	(void)fprintf(out, "  What %s says of itself. %s: use attest-verify for a verdict.\n",
		      is_log ? "an event log" : "a proof",
		      is_log ? "Anybody can write such a log" : "No signature, certificate or nonce was checked");
	put_fact(out, "format", text_at(v->document, "source"));
	put_fact(out, "SHA-256 of file", v->subjects[0].sha256);
	put_alarms(out, v);
}

/* Sections */

static int mark_color(struct mark mark)
{
	static const int colors[] = {
		[MARK_DIGEST] = GREEN, [MARK_CLAIMED] = YELLOW, [MARK_CONTRADICTED] = RED, [MARK_IDLE] = 0};

	return colors[mark.kind];
}

static void put_software(FILE *out, const struct view *v)
{
	const json_t *software = json_object_get(v->document, "software");
	int width = 0;

	if (json_array_size(software) == 0)
		return;
	put_heading(out, v, "Software, as the events say");
	for (size_t i = 0; i < json_array_size(software); i++) {
		const char *what = text_at(json_array_get(software, i), "what");
		int n = what == NULL ? 0 : (int)strlen(what);

		width = n > WIDEST_WHAT ? WIDEST_WHAT : n > width ? n : width;
	}
	for (size_t i = 0; i < json_array_size(software); i++) {
		const json_t *item = json_array_get(software, i);
		struct mark mark = mark_of(v, item, true);

		(void)fprintf(out, "  %-*s  ", width, text_at(item, "what"));
		put_padded(out, v, mark_color(mark), mark.word, v->contradicted != 0 ? 12 : 9);
		(void)fprintf(out, "  %s  (PCR %lld, log %lld, event %lld)\n", text_at(item, "value"),
			      number_at(item, "pcr"), number_at(item, "log"), number_at(item, "event"));
	}
}

static void put_certificates(FILE *out, const struct view *v)
{
	const json_t *certificates = json_object_get(v->document, "certificates");

	if (json_array_size(certificates) == 0)
		return;
	put_heading(out, v, "Certificates, the attestation key's first");
	for (size_t i = 0; i < json_array_size(certificates); i++) {
		const json_t *c = json_array_get(certificates, i);

		(void)fprintf(out, "  %zu  ", i + 1);
		if (has(c, "error")) {
			put_colored(out, v, RED, "unreadable");
			(void)fprintf(out, ": %s\n", text_at(c, "error"));
			continue;
		}
		(void)fprintf(out, "%s%s\n", text_at(c, "subject"), truth_at(c, "is_ca") ? "  (CA)" : "");
		(void)fprintf(out, "     issuer   %s\n", text_at(c, "issuer"));
		(void)fprintf(out, "     valid    %s to %s\n", text_at(c, "not_before"), text_at(c, "not_after"));
		(void)fprintf(out, "     SPKI     %s\n", text_at(c, "spki_sha256"));
		if (has(c, "anchor"))
			(void)fprintf(out, "     anchor   the key of the built-in anchor \"%s\"\n",
				      text_at(c, "anchor"));
	}
}

static void put_quote(FILE *out, const struct view *v)
{
	const json_t *q = json_object_get(v->document, "quote");
	char words[WORDS_SIZE];

	if (q == NULL)
		return;
	put_heading(out, v, "Quote");
	put_fact(out, "unreadable", text_at(q, "error"));
	put_fact(out, "extraData", text_at(q, "extra_data"));
	if (has(q, "clock"))
		(void)fprintf(out, "  %-18s%s since the TPM's clock was cleared%s\n", "clock",
			      duration(words, (unsigned long long)number_at(q, "clock")),
			      truth_at(q, "clock_safe") ? "" : " (not safe: it may have gone back)");
	if (has(q, "reset_count"))
		(void)fprintf(out, "  %-18s%lld resets, %lld restarts\n", "counts", number_at(q, "reset_count"),
			      number_at(q, "restart_count"));
	put_fact(out, "TPM firmware", text_at(q, "firmware_version"));
	if (has(q, "firmware_version"))
		put_fact(out, "", "(a TPM scrambles counts and firmware for an AK outside the endorsement hierarchy)");
	if (has(q, "signature_algorithm"))
		(void)fprintf(out, "  %-18s%s with %s, not checked\n", "signature", text_at(q, "signature_algorithm"),
			      has(q, "signature_hash") ? text_at(q, "signature_hash") : "no hash");
	put_fact(out, "PCR digest", text_at(q, "pcr_digest"));
	if (!has(q, "pcr_digest_matches"))
		return;
	(void)fputs("                    ", out);
	if (truth_at(q, "pcr_digest_matches"))
		(void)fputs("the PCR values below hash to it\n", out);
	else
		put_colored(out, v, RED, "the PCR values below do NOT hash to it\n");
}

static void put_tls(FILE *out, const struct view *v)
{
	const json_t *tls = json_object_get(v->document, "tls");

	if (tls == NULL)
		return;
	put_heading(out, v, "TLS key that the proof names");
	put_fact(out, says(tls, "kind", "ca") ? "CA" : "server's key", text_at(tls, "pin"));
	put_fact(out, "unreadable", text_at(tls, "error"));
	put_fact(out, "bound by",
		 says(tls, "binding", "pcr")     ? "an event of a PCR, not checked"
		 : says(tls, "binding", "quote") ? "extraData of the quote, not checked"
						 : text_at(tls, "binding"));
}

static void put_pcr(FILE *out, const struct view *v, const json_t *pcr)
{
	const char *state = text_at(pcr, "state"), *value = text_at(pcr, "value"), *replayed = text_at(pcr, "replayed");
	bool bad = says(pcr, "state", "contradicted");
	char events[WORDS_SIZE];

	(void)fprintf(out, "  %2lld  ", number_at(pcr, "index"));
	put_padded(out, v,
		   bad                                 ? RED
		   : says(pcr, "state", "explained")   ? GREEN
		   : says(pcr, "state", "unexplained") ? YELLOW
						       : 0,
		   bad ? "CONTRADICTED" : state, 12);
	(void)fprintf(out, "  %s  %s%s%s\n", value != NULL ? value : replayed, text_at(pcr, "meaning"),
		      number_at(pcr, "n_events") == 0 ? "" : ", ",
		      number_at(pcr, "n_events") == 0 ? "" : counted(events, number_at(pcr, "n_events"), "event"));
	if (value != NULL && replayed != NULL && strcmp(value, replayed) != 0)
		(void)fprintf(out, "      events give   %s\n", replayed);
	if (has(pcr, "note"))
		(void)fprintf(out, "      note          %s\n", text_at(pcr, "note"));
}

/* PCRs that were never extended, of one bank, on one line. */
static void put_initial(FILE *out, const json_t *pcrs, const char *bank)
{
	const char *gap = "  ";

	for (size_t i = 0; i < json_array_size(pcrs); i++) {
		const json_t *pcr = json_array_get(pcrs, i);

		if (!says(pcr, "bank", bank) || !says(pcr, "state", "initial"))
			continue;
		(void)fprintf(out, "%s%lld", gap, number_at(pcr, "index"));
		gap = ", ";
	}
	if (gap[0] == ',')
		(void)fprintf(out, "  initial: %s\n", state_meaning("initial"));
}

static void put_pcrs(FILE *out, const struct view *v)
{
	const json_t *pcrs = json_object_get(v->document, "pcrs");
	bool all = v->verbose || v->pcr >= 0;

	for (size_t i = 0; i < json_array_size(pcrs); i++) {
		const json_t *pcr = json_array_get(pcrs, i);
		const char *bank = text_at(pcr, "bank");
		char heading[WORDS_SIZE];

		if (i == 0 || !says(json_array_get(pcrs, i - 1), "bank", bank)) {
			(void)snprintf(heading, sizeof(heading), "PCRs, bank %s", bank);
			put_heading(out, v, heading);
		}
		if (all || !says(pcr, "state", "initial"))
			put_pcr(out, v, pcr);
		if (!all && (i + 1 == json_array_size(pcrs) || !says(json_array_get(pcrs, i + 1), "bank", bank)))
			put_initial(out, pcrs, bank);
	}
	if (json_array_size(pcrs) == 0 && v->pcr >= 0)
		(void)fprintf(out, "\nThere is no PCR %d here.\n", v->pcr);
}

static void put_logs(FILE *out, const struct view *v)
{
	const json_t *logs = json_object_get(v->document, "logs");

	if (json_array_size(logs) == 0)
		return;
	put_heading(out, v, "Logs");
	for (size_t i = 0; i < json_array_size(logs); i++) {
		const json_t *log = json_array_get(logs, i);
		char events[WORDS_SIZE];

		(void)fprintf(out, "  %zu  %s%s%s, %s\n", i, log_place(log) != NULL ? log_place(log) : "",
			      log_place(log) != NULL ? "  " : "", text_at(log, "format"),
			      counted(events, number_at(log, "n_events"), "event"));
		if (!has(log, "error"))
			continue;
		(void)fputs("     ", out);
		put_colored(out, v, RED, "it breaks off");
		(void)fprintf(out, ": %s\n", text_at(log, "error"));
	}
}

/* Events */

static void put_fields(FILE *out, const json_t *event, int margin)
{
	const json_t *fields = json_object_get(event, "fields");

	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *field = json_array_get(fields, i);

		(void)fprintf(out, "%*s%-16s %s%s\n", margin, "", text_at(field, "name"), field_value(field),
			      truth_at(field, "proven") ? "" : "  (claimed)");
	}
}

void put_event_details(FILE *out, const json_t *event, int margin)
{
	json_t *digests = json_object_get(event, "digests");

	put_fields(out, event, margin);
	for (void *it = json_object_iter(digests); it != NULL; it = json_object_iter_next(digests, it))
		(void)fprintf(out, "%*sextended %-7s %s\n", margin, "", json_object_iter_key(it),
			      json_string_value(json_object_iter_value(it)));
	if (has(event, "size"))
		(void)fprintf(out, "%*s%-16s %lld bytes\n", margin, "", "data", number_at(event, "size"));
}

void put_event(FILE *out, const struct view *v, const json_t *event, int type_width)
{
	struct mark mark = mark_of(v, event, truth_at(event, "measured"));
	const char *type = text_at(event, "type"), *summary = text_at(event, "summary");

	(void)fprintf(out, "%5lld  PCR %2lld  %-*s  ", number_at(event, "number"), number_at(event, "pcr"), type_width,
		      type == NULL ? "" : type);
	put_padded(out, v, mark_color(mark), mark.word, 12);
	(void)fprintf(out, "  %s\n", summary == NULL ? "" : summary);
}

int widest_type(const json_t *events)
{
	int width = 0;

	for (size_t i = 0; i < json_array_size(events); i++) {
		const char *type = text_at(json_array_get(events, i), "type");
		int n = type == NULL ? 0 : (int)strlen(type);

		width = n > width ? n : width;
	}
	return width > WIDEST_TYPE ? WIDEST_TYPE : width;
}

static void put_log_heading(FILE *out, const struct view *v, long long number)
{
	const json_t *log = json_array_get(json_object_get(v->document, "logs"), (size_t)number);
	const char *format = text_at(log, "format");
	char heading[2 * WORDS_SIZE];

	(void)snprintf(heading, sizeof(heading), "Events of log %lld%s%.64s", number, format == NULL ? "" : ", ",
		       format == NULL ? "" : format);
	put_heading(out, v, heading);
}

static void put_events(FILE *out, const struct view *v)
{
	const json_t *events = json_object_get(v->document, "events");
	long long omitted = number_at(v->document, "events_omitted"), log = -1;
	int width = widest_type(events);

	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *event = json_array_get(events, i);

		if (number_at(event, "log") != log) {
			log = number_at(event, "log");
			put_log_heading(out, v, log);
		}
		put_event(out, v, event, width);
		if (v->verbose)
			put_event_details(out, event, MARGIN);
	}
	if (omitted > 0)
		(void)fprintf(out, "  and %lld more (--events)\n", omitted);
}

static void put_legend(FILE *out, const struct view *v, bool with_events)
{
	size_t n_software = json_array_size(json_object_get(v->document, "software"));

	(void)fputc('\n', out);
	for (size_t i = 0; i < N_MARKS && (with_events || n_software > 0); i++)
		if (i < N_MARKS - 1 || v->contradicted != 0)
			(void)fprintf(out, "%-12s  %s\n", mark_meanings[i][0], mark_meanings[i][1]);
	if (!with_events && count_events(v->document) > 0)
		(void)fputs("--events lists the events, --verbose their fields and digests.\n", out);
	put_alarms(out, v);
	put_colored(out, v, YELLOW, "NOT VERIFIED");
	(void)fputs("  nothing above was checked against a key that you trust: use attest-verify for a verdict.\n",
		    out);
}

void text_inspection(FILE *out, const struct view *v)
{
	bool with_events = v->events || says(v->document, "kind", "log");

	put_top(out, v);
	if (v->pcr < 0) {
		put_software(out, v);
		put_certificates(out, v);
		put_quote(out, v);
		put_tls(out, v);
	}
	put_pcrs(out, v);
	put_logs(out, v);
	if (with_events)
		put_events(out, v);
	put_legend(out, v, with_events);
}
