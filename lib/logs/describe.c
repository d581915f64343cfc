/* SPDX-License-Identifier: Apache-2.0 */
#include "describe.h"

#include <stdio.h>

#include "describing.h"
#include "ima.h"

void add_field(struct describing *x, const char *name, bool proven, const struct line *value)
{
	struct description *d = x->d;
	const char *text;

	if (x->status != ATTEST_OK)
		return;
	if (d->n_fields == DESCRIBE_FIELDS) {
		d->n_omitted++;
		return;
	}
	text = line_take(value, x->arena);
	if (text == NULL)
		x->status = fail_memory(x->error);
	else
		d->fields[d->n_fields++] = (struct field){name, text, proven};
}

void add_text_field(struct describing *x, const char *name, bool proven, struct slice bytes)
{
	struct line line;

	line_begin(&line, LINE_MAX_FIELD);
	line_bytes(&line, bytes);
	add_field(x, name, proven, &line);
}

void add_field_printf(struct describing *x, const char *name, bool proven, const char *format, ...)
{
	char text[LINE_MAX_FIELD];
	struct line line;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line_begin(&line, LINE_MAX_FIELD);
	line_add(&line, text);
	add_field(x, name, proven, &line);
}

void describe_malformed(struct describing *x, const struct line *problem)
{
	line_begin(&x->summary, LINE_MAX_SUMMARY);
	line_printf(&x->summary, "%s: malformed (", x->event->type == NULL ? "event" : x->event->type);
	line_add(&x->summary, problem->text);
	line_add(&x->summary, ")");
	x->d->proven = false;
	x->d->n_fields = x->d->n_omitted = 0;
}

void describe_size(struct describing *x)
{
	line_printf(&x->summary, "%s, %zu bytes", x->event->type == NULL ? "event" : x->event->type,
		    x->event->data.len);
}

static void add_member(struct describing *x, const char *name, const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	if (text != NULL)
		add_text_field(x, name, x->d->proven, slice_of_string(text));
}

/* The digest is the hash of the text; what its members mean is up to the software that wrote it. */
static void describe_text(struct describing *x)
{
	const struct event *event = x->event;
	json_t *object = NULL;
	const json_t *content;

	x->d->proven = is_hash_of(&x->hashing, event->data);
	line_bytes(&x->summary, event->data);
	if (event->type != NULL)
		add_text_field(x, "type", x->d->proven, slice_of_string(event->type));
	if (x->status == ATTEST_OK)
		x->status = event_object(event, &object, x->error);
	if (x->status != ATTEST_OK || object == NULL)
		return;
	add_member(x, "type", object, "type");
	add_member(x, "name", object, "name");
	add_member(x, "digest", object, "digest");
	/* AICert */
	add_member(x, "event_type", object, "event_type");
	content = json_object_get(object, "content");
	add_member(x, "image", json_object_get(content, "spec"), "image_name");
	add_member(x, "id", json_object_get(content, "resolved"), "id");
	add_member(x, "hash", json_object_get(content, "resolved"), "hash");
	json_decref(object);
}

/* "machine-id:…", "enter-initrd": what was hashed, but where the digest is an HMAC of a secret. */
static void describe_systemd(struct describing *x)
{
	const struct event *event = x->event;

	x->d->proven = is_hash_of(&x->hashing, event->data);
	line_bytes(&x->summary, event->data);
	if (event->label != NULL)
		add_text_field(x, "type", false, slice_of_string(event->label));
}

static void add_hex_field(struct describing *x, const char *name, bool proven, const char *alg, struct slice bytes)
{
	struct line line;

	if (bytes.data == NULL)
		return;
	line_begin(&line, LINE_MAX_FIELD);
	if (alg != NULL)
		line_printf(&line, "%s:", alg);
	line_hex(&line, bytes);
	add_field(x, name, proven, &line);
}

/* A file and its digest; a buffer (a key, a command line for kexec) has no file. */
static void describe_ima(struct describing *x)
{
	const struct event *event = x->event;
	struct ima_fields f;
	bool proven;

	if (!ima_fields_read(event, &f)) {
		describe_size(x);
		return;
	}
	proven = event->preimage.data != NULL && is_hash_of(&x->hashing, event->preimage);
	x->d->proven = proven;
	line_bytes(&x->summary, f.name);
	if (event->preimage.data == NULL && f.digest.len > 0 && slice_is_zero(f.digest)) {
		line_add(&x->summary, " violation: written while it was read");
	} else if (f.digest.len > 0) {
		line_printf(&x->summary, " %s%s:", f.verity ? "fs-verity " : "",
			    f.digest_alg == NULL ? "digest" : f.digest_alg);
		line_hex(&x->summary, f.digest);
	}
	add_text_field(x, "name", proven, f.name);
	add_hex_field(x, f.verity ? "verity" : "digest", proven, f.digest_alg, f.digest);
	add_hex_field(x, "signature", proven, NULL, f.signature);
	if (f.buffer.data != NULL)
		add_text_field(x, "buffer", proven, f.buffer);
	add_hex_field(x, "modsig-digest", proven, NULL, f.modsig_digest);
	add_hex_field(x, "evm-signature", proven, NULL, f.evm_signature);
}

static void describe(struct describing *x)
{
	switch (x->event->kind) {
	case EVENT_TEXT:
		describe_text(x);
		break;
	case EVENT_TCG:
		describe_tcg(x);
		break;
	case EVENT_IMA:
		describe_ima(x);
		break;
	case EVENT_SYSTEMD:
		describe_systemd(x);
		break;
	case EVENT_BARE:
		line_add(&x->summary, x->event->type == NULL ? "digest" : x->event->type);
		break;
	case EVENT_OTHER:
		describe_size(x);
		break;
	}
}

attest_status event_describe(const struct event *event, uint16_t bank, struct arena *arena,
			     struct description *ret_description, struct attest_error *error)
{
	struct description d = {.summary = ""};
	struct describing x = {.event = event, .bank = bank, .arena = arena, .d = &d, .error = error};

	x.hashing = (struct hashing){.event = event, .bank = bank, .error = error};
	line_begin(&x.summary, LINE_MAX_SUMMARY);
	describe(&x);
	hashing_end(&x.hashing);
	if (x.status == ATTEST_OK)
		x.status = x.hashing.status;
	if (x.status == ATTEST_OK)
		d.summary = line_take(&x.summary, arena);
	if (d.summary == NULL)
		x.status = fail_memory(error);
	if (x.status == ATTEST_OK)
		*ret_description = d;
	return x.status;
}
