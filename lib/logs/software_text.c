/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What texts say that a server or a job has measured: its configuration, images, weights, inputs and outputs.
 */
#include <string.h>

#include "reading.h"

/* "name sha256:…" with spaces in neither, so that no name can contain another's digest. */
static void state_named(struct reading *x, const char *what, bool proven, const char *name, const char *digest)
{
	struct line line;

	line_begin(&line, LINE_MAX_SUMMARY);
	if (name == NULL)
		line_add(&line, "(no name)");
	else
		line_word(&line, slice_of_string(name));
	line_add(&line, " ");
	if (digest == NULL)
		line_add(&line, "(no digest)");
	else
		line_word(&line, slice_of_string(digest));
	software_state(x, what, proven, &line);
}

static const char *member_of(const json_t *object, const char *outer, const char *inner)
{
	return json_string_value(json_object_get(json_object_get(object, outer), inner));
}

/* AICert's resource is an object: its members say where it comes from. */
static void state_resource(struct reading *x, bool proven, const json_t *content)
{
	const json_t *resource = json_object_get(json_object_get(content, "spec"), "resource_proto");
	char text[LINE_MAX_FIELD + 1];
	size_t len = json_dumpb(resource, text, LINE_MAX_FIELD, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	if (len == 0 && resource != NULL) {
		x->status = fail_memory(x->error);
		return;
	}
	if (len > LINE_MAX_FIELD) /* it did not fit */
		proven = false;
	text[len > LINE_MAX_FIELD ? 0 : len] = '\0';
	state_named(x, "input", proven, len == 0 || len > LINE_MAX_FIELD ? NULL : text,
		    member_of(content, "resolved", "hash"));
}

static void read_aicert(struct reading *x, const char *type, bool proven, const json_t *content)
{
	if (strcmp(type, "input_image") == 0) {
		state_named(x, "container.image", proven, member_of(content, "spec", "image_name"),
			    member_of(content, "resolved", "id"));
	} else if (strcmp(type, "input_resource") == 0) {
		state_resource(x, proven, content);
	} else if (strcmp(type, "axolotl_configuration") == 0) {
		state_named(x, "config", proven, "axolotl", member_of(content, "resolved", "hash"));
	} else if (strcmp(type, "outputs") == 0) {
		for (size_t i = 0; i < json_array_size(content); i++)
			state_named(x, "output", proven, member_of(json_array_get(content, i), "spec", "path"),
				    member_of(json_array_get(content, i), "resolved", "hash"));
	}
}

/* The server of this project, and AICert; a text that calls itself by both is read as both. */
void software_read_text(struct reading *x)
{
	static const struct {
		const char *type, *what;
	} known[] = {
		{"config",  "config"         },
                {"image",   "container.image"},
                {"weights", "weights"        },
		{"input",   "input"          },
                {"output",  "output"         },
	};
	const struct event *event = x->event;
	bool proven;
	const char *type, *aicert_type;
	json_t *object = NULL;

	x->status = event_object(event, &object, x->error);
	if (x->status != ATTEST_OK || object == NULL)
		return;
	/* What is served is measured into PCR 14, its listener into 15, a job's outputs into 8; elsewhere a text could
	 * be the contents of a file that a boot loader or a kernel has read. */
	proven = (event->pcr == 8 || event->pcr == 14 || event->pcr == 15) && is_hash_of(&x->hashing, event->data);
	type = json_string_value(json_object_get(object, "type"));
	aicert_type = json_string_value(json_object_get(object, "event_type"));
	for (size_t i = 0; type != NULL && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(type, known[i].type) == 0)
			state_named(x, known[i].what, proven, json_string_value(json_object_get(object, "name")),
				    json_string_value(json_object_get(object, "digest")));
	if (aicert_type != NULL)
		read_aicert(x, aicert_type, proven, json_object_get(object, "content"));
	json_decref(object);
}
