import { type Author, type Decision, type DecisionRequest, parseDuration, parseRange, ParapetError, uuidv7 } from '@parapet/core'
import type { NewDecision } from './policy.js'
import { LONGEST_DECISION, SHORTEST_DECISION } from './policy-reader.js'
import type { ProtectedTargets } from './protected-targets.js'
import { oneLine } from './text.js'
import { rangeOfTarget, type Target, targetOfRange, tooWide } from './targets.js'

const MAX_REASON = 500
const MAX_NAME = 256

const invalid = (detail: string): ParapetError => new ParapetError('PPT_INVALID', detail)

const addressTarget = (target: Target): Target => {
  if (parseRange(target.value) === undefined) throw new ParapetError('PPT_ADDRESS_INVALID', 'target.value')
  // what is written decides: an `ip` with a prefix is a range
  const range = rangeOfTarget(target.kind === 'ip' && target.value.includes('/') ? { ...target, kind: 'cidr' } : target)
  if (range === undefined) throw new ParapetError('PPT_ADDRESS_INVALID', 'target.value')
  const wide = tooWide(range)
  if (wide !== undefined) throw invalid(`target.value: ${wide}`)
  return targetOfRange(range)
}

const checkTarget = (target: Target): Target => {
  if (target.kind === 'ip' || target.kind === 'cidr') return addressTarget(target)
  if (target.kind === 'user' || target.kind === 'session') {
    const value = target.value.trim()
    if (value === '' || value.length > MAX_NAME || oneLine(value, MAX_NAME) !== value) {
      throw invalid(`target.value takes an id of 1 to ${MAX_NAME} characters without control characters`)
    }
    return { kind: target.kind, value }
  }
  throw invalid('target.kind takes ip, cidr, user or session')
}

/**
 * Turns what an operator, a token or the command asks for into a decision that starts at `now` (ms UTC). The caller names itself in
 * `by`. Throws `PPT_ADDRESS_INVALID`, `PPT_PROTECTED_TARGET` and `PPT_INVALID`, the detail naming the field.
 */
export const validateRequest = (
  request: DecisionRequest,
  protectedTargets: ProtectedTargets,
  now: number,
  by: { readonly author?: Author; readonly newId?: () => string } = {},
): NewDecision => {
  const target = checkTarget(request.target)
  if (request.action !== 'deny') throw invalid('action takes deny')
  if (request.scope !== 'login' && request.scope !== 'all') throw invalid('scope takes login or all')
  const duration = parseDuration(request.duration)
  if (duration === undefined || duration < SHORTEST_DECISION || duration > LONGEST_DECISION) {
    throw invalid('duration takes 1m to 30d, such as 15m, 1h or 7d')
  }
  const reason = oneLine(request.reason, MAX_REASON)
  if (reason === '') throw invalid('reason says why, for whoever looks at it later')
  const why = protectedTargets.reasonFor(target)
  if (why !== undefined) throw new ParapetError('PPT_PROTECTED_TARGET', why)
  const newId = by.newId ?? ((): string => uuidv7(now))
  return {
    id: newId(),
    target,
    action: request.action,
    scope: request.scope,
    mode: 'enforce',
    reason,
    author: by.author ?? { kind: 'operator', id: 'unnamed' },
    batch: newId(),
    startsAt: now,
    expiresAt: now + duration,
  }
}

/**
 * Takes a decision back before it expires. One that was taken back already stays as it is, so that undoing twice does no harm and
 * the record keeps who did it first. `at` in ms UTC.
 */
export const lift = (decision: Decision, by: { readonly at: number; readonly by: Author; readonly reason: string }): Decision =>
  decision.lifted === undefined ? { ...decision, lifted: { at: by.at, by: by.by, reason: oneLine(by.reason, MAX_REASON) } } : decision
