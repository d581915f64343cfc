/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The account of a verification as text for people and as JSON for programs (docs/result.schema.json). What comes from
 * a proof has been made printable before it got here.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/text.h"
#include "policy/policy.h"
#include "result.h"

/* Where the text goes, and how. */
struct page {
	FILE *out;
	bool *failed; /* something could not be written: the C library does not always keep that in the stream */
	bool color, verbose;
};

enum { RED = 31, GREEN = 32, YELLOW = 33, EVENTS_SHOWN = 24 };

__attribute__((format(printf, 2, 3))) static void emit(const struct page *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vfprintf(p->out, format, args) < 0)
		*p->failed = true;
	va_end(args);
}

static void colored(const struct page *p, int color, const char *text)
{
	if (p->color)
		emit(p, "\033[1;%dm%s\033[0m", color, text);
	else
		emit(p, "%s", text);
}

static int status_color(attest_step_status status)
{
	return status == ATTEST_PASSED ? GREEN : status == ATTEST_FAILED ? RED : YELLOW;
}

/* What a step that passed has shown, in a few words. */
static void print_detail(const struct page *p, const attest_result *r, attest_step step)
{
	const struct attest_facts *f = &r->facts;
	char time[TIME_SIZE];

	if (r->steps[step] != ATTEST_PASSED)
		return;
	switch (step) {
	case ATTEST_STEP_PARSE:
		emit(p, "%s", f->format);
		break;
	case ATTEST_STEP_CHAIN:
		emit(p, "%s: %s, valid until %s", f->platform, f->anchor, time_text(f->valid_until, time));
		break;
	case ATTEST_STEP_SIGNATURE:
		emit(p, "AK %s", f->ak_subject != NULL ? f->ak_subject : f->ak_spki);
		break;
	case ATTEST_STEP_NONCE:
		emit(p, "%s", f->nonce != NULL && f->nonce[0] != '\0' ? f->nonce : "(empty)");
		break;
	case ATTEST_STEP_PCRS:
		emit(p, "%zu values", r->n_pcrs);
		break;
	case ATTEST_STEP_AK:
		emit(p, "%s", "public area fits the certificate");
		break;
	case ATTEST_STEP_QUOTE:
		if (r->steps[ATTEST_STEP_SIGNATURE] == ATTEST_PASSED)
			emit(p, "%s", "made by a TPM");
		break;
	case ATTEST_STEP_LOG:
		emit(p, "%zu events", r->n_events + r->n_events_omitted);
		break;
	case ATTEST_STEP_POLICY:
		emit(p, "%s", "all golden values and rules hold");
		break;
	case ATTEST_STEP_TLS:
		if (f->tls_kind != NULL)
			emit(p, "%s %s", strcmp(f->tls_kind, "ca") == 0 ? "CA" : "key", f->tls_pin);
		break;
	}
}

static void print_steps(const struct page *p, const attest_result *r)
{
	for (size_t i = 0; i < ATTEST_N_STEPS; i++) {
		const char *status = attest_step_status_name(r->steps[i]);

		emit(p, "  %-10s", attest_step_name((attest_step)i));
		colored(p, status_color(r->steps[i]), status);
		if (r->steps[i] == ATTEST_PASSED)
			emit(p, "%*s", 14 - (int)strlen(status), "");
		print_detail(p, r, (attest_step)i);
		emit(p, "\n");
	}
}

static void print_line(const struct page *p, const char *label, const char *text)
{
	if (text != NULL)
		emit(p, "      %-10s%s\n", label, text);
}

static void print_finding(const struct page *p, const struct attest_finding *f)
{
	emit(p, "%s", "  ");
	colored(p, f->is_error ? RED : YELLOW, f->is_error ? "error" : "note ");
	emit(p, " %s: ", attest_step_name(f->step));
	if (f->where != NULL)
		emit(p, "%s: ", f->where);
	emit(p, "%s\n", f->message);
	print_line(p, "expected", f->expected);
	print_line(p, "found", f->found);
	print_line(p, "next", f->hint);
	if (p->verbose || f->is_error)
		print_line(p, "clause", f->clause);
}

static void print_event(const struct page *p, const struct attest_event *e)
{
	bool typed = e->text == NULL || e->text[0] != '{';

	emit(p, "    PCR %2u  log %u, event %-4u %s%s%s%s\n", e->pcr, e->log, e->number, typed ? e->type : "",
	     typed && e->text != NULL ? ": " : "", e->text == NULL ? "" : e->text,
	     e->proven || e->text == NULL ? "" : "  (claimed)");
	emit(p, "            %s\n", e->digest);
}

static void print_events_of(const struct page *p, const attest_result *r, uint8_t pcr)
{
	size_t shown = 0, n = 0;

	for (size_t i = 0; i < r->n_events; i++) {
		if (r->events[i].pcr != pcr)
			continue;
		n++;
		if (shown < EVENTS_SHOWN || p->verbose) {
			print_event(p, &r->events[i]);
			shown++;
		}
	}
	if (n > shown)
		emit(p, "    and %zu more (--verbose)\n", n - shown);
}

static bool has_state(const struct attest_pcr *pcr, const char *state)
{
	return strcmp(pcr->state, state) == 0;
}

/* Golden mismatches: what the machine says it measured there. */
static void print_differing_events(const struct page *p, const attest_result *r)
{
	for (size_t i = 0; i < r->n_pcrs; i++) {
		bool any = false;

		if (!has_state(&r->pcrs[i], "differs"))
			continue;
		for (size_t k = 0; k < r->n_events; k++)
			any = any || r->events[k].pcr == r->pcrs[i].index;
		if (!any)
			continue;
		emit(p, "\n  The events of PCR %u, as they were measured:\n", r->pcrs[i].index);
		print_events_of(p, r, r->pcrs[i].index);
	}
}

static bool is_golden(const struct attest_pcr *pcr)
{
	return strncmp(pcr->state, "pinned", 6) == 0 || strncmp(pcr->state, "ruled", 5) == 0;
}

static void print_pcrs(const struct page *p, const attest_result *r)
{
	bool titled = false;

	for (size_t i = 0; i < r->n_pcrs; i++) {
		const struct attest_pcr *pcr = &r->pcrs[i];
		char hex[HEX_SIZE(DIGEST_MAX)];

		if (!p->verbose && !is_golden(pcr))
			continue;
		if (!titled)
			emit(p, "\n  %s\n", p->verbose ? "PCRs" : "Golden values that hold");
		titled = true;
		hex_encode(slice_of(pcr->value, pcr->size), hex);
		emit(p, "    %s:%-2u  %s  %s%s%s, %s\n", digest_name(pcr->bank), pcr->index, hex,
		     r->pin_names[i] == NULL ? "" : r->pin_names[i], r->pin_names[i] == NULL ? "" : ": ",
		     pcr_meaning(pcr->index), pcr->state);
	}
}

static void print_software(const struct page *p, const attest_result *r)
{
	if (r->n_software > 0)
		emit(p, "%s", "\n  What the measured events say\n");
	for (size_t i = 0; i < r->n_software; i++) {
		const struct attest_software *s = &r->software[i];

		emit(p, "    PCR %2u  %-22s %s%s\n", s->pcr, s->what, s->value, s->proven ? "" : "  (claimed)");
	}
	if (r->n_software_omitted > 0)
		emit(p, "    not whole: %zu statements or events were left out\n", r->n_software_omitted);
}

static void print_facts(const struct page *p, const attest_result *r)
{
	const struct attest_facts *f = &r->facts;
	char time[TIME_SIZE];

	emit(p, "%s", "\n  Facts\n");
	if (f->platform != NULL) {
		emit(p, "    AK certificate   %s\n", f->ak_subject);
		emit(p, "    path valid       %s", time_text(f->valid_from, time));
		emit(p, " to %s\n", time_text(f->valid_until, time));
	}
	if (f->ak_spki != NULL)
		emit(p, "    AK SPKI SHA-256  %s\n", f->ak_spki);
	if (f->nonce != NULL) {
		emit(p, "    extraData        %s\n", f->nonce[0] == '\0' ? "(empty)" : f->nonce);
		emit(p, "    TPM clock        %llu ms%s, %u resets, %u restarts\n", (unsigned long long)f->clock,
		     f->clock_safe ? "" : " (not safe)", f->reset_count, f->restart_count);
		emit(p, "    TPM firmware     0x%016llx\n", (unsigned long long)f->firmware_version);
		emit(p, "%s",
		     "                     (a TPM scrambles counts and firmware for an AK outside the "
		     "endorsement hierarchy)\n");
	}
}

static void print_links(const struct page *p, const attest_result *r)
{
	if (r->n_links > 0)
		emit(p, "%s", "\n  Published by the issuers\n");
	for (size_t i = 0; i < r->n_links; i++)
		emit(p, "    %-6s  %s\n            named by %s\n", attest_link_kind_name(r->links[i].kind),
		     r->links[i].url, r->links[i].subject);
}

static void print_tls(const struct page *p, const struct attest_facts *f)
{
	if (f->tls_kind == NULL)
		return;
	emit(p, "\n  Attested TLS %s  %s\n",
	     strcmp(f->tls_kind, "ca") == 0 ? "CA (server certificates must chain to it)" : "key", f->tls_pin);
	if (p->verbose)
		emit(p, "%s", f->tls_pem);
}

static void print_all(const struct page *p, const attest_result *r, const char *name)
{
	static const char *const words[] = {"REFUSED", "VERIFIED", "INCONCLUSIVE"};
	int color = r->verdict == ATTEST_VERIFIED ? GREEN : r->verdict == ATTEST_REFUSED ? RED : YELLOW;

	colored(p, color, words[r->verdict]);
	emit(p, "%s%s\n", name == NULL ? "" : "  ", name == NULL ? "" : name);
	print_steps(p, r);
	if (r->findings.n > 0)
		emit(p, "\n");
	for (size_t i = 0; i < r->findings.n; i++)
		print_finding(p, &r->findings.items[i]);
	if (r->findings.n_dropped > 0)
		emit(p, "  and %zu more findings\n", r->findings.n_dropped);
	print_differing_events(p, r);
	if (p->verbose || r->verdict != ATTEST_REFUSED) {
		print_pcrs(p, r);
		print_software(p, r);
		print_tls(p, &r->facts);
	}
	if (!p->verbose)
		return;
	if (r->n_events > 0)
		emit(p, "%s", "\n  Events of PCRs that replay to the quoted value\n");
	for (size_t i = 0; i < r->n_events; i++)
		print_event(p, &r->events[i]);
	if (r->n_events_omitted > 0)
		emit(p, "    and %zu more\n", r->n_events_omitted);
	print_facts(p, r);
	print_links(p, r);
}

attest_status attest_result_text(const attest_result *result, const char *name, unsigned flags, char **ret_text)
{
	struct arena arena = {NULL};
	char *text = NULL, *safe = name == NULL ? NULL : printable(&arena, slice_of_string(name), 4096);
	size_t size = 0;
	bool failed = false;
	struct page page = {open_memstream(&text, &size), &failed, (flags & ATTEST_TEXT_COLOR) != 0,
			    (flags & ATTEST_TEXT_VERBOSE) != 0};
	bool ok = page.out != NULL && (name == NULL || safe != NULL);

	if (ok)
		print_all(&page, result, safe);
	if (page.out != NULL) {
		ok = ok && !failed && ferror(page.out) == 0;
		ok = fclose(page.out) == 0 && ok;
	}
	arena_free(&arena);
	if (!ok || text == NULL) {
		free(text);
		return ATTEST_E_NO_MEMORY;
	}
	*ret_text = text;
	return ATTEST_OK;
}

static json_t *steps_json(const attest_result *r, bool *ok)
{
	json_t *steps = json_object();

	for (size_t i = 0; i < ATTEST_N_STEPS; i++)
		json_put_text(steps, attest_step_name((attest_step)i), attest_step_status_name(r->steps[i]), ok);
	return steps;
}

static json_t *finding_json(const struct attest_finding *f, bool *ok)
{
	json_t *finding = json_object();

	json_put_text(finding, "step", attest_step_name(f->step), ok);
	json_put_text(finding, "severity", f->is_error ? "error" : "note", ok);
	json_put_text(finding, "status", attest_status_name(f->status), ok);
	json_put_text(finding, "category", attest_category_name(attest_status_category(f->status)), ok);
	json_put_text(finding, "message", f->message, ok);
	json_put_text(finding, "where", f->where, ok);
	json_put_text(finding, "expected", f->expected, ok);
	json_put_text(finding, "found", f->found, ok);
	json_put_text(finding, "clause", f->clause, ok);
	json_put_text(finding, "hint", f->hint, ok);
	return finding;
}

static json_t *facts_json(const struct attest_facts *f, bool *ok)
{
	json_t *facts = json_object();
	char hex[32];

	json_put_text(facts, "format", f->format, ok);
	if (f->platform != NULL) {
		json_put_text(facts, "platform", f->platform, ok);
		json_put_text(facts, "anchor", f->anchor, ok);
		json_put_text(facts, "ak_subject", f->ak_subject, ok);
		json_put_time(facts, "valid_from", f->valid_from, ok);
		json_put_time(facts, "valid_until", f->valid_until, ok);
	}
	json_put_text(facts, "ak_spki", f->ak_spki, ok);
	if (f->nonce != NULL) {
		json_put_text(facts, "extra_data", f->nonce, ok);
		json_put(facts, "clock", json_integer((json_int_t)f->clock), ok);
		json_put(facts, "clock_safe", json_boolean(f->clock_safe), ok);
		json_put(facts, "reset_count", json_integer(f->reset_count), ok);
		json_put(facts, "restart_count", json_integer(f->restart_count), ok);
		(void)snprintf(hex, sizeof(hex), "0x%016llx", (unsigned long long)f->firmware_version);
		json_put_text(facts, "firmware_version", hex, ok);
	}
	json_put_text(facts, "tls_kind", f->tls_kind, ok);
	json_put_text(facts, "tls_pin", f->tls_pin, ok);
	json_put_text(facts, "tls_pem", f->tls_pem, ok);
	return facts;
}

static json_t *pcr_json(const attest_result *r, size_t i, bool *ok)
{
	const struct attest_pcr *p = &r->pcrs[i];
	json_t *pcr = json_object();
	char hex[HEX_SIZE(DIGEST_MAX)];

	hex_encode(slice_of(p->value, p->size), hex);
	json_put_text(pcr, "bank", digest_name(p->bank), ok);
	json_put(pcr, "index", json_integer(p->index), ok);
	json_put_text(pcr, "value", hex, ok);
	json_put_text(pcr, "state", p->state, ok);
	json_put_text(pcr, "meaning", pcr_meaning(p->index), ok);
	json_put_text(pcr, "matches", r->pin_names[i], ok);
	return pcr;
}

static json_t *event_json(const struct attest_event *e, bool *ok)
{
	json_t *event = json_object();

	json_put(event, "pcr", json_integer(e->pcr), ok);
	json_put(event, "log", json_integer(e->log), ok);
	json_put(event, "number", json_integer(e->number), ok);
	json_put_text(event, "type", e->type, ok);
	json_put_text(event, "text", e->text, ok);
	json_put_text(event, "digest", e->digest, ok);
	json_put(event, "proven", json_boolean(e->proven), ok);
	return event;
}

static json_t *software_json(const struct attest_software *s, bool *ok)
{
	json_t *software = json_object();

	json_put_text(software, "what", s->what, ok);
	json_put_text(software, "value", s->value, ok);
	json_put(software, "pcr", json_integer(s->pcr), ok);
	json_put(software, "log", json_integer(s->log), ok);
	json_put(software, "event", json_integer(s->number), ok);
	json_put(software, "proven", json_boolean(s->proven), ok);
	return software;
}

static json_t *link_json(const struct attest_link *l, bool *ok)
{
	json_t *link = json_object();

	json_put_text(link, "kind", attest_link_kind_name(l->kind), ok);
	json_put_text(link, "url", l->url, ok);
	json_put_text(link, "subject", l->subject, ok);
	return link;
}

static json_t *result_json(const attest_result *r, const char *name, bool *ok)
{
	json_t *root = json_object(), *findings = json_array(), *pcrs = json_array(), *events = json_array(),
	       *software = json_array(), *links = json_array();
	const char *pin = attest_result_pin(r);

	for (size_t i = 0; i < r->findings.n; i++)
		json_add(findings, finding_json(&r->findings.items[i], ok), ok);
	for (size_t i = 0; i < r->n_pcrs; i++)
		json_add(pcrs, pcr_json(r, i, ok), ok);
	for (size_t i = 0; i < r->n_events; i++)
		json_add(events, event_json(&r->events[i], ok), ok);
	for (size_t i = 0; i < r->n_software; i++)
		json_add(software, software_json(&r->software[i], ok), ok);
	for (size_t i = 0; i < r->n_links; i++)
		json_add(links, link_json(&r->links[i], ok), ok);
	json_put_text(root, "format", "libattest-result-v1", ok);
	json_put_text(root, "proof", name, ok);
	json_put_text(root, "verdict", attest_verdict_name(r->verdict), ok);
	json_put_text(root, "status", attest_status_name(r->status), ok);
	json_put(root, "steps", steps_json(r, ok), ok);
	json_put(root, "findings", findings, ok);
	json_put(root, "findings_dropped", json_integer((json_int_t)r->findings.n_dropped), ok);
	json_put(root, "pin", pin == NULL ? json_null() : json_string(pin), ok);
	json_put(root, "facts", facts_json(&r->facts, ok), ok);
	json_put(root, "pcrs", pcrs, ok);
	json_put(root, "software", software, ok);
	json_put_size(root, "software_omitted", r->n_software_omitted, ok);
	json_put(root, "events", events, ok);
	json_put_size(root, "events_omitted", r->n_events_omitted, ok);
	json_put(root, "links", links, ok);
	return root;
}

attest_status attest_result_json(const attest_result *result, const char *name, char **ret_json)
{
	struct arena arena = {NULL};
	char *safe = name == NULL ? NULL : printable(&arena, slice_of_string(name), 4096);
	bool ok = name == NULL || safe != NULL;
	DEFER(json_decref_deferred) json_t *root = result_json(result, safe, &ok);
	char *text = ok && root != NULL ? json_line(root) : NULL;

	arena_free(&arena);
	if (text == NULL)
		return ATTEST_E_NO_MEMORY;
	*ret_json = text;
	return ATTEST_OK;
}
