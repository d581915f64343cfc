/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest_policy_convert(): what BlindLlama and AICert shipped, as libattest-policy-v1.
 */
#include "base/json_write.h"
#include "reading.h"

attest_status attest_policy_convert(const struct attest_document *policy, char **ret_json, struct attest_error *error)
{
	struct attest_error e = {0};
	struct reading reading = {NULL, NULL, NULL};
	attest_status status = reading_open(policy, &reading, &e);

	if (status == ATTEST_OK)
		status = reading_write(json_incref(reading.root), true, ret_json, &e);
	reading_close(&reading);
	if (error != NULL)
		*error = e;
	return status;
}
