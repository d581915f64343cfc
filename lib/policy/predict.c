/* SPDX-License-Identifier: Apache-2.0 */
#include "predict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "policy.h"

struct digest predict_zero(const struct predictor *p)
{
	return (struct digest){.alg = p->bank, .size = digest_size(p->bank)};
}

attest_status predict_hash(struct predictor *p, struct slice bytes, struct digest *ret_digest,
			   struct attest_error *error)
{
	return hasher_compute(&p->hasher, p->bank, &bytes, 1, ret_digest, error);
}

attest_status predict_hash_utf16(struct predictor *p, struct slice text, struct digest *ret_digest,
				 struct attest_error *error)
{
	uint8_t *wide = arena_alloc(&p->arena, text.len + 1, 2);

	if (wide == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < text.len; i++)
		wide[2 * i] = text.data[i];
	return predict_hash(p, slice_of(wide, 2 * (text.len + 1)), ret_digest, error);
}

attest_status predict_extend(struct predictor *p, struct digest *pcr, const struct digest *event,
			     struct attest_error *error)
{
	return digest_extend(&p->hasher, pcr, digest_slice(event), error);
}

/* The object under this key, which is made if need be; NULL without memory. */
static json_t *object_in(json_t *object, const char *key, bool *ok)
{
	if (json_object_get(object, key) == NULL)
		json_put(object, key, json_object(), ok);
	return json_object_get(object, key);
}

static json_t *ruled(struct predictor *p, unsigned pcr)
{
	char key[12];
	json_t *object;

	(void)snprintf(key, sizeof(key), "%u", pcr);
	object = object_in(p->events, key, &p->ok);
	if (object != NULL && json_object_get(object, "rules") == NULL)
		json_put(object, "rules", json_array(), &p->ok);
	return object;
}

json_t *predict_rule(struct predictor *p, unsigned pcr, const char *name)
{
	json_t *rule = json_object();

	json_put_text(rule, "name", name, &p->ok);
	/* The array holds it: the caller has a second look at what is not his. */
	json_add(json_object_get(ruled(p, pcr), "rules"), rule, &p->ok);
	return p->ok ? rule : NULL;
}

void predict_put_digest(struct predictor *p, json_t *rule, const struct digest *digest)
{
	if (rule != NULL)
		json_put_hex(rule, "digest", digest_slice(digest), &p->ok);
}

void predict_pin(struct predictor *p, unsigned pcr, const char *name, const struct digest *value)
{
	char key[12];

	(void)snprintf(key, sizeof(key), "%u", pcr);
	json_put_hex(object_in(p->pcrs, key, &p->ok), name, digest_slice(value), &p->ok);
}

void predict_comment(struct predictor *p, unsigned pcr, const char *comment)
{
	json_put_text(ruled(p, pcr), "comment", comment, &p->ok);
}

void predict_unused(struct predictor *p, unsigned pcr, const char *comment)
{
	char key[12];

	(void)snprintf(key, sizeof(key), "%u", pcr);
	json_put_text(p->pcrs, key, "zero", &p->ok);
	predict_comment(p, pcr, comment);
}

/* "text event 2: weights model-8b", as far as the text says what it is. */
static const char *text_name(struct predictor *p, size_t number, const char *text)
{
	json_error_t e;
	DEFER(json_decref_deferred) json_t *event = json_loads(text, JSON_REJECT_DUPLICATES, &e);
	const char *type = json_string_value(json_object_get(event, "type"));
	const char *name = json_string_value(json_object_get(event, "name"));

	if (event == NULL && json_error_code(&e) == json_error_out_of_memory)
		return NULL;
	if (type == NULL)
		return arena_printf(&p->arena, "text event %zu", number);
	type = printable(&p->arena, slice_of_string(type), 64);
	if (name == NULL || type == NULL)
		return type == NULL ? NULL : arena_printf(&p->arena, "text event %zu: %s", number, type);
	name = printable(&p->arena, slice_of_string(name), 128);
	return name == NULL ? NULL : arena_printf(&p->arena, "text event %zu: %s %s", number, type, name);
}

static attest_status add_text(struct predictor *p, size_t at, struct digest *pcr, struct attest_error *error)
{
	const struct attest_text_event *event = &p->options->texts[at];
	const char *name = text_name(p, at, event->text);
	struct digest digest;
	attest_status status;

	if (name == NULL)
		return fail_memory(error);
	json_put_text(predict_rule(p, event->pcr, name), "text", event->text, &p->ok);
	status = predict_hash(p, slice_of_string(event->text), &digest, error);
	return status == ATTEST_OK ? predict_extend(p, pcr, &digest, error) : status;
}

static attest_status add_texts(struct predictor *p, struct attest_error *error)
{
	struct digest pcrs[LIMIT_PCRS];
	bool used[LIMIT_PCRS] = {false};
	attest_status status = ATTEST_OK;

	for (unsigned i = 0; i < LIMIT_PCRS; i++)
		pcrs[i] = predict_zero(p);
	for (size_t i = 0; status == ATTEST_OK && p->ok && i < p->options->n_texts; i++) {
		used[p->options->texts[i].pcr] = true;
		status = add_text(p, i, &pcrs[p->options->texts[i].pcr], error);
	}
	for (unsigned i = 0; i < LIMIT_PCRS; i++)
		if (used[i])
			predict_pin(p, i, "text events", &pcrs[i]);
	return status;
}

static void put_phases(struct predictor *p, json_t *origin)
{
	json_t *phases = json_array();

	for (size_t i = 0; i < p->options->n_phases; i++)
		json_add(phases, json_string(p->options->phases[i]), &p->ok);
	json_put(origin, "phases", phases, &p->ok);
}

/* Where the policy came from: enough to make it again. */
static attest_status put_origin(struct predictor *p, json_t *root, struct attest_error *error)
{
	const struct attest_predict_options *o = p->options;
	json_t *origin = object_in(root, "origin", &p->ok);
	uint8_t sha256[32];
	attest_status status;

	json_put_text(origin, "made_by", "attest-policy predict", &p->ok);
	json_put_text(origin, "version", attest_version(), &p->ok);
	if (o->uki == NULL)
		return ATTEST_OK;
	status = digest_sha256(slice_of(o->uki, o->uki_len), sha256, error);
	if (status != ATTEST_OK)
		return status;
	json_put_text(origin, "image", p->name, &p->ok);
	json_put_hex(origin, "image_sha256", slice_of(sha256, sizeof(sha256)), &p->ok);
	json_put_size(origin, "image_bytes", o->uki_len, &p->ok);
	json_put_text(origin, "stub", p->uki.stub, &p->ok);
	json_put_text(origin, "kernel", p->uki.kernel_version, &p->ok);
	json_put_text(origin, "platform", o->platform, &p->ok);
	json_put_text(origin, "cmdline", o->cmdline, &p->ok);
	put_phases(p, origin);
	return ATTEST_OK;
}

static bool binds_tls(const struct attest_predict_options *o)
{
	for (size_t i = 0; i < o->n_texts; i++)
		if (strncmp(o->texts[i].text, "{\"type\":\"tls-key\"", 17) == 0)
			return true;
	return false;
}

static attest_status write_policy(struct predictor *p, json_t *root, struct attest_error *error)
{
	const struct attest_predict_options *o = p->options;
	const char *name;
	attest_status status;

	p->name = printable(&p->arena, slice_of_string(o->name == NULL ? "an image" : o->name), 200);
	name = p->name == NULL
		       ? NULL
		       : arena_printf(&p->arena, "predicted from %s", o->uki == NULL ? "what is served" : p->name);
	if (name == NULL)
		return fail_memory(error);
	json_put_text(root, "format", "libattest-policy-v1", &p->ok);
	json_put_text(root, "name", name, &p->ok);
	json_put_text(
		root, "comment",
		"Computed, not observed. The PCRs that are not here (firmware, its configuration, partition table, "
		"Secure Boot's keys) depend on the machine.",
		&p->ok);
	status = put_origin(p, root, error);
	if (o->uki != NULL && strcmp(o->platform, "azure") == 0)
		json_put(root, "platforms", json_pack("[s]", "azure"), &p->ok);
	json_put_text(root, "bank", digest_name(p->bank), &p->ok);
	p->pcrs = object_in(root, "pcrs", &p->ok);
	p->events = object_in(root, "events", &p->ok);
	if (status == ATTEST_OK && o->uki != NULL)
		status = predict_image(p, error);
	if (status == ATTEST_OK)
		status = add_texts(p, error);
	if (binds_tls(o))
		json_put_text(root, "tls", "required", &p->ok);
	return status;
}

static attest_status check_texts(const struct attest_predict_options *o, struct attest_error *error)
{
	static const uint32_t of_image = 1u << 4 | 1u << 7 | 1u << 9 | 1u << 11 | 1u << 12 | 1u << 13;

	if (o->n_texts > LIMIT_RULES)
		return fail(error, ATTEST_E_LIMIT, NULL, "at most %u text events", LIMIT_RULES);
	for (size_t i = 0; i < o->n_texts; i++) {
		DEFER(json_decref_deferred) json_t *text = json_string(o->texts[i].text);

		if (text == NULL)
			return fail(error, ATTEST_E_USAGE, NULL, "text event %zu is not UTF-8", i);
		if (o->texts[i].pcr >= LIMIT_PCRS || pcr_is_resettable((uint8_t)o->texts[i].pcr) ||
		    (o->uki != NULL && (of_image >> o->texts[i].pcr & 1) != 0))
			return fail(error, ATTEST_E_USAGE, NULL,
				    "text event %zu: PCR %u cannot hold texts alone; texts are measured into PCR 8, 14 "
				    "or 15",
				    i, o->texts[i].pcr);
	}
	return ATTEST_OK;
}

static attest_status check_cmdline(const char *cmdline, struct attest_error *error)
{
	size_t len = strlen(cmdline);
	bool good = len > 0 && cmdline[0] != ' ' && cmdline[len - 1] != ' ';

	for (size_t i = 0; i < len; i++)
		good = good && cmdline[i] >= 0x20 && (unsigned char)cmdline[i] < 0x7f;
	if (!good)
		return fail(error, ATTEST_E_USAGE, NULL,
			    "a command line of the boot loader is printable ASCII without blanks around it");
	return ATTEST_OK;
}

static attest_status check_options(const struct attest_predict_options *o, struct attest_error *error)
{
	if (o->uki == NULL && o->n_texts == 0)
		return fail(error, ATTEST_E_USAGE, NULL, "there is nothing to predict: no image and no text event");
	if (strcmp(o->platform, "azure") != 0 && strcmp(o->platform, "ovmf") != 0) {
		error_expected(error, "azure, ovmf");
		error_found(error, "%s", o->platform);
		return fail(error, ATTEST_E_USAGE, NULL, "what this platform's firmware measures is not known");
	}
	if (digest_alg(o->bank) == 0)
		return fail(error, ATTEST_E_USAGE, NULL, "a bank is sha1, sha256, sha384 or sha512");
	if (o->n_phases > LIMIT_PREDICTED_PHASES)
		return fail(error, ATTEST_E_LIMIT, NULL, "at most %u paths of phases", LIMIT_PREDICTED_PHASES);
	if (o->cmdline != NULL && check_cmdline(o->cmdline, error) != ATTEST_OK)
		return error->status;
	return check_texts(o, error);
}

static attest_status predict(struct predictor *p, char **ret_json, struct attest_error *error)
{
	DEFER(json_decref_deferred) json_t *root = json_object();
	const struct attest_predict_options *o = p->options;
	attest_status status = ATTEST_OK;

	p->ok = root != NULL;
	p->bank = digest_alg(o->bank);
	if (o->uki != NULL)
		status = uki_parse(&p->arena, slice_of(o->uki, o->uki_len), &p->uki, error);
	if (status == ATTEST_OK)
		status = write_policy(p, root, error);
	if (status != ATTEST_OK)
		return status;
	*ret_json = p->ok ? json_pages(root) : NULL;
	return *ret_json == NULL ? fail_memory(error) : ATTEST_OK;
}

static void fill_in(struct attest_predict_options *o)
{
	static const char *const all_phases[] = {"enter-initrd:leave-initrd:sysinit:ready"};

	if (o->platform == NULL)
		o->platform = "ovmf";
	if (o->bank == NULL)
		o->bank = "sha256";
	if (o->phases == NULL) {
		o->phases = all_phases;
		o->n_phases = 1;
	}
}

attest_status attest_policy_predict(const struct attest_predict_options *options, char **ret_json,
				    struct attest_error *error)
{
	struct attest_error e = {0};
	struct attest_predict_options o;
	struct predictor p = {.options = &o};
	attest_status status;

	if (options->size != sizeof(*options)) {
		status = fail(&e, ATTEST_E_USAGE, NULL,
			      "struct attest_predict_options was not set up with ATTEST_PREDICT_OPTIONS_INIT");
	} else {
		o = *options;
		fill_in(&o);
		status = check_options(&o, &e);
		if (status == ATTEST_OK)
			status = predict(&p, ret_json, &e);
	}
	hasher_free(&p.hasher);
	arena_free(&p.arena);
	if (status != ATTEST_OK && error != NULL)
		*error = e;
	return status;
}
