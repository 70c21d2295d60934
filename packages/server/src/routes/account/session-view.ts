import type { SessionView } from '@parapet/core'
import type { Session } from '@parapet/guard'
import { deviceName } from '../../modules/sessions/index.js'

/** A session as its operator and admins see it; `current` is the id of the one that asks. */
export const toSessionView = (session: Session, current: string | undefined): SessionView => ({
  id: session.id,
  current: session.id === current,
  device: deviceName(session.userAgent),
  address: session.address ?? null,
  createdAt: session.createdAt,
  seenAt: session.seenAt,
  expiresAt: session.expiresAt,
})
