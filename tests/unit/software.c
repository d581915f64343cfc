/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/software.h"

#include <stdio.h>

#include "base/text.h"
#include "events.h"

static struct arena arena;
static struct software_reader reader;
static size_t number;

static void start(void)
{
	arena_free(&arena);
	reader = (struct software_reader){.arena = &arena};
	number = 0;
}

static void read_event(const struct event *event)
{
	struct attest_error e = {0};

	CHECK_STATUS(software_read(&reader, event, ALG_SHA256, 0, number++, &e), ATTEST_OK);
}

static void extend(uint32_t type, uint8_t pcr, struct slice data, struct slice hashed)
{
	struct made m;

	make_event(&m, type, pcr, data, hashed);
	read_event(&m.event);
}

static void extend_text(uint32_t type, uint8_t pcr, const char *data, const char *hashed)
{
	extend(type, pcr, slice_of_string(data), slice_of_string(hashed));
}

static void separate(uint8_t pcr)
{
	extend(EV_SEPARATOR, pcr, slice_of("\0\0\0\0", 4), slice_of("\0\0\0\0", 4));
}

/* The only statement of this kind has this value. */
static bool says(const char *what, const char *value, bool proven)
{
	const struct software *found = NULL;

	for (size_t i = 0; i < reader.n; i++) {
		if (strcmp(reader.items[i].what, what) != 0)
			continue;
		if (found != NULL)
			return false;
		found = &reader.items[i];
	}
	return found != NULL && strcmp(found->value, value) == 0 && found->proven == proven;
}

static size_t count(const char *what, bool proven)
{
	size_t n = 0;

	for (size_t i = 0; i < reader.n; i++)
		n += strcmp(reader.items[i].what, what) == 0 && reader.items[i].proven == proven;
	return n;
}

static void secure_boot_as(uint32_t type, const char *guid, const char *value, const char *hashed)
{
	struct built data = {.len = 0}, other = {.len = 0};

	put_variable(&data, guid, "SecureBoot", slice_of(value, 1));
	put_variable(&other, guid, "SecureBoot", slice_of(hashed, 1));
	extend(type, 7, built_slice(&data), built_slice(&other));
}

static void secure_boot(const char *value)
{
	secure_boot_as(EV_EFI_VARIABLE_DRIVER_CONFIG, GUID_GLOBAL, value, value);
}

void software_firmware(void)
{
	struct slice v1 = slice_of("v\0"
				   "1\0\0\0",
				   6),
		     v2 = slice_of("v\0"
				   "2\0\0\0",
				   6);

	start();
	extend(EV_S_CRTM_VERSION, 0, v1, v1);
	CHECK(says("firmware.version", "v1", true) && reader.items[0].pcr == 0 && reader.items[0].number == 0);
	extend(EV_S_CRTM_VERSION, 0, v2, v2); /* not the first */
	CHECK(count("firmware.version", true) == 1 && count("firmware.version", false) == 1);
	start();
	extend(EV_S_CRTM_VERSION, 0, v1, v2);
	CHECK(says("firmware.version", "v1", false));
	start();
	extend_text(EV_POST_CODE, 0, "ACPI DATA", "x");
	extend(EV_S_CRTM_VERSION, 0, v1, v1);
	CHECK(says("firmware.version", "v1", false));
	start();
	extend(EV_S_CRTM_VERSION, 1, v1, v1); /* another PCR */
	CHECK(reader.n == 0);
	start();
	extend(EV_S_CRTM_VERSION, 0, slice_of("\1\2\xff", 3), slice_of("\1\2\xff", 3));
	CHECK(says("firmware.version", "0x0102ff", true));
	start();
	extend(EV_S_CRTM_VERSION, 0, slice_of("", 0), v1); /* no data are no proof of none */
	CHECK(says("firmware.version", "(empty)", false));
	start();
}

void software_secure_boot(void)
{
	start();
	secure_boot("\1");
	separate(7);
	CHECK(says("secure-boot", "enabled", true) && reader.pcrs[7].n_separators == 1);
	start();
	secure_boot("\0");
	CHECK(says("secure-boot", "disabled", true));
	start();
	secure_boot("\2");
	CHECK(says("secure-boot", "malformed", true));
	start();
	secure_boot_as(EV_EFI_VARIABLE_DRIVER_CONFIG, GUID_GLOBAL, "\1", "\0"); /* the data lies */
	CHECK(says("secure-boot", "enabled", false));
	start();
	secure_boot_as(EV_EFI_VARIABLE_DRIVER_CONFIG, GUID_SHIM, "\1", "\1"); /* another's variable */
	CHECK(reader.n == 0);
	start();
}

/* A machine without Secure Boot, and a log that would have it otherwise. */
void software_secure_boot_lies(void)
{
	start();
	secure_boot("\0");
	secure_boot("\1"); /* a second one */
	CHECK(count("secure-boot", true) == 1 && count("secure-boot", false) == 1);
	CHECK_TEXT(reader.items[0].value, "disabled");
	start();
	separate(7);
	secure_boot("\1"); /* by software, later */
	CHECK(says("secure-boot", "enabled", false));
	start();
	extend(EV_IPL, 7, slice_of_string("no separator"), slice_of("\0\0\0\0", 4)); /* which it is by its digest */
	secure_boot("\1");
	CHECK(says("secure-boot", "enabled", false));
	start();
	extend(EV_SEPARATOR, 7, slice_of("\0\0\0\0", 4), slice_of_string("none")); /* and this is none */
	CHECK(reader.pcrs[7].n_separators == 0);
	start();
	extend_text(0x80000007, 7, "an action", "SecureBoot of 0 in disguise");
	secure_boot("\1");
	CHECK(says("secure-boot", "enabled", false));
	start();
	secure_boot_as(EV_IPL, GUID_GLOBAL, "\0", "\0"); /* by the wrong type: its bytes are what they are */
	secure_boot("\1");
	CHECK(count("secure-boot", true) == 1 && count("secure-boot", false) == 1);
	CHECK_TEXT(reader.items[0].value, "disabled");
	start();
	secure_boot_as(EV_NO_ACTION, GUID_GLOBAL, "\1", "\1"); /* not measured */
	CHECK(reader.n == 0 && reader.pcrs[7].n_events == 0);
	start();
}

/* A string before the variables is no reason for doubt. */
void software_secure_boot_after_action(void)
{
	start();
	extend_text(0x80000007, 7, "DMA Protection Disabled", "DMA Protection Disabled");
	secure_boot("\1");
	CHECK(says("secure-boot", "enabled", true));
	start();
}

static const char *sha256_hex(const char *of)
{
	static char hex[HEX_SIZE(32)];
	struct attest_error e = {0};
	uint8_t sha256[32];

	CHECK_STATUS(digest_sha256(slice_of_string(of), sha256, &e), ATTEST_OK);
	hex_encode(slice_of(sha256, 32), hex);
	return hex;
}

static void keys(uint32_t type, const char *guid, const char *name, struct slice contents)
{
	struct built b = {.len = 0};

	put_variable(&b, guid, name, contents);
	extend(type, 7, built_slice(&b), built_slice(&b));
}

void software_secure_boot_keys(void)
{
	struct arena own = {NULL};
	struct slice der = unit_certificate(&own, "testdata/ca/azure-like-root.pem");
	struct built lists = {.len = 0}, authority = {.len = 0};
	char want[160];

	start();
	put_signature_list(&lists, GUID_X509, der);
	put_guid(&authority, GUID_OWNER);
	put_bytes(&authority, der);
	keys(EV_EFI_VARIABLE_DRIVER_CONFIG, GUID_GLOBAL, "PK", built_slice(&lists));
	keys(EV_EFI_VARIABLE_DRIVER_CONFIG, GUID_GLOBAL, "KEK", slice_of_string("no list"));
	keys(EV_EFI_VARIABLE_DRIVER_CONFIG, GUID_SECURITY, "db", slice_of("", 0));
	CHECK(count("secure-boot.pk", true) == 1 && count("secure-boot.db", true) == 1);
	CHECK(strstr(reader.items[0].value,
		     "1 certificate: CN=libattest test Azure-like root,O=libattest test, sha256 "));
	(void)snprintf(want, sizeof(want), "malformed (7 bytes are too few); contents sha256 %s",
		       sha256_hex("no list"));
	CHECK(says("secure-boot.kek", want, true));
	CHECK(says("secure-boot.db",
		   "0 certificates; 0 hashes; contents sha256 "
		   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		   true));
	separate(7);
	keys(EV_EFI_VARIABLE_AUTHORITY, GUID_SECURITY, "db", built_slice(&authority));
	CHECK(count("secure-boot.authority", true) == 1 && count("secure-boot.db", true) == 1);
	CHECK(strncmp(reader.items[3].value, "db: CN=libattest test Azure-like root", 37) == 0);
	keys(EV_EFI_VARIABLE_DRIVER_CONFIG, GUID_SECURITY, "db", built_slice(&lists));
	keys(EV_EFI_VARIABLE_DRIVER_CONFIG, GUID_SECURITY, "dbx", slice_of("", 0));
	CHECK(count("secure-boot.db", false) == 1 && count("secure-boot.dbx", false) == 1);
	start();
	/* Called the authority, it still is the first db; what follows is not. */
	keys(EV_EFI_VARIABLE_AUTHORITY, GUID_SECURITY, "db", slice_of("", 0));
	keys(EV_EFI_VARIABLE_DRIVER_CONFIG, GUID_SECURITY, "db", built_slice(&lists));
	CHECK(count("secure-boot.db", true) == 1 && count("secure-boot.db", false) == 1);
	CHECK(strncmp(reader.items[0].value, "0 certificates", 14) == 0);
	start();
	arena_free(&own);
}

void software_images(void)
{
	struct built b = {.len = 0};
	char want[160];

	put_image(&b);
	(void)snprintf(want, sizeof(want), "%s  \\EFI\\BOOT\\BOOTX64.EFI (path claimed)", sha256_hex("image"));
	start();
	extend(EV_EFI_BOOT_SERVICES_APPLICATION, 4, built_slice(&b), slice_of_string("image"));
	CHECK(says("image", want, false)); /* before the separator */
	start();
	separate(4);
	extend(EV_EFI_BOOT_SERVICES_APPLICATION, 4, built_slice(&b), slice_of_string("image"));
	CHECK(says("image", want, true));
	start();
	separate(4);
	separate(4); /* each appears once */
	extend(EV_EFI_BOOT_SERVICES_APPLICATION, 4, built_slice(&b), slice_of_string("image"));
	CHECK(says("image", want, false));
	start();
	extend(EV_EFI_BOOT_SERVICES_DRIVER, 2, built_slice(&b), slice_of_string("image"));
	CHECK(says("driver", want, true));
	separate(2);
	extend(EV_EFI_RUNTIME_SERVICES_DRIVER, 2, built_slice(&b), slice_of_string("image"));
	CHECK(count("driver", true) == 1 && count("driver", false) == 1);
	start();
	separate(4);
	extend(EV_EFI_BOOT_SERVICES_APPLICATION, 4, slice_of(b.bytes, 40), slice_of_string("image"));
	(void)snprintf(want, sizeof(want), "%s  (no path)", sha256_hex("image"));
	CHECK(says("image", want, true));
	start();
}

void software_utf16_cmdline(void)
{
	struct slice text = slice_of("a\0=\0b\0\0\0", 8), other = slice_of("a\0=\0c\0\0\0", 8);

	start();
	extend(EV_IPL, 12, text, text);
	CHECK(says("kernel.cmdline", "a=b", true));
	start();
	extend(0x80000007, 12, text, text); /* whatever it is called */
	CHECK(says("kernel.cmdline", "a=b", true));
	start();
	extend(EV_IPL, 12, text, other);
	CHECK(reader.n == 0);
	extend(EV_IPL, 8, text, text); /* systemd before 251 */
	CHECK(says("kernel.cmdline", "a=b", true));
	start();
	extend(EV_IPL, 13, text, text);
	CHECK(reader.n == 0);
	start(); /* what nobody explains may be the true one, before or after it */
	extend(EV_IPL, 12, text, other);
	extend(EV_IPL, 12, text, text);
	CHECK(says("kernel.cmdline", "a=b", false) && count("kernel.cmdline", true) == 0);
	start();
	extend(EV_IPL, 12, text, text);
	CHECK(says("kernel.cmdline", "a=b", true));
	extend(EV_IPL, 12, text, other);
	CHECK(says("kernel.cmdline", "a=b", false) && count("kernel.cmdline", true) == 0);
	start();
}

void software_grub_cmdline(void)
{
	start();
	extend_text(EV_IPL, 8, "grub_cmd: linux /vmlinuz root=a b c", "linux /vmlinuz root=a b c");
	extend_text(EV_IPL, 8, "kernel_cmdline: /vmlinuz \"root=a b\" c", "/vmlinuz \"root=a b\" c");
	CHECK(says("kernel.cmdline", "/vmlinuz \"root=a b\" c", true));
	start();
	extend_text(EV_IPL, 8, "grub_cmd linux (hd0)/vmlinuz", "linux (hd0)/vmlinuz");
	extend_text(EV_IPL, 8, "grub_kernel_cmdline (hd0)/vmlinuz", "(hd0)/vmlinuz");
	CHECK(says("kernel.cmdline", "(hd0)/vmlinuz", true));
	start();
	extend_text(EV_IPL, 8, "grub_cmd: linux /a \\ x", "linux /a \\ x");
	extend_text(EV_IPL, 8, "kernel_cmdline: /a \\\\ x", "/a \\\\ x");
	CHECK(says("kernel.cmdline", "/a \\\\ x", true));
	start();
}

void software_grub_lies(void)
{
	start();
	/* Somebody at GRUB's prompt enters a good command line as a command, which fails and is measured. */
	extend_text(EV_IPL, 8, "kernel_cmdline: /vmlinuz good", "/vmlinuz good");
	CHECK(says("kernel.cmdline", "/vmlinuz good", false));
	/* The other one is called a command: by its place it is a command line all the same. */
	extend_text(EV_IPL, 8, "grub_cmd: linux /vmlinuz evil", "linux /vmlinuz evil");
	extend_text(EV_IPL, 8, "grub_cmd: /vmlinuz evil", "/vmlinuz evil");
	CHECK(count("kernel.cmdline", true) == 1 && strcmp(reader.items[1].value, "/vmlinuz evil") == 0);
	start();
	/* Nor does it help to give the command no label. */
	extend_text(EV_IPL, 8, "linux /vmlinuz evil", "linux /vmlinuz evil");
	extend_text(EV_IPL, 8, "/vmlinuz evil", "/vmlinuz evil");
	CHECK(says("kernel.cmdline", "/vmlinuz evil", true));
	start();
	/* An event that nothing explains could be anything. */
	extend_text(EV_IPL, 8, "grub_cmd: set a", "linux /vmlinuz evil");
	extend_text(EV_IPL, 8, "grub_cmd: linux /vmlinuz good", "linux /vmlinuz good");
	extend_text(EV_IPL, 8, "kernel_cmdline: /vmlinuz good", "/vmlinuz good");
	CHECK(says("kernel.cmdline", "/vmlinuz good", false));
	start();
	extend_text(EV_IPL, 8, "grub_cmd: linux /vmlinuz good", "linux /vmlinuz good");
	extend_text(EV_IPL, 8, "kernel_cmdline: /vmlinuz good", "/vmlinuz evil");
	CHECK(says("kernel.cmdline", "/vmlinuz good", false));
	start();
	extend_text(EV_IPL, 8, "grub_cmd: linux /vmlinuz good", "linux /vmlinuz good");
	extend_text(EV_IPL, 8, "grub_cmd: echo", "echo");
	extend_text(EV_IPL, 8, "kernel_cmdline: /vmlinuz good", "/vmlinuz good");
	CHECK(says("kernel.cmdline", "/vmlinuz good", false));
	start();
}

/* A text that is cut does not show all that was hashed. */
void software_cut(void)
{
	static char command[6000], cmdline[6000];

	memset(command, 'a', sizeof(command) - 1);
	memcpy(command, "grub_cmd: linux ", 16);
	memset(cmdline, 'a', sizeof(cmdline) - 1);
	memcpy(cmdline, "kernel_cmdline: ", 16);
	start();
	extend_text(EV_IPL, 8, command, command + 10);
	extend_text(EV_IPL, 8, cmdline, cmdline + 16);
	CHECK(reader.n == 1 && !reader.items[0].proven && strlen(reader.items[0].value) == 4096 + 3);
	start();
}

void software_linux_tags(void)
{
	struct slice options = slice_of("\xed\x22\x3b\x8f\1\0\0\0x", 9),
		     initrd = slice_of("\xec\x22\x3b\x8f\1\0\0\0x", 9);

	start();
	extend(EV_EVENT_TAG, 9, initrd, slice_of_string("initrd"));
	CHECK(says("initrd", sha256_hex("initrd"), false));
	extend(EV_EVENT_TAG, 9, options, slice_of_string("options"));
	CHECK(count("kernel.cmdline", false) == 1 &&
	      strstr(reader.items[1].value, " (digest of the UTF-16 text, which is not in the log)") != NULL);
	extend(EV_EVENT_TAG, 8, initrd, slice_of_string("initrd"));
	extend(EV_EVENT_TAG, 9, slice_of("\xec\x22\x3b\x8f\2\0\0\0x", 9), slice_of_string("initrd"));
	CHECK(reader.n == 2);
	start();
}

static void section(const char *name, const char *contents)
{
	struct built data = {.len = 0};

	put_utf16(&data, name);
	put_number(&data, 0, 2);
	extend(EV_IPL, 11, built_slice(&data), slice_of(name, strlen(name) + 1));
	extend(EV_IPL, 11, built_slice(&data), slice_of_string(contents));
}

static bool section_is(size_t i, const char *name, const char *contents, bool proven)
{
	char want[100];

	(void)snprintf(want, sizeof(want), "%s %s", name, sha256_hex(contents));
	return i < reader.n && strcmp(reader.items[i].what, "uki.section") == 0 &&
	       strcmp(reader.items[i].value, want) == 0 && reader.items[i].proven == proven;
}

void software_sections(void)
{
	start();
	section(".linux", "kernel");
	section(".initrd", "initrd");
	CHECK(reader.n == 2 && section_is(0, ".linux", "kernel", true) && section_is(1, ".initrd", "initrd", true));
	section(".linux", "another");
	CHECK(section_is(2, ".linux", "another", false));
	start();
	extend_text(0x80000007, 11, "x", "x"); /* somebody was here before */
	section(".linux", "kernel");
	CHECK(reader.n == 0);
	start();
}

void software_section_lies(void)
{
	struct slice name = slice_of(".\0l\0\0\0", 6);
	struct event phase;

	start();
	/* Contents that are themselves the hash of a name: the order tells them apart. */
	extend(EV_IPL, 11, name, slice_of(".l", 3));
	extend(EV_IPL, 11, name, slice_of(".l", 3));
	extend(EV_IPL, 11, name, slice_of_string("kernel")); /* not a name, where one must stand: this ends it */
	extend(EV_IPL, 11, name, slice_of(".l", 3));
	extend(EV_IPL, 11, name, slice_of_string("kernel"));
	CHECK(reader.n == 1);
	start();
	extend(EV_IPL, 11, name, slice_of(".m", 3)); /* the name lies */
	extend(EV_IPL, 11, name, slice_of_string("kernel"));
	CHECK(reader.n == 0);
	start();
	section(".linux", "kernel");
	phase = text_event(11, "enter-initrd");
	phase.kind = EVENT_SYSTEMD;
	read_event(&phase);
	section(".initrd", "added by software");
	CHECK(reader.n == 2 && says("boot.phase", "enter-initrd", true));
	start();
}

void software_systemd(void)
{
	struct made m;

	start();
	make_event(&m, EV_IPL, 11, slice_of_string("ready"), slice_of_string("ready"));
	m.event.kind = EVENT_SYSTEMD;
	read_event(&m.event);
	CHECK(says("boot.phase", "ready", true));
	m.event.pcr = 15;
	m.event.data = slice_of_string("machine-id:1"); /* its digest is another's */
	read_event(&m.event);
	CHECK(says("systemd", "machine-id:1", false));
	start();
}

static void workload(uint8_t pcr, const char *text)
{
	struct event event = text_event(pcr, text);

	read_event(&event);
}

void software_workload(void)
{
	start();
	workload(14, "{\"type\":\"image\",\"name\":\"a b\",\"digest\":\"sha256:1\"}");
	CHECK(says("container.image", "a\\x20b sha256:1", true));
	workload(14, "{\"type\":\"weights\",\"name\":\"w\"}");
	CHECK(says("weights", "w (no digest)", true));
	workload(14, "{\"type\":\"config\",\"digest\":\"sha256:2\"}");
	CHECK(says("config", "(no name) sha256:2", true));
	workload(16, "{\"type\":\"input\",\"name\":\"i\",\"digest\":\"d\"}"); /* resettable */
	CHECK(says("input", "i d", false));
	workload(23, "{\"type\":\"output\",\"name\":\"o\",\"digest\":\"d\"}");
	CHECK(says("output", "o d", false));
	workload(9, "{\"type\":\"weights\",\"name\":\"9\",\"digest\":\"d\"}"); /* could be a file's contents */
	CHECK(count("weights", true) == 1);
	workload(14, "{\"type\":\"tls-key\",\"digest\":\"d\"}");
	workload(14, "{\"type\":\"image\",\"type\":\"image\"}");
	workload(14, "{\"type\":1,\"event_type\":[]}");
	workload(14, "image");
	CHECK(reader.n == 6);
	start();
}

void software_aicert(void)
{
	start();
	workload(14, "{\"type\":\"x\",\"event_type\":\"input_image\",\"content\":{\"spec\":{\"image_name\":\"i\"},"
		     "\"resolved\":{\"id\":\"sha256:1\"}}}");
	CHECK(says("container.image", "i sha256:1", true));
	workload(14, "{\"event_type\":\"input_resource\",\"content\":{\"spec\":{\"resource_proto\":{\"repo\":\"r s\"}},"
		     "\"resolved\":{\"hash\":\"sha1:2\"}}}");
	CHECK(says("input", "{\"repo\":\"r\\x20s\"} sha1:2", true));
	workload(14, "{\"event_type\":\"axolotl_configuration\",\"content\":{\"resolved\":{\"hash\":\"sha256:3\"}}}");
	CHECK(says("config", "axolotl sha256:3", true));
	workload(8, "{\"event_type\":\"outputs\",\"content\":[{\"spec\":{\"path\":\"p\"},\"resolved\":{\"hash\":\"h\"}}"
		    ",{}]}");
	CHECK(count("output", true) == 2);
	start();
	workload(14, "{\"event_type\":\"input_image\"}");
	CHECK(says("container.image", "(no name) (no digest)", true));
	workload(14, "{\"event_type\":\"outputs\",\"content\":1}");
	workload(14, "{\"event_type\":\"build_request\"}");
	CHECK(reader.n == 1);
	start();
}

/* What has no digest in the bank extends nothing there. */
void software_banks(void)
{
	struct attest_error e = {0};
	struct slice v1 = slice_of("v\0"
				   "1\0\0\0",
				   6);
	struct made m;

	start();
	make_event(&m, EV_S_CRTM_VERSION, 0, v1, v1);
	CHECK_STATUS(software_read(&reader, &m.event, ALG_SHA384, 0, 0, &e), ATTEST_OK);
	CHECK(reader.n == 0 && reader.pcrs[0].n_events == 0);
	m.event.pcr = LIMIT_PCRS; /* which log_next() refuses */
	read_event(&m.event);
	CHECK(reader.n == 0);
	start();
}

void software_limits(void)
{
	struct slice text = slice_of("a\0=\0b\0\0\0", 8);

	start();
	for (size_t i = 0; i < LIMIT_SOFTWARE_OF_A_KIND + 3; i++)
		extend(EV_IPL, 12, text, text);
	CHECK(reader.n == LIMIT_SOFTWARE_OF_A_KIND && reader.n_dropped == 3 &&
	      count("kernel.cmdline", true) == LIMIT_SOFTWARE_OF_A_KIND);
	start();
	for (size_t i = 0; i < SOFTWARE_PCR_EVENTS; i++)
		extend_text(EV_IPL, 12, "x", "y");
	extend(EV_IPL, 12, text, text);
	CHECK(reader.n == 0 && reader.n_dropped == 1);
	start(); /* past the limit nobody looks, so what was said is only claimed */
	extend(EV_IPL, 12, text, text);
	for (size_t i = 1; i < SOFTWARE_PCR_EVENTS; i++)
		extend_text(0x80000007, 12, "x", "x");
	CHECK(says("kernel.cmdline", "a=b", true));
	extend_text(0x80000007, 12, "x", "x");
	CHECK(says("kernel.cmdline", "a=b", false));
	start();
}
