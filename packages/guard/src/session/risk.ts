import { distanceKm, HOUR, isDesktopKin, MINUTE } from '@parapet/core'
import type { KnownNetwork, Print } from './traits.js'
import type { RiskLevel, RiskSignal, SessionRisk } from './types.js'

/** How signs are weighed and what they come to. Data: every number may be set. */
export type RiskPolicy = {
  readonly weights: Readonly<Record<RiskSignal, number>>
  /** the score from which each is done */
  readonly thresholds: Readonly<Record<Exclude<RiskLevel, 'none'>, number>>
  /** faster than this nobody travels, km/h */
  readonly maxKmh: number
}

/**
 * Whatever happens to the network alone (roaming, VPN, a flight) comes to 60 at most: somebody who keeps his browser may be asked
 * who he is and is never signed out. Another browser on another platform elsewhere comes to more than 100.
 */
export const RISK_DEFAULTS: RiskPolicy = {
  weights: {
    network_changed: 5,
    asn_changed: 10,
    country_changed: 20,
    impossible_travel: 25,
    simultaneous_use: 25,
    browser_changed: 45,
    platform_changed: 45,
    desktop_mode: 5,
    hints_disagree: 25,
    hints_missing: 10,
    language_changed: 10,
    address_changed: 0,
    address_unknown: 0,
  },
  thresholds: { observe: 20, step_up: 40, rotate: 70, revoke: 100 },
  // a jet does 950
  maxKmh: 1_000,
}

/** Used in turns within this time is used at the same time, ms. */
const TOGETHER = 2 * MINUTE
/** The ways out of one company lie this far apart, and databases err by as much without saying so, km: nearer is no journey. */
const NEAR = 500

/** Networks that a session remembers. */
const MOST_NETWORKS = 6

/** How far two networks surely are from each other, km: what the databases may be off is taken off. 0 when nobody knows. */
const surelyApart = (a: KnownNetwork, b: KnownNetwork): number =>
  a.y === undefined || a.x === undefined || b.y === undefined || b.x === undefined
    ? 0
    : Math.max(0, distanceKm(a.y, a.x, b.y, b.x) - (a.k ?? 0) - (b.k ?? 0))

const differ = (a: unknown, b: unknown): boolean => a !== undefined && b !== undefined && a !== b

/** Of nearly every request: nothing changed. */
const NO_SIGNALS: readonly RiskSignal[] = []

const networkSignals = (known: readonly KnownNetwork[], seen: KnownNetwork, now: number, policy: RiskPolicy): readonly RiskSignal[] => {
  const last = known[0]
  if (last === undefined || last.n === seen.n) return NO_SIGNALS
  const same = known.find(({ n }) => n === seen.n)
  if (same !== undefined) {
    const together = same !== last && now - last.t < TOGETHER && now - same.t < TOGETHER
    return together && (differ(last.c, same.c) || surelyApart(last, same) > NEAR) ? ['simultaneous_use'] : NO_SIGNALS
  }
  const signals: RiskSignal[] = ['network_changed']
  // a fact that is missing on either side says nothing
  const isNew = (key: 'a' | 'c'): boolean =>
    seen[key] !== undefined && known.some((one) => one[key] !== undefined) && !known.some((one) => one[key] === seen[key])
  if (isNew('a')) signals.push('asn_changed')
  if (isNew('c')) signals.push('country_changed')
  const km = surelyApart(last, seen)
  if (km > NEAR && km / (Math.max(now - last.t, MINUTE) / HOUR) > policy.maxKmh) signals.push('impossible_travel')
  return signals
}

const isSamePrint = (known: Print, seen: Print): boolean =>
  known.b === seen.b && known.p === seen.p && known.h === seen.h && known.d === seen.d && known.l === seen.l

const printSignals = (known: Print, seen: Print): readonly RiskSignal[] => {
  if (isSamePrint(known, seen)) return NO_SIGNALS
  const signals: RiskSignal[] = []
  const sameBrowser = known.b === seen.b
  if (!sameBrowser) signals.push('browser_changed')
  if (known.p !== seen.p) signals.push(sameBrowser && isDesktopKin(known.p, seen.p) ? 'desktop_mode' : 'platform_changed')
  if (seen.d && !known.d) signals.push('hints_disagree')
  if (known.h && !seen.h && sameBrowser) signals.push('hints_missing')
  if (known.l !== '' && seen.l !== '' && known.l !== seen.l) signals.push('language_changed')
  return signals
}

export const NO_RISK: SessionRisk = { kind: 'none', score: 0, signals: [] }

const ORDER: readonly RiskLevel[] = ['none', 'observe', 'step_up', 'rotate', 'revoke']

/** Whether `a` asks for more than `b`. */
export const isWorse = (a: RiskLevel, b: RiskLevel): boolean => ORDER.indexOf(a) > ORDER.indexOf(b)

const levelOf = (score: number, { thresholds }: RiskPolicy): RiskLevel => {
  let level: RiskLevel = 'none'
  for (const one of ORDER) if (one !== 'none' && score >= thresholds[one]) level = one
  return level
}

/** Weighs a request against what its session knows. Pure; an address that nobody knows says nothing about the network. */
export const weighRequest = (
  known: { readonly print: Print; readonly networks: readonly KnownNetwork[] },
  now: number,
  seen: { readonly print: Print; readonly network: KnownNetwork | undefined },
  policy: RiskPolicy,
): SessionRisk => {
  const ofNetwork = seen.network === undefined ? NO_SIGNALS : networkSignals(known.networks, seen.network, now, policy)
  const ofPrint = printSignals(known.print, seen.print)
  if (ofNetwork.length === 0 && ofPrint.length === 0) return NO_RISK
  const signals = [...ofNetwork, ...ofPrint]
  const score = signals.reduce((sum, signal) => sum + policy.weights[signal], 0)
  return { kind: levelOf(score, policy), score, signals }
}

/** The networks known once this one was used: the last used first, the oldest forgotten. */
export const learnNetwork = (known: readonly KnownNetwork[], seen: KnownNetwork | undefined): readonly KnownNetwork[] =>
  seen === undefined ? known : [seen, ...known.filter(({ n }) => n !== seen.n)].slice(0, MOST_NETWORKS)
