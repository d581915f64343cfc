/* SPDX-License-Identifier: Apache-2.0 */
/* attest_policy_predict() on images that are made up: tests/policy_predict.py has real ones. */
#include <jansson.h>

#include "base/text.h"
#include "policy/uki.h"
#include "programs.h"
#include "unit.h"

/* What a stub of Debian 12 holds, and what is added in newer ones. */
static const char stub_252[] =
	"#### LoaderInfo: systemd-stub 252.1 ####\0.linux\0.osrel\0.cmdline\0.initrd\0.splash\0.dtb\0"
	".pcrsig\0.pcrpkey";
static const char stub_257[] =
	"#### LoaderInfo: systemd-stub 257 ####\0.linux\0.osrel\0.cmdline\0.initrd\0.ucode\0.uname\0"
	".sbat\0.pcrsig\0.pcrpkey\0.profile\0.dtbauto\0o\0s\0-\0r\0e\0l\0e\0a\0s\0e\0";

static void begin(struct program *p, const char *stub, size_t len, const char *version)
{
	struct program kernel;

	program_begin(p, true);
	program_add(p, ".data", stub, len);
	program_kernel(&kernel, version);
	program_add(p, ".linux", kernel.bytes, kernel.len);
}

static void begin_252(struct program *p)
{
	begin(p, stub_252, sizeof(stub_252), "6.1.0 (somebody)");
}

static void add_text(struct program *p, const char *section, const char *text)
{
	(void)program_add(p, section, text, strlen(text));
}

/* The policy, or NULL where that is refused with this status. */
static json_t *predict_with(const struct program *p, struct attest_predict_options *options, attest_status want)
{
	struct attest_error e = {0};
	char *text = NULL;
	json_t *policy;

	if (p != NULL) {
		options->uki = p->bytes;
		options->uki_len = p->len;
	}
	CHECK_STATUS(attest_policy_predict(options, &text, &e), want);
	CHECK((want == ATTEST_OK) == (text != NULL) && e.status == want);
	policy = text == NULL ? NULL : json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	attest_string_free(text);
	return policy;
}

static json_t *predict(const struct program *p, attest_status want)
{
	struct attest_predict_options options = ATTEST_PREDICT_OPTIONS_INIT;

	return predict_with(p, &options, want);
}

/* Names of a PCR's rules, "; " behind each. */
static void check_rules(const json_t *policy, const char *pcr, const char *want)
{
	json_t *rules = json_object_get(json_object_get(json_object_get(policy, "events"), pcr), "rules"), *rule;
	char names[1024] = "";
	size_t i;

	json_array_foreach(rules, i, rule)
	{
		strcat(names, json_string_value(json_object_get(rule, "name")));
		strcat(names, "; ");
	}
	CHECK_TEXT(names, want);
}

/* libattest takes what it has made. */
static void check_policy(json_t *policy)
{
	struct attest_error e = {0};
	attest_verifier *verifier = NULL;
	char *text = json_dumps(policy, 0);

	CHECK_STATUS(attest_verifier_new(&verifier), ATTEST_OK);
	CHECK_STATUS(attest_verifier_add_policy(verifier, text, strlen(text), NULL, &e), ATTEST_OK);
	attest_verifier_free(verifier);
	free(text);
	json_decref(policy);
}

void predict_parts(void)
{
	struct program p;
	json_t *policy;

	begin_252(&p);
	/* Not in the order of measuring, and with what this stub does not know. */
	add_text(&p, ".pcrpkey", "key");
	add_text(&p, ".initrd", "initrd");
	add_text(&p, ".cmdline", "quiet");
	add_text(&p, ".pcrsig", "signature");
	add_text(&p, ".uname", "6.1");
	add_text(&p, ".profile", "ID=none");
	policy = predict(&p, ATTEST_OK);
	check_rules(
		policy, "11",
		"kernel (.linux); command line (.cmdline); initrd (.initrd); key of PCR signatures (.pcrpkey); phase "
		"enter-initrd; phase leave-initrd; phase sysinit; phase ready; ");
	check_rules(policy, "9", "command line, as the kernel got it; initrd, as the kernel got it; ");
	check_rules(policy, "4",
		    "call of the boot option; end of the firmware's part; boot options that started nothing; unified "
		    "kernel image; kernel (.linux); ");
	check_rules(policy, "12", "");
	check_rules(policy, "13", "");
	/* The stub joins the key to the initrd, so that there is no value to pin. */
	CHECK(json_object_get(json_object_get(policy, "pcrs"), "9") == NULL);
	CHECK_TEXT(json_string_value(json_object_get(json_object_get(policy, "origin"), "stub")), "systemd-stub 252.1");
	check_policy(policy);
}

/* Newer stubs join .osrel to the initrd, where the image has one. */
void predict_joined(void)
{
	struct program p;
	json_t *policy, *rules;

	begin(&p, stub_257, sizeof(stub_257), "6.12.3 ");
	add_text(&p, ".cmdline", "quiet");
	add_text(&p, ".initrd", "initrd");
	policy = predict(&p, ATTEST_OK);
	check_rules(policy, "9", "command line, as the kernel got it; initrd, as the kernel got it; ");
	CHECK(json_object_size(json_object_get(json_object_get(policy, "pcrs"), "9")) == 1);
	check_policy(policy);
	add_text(&p, ".osrel", "ID=debian");
	policy = predict(&p, ATTEST_OK);
	rules = json_object_get(json_object_get(json_object_get(policy, "events"), "9"), "rules");
	CHECK(json_object_get(json_array_get(rules, 1), "anything") != NULL);
	CHECK(json_object_get(json_object_get(policy, "pcrs"), "9") == NULL);
	check_policy(policy);
}

void predict_stubs(void)
{
	struct program p;
	json_t *policy;

	begin(&p, stub_257, sizeof(stub_257), "6.12.3 ");
	add_text(&p, ".sbat", "sbat,1");
	add_text(&p, ".cmdline", "quiet");
	add_text(&p, ".ucode", "microcode");
	add_text(&p, ".initrd", "initrd");
	policy = predict(&p, ATTEST_OK);
	check_rules(
		policy, "11",
		"kernel (.linux); command line (.cmdline); initrd (.initrd); microcode (.ucode); generation numbers "
		"(.sbat); phase enter-initrd; phase leave-initrd; phase sysinit; phase ready; ");
	CHECK(json_object_get(json_object_get(policy, "pcrs"), "9") == NULL);
	check_policy(policy);
	add_text(&p, ".profile", "ID=other");
	(void)predict(&p, ATTEST_E_STRUCTURE);
	begin(&p, stub_257, sizeof(stub_257), "6.12.3 ");
	add_text(&p, ".cmdline", "quiet");
	add_text(&p, ".dtbauto", "tree");
	(void)predict(&p, ATTEST_E_STRUCTURE);
}

void predict_kernels(void)
{
	struct program p;
	json_t *policy;

	/* Linux 6.0 measures no command line: nothing is said of PCR 9. */
	begin(&p, stub_252, sizeof(stub_252), "6.0.19 ");
	add_text(&p, ".cmdline", "quiet");
	policy = predict(&p, ATTEST_OK);
	check_rules(policy, "9", "");
	CHECK(json_object_get(json_object_get(policy, "events"), "9") == NULL);
	check_policy(policy);
	/* One without an initrd. */
	begin_252(&p);
	add_text(&p, ".cmdline", "quiet");
	policy = predict(&p, ATTEST_OK);
	check_rules(policy, "9", "command line, as the kernel got it; ");
	CHECK(json_object_size(json_object_get(json_object_get(policy, "pcrs"), "9")) == 1);
	check_policy(policy);
}

/* The section's row of the table follows from its number. */
static uint8_t *row(struct program *p, size_t number)
{
	return p->bytes + p->table + 40 * number;
}

void predict_refused(void)
{
	static const char old[] = "#### LoaderInfo: systemd-stub 251 ####\0.linux", none[] = "GRUB",
			  unsaid[] = "LoaderInfo: systemd-stub 252";
	struct program p, kernel;

	begin(&p, old, sizeof(old), "6.1 ");
	(void)predict(&p, ATTEST_E_STRUCTURE);
	begin(&p, none, sizeof(none), "6.1 ");
	(void)predict(&p, ATTEST_E_STRUCTURE);
	begin(&p, unsaid, sizeof(unsaid), "6.1 ");
	(void)predict(&p, ATTEST_E_STRUCTURE);
	begin_252(&p);
	(void)predict(&p, ATTEST_E_USAGE); /* no command line */
	add_text(&p, ".cmdline", "quiet\xc3\xa9");
	(void)predict(&p, ATTEST_E_STRUCTURE);
	begin_252(&p);
	add_text(&p, ".cmdline", "quiet");
	add_text(&p, ".cmdline", "again");
	(void)predict(&p, ATTEST_E_STRUCTURE);
	/* A kernel for another processor, one that is too old, and none. */
	begin_252(&p);
	add_text(&p, ".cmdline", "quiet");
	put16(p.bytes + AT_MACHINE, 0xaa64);
	(void)predict(&p, ATTEST_E_STRUCTURE);
	begin_252(&p);
	add_text(&p, ".cmdline", "quiet");
	program_kernel(&kernel, "6.1 ");
	put16(p.bytes + PROGRAM_HEADERS + sizeof(stub_252) + AT_IMAGE_VERSION, 0);
	(void)predict(&p, ATTEST_E_STRUCTURE);
	begin_252(&p);
	add_text(&p, ".cmdline", "quiet");
	put32(row(&p, 1) + 8, 0);
	(void)predict(&p, ATTEST_E_STRUCTURE);
}

void predict_texts(void)
{
	const struct attest_text_event texts[] =
		{
			{14, "{\"type\":\"weights\",\"name\":\"m\"}"},
                        {15, "\"quoted\""                           }
        },
				       of_image[] = {{11, "x"}}, resettable[] = {{16, "x"}}, binary[] = {{14, "\xff"}};
	struct attest_predict_options options = ATTEST_PREDICT_OPTIONS_INIT;
	struct program p;
	json_t *policy;

	(void)predict_with(NULL, &options, ATTEST_E_USAGE); /* nothing at all */
	options.texts = texts;
	options.n_texts = COUNT(texts);
	policy = predict_with(NULL, &options, ATTEST_OK);
	check_rules(policy, "14", "text event 0: weights m; ");
	check_rules(policy, "15", "text event 1; ");
	CHECK(json_object_size(json_object_get(policy, "events")) == 2);
	check_policy(policy);
	options.n_texts = 1;
	options.texts = resettable;
	(void)predict_with(NULL, &options, ATTEST_E_USAGE);
	options.texts = binary;
	(void)predict_with(NULL, &options, ATTEST_E_USAGE);
	options.texts = of_image;
	begin_252(&p);
	add_text(&p, ".cmdline", "quiet");
	(void)predict_with(&p, &options, ATTEST_E_USAGE);
	options = (struct attest_predict_options)ATTEST_PREDICT_OPTIONS_INIT;
	options.size--;
	(void)predict_with(&p, &options, ATTEST_E_USAGE);
	options = (struct attest_predict_options)ATTEST_PREDICT_OPTIONS_INIT;
	options.cmdline = " quiet";
	(void)predict_with(&p, &options, ATTEST_E_USAGE);
}
