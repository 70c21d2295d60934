import { type AccountView, NOTICE_KINDS, type NoticeView, type PasskeyView, type SessionView } from '@parapet/core'
import { z } from 'zod'
import { ROLES } from '../../http/permissions.js'

/** A passkey on the wire. */
export const passkeySchema = z
  .object({ id: z.string(), name: z.string(), createdAt: z.int(), lastUsedAt: z.int().nullable(), synced: z.boolean() })
  .meta({
    id: 'Passkey',
    examples: [{ id: 'mIl1…', name: 'Key on my ring', createdAt: 1_795_200_000_000, lastUsedAt: null, synced: false }],
  }) satisfies z.ZodType<PasskeyView>

/** One's own account on the wire. */
export const accountSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    factorRequired: z.boolean(),
    totp: z.object({ createdAt: z.int() }).nullable(),
    passkeys: z.array(passkeySchema),
    recoveryCodes: z.int(),
    passwordChangedAt: z.int().nullable(),
  })
  .meta({
    id: 'Account',
    examples: [
      {
        id: '019a…',
        name: 'Ann',
        role: 'admin',
        factorRequired: true,
        totp: { createdAt: 1_795_200_000_000 },
        passkeys: [],
        recoveryCodes: 10,
        passwordChangedAt: null,
      },
    ],
  }) satisfies z.ZodType<AccountView>

/** One session of an operator on the wire. */
export const sessionSchema = z
  .object({
    id: z.string(),
    current: z.boolean(),
    device: z.string(),
    address: z.string().nullable(),
    createdAt: z.int(),
    seenAt: z.int(),
    expiresAt: z.int(),
  })
  .meta({
    id: 'Session',
    examples: [
      {
        id: '019a…',
        current: true,
        device: 'Firefox on Linux',
        address: '198.51.100.7',
        createdAt: 1_795_200_000_000,
        seenAt: 1_795_200_300_000,
        expiresAt: 1_795_243_200_000,
      },
    ],
  }) satisfies z.ZodType<SessionView>

/** One notice on the wire. */
export const noticeSchema = z
  .object({
    id: z.string(),
    at: z.int(),
    kind: z.enum(NOTICE_KINDS),
    address: z.string().nullable(),
    device: z.string().nullable(),
    detail: z.string().nullable(),
    by: z.string().nullable(),
  })
  .meta({
    id: 'Notice',
    examples: [
      {
        id: '019a…',
        at: 1_795_200_000_000,
        kind: 'new_device',
        address: '198.51.100.7',
        device: 'Firefox on Linux',
        detail: null,
        by: null,
      },
    ],
  }) satisfies z.ZodType<NoticeView>

/** Recovery codes, shown this once; `null` where the ones that are there stay good. */
export const recoveryCodesSchema = z
  .object({ recoveryCodes: z.array(z.string()).nullable() })
  .meta({ examples: [{ recoveryCodes: ['k7wq-2hfp-9xmd', '…'] }] })
