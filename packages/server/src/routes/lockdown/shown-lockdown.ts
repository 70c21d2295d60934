import { type Lockdown, parseDuration, ParapetError } from '@parapet/core'
import type { z } from 'zod'
import { lockdownModeSchema } from '../../http/enforcement-schemas.js'
import { authorOf, type Principal } from '../../http/principal.js'
import { line } from '../../http/query-schemas.js'
import type { LockdownWish } from '../../modules/lockdown/index.js'
import type { NameView } from '../../modules/names/index.js'

/** What every request for a lockdown says. */
export const wishFields = { mode: lockdownModeSchema, duration: line(32) }

/** The wish of a request. Errors: `PPT_INVALID` for a duration that is none. */
export const readWish = (body: z.output<z.ZodObject<typeof wishFields>>): LockdownWish => {
  const durationMs = parseDuration(body.duration)
  if (durationMs === undefined) throw new ParapetError('PPT_INVALID', 'duration takes 1m to 24h, such as 15m or 1h')
  return { mode: body.mode, durationMs }
}

/**
 * Who asks, and from where. The token of this machine can only be read on it: where a proxy of this machine is declared, its command comes
 * without the header that names a client, and is not somebody unknown for that.
 */
export const callerOf = (principal: Principal, address: string | undefined) => ({
  by: authorOf(principal),
  address: address ?? (principal.kind === 'local' ? '127.0.0.1' : undefined),
})

/** A lockdown as somebody may see it: a reason may name people. */
export const shownLockdown =
  ({ hides }: Pick<NameView, 'hides'>) =>
  (lockdown: Lockdown): Lockdown =>
    hides ? { ...lockdown, reason: '' } : lockdown
