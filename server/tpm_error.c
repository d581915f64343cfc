/* SPDX-License-Identifier: Apache-2.0 */
/* Tss2_RC_Decode() overflowed in old versions (CVE-2023-22745), and its words help nobody: it is not used. */
#include "tpm_error.h"

#include <tss2/tss2_tpm2_types.h>

enum {
	RC_LAYER_SHIFT = 16,
	RC_FORMAT_ONE = 0x080,      /* Part 2, 6.6.2: the code is about a handle, session or parameter … */
	RC_FORMAT_ONE_MASK = 0x0BF, /* … whose number stands in the other bits */
};

static const char *layer_of(TSS2_RC rc)
{
	switch (rc & TSS2_RC_LAYER_MASK) {
	case TSS2_TPM_RC_LAYER:
		return "TPM";
	case TSS2_FEATURE_RC_LAYER:
		return "tss2-fapi";
	case TSS2_ESAPI_RC_LAYER:
		return "tss2-esys";
	case TSS2_SYS_RC_LAYER:
		return "tss2-sys";
	case TSS2_MU_RC_LAYER:
		return "tss2-mu";
	case TSS2_TCTI_RC_LAYER:
		return "TCTI";
	default:
		return "resource manager";
	}
}

static const struct {
	TSS2_RC code;
	const char *advice;
} tpm_words[] = {
	{TPM2_RC_INITIALIZE,       "the TPM was not started up; reboot, or give swtpm the flag startup-clear"        },
	{TPM2_RC_FAILURE,          "the TPM is in failure mode; reboot"                                              },
	{TPM2_RC_LOCKOUT,          "the TPM is locked out after failed authorisations; see tpm2_dictionarylockout(1)"},
	{TPM2_RC_RETRY,            "the TPM is busy; try again"						      },
	{TPM2_RC_OBJECT_MEMORY,
	 "the TPM has no room for another key; use the resource manager (--tcti device:/dev/tpmrm0), "
	 "or free the places of programs that died with tpm2_flushcontext -t"                                        },
	{TPM2_RC_NV_AUTHORIZATION, "the NV area may not be read without its authorisation"                           },
	{TPM2_RC_NV_UNINITIALIZED, "the NV area was never written"                                                   },
	{TPM2_RC_LOCALITY,         "the PCR may not be extended from this locality"                                  },
	{TPM2_RC_COMMAND_CODE,     "the TPM does not know the command"                                               },
};
static const struct {
	TSS2_RC code;
	const char *advice;
} parameter_words[] = {
	{TPM2_RC_AUTH_FAIL, "the hierarchy or key has an authorisation value, and the server knows none"},
	{TPM2_RC_BAD_AUTH,  "the hierarchy or key has an authorisation value, and the server knows none"},
	{TPM2_RC_HANDLE,    "there is nothing at that handle"                                           },
	{TPM2_RC_HIERARCHY, "the endorsement hierarchy is disabled"                                     },
	{TPM2_RC_SCHEME,    "the key signs with another scheme, or is no signing key"                   },
	{TPM2_RC_SIZE,      "the TPM takes no nonce of this length, or the template is no public area"  },
	{TPM2_RC_KEY,       "the key is no signing key"						 },
};

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *advice_of(TSS2_RC rc)
{
	TSS2_RC code = rc & ~TSS2_RC_LAYER_MASK;

	if ((rc & TSS2_RC_LAYER_MASK) == TSS2_TCTI_RC_LAYER)
		return "the connection to the TPM is gone or was never there; see that the TPM runs, check --tcti, and "
		       "start attest-server again";
	if ((rc & TSS2_RC_LAYER_MASK) == TSS2_ESAPI_RC_LAYER && code == TSS2_BASE_RC_BAD_SEQUENCE)
		return "a command before it did not end; start attest-server again";
	for (size_t i = 0; (rc & TSS2_RC_LAYER_MASK) == 0 && i < N_OF(tpm_words); i++)
		if (tpm_words[i].code == code)
			return tpm_words[i].advice;
	for (size_t i = 0; (code & RC_FORMAT_ONE) != 0 && i < N_OF(parameter_words); i++)
		if ((code & RC_FORMAT_ONE_MASK) == (parameter_words[i].code & RC_FORMAT_ONE_MASK))
			return parameter_words[i].advice;
	return "see Part 2, 6.6 of the TPM 2.0 Library for the code";
}

attest_status tpm_fail(struct attest_error *error, TSS2_RC rc, const char *what)
{
	if ((rc & ~TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_MEMORY && (rc & TSS2_RC_LAYER_MASK) != 0)
		return fail_memory(error);
	error_found(error, "code 0x%06x of layer %u (%s)", rc, rc >> RC_LAYER_SHIFT & 0xFF, layer_of(rc));
	return fail(error, ATTEST_E_IO, NULL, "the TPM did not %s: %s", what, advice_of(rc));
}

bool tpm_is_no_handle(TSS2_RC rc)
{
	return (rc & TSS2_RC_LAYER_MASK) == 0 && (rc & RC_FORMAT_ONE) != 0 &&
	       (rc & RC_FORMAT_ONE_MASK) == (TPM2_RC_HANDLE & RC_FORMAT_ONE_MASK);
}
