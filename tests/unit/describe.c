/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/describe.h"

#include <stdio.h>

#include "base/text.h"
#include "events.h"

/* The last description; its text lives until the next. */
static struct arena arena;
static struct description d;

static void describe(const struct event *event)
{
	struct attest_error e = {0};

	arena_free(&arena);
	CHECK_STATUS(event_describe(event, ALG_SHA256, &arena, &d, &e), ATTEST_OK);
	CHECK(d.summary != NULL);
}

static void describe_tcg(uint32_t type, struct slice data, struct slice hashed)
{
	uint8_t *exact = unit_exact(data);
	struct made m;

	make_event(&m, type, 1, slice_of(exact, data.len), hashed);
	describe(&m.event);
	free(exact);
}

static const struct field *field(const char *name)
{
	for (size_t i = 0; i < d.n_fields; i++)
		if (strcmp(d.fields[i].name, name) == 0)
			return &d.fields[i];
	return NULL;
}

static bool is_field(const char *name, const char *value, bool proven)
{
	const struct field *f = field(name);

	return f != NULL && strcmp(f->value, value) == 0 && f->proven == proven;
}

static void done(void)
{
	arena_free(&arena);
	d = (struct description){0};
}

void describe_text_events(void)
{
	struct event event = text_event(14, "{\"type\":\"image\",\"name\":\"a\\u00e9\",\"digest\":\"sha256:00\"}");

	describe(&event);
	CHECK(d.proven && d.n_fields == 3 && is_field("type", "image", true) && is_field("name", "a\\xc3\\xa9", true) &&
	      is_field("digest", "sha256:00", true));
	event = text_event(14, "{\"event_type\":\"input_image\",\"content\":{\"spec\":{\"image_name\":\"i\"},"
			       "\"resolved\":{\"id\":\"sha256:1\",\"hash\":\"sha256:2\"}}}");
	describe(&event);
	CHECK(is_field("event_type", "input_image", true) && is_field("image", "i", true) &&
	      is_field("id", "sha256:1", true) && is_field("hash", "sha256:2", true));
	event = text_event(14, "plain \x1b[2J\\");
	describe(&event);
	CHECK(d.proven && d.n_fields == 0);
	CHECK_TEXT(d.summary, "plain \\x1b[2J\\");
	event = text_event(14, "");
	describe(&event);
	CHECK(d.proven && d.summary[0] == '\0');
	event = text_event(14, "x");
	event.preimage = slice_of_string("y"); /* which no format yields */
	describe(&event);
	CHECK(!d.proven);
	done();
}

void describe_bare_and_others(void)
{
	static const uint8_t bytes[32] = {1};
	struct event event = {.kind = EVENT_BARE, .measured = true, .type = "application-disk"};

	event.digests[0] = (struct event_digest){ALG_SHA256, slice_of(bytes, 32)};
	event.n_digests = 1;
	describe(&event);
	CHECK(!d.proven && d.n_fields == 0);
	CHECK_TEXT(d.summary, "application-disk");
	event.kind = EVENT_OTHER;
	event.type = NULL;
	event.data = slice_of(bytes, 5);
	describe(&event);
	CHECK(!d.proven);
	CHECK_TEXT(d.summary, "event, 5 bytes");
	event.kind = EVENT_IMA; /* without a template */
	event.type = "unknown template";
	describe(&event);
	CHECK(!d.proven && d.n_fields == 0);
	done();
}

void describe_systemd_events(void)
{
	struct made m;

	make_event(&m, EV_IPL, 11, slice_of_string("enter-initrd"), slice_of_string("enter-initrd"));
	m.event.kind = EVENT_SYSTEMD;
	m.event.type = "systemd";
	m.event.label = "phase";
	describe(&m.event);
	CHECK(d.proven && is_field("type", "phase", false));
	CHECK_TEXT(d.summary, "enter-initrd");
	m.event.data = slice_of_string("leave-initrd"); /* or a digest that is an HMAC */
	describe(&m.event);
	CHECK(!d.proven);
	CHECK_TEXT(d.summary, "leave-initrd");
	done();
}

void describe_separators(void)
{
	struct slice zero = slice_of("\0\0\0\0", 4), error = slice_of("\1\0\0\0", 4);

	describe_tcg(EV_SEPARATOR, zero, zero);
	CHECK(d.proven);
	CHECK_TEXT(d.summary, "separator");
	describe_tcg(EV_SEPARATOR, zero, error); /* the data lies */
	CHECK(!d.proven);
	describe_tcg(EV_SEPARATOR, error, error);
	CHECK(d.proven);
	CHECK_TEXT(d.summary, "separator after an error (0x00000001)");
	describe_tcg(EV_SEPARATOR, slice_of("\xff\xff\xff\xff", 4), slice_of("\xff\xff\xff\xff", 4));
	CHECK_TEXT(d.summary, "separator (0xffffffff)");
	describe_tcg(EV_SEPARATOR, slice_of("\0\0\0", 3), slice_of("\0\0\0", 3));
	CHECK(!d.proven);
	CHECK_TEXT(d.summary, "EV_SEPARATOR: malformed (3 bytes instead of 4)");
	describe_tcg(EV_SEPARATOR, slice_of("\0\0\0\0\0", 5), zero);
	CHECK(!d.proven);
	done();
}

void describe_strings(void)
{
	struct slice action = slice_of_string("Exit Boot Services Invocation"), empty = slice_of("", 0);
	struct slice version = slice_of("v\0"
					"1\0\0\0",
					6),
		     blob = slice_of("\0\0\x10\xff\0\0\0\0\0\2\0\0\0\0\0\0", 16);

	describe_tcg(0x80000007, action, action);
	CHECK(d.proven);
	CHECK_TEXT(d.summary, "Exit Boot Services Invocation");
	describe_tcg(0x80000007, slice_of("Exit", 5), slice_of("Exit", 4)); /* a NUL that was not hashed */
	CHECK(d.proven);
	describe_tcg(0x80000007, slice_of("Exit", 4), slice_of("Exi", 3)); /* more text than was hashed */
	CHECK(!d.proven && is_field("text", "Exit", false));
	describe_tcg(0x80000007, slice_of("Exit\0", 6), slice_of("Exit\0", 6)); /* or UTF-16 of two characters */
	CHECK(d.proven && is_field("text", "Exit\\x00\\x00", true));
	describe_tcg(0x80000007, slice_of("Exit\0", 6), slice_of("Exit", 5));
	CHECK(!d.proven && is_field("text", "Exit\\x00\\x00", false));
	describe_tcg(EV_IPL, slice_of("root=a\0\0\0\0", 10), slice_of("root=a\0\0\0\0", 10));
	CHECK(d.proven);
	CHECK_TEXT(d.summary, "root=a\\x00\\x00");
	describe_tcg(EV_IPL, slice_of("root=\0\0", 7), slice_of("root=\0\0", 7)); /* of no whole units */
	CHECK_TEXT(d.summary, "root=");
	describe_tcg(EV_S_CRTM_VERSION, version, version);
	CHECK(d.proven && is_field("text", "v1", true));
	describe_tcg(EV_S_CRTM_VERSION, slice_of("\0\0", 2), slice_of("\0\0", 2));
	CHECK_TEXT(d.summary, "(empty)");
	describe_tcg(EV_POST_CODE, slice_of_string("ACPI DATA"), slice_of_string("the tables"));
	CHECK(!d.proven);
	CHECK_TEXT(d.summary, "ACPI DATA");
	describe_tcg(EV_POST_CODE, blob, slice_of_string("the code"));
	CHECK(!d.proven && is_field("base", "0xff100000", false));
	CHECK_TEXT(d.summary, "512 bytes of firmware at 0xff100000");
	describe_tcg(EV_EFI_PLATFORM_FIRMWARE_BLOB2, slice_of("\3vol\0\0\x10\xff\0\0\0\0\0\2\0\0\0\0\0\0", 20), empty);
	CHECK_TEXT(d.summary, "vol, 512 bytes of firmware at 0xff100000");
	describe_tcg(EV_EFI_PLATFORM_FIRMWARE_BLOB2, slice_of("\xffvol", 4), empty);
	CHECK_TEXT(d.summary, "EV_EFI_PLATFORM_FIRMWARE_BLOB2: malformed (4 bytes)");
	describe_tcg(EV_EFI_PLATFORM_FIRMWARE_BLOB, empty, empty);
	CHECK(!d.proven && strstr(d.summary, "malformed") != NULL);
	describe_tcg(0x12345678, slice_of("\1\2", 2), empty);
	CHECK_TEXT(d.summary, "0x0102");
	describe_tcg(0x12345678, empty, empty);
	CHECK_TEXT(d.summary, "unknown event type, 0 bytes");
	done();
}

void describe_no_actions(void)
{
	static const uint8_t spec_id[] = "Spec ID Event03\0\1\0\0\0\0\2\0\2\2\0\0\0\x0b\0 \0\x99\x99\4\0\0";
	static const uint8_t manifest[] = "SP800-155 Event3\1\0\0\0\0\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
					  "\x07Google\0\x04GCE\0";
	struct slice data = slice_of(spec_id, sizeof(spec_id) - 1);

	describe_tcg(EV_NO_ACTION, data, data);
	CHECK(!d.proven); /* whatever its digest says: it is not measured */
	CHECK_TEXT(d.summary, "log of specification 2.0 errata 0, platform class 1: sha256, 0x9999");
	describe_tcg(EV_NO_ACTION, slice_of("StartupLocality\0\3", 17), data);
	CHECK_TEXT(d.summary, "startup locality 3");
	describe_tcg(EV_NO_ACTION, slice_of(manifest, sizeof(manifest) - 1), data);
	CHECK(is_field("manufacturer", "Google", false) && is_field("model", "GCE", false));
	CHECK_TEXT(d.summary, "reference manifest, Google GCE");
	describe_tcg(EV_NO_ACTION, slice_of(manifest, 40), data); /* its text is past the end */
	CHECK(!d.proven);
	describe_tcg(EV_NO_ACTION, slice_of("", 0), data);
	CHECK_TEXT(d.summary, "EV_NO_ACTION, 0 bytes");
	done();
}

void describe_variables(void)
{
	struct built b = {.len = 0}, order = {.len = 0};

	put_variable(&b, GUID_GLOBAL, "SecureBoot", slice_of("\1", 1));
	describe_tcg(EV_EFI_VARIABLE_DRIVER_CONFIG, built_slice(&b), built_slice(&b));
	CHECK(d.proven && is_field("name", "SecureBoot", true) && is_field("value", "enabled", true));
	CHECK(is_field("guid", GUID_GLOBAL " (EFI global variable)", true));
	CHECK_TEXT(d.summary, "SecureBoot: enabled");
	describe_tcg(EV_EFI_VARIABLE_DRIVER_CONFIG, built_slice(&b), slice_of_string("something else"));
	CHECK(!d.proven && is_field("value", "enabled", false) && is_field("name", "SecureBoot", false));
	b.bytes[b.len - 1] = 2;
	describe_tcg(EV_EFI_VARIABLE_DRIVER_CONFIG, built_slice(&b), built_slice(&b));
	CHECK(!d.proven && d.n_fields == 0);
	CHECK_TEXT(d.summary, "EV_EFI_VARIABLE_DRIVER_CONFIG: malformed (neither 0 nor 1, in 1 bytes)");
	b.len = 0;
	put_number(&order, 0x0001000f, 4);
	put_variable(&b, GUID_GLOBAL, "BootOrder", built_slice(&order));
	describe_tcg(EV_EFI_VARIABLE_BOOT, built_slice(&b), built_slice(&order)); /* EDK II: contents alone */
	CHECK(!d.proven && is_field("name", "BootOrder", false) && is_field("order", "000F, 0001", true));
	CHECK_TEXT(d.summary, "BootOrder: 000F, 0001");
	describe_tcg(EV_EFI_VARIABLE_BOOT2, built_slice(&b), built_slice(&b));
	CHECK(d.proven && is_field("name", "BootOrder", true));
	put_text(&b, "shim's"); /* of which it hashes all but the last byte */
	describe_tcg(EV_EFI_VARIABLE_BOOT2, built_slice(&b), slice_of(b.bytes, b.len - 1));
	CHECK(d.proven && is_field("order", "000F, 0001", true));
	done();
}

void describe_variable_lengths(void)
{
	struct built b = {.len = 0};

	put_guid(&b, GUID_GLOBAL);
	put_number(&b, 99999, 8);
	put_number(&b, 0, 8);
	describe_tcg(EV_EFI_VARIABLE_DRIVER_CONFIG, built_slice(&b), built_slice(&b));
	CHECK(!d.proven && d.n_fields == 0);
	CHECK_TEXT(d.summary, "EV_EFI_VARIABLE_DRIVER_CONFIG: malformed (UnicodeNameLength 99999 is past the end)");
	b.len = 0;
	put_variable(&b, GUID_GLOBAL, "PK", slice_of_string("no signature list"));
	describe_tcg(EV_EFI_VARIABLE_DRIVER_CONFIG, built_slice(&b), built_slice(&b));
	CHECK(!d.proven && d.n_fields == 0);
	CHECK_TEXT(d.summary, "EV_EFI_VARIABLE_DRIVER_CONFIG: malformed (1 bytes are too few)");
	b.len = 0;
	put_variable(&b, GUID_GLOBAL, "Boot0001", slice_of_string("1234"));
	describe_tcg(EV_EFI_VARIABLE_BOOT, built_slice(&b), built_slice(&b));
	CHECK_TEXT(d.summary, "EV_EFI_VARIABLE_BOOT: malformed (4 bytes are too few)");
	done();
}

void describe_boot_options(void)
{
	struct built b = {.len = 0}, option = {.len = 0}, path = {.len = 0};

	put_path(&path);
	put_number(&option, 1, 4);
	put_number(&option, path.len, 2);
	put_utf16(&option, "Linux");
	put_number(&option, 0, 2);
	put_bytes(&option, built_slice(&path));
	put_utf16(&option, "quiet");
	put_variable(&b, GUID_GLOBAL, "Boot0001", built_slice(&option));
	describe_tcg(EV_EFI_VARIABLE_BOOT, built_slice(&b), built_slice(&b));
	CHECK(d.proven && is_field("description", "Linux", true) && is_field("optional", "quiet", true));
	CHECK(is_field("path", "\\EFI\\BOOT\\BOOTX64.EFI", true) && is_field("attributes", "0x00000001", true));
	CHECK_TEXT(d.summary, "Boot0001: Linux, \\EFI\\BOOT\\BOOTX64.EFI");
	option.bytes[18 + 2] = 0; /* the first node's length */
	option.bytes[18 + 3] = 0;
	b.len = 0;
	put_variable(&b, GUID_GLOBAL, "Boot0001", built_slice(&option));
	describe_tcg(EV_EFI_VARIABLE_BOOT, built_slice(&b), built_slice(&b));
	CHECK(!d.proven && d.n_fields == 0 && strstr(d.summary, "malformed (a device path node of 0 bytes") != NULL);
	done();
}

void describe_signature_variables(void)
{
	struct arena own = {NULL};
	struct slice der = unit_certificate(&own, "testdata/ca/azure-like-root.pem");
	struct built b = {.len = 0}, lists = {.len = 0}, authority = {.len = 0};

	put_signature_list(&lists, GUID_X509, der);
	put_signature_list(&lists, GUID_SHA256, slice_of("0123456789abcdef0123456789abcdef", 32));
	put_variable(&b, GUID_SECURITY, "db", built_slice(&lists));
	describe_tcg(EV_EFI_VARIABLE_DRIVER_CONFIG, built_slice(&b), built_slice(&b));
	CHECK(d.proven && is_field("certificates", "1", true) && is_field("hashes", "1", true));
	CHECK(strncmp(d.summary, "db: 1 certificate: CN=libattest test Azure-like root,O=libattest test, sha256 ",
		      78) == 0);
	CHECK(is_field("hash", "3031323334353637383961626364656630313233343536373839616263646566", true));
	b.len = 0;
	put_guid(&authority, GUID_OWNER);
	put_bytes(&authority, der);
	put_variable(&b, GUID_SECURITY, "db", built_slice(&authority));
	describe_tcg(EV_EFI_VARIABLE_AUTHORITY, built_slice(&b), built_slice(&b));
	CHECK(d.proven && is_field("owner", GUID_OWNER " (Microsoft)", true) && field("certificate") != NULL);
	CHECK(strncmp(d.summary, "db: CN=libattest test Azure-like root", 37) == 0);
	b.len = 0;
	put_variable(&b, GUID_SHIM, "SbatLevel", slice_of_string("sbat,1,2021030218\n"));
	describe_tcg(EV_EFI_VARIABLE_AUTHORITY, built_slice(&b), built_slice(&b));
	CHECK_TEXT(d.summary, "SbatLevel: sbat,1,2021030218\\x0a");
	done();
	arena_free(&own);
}

/* The digest is Authenticode's, so nothing but itself follows from it: not even where it is the hash of the data. */
void describe_images(void)
{
	struct built b = {.len = 0};
	char hex[HEX_SIZE(32)];
	struct made m;

	put_image(&b);
	make_event(&m, EV_EFI_BOOT_SERVICES_APPLICATION, 4, built_slice(&b), built_slice(&b));
	hex_encode(digest_slice(&m.digest), hex);
	describe(&m.event);
	CHECK(!d.proven && is_field("path", "\\EFI\\BOOT\\BOOTX64.EFI", false) && is_field("authenticode", hex, true));
	CHECK_TEXT(d.summary, "\\EFI\\BOOT\\BOOTX64.EFI");
	b.bytes[24] = 200;
	describe(&m.event);
	CHECK(!d.proven && d.n_fields == 0);
	CHECK_TEXT(d.summary, "EV_EFI_BOOT_SERVICES_APPLICATION: malformed (LengthOfDevicePath 200 is past the end)");
	b.bytes[24] = 0;
	describe(&m.event);
	CHECK_TEXT(d.summary, "an image without a path");
	m.event.n_digests = 0; /* no digest in this bank */
	describe(&m.event);
	CHECK(field("authenticode") == NULL);
	done();
}

void describe_ipl_events(void)
{
	struct slice command = slice_of_string("grub_cmd: linux /vmlinuz quiet"), name = slice_of(".\0l\0\0\0", 6);
	struct slice utf16 = slice_of("a\0=\0\\\0\0\0", 8);

	describe_tcg(EV_IPL, slice_of(command.data, command.len + 1), slice_of_string("linux /vmlinuz quiet"));
	CHECK(d.proven && is_field("label", "grub_cmd", false) && is_field("command", "linux /vmlinuz quiet", true));
	CHECK_TEXT(d.summary, "linux /vmlinuz quiet");
	describe_tcg(EV_IPL, slice_of("grub_cmd set a", 15), slice_of("set a", 6)); /* Red Hat's */
	CHECK(d.proven && is_field("command", "set a", true));
	describe_tcg(EV_IPL, slice_of_string("kernel_cmdline: /vmlinuz"), slice_of_string("/other"));
	CHECK(!d.proven && is_field("cmdline", "/vmlinuz", false));
	describe_tcg(EV_IPL, utf16, utf16);
	CHECK(d.proven && is_field("cmdline", "a=\\", true));
	describe_tcg(EV_IPL, slice_of(utf16.data, 7), utf16); /* systemd-boot before 246 logs a byte less */
	CHECK(d.proven && is_field("cmdline", "a=\\", true));
	describe_tcg(EV_IPL, utf16, slice_of("a\0=\0", 4));
	CHECK(!d.proven && field("cmdline") == NULL);
	describe_tcg(EV_IPL, name, slice_of(".l", 3));
	CHECK(d.proven && is_field("section", ".l", true));
	CHECK_TEXT(d.summary, "section name .l");
	describe_tcg(EV_IPL, name, slice_of_string("the contents"));
	CHECK(!d.proven && is_field("section", ".l", false));
	CHECK_TEXT(d.summary, "section contents .l");
	describe_tcg(EV_IPL, slice_of("MokList", 8), slice_of_string("the list"));
	CHECK(!d.proven);
	CHECK_TEXT(d.summary, "MokList");
	done();
}

void describe_tags(void)
{
	struct slice data = slice_of("\xed\x22\x3b\x8f\x1a\0\0\0LOADED_IMAGE::LoadOptions\0", 34);

	describe_tcg(EV_EVENT_TAG, data, slice_of_string("the options"));
	CHECK(!d.proven && is_field("tag", "0x8f3b22ed", false));
	CHECK_TEXT(d.summary, "Linux: command line (LOADED_IMAGE::LoadOptions)");
	describe_tcg(EV_EVENT_TAG, data, data);
	CHECK(d.proven && is_field("text", "LOADED_IMAGE::LoadOptions", true));
	describe_tcg(EV_EVENT_TAG, slice_of("\x2a\x58\xbc\xf5\2\0\0\0a\0", 10), slice_of_string("x"));
	CHECK_TEXT(d.summary, "systemd-boot: loader.conf (a)");
	describe_tcg(EV_EVENT_TAG, slice_of("\1\0\0\0\xff\xff\xff\xff", 8), data);
	CHECK_TEXT(d.summary, "EV_EVENT_TAG: malformed (taggedEventDataSize 4294967295 is past the end)");
	done();
}

void describe_tables(void)
{
	struct built b = {.len = 0};

	put_number(&b, 60, 8);
	for (int i = 0; i < 60; i++) {
		put_guid(&b, GUID_SHIM);
		put_number(&b, 0x1000, 8);
	}
	describe_tcg(EV_EFI_HANDOFF_TABLES, built_slice(&b), built_slice(&b));
	CHECK(!d.proven && d.n_fields == DESCRIBE_FIELDS && d.n_omitted == 60 - DESCRIBE_FIELDS);
	CHECK_TEXT(d.summary, "60 tables of the system");
	b.bytes[0] = 61;
	describe_tcg(EV_EFI_HANDOFF_TABLES, built_slice(&b), built_slice(&b));
	CHECK_TEXT(d.summary, "EV_EFI_HANDOFF_TABLES: malformed (NumberOfTables 61 is past the end)");
	b.bytes[7] = 0xff;
	describe_tcg(EV_EFI_HANDOFF_TABLES, built_slice(&b), built_slice(&b));
	CHECK(strstr(d.summary, "malformed") != NULL);
	describe_tcg(EV_EFI_HANDOFF_TABLES2, slice_of("\1x\0\0\0\0\0\0\0\0", 10), built_slice(&b));
	CHECK_TEXT(d.summary, "0 tables of the system");
	done();
}

static void check_partitions(struct built *b, uint64_t n)
{
	b->len = 0;
	put_text(b, "EFI PART");
	put_bytes(b, slice_of((uint8_t[48]){0}, 48));
	put_guid(b, GUID_GLOBAL);
	put_bytes(b, slice_of((uint8_t[12]){0}, 12));
	put_number(b, 128, 4);
	put_number(b, 0, 4);
	put_number(b, n, 8);
	for (uint64_t i = 0; i < n; i++)
		put_bytes(b, slice_of((uint8_t[128]){[56] = 'a'}, 128));
	describe_tcg(EV_EFI_GPT_EVENT, built_slice(b), built_slice(b));
}

void describe_partitions(void)
{
	struct built b;

	check_partitions(&b, 2);
	CHECK(d.proven && d.n_fields == 3 && d.n_omitted == 0);
	CHECK_TEXT(d.summary, "disk " GUID_GLOBAL ", 2 partitions");
	CHECK(is_field(
		"partition",
		"a 00000000-0000-0000-0000-000000000000, type 00000000-0000-0000-0000-000000000000, blocks 0 to 0",
		true));
	check_partitions(&b, 100);
	CHECK(d.n_fields == DESCRIBE_FIELDS && d.n_omitted == 101 - DESCRIBE_FIELDS);
	describe_tcg(EV_EFI_GPT_EVENT, slice_of(b.bytes, b.len - 1), built_slice(&b));
	CHECK(!d.proven && d.n_fields == 0 && d.n_omitted == 0);
	done();
}

/* In the bank that is asked for, and in no other. */
void describe_banks(void)
{
	struct attest_error e = {0};
	struct made m;

	make_event(&m, 0x80000007, 4, slice_of_string("Calling"), slice_of_string("Calling"));
	CHECK_STATUS(event_describe(&m.event, ALG_SHA384, &arena, &d, &e), ATTEST_OK);
	CHECK(!d.proven && is_field("text", "Calling", false));
	CHECK_STATUS(event_describe(&m.event, ALG_SHA256, &arena, &d, &e), ATTEST_OK);
	CHECK(d.proven);
	done();
}

void describe_is_bounded(void)
{
	static uint8_t zeros[1 << 20];
	struct event event = {.kind = EVENT_TEXT, .measured = true, .data = slice_of(zeros, sizeof(zeros))};

	event.preimage = event.data;
	describe(&event);
	CHECK(d.proven && strlen(d.summary) <= 4096 + 3);
	memset(zeros, 'a', sizeof(zeros));
	describe_tcg(EV_IPL, slice_of(zeros, sizeof(zeros)), slice_of(zeros, sizeof(zeros)));
	CHECK(d.proven && strlen(d.summary) <= 4096 + 3 && strlen(field("text")->value) <= 1024 + 3);
	done();
}
