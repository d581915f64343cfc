/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "events.h"
#include "policy/policy.h"

#define OWN  "{\"format\":\"libattest-policy-v1\","
#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS "2222222222222222222222222222222222222222222222222222222222222222"

enum { MOST_EVENTS = 48 };

/* A machine that has extended these events, and its log. */
struct boot {
	struct arena arena;
	struct made made[MOST_EVENTS];
	struct event events[MOST_EVENTS];
	size_t n;
	struct pcr_value values[LIMIT_PCRS];
	struct pcr_values pcrs;
	struct proof proof;
	struct replay replay;
	struct evidence evidence;
	struct findings findings;
};

static void extend(struct boot *b, uint8_t pcr, struct slice data, struct slice hashed)
{
	make_event(&b->made[b->n], EV_IPL, pcr, data, hashed);
	b->n++;
}

static void extend_data(struct boot *b, uint8_t pcr, struct slice data)
{
	extend(b, pcr, data, data);
}

static void extend_text(struct boot *b, uint8_t pcr, const char *text)
{
	extend_data(b, pcr, slice_of_string(text));
}

/* Quotes what the events give. */
static void quote(struct boot *b)
{
	struct attest_error e = {0};

	for (size_t i = 0; i < b->n; i++) {
		b->made[i].event.digests[0].value = digest_slice(&b->made[i].digest);
		b->events[i] = b->made[i].event;
	}
	b->proof.n_logs = 1;
	b->proof.logs[0] = (struct log){
		.place = "$.logs[0]", .walker = &walk_events, .pcr = -1, .events = b->events, .n_events = b->n};
	b->findings = (struct findings){.arena = &b->arena};
	CHECK_STATUS(replay_logs(&b->replay, NULL, b->proof.logs, 1, NULL, &e), ATTEST_OK);
	for (uint8_t i = 0; i < LIMIT_PCRS; i++)
		b->values[i] = (struct pcr_value){i, b->replay.tracks[i][digest_index(ALG_SHA256)].now};
	b->pcrs = (struct pcr_values){b->values, LIMIT_PCRS};
	CHECK_STATUS(replay_logs(&b->replay, &b->pcrs, b->proof.logs, 1, &b->findings, &e), ATTEST_OK);
	CHECK(b->findings.n == 0);
	b->evidence = (struct evidence){&b->proof, &b->pcrs, &b->replay, "azure", 1000};
}

static struct policy *parsed(const char *text)
{
	struct policy *policy = NULL;
	struct attest_error e = {0};

	if (policy_parse(slice_of_string(text), "p", &policy, &e) != ATTEST_OK) {
		(void)printf("%s: %s: %s\n", text, e.where, e.message);
		CHECK(false);
		exit(2);
	}
	return policy;
}

/* How many error findings. */
static size_t evaluate(struct boot *b, const char *text)
{
	struct policy *policy = parsed(text);
	struct attest_error e = {0};
	size_t n = 0;

	b->findings = (struct findings){.arena = &b->arena};
	CHECK_STATUS(policy_evaluate(policy, &b->evidence, &b->findings, &e), ATTEST_OK);
	CHECK(b->findings.internal == ATTEST_OK);
	for (size_t i = 0; i < b->findings.n; i++)
		n += b->findings.items[i].is_error != 0;
	CHECK((n > 0) == b->findings.step_failed[ATTEST_STEP_POLICY]);
	policy_free(policy);
	return n;
}

/* The rules of one PCR, in JSON; `order` may be "any". */
static size_t ruled(struct boot *b, int pcr, const char *order, const char *rules)
{
	char text[4096];

	(void)snprintf(text, sizeof(text),
		       OWN "\"nonce\":\"required\",\"events\":{\"%d\":{\"order\":\"%s\",\"rules\":[%s]}}}", pcr, order,
		       rules);
	return evaluate(b, text);
}

static bool says(const struct boot *b, size_t i, const char *where, const char *expected, const char *found)
{
	const struct attest_finding *f = &b->findings.items[i];
	bool good = i < b->findings.n && strstr(f->where, where) != NULL && f->expected != NULL &&
		    strstr(f->expected, expected) != NULL && f->found != NULL && strstr(f->found, found) != NULL &&
		    f->hint != NULL && f->status == ATTEST_E_EVENT;

	if (!good && i < b->findings.n)
		(void)printf("%s | %s | %s | %s | %s\n", f->where, f->message, f->expected, f->found, f->hint);
	return good;
}

#define T(text) "{\"text\":\"" text "\"}"

void policy_rules_order(void)
{
	static const struct {
		const char *order, *rules;
		size_t n;
	} cases[] = {
		{"listed", T("a") "," T("b") "," T("b") "," T("c"),                                                   0},
		{"any",    T("c") "," T("b") "," T("a") "," T("b"),                                                   0},
		{"listed", T("b") "," T("a") "," T("b") "," T("c"),                                                   2},
		{"listed", T("a") ",{\"text\":\"b\",\"count\":\"some\"}," T("c"),                                     0},
		{"listed", T("a") ",{\"text\":\"b\",\"count\":\"any\"}," T("c"),                                      0},
		{"listed", T("a") ",{\"text\":\"x\",\"count\":\"any\"},{\"text\":\"b\",\"count\":\"some\"}," T("c"),  0},
		{"listed", T("a") ",{\"text\":\"x\",\"count\":\"some\"},{\"text\":\"b\",\"count\":\"some\"}," T("c"),
		 1												     },
		{"listed", T("a") ",{\"text\":\"b\",\"count\":\"optional\"}," T("c"),                                 1},
		{"listed", T("a") "," T("b") "," T("c"),							      1},
		{"any",    T("a") "," T("b") "," T("c"),							      1},
		{"any",    T("a") "," T("b") "," T("b") "," T("c") "," T("d"),                                        1},
		{"any",    T("a") "," T("b") "," T("b"),							      1},
		{"listed", T("a") "," T("b") "," T("b"),							      1},
		{"listed", T("a") "," T("b") "," T("b") "," T("c") "," T("d"),                                        1},
		{"any",    "{\"text\":[\"a\",\"b\",\"c\"],\"count\":\"some\"}",                                       0},
		{"any",    "{\"text\":[\"a\",\"b\"],\"count\":\"any\"}",                                              1},
		{"listed", "{\"anything\":\"for now\",\"count\":\"any\"}",                                            0},
		{"listed", "{\"anything\":\"for now\"}",							      3},
		{"any",    T("a") ",{\"anything\":\"for now\",\"count\":\"some\"}",                                   0},
		{"listed", "",											4},
 /* greedy, and nothing is taken back */
		{"listed", T("a") ",{\"text\":\"b\",\"count\":\"any\"}," T("b") "," T("c"),                           1},
	};
	struct boot b = {.n = 0};

	extend_text(&b, 9, "a");
	extend_text(&b, 8, "in another PCR");
	extend_text(&b, 9, "b");
	extend_text(&b, 9, "b");
	extend_text(&b, 9, "c");
	quote(&b);
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = ruled(&b, 9, cases[i].order, cases[i].rules);

		CHECK(n == cases[i].n);
		if (n != cases[i].n)
			(void)printf("%zu instead of %zu: %s\n", n, cases[i].n, cases[i].rules);
	}
	CHECK(ruled(&b, 10, "listed", "") == 0); /* at its initial value */
	CHECK(ruled(&b, 10, "listed", T("a")) == 1 && says(&b, 0, "PCR 10", "the text \"a\"", "no such event"));
	arena_free(&b.arena);
}

/* One change is one finding, with the rule that it is about. */
void policy_rules_nearest(void)
{
	static const char named[] =
		T("a") ",{\"name\":\"kernel\",\"digest\":{\"6.1\":\"" ONES "\",\"6.2\":\"" TWOS "\"}}," T("c");
	static const char command[] = "{\"name\":\"line\",\"cmdline\":{\"words\":[\"quiet\"]}}," T("a") "," T("c");
	struct boot b = {.n = 0};

	extend_text(&b, 9, "a");
	extend_text(&b, 9, "root=a debug");
	extend_text(&b, 9, "c");
	quote(&b);
	CHECK(ruled(&b, 9, "listed", named) == 1);
	CHECK(says(&b, 0, "$.logs[0], event 1, PCR 9", "rule \"kernel\": sha256 1111", "root=a debug"));
	CHECK(strstr(b.findings.items[0].expected, "(\"6.1\"), or 1 other") != NULL);
	CHECK(ruled(&b, 9, "any", command) == 1);
	CHECK(says(&b, 0, "$.logs[0], event 1, PCR 9", "rule \"line\": a command line with quiet", "sha256 "));
	CHECK(strstr(b.findings.items[0].hint, "lacks the word \"quiet\"") != NULL);
	CHECK(ruled(&b, 9, "listed", T("a") "," T("c")) == 1);
	CHECK(says(&b, 0, "event 1", "rule 1: the text \"c\"", "root=a debug"));
	CHECK(ruled(&b, 9, "listed", T("root=a debug") "," T("a") "," T("c")) == 2);
	CHECK(ruled(&b, 9, "listed", T("a") "," T("root=a debug") "," T("b") "," T("c")) == 1);
	CHECK(says(&b, 0, "PCR 9 (files read by the boot loader, initrd), rule 2", "the text \"b\"", "no such event"));
	CHECK(ruled(&b, 9, "listed", T("a") "," T("root=a debug")) == 1);
	CHECK(says(&b, 0, "event 2", "no more events", "c"));
	arena_free(&b.arena);
}

void policy_rules_many_left(void)
{
	struct boot b = {.n = 0};

	for (size_t i = 0; i < 40; i++)
		extend_text(&b, 9, "a");
	quote(&b);
	CHECK(ruled(&b, 9, "any", T("a")) == 17);
	CHECK(strstr(b.findings.items[16].message, "23 more events") != NULL);
	arena_free(&b.arena);
}

#define CMDLINE(members) "{\"cmdline\":{" members "}}"
#define WORDS(words)     CMDLINE("\"words\":[" words "]")

void policy_rules_cmdline(void)
{
	static const struct {
		const char *text, *rule;
		bool want;
	} cases[] = {
		{"root=a quiet ro",               CMDLINE("\"is\":\"root=a quiet ro\""),                                  true },
		{"root=a quiet ro",               CMDLINE("\"is\":[\"x\",\"root=a quiet ro\"]"),                          true },
		{"root=a quiet ro ",              CMDLINE("\"is\":\"root=a quiet ro\""),                                  false},
		{"root=a quiet",                  CMDLINE("\"prefix\":\"root=a \""),                                      true },
		{"xroot=a quiet",                 CMDLINE("\"prefix\":\"root=a\""),                                       false},
		{"root=a quiet ro",               WORDS("\"ro\",\"root=a\""),                                             true },
		{"root=a\tquiet\tro",             WORDS("\"ro\",\"quiet\""),                                              true },
		{"root=a quiet",                  WORDS("\"ro\""),							false},
		{"root=a quietro",                WORDS("\"ro\""),							false},
		{"root=a -- ro",                  WORDS("\"ro\""),							false}, /* for init */
		{"x=\"a ro b\"",                  WORDS("\"ro\""),							false}, /* one word */
		{"RO",			    WORDS("\"ro\""),							false},
		{"root=a root=b",                 WORDS("\"root=a\""),                                                    false}, /* the last one counts */
		{"root=a x=\"y root=b\"",         WORDS("\"root=a\""),                                                    false},
		{"root=a root",                   WORDS("\"root=a\""),                                                    false},
		{"console=a console=b",           WORDS("\"console=b\",\"console=a\""),                                   true },
		{"root=a\nquiet",                 WORDS("\"quiet\""),                                                     false}, /* the EFI stub stops */
		{"root=a quiet\xc2\xa0"
		 "init=/bin/sh", WORDS("\"root=a\""),						    false},
		{"root=a\x01quiet",               WORDS("\"root=a\""),                                                    false},
		{"root=a init=/bin/sh",           CMDLINE("\"words\":[\"root=a\"],\"not_words\":[\"init=\"]"),            false},
		{"root=a init",                   CMDLINE("\"words\":[\"root=a\"],\"not_words\":[\"init=\"]"),            false},
		{"root=a initrd=x",               CMDLINE("\"words\":[\"root=a\"],\"not_words\":[\"init=\"]"),            true },
		{"root=a \"init=/bin/sh\"",       CMDLINE("\"words\":[\"root=a\"],\"not_words\":[\"init=\"]"),            false},
		{"root=a init=\"/bin/sh\"",       CMDLINE("\"words\":[\"root=a\"],\"not_words\":[\"init=/bin/sh\"]"),     false},
		{"root=a init=/sbin/init",        CMDLINE("\"words\":[\"root=a\"],\"not_words\":[\"init=/bin/sh\"]"),     true },
		{"root=a x=\"y init=/bin/sh\"",   CMDLINE("\"words\":[\"root=a\"],\"not_words\":[\"init=/bin/sh\"]"),
		 false													 },
		{"root=a systemd.debug-shell",    CMDLINE("\"prefix\":\"root\",\"not_words\":[\"systemd.debug_shell\"]"),
		 false													 },
		{"root=a systemd.debug_shell=1",  CMDLINE("\"prefix\":\"root\",\"not_words\":[\"systemd.debug-shell\"]"),
		 false													 },
		{"root=a SYSTEMD.debug_shell",    CMDLINE("\"prefix\":\"root\",\"not_words\":[\"systemd.debug_shell\"]"),
		 false													 },
		{"root=a -- single",              CMDLINE("\"prefix\":\"root\",\"not_words\":[\"single\"]"),              false},
		{"root=a",                        CMDLINE("\"is\":\"root=a\",\"words\":[\"ro\"]"),                        false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct boot b = {.n = 0};
		bool got;

		extend_text(&b, 12, cases[i].text);
		quote(&b);
		got = ruled(&b, 12, "listed", cases[i].rule) == 0;
		CHECK(got == cases[i].want);
		if (got != cases[i].want)
			(void)printf("%s: %s\n", cases[i].text, cases[i].rule);
		arena_free(&b.arena);
	}
}

static bool cmdline_fits(struct slice data, struct slice hashed, const char *rule)
{
	struct boot b = {.n = 0};
	bool fits;

	extend(&b, 12, data, hashed);
	quote(&b);
	fits = ruled(&b, 12, "any", rule) == 0;
	arena_free(&b.arena);
	return fits;
}

/* What is hashed counts, in every form that boot loaders hash, and nothing else. */
void policy_rules_cmdline_forms(void)
{
	static const char rule[] = CMDLINE("\"is\":\"root=a\"");
	struct built utf16 = {.len = 0}, nul_inside = {.len = 0}, grub = {.len = 0}, longer = {.len = 0};

	put_utf16(&utf16, "root=a");
	put_number(&utf16, 0, 2);
	CHECK(cmdline_fits(built_slice(&utf16), built_slice(&utf16), rule));
	CHECK(!cmdline_fits(built_slice(&utf16), slice_of_string("root=b"), rule));
	CHECK(cmdline_fits(slice_sub(built_slice(&utf16), 0, utf16.len - 1), built_slice(&utf16), rule));
	put_utf16(&nul_inside, "root=a");
	put_number(&nul_inside, 0, 2);
	put_utf16(&nul_inside, " init=/bin/sh");
	put_number(&nul_inside, 0, 2);
	CHECK(!cmdline_fits(built_slice(&nul_inside), built_slice(&nul_inside), rule));
	CHECK(!cmdline_fits(slice_of("root=a\0 x", 9), slice_of("root=a\0 x", 9), rule));
	CHECK(cmdline_fits(slice_of("root=a", 6), slice_of("root=a", 6), rule));
	CHECK(cmdline_fits(slice_of("root=a", 7), slice_of("root=a", 7), rule));
	/* Three units of UTF-16 with their NUL, and six with an odd letter at the end: another text to the kernel. */
	CHECK(!cmdline_fits(slice_of("root=a\0", 8), slice_of("root=a\0", 8), rule));
	CHECK(!cmdline_fits(slice_of("root=ab\0\0", 10), slice_of("root=ab\0\0", 10), CMDLINE("\"is\":\"root=ab\"")));
	put_text(&grub, "kernel_cmdline: root=a");
	put_number(&grub, 0, 1);
	CHECK(cmdline_fits(built_slice(&grub), slice_of_string("root=a"), rule));
	CHECK(cmdline_fits(built_slice(&grub), slice_of("root=a", 7), rule));
	CHECK(!cmdline_fits(built_slice(&grub), slice_of_string("root=b"), rule));
	for (size_t i = 0; i < 1024; i++)
		put_text(&longer, "x ");
	put_text(&longer, "ro");
	CHECK(!cmdline_fits(built_slice(&longer), built_slice(&longer), WORDS("\"ro\"")));
	CHECK(cmdline_fits(slice_sub(built_slice(&longer), 4, 2046), slice_sub(built_slice(&longer), 4, 2046),
			   WORDS("\"ro\"")));
}

void policy_rules_texts(void)
{
	static const char smile[] = "\xc3\xa9\xf0\x9f\x98\x80";
	static const uint8_t smile16[] = {0xe9, 0, 0x3d, 0xd8, 0, 0xde, 0, 0};
	struct built utf16 = {.len = 0};
	struct boot b = {.n = 0};

	put_utf16(&utf16, "abc");
	put_number(&utf16, 0, 2);
	extend(&b, 9, slice_of_string("claimed"), slice_of_string("abc"));
	extend(&b, 9, slice_of_string("claimed"), slice_of("abc", 4));
	extend(&b, 9, slice_of_string("claimed"), built_slice(&utf16));
	extend(&b, 9, slice_of_string("claimed"), slice_of(utf16.bytes, 6)); /* efibootmgr -u */
	quote(&b);
	CHECK(ruled(&b, 9, "listed", "{\"text\":\"abc\",\"count\":\"some\"}") == 0);
	CHECK(ruled(&b, 9, "listed", "{\"text\":\"claimed\",\"count\":\"some\"}") == 4);
	CHECK(says(&b, 0, "event 0", "the text \"claimed\"", "(claimed)"));
	b.n = 0;
	extend(&b, 9, slice_of_string("claimed"), slice_of_string("abcd"));
	quote(&b);
	CHECK(ruled(&b, 9, "listed", "{\"text\":\"\\u6261\\u6463\"}") > 0); /* the same bytes as units */
	b.n = 0;
	extend_data(&b, 9, slice_of(smile16, sizeof(smile16)));
	extend_data(&b, 9, slice_of_string(smile));
	extend_data(&b, 9, slice_of("\0\0\0\0", 4));
	extend(&b, 9, slice_of("\0\0\0\0", 4), slice_of("\0\0\0", 3));
	quote(&b);
	CHECK(ruled(&b, 9, "listed",
		    "{\"text\":\"\xc3\xa9\xf0\x9f\x98\x80\",\"count\":\"some\"},{\"separator\":true},"
		    "{\"digest\":\"709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c\"}") == 0);
	CHECK(ruled(&b, 9, "listed",
		    "{\"text\":\"\xc3\xa9\xf0\x9f\x98\x80\",\"count\":\"some\"},{\"separator\":true},"
		    "{\"separator\":true}") == 1);
	arena_free(&b.arena);
}

static void extend_variable(struct boot *b, struct built *built, const char *guid, const char *name, const char *value,
			    size_t len)
{
	*built = (struct built){.len = 0};
	put_variable(built, guid, name, slice_of(value, len));
	make_event(&b->made[b->n++], EV_EFI_VARIABLE_DRIVER_CONFIG, 7, built_slice(built), built_slice(built));
}

static const char zeros[4];
#define SEPARATOR(b) make_event(&(b)->made[(b)->n++], EV_SEPARATOR, 7, slice_of(zeros, 4), slice_of(zeros, 4))
#define ON           "{\"secure_boot\":\"enabled\"}"
#define REST         ",{\"anything\":\"other\",\"count\":\"any\"}"

void policy_rules_secure_boot(void)
{
	struct built on, off, other;
	struct boot b = {.n = 0};

	extend_variable(&b, &on, GUID_GLOBAL, "SecureBoot", "\1", 1);
	SEPARATOR(&b);
	extend_variable(&b, &off, GUID_GLOBAL, "SecureBoot", "\0", 1);
	quote(&b);
	CHECK(ruled(&b, 7, "any", ON REST) == 0);
	CHECK(ruled(&b, 7, "any", "{\"secure_boot\":\"disabled\"}" REST) == 1);
	b.n = 0; /* off, and somebody extends the other later */
	extend_variable(&b, &off, GUID_GLOBAL, "SecureBoot", "\0", 1);
	SEPARATOR(&b);
	extend_variable(&b, &on, GUID_GLOBAL, "SecureBoot", "\1", 1);
	quote(&b);
	CHECK(ruled(&b, 7, "any", ON REST) == 1);
	CHECK(ruled(&b, 7, "any", "{\"secure_boot\":\"disabled\"}" REST) == 0);
	CHECK(ruled(&b, 7, "listed", ON ",{\"separator\":true}" REST) == 1);
	CHECK(says(&b, 0, "event 0", "SecureBoot enabled", "SecureBoot: disabled"));
	b.n = 0; /* a second one before the separator */
	extend_variable(&b, &off, GUID_GLOBAL, "SecureBoot", "\0", 1);
	extend_variable(&b, &on, GUID_GLOBAL, "SecureBoot", "\1", 1);
	quote(&b);
	CHECK(ruled(&b, 7, "any", ON REST) == 1);
	b.n = 0; /* the first event hides what it is */
	extend(&b, 7, slice_of_string("hidden"), slice_of_string("what was hashed"));
	extend_variable(&b, &on, GUID_GLOBAL, "SecureBoot", "\1", 1);
	quote(&b);
	CHECK(ruled(&b, 7, "any", ON REST) == 1);
	b.n = 0; /* data that were not hashed; another vendor's variable */
	extend_variable(&b, &on, GUID_GLOBAL, "SecureBoot", "\1", 1);
	extend_variable(&b, &other, GUID_SHIM, "SecureBoot", "\1", 1);
	make_event(&b.made[0], EV_IPL, 7, built_slice(&on), slice_of_string("other"));
	quote(&b);
	CHECK(ruled(&b, 7, "any", ON REST) == 1);
	arena_free(&b.arena);
}

void policy_rules_variables(void)
{
	char contents[400], hex[65];
	struct attest_error e = {0};
	struct built db, later;
	struct boot b = {.n = 0};
	uint8_t sha256[32];

	CHECK_STATUS(digest_sha256(slice_of_string("list"), sha256, &e), ATTEST_OK);
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
	extend_variable(&b, &db, GUID_SECURITY, "db", "list", 4);
	SEPARATOR(&b);
	quote(&b);
	CHECK(ruled(&b, 7, "any", "{\"variable\":{\"name\":\"db\"}}" REST) == 0);
	CHECK(ruled(&b, 7, "any",
		    "{\"variable\":{\"name\":\"db\",\"vendor\":\"D719B2CB-3D3A-4596-A3BC-DAD00E67656F\"}}" REST) == 0);
	CHECK(ruled(&b, 7, "any", "{\"variable\":{\"name\":\"db\",\"vendor\":\"" GUID_GLOBAL "\"}}" REST) == 1);
	CHECK(ruled(&b, 7, "any", "{\"variable\":{\"name\":\"dbx\"}}" REST) == 1);
	(void)snprintf(contents, sizeof(contents),
		       "{\"variable\":{\"name\":\"db\",\"sha256\":[\"" ONES "\",\"%s\"]}}" REST, hex);
	CHECK(ruled(&b, 7, "any", contents) == 0);
	CHECK(ruled(&b, 7, "any", "{\"variable\":{\"name\":\"db\",\"sha256\":\"" ONES "\"}}" REST) == 1);
	b.n = 0; /* behind the separator this is what vouched for an image */
	SEPARATOR(&b);
	extend_variable(&b, &later, GUID_SECURITY, "db", "list", 4);
	quote(&b);
	CHECK(ruled(&b, 7, "any", contents) == 1);
	arena_free(&b.arena);
}

void policy_rules_authorities(void)
{
	struct arena arena = {NULL};
	struct slice der = unit_certificate(&arena, "testdata/ca/azure-like-root.pem");
	struct built whole = {.len = 0}, contents = {.len = 0};
	struct attest_error e = {0};
	struct boot b = {.n = 0};
	char rule[400], hex[65];
	uint8_t sha256[32];

	CHECK_STATUS(digest_sha256(der, sha256, &e), ATTEST_OK);
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
	(void)snprintf(rule, sizeof(rule), "{\"authority\":{\"certificate\":\"%s\"}}" REST, hex);
	put_guid(&contents, GUID_OWNER);
	put_bytes(&contents, der);
	put_variable(&whole, GUID_SECURITY, "db", built_slice(&contents));
	SEPARATOR(&b);
	extend_data(&b, 7, built_slice(&whole));
	quote(&b);
	CHECK(ruled(&b, 7, "any", rule) == 0);
	CHECK(ruled(&b, 7, "any", "{\"authority\":{\"certificate\":\"" ONES "\"}}" REST) == 1);
	b.n = 1; /* the name was not hashed */
	extend(&b, 7, built_slice(&whole), built_slice(&contents));
	quote(&b);
	CHECK(ruled(&b, 7, "any", rule) == 1);
	b.n = 1;
	extend(&b, 7, built_slice(&whole), slice_of_string("other"));
	quote(&b);
	CHECK(ruled(&b, 7, "any", rule) == 1);
	b.n = 0;
	extend_data(&b, 7, built_slice(&whole));
	SEPARATOR(&b);
	quote(&b);
	CHECK(ruled(&b, 7, "any", rule) == 1);
	arena_free(&arena);
	arena_free(&b.arena);
}

/* shim measures what it refuses an image for, and its own state, in the same form. */
void policy_rules_authorities_by_name(void)
{
	static const struct {
		const char *vendor, *name, *variables; /* "variable", with its comma */
		size_t n;
	} cases[] = {
		{GUID_SECURITY, "db",             "",                                0},
		{GUID_SECURITY, "vendor_db",      "",                                0},
		{GUID_SHIM,     "Shim",           "",                                0},
		{GUID_SHIM,     "MokList",        "",                                0},
		{GUID_SHIM,     "MokListRT",      "",                                0},
		{GUID_SECURITY, "dbx",            "",                                1},
		{GUID_SHIM,     "MokListX",       "",                                1},
		{GUID_SHIM,     "MokListTrusted", "",                                1},
		{GUID_SHIM,     "db",             "",                                1},
		{GUID_SECURITY, "Shim",           "",                                1},
		{GUID_OWNER,    "MokList",        "",                                1},
		{GUID_SHIM,     "shim",           "",                                1},
		{GUID_SECURITY, "db",             "\"variable\":\"db\",",            0},
		{GUID_SHIM,     "Shim",           "\"variable\":\"db\",",            1},
		{GUID_SHIM,     "Shim",           "\"variable\":[\"db\",\"Shim\"],", 0},
		{GUID_SHIM,     "MokListRT",      "\"variable\":[\"db\",\"Shim\"],", 1},
	};
	struct arena arena = {NULL};
	struct slice der = unit_certificate(&arena, "testdata/ca/azure-like-root.pem");
	struct attest_error e = {0};
	struct boot b = {.n = 0};
	char rule[400], hex[HEX_SIZE(32)];
	uint8_t sha256[32];

	CHECK_STATUS(digest_sha256(der, sha256, &e), ATTEST_OK);
	hex_encode(slice_of(sha256, sizeof(sha256)), hex);
	SEPARATOR(&b);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct built variable = {.len = 0};

		put_variable(&variable, cases[i].vendor, cases[i].name, der);
		b.n = 1;
		extend_data(&b, 7, built_slice(&variable));
		quote(&b);
		(void)snprintf(rule, sizeof(rule), "{\"authority\":{%s\"certificate\":\"%s\"}}" REST,
			       cases[i].variables, hex);
		CHECK(ruled(&b, 7, "any", rule) == cases[i].n);
	}
	arena_free(&arena);
	arena_free(&b.arena);
}

void policy_rules_sections(void)
{
	char rules[600], hex[65];
	struct attest_error e = {0};
	struct boot b = {.n = 0};
	uint8_t sha256[32];

	CHECK_STATUS(digest_sha256(slice_of_string("kernel"), sha256, &e), ATTEST_OK);
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
	extend_data(&b, 11, slice_of(".linux", 7));
	extend(&b, 11, slice_of(".linux", 7), slice_of_string("kernel"));
	extend_text(&b, 11, "enter-initrd");
	quote(&b);
	(void)snprintf(rules, sizeof(rules), "{\"section\":\".linux\",\"digest\":\"%s\"}," T("enter-initrd"), hex);
	CHECK(ruled(&b, 11, "listed", rules) == 0);
	(void)snprintf(rules, sizeof(rules), T("enter-initrd") ",{\"section\":\".linux\",\"digest\":\"%s\"}", hex);
	CHECK(ruled(&b, 11, "any", rules) == 0);
	CHECK(ruled(&b, 11, "listed", "{\"section\":\".linux\",\"digest\":\"" ONES "\"}," T("enter-initrd")) == 1);
	CHECK(says(&b, 0, "event 1", "contents of .linux: sha256 1111", hex));
	(void)snprintf(rules, sizeof(rules), "{\"section\":\".initrd\",\"digest\":\"%s\"}," T("enter-initrd"), hex);
	CHECK(ruled(&b, 11, "listed", rules) == 2);
	b.n = 1; /* the contents are missing */
	quote(&b);
	(void)snprintf(rules, sizeof(rules), "{\"section\":\".linux\",\"digest\":\"%s\"}", hex);
	CHECK(ruled(&b, 11, "listed", rules) == 1);
	CHECK(says(&b, 0, "PCR 11", "contents of .linux", "no such event"));
	arena_free(&b.arena);
}

#define JSON(object) "{\"json\":" object "}"

void policy_rules_json(void)
{
	static const char image[] = "{\"type\":\"image\",\"name\":\"a\",\"n\":1,\"spec\":{\"x\":[1,2],\"y\":null}}";
	static const struct {
		const char *text, *rule;
		bool want;
	} cases[] = {
		{image,				     JSON("{\"type\":\"image\"}"),                        true },
		{image,				     JSON("{\"type\":\"image\",\"name\":[\"b\",\"a\"]}"), true },
		{image,				     JSON("{\"name\":[\"b\",\"c\"]}"),                    false},
		{image,				     JSON("{\"name\":\"A\"}"),                            false},
		{image,				     JSON("{\"n\":1,\"spec\":{\"y\":null}}"),             true },
		{image,				     JSON("{\"n\":\"1\"}"),                               false},
		{image,				     JSON("{\"n\":1.0}"),                                 false},
		{image,				     JSON("{\"spec\":{\"z\":null}}"),                     false},
		{image,				     JSON("{\"spec\":{\"x\":[1,2]}}"),                    false},
		{image,				     JSON("{\"spec\":{\"x\":[[1,2]]}}"),                  true },
		{image,				     JSON("{\"spec\":{}}"),                               true },
		{image,				     JSON("{\"name\":{}}"),                               false},
		{"{\"type\":\"image\",\"type\":\"image\"}", JSON("{\"type\":\"image\"}"),                        false},
		{"{\"type\":\"image\"} ",                   JSON("{\"type\":\"image\"}"),                        true },
		{"{\"type\":\"image\"} x",                  JSON("{\"type\":\"image\"}"),                        false},
		{" {\"type\":\"image\"}",                   JSON("{\"type\":\"image\"}"),                        false},
		{"[{\"type\":\"image\"}]",                  JSON("{\"type\":\"image\"}"),                        false},
		{"{\"type\":\"ima\\u0067e\"}",              JSON("{\"type\":\"image\"}"),                        true },
		{"{\"digest\":\"" ONES "\"}",               JSON("{\"digest\":\"" ONES "\"}"),                   true }, /* lifted */
		{"{\"digest\":\"" ONES "\"}",               JSON("{\"digest\":\"" TWOS "\"}"),                   false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct boot b = {.n = 0};
		bool got;

		extend_text(&b, 14, cases[i].text);
		quote(&b);
		got = ruled(&b, 14, "listed", cases[i].rule) == 0;
		CHECK(got == cases[i].want);
		if (got != cases[i].want)
			(void)printf("%s: %s\n", cases[i].text, cases[i].rule);
		make_event(&b.made[0], EV_IPL, 14, slice_of_string(cases[i].text), slice_of_string("other"));
		quote(&b);
		CHECK(ruled(&b, 14, "listed", cases[i].rule) == 1);
		arena_free(&b.arena);
	}
}

/* Kernels that pad (replay.h): an entry of which the log says no more than its SHA-1 digest counts too. */
void policy_rules_padded(void)
{
	static const char first[] = "{\"digest\":\"1111111111111111111111111111111111111111000000000000000000000000\"}";
	static const char second[] =
		"{\"digest\":\"2222222222222222222222222222222222222222000000000000000000000000\"}";
	struct digest sha1[2] = {
		{.alg = ALG_SHA1, .size = 20},
                {.alg = ALG_SHA1, .size = 20}
        };
	struct hasher hasher = {{NULL}};
	struct attest_error e = {0};
	struct boot b = {.n = 2};
	char both[300];

	for (size_t i = 0; i < 2; i++) {
		struct digest extended = {.alg = ALG_SHA256, .size = 32};

		memset(sha1[i].bytes, i == 0 ? 0x11 : 0x22, 20);
		memcpy(extended.bytes, sha1[i].bytes, 20);
		b.events[i] = (struct event){.kind = EVENT_IMA, .pcr = 10, .measured = true, .startup_locality = -1};
		b.events[i].digests[0] = (struct event_digest){ALG_SHA1, digest_slice(&sha1[i])};
		b.events[i].n_digests = 1;
		b.values[0] = (struct pcr_value){
			10, i == 0 ? (struct digest){.alg = ALG_SHA256, .size = 32}
                              : b.values[0].value
                };
		CHECK_STATUS(digest_extend(&hasher, &b.values[0].value, digest_slice(&extended), &e), ATTEST_OK);
	}
	b.events[0].preimage = slice_of_string("an entry");
	b.proof.n_logs = 1;
	b.proof.logs[0] = (struct log){
		.place = "$.logs[0]", .walker = &walk_events, .pcr = -1, .events = b.events, .n_events = 2};
	b.pcrs = (struct pcr_values){b.values, 1};
	b.findings = (struct findings){.arena = &b.arena};
	CHECK_STATUS(replay_logs(&b.replay, &b.pcrs, b.proof.logs, 1, &b.findings, &e), ATTEST_OK);
	CHECK(b.replay.proven[10] && b.replay.tracks[10][digest_index(ALG_SHA256)].is_padded);
	b.evidence = (struct evidence){&b.proof, &b.pcrs, &b.replay, "azure", 1000};
	(void)snprintf(both, sizeof(both), "%s,%s", first, second);
	CHECK(ruled(&b, 10, "listed", first) == 1);
	CHECK(ruled(&b, 10, "listed", both) == 0);
	hasher_free(&hasher);
	arena_free(&b.arena);
}

/* Nothing counts but what is known of the quoted PCR in the policy's bank. */
void policy_rules_unknown(void)
{
	struct boot b = {.n = 0};

	extend_text(&b, 9, "a");
	extend_text(&b, 16, "a");
	quote(&b);
	CHECK(ruled(&b, 9, "listed", T("a")) == 0);
	CHECK(ruled(&b, 16, "listed", T("a")) == 1 && b.findings.items[0].status == ATTEST_E_RESETTABLE);
	CHECK(evaluate(&b, OWN "\"bank\":\"sha384\",\"events\":{\"9\":{\"rules\":[" T("a") "]}}}") == 1);
	CHECK(says(&b, 0, "PCR 9 ", "event log", "not quoted"));
	b.replay.proven[9] = false;
	CHECK(ruled(&b, 9, "listed", T("a")) == 1 && says(&b, 0, "PCR 9 ", "event log", "no such log"));
	quote(&b);
	b.proof.logs[0].only_bank = ALG_SHA384; /* what it holds was not extended in this bank */
	CHECK(ruled(&b, 9, "listed", T("a")) == 1);
	arena_free(&b.arena);
}

#define RELEASE(name, until, text)                                                                                     \
	"{\"name\":\"" name "\"," until "\"events\":{\"9\":{\"rules\":[" T(text) "]},\"8\":{\"rules\":[" T("x") "]}}}"

void policy_rules_releases(void)
{
	struct boot b = {.n = 0};

	extend_text(&b, 9, "a");
	extend_text(&b, 8, "x");
	quote(&b);
	CHECK(evaluate(&b, OWN "\"releases\":[" RELEASE("b", "", "b") "," RELEASE("a", "", "a") "]}") == 0);
	CHECK(b.findings.n == 0);
	CHECK(evaluate(&b, OWN "\"releases\":[{\"name\":\"pins\",\"pcrs\":{\"9\":\"zero\",\"8\":\"zero\"}}," RELEASE(
				   "b", "", "b") "," RELEASE("c", "\"until\":\"1970-01-01T00:00:01Z\",", "z") "]}") ==
	      1);
	CHECK(b.findings.n == 3 && strstr(b.findings.items[0].message, "release \"b\"") != NULL);
	CHECK(strstr(b.findings.items[1].message, "\"pins\" does not hold either: 2 findings") != NULL);
	CHECK(strstr(b.findings.items[2].message, "\"c\" has ended at 1970-01-01T00:00:01Z") != NULL);
	CHECK(evaluate(&b, OWN "\"releases\":[" RELEASE("b", "", "b") "," RELEASE(
				   "c", "\"until\":\"1970-01-01T00:00:01Z\",", "a") "]}") == 1);
	CHECK(b.findings.n == 2 && strstr(b.findings.items[0].message, "runs a release that has ended") != NULL);
	CHECK_TEXT(b.findings.items[0].found, "release \"c\" has ended at 1970-01-01T00:00:01Z");
	CHECK(strstr(b.findings.items[1].message, "\"b\" does not hold either: 1 finding ") != NULL);
	b.evidence.time = 0;
	CHECK(evaluate(&b, OWN "\"releases\":[" RELEASE("c", "\"until\":\"1970-01-01T00:00:01Z\",", "a") "]}") == 0);
	b.evidence.time = 1; /* the end itself is over */
	CHECK(evaluate(&b, OWN "\"releases\":[" RELEASE("c", "\"until\":\"1970-01-01T00:00:01Z\",", "a") "]}") == 1);
	CHECK(strstr(b.findings.items[0].message, "every release of the policy has ended") != NULL);
	/* Values of two releases do not mix, and the root holds for all. */
	CHECK(evaluate(&b, OWN
		       "\"releases\":[{\"name\":\"1\",\"events\":{\"9\":{\"rules\":[" T("a") "]},\"8\":{\"rules\":[" T(
			       "y") "]}}},{\"name\":\"2\",\"events\":{\"9\":{\"rules\":[" T("b") "]},\"8\":{\"rules\":"
												 "[" T("x") "]}}}]}") ==
	      1);
	CHECK(evaluate(&b, OWN "\"pcrs\":{\"8\":\"zero\"},\"releases\":[" RELEASE("a", "", "a") "]}") == 1);
	arena_free(&b.arena);
}

#define RULES(rules) OWN "\"events\":{\"4\":{\"rules\":[" rules "]}}}"
#define IN_RULE      "$.events.4.rules[0]"
#define FIRST        "\"pcrs\":{\"0\":\"zero\"}"
#define IN_7(rule)   OWN "\"events\":{\"7\":{\"rules\":[" rule "]}}}"

void policy_rules_refused(void)
{
	static const struct {
		const char *text, *where;
		attest_status want;
	} bad[] = {
		{OWN "\"comment\":1," FIRST "}",							    "$.comment",                                 ATTEST_E_STRUCTURE     },
		{OWN "\"origin\":\"me\"," FIRST "}",							"$.origin",                                  ATTEST_E_STRUCTURE     },
		{OWN "\"origin\":{\"a\":1}}",							       "",                                          ATTEST_E_POLICY_INVALID},
		{OWN "\"sets\":{\"a\":\"" ONES "\"}}",                                                      "",                                          ATTEST_E_POLICY_INVALID},
		{OWN "\"sets\":{\"a\":\"zero\"}," FIRST "}",                                                "$.sets.a",                                  ATTEST_E_ENCODING      },
		{OWN "\"sets\":{\"a\":[]}," FIRST "}",                                                      "$.sets.a",                                  ATTEST_E_POLICY_INVALID},
		{OWN "\"sets\":{\"\":\"" ONES "\"}," FIRST "}",                                             "$.sets.",                                   ATTEST_E_POLICY_INVALID},
		{OWN "\"pcrs\":{\"0\":\"zero\",\"5\":{\"ignore\":\"\"}}}",                                  "$.pcrs.5.ignore",                           ATTEST_E_POLICY_INVALID},
		{OWN "\"pcrs\":{\"0\":\"zero\",\"5\":{\"ignore\":\"zero\"}}}",                              "$.pcrs.5.ignore",
		 ATTEST_E_POLICY_INVALID																	},
		{OWN "\"pcrs\":{\"0\":\"zero\",\"5\":{\"ignore\":\"" ONES "\"}}}",                          "$.pcrs.5.ignore",
		 ATTEST_E_POLICY_INVALID																	},
		{OWN "\"pcrs\":{\"5\":{\"ignore\":\"varies\"}}}",                                           "",                                          ATTEST_E_POLICY_INVALID},
		{OWN "\"pcrs\":{\"5\":{\"ignore\":\"why\",\"other\":\"zero\"}}}",                           "$.pcrs.5.ignore",                           ATTEST_E_ENCODING      },
		{OWN "\"events\":{}}",								      "",                                          ATTEST_E_POLICY_INVALID},
		{OWN "\"events\":[]}",								      "$.events",                                  ATTEST_E_STRUCTURE     },
		{OWN "\"events\":{\"32\":{\"rules\":[]}}}",                                                 "$.events.32",                               ATTEST_E_POLICY_INVALID},
		{OWN "\"events\":{\"4\":[]}}",							      "$.events.4",                                ATTEST_E_STRUCTURE     },
		{OWN "\"events\":{\"4\":{}}}",							      "$.events.4.rules",                          ATTEST_E_STRUCTURE     },
		{OWN "\"events\":{\"4\":{\"rules\":[],\"order\":\"some\"}}}",                               "$.events.4.order",
		 ATTEST_E_POLICY_INVALID																	},
		{OWN "\"events\":{\"4\":{\"rules\":[],\"else\":1}}}",                                       "$.events.4",                                ATTEST_E_STRUCTURE     },
		{RULES("{\"anything\":\"why\"}"),							   "",                                          ATTEST_E_POLICY_INVALID},
		{RULES("{\"text\":\"a\",\"count\":\"optional\"},{\"anything\":\"why\",\"count\":\"any\"}"), "",
		 ATTEST_E_POLICY_INVALID																	},
		{RULES("{\"anything\":\"why\"},{\"text\":\"a\",\"count\":\"any\"}"),                        "",                                          ATTEST_E_POLICY_INVALID},
		{RULES("{\"anything\":\" \"}"),							     IN_RULE ".anything",                         ATTEST_E_POLICY_INVALID},
		{RULES("{}"),									       IN_RULE,                                     ATTEST_E_POLICY_INVALID},
		{RULES("{\"name\":\"x\"}"),								 IN_RULE,                                     ATTEST_E_POLICY_INVALID},
		{RULES("{\"text\":\"a\",\"name\":\"\"}"),                                                   IN_RULE ".name",                             ATTEST_E_POLICY_INVALID},
		{RULES("{\"text\":\"a\",\"separator\":true}"),                                              IN_RULE,                                     ATTEST_E_POLICY_INVALID},
		{RULES("{\"text\":\"a\",\"type\":\"EV_IPL\"}"),                                             IN_RULE,                                     ATTEST_E_STRUCTURE     },
		{RULES("{\"text\":\"a\",\"count\":\"twice\"}"),                                             IN_RULE ".count",                            ATTEST_E_POLICY_INVALID},
		{RULES("{\"text\":\"a\",\"count\":2}"),                                                     IN_RULE ".count",                            ATTEST_E_STRUCTURE     },
		{RULES("{\"text\":\"a\",\"comment\":2}"),                                                   IN_RULE ".comment",                          ATTEST_E_STRUCTURE     },
		{RULES("{\"text\":\"\"}"),								  IN_RULE ".text",                             ATTEST_E_POLICY_INVALID},
		{RULES("{\"text\":[]}"),								    IN_RULE ".text",                             ATTEST_E_POLICY_INVALID},
		{RULES("{\"text\":[\"a\",1]}"),							     IN_RULE ".text[1]",                          ATTEST_E_STRUCTURE     },
		{RULES("{\"separator\":false}"),							    IN_RULE ".separator",                        ATTEST_E_POLICY_INVALID},
		{RULES("{\"digest\":\"zero\"}"),							    IN_RULE ".digest",                           ATTEST_E_ENCODING      },
		{RULES("{\"digest\":\"11\"}"),							      IN_RULE ".digest",                           ATTEST_E_POLICY_INVALID},
		{RULES("{\"set\":\"none\"}"),							       IN_RULE ".set",                              ATTEST_E_POLICY_INVALID},
		{RULES("{\"cmdline\":{}}"),								 IN_RULE ".cmdline",                          ATTEST_E_POLICY_INVALID},
		{RULES("{\"cmdline\":{\"not_words\":[\"a\"]}}"),                                            IN_RULE ".cmdline",                          ATTEST_E_POLICY_INVALID},
		{RULES("{\"cmdline\":{\"words\":[\"a b\"]}}"),                                              IN_RULE ".cmdline.words[0]",                 ATTEST_E_POLICY_INVALID},
		{RULES("{\"cmdline\":{\"words\":[\"a\"],\"not_words\":[\"=\"]}}"),                          IN_RULE ".cmdline.not_words[0]",
		 ATTEST_E_POLICY_INVALID																	},
		{RULES("{\"cmdline\":{\"is\":\"a\\n\"}}"),                                                  IN_RULE ".cmdline.is",                       ATTEST_E_POLICY_INVALID},
		{RULES("{\"cmdline\":{\"is\":\"a\",\"has\":\"b\"}}"),                                       IN_RULE ".cmdline",                          ATTEST_E_STRUCTURE     },
		{RULES("{\"secure_boot\":\"enabled\"}"),                                                    IN_RULE ".secure_boot",                      ATTEST_E_POLICY_INVALID},
		{IN_7("{\"secure_boot\":true}"),							    "$.events.7.rules[0].secure_boot",           ATTEST_E_STRUCTURE     },
		{IN_7("{\"variable\":{}}"),								 "$.events.7.rules[0].variable.name",         ATTEST_E_STRUCTURE     },
		{IN_7("{\"variable\":{\"name\":[\"db\"]}}"),                                                "$.events.7.rules[0].variable.name",
		 ATTEST_E_POLICY_INVALID																	},
		{IN_7("{\"variable\":{\"name\":\"mine\"}}"),                                                "$.events.7.rules[0].variable",              ATTEST_E_POLICY_INVALID},
		{IN_7("{\"variable\":{\"name\":\"db\",\"vendor\":\"x\"}}"),                                 "$.events.7.rules[0].variable.vendor",
		 ATTEST_E_POLICY_INVALID																	},
		{IN_7("{\"authority\":{}}"),								"$.events.7.rules[0].authority.certificate", ATTEST_E_STRUCTURE     },
		{IN_7("{\"authority\":{\"certificate\":\"" ONES "\",\"variable\":\"dbx\"}}"),
		 "$.events.7.rules[0].authority.variable",											       ATTEST_E_POLICY_INVALID},
		{IN_7("{\"authority\":{\"certificate\":\"" ONES "\",\"variable\":[]}}"),
		 "$.events.7.rules[0].authority.variable",											       ATTEST_E_POLICY_INVALID},
		{IN_7("{\"authority\":{\"certificate\":\"" ONES "\",\"variable\":[\"db\",1]}}"),
		 "$.events.7.rules[0].authority.variable[1]",											    ATTEST_E_STRUCTURE     },
		{RULES("{\"section\":\".linux\"}"),							 IN_RULE,                                     ATTEST_E_POLICY_INVALID},
		{RULES("{\"section\":\".linux\",\"text\":\"a\"}"),                                          IN_RULE,                                     ATTEST_E_POLICY_INVALID},
		{RULES("{\"section\":\"linux\",\"digest\":\"" ONES "\"}"),                                  IN_RULE ".section",                          ATTEST_E_POLICY_INVALID},
		{RULES("{\"json\":{}}"),								    IN_RULE ".json",                             ATTEST_E_POLICY_INVALID},
		{RULES("{\"json\":{\"a\":{\"b\":[]}}}"),                                                    IN_RULE ".json.a.b",                         ATTEST_E_POLICY_INVALID},
		{RULES("{\"json\":\"a\"}"),								 IN_RULE ".json",                             ATTEST_E_STRUCTURE     },
		{OWN "\"releases\":[]}",								    "$.releases",                                ATTEST_E_POLICY_INVALID},
		{OWN "\"releases\":[{\"pcrs\":{\"0\":\"zero\"}}]}",                                         "$.releases[0]",                             ATTEST_E_POLICY_INVALID},
		{OWN "\"releases\":[{\"name\":\"a\"}]}",                                                    "$.releases[0]",                             ATTEST_E_POLICY_INVALID},
		{OWN "\"releases\":[{\"name\":\"a\"," FIRST ",\"tls\":\"required\"}]}",                     "$.releases[0]",
		 ATTEST_E_STRUCTURE																	     },
		{OWN "\"releases\":[{\"name\":\"a\"," FIRST ",\"until\":\"2026-01-01\"}]}",                 "$.releases[0].until",
		 ATTEST_E_POLICY_INVALID																	},
		{OWN "\"releases\":[{\"name\":\"a\"," FIRST "},{\"name\":\"a\"," FIRST "}]}",               "$.releases[1]",
		 ATTEST_E_POLICY_INVALID																	},
		{OWN "\"sets\":{\"s\":\"" ONES "\"},\"releases\":[{\"name\":\"a\"," FIRST ",\"sets\":{\"s\":\"" TWOS
		     "\"}}]}",							     "$.releases[0].sets.s",                      ATTEST_E_POLICY_INVALID},
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct policy *policy = NULL;
		struct attest_error e = {0};
		attest_status got = policy_parse(slice_of_string(bad[i].text), "p", &policy, &e);

		CHECK_STATUS(got, bad[i].want);
		CHECK_TEXT(e.where, bad[i].where);
		if (got != bad[i].want || strcmp(e.where, bad[i].where) != 0)
			(void)printf("%s: %s\n", bad[i].text, e.message);
		policy_free(policy);
	}
}

void policy_rules_read(void)
{
	struct policy *p =
		parsed(OWN "\"comment\":\"c\",\"origin\":{\"x\":[1]},\"pcrs\":{\"5\":{\"ignore\":\"varies\"},\"6\":{"
			   "\"ignore\":\"" ONES "\",\"b\":\"" TWOS "\"}},\"sets\":{\"s\":[\"" TWOS "\",\"" ONES
			   "\"]},\"events\":{\"4\":{\"comment\":\"c\","
			   "\"rules\":[{\"comment\":\"c\",\"set\":\"s\"},{\"section\":\".linux\",\"set\":\"s\"}]}}}");

	CHECK(p->pins[5].kind == PIN_IGNORE && p->pins[6].kind == PIN_VALUES && p->n_pins == 1);
	CHECK_TEXT(p->pins[5].reason, "varies");
	CHECK(p->n_sets == 1 && p->sets[0].n == 2 && p->sets[0].first.value.bytes[0] == 0x22);
	CHECK(p->ruled[4] != NULL && p->ruled[4]->listed && p->ruled[4]->n == 2 && policy_has_golden_values(p));
	policy_free(p);
	p = parsed(OWN "\"events\":{\"4\":{\"rules\":[]}}}"); /* as a pin to the initial value is */
	CHECK(policy_has_golden_values(p));
	policy_free(p);
	p = parsed(OWN "\"tls\":\"required\",\"events\":{\"4\":{\"rules\":[{\"anything\":\"why\"}]}}}");
	CHECK(!policy_has_golden_values(p));
	policy_free(p);
	p = parsed(OWN "\"releases\":[{\"name\":\"a\",\"pcrs\":{\"0\":\"zero\"}}]}");
	CHECK(policy_has_golden_values(p));
	policy_free(p);
}
