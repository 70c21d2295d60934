import type { OperatorView } from '@parapet/core'
import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { ROLE_PERMISSIONS, ROLES, type Role } from '../../http/permissions.js'
import { may, type Principal } from '../../http/principal.js'
import type { Operator } from '../../modules/operators/index.js'

const EXAMPLE = {
  id: '019aa6c2-7d0a-7c55-9d0e-1f6f2d2c8a11',
  name: 'Ann',
  role: 'admin',
  createdAt: 1_795_200_000_000,
  lastSignInAt: null,
} as const

/** An operator on the wire. */
export const operatorSchema = z
  .object({ id: z.string(), name: z.string(), role: z.enum(ROLES), createdAt: z.int(), lastSignInAt: z.int().nullable() })
  .meta({ id: 'Operator', examples: [EXAMPLE] }) satisfies z.ZodType<Omit<Operator, 'generation'>>

/** An operator as admins see him. */
export const operatorViewSchema = z
  .object({ ...operatorSchema.shape, secured: z.boolean(), resetPending: z.boolean() })
  .meta({ id: 'OperatorView', examples: [{ ...EXAMPLE, secured: true, resetPending: false }] }) satisfies z.ZodType<OperatorView>

/** Nobody makes, becomes or takes over what he does not hold: a token that manages operators must not end as an admin. Throws `PPT_FORBIDDEN`. */
export const assertHolds = (principal: Principal, role: Role): void => {
  const lacks = [...ROLE_PERMISSIONS[role]].find((permission) => !may(principal, permission))
  if (lacks !== undefined) throw new ParapetError('PPT_FORBIDDEN', `you do not hold ${lacks} yourself`)
}

/** Who did it, for the notice of whom it was done to. */
export const byWhom = (principal: Principal): string =>
  principal.kind === 'operator' || principal.kind === 'token' ? principal.name : 'a command on the machine'
