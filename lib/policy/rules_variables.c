/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matchers of UEFI variables, out of JSON: "secure_boot", "variable" and "authority".
 */
#include <string.h>

#include "logs/uefi.h"
#include "rules_parse.h"

attest_status parse_secure_boot(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	static const char *const choices[] = {"disabled", "enabled"};
	size_t choice = 0;
	attest_status status = parse_choice(node, choices, 2, &choice, error);

	p->rule->enabled = choice == 1;
	if (status == ATTEST_OK && p->pcr != 7)
		return parse_invalid(node, error, "firmware measures Secure Boot's state into PCR 7 and nowhere else");
	return status;
}

#define EFI_GLOBAL     "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define IMAGE_SECURITY "d719b2cb-3d3a-4596-a3bc-dad00e67656f"
#define SHIM           "605dab50-e046-4300-abb6-3dd810dd8b23"

static bool is_boot_option(const char *name)
{
	return strlen(name) == 8 && strncmp(name, "Boot", 4) == 0 && strspn(name + 4, "0123456789ABCDEF") == 4;
}

const char *variable_vendor(const char *name)
{
	static const struct {
		const char *name, *vendor;
	} known[] = {
		{"SecureBoot",     EFI_GLOBAL    },
		{"PK",             EFI_GLOBAL    },
		{"KEK",            EFI_GLOBAL    },
		{"SetupMode",      EFI_GLOBAL    },
		{"AuditMode",      EFI_GLOBAL    },
		{"DeployedMode",   EFI_GLOBAL    },
		{"VendorKeys",     EFI_GLOBAL    },
		{"BootOrder",      EFI_GLOBAL    },
		{"db",             IMAGE_SECURITY},
		{"dbx",            IMAGE_SECURITY},
		{"dbt",            IMAGE_SECURITY},
		{"dbr",            IMAGE_SECURITY},
		{"vendor_db",      IMAGE_SECURITY},
		{"Shim",           SHIM          },
		{"MokList",        SHIM          },
		{"MokListRT",      SHIM          },
		{"MokListX",       SHIM          },
		{"MokListTrusted", SHIM          },
		{"SbatLevel",      SHIM          },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].vendor;
	return is_boot_option(name) ? EFI_GLOBAL : NULL;
}

/* A GUID, in lower case afterwards. */
static attest_status parse_vendor(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	struct slice text = {NULL, 0};
	attest_status status = json_node_string(node, &text, error);
	bool ok = text.len == GUID_TEXT - 1;
	char *guid = status == ATTEST_OK ? arena_string(&p->policy->arena, text) : NULL;

	if (status != ATTEST_OK)
		return status;
	if (guid == NULL)
		return fail_memory(error);
	for (size_t i = 0; ok && i < text.len; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (guid[i] >= 'A' && guid[i] <= 'F')
			guid[i] = (char)(guid[i] - 'A' + 'a');
		ok = hyphen ? guid[i] == '-' : strchr("0123456789abcdef", guid[i]) != NULL;
	}
	p->rule->vendor = guid;
	return ok ? ATTEST_OK : parse_invalid(node, error, "not a GUID");
}

attest_status parse_variable(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	static const char *const members[] = {"name", "vendor", "sha256", NULL};
	struct json_node name = json_node_member(node, "name"), vendor = json_node_member(node, "vendor"),
			 sha256 = json_node_member(node, "sha256");
	struct texts *texts = &p->rule->texts;
	attest_status status = json_node_object(node, error);

	if (status == ATTEST_OK)
		status = json_node_only(node, members, error);
	if (status == ATTEST_OK && !json_is_array(name.value))
		status = parse_texts(p, &name, check_cmdline, texts, error);
	else if (status == ATTEST_OK)
		status = parse_invalid(&name, error, "one name is needed");
	if (status == ATTEST_OK && vendor.value != NULL)
		status = parse_vendor(p, &vendor, error);
	else if (status == ATTEST_OK)
		p->rule->vendor = variable_vendor(texts->items[0]);
	if (status == ATTEST_OK && p->rule->vendor == NULL)
		return parse_invalid(node, error, "whose variable this is must be said: \"vendor\", a GUID");
	if (status == ATTEST_OK && sha256.value != NULL)
		status = parse_sha256s(p, &sha256, error);
	return status;
}

/* As firmware and shim call what they found a certificate in. Under dbx and MokListX shim measures why it refused. */
static const char *const authorities[] = {"db", "vendor_db", "Shim", "MokList", "MokListRT"};
enum { N_AUTHORITIES = sizeof(authorities) / sizeof(authorities[0]) };

static attest_status check_authority(const struct json_node *node, const char *text, struct attest_error *error)
{
	(void)text;
	return parse_choice(node, authorities, N_AUTHORITIES, &(size_t){0}, error);
}

static attest_status any_authority(struct rule_parsing *p, struct attest_error *error)
{
	p->rule->texts = (struct texts){arena_copy(&p->policy->arena, authorities, sizeof(authorities)), N_AUTHORITIES};
	return p->rule->texts.items == NULL ? fail_memory(error) : ATTEST_OK;
}

attest_status parse_authority(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	static const char *const members[] = {"certificate", "variable", NULL};
	struct json_node certificate = json_node_member(node, "certificate"),
			 variable = json_node_member(node, "variable");
	attest_status status = json_node_object(node, error);

	if (status == ATTEST_OK)
		status = json_node_only(node, members, error);
	if (status == ATTEST_OK)
		status = variable.value == NULL ? any_authority(p, error)
						: parse_texts(p, &variable, check_authority, &p->rule->texts, error);
	return status == ATTEST_OK ? parse_sha256s(p, &certificate, error) : status;
}
