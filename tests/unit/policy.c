/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include <stdio.h>

#include "unit.h"

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS "2222222222222222222222222222222222222222222222222222222222222222"
#define OWN  "{\"format\":\"libattest-policy-v1\","

static attest_status parse(const char *text, struct policy **ret_policy)
{
	struct attest_error e = {0};
	attest_status status = policy_parse(slice_of_string(text), "file.json", ret_policy, &e);

	CHECK(e.status == status);
	return status;
}

static struct policy *good(const char *text)
{
	struct policy *policy = NULL;

	CHECK_STATUS(parse(text, &policy), ATTEST_OK);
	if (policy == NULL)
		exit(2);
	return policy;
}

void policy_kinds(void)
{
	struct policy *p = good(
		OWN "\"name\":\"my\\npolicy\",\"bank\":\"sha1\",\"platforms\":[\"azure\",\"gcp\"],\"tls\":\"required\","
		    "\"nonce\":\"optional\",\"pcrs\":{\"0\":\"zero\",\"31\":\"ignore\"},"
		    "\"resettable_pcrs\":\"accept\",\"containers\":{\"i\":\"id\"}}");

	CHECK_TEXT(p->name, "my\\x0apolicy");
	CHECK(p->bank == ALG_SHA1 && p->n_platforms == 2 && p->tls == REQUIRED && p->nonce == OPTIONAL);
	CHECK(p->n_pins == 1 && p->pins[0].kind == PIN_VALUES && p->pins[31].kind == PIN_IGNORE &&
	      p->pins[1].kind == PIN_NONE);
	CHECK(p->accept_resettable && p->n_containers == 1 && policy_has_golden_values(p));
	policy_free(p);
	p = good("{\"measurements\":{\"0\":\"" ONES "\",\"4\":\"" TWOS "\"},\"application_disk_roothash\":\"" ONES
		 "\"}");
	CHECK_TEXT(p->name, "file.json");
	CHECK(p->bank == ALG_SHA256 && p->n_pins == 2 && p->application_disk.len == 32 && !p->accept_resettable);
	CHECK(p->tls == UNSAID && p->nonce == UNSAID);
	policy_free(p);
	p = good("{\"name\":\"sha256:1\",\"other/image\":\"sha256:2\"}"); /* a map may even hold "name" */
	CHECK(p->n_containers == 2 && p->n_pins == 0 && policy_has_golden_values(p));
	CHECK_TEXT(p->containers[1].image, "other/image");
	CHECK_TEXT(p->containers[1].id, "sha256:2");
	policy_free(p);
	p = good(OWN "\"tls\":\"required\"}"); /* a demand, but nothing that is compared with the software */
	CHECK(!policy_has_golden_values(p));
	policy_free(p);
	p = good(OWN "\"platforms\":[\"vendor\"]}");
	CHECK(!policy_has_golden_values(p));
	policy_free(p);
	policy_free(NULL);
}

void policy_refused(void)
{
	static const struct {
		const char *text;
		attest_status want;
	} bad[] = {
		{"",										 ATTEST_E_JSON          },
		{"[]",									       ATTEST_E_STRUCTURE     },
		{"{}",									       ATTEST_E_POLICY_INVALID},
		{OWN "\"name\":\"n\"}",							      ATTEST_E_POLICY_INVALID},
		{OWN "\"pcrs\":{}}",								 ATTEST_E_POLICY_INVALID},
		{OWN "\"pcrs\":{\"0\":\"ignore\"}}",                                                 ATTEST_E_POLICY_INVALID},
		{OWN "\"tls\":\"optional\",\"nonce\":\"optional\"}",                                 ATTEST_E_POLICY_INVALID},
		{OWN "\"containers\":{}}",							   ATTEST_E_POLICY_INVALID},
		{"{\"measurements\":{}}",							    ATTEST_E_POLICY_INVALID},
		{"{\"format\":\"libattest-policy-v2\",\"pcrs\":{\"0\":\"zero\"}}",                   ATTEST_E_POLICY_INVALID},
		{"{\"format\":1,\"pcrs\":{\"0\":\"zero\"}}",                                         ATTEST_E_STRUCTURE     },
		{"{\"pcrs\":{\"0\":\"zero\"}}",						      ATTEST_E_POLICY_INVALID},
		{OWN "\"pins\":{\"0\":\"zero\"}}",						   ATTEST_E_STRUCTURE     },
		{"{\"measurements\":{\"0\":\"zero\"},\"tls\":\"required\"}",                         ATTEST_E_STRUCTURE     },
		{OWN "\"pcrs\":[\"zero\"]}",							 ATTEST_E_STRUCTURE     },
		{OWN "\"pcrs\":{\"0\":0}}",							  ATTEST_E_STRUCTURE     },
		{OWN "\"pcrs\":{\"0\":null}}",						       ATTEST_E_STRUCTURE     },
		{OWN "\"pcrs\":{\"0\":[]}}",							 ATTEST_E_POLICY_INVALID},
		{OWN "\"pcrs\":{\"0\":{}}}",							 ATTEST_E_POLICY_INVALID},
		{OWN "\"pcrs\":{\"0\":[[\"zero\"]]}}",                                               ATTEST_E_STRUCTURE     },
		{OWN "\"pcrs\":{\"0\":[\"zero\",\"ignore\"]}}",                                      ATTEST_E_ENCODING      },
		{OWN "\"pcrs\":{\"0\":\"ZERO\"}}",						   ATTEST_E_ENCODING      },
		{OWN "\"pcrs\":{\"0\":\"\"}}",						       ATTEST_E_ENCODING      },
		{OWN "\"pcrs\":{\"0\":\"11\"}}",						     ATTEST_E_POLICY_INVALID},
		{OWN "\"pcrs\":{\"0\":\"" ONES "11\"}}",                                             ATTEST_E_POLICY_INVALID},
		{OWN "\"bank\":\"sha1\",\"pcrs\":{\"0\":\"" ONES "\"}}",                             ATTEST_E_POLICY_INVALID},
		{OWN "\"bank\":\"md5\",\"pcrs\":{\"0\":\"zero\"}}",                                  ATTEST_E_POLICY_INVALID},
		{OWN "\"pcrs\":{\"00\":\"zero\"}}",                                                  ATTEST_E_POLICY_INVALID},
		{OWN "\"pcrs\":{\"32\":\"zero\"}}",                                                  ATTEST_E_POLICY_INVALID},
		{OWN "\"pcrs\":{\"-1\":\"zero\"}}",                                                  ATTEST_E_POLICY_INVALID},
		{OWN "\"pcrs\":{\"sha256\":{\"0\":\"zero\"}}}",                                      ATTEST_E_POLICY_INVALID},
		{OWN "\"platforms\":[]}",							    ATTEST_E_POLICY_INVALID},
		{OWN "\"platforms\":\"azure\"}",						     ATTEST_E_STRUCTURE     },
		{OWN "\"platforms\":[\"Azure\"]}",						   ATTEST_E_POLICY_INVALID},
		{OWN "\"platforms\":[\"azure\",\"azure\",\"azure\",\"azure\",\"azure\",\"azure\"]}", ATTEST_E_LIMIT         },
		{OWN "\"tls\":true}",								ATTEST_E_STRUCTURE     },
		{OWN "\"tls\":\"REQUIRED\"}",							ATTEST_E_POLICY_INVALID},
		{OWN "\"nonce\":\"yes\"}",							   ATTEST_E_POLICY_INVALID},
		{OWN "\"tls\":\"required\",\"resettable_pcrs\":\"ignore\"}",                         ATTEST_E_POLICY_INVALID},
		{OWN "\"application_disk_roothash\":\"1111\"}",                                      ATTEST_E_POLICY_INVALID},
		{OWN "\"application_disk_roothash\":\"" ONES "11\"}",                                ATTEST_E_LIMIT         },
		{OWN "\"containers\":{\"a\":1}}",						    ATTEST_E_STRUCTURE     },
		{"{\"image\":\"id\",\"other\":1}",						   ATTEST_E_STRUCTURE     },
		{OWN "\"tls\":\"required\",\"tls\":\"optional\"}",                                   ATTEST_E_JSON          },
	};
	struct policy *policy = NULL;

	for (size_t i = 0; i < COUNT(bad); i++) {
		CHECK_STATUS(parse(bad[i].text, &policy), bad[i].want);
		if (policy != NULL)
			(void)printf("accepted: %s\n", bad[i].text);
		policy_free(policy);
		policy = NULL;
	}
}

/* Quoted: PCRs 0 (ones), 1 (zeros) and 16 (ones) of the SHA-256 bank. */
struct fixture {
	struct arena arena;
	struct proof proof;
	struct pcr_value values[3];
	struct pcr_values pcrs;
	struct replay replay;
	struct evidence evidence;
	struct findings findings;
};

static void set_up(struct fixture *f)
{
	static const uint8_t indices[] = {0, 1, 16};

	*f = (struct fixture){
		.pcrs = {f->values, 3}
        };
	f->evidence = (struct evidence){&f->proof, &f->pcrs, &f->replay, "azure", 0};
	for (size_t i = 0; i < 3; i++) {
		f->values[i] = (struct pcr_value){
			indices[i], {.alg = ALG_SHA256, .size = 32}
                };
		memset(f->values[i].value.bytes, i == 1 ? 0 : 0x11, 32);
	}
}

/* The status of the first finding that the policy makes; ATTEST_OK without any. */
static attest_status evaluate(struct fixture *f, const char *text)
{
	struct policy *policy = good(text);
	struct attest_error e = {0};

	f->findings = (struct findings){.arena = &f->arena};
	CHECK_STATUS(policy_evaluate(policy, &f->evidence, &f->findings, &e), ATTEST_OK);
	CHECK(f->findings.n <= 2 && f->findings.step_failed[ATTEST_STEP_POLICY] == (f->findings.n > 0));
	policy_free(policy);
	return f->findings.n == 0 ? ATTEST_OK : f->findings.items[0].status;
}

/* What two releases with these pins say of PCR 0; *ret_name is empty where there is none. */
static enum pin_match match_of_releases(struct fixture *f, const char *a, const char *b, const char **ret_name)
{
	static char kept[20];
	char text[400];
	struct policy *policy;
	enum pin_match match;

	(void)snprintf(text, sizeof(text),
		       OWN "\"releases\":[{\"name\":\"a\",\"pcrs\":%s},{\"name\":\"b\",\"pcrs\":%s}]}", a, b);
	policy = good(text);
	match = policy_match_pin(policy, &f->values[0], ret_name);
	(void)snprintf(kept, sizeof(kept), "%s", *ret_name == NULL ? "" : *ret_name);
	*ret_name = kept;
	policy_free(policy);
	return match;
}

void policy_pins(void)
{
	static const struct {
		const char *pcrs;
		attest_status want;
	} pins[] = {
		{"{\"0\":\"" ONES "\"}",							 ATTEST_OK            },
		{"{\"0\":\"" TWOS "\"}",							 ATTEST_E_PIN_MISMATCH},
		{"{\"0\":\"zero\"}",							     ATTEST_E_PIN_MISMATCH},
		{"{\"1\":\"zero\"}",							     ATTEST_OK            },
		{"{\"1\":\"0000000000000000000000000000000000000000000000000000000000000000\"}", ATTEST_OK            },
		{"{\"0\":[\"" TWOS "\",\"" ONES "\"]}",                                          ATTEST_OK            },
		{"{\"0\":[\"" TWOS "\",\"zero\"]}",                                              ATTEST_E_PIN_MISMATCH},
		{"{\"0\":{\"old\":\"" TWOS "\",\"new\":\"" ONES "\"}}",                          ATTEST_OK            },
		{"{\"0\":{\"old\":\"" TWOS "\"}}",                                               ATTEST_E_PIN_MISMATCH},
		{"{\"0\":\"" ONES "\",\"1\":\"ignore\",\"2\":\"ignore\"}",                       ATTEST_OK            },
		{"{\"2\":\"zero\"}",							     ATTEST_E_PIN_MISSING },
		{"{\"16\":\"" ONES "\"}",							ATTEST_E_RESETTABLE  },
	};
	struct policy *policy = good(OWN "\"pcrs\":{\"0\":{\"old\":\"" TWOS "\",\"new\":\"" ONES
					 "\"},\"1\":\"ignore\",\"16\":\"zero\"}}");
	const char *name = "";
	struct fixture f;
	char text[400];

	set_up(&f);
	for (size_t i = 0; i < COUNT(pins); i++) {
		(void)snprintf(text, sizeof(text), OWN "\"pcrs\":%s}", pins[i].pcrs);
		CHECK_STATUS(evaluate(&f, text), pins[i].want);
	}
	CHECK_STATUS(evaluate(&f, OWN "\"pcrs\":{\"16\":\"" ONES "\"},\"resettable_pcrs\":\"accept\"}"), ATTEST_OK);
	CHECK_STATUS(evaluate(&f, OWN "\"bank\":\"sha384\",\"pcrs\":{\"0\":\"zero\"}}"), ATTEST_E_PIN_MISSING);
	CHECK(policy_match_pin(policy, &f.values[0], &name) == PIN_MATCHES);
	CHECK_TEXT(name, "new");
	CHECK(policy_match_pin(policy, &f.values[1], &name) == PIN_IGNORED && name == NULL);
	CHECK(policy_match_pin(policy, &f.values[2], &name) == PIN_DIFFERS && name == NULL);
	CHECK(match_of_releases(&f, "{\"0\":{\"x\":\"" ONES "\"}}", "{\"0\":\"" TWOS "\"}", &name) == PIN_MATCHES);
	CHECK_TEXT(name, "x");
	CHECK(match_of_releases(&f, "{\"0\":\"zero\"}", "{\"0\":\"" TWOS "\"}", &name) == PIN_DIFFERS);
	/* The release that holds may be the one that says nothing of the PCR. */
	CHECK(match_of_releases(&f, "{\"0\":\"" ONES "\"}", "{\"1\":\"zero\"}", &name) == PIN_SAYS_NOTHING);
	CHECK(match_of_releases(&f, "{\"0\":\"" ONES "\"}", "{\"0\":\"ignore\",\"1\":\"zero\"}", &name) == PIN_IGNORED);
	CHECK_TEXT(name, "");
	f.values[0].index = 5;
	CHECK(policy_match_pin(policy, &f.values[0], &name) == PIN_SAYS_NOTHING);
	f.values[0] = (struct pcr_value){
		0, {.alg = ALG_SHA1, .size = 20}
        };
	CHECK(policy_match_pin(policy, &f.values[0], &name) == PIN_SAYS_NOTHING);
	policy_free(policy);
	arena_free(&f.arena);
}

void policy_platforms(void)
{
	struct policy *clouds = good(OWN "\"platforms\":[\"azure\",\"gcp\"]}");
	struct policy *vendor = good(OWN "\"platforms\":[\"aws\",\"vendor\"]}");
	struct policy *both[] = {clouds, vendor};
	struct fixture f;

	set_up(&f);
	CHECK_STATUS(evaluate(&f, OWN "\"platforms\":[\"gcp\",\"azure\"]}"), ATTEST_OK);
	CHECK_STATUS(evaluate(&f, OWN "\"platforms\":[\"gcp\",\"added\"]}"), ATTEST_E_PLATFORM);
	f.evidence.platform = "added";
	CHECK_STATUS(evaluate(&f, OWN "\"platforms\":[\"gcp\",\"added\"]}"), ATTEST_OK);
	f.evidence.platform = NULL; /* without a chain: the composer lets no such policy pass */
	CHECK_STATUS(evaluate(&f, OWN "\"platforms\":[\"gcp\"]}"), ATTEST_OK);
	f.findings = (struct findings){.arena = &f.arena};
	CHECK_STATUS(policies_check_vendor(both, 2, "azure", &f.findings), ATTEST_OK);
	CHECK_STATUS(policies_check_vendor(both, 2, NULL, &f.findings), ATTEST_OK);
	CHECK_STATUS(policies_check_vendor(both, 2, "vendor", &f.findings), ATTEST_OK);
	CHECK(f.findings.n == 0);
	CHECK_STATUS(policies_check_vendor(both, 1, "vendor", &f.findings), ATTEST_E_PLATFORM);
	CHECK_STATUS(policies_check_vendor(NULL, 0, "vendor", &f.findings), ATTEST_E_PLATFORM);
	CHECK(f.findings.n == 2 && f.findings.step_failed[ATTEST_STEP_POLICY]);
	policy_free(clouds);
	policy_free(vendor);
	arena_free(&f.arena);
}

void policy_disk(void)
{
	static const char demands[] = "{\"application_disk_roothash\":\"" ONES "\"}";
	uint8_t disk[32];
	struct fixture f;

	set_up(&f);
	CHECK_STATUS(evaluate(&f, demands), ATTEST_E_EVENT); /* the proof names none */
	memset(disk, 0x11, sizeof(disk));
	f.proof.application_disk = slice_of(disk, 32);
	CHECK_STATUS(evaluate(&f, demands), ATTEST_E_EVENT); /* it claims one, but nothing proves it */
	f.replay.proven[PCR_TLS] = true;
	CHECK_STATUS(evaluate(&f, demands), ATTEST_OK);
	disk[31] ^= 1;
	CHECK_STATUS(evaluate(&f, demands), ATTEST_E_EVENT);
	arena_free(&f.arena);
}

#define IMAGE(name, id)                                                                                                \
	"{\"event_type\":\"input_image\",\"content\":{\"spec\":{\"image_name\":\"" name                                \
	"\"},\"resolved\":{\"id\":\"" id "\"}}}"

void policy_containers(void)
{
	static const struct {
		const char *text;
		attest_status want;
	} events[] = {
		{IMAGE("a",       "1"),							      ATTEST_OK},
		{IMAGE("a",               "2"),									ATTEST_E_EVENT},
		{IMAGE("b", "1"),ATTEST_E_EVENT},
		{IMAGE("A",           "1"),								    ATTEST_E_EVENT},
		{"{\"event_type\":\"input_image\"}",       ATTEST_E_EVENT                                                         },
		{"{\"event_type\":\"input_image\",\"content\":{\"spec\":{\"image_name\":\"a\"}}}",               ATTEST_E_EVENT                                              },
		{"{\"event_type\":\"input_image\",\"content\":{\"spec\":{\"image_name\":1},\"resolved\":{\"id\":\"1\"}}"
		 "}",               ATTEST_E_EVENT},
		{"{\"event_type\":\"other\"}",               ATTEST_E_EVENT              }, /* no image at all */
	};
	struct slice text;
	struct fixture f;

	set_up(&f);
	f.proof.logs[0] =
		(struct log){.place = "$.logs[0]", .walker = &walk_texts, .pcr = 14, .texts = &text, .n_events = 1};
	f.proof.n_logs = 1;
	f.replay.proven[14] = f.replay.proven[16] = true;
	for (size_t i = 0; i < COUNT(events); i++) {
		text = slice_of_string(events[i].text);
		CHECK_STATUS(evaluate(&f, "{\"a\":\"1\",\"c\":\"1\"}"), events[i].want);
	}
	text = slice_of_string(events[0].text);
	f.proof.logs[0].pcr = 16;
	CHECK_STATUS(evaluate(&f, "{\"a\":\"1\"}"), ATTEST_E_RESETTABLE);
	f.proof.logs[0].pcr = 14;
	f.replay.proven[14] = false; /* the log does not replay */
	CHECK_STATUS(evaluate(&f, "{\"a\":\"1\"}"), ATTEST_E_EVENT);
	f.replay.proven[14] = true;
	f.replay.logs[0].broken = true; /* nor is it read to its end */
	CHECK_STATUS(evaluate(&f, "{\"a\":\"1\"}"), ATTEST_E_EVENT);
	arena_free(&f.arena);
}

/* Another log may hold what is measured into the PCR of the images: none of it may hide an image. */
void policy_containers_elsewhere(void)
{
	static const struct {
		enum event_kind kind;
		const char *text;
		bool hashed; /* the text is what was hashed */
		attest_status want;
	} events[] = {
		{EVENT_SYSTEMD,   "machine-id", true,  ATTEST_OK             }, /* such a text is no image */
		{EVENT_SYSTEMD,   "machine-id", false, ATTEST_E_EVENT        },
		{EVENT_SYSTEMD,   IMAGE("a",    "1"),  true,                   ATTEST_E_EVENT},
		{EVENT_SYSTEMD,               " {}",               true, ATTEST_E_EVENT    },
		{EVENT_BARE,               "",                  true,       ATTEST_E_EVENT   },
		{EVENT_TCG,               IMAGE("a",                   "1"), true,ATTEST_E_EVENT},
		{EVENT_IMA, "/bin/sh",             true,          ATTEST_E_EVENT                         },
		{EVENT_OTHER, "text",             true,ATTEST_E_EVENT},
	};
	struct slice text = slice_of_string(IMAGE("a", "1")), other = slice_of_string("other");
	struct fixture f;

	set_up(&f);
	f.replay.proven[14] = f.replay.proven[11] = true;
	f.replay.wanted[14][digest_index(ALG_SHA256)] = f.replay.wanted[11][digest_index(ALG_SHA256)] = true;
	for (size_t i = 0; i < COUNT(events); i++) {
		struct event event = {.kind = events[i].kind, .pcr = 14, .measured = true, .type = "static"};
		struct attest_error e = {0};
		struct digest digest;

		event.data = slice_of(events[i].text, strlen(events[i].text));
		CHECK_STATUS(digest_compute(ALG_SHA256, events[i].hashed ? &event.data : &other, 1, &digest, &e),
			     ATTEST_OK);
		event.digests[event.n_digests++] = (struct event_digest){ALG_SHA256, digest_slice(&digest)};
		f.proof.logs[0] = (struct log){
			.place = "$.logs[0]", .walker = &walk_events, .pcr = -1, .events = &event, .n_events = 1};
		f.proof.logs[1] = (struct log){
			.place = "$.logs[1]", .walker = &walk_texts, .pcr = 14, .texts = &text, .n_events = 1};
		f.proof.n_logs = 2;
		CHECK_STATUS(evaluate(&f, "{\"a\":\"1\"}"), events[i].want);
		event.measured = false; /* it extends nothing */
		CHECK_STATUS(evaluate(&f, "{\"a\":\"1\"}"), ATTEST_OK);
		event.measured = true;
		event.pcr = 11; /* where no texts are expected */
		CHECK_STATUS(evaluate(&f, "{\"a\":\"1\"}"), ATTEST_OK);
		event.pcr = 14;
		f.proof.n_logs = 1; /* and where all are such, there is no image */
		CHECK_STATUS(evaluate(&f, "{\"a\":\"1\"}"), ATTEST_E_EVENT);
	}
	f.proof.logs[0] = f.proof.logs[1]; /* a text that names an image counts where AICert measures it */
	f.proof.logs[0].pcr = 11;
	CHECK_STATUS(evaluate(&f, "{\"a\":\"1\"}"), ATTEST_E_EVENT);
	f.proof.logs[0].pcr = 14;
	CHECK_STATUS(evaluate(&f, "{\"a\":\"1\"}"), ATTEST_OK);
	arena_free(&f.arena);
}

void policy_meanings(void)
{
	for (uint8_t i = 0; i < LIMIT_PCRS; i++) {
		CHECK(pcr_meaning(i) != NULL && pcr_meaning(i)[0] != '\0');
		CHECK(pcr_is_resettable(i) == (i == 16 || i == 23));
	}
	CHECK_TEXT(pcr_meaning(200), "not assigned");
}
