/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "predict.h"

static const char calling[] = "Calling EFI Application from Boot Option";
static const char returning[] = "Returning from EFI Application from Boot Option";

static attest_status value_of(struct predictor *p, const struct digest *const *events, size_t n,
			      struct digest *ret_value, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	*ret_value = predict_zero(p);
	for (size_t i = 0; status == ATTEST_OK && i < n; i++)
		status = predict_extend(p, ret_value, events[i], error);
	return status;
}

static void rule_digest(struct predictor *p, unsigned pcr, const char *name, const struct digest *digest)
{
	predict_put_digest(p, predict_rule(p, pcr, name), digest);
}

/* A member that says more of a rule. */
static void put(struct predictor *p, json_t *rule, const char *key, const char *text)
{
	if (rule != NULL)
		json_put_text(rule, key, text, &p->ok);
}

/* PCR 4: what firmware starts. */

struct programs {
	struct digest calling, returning, separator, image, kernel;
};

static attest_status hash_programs(struct predictor *p, struct programs *programs, struct attest_error *error)
{
	static const uint8_t zeros[4];
	attest_status status = predict_hash(p, slice_of_string(calling), &programs->calling, error);

	if (status == ATTEST_OK)
		status = predict_hash(p, slice_of_string(returning), &programs->returning, error);
	if (status == ATTEST_OK)
		status = predict_hash(p, slice_of(zeros, sizeof(zeros)), &programs->separator, error);
	if (status == ATTEST_OK)
		status = pe_authenticode(&p->arena, &p->uki.pe, p->bank, &programs->image, error);
	if (status != ATTEST_OK)
		return status;
	status = pe_authenticode(&p->arena, &p->uki.kernel, p->bank, &programs->kernel, error);
	if (status != ATTEST_OK)
		error_where(error, "section .linux");
	return status;
}

static void rule_programs(struct predictor *p, const struct programs *programs, bool retries)
{
	json_t *rule;

	put(p, predict_rule(p, 4, "call of the boot option"), "text", calling);
	rule = predict_rule(p, 4, "end of the firmware's part");
	if (rule != NULL)
		json_put(rule, "separator", json_true(), &p->ok);
	if (retries) {
		rule = predict_rule(p, 4, "boot options that started nothing");
		put(p, rule, "count", "any");
		if (rule != NULL)
			json_put(rule, "text", json_pack("[s,s]", returning, calling), &p->ok);
	}
	rule_digest(p, 4, "unified kernel image", &programs->image);
	rule = predict_rule(p, 4, "kernel (.linux)");
	put(p, rule, "count", "optional");
	put(p, rule, "comment",
	    "By the stub, whose image vouches for it. Not measured where Secure Boot is on, nor by a stub that loads "
	    "the kernel without the firmware.");
	predict_put_digest(p, rule, &programs->kernel);
}

static attest_status predict_programs(struct predictor *p, struct attest_error *error)
{
	bool retries = strcmp(p->options->platform, "ovmf") == 0;
	struct programs g;
	struct digest value;
	attest_status status = hash_programs(p, &g, error);
	const struct digest *const direct[] = {&g.calling, &g.separator, &g.image, &g.kernel};
	const struct digest *const second[] = {&g.calling, &g.separator, &g.returning, &g.calling, &g.image, &g.kernel};

	if (status != ATTEST_OK)
		return status;
	predict_comment(p, 4, "Digests of EFI programs (Authenticode) as EDK2 computes them.");
	rule_programs(p, &g, retries);
	for (size_t kernel = 0; status == ATTEST_OK && kernel < 2; kernel++) {
		status = value_of(p, direct, 3 + kernel, &value, error);
		predict_pin(p, 4, kernel == 1 ? "image and kernel" : "image", &value);
		if (status != ATTEST_OK || !retries)
			continue;
		status = value_of(p, second, 5 + kernel, &value, error);
		predict_pin(p, 4, kernel == 1 ? "second boot option, image and kernel" : "second boot option, image",
			    &value);
	}
	return status;
}

/* PCR 7: Secure Boot's state. Its keys are the machine's. */

static void predict_secure_boot(struct predictor *p)
{
	json_t *rule, *object;

	put(p, predict_rule(p, 7, "Secure Boot"), "secure_boot", "enabled");
	rule = predict_rule(p, 7, "keys");
	put(p, rule, "count", "any");
	put(p, rule, "anything", "which keys the machine has, and which of them vouched, the image does not say");
	object = json_object_get(p->events, "7");
	if (object != NULL)
		json_put_text(object, "order", "any", &p->ok);
}

/* PCR 9: what the kernel's own EFI stub was given. */

/* Newer stubs take blanks from both ends and turn control characters into blanks. */
static attest_status trim(struct predictor *p, struct slice text, struct slice *ret_trimmed, struct attest_error *error)
{
	uint8_t *copy = arena_copy(&p->arena, text.data, text.len);
	size_t from = 0, end = text.len;

	if (copy == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < text.len; i++)
		if (copy[i] < 0x20)
			copy[i] = ' ';
	while (from < end && copy[from] == ' ')
		from++;
	while (end > from && copy[end - 1] == ' ')
		end--;
	*ret_trimmed = slice_of(copy + from, end - from);
	return ATTEST_OK;
}

static void rule_cmdline(struct predictor *p, const struct digest *digests, size_t n)
{
	json_t *rule = predict_rule(p, 9, "command line, as the kernel got it"), *list = json_array();

	for (size_t i = 0; i < n; i++) {
		char hex[HEX_SIZE(DIGEST_MAX)];

		hex_encode(digest_slice(&digests[i]), hex);
		json_add(list, json_string(hex), &p->ok);
	}
	if (rule != NULL)
		json_put(rule, "digest", list, &p->ok);
	else
		json_decref(list);
}

/* Values with these command lines; NULL `initrd`: there is none. */
static attest_status pin_kernel_inputs(struct predictor *p, const struct digest *cmdlines, size_t n,
				       const struct digest *initrd, struct attest_error *error)
{
	static const char *const names[] = {"kernel's inputs",
					    "kernel's inputs, command line without blanks around it"};
	attest_status status = ATTEST_OK;

	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		const struct digest *const events[] = {&cmdlines[i], initrd};
		struct digest value;

		status = value_of(p, events, initrd == NULL ? 1 : 2, &value, error);
		if (status == ATTEST_OK)
			predict_pin(p, 9, names[i], &value);
	}
	return status;
}

static attest_status predict_initrd(struct predictor *p, const struct digest *cmdlines, size_t n,
				    struct attest_error *error)
{
	static const char name[] = "initrd, as the kernel got it";
	struct digest initrd;
	attest_status status;

	if (p->uki.initrd_joined != NULL) {
		const char *why =
			arena_printf(&p->arena, "the stub joins %s to it; the section itself is measured into PCR 11",
				     p->uki.initrd_joined);
		json_t *rule = predict_rule(p, 9, name);

		put(p, rule, "count", "optional");
		put(p, rule, "anything", why);
		return why == NULL ? fail_memory(error) : ATTEST_OK;
	}
	if (p->uki.initrd.len == 0)
		return pin_kernel_inputs(p, cmdlines, n, NULL, error);
	status = predict_hash(p, p->uki.initrd, &initrd, error);
	if (status != ATTEST_OK)
		return status;
	rule_digest(p, 9, name, &initrd);
	return pin_kernel_inputs(p, cmdlines, n, &initrd, error);
}

static attest_status predict_kernel_inputs(struct predictor *p, struct attest_error *error)
{
	struct digest digests[2];
	struct slice trimmed = {NULL, 0};
	size_t n = 1;
	attest_status status;

	if (!p->uki.kernel_measures)
		return ATTEST_OK;
	status = trim(p, p->cmdline, &trimmed, error);
	if (status == ATTEST_OK)
		status = predict_hash_utf16(p, p->cmdline, &digests[0], error);
	if (status == ATTEST_OK && !slice_equal(trimmed, p->cmdline))
		status = predict_hash_utf16(p, trimmed, &digests[n++], error);
	if (status != ATTEST_OK)
		return status;
	predict_comment(p, 9, "By the kernel's own EFI stub.");
	rule_cmdline(p, digests, n);
	return predict_initrd(p, digests, n, error);
}

/* PCR 11: the image's sections, then phases. */

static attest_status predict_sections(struct predictor *p, struct digest *pcr, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	for (size_t i = 0; status == ATTEST_OK && i < p->uki.n_parts; i++) {
		const struct uki_part *part = &p->uki.parts[i];
		struct digest name, contents;
		json_t *rule;

		status = predict_hash(p, slice_of(part->section, strlen(part->section) + 1), &name, error);
		if (status == ATTEST_OK)
			status = predict_hash(p, part->contents, &contents, error);
		if (status == ATTEST_OK)
			status = predict_extend(p, pcr, &name, error);
		if (status == ATTEST_OK)
			status = predict_extend(p, pcr, &contents, error);
		if (status != ATTEST_OK)
			break;
		rule = predict_rule(p, 11, part->title);
		put(p, rule, "section", part->section);
		predict_put_digest(p, rule, &contents);
	}
	return status;
}

static bool begins(const char *path, const char *shorter)
{
	size_t len = strlen(shorter);

	return len == 0 || (strncmp(path, shorter, len) == 0 && (path[len] == '\0' || path[len] == ':'));
}

static attest_status longest_path(const struct attest_predict_options *o, const char **ret_path,
				  struct attest_error *error)
{
	const char *longest = "";

	for (size_t i = 0; i < o->n_phases; i++)
		if (strlen(o->phases[i]) > strlen(longest))
			longest = o->phases[i];
	for (size_t i = 0; i < o->n_phases; i++)
		if (!begins(longest, o->phases[i]))
			return fail(error, ATTEST_E_USAGE, NULL,
				    "paths of phases go on from one another: \"%s\" does not begin with \"%s\"",
				    longest, o->phases[i]);
	if (longest[0] != '\0' &&
	    (longest[0] == ':' || longest[strlen(longest) - 1] == ':' || strstr(longest, "::") != NULL))
		return fail(error, ATTEST_E_USAGE, NULL, "a phase of the path \"%s\" has no name", longest);
	*ret_path = longest;
	return ATTEST_OK;
}

/* Some paths end here: whatever comes next need not have passed. */
static bool is_end(const struct attest_predict_options *o, size_t len)
{
	for (size_t i = 0; i < o->n_phases; i++)
		if (strlen(o->phases[i]) == len)
			return true;
	return false;
}

static attest_status add_phase(struct predictor *p, struct slice phase, bool optional, struct digest *pcr,
			       struct attest_error *error)
{
	const char *text = arena_string(&p->arena, phase);
	const char *name = text == NULL ? NULL : arena_printf(&p->arena, "phase %s", text);
	struct digest digest;
	attest_status status;
	json_t *rule;

	if (name == NULL)
		return fail_memory(error);
	rule = predict_rule(p, 11, name);
	put(p, rule, "text", text);
	if (optional)
		put(p, rule, "count", "optional");
	status = predict_hash(p, phase, &digest, error);
	return status == ATTEST_OK ? predict_extend(p, pcr, &digest, error) : status;
}

static attest_status predict_phases(struct predictor *p, struct digest *pcr, struct attest_error *error)
{
	const struct attest_predict_options *o = p->options;
	const char *path = "";
	attest_status status = longest_path(o, &path, error);
	struct slice all = slice_of_string(path);
	bool optional = is_end(o, 0);

	if (status == ATTEST_OK && optional)
		predict_pin(p, 11, "no phase", pcr);
	for (size_t at = 0; status == ATTEST_OK && at < all.len;) {
		struct slice phase = slice_sub(all, at, all.len);
		const char *passed;

		phase = slice_sub(phase, 0, slice_find(phase, ':'));
		status = add_phase(p, phase, optional, pcr, error);
		at += phase.len;
		if (status == ATTEST_OK && is_end(o, at)) {
			passed = arena_string(&p->arena, slice_sub(all, 0, at));
			if (passed == NULL)
				return fail_memory(error);
			predict_pin(p, 11, passed, pcr);
			optional = true;
		}
		at++;
	}
	return status;
}

/* PCR 12 and 13: what the stub adds to the image. */

static attest_status predict_additions(struct predictor *p, struct attest_error *error)
{
	const char *cmdline = p->options->cmdline;
	struct digest event, value;
	json_t *rule, *matcher;
	attest_status status;

	predict_unused(p, 13, "No system extensions.");
	if (cmdline == NULL) {
		predict_unused(p, 12, "No command line but the image's, no credentials, no add-ons.");
		return ATTEST_OK;
	}
	predict_comment(p, 12, "No credentials, no add-ons.");
	rule = predict_rule(p, 12, "command line, as the boot loader gave it");
	matcher = json_object();
	json_put_text(matcher, "is", cmdline, &p->ok);
	if (rule != NULL)
		json_put(rule, "cmdline", matcher, &p->ok);
	else
		json_decref(matcher);
	status = predict_hash_utf16(p, slice_of_string(cmdline), &event, error);
	value = predict_zero(p);
	if (status == ATTEST_OK)
		status = predict_extend(p, &value, &event, error);
	if (status == ATTEST_OK)
		predict_pin(p, 12, "command line", &value);
	return status;
}

/* The image's own, unless the boot loader has one: a stub takes that where Secure Boot is off or the image has none. */
static attest_status choose_cmdline(struct predictor *p, struct attest_error *error)
{
	const struct attest_predict_options *o = p->options;

	if (o->cmdline == NULL && p->uki.cmdline == NULL)
		return fail(error, ATTEST_E_USAGE, NULL,
			    "the image has no command line (.cmdline): say which one the boot loader gives it");
	if (o->cmdline != NULL && o->secure_boot != 0 && p->uki.cmdline != NULL)
		return fail(error, ATTEST_E_USAGE, NULL,
			    "with Secure Boot the stub takes no command line from the boot loader: the image has its "
			    "own (.cmdline)");
	p->cmdline = slice_of_string(o->cmdline != NULL ? o->cmdline : p->uki.cmdline);
	return ATTEST_OK;
}

attest_status predict_image(struct predictor *p, struct attest_error *error)
{
	struct digest pcr = predict_zero(p);
	attest_status status = choose_cmdline(p, error);

	if (status == ATTEST_OK)
		status = predict_programs(p, error);
	if (status == ATTEST_OK && p->options->secure_boot != 0)
		predict_secure_boot(p);
	if (status == ATTEST_OK)
		status = predict_kernel_inputs(p, error);
	if (status == ATTEST_OK)
		status = predict_sections(p, &pcr, error);
	if (status == ATTEST_OK)
		status = predict_phases(p, &pcr, error);
	return status == ATTEST_OK ? predict_additions(p, error) : status;
}
