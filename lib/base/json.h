/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - strict JSON (RFC 8259) on jansson.
 *
 * Before jansson sees a text, one pass over it checks depth and counts, and lifts long strings of base64, hex or PEM
 * out: they stay where they are in the input, and jansson gets a short mark in their place. That bounds time and
 * memory, since jansson takes 10 ns and copies for each byte; a proof is nearly all base64.
 *
 * Refused besides what jansson refuses (bad UTF-8, duplicate keys, trailing bytes): NUL in strings, and all past
 * limits.h.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>

#include "error.h"
#include "memory.h"
#include "window.h"

struct lifted {
	struct slice raw;       /* between the quotes; contains no escape but \n and \r */
	size_t skeleton_offset; /* where its mark stands in the text that jansson gets */
	bool is_object;         /* not a string: what stands between the braces */
};

/* A parsed text. Values borrow from it and from the input. */
struct json_doc {
	json_t *root;
	struct arena *arena;
	struct lifted *lifted;
	size_t n_lifted;
};

/* A value and its place, such as "$.quote.pcrs". */
struct json_node {
	const struct json_doc *doc;
	json_t *value; /* NULL: absent */
	char path[128];
};

attest_status json_doc_parse(struct json_doc *doc, struct arena *arena, struct slice text, struct attest_error *error);
/* What its user trusts, and which may be a list of 10^5 files. */
attest_status json_doc_parse_policy(struct json_doc *doc, struct arena *arena, struct slice text,
				    struct attest_error *error);
/* It begins as an object or an array does. */
bool json_looks_like(struct slice text);
void json_doc_free(struct json_doc *doc);
struct json_node json_doc_root(const struct json_doc *doc);

/* Of an object or array already known to be one; value NULL where absent. */
struct json_node json_node_member(const struct json_node *object, const char *name);
struct json_node json_node_element(const struct json_node *array, size_t index);
bool json_node_has(const struct json_node *object, const char *name);

/* The type is demanded: ATTEST_E_STRUCTURE with path, expectation and finding otherwise (absent included). */
attest_status json_node_object(const struct json_node *node, struct attest_error *error);
attest_status json_node_array(const struct json_node *node, size_t max, const char *limit_name, size_t *ret_n,
			      struct attest_error *error);
attest_status json_node_string(const struct json_node *node, struct slice *ret_text, struct attest_error *error);
/* The list "files" of a policy's "ima", which jansson has not seen and which may be anything between two braces: its
 * text. */
bool json_node_is_lifted_object(const struct json_node *node, struct slice *ret_text);
attest_status json_node_bool(const struct json_node *node, bool *ret_value, struct attest_error *error);
/* Every member's name must be in the NULL-terminated list. */
attest_status json_node_only(const struct json_node *object, const char *const *names, struct attest_error *error);

/* String that decodes whole as base64 or hex, from 1 to `max` bytes. */
attest_status json_node_base64(const struct json_node *node, size_t max, struct slice *ret_bytes,
			       struct attest_error *error);
attest_status json_node_hex(const struct json_node *node, size_t max, struct slice *ret_bytes,
			    struct attest_error *error);
/* The same in base64, checked but left as it is. */
attest_status json_node_source(const struct json_node *node, size_t max, struct source *ret_source,
			       struct attest_error *error);
/* String that is exactly one PEM block. */
attest_status json_node_pem(const struct json_node *node, const char *label, struct slice *ret_der,
			    struct attest_error *error);

/* Add the node's path to an error that says what was wrong there. */
attest_status json_node_fail(const struct json_node *node, attest_status status, struct attest_error *error);

DEFINE_DEFER(json_t, json_decref);

#endif
