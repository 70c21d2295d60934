import {
  type Author,
  type Decision,
  type DecisionAction,
  type DecisionRequest,
  type EnforcerKind,
  ENFORCER_KINDS,
  HOUR,
  parseDuration,
  parseRange,
  ParapetError,
  SECOND,
  type TargetKind,
  type ThrottleLimit,
  uuidv7,
} from '@parapet/core'
import type { NewDecision } from './policy.js'
import { LONGEST_DECISION, SHORTEST_DECISION } from './policy-reader.js'
import type { ProtectedTargets } from './protected-targets.js'
import { oneLine } from './text.js'
import { rangeOfTarget, type Target, targetOfRange, tooWide } from './targets.js'

const MAX_REASON = 500
const MAX_NAME = 256
const LARGEST_ASN = 4_294_967_295

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

const asnTarget = (value: string): Target => {
  const digits = /^(?:as)?([1-9]\d{0,9})$/i.exec(value)?.[1]
  if (digits === undefined || Number(digits) > LARGEST_ASN) throw invalid('target.value takes the number of a network, such as AS64500')
  return { kind: 'asn', value: `AS${digits}` }
}

const checkTarget = (target: Target): Target => {
  const value = target.value.trim()
  switch (target.kind) {
    case 'ip':
    case 'cidr':
      return addressTarget(target)
    case 'user':
    case 'session':
      if (value === '' || value.length > MAX_NAME || oneLine(value, MAX_NAME) !== value)
        throw invalid(`target.value takes an id of 1 to ${MAX_NAME} characters without control characters`)
      return { kind: target.kind, value }
    case 'country':
      if (!/^[a-z]{2}$/i.test(value)) throw invalid('target.value takes a country of two letters, such as DE')
      return { kind: 'country', value: value.toUpperCase() }
    case 'asn':
      return asnTarget(value)
    case 'all':
      break
  }
  throw invalid('target.kind takes ip, cidr, user, session, country or asn; everybody at once is the matter of a lockdown or a reset')
}

const EVERYBODY: readonly TargetKind[] = ['ip', 'cidr', 'user', 'session', 'country', 'asn']

/** What may be acted on, by action. A lockdown is no decision that is asked for here: it has a preflight and ends by itself. */
const ACTS_ON: Readonly<Partial<Record<DecisionAction, readonly TargetKind[]>>> = {
  deny: EVERYBODY,
  throttle: EVERYBODY,
  challenge: EVERYBODY,
  require_mfa: ['user', 'session'],
  require_reset: ['user'],
  suspend: ['user'],
  end_sessions: ['user', 'session'],
}

const checkAction = (action: DecisionAction, kind: TargetKind): void => {
  const kinds = Object.hasOwn(ACTS_ON, action) ? ACTS_ON[action] : undefined
  if (kinds === undefined) throw invalid(`action takes ${Object.keys(ACTS_ON).join(', ')}; a lockdown is started by itself`)
  if (!kinds.includes(kind)) throw invalid(`action ${action} acts on ${kinds.join(' or ')}, not on ${kind}`)
}

type Asked = Pick<NewDecision, 'action' | 'scope'> & { readonly target: Target }

/** Whether an enforcer can carry it out at all; the others stand before or beside the application, and know addresses only. */
const isAble = (kind: EnforcerKind, { action, scope, target }: Asked): boolean => {
  if (kind === 'guard' || kind === 'forward_auth') return true
  const ofAddress = action === 'deny' && (target.kind === 'ip' || target.kind === 'cidr')
  return ofAddress && scope === 'all'
}

const checkEnforcers = (wanted: readonly EnforcerKind[] | undefined, asked: Asked): readonly EnforcerKind[] | undefined => {
  if (wanted === undefined) return undefined
  const known = ENFORCER_KINDS.filter((kind) => wanted.includes(kind))
  if (known.length === 0 || known.length !== new Set(wanted).size) throw invalid(`enforcers takes some of ${ENFORCER_KINDS.join(', ')}`)
  const unable = known.filter((kind) => !isAble(kind, asked))
  if (unable.length > 0)
    throw invalid(`enforcers: ${unable.join(', ')} can only deny addresses and ranges with scope all; leave enforcers out or name others`)
  return known
}

const checkLimit = (limit: ThrottleLimit | undefined, action: DecisionAction): ThrottleLimit | undefined => {
  if (limit === undefined) return undefined
  if (action !== 'throttle') throw invalid('limit is of action throttle')
  const fits = Number.isSafeInteger(limit.limit) && limit.limit >= 1 && limit.limit <= 100_000
  if (!fits || !Number.isSafeInteger(limit.windowMs) || limit.windowMs < SECOND || limit.windowMs > HOUR)
    throw invalid('limit takes 1 to 100000 requests in a window of 1000 to 3600000 ms')
  return { limit: limit.limit, windowMs: limit.windowMs }
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
  const { action, scope } = request
  checkAction(action, target.kind)
  if (scope !== 'login' && scope !== 'all') throw invalid('scope takes login or all')
  const duration = parseDuration(request.duration)
  if (duration === undefined || duration < SHORTEST_DECISION || duration > LONGEST_DECISION) {
    throw invalid('duration takes 1m to 30d, such as 15m, 1h or 7d')
  }
  const enforcers = checkEnforcers(request.enforcers, { target, action, scope })
  const limit = checkLimit(request.limit, action)
  const reason = oneLine(request.reason, MAX_REASON)
  if (reason === '') throw invalid('reason says why, for whoever looks at it later')
  const why = protectedTargets.reasonFor(target)
  if (why !== undefined) throw new ParapetError('PPT_PROTECTED_TARGET', why)
  const newId = by.newId ?? ((): string => uuidv7(now))
  return {
    id: newId(),
    target,
    action,
    scope,
    mode: 'enforce',
    ...(enforcers === undefined ? {} : { enforcers }),
    ...(limit === undefined ? {} : { limit }),
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
