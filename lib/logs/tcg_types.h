/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcg_types.h - the event types that are told apart by more than their name: PFP 1.06, 10.4.1.
 */
#ifndef LOGS_TCG_TYPES_H
#define LOGS_TCG_TYPES_H

#include <stdint.h>

/* An enum has no values past INT_MAX. */
#define EV_POST_CODE                     UINT32_C(0x00000001)
#define EV_NO_ACTION                     UINT32_C(0x00000003)
#define EV_SEPARATOR                     UINT32_C(0x00000004)
#define EV_EVENT_TAG                     UINT32_C(0x00000006)
#define EV_S_CRTM_CONTENTS               UINT32_C(0x00000007)
#define EV_S_CRTM_VERSION                UINT32_C(0x00000008)
#define EV_IPL                           UINT32_C(0x0000000D)
#define EV_POST_CODE2                    UINT32_C(0x00000013)
#define EV_EFI_VARIABLE_DRIVER_CONFIG    UINT32_C(0x80000001)
#define EV_EFI_VARIABLE_BOOT             UINT32_C(0x80000002)
#define EV_EFI_BOOT_SERVICES_APPLICATION UINT32_C(0x80000003)
#define EV_EFI_BOOT_SERVICES_DRIVER      UINT32_C(0x80000004)
#define EV_EFI_RUNTIME_SERVICES_DRIVER   UINT32_C(0x80000005)
#define EV_EFI_GPT_EVENT                 UINT32_C(0x80000006)
#define EV_EFI_PLATFORM_FIRMWARE_BLOB    UINT32_C(0x80000008)
#define EV_EFI_HANDOFF_TABLES            UINT32_C(0x80000009)
#define EV_EFI_PLATFORM_FIRMWARE_BLOB2   UINT32_C(0x8000000A)
#define EV_EFI_HANDOFF_TABLES2           UINT32_C(0x8000000B)
#define EV_EFI_VARIABLE_BOOT2            UINT32_C(0x8000000C)
#define EV_EFI_GPT_EVENT2                UINT32_C(0x8000000D)
#define EV_EFI_VARIABLE_AUTHORITY        UINT32_C(0x800000E0)

/* Of EV_EVENT_TAG: Linux, drivers/firmware/efi/libstub/efistub.h. */
#define TAG_LINUX_INITRD       UINT32_C(0x8F3B22EC)
#define TAG_LINUX_LOAD_OPTIONS UINT32_C(0x8F3B22ED)

#endif
