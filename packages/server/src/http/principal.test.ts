import { describe, expect, it } from 'vitest'
import { PERMISSIONS, type Permission, ROLE_PERMISSIONS, SOURCE_PERMISSIONS } from './permissions.js'
import { actorOf, authorOf, may, type Principal, principalKey } from './principal.js'

const operator = (role: 'admin' | 'viewer'): Principal => ({
  kind: 'operator',
  id: 'o1',
  name: 'Ann',
  role,
  permissions: ROLE_PERMISSIONS[role],
  session: 's1',
  expiresAt: 1,
  authenticatedAt: 1,
  mustEnrol: false,
  generation: 0,
})
const token = (...scopes: Permission[]): Principal => ({ kind: 'token', id: 't1', name: 'ci', scopes: new Set(scopes) })
const source: Principal = {
  kind: 'token',
  id: 't2',
  name: 'shop',
  scopes: new Set(SOURCE_PERMISSIONS),
  source: { id: 'src', name: 'shop' },
}
const local: Principal = { kind: 'local' }
const anonymous: Principal = { kind: 'anonymous' }

const held = (principal: Principal): Permission[] => PERMISSIONS.filter((permission) => may(principal, permission))

describe('may', () => {
  it('gives strangers nothing', () => {
    expect(held(anonymous)).toEqual([])
  })

  it('gives viewers what reads, and admins everything', () => {
    expect(held(operator('viewer'))).toEqual([
      'events.read',
      'alerts.read',
      'decisions.read',
      'feeds.read',
      'subjects.read',
      'notifications.read',
      'incidents.read',
      'audit.read',
    ])
    expect(held(operator('admin'))).toEqual([...PERMISSIONS])
  })

  it('gives a token its scopes and not one more [ASVS 8.2.1]', () => {
    expect(held(token())).toEqual([])
    expect(held(token('alerts.read', 'tokens.manage'))).toEqual(['alerts.read', 'tokens.manage'])
  })

  it('lets a source send and obey', () => {
    expect(held(source)).toEqual(['events.write', 'decisions.read'])
  })

  it('lets commands on this machine do everything', () => {
    expect(held(local)).toEqual([...PERMISSIONS])
  })
})

describe('principalKey', () => {
  it('keeps apart who must be counted and closed apart', () => {
    const keys = [operator('admin'), token(), source, local, anonymous].map(principalKey)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('is the session of an operator, so that two browsers of one person are two', () => {
    const other = { ...operator('admin'), session: 's2' } as Principal
    expect(principalKey(operator('admin'))).not.toBe(principalKey(other))
  })
})

describe('who stands in the record and on a decision', () => {
  it('is the person, the token, the source or the command', () => {
    expect([operator('admin'), token(), source, local, anonymous].map((one) => actorOf(one).kind)).toEqual([
      'operator',
      'token',
      'source',
      'token',
      'anonymous',
    ])
    expect(actorOf(source)).toEqual({ kind: 'source', id: 'src', name: 'shop' })
    expect(actorOf(operator('viewer'))).toEqual({ kind: 'operator', id: 'o1', name: 'Ann' })
  })

  it('as author is an operator, a token, or the command', () => {
    expect(authorOf(operator('admin'))).toEqual({ kind: 'operator', id: 'o1', name: 'Ann' })
    expect(authorOf(token())).toEqual({ kind: 'token', id: 't1', name: 'ci' })
    expect(authorOf(local)).toMatchObject({ kind: 'cli', id: 'local' })
  })
})
