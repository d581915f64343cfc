/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rule allows, and what is wrong with an event, in words for whoever runs the machine.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "logs/describe.h"
#include "rules_check.h"

enum { SHOWN_TEXT = 60 };

/* "sha256 12ab… ("6.1"), or 2 others" */
static void add_digests(const struct digest_set *set, struct line *line)
{
	const struct pin_value *first = &set->first;

	if (set->name != NULL) {
		line_printf(line, "%s of the set \"%.60s\" (%zu)", digest_name(first->value.alg), set->name, set->n);
		return;
	}
	line_printf(line, "%s ", digest_name(first->value.alg));
	line_hex(line, digest_slice(&first->value));
	if (first->name != NULL)
		line_printf(line, " (\"%.40s\")", first->name);
	if (set->n > 1)
		line_printf(line, ", or %zu other%s", set->n - 1, set->n == 2 ? "" : "s");
}

static void add_quoted(struct line *line, const char *text)
{
	struct slice all = slice_of_string(text);

	line_add(line, "\"");
	line_bytes(line, slice_sub(all, 0, SHOWN_TEXT));
	line_add(line, all.len > SHOWN_TEXT ? "...\"" : "\"");
}

static void add_texts(struct line *line, const char *what, const struct texts *texts)
{
	line_add(line, what);
	add_quoted(line, texts->items[0]);
	if (texts->n > 1)
		line_printf(line, ", or %zu other%s", texts->n - 1, texts->n == 2 ? "" : "s");
}

static void add_words(struct line *line, const char *what, const struct texts *words)
{
	for (size_t i = 0; i < words->n; i++) {
		line_add(line, i == 0 ? what : " ");
		line_add(line, words->items[i]);
	}
}

static void add_cmdline(const struct rule *rule, struct line *line)
{
	line_add(line, "a command line");
	if (rule->texts.n > 0)
		add_texts(line, ": ", &rule->texts);
	if (rule->prefix != NULL) {
		line_add(line, " that begins ");
		add_quoted(line, rule->prefix);
	}
	add_words(line, " with ", &rule->words);
	add_words(line, " without ", &rule->not_words);
}

static void add_variable(const struct rule *rule, struct line *line)
{
	line_printf(line, "the variable %s of %s", rule->texts.items[0], rule->vendor);
	if (rule->digests == NULL)
		return;
	line_add(line, ", contents ");
	add_digests(rule->digests, line);
}

static void add_section(const struct rule *rule, bool contents, struct line *line)
{
	line_printf(line, contents ? "contents of %s: " : "the name of %s, and then contents: ", rule->texts.items[0]);
	add_digests(rule->digests, line);
}

void rule_describe(const struct rule *rule, bool contents, struct line *line)
{
	line_printf(line, "%s: ", rule->label);
	switch (rule->kind) {
	case RULE_DIGEST:
		add_digests(rule->digests, line);
		break;
	case RULE_SEPARATOR:
		line_add(line, "the separator: the hash of four zero bytes");
		break;
	case RULE_TEXT:
		add_texts(line, "the text ", &rule->texts);
		break;
	case RULE_CMDLINE:
		add_cmdline(rule, line);
		break;
	case RULE_SECURE_BOOT:
		line_printf(line, "SecureBoot %s, the first such variable, before the separator",
			    rule->enabled ? "enabled" : "disabled");
		break;
	case RULE_VARIABLE:
		add_variable(rule, line);
		break;
	case RULE_AUTHORITY:
		line_add(line, "an image vouched for by the certificate ");
		add_digests(rule->digests, line);
		add_texts(line, " of ", &rule->texts);
		break;
	case RULE_SECTION:
		add_section(rule, contents, line);
		break;
	case RULE_JSON:
		line_printf(line, "JSON with %.800s", rule->texts.items[0]);
		break;
	case RULE_ANYTHING:
		line_add(line, "anything");
		break;
	}
}

static void add_wanted(const struct rule *rule, bool contents, struct attest_error *e)
{
	struct line line;

	line_begin(&line, LINE_MAX_FIELD);
	rule_describe(rule, contents, &line);
	error_expected(e, "%s", line.text);
}

/* Both ends of a text that is too long: a path's file stands at its end. */
static void add_summary(struct attest_error *e, const char *alg, const char *hex, const char *summary, bool proven)
{
	size_t taken = strlen(alg) + strlen(hex) + sizeof("  ...: (claimed)");
	int room = (int)(sizeof(e->found) - taken), len = (int)strlen(summary), head = room / 2;
	const char *mark = proven ? "" : " (claimed)";

	if (len <= room)
		error_found(e, "%s %s: %s%s", alg, hex, summary, mark);
	else
		error_found(e, "%s %s: %.*s...%s%s", alg, hex, head, summary, summary + len - (room - head), mark);
}

/* "sha256 12ab…: SecureBoot: disabled", and "(claimed)" where the digest does not prove the words. */
static attest_status add_event(struct rules_walk *walk, struct attest_error *e, struct attest_error *error)
{
	const struct matching *m = &walk->matching;
	struct description d = {.summary = ""};
	char hex[HEX_SIZE(DIGEST_MAX)];
	attest_status status = event_describe(m->event, m->hashing.bank, &walk->arena, &d, error);

	if (status != ATTEST_OK)
		return status;
	hex_encode(digest_slice(&m->digest), hex);
	if (d.summary[0] == '\0')
		error_found(e, "%s %s", digest_name(m->bank), hex);
	else
		add_summary(e, digest_name(m->bank), hex, d.summary, d.proven);
	return ATTEST_OK;
}

static void add_data_hint(struct rules_walk *walk, const struct rule *rule, struct line *line)
{
	struct matching *m = &walk->matching;

	if (rule->kind == RULE_CMDLINE && rule_reads(rule, m))
		cmdline_explain(rule, m->cmdline, line);
	else if (rule->kind == RULE_SECURE_BOOT && rule_reads(rule, m) && (m->place->n_separators > 0 || m->place->gap))
		line_add(line, "this SecureBoot is not the firmware's: it comes behind the separator, or behind an "
			       "event that its digest does not explain");
	else if (!rule_reads(rule, m))
		line_add(line, "this event is no such thing, or its data are not what was hashed");
	else
		line_add(line, "the event has another value");
	line_printf(line, ". If it is meant, allow it in %s of the policy; if not, start the machine as the rule says",
		    rule->label);
}

static attest_status left_hint(struct rules_walk *walk, const struct rule *nearest, const struct rule *elsewhere,
			       const char **ret_hint, struct attest_error *error)
{
	struct line line;

	line_begin(&line, LINE_MAX_FIELD);
	if (elsewhere != NULL)
		line_printf(
			&line,
			"%s allows this event, but it comes twice or at another place: nothing may be measured more "
			"often than the rules say, nor in another order where they are listed",
			elsewhere->label);
	else if (nearest == NULL)
		line_add(&line, "no rule is left for it: if it is meant, add one; if not, something was measured that "
				"should not have run");
	else if (nearest->kind == RULE_DIGEST || nearest->kind == RULE_SECTION)
		line_printf(&line,
			    "if this is meant, add its digest to %s of the policy; if not, the machine measured "
			    "something else than it should",
			    nearest->label);
	else if (nearest->kind == RULE_SEPARATOR || nearest->kind == RULE_TEXT)
		line_printf(&line,
			    "if this is meant, add a rule for it before %s; if not, it should not have been there",
			    nearest->label);
	else
		add_data_hint(walk, nearest, &line);
	*ret_hint = line_take(&line, walk->findings->arena);
	return *ret_hint == NULL ? fail_memory(error) : ATTEST_OK;
}

attest_status rules_tell_left(struct rules_walk *walk, const struct rule *nearest, const struct rule *elsewhere,
			      struct attest_error *error)
{
	const struct pcr_walk *w = &walk->pcrs[walk->matching.event->pcr];
	struct attest_error e = {0};
	const char *hint = NULL;
	attest_status status = add_event(walk, &e, error);

	if (status == ATTEST_OK)
		status = left_hint(walk, nearest, elsewhere, &hint, error);
	if (status != ATTEST_OK)
		return status;
	error_where(&e, "%.100s, event %zu, PCR %u", walk->log->place, walk->number, walk->matching.event->pcr);
	if (nearest != NULL)
		add_wanted(nearest, w->section == nearest, &e);
	else
		error_expected(&e, "no more events");
	policy_error(walk->findings, walk->policy, &e, ATTEST_E_EVENT, hint, "no rule allows this event");
	return ATTEST_OK;
}

attest_status rules_tell_lacking(struct rules_walk *walk, uint8_t pcr, const struct rule *rule, bool contents,
				 struct attest_error *error)
{
	struct attest_error e = {0};
	const char *hint =
		arena_printf(walk->findings->arena,
			     "the machine did not measure this, or something else in its place; if it need not be "
			     "there, say \"count\": \"optional\" in %s of the policy",
			     rule->label);

	if (hint == NULL)
		return fail_memory(error);
	error_where(&e, "PCR %u (%s), %s", pcr, pcr_meaning(pcr), rule->label);
	add_wanted(rule, contents, &e);
	error_found(&e, "no such event");
	policy_error(walk->findings, walk->policy, &e, ATTEST_E_EVENT, hint,
		     contents ? "the rule has no event for the contents of its section" : "the rule has no event");
	return ATTEST_OK;
}

void rules_tell_rest(struct rules_walk *walk, uint8_t pcr)
{
	const struct pcr_walk *w = &walk->pcrs[pcr];
	size_t left = w->n_left > FINDINGS_EACH_PCR ? w->n_left - FINDINGS_EACH_PCR : 0;
	size_t lacking = w->n_lacking > FINDINGS_EACH_PCR ? w->n_lacking - FINDINGS_EACH_PCR : 0;
	struct attest_error e = {0};
	char message[120];

	if (left + lacking == 0)
		return;
	error_where(&e, "PCR %u (%s)", pcr, pcr_meaning(pcr));
	(void)snprintf(message, sizeof(message), "%zu more events that no rule allows, %zu more rules without event",
		       left, lacking);
	policy_error(walk->findings, walk->policy, &e, ATTEST_E_EVENT,
		     "mend what is told before, then look again: attest-inspect lists all events", message);
}
