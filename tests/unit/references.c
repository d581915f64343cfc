/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known-good proofs that explain, and the two calls that only look, from outside.
 */
#include "../forge.h"
#include "base/limits.h"
#include "unit.h"

static const char pins_zero[] = "{\"format\":\"libattest-policy-v1\",\"pcrs\":{\"0\":\"zero\",\"14\":\"zero\"}}";

struct fixture {
	struct forge forge;
	attest_verifier *verifier;
	struct attest_options options;
	attest_result *result;
	struct attest_error e;
};

static void set_up(struct fixture *f)
{
	*f = (struct fixture){.options = ATTEST_OPTIONS_INIT};
	f->options.time = 1780272000;
	forge_init(&f->forge);
	CHECK_STATUS(attest_verifier_new(&f->verifier), ATTEST_OK);
	CHECK_STATUS(attest_verifier_add_roots(f->verifier, f->forge.root, strlen(f->forge.root), NULL, &f->e),
		     ATTEST_OK);
	CHECK_STATUS(attest_verifier_add_policy(f->verifier, pins_zero, strlen(pins_zero), NULL, &f->e), ATTEST_OK);
}

static void tear_down(struct fixture *f)
{
	attest_result_free(f->result);
	attest_verifier_free(f->verifier);
	forge_clear(&f->forge);
}

static attest_status add(struct fixture *f, const char *bytes, size_t len, const char *name)
{
	void *copy = unit_exact(slice_of(bytes, len));
	attest_status status;

	error_clear(&f->e);
	status = attest_verifier_add_reference(f->verifier, copy, len, name, &f->e);
	CHECK(f->e.status == status);
	memset(copy, 0x55, len); /* it was copied */
	free(copy);
	return status;
}

/* A proof of text events in PCR 14, which the caller frees. */
static char *proof_of(struct fixture *f, json_t *events)
{
	json_t *proof = json_pack("{s:s, s:[{s:s, s:i, s:o}]}", "format", "libattest-proof-v1", "logs", "format",
				  "text-events", "pcr", 14, "events", events);
	char *text;

	forge_proof(&f->forge, proof, "nonce", 5);
	text = json_dumps(proof, 0);
	json_decref(proof);
	return text;
}

/* What the account says with these references; every verdict is the same as without them. */
static void verify(struct fixture *f, json_t *events)
{
	char *text = proof_of(f, events);

	attest_result_free(f->result);
	f->result = NULL;
	error_clear(&f->e);
	CHECK_STATUS(attest_verify(f->verifier, &f->options, text, strlen(text), &f->result, &f->e),
		     ATTEST_E_PIN_MISMATCH);
	free(text);
}

static size_t n_notes(const struct fixture *f, const char *message)
{
	size_t n = 0;

	for (size_t i = 0; i < attest_result_n_findings(f->result); i++) {
		const struct attest_finding *finding = attest_result_finding(f->result, i);

		n += !finding->is_error && strstr(finding->message, message) != NULL;
	}
	return n;
}

void references_refused(void)
{
	static const struct {
		const char *text;
		attest_status want;
	} bad[] = {
		{"",							      ATTEST_E_FORMAT   },
		{"text",							  ATTEST_E_FORMAT   },
		{"{",							     ATTEST_E_JSON     },
		{"{}",							    ATTEST_E_FORMAT   },
		{"[]",							    ATTEST_E_STRUCTURE}, /* no log at all */
		{"[1]",							   ATTEST_E_STRUCTURE},
		{"{\"format\":\"libattest-proof-v1\"}",                           ATTEST_E_STRUCTURE},
		{"{\"format\":\"tcg\",\"data\":\"A\"}",                           ATTEST_E_ENCODING },
		{"[{\"format\":\"tcg\",\"data\":\"AAAA\"},{\"format\":\"tcg\"}]", ATTEST_E_STRUCTURE},
	};
	struct fixture f;
	char *text;

	set_up(&f);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_STATUS(add(&f, bad[i].text, strlen(bad[i].text), "name"), bad[i].want);
	text = proof_of(&f, json_pack("[s]", "event"));
	for (size_t i = 0; i < LIMIT_REFERENCES; i++)
		CHECK_STATUS(attest_verifier_add_reference(f.verifier, text, strlen(text), NULL, NULL), ATTEST_OK);
	CHECK_STATUS(add(&f, text, strlen(text), NULL), ATTEST_E_LIMIT);
	verify(&f, json_pack("[s]", "event"));
	CHECK_STATUS(add(&f, text, strlen(text), NULL), ATTEST_E_STATE);
	CHECK_STATUS(attest_verifier_add_reference(f.verifier, text, strlen(text), NULL, NULL), ATTEST_E_STATE);
	free(text);
	tear_down(&f);
}

void references_explain(void)
{
	struct fixture f;
	char *text;

	set_up(&f);
	text = proof_of(&f, json_pack("[s, s, s]", "a", "b", "c"));
	CHECK_STATUS(add(&f, text, strlen(text), "good\x1b.json"), ATTEST_OK);
	free(text);
	verify(&f, json_pack("[s, s, s]", "a", "B", "c"));
	CHECK(n_notes(&f, "first event that differs from the reference \"good\\x1b.json\"") == 1);
	verify(&f, json_pack("[s, s]", "a", "b"));
	CHECK(n_notes(&f, "here the proof lacks an event") == 1);
	verify(&f, json_pack("[s, s, s, s]", "a", "b", "c", "d"));
	CHECK(n_notes(&f, "here the proof has an event that the reference") == 1);
	verify(&f, json_pack("[s, s, s]", "b", "c", "a"));
	CHECK(n_notes(&f, "at another place") == 1);
	verify(&f, json_pack("[s, s, s]", "a", "b", "c"));
	CHECK(n_notes(&f, "the policy's value is not that of the reference") == 1);
	verify(&f, json_pack("[s, s, s, s]", "1", "2", "3", "4"));
	CHECK(n_notes(&f, "; more follow") == 1);
	tear_down(&f);
}

/* A log by itself, in each way that it may be given. */
void references_of_logs(void)
{
	static const char log[] = "{\"format\":\"text-events\",\"pcr\":14,\"events\":[\"a\",\"b\"]}";
	static const char logs[] = "[{\"format\":\"text-events\",\"pcr\":13,\"events\":[]},"
				   "{\"format\":\"text-events\",\"pcr\":14,\"events\":[\"a\",\"c\"]}]";
	static const char tcg[] = "\x0d\0\0\0\x08\0\0\0"
				  "01234567890123456789\4\0\0\0data";
	struct fixture f;

	set_up(&f);
	CHECK_STATUS(add(&f, log, strlen(log), "one"), ATTEST_OK);
	CHECK_STATUS(add(&f, logs, strlen(logs), "two"), ATTEST_OK);
	CHECK_STATUS(add(&f, tcg, sizeof(tcg) - 1, "three"), ATTEST_OK); /* of another PCR: it says nothing */
	verify(&f, json_pack("[s, s]", "a", "X"));
	CHECK(n_notes(&f, "\"one\"") == 1 && n_notes(&f, "\"two\"") == 1 && n_notes(&f, "\"three\"") == 0);
	tear_down(&f);
}

static attest_status inspect(struct attest_inspect_options options, const char *text, char **ret_json,
			     struct attest_error *e)
{
	attest_status status;

	*ret_json = NULL;
	error_clear(e);
	status = attest_inspect(&options, text, strlen(text), ret_json, e);
	CHECK(e->status == status && (*ret_json != NULL) == (status == ATTEST_OK));
	return status;
}

static attest_status compare(struct attest_inspect_options options, const char *a, const char *b, char **ret_json,
			     struct attest_error *e)
{
	attest_status status;

	*ret_json = NULL;
	error_clear(e);
	status = attest_compare(&options, a, strlen(a), b, strlen(b), ret_json, e);
	CHECK(e->status == status && (*ret_json != NULL) == (status == ATTEST_OK));
	return status;
}

static const char log_ab[] = "{\"format\":\"text-events\",\"pcr\":14,\"events\":[\"a\",\"b\"]}";
static const char log_ac[] = "{\"format\":\"text-events\",\"pcr\":14,\"events\":[\"a\",\"c\"]}";

void inspect_options(void)
{
	struct attest_inspect_options good = ATTEST_INSPECT_OPTIONS_INIT, bad = good;
	struct attest_error e = {0};
	char *json;

	bad.size--;
	CHECK_STATUS(inspect(bad, log_ab, &json, &e), ATTEST_E_USAGE);
	CHECK_STATUS(compare(bad, log_ab, log_ac, &json, &e), ATTEST_E_USAGE);
	for (int pcr = -3; pcr < 40; pcr++) {
		bad = good;
		bad.pcr = pcr;
		CHECK_STATUS(inspect(bad, log_ab, &json, &e), pcr >= -1 && pcr <= 31 ? ATTEST_OK : ATTEST_E_USAGE);
		attest_string_free(json);
		CHECK_STATUS(compare(bad, log_ab, log_ac, &json, &e),
			     pcr >= -1 && pcr <= 31 ? ATTEST_OK : ATTEST_E_USAGE);
		attest_string_free(json);
	}
	CHECK_STATUS(inspect(good, "text", &json, &e), ATTEST_E_FORMAT);
	CHECK_STATUS(compare(good, "text", log_ab, &json, &e), ATTEST_E_FORMAT);
	CHECK(strncmp(e.where, "the first", 9) == 0);
	CHECK_STATUS(compare(good, log_ab, "{", &json, &e), ATTEST_E_JSON);
	CHECK(strncmp(e.where, "the second", 10) == 0);
	CHECK_STATUS(attest_inspect(&good, "", 0, &json, NULL), ATTEST_E_FORMAT);
	CHECK_STATUS(attest_compare(&good, "", 0, "", 0, &json, NULL), ATTEST_E_FORMAT);
}

static json_t *looked_at(struct attest_inspect_options options, const char *a, const char *b)
{
	struct attest_error e = {0};
	char *text = NULL;
	json_t *root;

	CHECK_STATUS(b == NULL ? inspect(options, a, &text, &e) : compare(options, a, b, &text, &e), ATTEST_OK);
	root = json_loads(text == NULL ? "" : text, JSON_REJECT_DUPLICATES, NULL);
	CHECK(root != NULL);
	attest_string_free(text);
	return root;
}

static size_t count(const json_t *root, const char *member)
{
	return json_array_size(json_object_get(root, member));
}

void inspect_limits(void)
{
	struct attest_inspect_options options = ATTEST_INSPECT_OPTIONS_INIT;
	json_t *root = looked_at(options, log_ab, NULL);

	CHECK(count(root, "events") == 2 && count(root, "pcrs") == 4); /* each bank */
	CHECK(json_integer_value(json_object_get(root, "events_omitted")) == 0);
	json_decref(root);
	options.max_events = 1;
	root = looked_at(options, log_ab, NULL);
	CHECK(count(root, "events") == 1 && json_integer_value(json_object_get(root, "events_omitted")) == 1);
	json_decref(root);
	options.pcr = 13;
	root = looked_at(options, log_ab, NULL);
	CHECK(count(root, "events") == 0 && count(root, "pcrs") == 0);
	json_decref(root);
	options.pcr = 14;
	options.events = 0;
	root = looked_at(options, log_ab, NULL);
	CHECK(count(root, "events") == 0 && count(root, "pcrs") == 4);
	json_decref(root);
}

void compare_documents(void)
{
	struct attest_inspect_options options = ATTEST_INSPECT_OPTIONS_INIT;
	json_t *root = looked_at(options, log_ab, log_ab), *pcr, *difference;

	CHECK(json_is_true(json_object_get(root, "equal")) && count(root, "pcrs") == 1);
	json_decref(root);
	root = looked_at(options, log_ab, log_ac);
	pcr = json_array_get(json_object_get(root, "pcrs"), 0);
	difference = json_array_get(json_object_get(pcr, "differences"), 0);
	CHECK(json_is_false(json_object_get(root, "equal")) && json_is_false(json_object_get(pcr, "equal")));
	CHECK(count(pcr, "differences") == 1 && json_integer_value(json_object_get(pcr, "index")) == 14);
	CHECK_TEXT(json_string_value(json_object_get(difference, "kind")), "changed");
	CHECK_TEXT(json_string_value(json_object_get(json_object_get(difference, "a"), "summary")), "b");
	CHECK_TEXT(json_string_value(json_object_get(json_object_get(difference, "b"), "summary")), "c");
	json_decref(root);
	options.pcr = 13; /* there they do not differ */
	root = looked_at(options, log_ab, log_ac);
	CHECK(json_is_true(json_object_get(root, "equal")) && count(root, "pcrs") == 0);
	json_decref(root);
}
