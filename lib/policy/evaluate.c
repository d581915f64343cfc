/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ima_rules.h"
#include "policy.h"

const char *pcr_meaning(uint8_t index)
{
	static const char *const meanings[LIMIT_PCRS] = {
		"firmware code",
		"firmware configuration",
		"option ROM code",
		"option ROM configuration",
		"boot loader and kernel images",
		"boot loader configuration, partition table",
		"platform manufacturer's own",
		"Secure Boot state and keys",
		"boot loader commands, outputs of a job",
		"files read by the boot loader, initrd",
		"files by IMA",
		"unified kernel image and boot phases",
		"kernel command line, credentials, add-ons",
		"system extensions",
		"what is served: configuration, images, weights",
		"end of measurement and TLS key",
		"debug (resettable)",
		"dynamic launch",
		"dynamic launch",
		"dynamic launch",
		"dynamic launch",
		"dynamic launch",
		"dynamic launch",
		"application (resettable)",
	};

	return index < LIMIT_PCRS && meanings[index] != NULL ? meanings[index] : "not assigned";
}

/* PC Client Platform TPM Profile 1.05, 4.6.2: any software may reset these two. */
bool pcr_is_resettable(uint8_t index)
{
	return index == 16 || index == 23;
}

attest_status pcr_with_separator(uint16_t bank, struct digest *ret_value, struct attest_error *error)
{
	static const uint8_t zeros[DIGEST_MAX];
	struct slice separator = slice_of(zeros, 4), parts[2];
	struct digest event;
	attest_status status = digest_compute(bank, &separator, 1, &event, error);

	parts[0] = slice_of(zeros, digest_size(bank));
	parts[1] = digest_slice(&event);
	return status == ATTEST_OK ? digest_compute(bank, parts, 2, ret_value, error) : status;
}

bool policy_has_own_values(const struct policy *policy)
{
	bool has = policy->n_pins > 0 || policy->application_disk.len > 0 || policy->n_containers > 0 ||
		   policy->ima != NULL;

	for (size_t i = 0; i < LIMIT_PCRS; i++)
		has = has || (policy->ruled[i] != NULL && rules_are_golden(policy->ruled[i]));
	return has;
}

/* Each release has some. */
bool policy_has_golden_values(const struct policy *policy)
{
	return policy_has_own_values(policy) || policy->n_releases > 0;
}

void policy_error(struct findings *findings, const struct policy *policy, struct attest_error *e, attest_status status,
		  const char *hint, const char *message)
{
	if (policy->release == NULL)
		(void)fail(e, status, NULL, "%s (policy \"%.80s\")", message, policy->name);
	else
		(void)fail(e, status, NULL, "%s (policy \"%.60s\", release \"%.60s\")", message, policy->root->name,
			   policy->release);
	finding_error(findings, ATTEST_STEP_POLICY, e, hint);
}

static const struct pin_value *find_value(const struct pin *pin, const struct digest *quoted)
{
	for (size_t i = 0; i < pin->n_values; i++)
		if (slice_equal(digest_slice(&pin->values[i].value), digest_slice(quoted)))
			return &pin->values[i];
	return NULL;
}

static enum pin_match match_own_pin(const struct policy *policy, const struct pcr_value *pcr, const char **ret_name)
{
	const struct pin *pin = &policy->pins[pcr->index];
	const struct pin_value *value = find_value(pin, &pcr->value);

	*ret_name = value == NULL ? NULL : value->name;
	if (pin->kind == PIN_NONE || pcr->value.alg != policy->bank)
		return PIN_SAYS_NOTHING;
	if (pin->kind == PIN_IGNORE)
		return PIN_IGNORED;
	return value != NULL ? PIN_MATCHES : PIN_DIFFERS;
}

/* Whichever release holds: its value counts as pinned where all of them pin the PCR, and differs where it does for all.
 */
enum pin_match policy_match_pin(const struct policy *policy, const struct pcr_value *pcr, const char **ret_name)
{
	enum pin_match own = match_own_pin(policy, pcr, ret_name), match = own;
	size_t n_pin = 0, n_differ = 0;
	const char *found = NULL;

	for (size_t i = 0; i < policy->n_releases; i++) {
		const char *name;
		enum pin_match m = match_own_pin(&policy->releases[i], pcr, &name);

		n_pin += m >= PIN_MATCHES;
		n_differ += m == PIN_DIFFERS;
		found = m == PIN_MATCHES && found == NULL ? name : found;
		match = m == PIN_IGNORED && match == PIN_SAYS_NOTHING ? m : match;
	}
	if (own >= PIN_MATCHES || n_pin == 0 || n_pin < policy->n_releases)
		return match;
	*ret_name = found;
	return n_differ == n_pin ? PIN_DIFFERS : PIN_MATCHES;
}

static bool holds_own_pcr(const struct policy *policy, uint8_t index)
{
	return policy->pins[index].kind == PIN_VALUES ||
	       (policy->ruled[index] != NULL && rules_are_golden(policy->ruled[index]));
}

bool policy_holds_pcr(const struct policy *policy, const struct pcr_value *pcr)
{
	bool all = policy->n_releases > 0;

	if (pcr->value.alg != policy->bank)
		return false;
	for (size_t i = 0; i < policy->n_releases; i++)
		all = all && holds_own_pcr(&policy->releases[i], pcr->index);
	return all || holds_own_pcr(policy, pcr->index);
}

/* Where the proof holds the events of the PCR, the reader should see them. */
static const char *mismatch_hint(const struct evidence *evidence, const struct pcr_value *pcr)
{
	if (evidence->replay->proven[pcr->index] && replay_state(evidence->replay, pcr) == PCR_EXPLAINED)
		return "the proof holds the events of this PCR: compare them with those of a machine you know "
		       "(--reference)";
	return "the machine runs something else than the policy expects, or the policy is out of date; the proof holds "
	       "no event of this PCR";
}

static void check_value(const struct policy *policy, const struct pin *pin, const struct pcr_value *pcr,
			const struct evidence *evidence, struct findings *findings)
{
	struct attest_error e = {0};
	char hex[HEX_SIZE(DIGEST_MAX)];

	if (find_value(pin, &pcr->value) != NULL)
		return;
	hex_encode(digest_slice(&pin->values[0].value), hex);
	error_where(&e, "PCR %u (%s), bank %s", pcr->index, pcr_meaning(pcr->index), digest_name(pcr->value.alg));
	if (pin->n_values > 1)
		error_expected(&e, "%s or %zu others", hex, pin->n_values - 1);
	else
		error_expected(&e, "%s", hex);
	hex_encode(digest_slice(&pcr->value), hex);
	error_found(&e, "%s", hex);
	policy_error(findings, policy, &e, ATTEST_E_PIN_MISMATCH, mismatch_hint(evidence, pcr),
		     "the PCR has not the pinned value");
}

void policy_check_resettable(const struct policy *policy, uint8_t index, const char *what, struct findings *findings)
{
	struct attest_error e = {0};

	if (!pcr_is_resettable(index) || policy->accept_resettable)
		return;
	error_where(&e, "PCR %u", index);
	policy_error(findings, policy, &e, ATTEST_E_RESETTABLE,
		     "measure into another PCR; \"resettable_pcrs\": \"accept\" in the policy gives up this protection",
		     what);
}

static void check_pins(const struct policy *policy, const struct evidence *evidence, struct findings *findings)
{
	for (uint8_t i = 0; i < LIMIT_PCRS; i++) {
		const struct pin *pin = &policy->pins[i];
		const struct pcr_value *pcr = pcr_values_find(evidence->pcrs, policy->bank, i);
		struct attest_error e = {0};

		if (pin->kind != PIN_VALUES)
			continue;
		policy_check_resettable(policy, i,
					"the policy pins a PCR that any software can reset: its value proves nothing",
					findings);
		if (pcr != NULL) {
			check_value(policy, pin, pcr, evidence, findings);
			continue;
		}
		error_where(&e, "PCR %u (%s), bank %s", i, pcr_meaning(i), digest_name(policy->bank));
		policy_error(findings, policy, &e, ATTEST_E_PIN_MISSING,
			     "ask for a quote that covers this PCR in this bank",
			     "the policy pins a PCR that was not quoted");
	}
}

static void check_platform(const struct policy *policy, const struct evidence *evidence, struct findings *findings)
{
	struct attest_error e = {0};

	if (policy->n_platforms == 0 || evidence->platform == NULL) /* without a valid chain there is none to check */
		return;
	for (size_t i = 0; i < policy->n_platforms; i++)
		if (strcmp(policy->platforms[i], evidence->platform) == 0)
			return;
	error_expected(&e, "%s%s", policy->platforms[0], policy->n_platforms > 1 ? " or another of the policy" : "");
	error_found(&e, "%s", evidence->platform);
	policy_error(findings, policy, &e, ATTEST_E_PLATFORM,
		     "if machines of this platform may be trusted too, add it to \"platforms\" of the policy",
		     "the policy does not allow this platform");
}

static void check_disk(const struct policy *policy, const struct evidence *evidence, struct findings *findings)
{
	struct slice disk = evidence->proof->application_disk;
	struct attest_error e = {0};
	char hex[HEX_SIZE(32)];

	if (policy->application_disk.len == 0)
		return;
	error_where(&e, "application disk");
	hex_encode(policy->application_disk, hex);
	error_expected(&e, "%s", hex);
	if (disk.len == 0) {
		policy_error(findings, policy, &e, ATTEST_E_EVENT,
			     "ask for a proof of a machine that runs an application disk",
			     "the proof names no application disk");
	} else if (!evidence->replay->proven[PCR_TLS]) {
		policy_error(findings, policy, &e, ATTEST_E_EVENT,
			     "ask for a proof that quotes PCR 15 and holds its log as it was measured",
			     "the application disk's root hash is not proven: PCR 15 does not replay");
	} else if (!slice_equal(disk, policy->application_disk)) {
		hex_encode(disk, hex);
		error_found(&e, "%s", hex);
		policy_error(findings, policy, &e, ATTEST_E_EVENT,
			     "the machine runs another application: if you know that one, put its root hash into the "
			     "policy",
			     "the application disk has another root hash");
	}
}

static const struct container *find_container(const struct policy *policy, const char *image)
{
	for (size_t i = 0; i < policy->n_containers; i++)
		if (strcmp(policy->containers[i].image, image) == 0)
			return &policy->containers[i];
	return NULL;
}

/* {"event_type": "input_image", "content": {"spec": {"image_name": …}, "resolved": {"id": …}}} */
static void check_image(const struct policy *policy, const json_t *object, const char *where, struct findings *findings)
{
	const json_t *content = json_object_get(object, "content");
	const char *image = json_string_value(json_object_get(json_object_get(content, "spec"), "image_name"));
	const char *id = json_string_value(json_object_get(json_object_get(content, "resolved"), "id"));
	const struct container *container = image == NULL ? NULL : find_container(policy, image);
	struct attest_error e = {0};
	char text[120];

	if (container != NULL && id != NULL && strcmp(container->id, id) == 0)
		return;
	error_where(&e, "%s", where);
	if (container != NULL)
		error_expected(&e, "image id %s", printable_to(slice_of_string(container->id), text, sizeof(text)));
	error_found(&e, "%s",
		    printable_to(slice_of_string(container == NULL ? (image == NULL ? "no image name" : image)
								   : (id == NULL ? "no image id" : id)),
				 text, sizeof(text)));
	policy_error(findings, policy, &e, ATTEST_E_EVENT,
		     "if this image may be used, add its name and id to \"containers\" of the policy; else the machine "
		     "must not use it",
		     container == NULL ? "an image was used that the policy does not name"
				       : "an image has another id than the policy demands");
}

/* An event that strict JSON cannot read might be an image to a reader who is less strict. */
static void refuse_unreadable(const struct policy *policy, const char *where, struct findings *findings)
{
	struct attest_error e = {0};

	error_where(&e, "%s", where);
	error_expected(&e, "a JSON object, each member once");
	policy_error(findings, policy, &e, ATTEST_E_EVENT,
		     "measure images as text events alone, each one strict JSON object, and give their log",
		     "an event cannot be read, and could hide an image");
}

enum { PCR_IMAGES = 14, PCR_IMAGES_V1 = 16 };

struct images {
	const struct policy *policy;
	const struct evidence *evidence;
	struct findings *findings;
	uint32_t text_pcrs; /* bit n: PCR 14, or a log of texts covers PCR n: all its events must be texts */
	size_t n;
};

/* Only "event_type" says it, whatever else the event calls itself. */
static attest_status check_event(struct images *images, const struct event *event, const char *where,
				 struct attest_error *error)
{
	DEFER(json_decref_deferred) json_t *object = NULL;
	bool typed = event->kind == EVENT_TEXT && event->type != NULL;
	attest_status status = event_object(event, &object, error);
	const char *type = json_string_value(json_object_get(object, "event_type"));

	if (status == ATTEST_OK && !typed && object == NULL && (images->text_pcrs >> event->pcr & 1) != 0 &&
	    !replay_is_plain_text(images->evidence->replay, event))
		refuse_unreadable(images->policy, where, images->findings);
	if (type == NULL || strcmp(type, "input_image") != 0)
		return status;
	/* AICert measures images into PCR 14, BlindLlama v1 did into PCR 16; elsewhere others may measure a text. */
	images->n += event->pcr == PCR_IMAGES || event->pcr == PCR_IMAGES_V1;
	policy_check_resettable(images->policy, event->pcr,
				"the event of an image is in a PCR that any software can reset: it proves nothing",
				images->findings);
	check_image(images->policy, object, where, images->findings);
	return status;
}

static attest_status check_log(struct images *images, const struct log *log, struct attest_error *error)
{
	struct log_cursor cursor;
	struct event event;
	bool more = true;
	attest_status status = log_begin(&cursor, log, error);

	while (status == ATTEST_OK) {
		char where[160];

		status = log_next(&cursor, &event, &more, error);
		if (status != ATTEST_OK || !more)
			break;
		if (!event.measured || !images->evidence->replay->proven[event.pcr])
			continue;
		(void)snprintf(where, sizeof(where), "%.100s, event %zu", log->place, cursor.number - 1);
		status = check_event(images, &event, where, error);
	}
	log_end(&cursor);
	return status;
}

static attest_status check_containers(const struct policy *policy, const struct evidence *evidence,
				      struct findings *findings, struct attest_error *error)
{
	struct images images = {.policy = policy, .evidence = evidence, .findings = findings};
	const struct log *logs = evidence->proof->logs;
	attest_status status = ATTEST_OK;
	struct attest_error e = {0};

	if (policy->n_containers == 0)
		return ATTEST_OK;
	images.text_pcrs = 1u << PCR_IMAGES;
	for (size_t i = 0; i < evidence->proof->n_logs; i++)
		if (logs[i].walker == &walk_texts)
			images.text_pcrs |= 1u << logs[i].pcr;
	for (size_t i = 0; status == ATTEST_OK && i < evidence->proof->n_logs; i++)
		if (!evidence->replay->logs[i].broken)
			status = check_log(&images, &logs[i], error);
	if (status == ATTEST_OK && images.n == 0)
		policy_error(findings, policy, &e, ATTEST_E_EVENT,
			     "ask for a proof of a job that measured its images, with the log of PCR 14",
			     "no event that was measured into PCR 14 names a container image");
	return status;
}

attest_status policies_check_vendor(struct policy *const *policies, size_t n, const char *platform,
				    struct findings *findings)
{
	struct attest_error e = {0};

	if (platform == NULL || strcmp(platform, "vendor") != 0)
		return ATTEST_OK;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < policies[i]->n_platforms; k++)
			if (strcmp(policies[i]->platforms[k], platform) == 0)
				return ATTEST_OK;
	error_found(&e, "vendor");
	(void)fail(&e, ATTEST_E_PLATFORM, NULL,
		   "a TPM of somebody's own machine, who may have extended anything: no policy allows this platform");
	finding_error(findings, ATTEST_STEP_POLICY, &e,
		      "if you trust whoever holds such a machine, say \"platforms\": [\"vendor\"] in the policy");
	return e.status;
}

attest_status policy_check_values(const struct policy *policy, const struct evidence *evidence,
				  struct findings *findings, struct attest_error *error)
{
	attest_status status;

	check_pins(policy, evidence, findings);
	check_disk(policy, evidence, findings);
	status = check_containers(policy, evidence, findings, error);
	if (status == ATTEST_OK)
		status = policy_check_rules(policy, evidence, findings, error);
	if (status == ATTEST_OK && policy->ima != NULL)
		status = ima_rules_check(policy->ima, policy, evidence, findings, error);
	return status;
}

attest_status policy_evaluate(const struct policy *policy, const struct evidence *evidence, struct findings *findings,
			      struct attest_error *error)
{
	attest_status status;

	check_platform(policy, evidence, findings);
	status = policy_check_values(policy, evidence, findings, error);
	return status == ATTEST_OK ? policy_check_releases(policy, evidence, findings, error) : status;
}
