/* SPDX-License-Identifier: Apache-2.0 */
#include "device_path.h"

#include <inttypes.h>
#include <stdio.h>

#include "uefi.h"

enum { NODE_HEAD = 4, NODE_END = 0x7f, END_INSTANCE = 0x01 };

static void add_guid(struct line *line, struct slice guid)
{
	char text[GUID_TEXT];

	line_add(line, guid_text(guid, text));
}

static void add_pci(struct reader *r, struct line *line)
{
	unsigned function = reader_u8(r), device = reader_u8(r);

	line_printf(line, "Pci(0x%X,0x%X)", device, function);
}

static void add_memory(struct reader *r, struct line *line)
{
	uint32_t type = reader_u32le(r);
	uint64_t start = reader_u64le(r), end = reader_u64le(r);

	line_printf(line, "MemoryMapped(0x%X,0x%" PRIX64 ",0x%" PRIX64 ")", type, start, end);
}

static void add_vendor(struct reader *r, struct line *line, const char *name)
{
	line_printf(line, "%s(", name);
	add_guid(line, reader_bytes(r, GUID_SIZE));
	if (r->rest.len > 0)
		line_add(line, ",");
	line_hex(line, r->rest);
	line_add(line, ")");
}

static void add_vendor_hardware(struct reader *r, struct line *line)
{
	add_vendor(r, line, "VenHw");
}

static void add_vendor_messaging(struct reader *r, struct line *line)
{
	add_vendor(r, line, "VenMsg");
}

static void add_vendor_media(struct reader *r, struct line *line)
{
	add_vendor(r, line, "VenMedia");
}

static void add_controller(struct reader *r, struct line *line)
{
	line_printf(line, "Ctrl(0x%X)", reader_u32le(r));
}

/* The names that UEFI 2.10, table 10.65, gives to some ids of the form PNPnnnn. */
static void add_acpi(struct reader *r, struct line *line)
{
	static const struct {
		uint32_t hid;
		const char *name;
	} known[] = {
		{0x0a0341d0, "PciRoot"     },
                {0x0a0841d0, "PcieRoot"    },
                {0x060441d0, "Floppy"      },
		{0x030141d0, "Keyboard"    },
                {0x050141d0, "Serial"      },
                {0x040141d0, "ParallelPort"},
	};
	uint32_t hid = reader_u32le(r), uid = reader_u32le(r);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].hid == hid) {
			line_printf(line, "%s(0x%X)", known[i].name, uid);
			return;
		}
	if ((hid & 0xffff) == 0x41d0)
		line_printf(line, "Acpi(PNP%04X,0x%X)", hid >> 16, uid);
	else
		line_printf(line, "Acpi(0x%08X,0x%X)", hid, uid);
}

static void add_acpi_adr(struct reader *r, struct line *line)
{
	line_printf(line, "AcpiAdr(0x%X)", reader_u32le(r));
}

static void add_scsi(struct reader *r, struct line *line)
{
	unsigned pun = reader_u16le(r), lun = reader_u16le(r);

	line_printf(line, "Scsi(0x%X,0x%X)", pun, lun);
}

static void add_usb(struct reader *r, struct line *line)
{
	unsigned port = reader_u8(r), interface = reader_u8(r);

	line_printf(line, "USB(0x%X,0x%X)", port, interface);
}

/* 32 bytes of which Ethernet (RFC 3232: 0 or 1) uses 6. */
static void add_mac(struct reader *r, struct line *line)
{
	struct slice address = reader_bytes(r, 32);
	unsigned type = reader_u8(r);

	line_add(line, "MAC(");
	line_hex(line, type <= 1 ? slice_sub(address, 0, 6) : address);
	line_printf(line, ",0x%X)", type);
}

static void add_ipv4_address(struct reader *r, struct line *line)
{
	for (size_t i = 0; i < 4; i++)
		line_printf(line, "%s%u", i == 0 ? "" : ".", reader_u8(r));
}

static void add_ipv4(struct reader *r, struct line *line)
{
	struct reader local = reader_of(reader_bytes(r, 4));
	unsigned protocol;

	line_add(line, "IPv4(");
	add_ipv4_address(r, line);
	(void)reader_u32le(r); /* the ports */
	protocol = reader_u16le(r);
	if (protocol == 6 || protocol == 17)
		line_add(line, protocol == 6 ? ",TCP" : ",UDP");
	else
		line_printf(line, ",0x%X", protocol);
	line_add(line, reader_u8(r) == 0 ? ",DHCP," : ",Static,");
	add_ipv4_address(&local, line);
	line_add(line, ")");
}

static void add_ipv6(struct reader *r, struct line *line)
{
	(void)reader_bytes(r, 16); /* the local address */
	line_add(line, "IPv6(");
	for (size_t i = 0; i < 8; i++)
		line_printf(line, "%s%x", i == 0 ? "" : ":", reader_u16be(r));
	line_add(line, ")");
}

static void add_uart(struct reader *r, struct line *line)
{
	static const char parities[] = "DNEOMS", *const stops[] = {"D", "1", "1.5", "2"};
	uint64_t baud;
	unsigned bits, parity, stop;

	(void)reader_u32le(r);
	baud = reader_u64le(r);
	bits = reader_u8(r);
	parity = reader_u8(r);
	stop = reader_u8(r);
	line_printf(line, "Uart(%" PRIu64 ",%u,%c,%s)", baud, bits, parity < 6 ? parities[parity] : 'x',
		    stop < 4 ? stops[stop] : "x");
}

static void add_unit(struct reader *r, struct line *line)
{
	line_printf(line, "Unit(0x%X)", reader_u8(r));
}

static void add_sata(struct reader *r, struct line *line)
{
	unsigned port = reader_u16le(r), multiplier = reader_u16le(r), lun = reader_u16le(r);

	line_printf(line, "Sata(0x%X,0x%X,0x%X)", port, multiplier, lun);
}

static void add_iscsi(struct reader *r, struct line *line)
{
	(void)reader_bytes(r, 2 + 2 + 8 + 2); /* protocol, options, LUN, portal group */
	line_add(line, "iSCSI(");
	line_bytes(line, slice_sub(r->rest, 0, slice_find(r->rest, 0)));
	line_add(line, ")");
}

static void add_vlan(struct reader *r, struct line *line)
{
	line_printf(line, "Vlan(%u)", reader_u16le(r));
}

/* The identifier's bytes from the last to the first: UEFI 2.10, table 10.65. */
static void add_nvme(struct reader *r, struct line *line)
{
	uint32_t namespace_id = reader_u32le(r);
	struct slice eui = reader_bytes(r, 8);

	line_printf(line, "NVMe(0x%X,", namespace_id);
	for (size_t i = eui.len; i > 0; i--)
		line_printf(line, "%02X%s", eui.data[i - 1], i == 1 ? ")" : "-");
}

static void add_uri(struct reader *r, struct line *line)
{
	line_add(line, "Uri(");
	line_bytes(line, r->rest);
	line_add(line, ")");
}

static void add_ufs(struct reader *r, struct line *line)
{
	unsigned pun = reader_u8(r), lun = reader_u8(r);

	line_printf(line, "UFS(0x%X,0x%X)", pun, lun);
}

static void add_sd(struct reader *r, struct line *line)
{
	line_printf(line, "SD(0x%X)", reader_u8(r));
}

static void add_emmc(struct reader *r, struct line *line)
{
	line_printf(line, "eMMC(0x%X)", reader_u8(r));
}

static void add_hard_drive(struct reader *r, struct line *line)
{
	enum { MBR = 1, GPT = 2 };
	uint32_t number = reader_u32le(r);
	uint64_t start = reader_u64le(r), size = reader_u64le(r);
	struct slice signature = reader_bytes(r, GUID_SIZE);
	struct reader mbr = reader_of(signature);
	unsigned type;

	(void)reader_u8(r); /* the format, which the type of the signature says again */
	type = reader_u8(r);
	line_printf(line, "HD(%u,", number);
	if (type == GPT) {
		line_add(line, "GPT,");
		add_guid(line, signature);
	} else if (type == MBR) {
		line_printf(line, "MBR,0x%08x", reader_u32le(&mbr));
	} else {
		line_printf(line, "%u,", type);
		line_hex(line, signature);
	}
	line_printf(line, ",0x%" PRIX64 ",0x%" PRIX64 ")", start, size);
}

static void add_cdrom(struct reader *r, struct line *line)
{
	uint32_t entry = reader_u32le(r);
	uint64_t start = reader_u64le(r), size = reader_u64le(r);

	line_printf(line, "CDROM(0x%X,0x%" PRIX64 ",0x%" PRIX64 ")", entry, start, size);
}

static void add_file(struct reader *r, struct line *line)
{
	line_utf16(line, utf16_until_nul(r->rest));
}

static void add_named_guid(struct reader *r, struct line *line, const char *name)
{
	line_printf(line, "%s(", name);
	add_guid(line, reader_bytes(r, GUID_SIZE));
	line_add(line, ")");
}

static void add_media(struct reader *r, struct line *line)
{
	add_named_guid(r, line, "Media");
}

static void add_fv_file(struct reader *r, struct line *line)
{
	add_named_guid(r, line, "FvFile");
}

static void add_fv(struct reader *r, struct line *line)
{
	add_named_guid(r, line, "Fv");
}

static void add_offset(struct reader *r, struct line *line)
{
	uint64_t start, end;

	(void)reader_u32le(r);
	start = reader_u64le(r);
	end = reader_u64le(r);
	line_printf(line, "Offset(0x%" PRIX64 ",0x%" PRIX64 ")", start, end);
}

static void add_ram_disk(struct reader *r, struct line *line)
{
	uint64_t start = reader_u64le(r), end = reader_u64le(r);
	struct slice type = reader_bytes(r, GUID_SIZE);

	line_printf(line, "RamDisk(0x%" PRIX64 ",0x%" PRIX64 ",%u,", start, end, reader_u16le(r));
	add_guid(line, type);
	line_add(line, ")");
}

static void add_bbs(struct reader *r, struct line *line)
{
	static const char *const types[] = {"0x0", "Floppy", "HD", "CDROM", "PCMCIA", "USB", "Network"};
	unsigned type = reader_u16le(r);

	(void)reader_u16le(r);
	line_printf(line, "BBS(%s,", type < sizeof(types) / sizeof(types[0]) ? types[type] : "other");
	line_bytes(line, slice_sub(r->rest, 0, slice_find(r->rest, 0)));
	line_add(line, ")");
}

/* Sizes are those of what is read of a node, without its head. */
static const struct {
	uint8_t type, subtype;
	size_t size;
	void (*add)(struct reader *r, struct line *line);
} nodes[] = {
	{1, 1,  2,  add_pci             },
        {1, 3,  20, add_memory          },
        {1, 4,  16, add_vendor_hardware },
	{1, 5,  4,  add_controller      },
        {2, 1,  8,  add_acpi            },
        {2, 3,  4,  add_acpi_adr        },
	{3, 2,  4,  add_scsi            },
        {3, 5,  2,  add_usb             },
        {3, 10, 16, add_vendor_messaging},
	{3, 11, 33, add_mac             },
        {3, 12, 15, add_ipv4            },
        {3, 13, 32, add_ipv6            },
	{3, 14, 15, add_uart            },
        {3, 17, 1,  add_unit            },
        {3, 18, 6,  add_sata            },
	{3, 19, 14, add_iscsi           },
        {3, 20, 2,  add_vlan            },
        {3, 23, 12, add_nvme            },
	{3, 24, 0,  add_uri             },
        {3, 25, 2,  add_ufs             },
        {3, 26, 1,  add_sd              },
	{3, 29, 1,  add_emmc            },
        {4, 1,  38, add_hard_drive      },
        {4, 2,  20, add_cdrom           },
	{4, 3,  16, add_vendor_media    },
        {4, 4,  0,  add_file            },
        {4, 5,  16, add_media           },
	{4, 6,  16, add_fv_file         },
        {4, 7,  16, add_fv              },
        {4, 8,  20, add_offset          },
	{4, 9,  34, add_ram_disk        },
        {5, 1,  4,  add_bbs             },
};

static void add_node(uint8_t type, uint8_t subtype, struct slice body, struct line *line)
{
	struct reader r = reader_of(body);

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		if (nodes[i].type == type && nodes[i].subtype == subtype && body.len >= nodes[i].size) {
			nodes[i].add(&r, line);
			return;
		}
	line_printf(line, "Path(%u,%u%s", type, subtype, body.len > 0 ? "," : "");
	line_hex(line, body);
	line_add(line, ")");
}

bool device_path_add(struct slice path, struct line *line, struct line *problem)
{
	struct reader r = reader_of(path);
	const char *between = "";

	while (r.rest.len > 0) {
		uint8_t type = reader_u8(&r), subtype = reader_u8(&r);
		size_t len = reader_u16le(&r);
		struct slice body;

		/* Less than its own head would lead back to the same node for ever. */
		if (r.failed || len < NODE_HEAD || len - NODE_HEAD > r.rest.len) {
			line_printf(problem, "a device path node of %zu bytes, where %zu are left", len,
				    r.rest.len + (r.failed ? 0 : NODE_HEAD));
			return false;
		}
		if (type == NODE_END && subtype != END_INSTANCE)
			return true;
		if (type == NODE_END) {
			(void)reader_bytes(&r, len - NODE_HEAD);
			between = ",";
			continue;
		}
		body = reader_bytes(&r, len - NODE_HEAD);
		if (line->cut) /* there is no room for more, but the lengths must fit */
			continue;
		line_add(line, between);
		add_node(type, subtype, body, line);
		between = "/";
	}
	return true;
}
