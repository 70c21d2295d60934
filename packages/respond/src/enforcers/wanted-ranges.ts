import { type AddressRange, type AddressSet, createAddressSet, type Decision, type EnforcerKind, isActive, parseRange } from '@parapet/core'
import { rangeContains, rangeOfTarget, tooWide } from '../targets.js'
import type { AllowList, Refusal, WantedRange, WantedRanges } from './types.js'

const read = (text: string): AddressRange => {
  const range = parseRange(text)
  if (range === undefined) throw new Error(text)
  return range
}

/** No packet of a client comes from these: loopback, the unspecified address, multicast and the reserved end. Source: RFC 6890, RFC 4291. */
const NOBODY: readonly AddressRange[] = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3', '::/64', 'ff00::/8', 'fe80::/10'].map(read)
const NOBODY_SET: AddressSet = createAddressSet(NOBODY)

type Reading = { readonly range: AddressRange } | { readonly reason: string }

const readTarget = (target: Decision['target']): Reading => {
  const range = rangeOfTarget(target)
  if (range === undefined) return { reason: 'its target is not an address' }
  const reason = tooWide(range)
  if (reason !== undefined) return { reason }
  return NOBODY_SET.has(range.address) && NOBODY.some((one) => rangeContains(one, range))
    ? { reason: 'no client has such an address' }
    : { range }
}

/** True when a decision binds now and `kind` is among those that shall carry it out. */
export const isFor = (decision: Decision, kind: EnforcerKind, now: number): boolean =>
  decision.mode === 'enforce' && isActive(decision, now) && (decision.enforcers === undefined || decision.enforcers.includes(kind))

/**
 * The addresses and ranges that `kind` shall deny now: decisions `deny` of scope `all` on addresses. What is no address, too wide or wholly
 * on the allow list is refused with its reason; of a range that holds an allowed address the rest is denied, so allow first.
 */
export const wantedRanges = (kind: EnforcerKind, decisions: Iterable<Decision>, now: number, allowed: AllowList): WantedRanges => {
  const ranges: WantedRange[] = []
  const refused: Refusal[] = []
  for (const decision of decisions) {
    const { id, target, startsAt, expiresAt } = decision
    if (decision.action !== 'deny' || decision.scope !== 'all' || (target.kind !== 'ip' && target.kind !== 'cidr')) continue
    if (!isFor(decision, kind, now)) continue
    const reading = readTarget(target)
    const reason = 'reason' in reading ? reading.reason : allowed.reasonFor(reading.range)
    if (reason !== undefined) refused.push({ id, reason })
    else if ('range' in reading) ranges.push({ id, range: reading.range, startsAt, until: expiresAt })
  }
  return { ranges, refused }
}
