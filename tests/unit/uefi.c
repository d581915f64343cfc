/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/uefi.h"

#include <stdio.h>

#include "events.h"
#include "logs/device_path.h"

static struct slice text(const char *bytes)
{
	return slice_of_string(bytes);
}

void line_escapes(void)
{
	struct line line;
	struct arena arena = {NULL};

	line_begin(&line, LINE_MAX_FIELD);
	line_bytes(&line, text("a b\n\x7f\xc3\xa9"));
	CHECK_TEXT(line.text, "a b\\x0a\\x7f\\xc3\\xa9");
	line_begin(&line, LINE_MAX_FIELD);
	line_bytes(&line, text("\\EFI\\x41\\"));
	CHECK_TEXT(line.text, "\\EFI\\x5cx41\\");
	line_begin(&line, LINE_MAX_FIELD);
	line_word(&line, text("a b"));
	line_hex(&line, slice_of("\x00\xff", 2));
	line_printf(&line, " %u", 7u);
	CHECK_TEXT(line.text, "a\\x20b00ff 7");
	CHECK_TEXT(line_take(&line, &arena), "a\\x20b00ff 7");
	arena_free(&arena);
}

/* RFC 3629: two, three and four bytes; a surrogate alone; a byte alone. */
void line_utf16_escapes(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *want;
	} cases[] = {
		{"a\0\\\0b\0",               6, "a\\b"                },
		{"\\\0x\0",                  4, "\\x5cx"              },
		{"\xe9\x00",                 2, "\\xc3\\xa9"          },
		{"\xac\x20",                 2, "\\xe2\\x82\\xac"     },
		{"\x3d\xd8\x00\xde",         4, "\\xf0\\x9f\\x98\\x80"},
		{"\x3d\xd8",                 2, "\\xed\\xa0\\xbd"     },
		{"\x3d\xd8z\0",              4, "\\xed\\xa0\\xbdz"    },
		{"\x00\xde",                 2, "\\xed\\xb8\\x80"     },
		{"\x1b\x00\x00\x00\x7f\x00", 6, "\\x1b\\x00\\x7f"     },
		{"a\0b",                     3, "ab"                  },
		{"",			 0, ""                    },
	};
	struct line line;

	for (size_t i = 0; i < COUNT(cases); i++) {
		line_begin(&line, LINE_MAX_FIELD);
		line_utf16(&line, slice_of(cases[i].bytes, cases[i].len));
		CHECK_TEXT(line.text, cases[i].want);
	}
}

/* Cut between escapes, never within, and then for good. */
void line_is_bounded(void)
{
	struct line line;
	static uint8_t zeros[8192];

	line_begin(&line, 10);
	line_bytes(&line, slice_of(zeros, sizeof(zeros)));
	CHECK_TEXT(line.text, "\\x00\\x00...");
	line_add(&line, "x");
	CHECK(line.cut && line.len == 11);
	line_begin(&line, 1 << 20);
	line_utf16(&line, slice_of(zeros, sizeof(zeros)));
	CHECK(line.cut && line.len <= LINE_MAX_SUMMARY + 3 && strlen(line.text) == line.len);
	line_begin(&line, 4);
	line_add(&line, "1234");
	CHECK(!line.cut);
}

void uefi_guids(void)
{
	struct built b = {.len = 0};
	char out[GUID_TEXT];

	put_guid(&b, GUID_GLOBAL);
	CHECK(b.len == 16 && b.bytes[0] == 0x61);
	CHECK_TEXT(guid_text(built_slice(&b), out), GUID_GLOBAL);
	CHECK_TEXT(guid_owner(built_slice(&b)), "EFI global variable");
	b.bytes[15] ^= 1;
	CHECK(guid_owner(built_slice(&b)) == NULL);
	CHECK_TEXT(guid_text(slice_of(b.bytes, 15), out), "");
	CHECK_TEXT(guid_text(slice_of(NULL, 0), out), "");
}

void uefi_texts(void)
{
	struct slice t;

	CHECK(text_is_utf16(slice_of("a\0b\0\0\0", 6), &t) && t.len == 4);
	CHECK(text_is_utf16(slice_of("a\0b\0", 4), &t) && t.len == 4);
	CHECK(!text_is_utf16(slice_of("a\0b", 3), &t));
	CHECK(!text_is_utf16(slice_of("a\0\0\0b\0", 6), &t)); /* text after the end */
	CHECK(!text_is_utf16(slice_of("\0\0", 2), &t) && !text_is_utf16(slice_of("", 0), &t));
	CHECK(!text_is_utf16(text("LoadOptions!"), &t) && !text_is_utf16(slice_of("\1\0", 2), &t));
	CHECK(text_is_ascii(slice_of("ab\0", 3), &t) && t.len == 2);
	CHECK(text_is_ascii(slice_of("abc", 4), &t) && t.len == 3); /* one NUL */
	CHECK(text_is_ascii(slice_of("abcd\0\0\0", 8), &t) && t.len == 6);
	CHECK(text_is_ascii(slice_of("abc\0\0", 6), &t) && t.len == 5);
	CHECK(!text_is_ascii(slice_of("ab\0j", 4), &t) && !text_is_ascii(slice_of("\0", 1), &t));
	CHECK(!text_is_ascii(text("\xc3\xa9"), &t) && !text_is_ascii(text("\x1b[2J"), &t));
	CHECK(utf16_is(slice_of("a\0b\0", 4), "ab") && !utf16_is(slice_of("a\0b\0", 4), "a") &&
	      !utf16_is(slice_of("a\0", 2), "ab") && utf16_until_nul(slice_of("a\0\0\0b", 5)).len == 2);
}

static bool read_variable(const struct built *b, struct uefi_variable *v, struct line *problem)
{
	line_begin(problem, LINE_MAX_FIELD);
	return uefi_variable_read(built_slice(b), v, problem);
}

void uefi_variables(void)
{
	struct built b = {.len = 0};
	struct uefi_variable v;
	struct line problem;
	size_t len;

	put_variable(&b, GUID_GLOBAL, "SecureBoot", slice_of("\1", 1));
	CHECK(read_variable(&b, &v, &problem) && utf16_is(v.name, "SecureBoot") && v.contents.len == 1);
	CHECK(uefi_variable_kind(&v) == VARIABLE_SECURE_BOOT);
	len = b.len;
	put_bytes(&b, slice_of("\0\0\0\0\0\0\0\0", 8)); /* shim's */
	CHECK(read_variable(&b, &v, &problem) && v.contents.len == 1);
	put_bytes(&b, slice_of("", 1));
	CHECK(!read_variable(&b, &v, &problem));
	CHECK_TEXT(problem.text, "9 bytes follow the variable");
	for (b.len = 0; b.len < len; b.len++) {
		uint8_t *exact = unit_exact(built_slice(&b));

		line_begin(&problem, LINE_MAX_FIELD);
		CHECK(!uefi_variable_read(slice_of(exact, b.len), &v, &problem) && problem.len > 0);
		free(exact);
	}
}

/* Numbers near the end of the data, and of the type. */
void uefi_variable_lengths(void)
{
	static const struct {
		uint64_t name, contents;
		const char *want;
	} bad[] = {
		{99999,             0,               "UnicodeNameLength 99999 is past the end"                },
		{3,                 0,               "UnicodeNameLength 3 is past the end"                    },
		{UINT64_C(1) << 63, 0,               "UnicodeNameLength 9223372036854775808 is past the end"  },
		{UINT64_MAX,        0,               "UnicodeNameLength 18446744073709551615 is past the end" },
		{1,                 4,               "VariableDataLength 4 is past the end"                   },
		{0,                 UINT64_MAX,      "VariableDataLength 18446744073709551615 is past the end"},
		{1,                 UINT64_MAX - 32, "VariableDataLength 18446744073709551583 is past the end"},
	};
	struct uefi_variable v;
	struct line problem;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct built b = {.len = 0};

		put_guid(&b, GUID_GLOBAL);
		put_number(&b, bad[i].name, 8);
		put_number(&b, bad[i].contents, 8);
		put_text(&b, "12345");
		CHECK(!read_variable(&b, &v, &problem));
		CHECK_TEXT(problem.text, bad[i].want);
	}
}

static enum variable_kind kind_of(const char *guid, const char *name)
{
	struct built b = {.len = 0};
	struct uefi_variable v;
	struct line problem;

	put_variable(&b, guid, name, slice_of("", 0));
	CHECK(read_variable(&b, &v, &problem));
	return uefi_variable_kind(&v);
}

void uefi_variable_kinds(void)
{
	CHECK(kind_of(GUID_GLOBAL, "PK") == VARIABLE_PK && kind_of(GUID_GLOBAL, "KEK") == VARIABLE_KEK);
	CHECK(kind_of(GUID_SECURITY, "db") == VARIABLE_DB && kind_of(GUID_SECURITY, "dbx") == VARIABLE_DBX);
	CHECK(kind_of(GUID_SHIM, "SbatLevel") == VARIABLE_TEXT &&
	      kind_of(GUID_SHIM, "MokListX") == VARIABLE_SIGNATURES);
	CHECK(kind_of(GUID_GLOBAL, "Boot00fA") == VARIABLE_BOOT_OPTION);
	CHECK(kind_of(GUID_GLOBAL, "BootOrder") == VARIABLE_BOOT_ORDER);
	/* Another vendor's variable of that name is none of these. */
	CHECK(kind_of(GUID_SHIM, "SecureBoot") == VARIABLE_OTHER && kind_of(GUID_GLOBAL, "db") == VARIABLE_OTHER);
	CHECK(kind_of(GUID_SECURITY, "PK") == VARIABLE_OTHER && kind_of(GUID_SHIM, "Boot0000") == VARIABLE_OTHER);
	CHECK(kind_of(GUID_GLOBAL, "Boot000G") == VARIABLE_OTHER &&
	      kind_of(GUID_GLOBAL, "Boot00000") == VARIABLE_OTHER);
	CHECK(kind_of(GUID_GLOBAL, "secureboot") == VARIABLE_OTHER && kind_of(GUID_GLOBAL, "") == VARIABLE_OTHER);
}

static const char *signatures_problem(struct slice lists)
{
	static struct line problem;
	struct signatures s;

	line_begin(&problem, LINE_MAX_FIELD);
	return signatures_read(lists, &s, &problem) ? "(read)" : problem.text;
}

static void put_list_head(struct built *b, uint32_t list_size, uint32_t header_size, uint32_t size)
{
	b->len = 0;
	put_guid(b, GUID_SHA256);
	put_number(b, list_size, 4);
	put_number(b, header_size, 4);
	put_number(b, size, 4);
	put_bytes(b, slice_of("0123456789abcdef0123456789abcdef0123456789abcdef", 48));
}

void uefi_signature_lengths(void)
{
	static const struct {
		uint32_t list_size, header_size, size;
		const char *want;
	} cases[] = {
		{76,         0,          48,         "(read)"						      },
		{76,         0,          0,          "SignatureSize 0, where the signatures have 48 bytes"         },
		{76,         0,          16,         "SignatureSize 16, where the signatures have 48 bytes"        },
		{76,         0,          47,         "SignatureSize 47, where the signatures have 48 bytes"        },
		{76,         0,          UINT32_MAX, "SignatureSize 4294967295, where the signatures have 48 bytes"},
		{76,         1,          48,         "SignatureSize 48, where the signatures have 47 bytes"        },
		{76,         49,         48,         "SignatureHeaderSize 49 is past the end"                      },
		{76,         UINT32_MAX, 48,         "SignatureHeaderSize 4294967295 is past the end"              },
		{77,         0,          48,         "SignatureListSize 77, where 76 bytes are left"               },
		{27,         0,          48,         "SignatureListSize 27, where 76 bytes are left"               },
		{0,          0,          48,         "SignatureListSize 0, where 76 bytes are left"                },
		{UINT32_MAX, 0,          48,         "SignatureListSize 4294967295, where 76 bytes are left"       },
	};
	struct built b;

	for (size_t i = 0; i < COUNT(cases); i++) {
		put_list_head(&b, cases[i].list_size, cases[i].header_size, cases[i].size);
		CHECK_TEXT(signatures_problem(built_slice(&b)), cases[i].want);
	}
	put_list_head(&b, 76, 0, 48);
	for (b.len = 1; b.len < 76; b.len++) {
		uint8_t *exact = unit_exact(built_slice(&b));

		CHECK(strcmp(signatures_problem(slice_of(exact, b.len)), "(read)") != 0);
		free(exact);
	}
}

void uefi_signatures(void)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct built b = {.len = 0};
	struct signatures s;
	struct line problem, line, names[SIGNATURES_NAMED];

	line_begin(&problem, LINE_MAX_FIELD);
	CHECK(signatures_read(slice_of(NULL, 0), &s, &problem) && s.n_certificates == 0 && s.n_hashes == 0);
	put_signature_list(&b, GUID_X509, unit_certificate(&arena, "testdata/ca/azure-like-root.pem"));
	put_signature_list(&b, GUID_X509, text("no certificate"));
	for (int i = 0; i < 20; i++)
		put_signature_list(&b, GUID_SHA256, slice_of("0123456789abcdef0123456789abcdef", 32));
	put_signature_list(&b, GUID_SHA256, text("of another size"));
	put_signature_list(&b, GUID_OWNER, text("of another type"));
	CHECK(signatures_read(built_slice(&b), &s, &problem));
	CHECK(s.n_certificates == 2 && s.n_hashes == 20 && s.n_others == 2 && s.hashes[7].len == 32);
	line_begin(&line, LINE_MAX_SUMMARY);
	CHECK_STATUS(signatures_name(&s, names, &e), ATTEST_OK);
	signatures_add(&s, names, &line);
	CHECK(strncmp(line.text, "2 certificates: CN=libattest test Azure-like root,O=libattest test, sha256 ", 75) ==
	      0);
	CHECK(strstr(line.text, "; sha256 ") != NULL && strstr(line.text, "; 20 hashes; 2 of other types") != NULL);
	arena_free(&arena);
}

/* 100,000 lists without a signature: each is looked at once. */
void uefi_many_lists(void)
{
	enum { N = 100000, HEAD = 28 };
	uint8_t *lists = calloc(N, HEAD);
	struct signatures s;
	struct line problem;

	if (lists == NULL)
		exit(2);
	for (size_t i = 0; i < N; i++) {
		lists[i * HEAD + 16] = HEAD;
		lists[i * HEAD + 24] = 48;
	}
	line_begin(&problem, LINE_MAX_FIELD);
	CHECK(signatures_read(slice_of(lists, N * HEAD), &s, &problem) && s.n_others == 0 && s.n_hashes == 0);
	free(lists);
}

void uefi_authorities(void)
{
	struct arena arena = {NULL};
	struct slice der = unit_certificate(&arena, "testdata/ca/azure-like-root.pem");
	struct built b = {.len = 0};
	struct authority a;

	CHECK(authority_read(der, &a) && a.owner.len == 0 && slice_equal(a.certificate, der));
	put_guid(&b, GUID_OWNER);
	put_bytes(&b, der);
	CHECK(authority_read(built_slice(&b), &a) && a.owner.len == 16 && slice_equal(a.certificate, der));
	b.len--;
	CHECK(!authority_read(built_slice(&b), &a));
	b.len = 16;
	CHECK(!authority_read(built_slice(&b), &a));
	put_text(&b, "0123456789abcdef0123456789abcdef");
	CHECK(authority_read(built_slice(&b), &a) && a.hash.len == 32 && a.certificate.len == 0);
	CHECK(!authority_read(slice_of(NULL, 0), &a) && !authority_read(text("sbat,1"), &a));
	arena_free(&arena);
}

static const char *path_text(struct slice path)
{
	static char out[3 * LINE_MAX_SUMMARY];
	struct line line, problem;
	uint8_t *exact = unit_exact(path);
	bool ok;

	line_begin(&line, LINE_MAX_SUMMARY);
	line_begin(&problem, LINE_MAX_FIELD);
	ok = device_path_add(slice_of(exact, path.len), &line, &problem);
	(void)snprintf(out, sizeof(out), "%s%s%s", line.text, ok ? "" : "!", problem.text);
	free(exact);
	return out;
}

void uefi_device_nodes(void)
{
	static const struct {
		uint8_t type, subtype;
		const char *body;
		size_t len;
		const char *want;
	} cases[] = {
		{1, 1,  "\2\x1f",									 2,  "Pci(0x1F,0x2)"                      },
		{1, 3,  "\x0b\0\0\0\0\0\x10\0\0\0\0\0\xff\xff\x1f\0\0\0\0\0",                             20, "MemoryMapped(0xB,0x100000,0x1FFFFF)"},
		{1, 4,  "\x61\xdf\xe4\x8b\xca\x93\xd2\x11\xaa\x0d\x00\xe0\x98\x03\x2b\x8c\x01",           17,
		 "VenHw(" GUID_GLOBAL ",01)"												       },
		{1, 5,  "\3\0\0\0",								       4,  "Ctrl(0x3)"                          },
		{2, 1,  "\xd0\x41\x03\x0a\1\0\0\0",						       8,  "PciRoot(0x1)"                       },
		{2, 1,  "\xd0\x41\x34\x12\1\0\0\0",						       8,  "Acpi(PNP1234,0x1)"                  },
		{2, 1,  "\1\2\3\4\1\0\0\0",							       8,  "Acpi(0x04030201,0x1)"               },
		{3, 2,  "\1\0\2\0",								       4,  "Scsi(0x1,0x2)"                      },
		{3, 5,  "\x0b\0",									 2,  "USB(0xB,0x0)"                       },
		{3, 11, "\xa4\x4c\xc8\x1f\xb4\x12\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 33,
		 "MAC(a44cc81fb412,0x1)"													   },
		{3, 12, "\x0a\0\0\1\x0a\0\0\2\0\0\0\0\6\0\1",                                             15, "IPv4(10.0.0.2,TCP,Static,10.0.0.1)" },
		{3, 13, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1",         32,
		 "IPv6(2001:db8:0:0:0:0:0:1)"												      },
		{3, 14, "\0\0\0\0\0\xc2\1\0\0\0\0\0\x08\1\1",                                             15, "Uart(115200,8,N,1)"                 },
		{3, 14, "\0\0\0\0\0\xc2\1\0\0\0\0\0\x08\x09\x09",                                         15, "Uart(115200,8,x,x)"                 },
		{3, 18, "\1\0\xff\xff\0\0",							       6,  "Sata(0x1,0xFFFF,0x0)"               },
		{3, 23, "\1\0\0\0\1\2\3\4\5\6\7\x08",                                                     12, "NVMe(0x1,08-07-06-05-04-03-02-01)"  },
		{3, 24, "http://a/\x1b",								  10, "Uri(http://a/\\x1b)"                },
		{3, 24, "",									       0,  "Uri()"                              },
		{4, 4,  "\\\0a\0\0\0",								    6,  "\\a"                                },
		{4, 4,  "a",									      1,  ""				   },
		{4, 6,  "\x61\xdf\xe4\x8b\xca\x93\xd2\x11\xaa\x0d\x00\xe0\x98\x03\x2b\x8c",               16,
		 "FvFile(" GUID_GLOBAL ")"													 },
		{4, 7,  "\x61\xdf\xe4\x8b\xca\x93\xd2\x11\xaa\x0d\x00\xe0\x98\x03\x2b\x8c",               16, "Fv(" GUID_GLOBAL ")"                },
		{5, 1,  "\2\0\0\0disk\0",								 9,  "BBS(HD,disk)"                       },
		{5, 1,  "\xff\0\0\0disk",								 8,  "BBS(other,disk)"                    },
		{1, 1,  "\2",									     1,  "Path(1,1,02)"                       }, /* too short for what it says it is */
		{9, 7,  "",									       0,  "Path(9,7)"                          },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct built b = {.len = 0};

		put_node(&b, cases[i].type, cases[i].subtype, slice_of(cases[i].body, cases[i].len));
		put_end(&b);
		CHECK_TEXT(path_text(built_slice(&b)), cases[i].want);
	}
}

static void put_hard_drive(struct built *b, uint8_t kind)
{
	struct built body = {.len = 0};

	put_number(&body, 1, 4);
	put_number(&body, 0x800, 8);
	put_number(&body, 0x219800, 8);
	put_guid(&body, GUID_GLOBAL);
	put_number(&body, 2, 1);
	put_number(&body, kind, 1);
	put_node(b, 4, 1, built_slice(&body));
}

void uefi_device_paths(void)
{
	struct built b = {.len = 0};

	CHECK_TEXT(path_text(built_slice(&b)), "");
	put_node(&b, 2, 1, slice_of("\xd0\x41\x03\x0a\0\0\0\0", 8));
	put_hard_drive(&b, 2);
	put_path(&b);
	CHECK_TEXT(path_text(built_slice(&b)),
		   "PciRoot(0x0)/HD(1,GPT," GUID_GLOBAL ",0x800,0x219800)/\\EFI\\BOOT\\BOOTX64.EFI");
	put_text(&b, "what follows the end is not looked at");
	CHECK(strstr(path_text(built_slice(&b)), "!") == NULL);
	b.len = 0;
	put_hard_drive(&b, 1);
	put_node(&b, 0x7f, 1, slice_of("", 0)); /* the end of one of several */
	put_node(&b, 1, 1, slice_of("\2\1", 2));
	CHECK_TEXT(path_text(built_slice(&b)), "HD(1,MBR,0x8be4df61,0x800,0x219800),Pci(0x1,0x2)");
	b.len = 0;
	put_hard_drive(&b, 0);
	CHECK_TEXT(path_text(built_slice(&b)), "HD(1,0,61dfe48bca93d211aa0d00e098032b8c,0x800,0x219800)");
}

/* A length below 4 would lead back to the node itself; one past the end out of the event. */
void uefi_device_path_lengths(void)
{
	struct built b = {.len = 0};
	char want[80];

	put_node(&b, 1, 1, slice_of("\1\2", 2));
	put_node(&b, 1, 1, slice_of("\3\4", 2));
	for (uint8_t len = 0; len < 16; len++) {
		b.bytes[8] = len;
		if (len == 4 || len == 5 || len == 6) /* less than there is: what is left is too short for a node */
			continue;
		(void)snprintf(want, sizeof(want), "Pci(0x2,0x1)!a device path node of %u bytes, where 6 are left",
			       len);
		CHECK_TEXT(path_text(built_slice(&b)), want);
	}
	b.bytes[8] = b.bytes[9] = 0xff;
	CHECK_TEXT(path_text(built_slice(&b)), "Pci(0x2,0x1)!a device path node of 65535 bytes, where 6 are left");
	b.bytes[8] = 6;
	b.bytes[9] = 0;
	for (b.len = 1; b.len < 12; b.len++)
		CHECK((strstr(path_text(built_slice(&b)), "!") == NULL) == (b.len == 6));
}

void uefi_load_options(void)
{
	struct built b = {.len = 0};
	struct load_option o;
	struct line problem;

	put_number(&b, 1, 4);
	put_number(&b, 4, 2);
	put_utf16(&b, "Linux");
	put_number(&b, 0, 2);
	put_end(&b);
	put_text(&b, "more");
	line_begin(&problem, LINE_MAX_FIELD);
	CHECK(load_option_read(built_slice(&b), &o, &problem) && utf16_is(o.description, "Linux"));
	CHECK(o.attributes == 1 && o.path.len == 4 && slice_equal(o.optional, text("more")));
	b.bytes[4] = 9;
	CHECK(!load_option_read(built_slice(&b), &o, &problem));
	CHECK_TEXT(problem.text, "FilePathListLength 9 is past the end");
	line_begin(&problem, LINE_MAX_FIELD);
	CHECK(!load_option_read(slice_of(b.bytes, 16), &o, &problem));
	CHECK_TEXT(problem.text, "the description has no end");
	CHECK(!load_option_read(slice_of(b.bytes, 5), &o, &problem));
}

void uefi_image_loads(void)
{
	struct built b = {.len = 0};
	struct image_load image;
	struct line problem;

	put_image(&b);
	line_begin(&problem, LINE_MAX_FIELD);
	CHECK(image_load_read(built_slice(&b), &image, &problem) && image.base == 0x1000 && image.length == 4096);
	CHECK(image.path.len == b.len - 32);
	b.bytes[31] = 0xff;
	CHECK(!image_load_read(built_slice(&b), &image, &problem));
	CHECK(strstr(problem.text, "LengthOfDevicePath 18374686479671623") != NULL);
	CHECK(!image_load_read(slice_of(b.bytes, 31), &image, &problem));
}

static void put_gpt(struct built *b, uint32_t entry_size, uint64_t n)
{
	b->len = 0;
	put_text(b, "EFI PART");
	put_bytes(b, slice_of((uint8_t[48]){0}, 48));
	put_guid(b, GUID_GLOBAL);
	put_bytes(b, slice_of((uint8_t[12]){0}, 12));
	put_number(b, entry_size, 4);
	put_number(b, 0, 4);
	put_number(b, n, 8);
	put_guid(b, GUID_OWNER);
	put_guid(b, GUID_SHIM);
	put_number(b, 2048, 8);
	put_number(b, 4095, 8);
	put_number(b, 0, 8);
	put_utf16(b, "EFI system");
	put_bytes(b, slice_of((uint8_t[52]){0}, 52));
}

void uefi_gpt(void)
{
	struct built b = {.len = 0};
	struct gpt gpt;
	struct gpt_entry entry;
	struct line problem;

	line_begin(&problem, LINE_MAX_FIELD);
	put_gpt(&b, 128, 1);
	CHECK(gpt_read(built_slice(&b), &gpt, &problem) && gpt.n_entries == 1);
	entry = gpt_entry(&gpt, 0);
	CHECK(entry.first == 2048 && entry.last == 4095 && utf16_is(entry.name, "EFI system"));
	put_gpt(&b, 128, 2);
	CHECK(!gpt_read(built_slice(&b), &gpt, &problem));
	CHECK_TEXT(problem.text, "NumberOfPartitions 2 is past the end");
	put_gpt(&b, 128, UINT64_MAX);
	CHECK(!gpt_read(built_slice(&b), &gpt, &problem));
	put_gpt(&b, UINT32_MAX, 1);
	CHECK(!gpt_read(built_slice(&b), &gpt, &problem));
	put_gpt(&b, 0, 1); /* would divide by it */
	CHECK(!gpt_read(built_slice(&b), &gpt, &problem));
	put_gpt(&b, 127, 1);
	CHECK(!gpt_read(built_slice(&b), &gpt, &problem) && !gpt_read(slice_of(b.bytes, 99), &gpt, &problem) &&
	      !gpt_read(text("EFI PARX"), &gpt, &problem));
}

void uefi_tagged_events(void)
{
	struct line problem;
	struct slice data;
	uint32_t tag;

	line_begin(&problem, LINE_MAX_FIELD);
	CHECK(tagged_event_read(slice_of("\xec\x22\x3b\x8f\1\0\0\0xy", 10), &tag, &data, &problem));
	CHECK(tag == TAG_LINUX_INITRD && slice_equal(data, text("x")));
	CHECK(!tagged_event_read(slice_of("\1\0\0\0\3\0\0\0xy", 10), &tag, &data, &problem));
	CHECK_TEXT(problem.text, "taggedEventDataSize 3 is past the end");
	CHECK(!tagged_event_read(slice_of("\1\0\0\0\3\0\0", 7), &tag, &data, &problem));
}
