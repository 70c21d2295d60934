import type { AccountView, NoticeView, OperatorView, SessionView } from '@parapet/core'

import { HOSTILE } from './fixtures.js'

const HOUR = 3_600_000

type Person = {
  /** operators and passkeys that were removed */
  readonly gone: Set<string>
  readonly operator: { readonly id: string; readonly name: string; readonly role: 'admin' | 'viewer' }
  readonly empty: boolean
}

const accountOf = ({ operator, empty, gone }: Person, now: number): AccountView => ({
  ...operator,
  factorRequired: false,
  totp: empty ? null : { createdAt: now - HOUR },
  passkeys: empty
    ? []
    : [
        { id: 'k1', name: 'Key on my ring', createdAt: now - 9 * HOUR, lastUsedAt: now - HOUR, synced: false },
        { id: 'k2', name: HOSTILE.long.slice(0, 80), createdAt: now - 30 * HOUR, lastUsedAt: null, synced: true },
      ].filter(({ id }) => !gone.has(id)),
  recoveryCodes: empty ? 0 : 2,
  passwordChangedAt: empty ? null : now - 5 * HOUR,
})

const sessionsOf = ({ empty }: Person, now: number): readonly SessionView[] =>
  ['Firefox on Linux', 'Safari on iPhone', 'an unknown device'].slice(0, empty ? 1 : 3).map((device, at) => ({
    id: `session-${at}`,
    current: at === 0,
    device,
    address: at === 2 ? null : '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
    createdAt: now - (at + 1) * HOUR,
    seenAt: now - at * HOUR,
    expiresAt: now + HOUR,
  }))

const noticesOf = ({ empty }: Person, now: number): readonly NoticeView[] =>
  (['lockout', 'new_device', 'factor_added', 'reset_started', 'session_ended'] as const).slice(0, empty ? 0 : 5).map((kind, at) => ({
    id: `notice-${at}`,
    at: now - at * HOUR,
    kind,
    address: '203.0.113.9',
    device: 'Chrome on Windows',
    detail: kind === 'factor_added' ? `passkey ${HOSTILE.long.slice(0, 80)}` : null,
    by: kind === 'reset_started' ? 'grace' : null,
  }))

const operatorsOf = ({ operator, empty }: Person, now: number): readonly OperatorView[] => [
  { ...operator, createdAt: now - 90 * HOUR, lastSignInAt: now, secured: !empty, resetPending: false },
  ...(empty
    ? []
    : [
        {
          id: 'o2',
          name: HOSTILE.long.slice(0, 80),
          role: 'viewer' as const,
          createdAt: now,
          lastSignInAt: null,
          secured: false,
          resetPending: true,
        },
        { id: 'o3', name: 'grace', role: 'admin' as const, createdAt: now, lastSignInAt: now - HOUR, secured: false, resetPending: false },
      ]),
]

/** What the control plane answers about the signed-in operator's account and about other operators; `undefined` for other routes. */
export const answerAccount = (route: string, world: Person): { readonly status: number; readonly body: unknown } | undefined => {
  const now = Date.now()
  const removed = /^DELETE \/v1\/(?:operators|account\/passkeys)\/([^/]+)$/.exec(route)?.[1]
  if (removed !== undefined) {
    world.gone.add(removed)
    return { status: 204, body: undefined }
  }
  switch (route) {
    case 'GET /v1/account':
      return { status: 200, body: accountOf(world, now) }
    case 'POST /v1/account/totp':
      return { status: 200, body: { enrolment: 'e1', secret: 'JBSWY3DPEHPK3PXP', uri: 'otpauth://totp/x', svg: '<svg/>' } }
    case 'POST /v1/account/recovery-codes':
      return { status: 200, body: { recoveryCodes: ['aaaaa-bbbbb', 'ccccc-ddddd'] } }
    case 'GET /v1/account/sessions':
      return { status: 200, body: { items: sessionsOf(world, now) } }
    case 'GET /v1/account/notices':
      return { status: 200, body: { items: noticesOf(world, now) } }
    case 'GET /v1/operators':
      return { status: 200, body: { items: operatorsOf(world, now).filter(({ id }) => !world.gone.has(id)) } }
    default:
      return undefined
  }
}
