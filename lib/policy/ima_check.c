/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's file log against the policy's list, in one walk.
 *
 * The name of a template is not measured, only its data: an entry with a signature can be called one with a buffer, and
 * the other way round. So a file's path is absolute and a buffer's name is not, and a buffer must have the digest of
 * its entry. Whoever makes a file chooses its path: only path and digest together say what it is.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ima_rules.h"
#include "logs/hashed.h"
#include "logs/ima.h"
#include "trust/aggregate.h"

enum { TOLD = 16 }; /* findings one by one; the rest is counted */

struct check {
	const struct ima_rules *rules;
	const struct policy *policy;
	const struct evidence *evidence;
	struct findings *findings;
	struct hashing hashing;
	const struct log *log;
	size_t number; /* of the entry in its log */
	size_t n_events, n_refused;
	bool has_begun; /* with boot_aggregate */
};

/* What is wrong with an entry; `expected` and `found` may be empty. */
struct refusal {
	char expected[192], found[192];
	const char *message, *hint;
};

static void tell(struct check *c, const char *where, const struct refusal *r)
{
	struct attest_error e = {0};

	error_where(&e, "%s", where);
	error_expected(&e, "%s", r->expected);
	error_found(&e, "%s", r->found);
	policy_error(c->findings, c->policy, &e, ATTEST_E_EVENT, r->hint, r->message);
}

static void tell_pcr(struct check *c, const char *message, const char *hint)
{
	struct refusal r = {"", "", message, hint};
	char where[80];

	(void)snprintf(where, sizeof(where), "PCR %u (%s), bank %s", c->rules->pcr, pcr_meaning(c->rules->pcr),
		       digest_name(c->policy->bank));
	tell(c, where, &r);
}

static void refuse(struct check *c, const struct refusal *r)
{
	char where[160];

	if (c->n_refused++ >= TOLD)
		return;
	(void)snprintf(where, sizeof(where), "%.100s, event %zu, PCR %u", c->log->place, c->number, c->rules->pcr);
	tell(c, where, r);
}

static bool is_told(const struct check *c)
{
	return c->n_refused < TOLD;
}

static void tell_rest(struct check *c)
{
	struct refusal r = {.message = "more entries of the file log are not allowed",
			    .hint = "attest-inspect lists the whole log"};
	char where[80];

	if (c->n_refused <= TOLD)
		return;
	(void)snprintf(r.found, sizeof(r.found), "%zu more", c->n_refused - TOLD);
	(void)snprintf(where, sizeof(where), "PCR %u (%s)", c->rules->pcr, pcr_meaning(c->rules->pcr));
	tell(c, where, &r);
}

enum { DESCRIPTION = 180 };

/* "sha256:… /path" */
static void describe(const struct ima_fields *f, char text[DESCRIPTION])
{
	char hex[HEX_SIZE(DIGEST_MAX)];
	size_t len;

	hex_encode(slice_sub(f->digest, 0, DIGEST_MAX), hex);
	(void)snprintf(text, DESCRIPTION, "%s%s:%s ", f->verity ? "verity:" : "",
		       f->digest_alg == NULL ? "" : f->digest_alg, hex);
	len = strlen(text);
	(void)printable_to(f->name, text + len, DESCRIPTION - len);
}

static void describe_item(const struct ima_item *item, char *text, size_t size)
{
	const struct ima_value *v = &item->values[0];
	char hex[HEX_SIZE(DIGEST_MAX)], others[40] = "";

	hex_encode(v->bytes, hex);
	if (item->n_values > 1)
		(void)snprintf(others, sizeof(others), " or %zu others", item->n_values - 1);
	(void)snprintf(text, size, "%s%s:%s%s", v->verity ? "verity:" : "", digest_name(v->alg), hex, others);
}

static bool is_violation(const struct event *event, uint16_t bank)
{
	const struct event_digest *d = event_find_digest(event, bank);
	size_t n = 0;

	while (d != NULL && n < d->value.len && d->value.data[n] == 0xff)
		n++;
	return d != NULL && n == d->value.len;
}

/* The digest is 0xff for all of them: whose it is, is the log's word. */
static void check_violation(struct check *c, const struct event *event)
{
	struct refusal r = {.message = "a violation: a file was measured while it could be written, so that its digest "
				       "says nothing",
			    .hint = "the kernel does not measure whose violation it is, so a policy must say that it "
				    "believes the log: \"violations\": \"excluded\", and the path in \"exclude\""};
	struct ima_fields f = {.verity = false};
	bool is_read = ima_fields_read(event, &f);
	char name[140];

	if (is_read && c->rules->believe_violations && ima_is_excluded(c->rules, f.name))
		return;
	if (is_read && is_told(c))
		(void)snprintf(r.found, sizeof(r.found), "%s (claimed)", printable_to(f.name, name, sizeof(name)));
	refuse(c, &r);
}

static void check_aggregate(struct check *c, const struct event *event, const struct ima_fields *f,
			    struct attest_error *error)
{
	static const char other_bank[] = "boot_aggregate was made of a bank that no policy names";
	static const char *const messages[] = {
		[AGGREGATE_UNKNOWN] = "boot_aggregate cannot be compared: not all of PCR 0-9 were quoted in its bank",
		[AGGREGATE_DIFFERS] = "boot_aggregate fits neither PCR 0-7 nor PCR 0-9 of this quote: the file log is "
				      "not of this boot, or something extended them after the kernel had started",
	};
	struct refusal r = {.message = "boot_aggregate is not the first entry: another kernel began a log here, or a "
				       "file bears its name",
			    .hint = "a kernel that kexec started goes on with the log of the first; take such a "
				    "machine's proof after a cold boot"};
	uint16_t alg = f->digest_alg == NULL ? 0 : digest_alg(f->digest_alg);
	enum aggregate_fit fit = AGGREGATE_UNKNOWN;
	bool is_believed =
		alg != 0 && (alg == c->policy->bank || (c->evidence->replay->banks >> digest_index(alg) & 1) != 0);

	c->has_begun = c->has_begun || c->n_events == 0;
	if (c->n_events == 0) {
		if (c->rules->aggregate_is_optional)
			return;
		if (is_believed)
			c->hashing.status = aggregate_find_fit(c->evidence->replay, event, &fit, error);
		if (c->hashing.status != ATTEST_OK || fit == AGGREGATE_FITS_0_7 || fit == AGGREGATE_FITS_0_9)
			return;
		r.message = is_believed ? messages[fit] : other_bank;
		r.hint = "quote PCR 0-9 in the bank of boot_aggregate; \"boot_aggregate\": \"optional\" gives up this "
			 "tie "
			 "of the file log to the boot";
	}
	describe(f, r.found);
	refuse(c, &r);
}

static bool has_digest(const struct ima_item *item, uint16_t alg, bool verity, struct slice digest)
{
	for (size_t i = 0; i < item->n_values; i++)
		if (item->values[i].alg == alg && item->values[i].verity == verity &&
		    slice_equal(item->values[i].bytes, digest))
			return true;
	return false;
}

static bool is_file_allowed(const struct check *c, const struct ima_item *item, const struct ima_fields *f)
{
	return (item != NULL && has_digest(item, digest_alg(f->digest_alg), f->verity, f->digest)) ||
	       ima_is_excluded(c->rules, f->name);
}

static void check_file(struct check *c, const struct ima_fields *f)
{
	const struct ima_item *item = ima_map_find(&c->rules->files, f->name);
	struct refusal r = {.message = "a file that \"ima\" does not list was used",
			    .hint = "if the file belongs there, add its path and digest to \"files\" of \"ima\"; else "
				    "find out who made it"};

	if (is_file_allowed(c, item, f))
		return;
	if (item != NULL) {
		r.message = "a file has another digest than \"ima\" allows for its path";
		r.hint = "the file was changed, or the policy is out of date: compare it with the package that it "
			 "came from";
	}
	if (is_told(c)) {
		describe(f, r.found);
		if (item != NULL)
			describe_item(item, r.expected, sizeof(r.expected));
	}
	refuse(c, &r);
}

/* Of the buffer, in each of the algorithms that the item's values name. */
static bool is_buffer_allowed(struct check *c, const struct ima_item *item, struct slice buffer,
			      struct attest_error *error)
{
	for (size_t i = 0; i < N_ALGORITHMS && c->hashing.status == ATTEST_OK; i++) {
		uint16_t alg = digest_at(i);
		struct digest digest;
		bool is_named = false;

		for (size_t k = 0; k < item->n_values; k++)
			is_named = is_named || item->values[k].alg == alg;
		if (!is_named)
			continue;
		c->hashing.status = hasher_compute(&c->hashing.hasher, alg, &buffer, 1, &digest, error);
		if (c->hashing.status == ATTEST_OK && has_digest(item, alg, false, digest_slice(&digest)))
			return true;
	}
	return false;
}

/* The kernel's digest of a buffer is of the very bytes that it logs: ima_main.c, process_buffer_measurement(). */
static bool is_digest_of(struct check *c, const struct ima_fields *f, struct attest_error *error)
{
	uint16_t alg = f->verity ? 0 : digest_alg(f->digest_alg);
	struct digest digest;

	if (alg == 0)
		return false;
	c->hashing.status = hasher_compute(&c->hashing.hasher, alg, &f->buffer, 1, &digest, error);
	return c->hashing.status == ATTEST_OK && slice_equal(digest_slice(&digest), f->digest);
}

static void check_buffer(struct check *c, const struct ima_fields *f, struct attest_error *error)
{
	const struct ima_item *item = ima_map_find(&c->rules->keyrings, f->name);
	struct refusal r = {.message = "a key or buffer that \"ima\" does not list was measured",
			    .hint = "if it belongs there, add the digest of the buffer to \"keyrings\" of \"ima\""};

	if (!is_digest_of(c, f, error))
		r.message = "a buffer is not what the digest of its entry says";
	else if (item != NULL && is_buffer_allowed(c, item, f->buffer, error))
		return;
	if (c->hashing.status != ATTEST_OK)
		return;
	describe(f, r.found);
	if (item != NULL)
		describe_item(item, r.expected, sizeof(r.expected));
	refuse(c, &r);
}

static void check_fields(struct check *c, const struct event *event, const struct ima_fields *f,
			 struct attest_error *error)
{
	if (slice_equal(f->name, slice_of_string("boot_aggregate")))
		check_aggregate(c, event, f, error);
	else if (f->buffer.data != NULL)
		check_buffer(c, f, error);
	else
		check_file(c, f);
}

/* What cannot be read, or is not what was measured. */
static void refuse_unread(struct check *c, const struct event *event, const char *message, bool claimed)
{
	struct refusal r = {.message = message,
			    .hint = "what was measured here is not known; ask for a proof with the log as the kernel "
				    "wrote it, of a template such as ima-ng or ima-sig"};
	const char *type = event->type == NULL ? "event without type" : event->type;
	struct ima_fields f = {.verity = false};
	char text[DESCRIPTION];

	if (is_told(c)) {
		if (claimed && ima_fields_read(event, &f))
			describe(&f, text);
		else
			(void)printable_to(slice_of_string(type), text, sizeof(text));
		(void)snprintf(r.found, sizeof(r.found), "%s (claimed)", text);
	}
	refuse(c, &r);
}

static attest_status check_event(struct check *c, const struct event *event, struct attest_error *error)
{
	struct ima_fields f = {.verity = false};

	c->hashing.event = event;
	if (event->kind != EVENT_IMA)
		refuse_unread(c, event, "an event that is no entry of the kernel's file log", false);
	else if (is_violation(event, c->policy->bank))
		check_violation(c, event);
	else if (event->preimage.data == NULL || !is_hash_of(&c->hashing, event->preimage)) {
		if (c->hashing.status == ATTEST_OK)
			refuse_unread(c, event, "an entry of the file log is not what was measured", true);
	} else if (!ima_fields_read(event, &f))
		refuse_unread(c, event, "an entry of the file log cannot be read: its template is not known", false);
	else
		check_fields(c, event, &f, error);
	c->n_events++;
	return c->hashing.status;
}

static attest_status check_log(struct check *c, const struct log *log, struct attest_error *error)
{
	struct log_cursor cursor;
	struct event event;
	bool more = true;
	attest_status status = log_begin(&cursor, log, error);

	c->log = log;
	while (status == ATTEST_OK) {
		status = log_next(&cursor, &event, &more, error);
		if (status != ATTEST_OK || !more)
			break;
		if (!event.measured || event.pcr != c->rules->pcr)
			continue;
		c->number = cursor.number - 1;
		status = check_event(c, &event, error);
	}
	c->hashing.event = NULL;
	log_end(&cursor);
	return status;
}

/* The register's events are what was measured, and their data can be held against it. */
static bool is_known(struct check *c)
{
	uint8_t pcr = c->rules->pcr;
	uint16_t bank = c->policy->bank;

	if (pcr_is_resettable(pcr) && !c->policy->accept_resettable) {
		tell_pcr(c, "\"ima\" is about a PCR that any software can reset: it proves nothing",
			 "\"resettable_pcrs\": \"accept\" in the policy gives up this protection");
		return false;
	}
	if (pcr_values_find(c->evidence->pcrs, bank, pcr) == NULL) {
		tell_pcr(c, "the policy has a list of files, and their PCR was not quoted: its events are not known",
			 "ask for a quote that covers this PCR in this bank, and the file log with it");
		return false;
	}
	if (!c->evidence->replay->proven[pcr]) {
		tell_pcr(c,
			 "the policy has a list of files, and no log proves what their PCR holds: its events are not "
			 "known",
			 "ask for a proof with the kernel's file log (binary_runtime_measurements)");
		return false;
	}
	if (c->evidence->replay->tracks[pcr][digest_index(bank)].is_padded) {
		tell_pcr(c,
			 "the kernel extended SHA-1 digests padded with zeros, so that what the file log says is only "
			 "claimed in this bank",
			 "use a kernel since 5.8 that knows the hash of this bank");
		return false;
	}
	return true;
}

attest_status ima_rules_check(const struct ima_rules *rules, const struct policy *policy,
			      const struct evidence *evidence, struct findings *findings, struct attest_error *error)
{
	struct check c = {.rules = rules, .policy = policy, .evidence = evidence, .findings = findings};
	attest_status status = ATTEST_OK;

	if (!is_known(&c))
		return ATTEST_OK;
	c.hashing.bank = policy->bank;
	c.hashing.error = error;
	for (size_t i = 0; status == ATTEST_OK && i < evidence->proof->n_logs; i++)
		if ((evidence->replay->logs[i].pcrs >> rules->pcr & 1) != 0)
			status = check_log(&c, &evidence->proof->logs[i], error);
	hashing_end(&c.hashing);
	if (status == ATTEST_OK && !c.has_begun && !rules->aggregate_is_optional)
		tell_pcr(&c, "the file log does not begin with boot_aggregate: nothing ties it to this boot",
			 "ask for a proof with the whole log, from a machine that measures files from its start on");
	if (status == ATTEST_OK)
		tell_rest(&c);
	return status;
}
