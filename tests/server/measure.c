/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include "files.h"
#include "folder.h"
#include "measure.h"
#include "state_file.h"
#include "text_buffer.h"
#include "tpm_error.h"

void measure_events(void)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct measurements m = {.arena = &arena};
	uint8_t digest[32];

	memset(digest, 0xAB, sizeof(digest));
	CHECK_STATUS(measure_event(&m, 15, "separator", NULL, NULL, &e), ATTEST_OK);
	CHECK_STATUS(measure_event(&m, 14, "weights", "a \"name\"\n\xC3\xA9", digest, &e), ATTEST_OK);
	CHECK(m.n == 2 && m.events[0].pcr == 15 && m.events[1].pcr == 14);
	CHECK_TEXT(m.events[0].text, "{\"type\":\"separator\"}");
	CHECK_TEXT(m.events[1].text, "{\"type\":\"weights\",\"name\":\"a \\\"name\\\"\\n\\u00E9\",\"digest\":\"sha256:"
				     "abababababababababababababababababababababababababababababababab\"}");
	for (unsigned i = 0; i < 100; i++)
		CHECK_STATUS(measure_text(&m, i % 16, slice_of_string("text"), &e), ATTEST_OK);
	CHECK(m.n == 102 && m.events[101].pcr == 99 % 16 && m.events[1].pcr == 14);
	arena_free(&arena);
}

void measure_subjects(void)
{
	static const struct {
		const char *text, *type, *name, *path;
	} rows[] = {
		{"weights=/srv/model",   "weights", "model",   "/srv/model"  },
		{"image=app.raw",        "image",   "app.raw", "app.raw"     },
		{"weights=/srv/model//", "weights", "model",   "/srv/model//"},
		{"config=a=b",           "config",  "a=b",     "a=b"         },
		{"a-1=./x",              "a-1",     "x",       "./x"         },
	};
	struct arena arena = {NULL};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct attest_error e = {0};
		struct subject s = {0};

		CHECK_STATUS(subject_parse(&arena, rows[i].text, &s, &e), ATTEST_OK);
		CHECK_TEXT(s.type, rows[i].type);
		CHECK_TEXT(s.name, rows[i].name);
		CHECK_TEXT(s.path, rows[i].path);
	}
	arena_free(&arena);
}

void measure_subjects_refused(void)
{
	static const char *const bad[] = {
		"",       "weights",      "weights=",   "=/x",         "Weights=/x", "we ights=/x", "1a=/x",
		"a_b=/x", "separator=/x", "tls-key=/x", "a=/\xFF\xFE", "a=/",        "weights\n=/x"};
	struct arena arena = {NULL};
	struct subject s = {.type = "kept"};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct attest_error e = {0};

		CHECK_STATUS(subject_parse(&arena, bad[i], &s, &e), ATTEST_E_USAGE);
	}
	for (size_t i = 0; i < 2; i++) {
		struct attest_error e = {0};

		CHECK_STATUS(subject_parse_named(&arena, "input", i == 0 ? "=/x" : "name=", &s, &e), ATTEST_E_USAGE);
	}
	CHECK_TEXT(s.type, "kept");
	arena_free(&arena);
}

/* A folder and a file with the very text of its manifest have one digest, and two events. */
void measure_folders(void)
{
	static const char mark[] = ",\"manifest\":\"files\"}";
	struct test_folder f = folder_make(), out = folder_make();
	char *manifest = folder_path(&out, "manifest");
	struct subject folder = {"weights", "m", f.path}, file = {"weights", "m", manifest};
	struct measurements m = {.arena = &f.arena};
	struct attest_error e = {0};
	size_t len;

	CHECK_STATUS(file_write(folder_path(&f, "a"), slice_of_string("abc"), 0600, &e), ATTEST_OK);
	CHECK_STATUS(subjects_measure(&m, 14, &folder, 1, manifest, &e), ATTEST_OK);
	CHECK_STATUS(subjects_measure(&m, 14, &file, 1, NULL, &e), ATTEST_OK);
	CHECK(m.n == 2);
	len = strlen(m.events[1].text) - 1;
	CHECK(strncmp(m.events[0].text, m.events[1].text, len) == 0);
	CHECK_TEXT(m.events[0].text + len, mark);
	CHECK_TEXT(m.events[1].text + len, "}");
	folder_remove(&out);
	folder_remove(&f);
}

void measure_order(void)
{
	struct subject s[] = {
		{"other",   "1", ""},
                {"weights", "2", ""},
                {"config",  "3", ""},
                {"image",   "4", ""},
		{"weights", "5", ""},
                {"image",   "6", ""},
                {"zother",  "7", ""},
                {"config",  "8", ""}
        };
	char names[COUNT(s) + 1] = "";

	subjects_sort(s, COUNT(s));
	for (size_t i = 0; i < COUNT(s); i++)
		names[i] = s[i].name[0];
	CHECK_TEXT(names, "38462517");
	subjects_sort(s, 0);
}

static attest_status parse(struct arena *arena, const char *text, struct state_file *file)
{
	struct attest_error e = {0};

	*file = (struct state_file){.events.arena = arena};
	return state_file_parse(slice_of_string(text), file, &e);
}

#define HEAD  "attest-server events 1\n"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

void state_file_reads(void)
{
	static const char text[] = HEAD "event 14 {\"type\":\"config\"}\nevent 8 b  c \n";
	struct arena arena = {NULL};
	struct state_file file;

	CHECK_STATUS(parse(&arena, text, &file), ATTEST_OK);
	CHECK(file.events.n == 2 && file.length == strlen(text) && file.without_last == strlen(text) - 14);
	CHECK(file.events.events[0].pcr == 14 && file.events.events[1].pcr == 8);
	CHECK_TEXT(file.events.events[0].text, "{\"type\":\"config\"}");
	CHECK_TEXT(file.events.events[1].text, "b  c ");
	arena_free(&arena);
}

/* The process died in the middle of a line, wherever that was. */
void state_file_cut(void)
{
	static const char text[] = HEAD "event 14 first\nevent 15 second\n";
	const size_t first = strlen(HEAD), second = first + strlen("event 14 first\n");
	struct arena arena = {NULL};

	for (size_t len = first; len < strlen(text); len++) {
		struct attest_error e = {0};
		struct state_file file = {.events.arena = &arena};
		void *copy = unit_exact(slice_of(text, len));

		CHECK_STATUS(state_file_parse(slice_of(copy, len), &file, &e), ATTEST_OK);
		CHECK(file.events.n == (len < second ? 0 : 1));
		CHECK(file.length == (len < second ? first : second));
		free(copy);
	}
	arena_free(&arena);
}

void state_file_refused(void)
{
	static const char *const bad[] = {
		"",
		"attest-server events 1",
		"attest-server events 2\n",
		"\n" HEAD,
		HEAD "\n",
		HEAD "event\n",
		HEAD "event 14\n",
		HEAD "event 14 \n",
		HEAD "event 24 text\n",
		HEAD "event 014 text\n",
		HEAD "event -1 text\n",
		HEAD "event 1x text\n",
		HEAD "events 14 text\n",
		HEAD "event 14 text\nbase 14 sha256 " ZEROS "\n",
		HEAD "base 14 sha256 " ZEROS "00\n",
		HEAD "base 14 sha257 " ZEROS "\n",
		HEAD "base 14 sha384 " ZEROS "\n",
		HEAD "base 24 sha256 " ZEROS "\n",
		HEAD "base 14 sha256 zz\n",
	};
	struct arena arena = {NULL};
	struct state_file file;

	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_STATUS(parse(&arena, bad[i], &file), ATTEST_E_STRUCTURE);
	{
		static const char nul[] = HEAD "event 14 a\0b\n";
		struct attest_error e = {0};

		file = (struct state_file){.events.arena = &arena};
		CHECK_STATUS(state_file_parse(slice_of(nul, sizeof(nul) - 1), &file, &e), ATTEST_E_STRUCTURE);
	}
	arena_free(&arena);
}

void state_file_base(void)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct pcr_table base = {0};
	struct state_file file = {.events.arena = &arena};
	struct slice head;
	size_t sha1 = digest_index(ALG_SHA1), sha512 = digest_index(ALG_SHA512);

	base.has.pcrs[sha1] = 1u << 14 | 1u << 15;
	base.has.pcrs[sha512] = 1u << 8;
	memset(base.values[sha1][14], 1, 20);
	memset(base.values[sha1][15], 2, 20);
	memset(base.values[sha512][8], 3, 64);
	CHECK_STATUS(state_file_head(&arena, &base, &head, &e), ATTEST_OK);
	CHECK_STATUS(state_file_parse(head, &file, &e), ATTEST_OK);
	CHECK(memcmp(&file.base, &base, sizeof(base)) == 0 && file.events.n == 0 && file.length == head.len);
	arena_free(&arena);
}

void text_buffer_adds(void)
{
	struct text_buffer text = {0};

	text_add(&text, "");
	CHECK(!text.failed && text.len == 0);
	text_add_base64(&text, slice_of("ab", 2));
	text_add_hex(&text, slice_of("\x01\xff", 2));
	text_add_json(&text, json_string("\"\xC3\xA9\n"));
	CHECK_TEXT(text.data, "YWI=01ff\"\\\"\\u00E9\\n\"");
	for (int i = 0; i < 10000; i++)
		text_add(&text, "0123456789");
	CHECK(!text.failed && strlen(text.data) == text.len && text.len == 100000 + 20);
	text_add_json(&text, NULL);
	CHECK(text.failed);
	text_add(&text, "more");
	CHECK(text.failed && text.len == 100000 + 20);
	text_free(&text);
	CHECK(text.data == NULL && !text.failed);
}

void tpm_errors(void)
{
	static const struct {
		TSS2_RC rc;
		const char *says, *layer;
	} rows[] = {
		{TSS2_TCTI_RC_IO_ERROR,                     "start attest-server again", "TCTI"     },
		{TPM2_RC_LOCKOUT,                           "locked out",                "TPM"      },
		{TPM2_RC_RETRY,                             "busy",                      "TPM"      },
		{TPM2_RC_INITIALIZE,                        "not started up",            "TPM"      },
		{TPM2_RC_OBJECT_MEMORY,                     "no room for another key",   "TPM"      },
		{TPM2_RC_AUTH_FAIL + TPM2_RC_S + TPM2_RC_1, "authorisation value",       "TPM"      },
		{TPM2_RC_HANDLE + TPM2_RC_1,                "nothing at that handle",    "TPM"      },
		{TPM2_RC_HIERARCHY + TPM2_RC_1,             "hierarchy is disabled",     "TPM"      },
		{TSS2_ESYS_RC_BAD_SEQUENCE,                 "did not end",               "tss2-esys"},
		{TSS2_SYS_RC_MALFORMED_RESPONSE,            "Part 2, 6.6",               "tss2-sys" },
		{TPM2_RC_VALUE + TPM2_RC_P + TPM2_RC_2,     "Part 2, 6.6",               "TPM"      },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct attest_error e = {0};
		char code[16];

		CHECK_STATUS(tpm_fail(&e, rows[i].rc, "quote"), ATTEST_E_IO);
		(void)snprintf(code, sizeof(code), "0x%06x", rows[i].rc);
		CHECK(strstr(e.message, rows[i].says) != NULL && strstr(e.message, "did not quote") != NULL);
		CHECK(strstr(e.found, code) != NULL && strstr(e.found, rows[i].layer) != NULL);
	}
	{
		struct attest_error e = {0};

		CHECK_STATUS(tpm_fail(&e, TSS2_ESYS_RC_MEMORY, "quote"), ATTEST_E_NO_MEMORY);
	}
	CHECK(tpm_is_no_handle(TPM2_RC_HANDLE + TPM2_RC_1) && tpm_is_no_handle(TPM2_RC_HANDLE + TPM2_RC_2));
	CHECK(!tpm_is_no_handle(TSS2_RC_SUCCESS) && !tpm_is_no_handle(TPM2_RC_LOCKOUT) &&
	      !tpm_is_no_handle(TSS2_TCTI_RC_IO_ERROR) && !tpm_is_no_handle(TPM2_RC_VALUE + TPM2_RC_1) &&
	      !tpm_is_no_handle(TPM2_RC_HANDLE | TSS2_ESAPI_RC_LAYER));
}
