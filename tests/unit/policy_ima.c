/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ima_rules.h"

#include <stdio.h>

#include "logs/ima.h"
#include "walk.h"

#define OWN   "{\"format\":\"libattest-policy-v1\","
#define D(n)  #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n #n
#define ONES  "sha256:" D(11)
#define TWOS  "sha256:" D(22)
#define FILES OWN "\"ima\":{\"files\":{\"/bin/a\":\"" ONES "\",\"/bin/b\":[\"" TWOS "\",\"" ONES "\"]}"

enum { PCR = 10, N_QUOTED = 11 };

/* A file log in the making, and a quote of PCR 0 to 10 that it fits. */
struct fixture {
	struct arena arena;
	struct built log;
	uint16_t hash; /* of the log: SHA-1, as the kernel writes it, or a bank's */
	uint16_t bank;
	bool whole; /* the bytes of the log are not to be followed: the quote stays as it is */
	struct proof proof;
	struct pcr_value values[N_QUOTED];
	struct pcr_values quoted;
	struct replay replay;
	struct evidence evidence;
	struct findings findings;
};

static void set_up(struct fixture *f)
{
	*f = (struct fixture){.hash = ALG_SHA1, .bank = ALG_SHA256};
	f->quoted = (struct pcr_values){f->values, N_QUOTED};
	f->evidence = (struct evidence){&f->proof, &f->quoted, &f->replay, "azure", 0};
}

/* One entry. `alg` of the file's digest, which is this byte over and over; a third field, or NULL. */
struct entry {
	const char *template, *alg;
	uint8_t digest;
	const char *name;
	size_t name_len; /* 0: that of the text */
	const char *third;
	bool violation;
};

static void build_field(struct built *b, const void *data, size_t len)
{
	build_le(b, (uint32_t)len);
	build(b, data, len);
}

static void build_template(struct built *t, const struct entry *entry, struct slice digest)
{
	size_t name_len = entry->name_len != 0 ? entry->name_len : strlen(entry->name);

	build_le(t, (uint32_t)(strlen(entry->alg) + 2 + digest.len));
	build_text(t, entry->alg);
	build(t, ":", 2);
	build(t, digest.data, digest.len);
	build_le(t, (uint32_t)name_len + 1);
	build(t, entry->name, name_len);
	build(t, "", 1);
	if (entry->third != NULL)
		build_field(t, entry->third, strlen(entry->third));
}

static void add_data(struct fixture *f, const char *template, struct slice data, bool violation)
{
	struct attest_error e = {0};
	struct digest hash;

	CHECK_STATUS(digest_compute(f->hash, &data, 1, &hash, &e), ATTEST_OK);
	if (violation)
		memset(hash.bytes, 0, hash.size);
	build_le(&f->log, PCR);
	build(&f->log, hash.bytes, hash.size);
	build_field(&f->log, template, strlen(template));
	build_field(&f->log, data.data, data.len);
}

static void add(struct fixture *f, struct entry entry)
{
	struct built t = {.len = 0};
	uint8_t digest[DIGEST_MAX];
	size_t size = strcmp(entry.alg, "md5") == 0 ? 16 : digest_size(digest_alg(entry.alg));

	memset(digest, entry.digest, sizeof(digest));
	build_template(&t, &entry, slice_of(digest, size));
	add_data(f, entry.template, built_slice(&t), entry.violation);
}

static void add_file(struct fixture *f, const char *name, uint8_t digest)
{
	add(f, (struct entry){"ima-ng", "sha256", digest, name, 0, NULL, false});
}

/* A buffer with its digest, as the kernel makes it. */
static void add_buffer(struct fixture *f, const char *template, const char *name, const char *buffer)
{
	struct entry entry = {template, "sha256", 0, name, 0, buffer, false};
	struct slice bytes = slice_of_string(buffer);
	struct built t = {.len = 0};
	struct attest_error e = {0};
	struct digest digest;

	CHECK_STATUS(digest_compute(ALG_SHA256, &bytes, 1, &digest, &e), ATTEST_OK);
	build_template(&t, &entry, digest_slice(&digest));
	add_data(f, template, built_slice(&t), false);
}

/* Over the first n registers, which are zeros. */
static void add_aggregate(struct fixture *f, const char *alg, size_t n)
{
	struct entry entry = {"ima-ng", alg, 0, "boot_aggregate", 0, NULL, false};
	static const uint8_t zeros[10 * DIGEST_MAX];
	struct slice registers = slice_of(zeros, n * digest_size(digest_alg(alg)));
	struct built t = {.len = 0};
	struct attest_error e = {0};
	struct digest digest;

	CHECK_STATUS(digest_compute(digest_alg(alg), &registers, 1, &digest, &e), ATTEST_OK);
	build_template(&t, &entry, digest_slice(&digest));
	add_data(f, entry.template, built_slice(&t), false);
}

static void begin(struct fixture *f)
{
	f->log.len = 0;
	add_aggregate(f, "sha256", 10);
}

static void quote(struct fixture *f)
{
	struct attest_error e = {0};

	for (uint8_t i = 0; i < N_QUOTED; i++)
		f->values[i] = (struct pcr_value){
			i, {.alg = f->bank, .size = digest_size(f->bank)}
                };
	CHECK_STATUS(replay_logs(&f->replay, NULL, f->proof.logs, f->proof.n_logs, NULL, &e), ATTEST_OK);
	f->values[PCR].value = f->replay.tracks[PCR][digest_index(f->bank)].now;
}

/* How many findings the policy makes. */
static size_t evaluate(struct fixture *f, const char *text)
{
	struct policy *policy = NULL;
	struct attest_error e = {0};

	if (policy_parse(slice_of_string(text), "p", &policy, &e) != ATTEST_OK) {
		CHECK_TEXT(e.message, "a policy that is read");
		return SIZE_MAX;
	}
	arena_free(&f->arena);
	f->findings = (struct findings){.arena = &f->arena};
	f->proof.logs[0] = (struct log){.format = "ima",
					.place = "$.logs[0]",
					.walker = &walk_ima,
					.pcr = -1,
					.source = source_raw(built_slice(&f->log))};
	f->proof.n_logs = 1;
	if (!f->whole)
		quote(f);
	CHECK_STATUS(replay_logs(&f->replay, &f->quoted, f->proof.logs, 1, NULL, &e), ATTEST_OK);
	CHECK_STATUS(policy_evaluate(policy, &f->evidence, &f->findings, &e), ATTEST_OK);
	CHECK(f->findings.step_failed[ATTEST_STEP_POLICY] == (f->findings.n > 0));
	policy_free(policy);
	for (size_t i = 0; i < f->findings.n; i++)
		CHECK(f->findings.items[i].status == ATTEST_E_EVENT ||
		      f->findings.items[i].status == ATTEST_E_RESETTABLE);
	return f->findings.n;
}

static bool says(const struct fixture *f, const char *text)
{
	for (size_t i = 0; i < f->findings.n; i++) {
		const struct attest_finding *x = &f->findings.items[i];

		if (strstr(x->message, text) != NULL || (x->found != NULL && strstr(x->found, text) != NULL) ||
		    (x->expected != NULL && strstr(x->expected, text) != NULL) ||
		    (x->where != NULL && strstr(x->where, text) != NULL))
			return true;
	}
	return false;
}

/* Exactly one, which says this. */
#define REFUSED(f, policy, text)                                                                                       \
	do {                                                                                                           \
		CHECK(evaluate((f), (policy)) == 1);                                                                   \
		CHECK(says((f), (text)));                                                                              \
	} while (0)

static void tear_down(struct fixture *f)
{
	arena_free(&f->arena);
}

void policy_ima_read(void)
{
	static const char *const bad[] = {
		"[]",
		"{\"file\":{}}",
		"{\"pcr\":\"10\"}",
		"{\"pcr\":32}",
		"{\"pcr\":-1}",
		"{\"pcr\":10.0}",
		"{\"files\":[]}",
		"{\"files\":{\"bin/a\":\"" ONES "\"}}",
		"{\"files\":{\"\":\"" ONES "\"}}",
		"{\"files\":{\"boot_aggregate\":\"" ONES "\"}}",
		"{\"files\":{\"/a\":\"" D(11) "\"}}",
		"{\"files\":{\"/a\":\"" ONES "11\"}}",
		"{\"files\":{\"/a\":\"sha256:1111\"}}",
		"{\"files\":{\"/a\":\"sha2561" D(11) "\"}}",
		"{\"files\":{\"/a\":\"sha1:" D(11) "\"}}",
		"{\"files\":{\"/a\":\"md5:11111111111111111111111111111111\"}}",
		"{\"files\":{\"/a\":\"SHA256:" D(11) "\"}}",
		"{\"files\":{\"/a\":\"ima:" ONES "\"}}",
		"{\"files\":{\"/a\":\"sha256:" D(00) "\"}}",
		"{\"files\":{\"/a\":\"sha256:" D(zz) "\"}}",
		"{\"files\":{\"/a\":\"sha256:\"}}",
		"{\"files\":{\"/a\":\"sha256\"}}",
		"{\"files\":{\"/a\":\"zero\"}}",
		"{\"files\":{\"/a\":[]}}",
		"{\"files\":{\"/a\":{}}}",
		"{\"files\":{\"/a\":null}}",
		"{\"files\":{\"/a\":[\"" ONES "\",1]}}",
		"{\"exclude\":{}}",
		"{\"exclude\":[\"\"]}",
		"{\"exclude\":[\"*\"]}",
		"{\"exclude\":[\"/\"]}",
		"{\"exclude\":[\"/*\"]}",
		"{\"exclude\":[\"tmp/*\"]}",
		"{\"exclude\":[\"/*/a\"]}",
		"{\"exclude\":[\"/tmp/**\"]}",
		"{\"exclude\":[1]}",
		"{\"keyrings\":{\"/ima\":\"" ONES "\"}}",
		"{\"keyrings\":{\"\":\"" ONES "\"}}",
		"{\"boot_aggregate\":true}",
		"{\"boot_aggregate\":\"Required\"}",
		"{\"violations\":\"accept\"}",
		"{\"comment\":1}",
	};
	struct policy *policy = NULL;
	struct attest_error e = {0};
	char text[400];

	for (size_t i = 0; i < COUNT(bad); i++) {
		e = (struct attest_error){0};
		(void)snprintf(text, sizeof(text), OWN "\"ima\":%s}", bad[i]);
		CHECK(policy_parse(slice_of_string(text), "p", &policy, &e) != ATTEST_OK);
		CHECK(strncmp(e.where, "$.ima", 5) == 0);
		if (policy != NULL)
			CHECK_TEXT(bad[i], "refused");
		policy_free(policy);
		policy = NULL;
	}
	e = (struct attest_error){0};
	CHECK_STATUS(policy_parse(slice_of_string(OWN "\"ima\":{\"files\":{\"/ok\":\"" ONES "\",\"/bad\":[\"" ONES
						      "\",\"x\"]}}}"),
				  "p", &policy, &e),
		     ATTEST_E_POLICY_INVALID);
	CHECK_TEXT(e.where, "$.ima.files./bad[1]");
	CHECK_STATUS(policy_parse(slice_of_string(OWN "\"ima\":{}}"), "p", &policy, &e), ATTEST_OK);
	CHECK(policy->ima != NULL && policy->ima->pcr == 10 && policy_has_golden_values(policy));
	policy_free(policy);
}

/* Plain lists are read apart; others by the book, and what is wrong is wrong to both. */
void policy_ima_lists(void)
{
	static const struct {
		const char *files;
		attest_status want;
	} lists[] = {
		{"{\"/a\":\"" ONES "\"}",						       ATTEST_OK              },
		{" {\n\t\"/b\" :\r[ \"" TWOS "\" , \"" ONES "\" ] , \"/a\": [\"" ONES "\"] } ", ATTEST_OK              },
		{"{\"\\u002fa\":\"" ONES "\"}",						 ATTEST_OK              },
		{"{\"/a\":\"sha25\\u0036:" D(11) "\"}",                                         ATTEST_OK              },
		{"{\"/a\":\"" ONES "\",\"/\xc3\xa4\\\"]}\":[\"" ONES "\"]}",                    ATTEST_OK              },
		{"{\"/a\":\"" ONES "\",\"/x]\":\"" ONES "\",\"/y}\":\"" ONES "\"}",             ATTEST_OK              },
		{"{\"/a\":\"" ONES "\",\"/a\":\"" ONES "\"}",                                   ATTEST_E_JSON          },
		{"{\"/a\":\"" ONES "\",}",						      ATTEST_E_JSON          },
		{"{\"/a\":\"" ONES "\"]",						       ATTEST_E_JSON          },
		{"[\"/a\",\"" ONES "\"}",						       ATTEST_E_JSON          },
		{"{\"/a\":[\"" ONES "\"}",						      ATTEST_E_JSON          },
		{"{\"/a\":[\"" ONES "\",]}",						    ATTEST_E_JSON          },
		{"{\"/a\":[\"" ONES "\"}]",						     ATTEST_E_JSON          },
		{"{\"/a\":[\"" ONES "\"}}",						     ATTEST_E_JSON          },
		{"{\"/a\" \"" ONES "\"}",						       ATTEST_E_JSON          },
		{"{\"/a\":\"" ONES "\" \"/b\":\"" ONES "\"}",                                   ATTEST_E_JSON          },
		{"{\"/a\":\"" ONES "\",\"/b\\q\":\"" ONES "\"}",                                ATTEST_E_JSON          },
		{"{\"/a\":\"" ONES "\",\"/b\n\":\"" ONES "\"}",                                 ATTEST_E_JSON          },
		{"{\"/a\":\"" ONES "\",\"/b\xff\":\"" ONES "\"}",                               ATTEST_E_JSON          },
		{"{\"/a\":\"" ONES "\",\"/b\\u0000\":\"" ONES "\"}",                            ATTEST_E_JSON          },
		{"{\"/a\":\"" ONES "\",\"/b\":tru}",                                            ATTEST_E_JSON          },
		{"{\"/a\":\"" ONES "\"} {\"/a\":\"" ONES "\"}",                                 ATTEST_E_JSON          },
		{"{\"/a\":\"" ONES "\",\"/b\":{\"/c\":\"" ONES "\"}}",                          ATTEST_E_STRUCTURE     },
		{"{\"/a\":\"" ONES "\",\"/b\":[[\"" ONES "\"]]}",                               ATTEST_E_STRUCTURE     },
		{"{\"/a\":\"" ONES "\",\"/b\":[]}",                                             ATTEST_E_POLICY_INVALID},
		{"{\"/a\":\"" ONES "\",\"b\":\"" ONES "\"}",                                    ATTEST_E_POLICY_INVALID},
		{"{\"/a\":\"" ONES "\"",							ATTEST_E_JSON          },
		{"{\"/a\":\"" ONES,							     ATTEST_E_JSON          },
	};

	for (size_t i = 0; i < 2 * COUNT(lists); i++) {
		const char *files = lists[i / 2].files;
		struct policy *policy = NULL;
		struct attest_error e = {0};
		char text[600], *exact;
		size_t len =
			(size_t)snprintf(text, sizeof(text),
					 i % 2 == 0 ? OWN "\"ima\" : {\"pcr\":10,\"files\": %s}}"
						    : OWN "\"releases\":[{\"name\":\"r\",\"ima\":{\"files\":%s}}]}",
					 files);

		exact = unit_exact(slice_of(text, len));
		CHECK_STATUS(policy_parse(slice_of(exact, len), "p", &policy, &e), lists[i / 2].want);
		free(exact); /* nothing is borrowed */
		if (policy != NULL) {
			const struct ima_rules *ima = i % 2 == 0 ? policy->ima : policy->releases[0].ima;
			const struct ima_item *item = ima_map_find(&ima->files, slice_of_string("/a"));

			CHECK(item != NULL && item->n_values == 1 && item->values[0].alg == ALG_SHA256 &&
			      item->values[0].bytes.len == 32 && item->values[0].bytes.data[31] == 0x11);
		}
		policy_free(policy);
	}
}

void policy_ima_found(void)
{
	enum { N = 5000 };
	struct ima_map map = {.n = 0};
	struct arena arena = {NULL};
	struct policy *policy = NULL;
	struct attest_error e = {0};
	char *text = arena_alloc(&arena, N, 120), path[40];
	size_t len = (size_t)sprintf(text, OWN "\"ima\":{\"exclude\":[\"/tmp/*\",\"/var/x\"],\"files\":{");

	CHECK(ima_map_find(&map, slice_of_string("/")) == NULL);
	for (size_t i = 0; i < N; i++)
		len += (size_t)sprintf(text + len, "%s\"/f%zu\":\"" ONES "\"", i == 0 ? "" : ",", i);
	len += (size_t)sprintf(text + len, "}}}");
	CHECK_STATUS(policy_parse(slice_of(text, len), "p", &policy, &e), ATTEST_OK);
	for (size_t i = 0; i < 2 * N; i++) {
		const struct ima_item *item;

		(void)sprintf(path, "/f%zu", i);
		item = ima_map_find(&policy->ima->files, slice_of_string(path));
		CHECK((item != NULL) == (i < N));
		CHECK(item == NULL || slice_equal(item->name, slice_of_string(path)));
	}
	CHECK(ima_is_excluded(policy->ima, slice_of_string("/tmp/")) &&
	      ima_is_excluded(policy->ima, slice_of_string("/tmp/a/b")) &&
	      !ima_is_excluded(policy->ima, slice_of_string("/tmp")) &&
	      ima_is_excluded(policy->ima, slice_of_string("/var/x")) &&
	      !ima_is_excluded(policy->ima, slice_of_string("/var/xy")) &&
	      !ima_is_excluded(policy->ima, slice_of_string("/var/tmp/x")));
	policy_free(policy);
	arena_free(&arena);
}

void policy_ima_files(void)
{
	struct fixture f;

	set_up(&f);
	begin(&f);
	add_file(&f, "/bin/a", 0x11);
	add_file(&f, "/bin/b", 0x22);
	add_file(&f, "/bin/b", 0x11);
	add(&f, (struct entry){"ima-sig", "sha256", 0x11, "/bin/a", 0, "signature", false});
	add(&f, (struct entry){"d-ng|n-ng", "sha256", 0x11, "/bin/a", 0, NULL, false});
	CHECK(evaluate(&f, FILES "}}") == 0);
	add_file(&f, "/bin/a", 0x22); /* a digest of another path */
	REFUSED(&f, FILES "}}", "another digest than");
	CHECK(says(&f, "$.logs[0], event 6, PCR 10") && says(&f, ONES) && says(&f, TWOS " /bin/a"));
	CHECK(evaluate(&f, FILES ",\"exclude\":[\"/bin/a\"]}}") == 0);
	begin(&f);
	add_file(&f, "/bin/c", 0x11); /* a path of its own */
	REFUSED(&f, FILES "}}", "does not list");
	CHECK(evaluate(&f, FILES ",\"exclude\":[\"/bin/*\"]}}") == 0);
	REFUSED(&f, FILES ",\"exclude\":[\"/bin/\"]}}", "does not list");
	begin(&f);
	for (size_t i = 0; i < 40; i++)
		add_file(&f, "/bin/c", (uint8_t)i);
	CHECK(evaluate(&f, FILES "}}") == 17 && says(&f, "24 more"));
	REFUSED(&f, OWN "\"ima\":{\"pcr\":9}}", "not known");
	tear_down(&f);
}

/* Digests of other algorithms and kinds, and what no list can have. */
void policy_ima_digests(void)
{
	static const char sha1[] =
		OWN "\"ima\":{\"files\":{\"/a\":\"sha1:1111111111111111111111111111111111111111\"}}}";
	static const char verity[] = OWN "\"ima\":{\"files\":{\"/a\":\"verity:" ONES "\"}}}";
	static const char sha256[] = OWN "\"ima\":{\"files\":{\"/a\":\"" ONES "\"}}}";
	struct built t = {.len = 0};
	struct fixture f;

	set_up(&f);
	begin(&f);
	add(&f, (struct entry){"ima-ng", "sha1", 0x11, "/a", 0, NULL, false});
	CHECK(evaluate(&f, sha1) == 0);
	REFUSED(&f, sha256, "another digest");
	begin(&f);
	add(&f, (struct entry){"ima-ng", "md5", 0x11, "/a", 0, NULL, false});
	REFUSED(&f, sha256, "md5:1111");
	begin(&f);
	build_le(&t, 15 + 32);
	build(&t, "verity:sha256:\0", 15);
	build_fill(&t, 0x11, 32);
	build_field(&t, "/a\0", 3);
	add_data(&f, "ima-ngv2", built_slice(&t), false);
	CHECK(evaluate(&f, verity) == 0);
	REFUSED(&f, sha256, "another digest");
	begin(&f);
	add_file(&f, "/a", 0x11);
	REFUSED(&f, verity, "another digest");
	tear_down(&f);
}

void policy_ima_aggregate(void)
{
	static const char optional[] = FILES ",\"boot_aggregate\":\"optional\"}}";
	struct fixture f;

	set_up(&f);
	add_file(&f, "/bin/a", 0x11);
	REFUSED(&f, FILES "}}", "does not begin with boot_aggregate");
	CHECK(evaluate(&f, optional) == 0);
	add_aggregate(&f, "sha256", 10); /* moved */
	CHECK(evaluate(&f, FILES "}}") == 2 && says(&f, "is not the first entry"));
	REFUSED(&f, optional, "is not the first entry");
	begin(&f);
	CHECK(evaluate(&f, FILES "}}") == 0);
	add_aggregate(&f, "sha256", 10); /* a second */
	REFUSED(&f, FILES "}}", "is not the first entry");
	f.log.len = 0;
	add_aggregate(&f, "sha256", 8); /* kernels before 5.8 */
	CHECK(evaluate(&f, FILES "}}") == 0);
	f.log.len = 0;
	add_aggregate(&f, "sha256", 9);
	REFUSED(&f, FILES "}}", "fits neither");
	CHECK(evaluate(&f, optional) == 0);
	f.log.len = 0;
	add_aggregate(&f, "sha384", 10); /* of a bank that no policy names */
	REFUSED(&f, FILES "}}", "bank that no policy names");
	begin(&f);
	CHECK(evaluate(&f, FILES "}}") == 0);
	f.whole = true;
	f.values[9].index = 11; /* not all are quoted */
	REFUSED(&f, FILES "}}", "cannot be compared");
	f.values[9].index = 9;
	f.values[3].value.bytes[0] = 1; /* another boot */
	REFUSED(&f, FILES "}}", "fits neither");
	tear_down(&f);
}

/* What a violation was of, is only claimed. */
void policy_ima_violations(void)
{
	struct fixture f;

	set_up(&f);
	begin(&f);
	add(&f, (struct entry){"ima-ng", "sha256", 0, "/tmp/a", 0, NULL, true});
	REFUSED(&f, FILES "}}", "a violation");
	CHECK(says(&f, "/tmp/a (claimed)"));
	REFUSED(&f, FILES ",\"exclude\":[\"/tmp/*\"]}}", "a violation");
	REFUSED(&f, FILES ",\"violations\":\"excluded\"}}", "a violation");
	CHECK(evaluate(&f, FILES ",\"exclude\":[\"/tmp/*\"],\"violations\":\"excluded\"}}") == 0);
	begin(&f);
	add(&f, (struct entry){"ima-ng", "sha256", 0x11, "/bin/a", 0, NULL, true}); /* of a file with a good digest */
	REFUSED(&f, FILES "}}", "a violation");
	f.log.len = 0;
	f.hash = ALG_SHA256; /* a log of the policy's own bank, and one of another */
	begin(&f);
	add(&f, (struct entry){"ima-ng", "sha256", 0, "/bin/a", 0, NULL, true});
	REFUSED(&f, FILES "}}", "a violation");
	f.hash = ALG_SHA384;
	begin(&f);
	add(&f, (struct entry){"ima-ng", "sha256", 0, "/bin/a", 0, NULL, true});
	REFUSED(&f, FILES "}}", "a violation");
	tear_down(&f);
}

/* Where the log has the very digests of the bank, the replay does not look at its data. */
void policy_ima_claims(void)
{
	struct fixture f;
	size_t at;

	set_up(&f);
	f.hash = ALG_SHA256;
	begin(&f);
	add_file(&f, "/bin/c", 0x11);
	at = f.log.len - 2;
	REFUSED(&f, FILES "}}", "does not list");
	f.log.bytes[at] = 'a'; /* renamed; its hash is kept */
	REFUSED(&f, FILES "}}", "not what was measured");
	CHECK(says(&f, "/bin/a (claimed)"));
	REFUSED(&f, FILES ",\"exclude\":[\"/bin/*\"]}}", "not what was measured");
	begin(&f);
	f.log.bytes[f.log.len - 2] = 'x'; /* boot_aggregate too */
	CHECK(evaluate(&f, FILES "}}") == 2 && says(&f, "not what was measured") && says(&f, "does not begin with"));
	f.hash = ALG_SHA1; /* without them, the replay does */
	begin(&f);
	add_file(&f, "/bin/c", 0x11);
	CHECK(evaluate(&f, FILES "}}") == 1);
	f.whole = true;
	f.log.bytes[f.log.len - 2] = 'a';
	REFUSED(&f, FILES "}}", "its events are not known");
	tear_down(&f);
}

void policy_ima_names(void)
{
	struct fixture f;

	set_up(&f);
	begin(&f);
	add(&f, (struct entry){"ima-ng", "sha256", 0x11, "/bin/a\n\x1b[31m\xff", 0, NULL, false});
	REFUSED(&f, FILES "}}", "/bin/a\\x0a\\x1b[31m\\xff");
	begin(&f);
	add(&f, (struct entry){"ima-ng", "sha256", 0x11, "/bin/a\0x", 8, NULL, false}); /* a NUL within */
	REFUSED(&f, FILES "}}", "cannot be read");
	begin(&f);
	add(&f, (struct entry){"ima-ng", "sha256", 0x11, "bin/a", 0, NULL, false});
	REFUSED(&f, FILES "}}", "does not list");
	begin(&f);
	add(&f, (struct entry){"ima-ng", "sha512", 0x11,
			       "/a/long/path/that/has/no/end/a/long/path/that/has/no/end/a/long/path/that/has/no/end",
			       0, NULL, false});
	REFUSED(&f, FILES "}}", "...");
	tear_down(&f);
}

void policy_ima_buffers(void)
{
	/* SHA-256 of "key" */
	static const char key[] =
		OWN "\"ima\":{\"keyrings\":{\".ima\":[\"" TWOS "\",\"sha256:2c70e12b7a0646f92279f427c7"
		    "b38e7334d8e5389cff167a1dc30e73f826b683\"]}}}";
	struct fixture f;

	set_up(&f);
	begin(&f);
	add_buffer(&f, "ima-buf", ".ima", "key");
	CHECK(evaluate(&f, key) == 0);
	REFUSED(&f, FILES "}}", "a key or buffer that");
	begin(&f);
	add_buffer(&f, "ima-buf", ".ima", "other");
	REFUSED(&f, key, "a key or buffer that");
	begin(&f);
	add_buffer(&f, "ima-buf", ".evm", "key");
	REFUSED(&f, key, "a key or buffer that");
	begin(&f);
	add_buffer(&f, "ima-sig", ".ima", "key"); /* called a file with a signature */
	REFUSED(&f, key, "a file that");
	begin(&f);
	add(&f, (struct entry){"ima-buf", "sha256", 0x33, ".ima", 0, "key", false}); /* a file, called a buffer */
	REFUSED(&f, key, "not what the digest of its entry says");
	begin(&f);
	add(&f, (struct entry){"ima-buf", "md5", 0x33, ".ima", 0, "key", false});
	REFUSED(&f, key, "not what the digest of its entry says");
	begin(&f);
	add(&f, (struct entry){"ima-buf", "sha256", 0x11, "/bin/a", 0, "signature", false});
	REFUSED(&f, FILES "}}", "not what the digest of its entry says");
	tear_down(&f);
}

static void add_short(struct fixture *f, const char *name, uint8_t digest)
{
	struct built preimage = {.len = 0};
	struct attest_error e = {0};
	struct digest hash;
	struct slice part;

	build_fill(&preimage, digest, 20);
	build_text(&preimage, name);
	build_fill(&preimage, 0, 256 - strlen(name));
	part = built_slice(&preimage);
	CHECK_STATUS(digest_compute(ALG_SHA1, &part, 1, &hash, &e), ATTEST_OK);
	build_le(&f->log, PCR);
	build(&f->log, hash.bytes, hash.size);
	build_field(&f->log, "ima", 3);
	build_fill(&f->log, digest, 20);
	build_field(&f->log, name, strlen(name));
}

void policy_ima_templates(void)
{
	static const char sha1[] =
		OWN "\"ima\":{\"files\":{\"/a\":\"sha1:1111111111111111111111111111111111111111\"}}}";
	struct fixture f;

	set_up(&f);
	begin(&f);
	add_short(&f, "/a", 0x11); /* no algorithm is named: it is SHA-1 */
	CHECK(evaluate(&f, sha1) == 0);
	add_short(&f, "/a", 0x22);
	REFUSED(&f, sha1, "another digest");
	begin(&f);
	add(&f, (struct entry){"ima-new", "sha256", 0x11, "/bin/a", 0, NULL, false});
	REFUSED(&f, FILES "}}", "its template is not known");
	CHECK(says(&f, "unknown template"));
	begin(&f);
	add(&f, (struct entry){"d-ng|n-ng|iuid", "sha256", 0x11, "/bin/a", 0, "1000", false});
	REFUSED(&f, FILES "}}", "its template is not known");
	begin(&f);
	add(&f, (struct entry){"ima-sig", "sha256", 0x11, "/bin/a", 0, NULL, false}); /* called another */
	REFUSED(&f, FILES "}}", "its template is not known");
	tear_down(&f);
}

static struct event bare(struct slice digest)
{
	struct event event = {.kind = EVENT_BARE, .pcr = PCR, .measured = true, .n_digests = 1, .startup_locality = -1};

	event.digests[0] = (struct event_digest){ALG_SHA256, digest};
	return event;
}

/* Whose register it is: not quoted, not explained, reset, shared, padded. */
void policy_ima_registers(void)
{
	uint8_t digest[32] = {1};
	struct event event = bare(slice_of(digest, 32));
	struct attest_error e = {0};
	struct policy *policy = NULL;
	struct fixture f;

	set_up(&f);
	begin(&f);
	REFUSED(&f, OWN "\"ima\":{\"pcr\":16}}", "any software can reset");
	REFUSED(&f, OWN "\"resettable_pcrs\":\"accept\",\"ima\":{\"pcr\":16}}", "was not quoted");
	REFUSED(&f, OWN "\"bank\":\"sha1\",\"ima\":{}}", "was not quoted");
	f.whole = true;
	f.values[PCR].value.bytes[0] ^= 1;
	REFUSED(&f, OWN "\"ima\":{}}", "not known");
	/* An event of another log in the same register. */
	f.whole = false;
	CHECK(evaluate(&f, OWN "\"ima\":{}}") == 0);
	f.proof.logs[1] = (struct log){.format = "x",
				       .place = "$.logs[1]",
				       .walker = &walk_events,
				       .pcr = -1,
				       .events = &event,
				       .n_events = 1};
	f.proof.n_logs = 2;
	quote(&f);
	CHECK_STATUS(replay_logs(&f.replay, &f.quoted, f.proof.logs, 2, NULL, &e), ATTEST_OK);
	CHECK_STATUS(policy_parse(slice_of_string(OWN "\"ima\":{}}"), "p", &policy, &e), ATTEST_OK);
	f.findings = (struct findings){.arena = &f.arena};
	CHECK_STATUS(policy_evaluate(policy, &f.evidence, &f.findings, &e), ATTEST_OK);
	CHECK(f.findings.n == 1 && says(&f, "no entry of the kernel's file log") && says(&f, "$.logs[1], event 0"));
	policy_free(policy);
	/* SHA-1 digests, padded. */
	begin(&f);
	memset(digest, 0, sizeof(digest));
	memcpy(digest, &f.log.bytes[4], 20);
	f.proof.logs[0] = f.proof.logs[1];
	f.proof.n_logs = 1;
	quote(&f);
	f.whole = true;
	REFUSED(&f, OWN "\"ima\":{}}", "padded with zeros");
	tear_down(&f);
}
