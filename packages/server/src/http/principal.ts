import { type AuditEntry, type Author, ParapetError, type PersonRef } from '@parapet/core'
import type { Permission, Role } from './permissions.js'

/** Who sends a request. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'local' }
  | {
      readonly kind: 'token'
      readonly id: string
      readonly name: string
      readonly scopes: ReadonlySet<Permission>
      /** set when the token belongs to a source */
      readonly source?: { readonly id: string; readonly name: string }
      readonly expiresAt?: number
    }
  | {
      readonly kind: 'operator'
      readonly id: string
      readonly name: string
      readonly role: Role
      readonly permissions: ReadonlySet<Permission>
      readonly session: string
      readonly expiresAt: number
      /** when the operator last proved who he is; ms UTC */
      readonly authenticatedAt: number
      /** the rules ask for a second factor and there is none yet: nothing but enrolling opens */
      readonly mustEnrol: boolean
      /** of the operator, when the session began: acts that outlive the session hold only while it is the same */
      readonly generation: number
    }

/** True when the principal holds a permission. */
export const may = (principal: Principal, permission: Permission): boolean => {
  if (principal.kind === 'local') return true
  if (principal.kind === 'token') return principal.scopes.has(permission)
  return principal.kind === 'operator' && principal.permissions.has(permission)
}

/** One text for one principal: what is counted, listed and closed together. */
export const principalKey = (principal: Principal): string => {
  if (principal.kind === 'operator') return `session:${principal.session}`
  return principal.kind === 'token' ? `token:${principal.id}` : principal.kind
}

/** The principal as the actor of an audit entry. */
export const actorOf = (principal: Principal): AuditEntry['actor'] => {
  if (principal.kind === 'anonymous') return { kind: 'anonymous', id: 'anonymous' }
  if (principal.kind === 'local') return { kind: 'token', id: 'local', name: 'command on this machine' }
  if (principal.kind === 'operator') return { kind: 'operator', id: principal.id, name: principal.name }
  if (principal.source !== undefined) return { kind: 'source', id: principal.source.id, name: principal.source.name }
  return { kind: 'token', id: principal.id, name: principal.name }
}

/** The principal as the author of a decision. */
export const authorOf = (principal: Principal): Author => {
  if (principal.kind === 'operator') return { kind: 'operator', id: principal.id, name: principal.name }
  if (principal.kind === 'token') return { kind: 'token', id: principal.id, name: principal.name }
  return { kind: 'cli', id: 'local', name: 'command on this machine' }
}

/** The principal as somebody by id and name. */
export const personOf = (principal: Principal): PersonRef => {
  const { id, name } = authorOf(principal)
  return { id, name: name ?? id }
}

/** The operator of a route that only operators reach. */
export const asOperator = (principal: Principal): Extract<Principal, { kind: 'operator' }> => {
  if (principal.kind !== 'operator') throw new ParapetError('PPT_FORBIDDEN', 'only for a signed-in operator')
  return principal
}
