/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <stdio.h>

#include "base/limits.h"
#include "unit.h"

static attest_status parse_slice(struct slice text, struct attest_error *e)
{
	struct arena arena = {NULL};
	struct json_doc doc;
	void *exact = unit_exact(text);
	attest_status status;

	error_clear(e);
	status = json_doc_parse(&doc, &arena, slice_of(exact, text.len), e);
	if (status == ATTEST_OK)
		json_doc_free(&doc);
	arena_free(&arena);
	free(exact);
	return status;
}

static attest_status parse(const char *text)
{
	struct attest_error e;

	return parse_slice(slice_of_string(text), &e);
}

/* 60 characters that are lifted. */
#define LONG "AAAAAAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCCCCC"

void json_strict(void)
{
	static const char *const good[] = {
		"{}",
		"[]",
		" [ ] \r\n\t",
		"[1, -2.5e+3, true, false, null, \"\"]",
		"{\"a\": {\"b\": []}}",
		"[\"\\u0041\\ud83d\\ude00\"]",
		"[\"\xc3\xa4\xf0\x9f\x98\x80\"]",
		"[\"" LONG "\", \"\\\"\"]",
		"{\"" LONG "\": \"" LONG "\"}",
	};
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"[",
		"]",
		"}",
		"[1,]",
		"[,1]",
		"{\"a\":1,}",
		"{\"a\"}",
		"{a:1}",
		"{'a':1}",
		"[1 2]",
		"[01]",
		"[1] 2",
		"[][]",
		"12",
		"\"x\"",
		"null",
		"nul",
		"[NaN]",
		"[Infinity]",
		"[+1]",
		"[.5]",
		"[1.]",
		"[1e]",
		"[0x1]",
		"[\"\t\"]",
		"[\"\n\"]",
		"[\"\x01\"]",
		"[\"\\x41\"]",
		"[\"\\u12\"]",
		"[\"\\ud800\"]",
		"[\"\\ude00\\ud83d\"]",
		"[\"\xff\"]",
		"[\"\xc0\xaf\"]",
		"[\"\xed\xa0\x80\"]",
		"[\"\xf4\x90\x80\x80\"]",
		"[\"\xc3\"]",
		"/**/[]",
		"[]//",
		"#[]",
		"\xef\xbb\xbf[]",
		"[\"a]",
		"[\"a\\\"]",
		"[\"\\",
		"{\"a\":\"b\\",
		"[\"" LONG,
		"[\"" LONG "\\n",
		"[\"" LONG "\" \"" LONG "\"]",
		"[\"" LONG "\"",
		"{\"" LONG "\"}",
		"[\"" LONG "\n\"]",
	};
	struct attest_error e;

	for (size_t i = 0; i < COUNT(good); i++)
		CHECK_STATUS(parse(good[i]), ATTEST_OK);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_STATUS(parse(bad[i]), ATTEST_E_JSON);
	CHECK_STATUS(parse_slice(slice_of("[]\0", 3), &e), ATTEST_E_JSON);
	CHECK_STATUS(parse_slice(slice_of("\0[]", 3), &e), ATTEST_E_JSON);
	CHECK_STATUS(parse_slice(slice_of(NULL, 0), &e), ATTEST_E_JSON);
}

void json_duplicates(void)
{
	static const char *const bad[] = {
		"{\"a\":1,\"a\":1}",
		"{\"a\":1,\"b\":2,\"a\":3}",
		"{\"a\":1,\"\\u0061\":1}",
		"{\"\":1,\"\":1}",
		"[{\"x\":{\"a\":[],\"a\":[]}}]",
		"{\"a\":\"" LONG "\",\"a\":\"" LONG "\"}",
		"{\"x\":\"" LONG "\",\"a\":1,\"y\":[\"" LONG "\"],\"a\":2}",
		"{\"" LONG "\":1,\"" LONG "\":2}",
	};
	struct attest_error e;

	for (size_t i = 0; i < COUNT(bad); i++) {
		CHECK_STATUS(parse_slice(slice_of_string(bad[i]), &e), ATTEST_E_JSON);
		CHECK_TEXT(e.message, "the same key twice in an object");
	}
	CHECK_STATUS(parse("{\"a\":{\"a\":1},\"A\":1}"), ATTEST_OK);
}

void json_nul(void)
{
	static const char *const bad[] = {
		"[\"\\u0000\"]",         "[\"a\\u0000b\"]",   "{\"\\u0000\":1}",
		"{\"a\\u0000\":1}",      "[\"\\u00000\"]",    "[\"" LONG "\",\"\\u00000\"]",
		"[\"" LONG "\\u0000\"]", "[\"\\\\\\u0000\"]", "{\"" LONG "\\u0000\":1}",
	};
	struct arena arena = {NULL};
	struct json_doc doc;
	struct json_node root, node;
	struct attest_error e;
	struct slice text;

	for (size_t i = 0; i < COUNT(bad); i++) {
		CHECK_STATUS(parse_slice(slice_of_string(bad[i]), &e), ATTEST_E_JSON);
		CHECK_TEXT(e.message, "NUL in a string");
	}
	CHECK_STATUS(parse_slice(slice_of("[\"a\0b\"]", 7), &e), ATTEST_E_JSON);
	error_clear(&e);
	/* A backslash, escaped, and then characters that only look like an escape; also where a mark could be meant. */
	CHECK_STATUS(json_doc_parse(&doc, &arena, slice_of_string("[\"\\\\u00000\",\"" LONG "\"]"), &e), ATTEST_OK);
	root = json_doc_root(&doc);
	node = json_node_element(&root, 0);
	CHECK_STATUS(json_node_string(&node, &text, &e), ATTEST_OK);
	CHECK(slice_equal(text, slice_of_string("\\u00000")));
	node = json_node_element(&root, 1);
	CHECK_STATUS(json_node_string(&node, &text, &e), ATTEST_OK);
	CHECK(slice_equal(text, slice_of_string(LONG)));
	json_doc_free(&doc);
	arena_free(&arena);
}

/* n times `open`, then n times `close`, around `middle`. */
static char *nested(struct arena *arena, const char *open, const char *close, const char *middle, size_t n)
{
	size_t size = n * (strlen(open) + strlen(close)) + strlen(middle) + 1;
	char *text = arena_alloc(arena, size, 1), *at = text;

	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, open);
	at = stpcpy(at, middle);
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, close);
	return text;
}

void json_depth(void)
{
	struct arena arena = {NULL};
	struct attest_error e;

	CHECK_STATUS(parse(nested(&arena, "[", "]", "", 32)), ATTEST_OK);
	CHECK_STATUS(parse(nested(&arena, "{\"a\":", "}", "0", 32)), ATTEST_OK);
	CHECK_STATUS(parse(nested(&arena, "[", "]", "\"" LONG "\"", 32)), ATTEST_OK);
	CHECK_STATUS(parse(nested(&arena, "[", "]", "\"[[[[{{{{\"", 32)), ATTEST_OK);
	CHECK_STATUS(parse_slice(slice_of_string(nested(&arena, "[", "]", "", 33)), &e), ATTEST_E_LIMIT);
	CHECK(strstr(e.expected, "LIMIT_JSON_DEPTH") != NULL);
	CHECK_STATUS(parse(nested(&arena, "{\"a\":", "}", "0", 33)), ATTEST_E_LIMIT);
	CHECK_STATUS(parse(nested(&arena, "[{\"a\":", "}]", "[]", 16)), ATTEST_E_LIMIT);
	CHECK_STATUS(parse(nested(&arena, "[", "", "", 100000)), ATTEST_E_LIMIT);
	/* Closing more than was opened is bad JSON and buys no depth. */
	CHECK_STATUS(parse(nested(&arena, "]", "[", "", 40)), ATTEST_E_LIMIT);
	arena_free(&arena);
}

static attest_status parse_filled(struct arena *arena, const char *before, const char *what, size_t n,
				  const char *after, struct attest_error *e)
{
	size_t len = strlen(what), total = strlen(before) + n * len + strlen(after);
	char *text = arena_alloc(arena, total + 1, 1), *at = stpcpy(text, before);

	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, what);
	(void)stpcpy(at, after);
	return parse_slice(slice_of(text, total), e);
}

void json_counts(void)
{
	struct arena arena = {NULL};
	struct attest_error e;

	CHECK_STATUS(parse_filled(&arena, "[", "0,", LIMIT_JSON_VALUES - 1, "0]", &e), ATTEST_OK);
	CHECK_STATUS(parse_filled(&arena, "[", "0,", LIMIT_JSON_VALUES, "0]", &e), ATTEST_E_LIMIT);
	CHECK(strstr(e.expected, "LIMIT_JSON_VALUES") != NULL);
	CHECK_STATUS(parse_filled(&arena, "[\"", ",", LIMIT_JSON_VALUES, "\"]", &e), ATTEST_OK); /* in a string */
	CHECK_STATUS(parse_filled(&arena, "[\"", "!", LIMIT_JSON_TEXT - 4, "\"]", &e), ATTEST_OK);
	CHECK_STATUS(parse_filled(&arena, "[\"", "!", LIMIT_JSON_TEXT - 3, "\"]", &e), ATTEST_E_LIMIT);
	CHECK(strstr(e.expected, "LIMIT_JSON_TEXT") != NULL);
	CHECK_STATUS(parse_filled(&arena, "[", " ", LIMIT_JSON_TEXT, "]", &e), ATTEST_E_LIMIT);
	CHECK_STATUS(parse_filled(&arena, "[\"", "A", LIMIT_JSON_TEXT + 100, "\"]", &e), ATTEST_OK); /* lifted out */
	arena_free(&arena);
}

static void check_element(const struct json_node *root, size_t i, struct slice want)
{
	struct json_node node = json_node_element(root, i);
	struct attest_error e = {0};
	struct slice text = {NULL, 0};

	CHECK_STATUS(json_node_string(&node, &text, &e), ATTEST_OK);
	CHECK(slice_equal(text, want));
}

/* Strings of all lengths around the one from which they are lifted, each unlike the others. */
void json_lifted(void)
{
	enum { N = 200 };
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct json_doc doc;
	struct json_node root;
	char *text = arena_alloc(&arena, N * (N + 5), 1), *at = text, value[N + 1];

	*at++ = '[';
	for (size_t i = 0; i < N; i++) {
		memset(value, 'A' + (int)(i % 26), i);
		value[i] = '\0';
		at += sprintf(at, "%s\"%s\"", i == 0 ? "" : ", ", value);
	}
	*at++ = ']';
	CHECK_STATUS(json_doc_parse(&doc, &arena, slice_of(text, (size_t)(at - text)), &e), ATTEST_OK);
	CHECK(doc.n_lifted > 100);
	root = json_doc_root(&doc);
	for (size_t i = 0; i < N; i++) {
		memset(value, 'A' + (int)(i % 26), i);
		check_element(&root, i, slice_of(value, i));
	}
	json_doc_free(&doc);
	CHECK(doc.root == NULL && doc.lifted == NULL);
	arena_free(&arena);
}

void json_lifted_escapes(void)
{
	static const char text[] =
		"[\"" LONG "\\n" LONG "\\r\\n\", \"" LONG "\\t\", \"\\n" LONG "\", \"" LONG "\\\\n\","
		" \"" LONG "\\u000a\", \"" LONG "\\/\"]";
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct json_doc doc;
	struct json_node root;

	CHECK_STATUS(json_doc_parse(&doc, &arena, slice_of_string(text), &e), ATTEST_OK);
	root = json_doc_root(&doc);
	check_element(&root, 0, slice_of_string(LONG "\n" LONG "\r\n"));
	check_element(&root, 1, slice_of_string(LONG "\t"));
	check_element(&root, 2, slice_of_string("\n" LONG));
	check_element(&root, 3, slice_of_string(LONG "\\n"));
	check_element(&root, 4, slice_of_string(LONG "\n"));
	check_element(&root, 5, slice_of_string(LONG "/"));
	json_doc_free(&doc);
	arena_free(&arena);
}

/* Where jansson, given the text whole, sees the fault: lifting strings out must not move it. */
void json_offsets(void)
{
	static const char *const bad[] = {
		"{\"a\": x}",
		"{\"a\": \"" LONG "\", x}",
		"{\"a\": \"" LONG "\", \"b\": \"" LONG "\", \"c\": 01}",
		"[\"" LONG "\" \"" LONG "\"]",
		"{\"a\": \"" LONG "\"} trailing",
		"{\"a\": \"" LONG "\", \"a\": 1}",
		"{\"a\": 1, \"b\": \"" LONG "\\n\", \"a\": \"" LONG "\"}",
		"[\"" LONG "\", \"\xff\"]",
		"[\"" LONG "\", ",
	};
	struct attest_error e;
	char where[64];

	for (size_t i = 0; i < COUNT(bad); i++) {
		json_error_t want;

		CHECK(json_loads(bad[i], JSON_REJECT_DUPLICATES, &want) == NULL);
		(void)snprintf(where, sizeof(where), "offset %d", want.position);
		CHECK_STATUS(parse_slice(slice_of_string(bad[i]), &e), ATTEST_E_JSON);
		CHECK_TEXT(e.where, where);
	}
	(void)parse_slice(slice_of_string("[\"" LONG "\", \"a\\u0000\"]"), &e);
	CHECK_TEXT(e.where, "offset 67"); /* of the escape */
	(void)parse_slice(slice_of_string("[\"" LONG), &e);
	CHECK_TEXT(e.where, "offset 62");
	(void)parse_slice(slice_of_string("[\"a\\"), &e);
	CHECK_TEXT(e.where, "offset 4");
}

void json_types(void)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct json_doc doc;
	struct json_node root, node;
	struct slice text;
	size_t n = 99;
	bool value = false;

	CHECK_STATUS(
		json_doc_parse(&doc, &arena, slice_of_string("{\"s\":\"x\",\"a\":[1,2],\"t\":true,\"n\":null}"), &e),
		ATTEST_OK);
	root = json_doc_root(&doc);
	CHECK_STATUS(json_node_object(&root, &e), ATTEST_OK);
	CHECK(json_node_has(&root, "s") && !json_node_has(&root, "S"));
	node = json_node_member(&root, "a");
	CHECK_STATUS(json_node_array(&node, 2, "LIMIT_X", &n, &e), ATTEST_OK);
	CHECK(n == 2);
	CHECK_STATUS(json_node_object(&node, &e), ATTEST_E_STRUCTURE);
	CHECK_TEXT(e.where, "$.a");
	CHECK_TEXT(e.expected, "object");
	CHECK_TEXT(e.found, "array");
	error_clear(&e);
	CHECK_STATUS(json_node_array(&node, 1, "LIMIT_X", &n, &e), ATTEST_E_LIMIT);
	CHECK_TEXT(e.expected, "at most 1 (LIMIT_X)");
	CHECK_TEXT(e.found, "2");
	error_clear(&e);
	node = json_node_member(&root, "none");
	CHECK(node.value == NULL);
	CHECK_STATUS(json_node_string(&node, &text, &e), ATTEST_E_STRUCTURE);
	CHECK_TEXT(e.found, "nothing");
	CHECK_TEXT(e.message, "a required member is missing");
	error_clear(&e);
	node = json_node_member(&root, "t");
	CHECK_STATUS(json_node_bool(&node, &value, &e), ATTEST_OK);
	CHECK(value);
	CHECK_STATUS(json_node_array(&node, 9, "", &n, &e), ATTEST_E_STRUCTURE);
	node = json_node_member(&root, "n");
	CHECK_STATUS(json_node_bool(&node, &value, &e), ATTEST_E_STRUCTURE);
	CHECK_STATUS(json_node_string(&node, &text, &e), ATTEST_E_STRUCTURE);
	json_doc_free(&doc);
	arena_free(&arena);
}

void json_paths(void)
{
	static const char *const names[] = {"a", "b", NULL};
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct json_doc doc;
	struct json_node root, node;
	struct slice text;

	CHECK_STATUS(json_doc_parse(&doc, &arena,
				    slice_of_string("{\"a\":{\"b\":[[0,{\"\x7f[2J\xc3\xa4\":7}]]},\"b\":0}"), &e),
		     ATTEST_OK);
	root = json_doc_root(&doc);
	CHECK_STATUS(json_node_only(&root, names, &e), ATTEST_OK);
	CHECK_STATUS(json_node_only(&root, names + 1, &e), ATTEST_E_STRUCTURE);
	CHECK_TEXT(e.where, "$");
	CHECK_TEXT(e.found, "\"a\"");
	error_clear(&e);
	node = json_node_member(&root, "a");
	node = json_node_member(&node, "b");
	node = json_node_element(&node, 0);
	node = json_node_element(&node, 1);
	CHECK_TEXT(node.path, "$.a.b[0][1]");
	CHECK_STATUS(json_node_only(&node, names, &e), ATTEST_E_STRUCTURE);
	CHECK_TEXT(e.found, "\"\\x7f[2J\\xc3\\xa4\"");
	error_clear(&e);
	node = json_node_member(&node, "\x7f[2J\xc3\xa4");
	CHECK_STATUS(json_node_string(&node, &text, &e), ATTEST_E_STRUCTURE);
	CHECK_TEXT(e.where, "$.a.b[0][1].\\x7f[2J\\xc3\\xa4");
	CHECK_TEXT(e.found, "integer");
	for (size_t i = 0; i < 60; i++) /* a path that is too long is cut, not overrun */
		node = json_node_member(&node, "a name of some length");
	CHECK(strlen(node.path) < sizeof(node.path));
	json_doc_free(&doc);
	arena_free(&arena);
}

void json_decoded(void)
{
	static const char text[] = "{\"b\":\"Zm9v\",\"h\":\"0aFF\",\"e\":\"\",\"x\":\"!\",\"n\":1,"
				   "\"p\":\"-----BEGIN TEST-----\\nZm9v\\n-----END TEST-----\\n\","
				   "\"q\":\"-----BEGIN TEST-----\\nZm9v\\n-----END TEST-----\\nmore\"}";
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct json_doc doc;
	struct json_node root, node;
	struct slice bytes;

	CHECK_STATUS(json_doc_parse(&doc, &arena, slice_of_string(text), &e), ATTEST_OK);
	root = json_doc_root(&doc);
	node = json_node_member(&root, "b");
	CHECK_STATUS(json_node_base64(&node, 3, &bytes, &e), ATTEST_OK);
	CHECK(slice_equal(bytes, slice_of_string("foo")));
	CHECK_STATUS(json_node_base64(&node, 2, &bytes, &e), ATTEST_E_LIMIT);
	CHECK_TEXT(e.where, "$.b");
	CHECK_TEXT(e.expected, "at most 2 bytes");
	error_clear(&e);
	CHECK_STATUS(json_node_hex(&node, 9, &bytes, &e), ATTEST_E_ENCODING);
	node = json_node_member(&root, "h");
	CHECK_STATUS(json_node_hex(&node, 2, &bytes, &e), ATTEST_OK);
	CHECK(slice_equal(bytes, slice_of("\x0a\xff", 2)));
	CHECK_STATUS(json_node_hex(&node, 1, &bytes, &e), ATTEST_E_LIMIT);
	node = json_node_member(&root, "e");
	CHECK_STATUS(json_node_hex(&node, 9, &bytes, &e), ATTEST_E_ENCODING);
	CHECK_STATUS(json_node_base64(&node, 9, &bytes, &e), ATTEST_E_ENCODING);
	node = json_node_member(&root, "x");
	CHECK_STATUS(json_node_hex(&node, 9, &bytes, &e), ATTEST_E_ENCODING);
	CHECK_STATUS(json_node_base64(&node, 9, &bytes, &e), ATTEST_E_ENCODING);
	CHECK_STATUS(json_node_pem(&node, "TEST", &bytes, &e), ATTEST_E_ENCODING);
	node = json_node_member(&root, "n");
	CHECK_STATUS(json_node_base64(&node, 9, &bytes, &e), ATTEST_E_STRUCTURE);
	CHECK_STATUS(json_node_pem(&node, "TEST", &bytes, &e), ATTEST_E_STRUCTURE);
	node = json_node_member(&root, "p");
	CHECK_STATUS(json_node_pem(&node, "TEST", &bytes, &e), ATTEST_OK);
	CHECK(slice_equal(bytes, slice_of_string("foo")));
	CHECK_STATUS(json_node_pem(&node, "OTHER", &bytes, &e), ATTEST_E_ENCODING);
	node = json_node_member(&root, "q");
	CHECK_STATUS(json_node_pem(&node, "TEST", &bytes, &e), ATTEST_E_ENCODING);
	json_doc_free(&doc);
	arena_free(&arena);
}
