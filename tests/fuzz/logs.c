/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event logs: an array of logs as in a libattest proof. Where all are of texts, all 32 PCRs in two banks are given the
 * values that the texts make of them, computed here with libcrypto alone; then every log must replay, and with one
 * event less it must not. Where others are among them, whatever they hold is walked, replayed and looked at.
 */
#include <openssl/sha.h>

#include "fuzz.h"
#include "trust/replay.h"

static struct log logs[LIMIT_LOGS];
static size_t n_logs;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static attest_status parse_logs(const struct json_node *root, struct attest_error *e)
{
	attest_status status = json_node_array(root, LIMIT_LOGS, "LIMIT_LOGS", &n_logs, e);

	for (size_t i = 0; status == ATTEST_OK && i < n_logs; i++) {
		struct json_node node = json_node_element(root, i);

		status = log_parse(&node, &logs[i], e);
	}
	return status;
}

/* pcr = H(pcr || H(text)) */
static void extend(struct digest *pcr, struct slice text)
{
	uint8_t both[2 * DIGEST_MAX];
	bool sha1 = pcr->alg == ALG_SHA1;

	memcpy(both, pcr->bytes, pcr->size);
	if (sha1)
		(void)SHA1(text.data, text.len, both + pcr->size);
	else
		(void)SHA256(text.data, text.len, both + pcr->size);
	if (sha1)
		(void)SHA1(both, 2 * (size_t)pcr->size, pcr->bytes);
	else
		(void)SHA256(both, 2 * (size_t)pcr->size, pcr->bytes);
}

static void measure(struct pcr_values *quoted)
{
	for (size_t i = 0; i < quoted->n; i++) {
		struct pcr_value *v = &quoted->values[i];
		uint16_t alg = i < LIMIT_PCRS ? ALG_SHA256 : ALG_SHA1;

		*v = (struct pcr_value){
			(uint8_t)(i % LIMIT_PCRS), {.alg = alg, .size = digest_size(alg)}
                };
		if (v->index >= 17 && v->index <= 22)
			memset(v->value.bytes, 0xff, v->value.size);
		for (size_t l = 0; l < n_logs; l++)
			for (size_t k = 0; logs[l].pcr == v->index && k < logs[l].n_events; k++)
				extend(&v->value, logs[l].texts[k]);
	}
}

static bool is_covered(uint8_t index)
{
	for (size_t i = 0; i < n_logs; i++)
		if (logs[i].pcr == index)
			return true;
	return false;
}

static void replay(struct arena *arena, const struct pcr_values *quoted, int contradicted)
{
	struct findings findings = {.arena = arena};
	struct attest_error e = {0};
	struct replay replay;

	REQUIRE(replay_logs(&replay, quoted, logs, n_logs, &findings, &e) == ATTEST_OK);
	REQUIRE(findings.step_failed[ATTEST_STEP_LOG] == (contradicted >= 0));
	for (size_t i = 0; i < quoted->n; i++) {
		uint8_t index = quoted->values[i].index;
		bool covered = is_covered(index), bad = index == contradicted;

		REQUIRE(replay_state(&replay, &quoted->values[i]) == (bad       ? PCR_CONTRADICTED
								      : covered ? PCR_EXPLAINED
										: PCR_INITIAL));
		REQUIRE(replay.proven[index] == (covered && !bad));
	}
}

/* Drop one event; the PCR that it belonged to. */
static int drop_event(uint32_t choice)
{
	for (size_t i = 0; i < n_logs; i++) {
		struct log *log = &logs[(choice + i) % n_logs];
		struct slice *texts;
		size_t k;

		if (log->n_events == 0)
			continue;
		k = choice / 8 % log->n_events;
		texts = (struct slice *)log->texts; /* the arena's */
		memmove(texts + k, texts + k + 1, (log->n_events - k - 1) * sizeof(*texts));
		log->n_events--;
		return log->pcr;
	}
	return -1;
}

static void check_event(const struct event *event)
{
	struct attest_error e = {0};
	json_t *object = NULL;
	struct digest digest;

	REQUIRE(event->pcr < LIMIT_PCRS);
	for (size_t b = 0; b < N_ALGORITHMS; b++) {
		REQUIRE(event_digest(event, digest_at(b), &digest, &e) == ATTEST_OK);
		REQUIRE(digest.size == 0 || digest.size == digest_size(digest_at(b)));
		(void)event_is_hash_of(event, digest_at(b), event->data);
	}
	REQUIRE(event_object(event, &object, &e) == ATTEST_OK);
	REQUIRE(object == NULL || json_is_object(object));
	(void)event_type(event, object);
	json_decref(object);
}

static void check_events(void)
{
	for (size_t i = 0; i < n_logs; i++) {
		struct attest_error e = {0};
		struct log_cursor cursor;
		struct event event;
		bool more = true;
		attest_status status = log_begin(&cursor, &logs[i], &e);

		while (status == ATTEST_OK) {
			status = log_next(&cursor, &event, &more, &e);
			if (status != ATTEST_OK || !more)
				break;
			check_event(&event);
		}
		fuzz_check_error(status, &e);
		log_end(&cursor);
	}
}

static bool all_texts(void)
{
	for (size_t i = 0; i < n_logs; i++)
		if (logs[i].walker != &walk_texts)
			return false;
	return true;
}

/* Values that nothing explains, of every register. */
static void replay_others(struct arena *arena)
{
	static struct pcr_value values[2 * LIMIT_PCRS];
	struct pcr_values quoted = {values, 2 * LIMIT_PCRS};
	struct findings findings = {.arena = arena};
	struct attest_error e = {0};
	struct replay replay;

	for (size_t i = 0; i < quoted.n; i++) {
		uint16_t alg = i < LIMIT_PCRS ? ALG_SHA256 : ALG_SHA1;

		values[i] = (struct pcr_value){
			(uint8_t)(i % LIMIT_PCRS), {.alg = alg, .size = digest_size(alg), .bytes = {1}}
                };
	}
	REQUIRE(replay_logs(&replay, &quoted, logs, n_logs, &findings, &e) == ATTEST_OK);
	for (size_t i = 0; i < LIMIT_PCRS; i++)
		REQUIRE(!replay.proven[i]);
}

static void replay_all(struct arena *arena, uint32_t choice)
{
	static struct pcr_value values[2 * LIMIT_PCRS];
	struct pcr_values quoted = {values, 2 * LIMIT_PCRS};
	int dropped;

	measure(&quoted);
	replay(arena, &quoted, -1);
	dropped = drop_event(choice);
	if (dropped >= 0)
		replay(arena, &quoted, dropped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct json_doc doc;
	struct json_node root;
	attest_status status = json_doc_parse(&doc, &arena, slice_of(data, size), &e);

	if (status == ATTEST_OK) {
		root = json_doc_root(&doc);
		status = parse_logs(&root, &e);
		if (status == ATTEST_OK) {
			check_events();
			if (all_texts())
				replay_all(&arena, fuzz_hash(data, size));
			else
				replay_others(&arena);
		}
		json_doc_free(&doc);
	}
	fuzz_check_error(status, &e);
	arena_free(&arena);
	return 0;
}
