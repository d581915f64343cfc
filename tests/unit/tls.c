/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/tls.h"

#include "base/text.h"
#include "unit.h"

static void spki_digest(uint8_t ret_digest[32])
{
	memset(ret_digest, 0xa5, 32);
}

/* Computed apart: SHA-256 of "libattest quote v1", a zero byte, the nonce's length, the nonce, and 32 bytes a5. */
void tls_binding_vector(void)
{
	static const struct {
		size_t len;
		const char *binding;
	} vectors[] = {
		{0,  "8d5df72e11c1d368dcca55b60f395a4d0e474c3c57e254d7d7d2482f138219d7"},
		{32, "539d4eff8e3a0f5a9af8d417a8b178eac1421b727c166ff9e36b6a9982584931"}, /* 00 01 ... 1f */
		{64, "9f04b91ae3d145ab0405c7897886ae3f8188c93c0a367ffdc120862d0dfc33c3"}, /* ff ... */
	};
	uint8_t nonce[64], spki[32];
	char hex[HEX_SIZE(32)];

	spki_digest(spki);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct attest_error e = {0};
		struct digest binding;

		for (size_t k = 0; k < 64; k++)
			nonce[k] = vectors[i].len == 64 ? 0xff : (uint8_t)k;
		CHECK_STATUS(tls_quote_binding(slice_of(nonce, vectors[i].len), slice_of(spki, 32), slice_of(NULL, 0),
					       &binding, &e),
			     ATTEST_OK);
		CHECK(binding.alg == ALG_SHA256 && binding.size == 32);
		hex_encode(digest_slice(&binding), hex);
		CHECK_TEXT(hex, vectors[i].binding);
	}
}

/* The example of docs/proof-format.md: its key, the nonce 00 01 ... 1f, the exporter value 20 21 ... 3f. */
void tls_binding_exporter_vector(void)
{
	static const char spki[] = "5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3";
	struct arena arena = {NULL};
	struct attest_error e = {0};
	uint8_t bytes[32 + TLS_EXPORTER_SIZE];
	char hex[HEX_SIZE(32)];
	struct slice digest;
	struct digest binding;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	CHECK_STATUS(hex_decode(&arena, slice_of_string(spki), &digest, &e), ATTEST_OK);
	CHECK_STATUS(tls_quote_binding(slice_of(bytes, 32), digest, slice_of(NULL, 0), &binding, &e), ATTEST_OK);
	hex_encode(digest_slice(&binding), hex);
	CHECK_TEXT(hex, "a5378c5748f5464ed9579808f1be01b79a17b0c6953b6f1aec1056a88f533dba");
	CHECK_STATUS(
		tls_quote_binding(slice_of(bytes, 32), digest, slice_of(bytes + 32, TLS_EXPORTER_SIZE), &binding, &e),
		ATTEST_OK);
	hex_encode(digest_slice(&binding), hex);
	CHECK_TEXT(hex, "083ef249e4c849ffd0aac12a9cc5c298919d7812cc4490a5b149d5bbbb09d55d");
	arena_free(&arena);
}

/* PCR 15 is quoted and untouched, unless a test says otherwise. */
struct fixture {
	struct proof proof;
	struct quote quote;
	struct pcr_value value;
	struct pcr_values pcrs;
	struct replay replay;
	struct event events[4];
	uint8_t spki[32];
	struct slice nonce, exporter;
};

static void set_state(struct fixture *f, enum pcr_state state)
{
	f->replay.tracks[PCR_TLS][digest_index(ALG_SHA256)].state = state;
}

static void set_up(struct fixture *f, enum tls_binding binding)
{
	*f = (struct fixture){
		.pcrs = {&f->value, 1},
                  .replay = {.done = true        },
                  .nonce = slice_of_string("nonce")
        };
	f->proof.tls_binding = binding;
	set_state(f, PCR_INITIAL);
	f->replay.wanted[PCR_TLS][digest_index(ALG_SHA256)] = true;
	f->value = (struct pcr_value){
		PCR_TLS, {.alg = ALG_SHA256, .size = 32}
        };
	f->proof.logs[0] = (struct log){.format = "text-events",
					.place = "$.logs[0]",
					.walker = &walk_events,
					.pcr = PCR_TLS,
					.events = f->events};
	f->proof.n_logs = 1;
	f->replay.logs[0].pcrs = 1u << PCR_TLS;
	spki_digest(f->spki);
}

static attest_status check(struct fixture *f)
{
	struct attest_error e = {0};

	struct tls_freshness fresh = {f->nonce, f->exporter};

	return tls_check_binding(&f->proof, &f->quote, &f->pcrs, &f->replay, &fresh, slice_of(f->spki, 32), &e);
}

static void bind(struct fixture *f)
{
	struct attest_error e = {0};
	struct digest binding;

	CHECK_STATUS(tls_quote_binding(f->nonce, slice_of(f->spki, 32), f->exporter, &binding, &e), ATTEST_OK);
	memcpy(f->quote.extra, binding.bytes, 32);
	f->quote.extra_len = 32;
}

void tls_binding_in_quote(void)
{
	struct fixture f;

	set_up(&f, TLS_IN_QUOTE);
	bind(&f);
	CHECK_STATUS(check(&f), ATTEST_OK);
	f.nonce = slice_of_string("noncf");
	CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING);
	f.nonce = slice_of(NULL, 0);
	CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING);
	f.nonce = slice_of_string("nonce");
	f.spki[0] ^= 1;
	CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING);
	f.spki[0] ^= 1;
	f.quote.extra_len = 31;
	CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING);
	f.quote.extra_len = 33;
	CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING);
	memcpy(f.quote.extra, "nonce", 5);
	f.quote.extra_len = 5;
	CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING); /* the plain nonce */
	bind(&f);
	f.value.index = 14; /* PCR 15 might tell of another key, and is not quoted */
	CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING);
	f.value.index = PCR_TLS;
	set_state(&f, PCR_UNEXPLAINED); /* or was extended, and nobody says with what */
	CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING);
}

/* A proof that binds a session holds for that session alone, and one that binds none for none. */
void tls_binding_of_session(void)
{
	uint8_t session[TLS_EXPORTER_SIZE] = {7};
	struct fixture f;

	set_up(&f, TLS_IN_QUOTE);
	bind(&f);
	f.exporter = slice_of(session, sizeof(session));
	CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING);
	bind(&f);
	CHECK_STATUS(check(&f), ATTEST_OK);
	session[31] = 1;
	CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING);
	f.exporter = slice_of(NULL, 0);
	CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING);
	f.proof.tls_binding = TLS_CA_IN_PCR;
	f.replay.proven[PCR_TLS] = true;
	CHECK_STATUS(check(&f), ATTEST_OK);
	f.exporter = slice_of(session, sizeof(session));
	CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING);
}

static struct event text_event(struct slice text)
{
	return (struct event){.kind = EVENT_TEXT,
			      .pcr = PCR_TLS,
			      .measured = true,
			      .data = text,
			      .preimage = text,
			      .startup_locality = -1};
}

#define SEPARATOR      "{\"type\":\"separator\"}"
#define KEY_OF(digest) "{\"type\":\"tls-key\",\"name\":\"server\",\"digest\":\"" digest "\"}"
#define DIGEST         "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"
#define KEY            KEY_OF("sha256:" DIGEST)

void tls_binding_in_event(void)
{
	static const struct {
		const char *events[4];
		attest_status want;
	} logs[] = {
		{{SEPARATOR, KEY},							 ATTEST_OK           },
		{{"{\"type\":\"config\"}", SEPARATOR, KEY},                                ATTEST_OK           },
		{{"{}", SEPARATOR, KEY},						   ATTEST_OK           },
		{{"anything", SEPARATOR, KEY},                                             ATTEST_E_TLS_BINDING}, /* what cannot be read could be a key */
		{{"{", SEPARATOR, KEY},						    ATTEST_E_TLS_BINDING},
		{{"{\"type\":\"tls-key\",\"type\":\"x\"}", SEPARATOR, KEY},                ATTEST_E_TLS_BINDING},
		{{KEY},								    ATTEST_E_TLS_BINDING},
		{{SEPARATOR},							      ATTEST_E_TLS_BINDING},
		{{KEY, SEPARATOR},							 ATTEST_E_TLS_BINDING},
		{{SEPARATOR, KEY, "{}"},						   ATTEST_E_TLS_BINDING},
		{{SEPARATOR, "{}", KEY},						   ATTEST_E_TLS_BINDING},
		{{SEPARATOR, KEY, KEY},						    ATTEST_E_TLS_BINDING},
		{{KEY, SEPARATOR, KEY},						    ATTEST_E_TLS_BINDING},
		{{SEPARATOR, SEPARATOR, KEY},					      ATTEST_E_TLS_BINDING},
		{{SEPARATOR, KEY, SEPARATOR, KEY},                                         ATTEST_E_TLS_BINDING},
		{{"separator", KEY},						       ATTEST_E_TLS_BINDING},
		{{SEPARATOR, "{\"type\":\"TLS-KEY\",\"digest\":\"sha256:" DIGEST "\"}"},   ATTEST_E_TLS_BINDING},
		{{SEPARATOR, KEY_OF(DIGEST)},					      ATTEST_E_TLS_BINDING},
		{{SEPARATOR, KEY_OF("SHA256:" DIGEST)},                                    ATTEST_E_TLS_BINDING},
		{{SEPARATOR, KEY_OF("sha256:" DIGEST "00")},                               ATTEST_E_TLS_BINDING},
		{{SEPARATOR, KEY_OF("sha256:b5" DIGEST)},                                  ATTEST_E_TLS_BINDING},
		{{SEPARATOR, "{\"type\":\"tls-key\"}"},                                    ATTEST_E_TLS_BINDING},
		{{SEPARATOR, "{\"type\":\"tls-key\",\"digest\":[\"sha256:" DIGEST "\"]}"}, ATTEST_E_TLS_BINDING},
		{{NULL},								   ATTEST_E_TLS_BINDING},
	};
	struct fixture f;

	for (size_t i = 0; i < COUNT(logs); i++) {
		set_up(&f, TLS_IN_EVENT);
		set_state(&f, PCR_EXPLAINED);
		f.replay.proven[PCR_TLS] = true;
		for (size_t k = 0; k < 4 && logs[i].events[k] != NULL; k++)
			f.events[f.proof.logs[0].n_events++] = text_event(slice_of_string(logs[i].events[k]));
		CHECK_STATUS(check(&f), logs[i].want);
		f.replay.proven[PCR_TLS] = false;
		CHECK_STATUS(check(&f), ATTEST_E_TLS_BINDING);
		/* A key in the quote must not be contradicted by such a log. */
		f.replay.proven[PCR_TLS] = true;
		f.proof.tls_binding = TLS_IN_QUOTE;
		bind(&f);
		CHECK_STATUS(check(&f), logs[i].want);
	}
}

/* What else is measured into PCR 15 stands in other logs, such as systemd's, before the separator. */
void tls_other_logs(void)
{
	static const struct {
		enum event_kind kind;
		const char *data;
		bool hashed; /* the data is what was hashed */
		attest_status want;
	} events[] = {
		{EVENT_SYSTEMD, "machine-id:0123",                 true,  ATTEST_OK           },
		{EVENT_SYSTEMD, "{ not JSON",                      true,  ATTEST_E_TLS_BINDING},
		{EVENT_SYSTEMD, "{\"type\":\"tls-key\"}",          true,  ATTEST_E_TLS_BINDING},
		{EVENT_SYSTEMD, "",                                true,  ATTEST_E_TLS_BINDING},
		{EVENT_SYSTEMD, "volume key: not what was hashed", false, ATTEST_E_TLS_BINDING},
		{EVENT_TCG,     "text",                            true,  ATTEST_E_TLS_BINDING},
		{EVENT_IMA,     "text",                            true,  ATTEST_E_TLS_BINDING},
		{EVENT_OTHER,   "text",                            true,  ATTEST_E_TLS_BINDING},
		{EVENT_BARE,    "text",                            true,  ATTEST_E_TLS_BINDING},
	};
	struct fixture f;

	for (size_t i = 0; i < COUNT(events); i++) {
		struct slice data = slice_of(events[i].data, strlen(events[i].data)), other = slice_of_string("other");
		struct attest_error e = {0};
		struct digest digest;
		struct event event = {.kind = events[i].kind, .pcr = PCR_TLS, .measured = true, .type = "static"};

		CHECK_STATUS(digest_compute(ALG_SHA256, events[i].hashed ? &data : &other, 1, &digest, &e), ATTEST_OK);
		event.data = data;
		event.digests[event.n_digests++] = (struct event_digest){ALG_SHA256, digest_slice(&digest)};
		set_up(&f, TLS_IN_EVENT);
		set_state(&f, PCR_EXPLAINED);
		f.replay.proven[PCR_TLS] = true;
		f.events[0] = event;
		f.events[1] = text_event(slice_of_string(SEPARATOR));
		f.events[2] = text_event(slice_of_string(KEY));
		f.proof.logs[1] = f.proof.logs[0];
		f.proof.logs[0].n_events = 1;
		f.proof.logs[1].events = &f.events[1];
		f.proof.logs[1].n_events = 2;
		f.proof.n_logs = 2;
		f.replay.logs[1] = f.replay.logs[0];
		CHECK_STATUS(check(&f), events[i].want);
		f.events[0].measured = false; /* it extends nothing, so it hides nothing */
		CHECK_STATUS(check(&f), ATTEST_OK);
		f.events[0] = event;
		f.events[0].pcr = 11; /* of another PCR */
		CHECK_STATUS(check(&f), ATTEST_OK);
	}
}
