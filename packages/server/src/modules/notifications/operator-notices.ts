import type { Level, NoticeKind } from '@parapet/core'
import type { NewNotice } from '../notices/index.js'
import type { NewNotification } from './types.js'

/** How each notice is told to the team, and how bad it is. What an operator does himself on purpose is informational. */
const TOLD: Readonly<Record<NoticeKind, { readonly level: Level; readonly title: string }>> = {
  new_device: { level: 'low', title: 'An operator signed in with a new device' },
  lockout: { level: 'medium', title: 'The sign-in of an operator is paused after failures' },
  password_changed: { level: 'informational', title: 'An operator changed the password' },
  factor_added: { level: 'informational', title: 'An operator added a second factor' },
  factor_removed: { level: 'medium', title: 'An operator removed a second factor' },
  recovery_code_used: { level: 'medium', title: 'An operator signed in with a recovery code' },
  recovery_codes_made: { level: 'informational', title: 'An operator made new recovery codes' },
  session_ended: { level: 'informational', title: 'A session of an operator was ended' },
  session_replayed: { level: 'high', title: 'A session of an operator was used twice and is revoked' },
  session_at_risk: { level: 'high', title: 'A session of an operator looks like somebody else’s' },
  reset_started: { level: 'medium', title: 'The account of an operator is being reset' },
  reset_finished: { level: 'medium', title: 'An operator set a new password with a one-time link' },
  role_changed: { level: 'medium', title: 'The role of an operator was changed' },
}

/** A notice of an operator's account as the team is told of it: he himself may be the one who cannot see it. */
export const tellNotice = (operatorName: string, { kind, address, device, detail, by }: NewNotice): NewNotification => {
  const facts = [
    `Operator: ${operatorName}.`,
    ...(address === undefined ? [] : [`Address: ${address}.`]),
    ...(device === undefined ? [] : [`Device: ${device}.`]),
    ...(detail === undefined ? [] : [`${detail}.`]),
    ...(by === undefined ? [] : [`By ${by}.`]),
  ]
  const { level, title } = TOLD[kind]
  return {
    kind: 'operator',
    level,
    title,
    text: `${facts.join(' ')} Ask him when it was not to be expected.`,
    href: '/operators',
    group: `${kind}:${operatorName}`,
  }
}
