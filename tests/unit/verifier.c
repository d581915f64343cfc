/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public interface from outside, over proofs that are signed here and now.
 */
#include "../forge.h"
#include "base/limits.h"
#include "unit.h"

static const char pins_zero[] =
	"{\"format\":\"libattest-policy-v1\",\"name\":\"zero\",\"pcrs\":{\"0\":{\"off\":\"zero\"}}}";

struct fixture {
	struct forge forge;
	attest_verifier *verifier;
	struct attest_options options;
	json_t *proof;
	attest_result *result;
	struct attest_error e;
};

static void set_up(struct fixture *f)
{
	*f = (struct fixture){.options = ATTEST_OPTIONS_INIT};
	f->options.time = 1780272000;
	forge_init(&f->forge);
	f->proof = json_pack("{s:s}", "format", "libattest-proof-v1");
	CHECK_STATUS(attest_verifier_new(&f->verifier), ATTEST_OK);
}

static void tear_down(struct fixture *f)
{
	attest_result_free(f->result);
	attest_verifier_free(f->verifier);
	json_decref(f->proof);
	forge_clear(&f->forge);
}

static attest_status add_root(struct fixture *f, const char *purpose)
{
	return attest_verifier_add_roots(f->verifier, f->forge.root, strlen(f->forge.root), purpose, &f->e);
}

static attest_status add_policy(struct fixture *f, const char *text)
{
	error_clear(&f->e);
	return attest_verifier_add_policy(f->verifier, text, strlen(text), "policy.json", &f->e);
}

static attest_status verify(struct fixture *f)
{
	char *text;
	attest_status status;

	forge_proof(&f->forge, f->proof, "nonce", 5);
	text = json_dumps(f->proof, 0);
	attest_result_free(f->result);
	f->result = NULL;
	error_clear(&f->e);
	status = attest_verify(f->verifier, &f->options, text, strlen(text), &f->result, &f->e);
	free(text);
	return status;
}

void verifier_states(void)
{
	struct fixture f;
	attest_result *untouched;

	set_up(&f);
	CHECK_STATUS(attest_verifier_use_default_roots(f.verifier, 0), ATTEST_OK);
	CHECK_STATUS(add_root(&f, NULL), ATTEST_OK);
	CHECK_STATUS(add_policy(&f, pins_zero), ATTEST_OK);
	untouched = f.result;
	f.options.time = ATTEST_TIME_UNSET; /* a call that is refused as such is no use of the verifier */
	CHECK_STATUS(verify(&f), ATTEST_E_USAGE);
	CHECK(f.result == untouched);
	CHECK_STATUS(add_root(&f, "any"), ATTEST_OK);
	f.options.time = 1780272000;
	CHECK_STATUS(verify(&f), ATTEST_OK);
	CHECK_STATUS(add_root(&f, NULL), ATTEST_E_STATE);
	CHECK(f.e.status == ATTEST_E_STATE && f.e.message[0] != '\0');
	CHECK_STATUS(add_policy(&f, pins_zero), ATTEST_E_STATE);
	CHECK(f.e.status == ATTEST_E_STATE);
	CHECK_STATUS(attest_verifier_use_default_roots(f.verifier, 1), ATTEST_E_STATE);
	CHECK_STATUS(attest_verifier_add_roots(f.verifier, "", 0, NULL, NULL), ATTEST_E_STATE);
	CHECK_STATUS(verify(&f), ATTEST_OK);
	tear_down(&f);
	attest_verifier_free(NULL);
}

void verifier_roots(void)
{
	static const char *const bad_purposes[] = {"",     "all",  "1",    "1.",  ".1",  "1..2",
						   "1.2.", "1.2 ", "-1.2", "1.a", "NONE"};
	static const char *const good_purposes[] = {NULL, "any", "none", "2.23.133.8.3", "1.2"};
	struct arena arena = {NULL};
	struct slice der = unit_certificate(&arena, "testdata/ca/azure-like-root.pem");
	struct slice pem = unit_file(&arena, "testdata/ca/azure-like-root.pem");
	struct fixture f;
	char *both;

	set_up(&f);
	for (size_t i = 0; i < COUNT(bad_purposes); i++)
		CHECK_STATUS(add_root(&f, bad_purposes[i]), ATTEST_E_USAGE);
	for (size_t i = 0; i < COUNT(good_purposes); i++)
		CHECK_STATUS(add_root(&f, good_purposes[i]), ATTEST_OK);
	CHECK_STATUS(attest_verifier_add_roots(f.verifier, der.data, der.len, NULL, NULL), ATTEST_OK);
	CHECK_STATUS(attest_verifier_add_roots(f.verifier, der.data, der.len - 1, NULL, &f.e), ATTEST_E_ROOT_INVALID);
	CHECK(f.e.status == ATTEST_E_ROOT_INVALID);
	CHECK_STATUS(attest_verifier_add_roots(f.verifier, pem.data, pem.len - 40, NULL, &f.e), ATTEST_E_ROOT_INVALID);
	CHECK_STATUS(attest_verifier_add_roots(f.verifier, "", 0, NULL, &f.e), ATTEST_E_ROOT_INVALID);
	CHECK_STATUS(attest_verifier_add_roots(f.verifier, "text", 4, NULL, NULL), ATTEST_E_ROOT_INVALID);
	both = arena_printf(&arena, "0\n%s", f.forge.root); /* DER by its first byte */
	CHECK_STATUS(attest_verifier_add_roots(f.verifier, both, strlen(both), NULL, NULL), ATTEST_E_ROOT_INVALID);
	both = arena_printf(&arena, "which\n%.*s\nand\n%s", (int)pem.len, (const char *)pem.data, f.forge.root);
	CHECK_STATUS(attest_verifier_add_roots(f.verifier, both, strlen(both), NULL, &f.e), ATTEST_OK);
	CHECK_STATUS(add_policy(&f, pins_zero), ATTEST_OK);
	CHECK_STATUS(verify(&f), ATTEST_OK);
	tear_down(&f);

	set_up(&f); /* nobody trusts the forge */
	CHECK_STATUS(add_policy(&f, pins_zero), ATTEST_OK);
	CHECK_STATUS(verify(&f), ATTEST_E_UNTRUSTED);
	tear_down(&f);
	set_up(&f); /* the AK's own certificate is no anchor, whoever adds it */
	CHECK_STATUS(attest_verifier_add_roots(f.verifier, f.forge.leaf, strlen(f.forge.leaf), NULL, &f.e), ATTEST_OK);
	CHECK_STATUS(verify(&f), ATTEST_E_UNTRUSTED);
	tear_down(&f);
	set_up(&f);
	CHECK_STATUS(add_root(&f, "2.23.133.8.3"), ATTEST_OK);
	CHECK_STATUS(verify(&f), ATTEST_E_KEY_USAGE);
	tear_down(&f);
	arena_free(&arena);
}

void verifier_policies(void)
{
	struct fixture f;

	set_up(&f);
	CHECK_STATUS(add_root(&f, NULL), ATTEST_OK);
	CHECK_STATUS(add_policy(&f, "{}"), ATTEST_E_POLICY_INVALID);
	CHECK(f.e.status == ATTEST_E_POLICY_INVALID && f.e.message[0] != '\0');
	CHECK_STATUS(add_policy(&f, "{"), ATTEST_E_JSON);
	CHECK_STATUS(add_policy(&f, "[]"), ATTEST_E_STRUCTURE);
	for (size_t i = 0; i < LIMIT_POLICIES; i++)
		CHECK_STATUS(attest_verifier_add_policy(f.verifier, pins_zero, strlen(pins_zero), NULL, NULL),
			     ATTEST_OK);
	CHECK_STATUS(add_policy(&f, pins_zero), ATTEST_E_LIMIT);
	CHECK_STATUS(verify(&f), ATTEST_OK);
	tear_down(&f);

	set_up(&f); /* every one must hold */
	CHECK_STATUS(add_root(&f, NULL), ATTEST_OK);
	CHECK_STATUS(add_policy(&f, pins_zero), ATTEST_OK);
	CHECK_STATUS(add_policy(&f, "{\"measurements\":{\"17\":\"zero\"}}"), ATTEST_OK);
	CHECK_STATUS(verify(&f), ATTEST_E_PIN_MISMATCH);
	CHECK(attest_result_verdict(f.result) == ATTEST_REFUSED && f.e.status == ATTEST_E_PIN_MISMATCH);
	tear_down(&f);

	set_up(&f); /* none, or none with golden values: genuine, and no more */
	CHECK_STATUS(add_root(&f, NULL), ATTEST_OK);
	CHECK_STATUS(verify(&f), ATTEST_E_INCONCLUSIVE);
	CHECK(attest_result_verdict(f.result) == ATTEST_INCONCLUSIVE && attest_result_pin(f.result) == NULL);
	tear_down(&f);
	set_up(&f);
	CHECK_STATUS(add_root(&f, NULL), ATTEST_OK);
	CHECK_STATUS(add_policy(&f, "{\"format\":\"libattest-policy-v1\",\"platforms\":[\"added\"]}"), ATTEST_OK);
	CHECK_STATUS(verify(&f), ATTEST_E_INCONCLUSIVE);
	tear_down(&f);
}

static void check_usage(struct fixture *f)
{
	struct attest_parts parts = ATTEST_PARTS_INIT;

	CHECK_STATUS(verify(f), ATTEST_E_USAGE);
	CHECK(f->result == NULL && f->e.status == ATTEST_E_USAGE && f->e.message[0] != '\0');
	CHECK_STATUS(attest_verify(f->verifier, &f->options, "{}", 2, NULL, NULL), ATTEST_E_USAGE);
	CHECK_STATUS(attest_verify_parts(f->verifier, &f->options, &parts, &f->result, &f->e), ATTEST_E_USAGE);
	CHECK(f->result == NULL);
}

void verifier_options(void)
{
	static const char *const bad_pins[] = {
		"",
		"sha256//",
		"sha256//AAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"SHA256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
	};
	static const struct attest_options good = ATTEST_OPTIONS_INIT;
	struct attest_parts parts = ATTEST_PARTS_INIT;
	uint8_t nonce[65] = "nonce";
	struct fixture f;

	set_up(&f);
	f.options.size--;
	check_usage(&f);
	f.options = good; /* no time */
	check_usage(&f);
	f.options.time = 1780272000;
	f.options.nonce = nonce;
	check_usage(&f);
	f.options.nonce_len = 65;
	check_usage(&f);
	f.options.nonce_len = 5;
	for (size_t i = 0; i < COUNT(bad_pins); i++) {
		f.options.tls_pin = bad_pins[i];
		check_usage(&f);
	}
	f.options.tls_pin = NULL;
	parts.size = 1;
	CHECK_STATUS(attest_verify_parts(f.verifier, &f.options, &parts, &f.result, &f.e), ATTEST_E_USAGE);
	CHECK_STATUS(attest_verify_parts(f.verifier, &f.options, &parts, NULL, NULL), ATTEST_E_USAGE);
	parts = (struct attest_parts)ATTEST_PARTS_INIT;
	parts.ak.len = 1;
	CHECK_STATUS(attest_verify_parts(f.verifier, &f.options, &parts, &f.result, &f.e), ATTEST_E_USAGE);
	parts.ak.len = 0;
	parts.n_logs = 1;
	CHECK_STATUS(attest_verify_parts(f.verifier, &f.options, &parts, &f.result, &f.e), ATTEST_E_USAGE);
	parts.logs = &(struct attest_bytes){NULL, 1};
	CHECK_STATUS(attest_verify_parts(f.verifier, &f.options, &parts, &f.result, &f.e), ATTEST_E_USAGE);
	parts.logs = &(struct attest_bytes){NULL, 0};
	CHECK_STATUS(attest_verify_parts(f.verifier, &f.options, &parts, &f.result, &f.e), ATTEST_E_USAGE);
	CHECK_STATUS(add_root(&f, NULL), ATTEST_OK); /* all that was no use of the verifier yet */
	CHECK_STATUS(add_policy(&f, pins_zero), ATTEST_OK);
	CHECK_STATUS(verify(&f), ATTEST_OK);
	CHECK_STATUS(attest_verify(f.verifier, &f.options, "{}", 2, NULL, NULL),
		     ATTEST_E_FORMAT); /* both may be NULL */
	f.options.nonce_len = 4;
	CHECK_STATUS(verify(&f), ATTEST_E_NONCE);
	f.options.nonce_len = 64;
	CHECK_STATUS(verify(&f), ATTEST_E_NONCE);
	f.options.time = INT64_MIN + 1;
	CHECK_STATUS(verify(&f), ATTEST_E_NOT_YET_VALID);
	f.options.time = INT64_MAX;
	CHECK_STATUS(verify(&f), ATTEST_E_EXPIRED);
	tear_down(&f);
}

void verifier_time(void)
{
	static const char *const bad[] = {"",
					  "now",
					  "-",
					  "+1",
					  " 1",
					  "1 ",
					  "0x10",
					  "1e5",
					  "1.5",
					  "2026-02-30",
					  "99999999999999999999",
					  "-9223372036854775808",
					  "2026-06-01T00:00:00",
					  "2026-06-01T00:00:00.+1"};
	int64_t time = 77;

	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_STATUS(attest_time_parse(bad[i], &time), ATTEST_E_USAGE);
	CHECK(time == 77);
	CHECK_STATUS(attest_time_parse("1780272000", &time), ATTEST_OK);
	CHECK(time == 1780272000);
	CHECK_STATUS(attest_time_parse("-1", &time), ATTEST_OK);
	CHECK(time == -1);
	CHECK_STATUS(attest_time_parse("2026-06-01", &time), ATTEST_OK);
	CHECK(time == 1780272000);
	CHECK_STATUS(attest_time_parse("2026-06-01T02:00:00+02:00", &time), ATTEST_OK);
	CHECK(time == 1780272000);
}

static void check_facts(const attest_result *r)
{
	const struct attest_facts *facts = attest_result_facts(r);
	const struct attest_pcr *pcr = attest_result_pcr(r, 0);
	const struct attest_event *event = attest_result_event(r, 0);

	CHECK_TEXT(facts->format, "libattest-proof-v1");
	CHECK_TEXT(facts->platform, "added");
	CHECK_TEXT(facts->anchor, "CN=forge root");
	CHECK_TEXT(facts->ak_subject, "CN=forge AK");
	CHECK_TEXT(facts->nonce, "6e6f6e6365");
	CHECK(facts->clock == 123456 && facts->reset_count == 2 && facts->restart_count == 3 && facts->clock_safe == 1);
	CHECK(facts->valid_from == 1577836800 && facts->valid_until == 3786912000);
	CHECK(facts->tls_pin == NULL && facts->tls_kind == NULL && facts->ak_spki != NULL &&
	      strlen(facts->ak_spki) == 64);
	CHECK(attest_result_n_pcrs(r) == FORGE_PCRS && pcr != NULL && pcr->bank == 0x000b && pcr->index == 0 &&
	      pcr->size == 32);
	CHECK_TEXT(pcr->state, "pinned");
	CHECK_TEXT(attest_result_pcr(r, 14)->state, "explained");
	CHECK_TEXT(attest_result_pcr(r, 1)->state, "initial");
	CHECK(attest_result_n_events(r) == 2 && event != NULL && event->pcr == 14 && event->number == 0 &&
	      event->log == 0);
	CHECK(event->proven == 1);
	CHECK(attest_result_n_events_omitted(r) == 0 && attest_result_event(r, 2) == NULL);
	CHECK_TEXT(event->type, "weights");
	CHECK_TEXT(event->text, "{\"type\":\"weights\",\"name\":\"\\xc3\\xa4\\x7f\"}");
	CHECK_TEXT(attest_result_event(r, 1)->type, "");
}

void verifier_reports(void)
{
	struct fixture f;
	char *text = NULL;
	json_t *json;

	set_up(&f);
	CHECK_STATUS(add_root(&f, NULL), ATTEST_OK);
	CHECK_STATUS(add_policy(&f, pins_zero), ATTEST_OK);
	(void)json_object_set_new(f.proof, "logs",
				  json_pack("[{s:s, s:i, s:[s, s]}]", "format", "text-events", "pcr", 14, "events",
					    "{\"type\":\"weights\",\"name\":\"\xc3\xa4\x7f\"}", "plain"));
	CHECK_STATUS(verify(&f), ATTEST_OK);
	CHECK_STATUS(attest_result_status(f.result), ATTEST_OK);
	CHECK(attest_result_n_findings(f.result) == 1); /* freshness is unproven: a note */
	CHECK(attest_result_finding(f.result, 0)->is_error == 0 &&
	      attest_result_finding(f.result, 0)->step == ATTEST_STEP_NONCE);
	check_facts(f.result);
	CHECK_STATUS(attest_result_json(f.result, "a", &text), ATTEST_OK);
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	CHECK_TEXT(json_string_value(json_object_get(json, "verdict")), "verified");
	CHECK_TEXT(json_string_value(json_object_get(json, "status")), "ATTEST_OK");
	CHECK(json_object_size(json_object_get(json, "steps")) == ATTEST_N_STEPS);
	CHECK(json_array_size(json_object_get(json, "pcrs")) == FORGE_PCRS);
	CHECK(json_array_size(json_object_get(json, "events")) == 2);
	CHECK_TEXT(json_string_value(json_object_get(json_array_get(json_object_get(json, "pcrs"), 0), "matches")),
		   "off");
	json_decref(json);
	attest_string_free(text);
	CHECK_STATUS(attest_result_text(f.result, "a\x1b[2J", ATTEST_TEXT_COLOR | ATTEST_TEXT_VERBOSE, &text),
		     ATTEST_OK);
	CHECK(strstr(text, "VERIFIED") != NULL && strstr(text, "a\\x1b[2J") != NULL && strstr(text, "\x1b[2J") == NULL);
	attest_string_free(text);
	CHECK_STATUS(attest_result_text(f.result, NULL, 0, &text), ATTEST_OK);
	CHECK(strchr(text, '\x1b') == NULL);
	attest_string_free(text);
	tear_down(&f);
}

/*
 * A machine with a genuine TPM may measure what it likes. The text of an event that is too long to be worth reading as
 * JSON has no type; it still is measured and told.
 */
void verifier_costly_events(void)
{
	static const char head[] = "{\"type\":\"weights\",\"x\":[";
	struct arena arena = {NULL};
	size_t size = LIMIT_EVENT_JSON + 10;
	char *event = arena_alloc(&arena, size + 1, 1);
	struct fixture f;

	memset(event, ' ', size);
	memcpy(event, head, sizeof(head) - 1);
	memcpy(event + size - 2, "]}", 2);
	set_up(&f);
	CHECK_STATUS(add_root(&f, NULL), ATTEST_OK);
	CHECK_STATUS(add_policy(&f, pins_zero), ATTEST_OK);
	(void)json_object_set_new(
		f.proof, "logs",
		json_pack("[{s:s, s:i, s:[s, s]}]", "format", "text-events", "pcr", 14, "events", event, event + 10));
	CHECK_STATUS(verify(&f), ATTEST_OK);
	CHECK(attest_result_n_events(f.result) == 2);
	CHECK_TEXT(attest_result_event(f.result, 0)->type, "");
	CHECK(strncmp(attest_result_event(f.result, 0)->text, head, 10) == 0);
	event[LIMIT_EVENT_JSON - 2] = ']';
	event[LIMIT_EVENT_JSON - 1] = '}';
	event[LIMIT_EVENT_JSON] = '\0'; /* as long as it may be */
	(void)json_object_set_new(
		f.proof, "logs", json_pack("[{s:s, s:i, s:[s]}]", "format", "text-events", "pcr", 14, "events", event));
	CHECK_STATUS(verify(&f), ATTEST_OK);
	CHECK_TEXT(attest_result_event(f.result, 0)->type, "weights");
	tear_down(&f);
	arena_free(&arena);
}
