import type { FactorMethod, SecondStep } from '@parapet/core'
import { z } from 'zod'
import { line } from '../../http/query-schemas.js'

/** JSON of a WebAuthn credential; what it holds is judged by the passkeys' part. */
export const credentialSchema = z.record(z.string().max(64), z.unknown())

/** Challenges and credentials as the browser takes them. */
export const webAuthnOptions = z.record(z.string(), z.unknown())

/** Ways of proving who one is. */
export const methodSchema = z.enum(['totp', 'passkey', 'recovery_code', 'password']) satisfies z.ZodType<FactorMethod>

/** A second factor: exactly one of the three. */
export const proofSchema = z
  .union([z.strictObject({ code: line(64) }), z.strictObject({ recoveryCode: line(64) }), z.strictObject({ passkey: credentialSchema })])
  .meta({ examples: [{ code: '492817' }] })

/** What the parts of the guard take. */
export const toProof = (
  body: z.output<typeof proofSchema>,
): { readonly code: string } | { readonly recoveryCode: string } | { readonly assertion: unknown } =>
  'passkey' in body ? { assertion: body.passkey } : body

/** The answer of a sign-in that waits for its second step. */
export const secondStepSchema = z
  .object({
    mfaRequired: z.literal(true),
    methods: z.array(methodSchema),
    expiresAt: z.int(),
    /** what `navigator.credentials.get` takes, where a passkey will do */
    passkey: webAuthnOptions.exactOptional(),
  })
  .meta({
    id: 'SecondStep',
    examples: [{ mfaRequired: true, methods: ['totp', 'recovery_code'], expiresAt: 1_795_200_300_000 }],
  }) satisfies z.ZodType<SecondStep>
