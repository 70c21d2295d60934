import { lookup } from 'node:dns/promises'
import { makeAssessmentTag, ParapetError, randomToken, systemClock, systemRandom, type Clock, type RandomSource } from '@parapet/core'
import { checkConsent, readOrigin } from '../consent/consent.js'
import type { Probe } from '../probe.js'
import { assemble, createHide } from '../report/assemble.js'
import { keepFacts } from '../report/keep-facts.js'
import type { AttackReport, Outcome, ProbeRecord } from '../report/types.js'
import type { Target } from '../target/target.js'
import { createRun, type Run } from './context.js'
import { changedSince, checkHealth, type Health } from './health.js'
import { missingNeed } from './needs.js'
import { createGate, type Gate } from './pace.js'

/** What a run may do. */
export type AttackOptions = {
  /** consent of a host that is neither this machine nor private; also seals the tag of each request */
  readonly token?: string | undefined
  /** accept any certificate */
  readonly insecure?: boolean
  /** requests a second; 200 by default. As many may go at once */
  readonly rate?: number
  /** requests in all; 20,000 by default */
  readonly maxRequests?: number
  /** time of one probe in ms; 60,000 by default, three times that for those that run alone or wait */
  readonly probeTimeMs?: number
  readonly browserPath?: string | undefined
  /** keep in the report what the probes collected, for `judgeAgain`: answers of the target as they were, with what they gave away */
  readonly keepFacts?: boolean
  /** ends the run with what is known by then */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/** Told when a probe begins and when it has ended. */
export type Progress = {
  readonly probe: string
  readonly state: 'begun' | 'ended'
  readonly done: number
  readonly of: number
  readonly requests: number
}

/** The world of a run; everything has a default. */
export type AttackDeps = {
  readonly clock?: Clock
  readonly random?: RandomSource
  readonly sleep?: (ms: number) => Promise<void>
  readonly resolve?: (hostname: string) => Promise<readonly string[]>
}

const RATE = 200
const MOST_REQUESTS = 20_000
const PROBE_TIME_MS = 60_000
const SIDE_BY_SIDE = 4
const HOUR = 3_600_000
/** from here on a quiet probe has seen more of the target's limits than of the target */
const MOST_LIMITED = 0.5

const resolveName = async (hostname: string): Promise<readonly string[]> => {
  const found = await lookup(hostname, { all: true })
  // IPv4 first: on loopback it lets the kit choose its address
  return found.toSorted((a, b) => a.family - b.family).map(({ address }) => address)
}

const nap = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const secretsOf = ({ accounts }: Target): readonly string[] =>
  [accounts?.a, accounts?.b, accounts?.admin, ...(accounts?.spare ?? []), ...(accounts?.mfa ?? [])]
    .flatMap((account) => [account?.password, account?.totp])
    .filter((secret) => secret !== undefined)

const outcomeOfError = (error: unknown): Outcome => {
  if (error instanceof Error && error.name === 'Inconclusive') return { kind: 'inconclusive', reason: error.message }
  return { kind: 'error', reason: `the probe failed: ${error instanceof Error ? error.message : 'unknown'}` }
}

/** What makes a "nothing found" worthless although the probe came to an end. */
const doubtOf = (
  probe: Probe,
  tally: Readonly<{ requests: number; answers: number; limited: number; silent: number; refused: number }>,
): string | undefined => {
  if (tally.refused > 0) return 'the target refused connections while this was tried: it was restarted or overloaded; run it again'
  if (probe.pace === 'loud' || tally.requests === 0) return undefined
  const lost = tally.limited + tally.silent
  return lost / tally.requests > MOST_LIMITED
    ? `${lost} of ${tally.requests} requests were limited or not answered; lift the target’s limits for the test, or lower --rate`
    : undefined
}

/** Runs the probes of one target and keeps what they collected. */
const createCrew = (deps: {
  readonly target: Target
  readonly run: Run
  readonly gate: Gate
  readonly clock: Clock
  readonly timeMs: number
  readonly signal: AbortSignal | undefined
  /** why nobody can be signed in, when that was tried and failed */
  readonly noSignIn: () => string | undefined
  readonly keep: (record: ProbeRecord, facts: unknown) => void
  readonly begun: (probe: Probe) => void
}): { readonly work: (probe: Probe) => Promise<void> } => {
  const { run, target, clock } = deps

  /** A limit of time and the end of the run leave a collector behind, with clients that send nothing any more. */
  const limited = async (probe: Probe): Promise<{ outcome: Outcome; facts?: unknown; requests: number }> => {
    const missing = await missingNeed(probe.needs, target, { manyAddresses: run.manyAddresses, browser: run.hasBrowser })
    if (missing !== undefined) return { outcome: { kind: 'skipped', reason: missing }, requests: 0 }
    const noSignIn = probe.needs.some((need) => need.startsWith('signIn') || need.startsWith('accounts')) ? deps.noSignIn() : undefined
    if (noSignIn !== undefined) return { outcome: { kind: 'inconclusive', reason: noSignIn }, requests: 0 }
    const scope = run.scope()
    const timeMs = probe.pace === 'quiet' ? deps.timeMs * 2 : deps.timeMs
    let timer: NodeJS.Timeout | undefined
    let ended: (() => void) | undefined
    const over = new Promise<Outcome>((resolve) => {
      timer = setTimeout(
        () => resolve({ kind: 'error', reason: `it was not done after ${Math.round(timeMs / 1_000)} s; the target is slow or hangs` }),
        timeMs,
      )
      ended = () => resolve({ kind: 'inconclusive', reason: 'the run was ended before this was done' })
      deps.signal?.addEventListener('abort', ended, { once: true })
    })
    try {
      let facts: unknown
      const collected = Promise.resolve()
        .then(() => probe.collect(scope.context))
        .then((found): Outcome => {
          facts = found
          return { kind: 'facts' }
        })
        .catch(outcomeOfError)
      const outcome = await Promise.race([collected, over])
      if (outcome.kind !== 'facts') return { outcome, requests: scope.tally.requests }
      const doubt = doubtOf(probe, scope.tally)
      return { outcome: doubt === undefined ? outcome : { ...outcome, doubt }, facts, requests: scope.tally.requests }
    } finally {
      clearTimeout(timer)
      if (ended !== undefined) deps.signal?.removeEventListener('abort', ended)
      await scope.close()
    }
  }

  return {
    work: async (probe) => {
      const began = clock()
      deps.begun(probe)
      const { outcome, facts, requests } = await limited(probe)
      const now = clock()
      deps.keep({ probe: probe.name, kind: probe.kind, at: new Date(now).toISOString(), took_ms: now - began, requests, outcome }, facts)
    },
  }
}

/**
 * Attacks a target with the given probes and reports what was found. Consent comes first; a health check before, between and after the
 * groups keeps a target that is away or changes from looking sound. Probes never make it reject: only consent (`PPT_ATTACK_CONSENT`), an
 * unreachable target (`PPT_ATTACK_UNREACHABLE`) and a wrong URL (`PPT_USAGE`) do.
 */
export const runAttack = async (
  given: { readonly url: string; readonly target: Target; readonly probes: readonly Probe[]; readonly options?: AttackOptions },
  deps: AttackDeps = {},
): Promise<AttackReport> => {
  const { target, probes, options = {} } = given
  const { clock = systemClock, random = systemRandom, sleep = nap, resolve = resolveName } = deps
  const origin = readOrigin(given.url)
  const { insecure = false } = options
  const consent = await checkConsent({ origin, token: options.token, insecure }, { clock, resolve })
  const runId = randomToken(12, random)
  const began = clock()
  const gate = createGate({ requests: options.maxRequests ?? MOST_REQUESTS, perSecond: options.rate ?? RATE }, { clock, sleep })
  const run = createRun({
    target,
    origin,
    address: consent.address,
    insecure,
    browserPath: options.browserPath,
    headers: { 'parapet-assessment': makeAssessmentTag(runId, began + HOUR, options.token) },
    clock,
    random,
    sleep,
    admit: gate.admit,
  })
  const secrets = secretsOf(target)
  const live = new Map<string, unknown>()
  let records: ProbeRecord[] = []
  let stopped: { state: 'partial' | 'failed'; reason: string } | undefined
  const tell = (probe: string, state: Progress['state']): void =>
    options.onProgress?.({ probe, state, done: records.length, of: probes.length, requests: gate.count() })

  const page = target.pages?.open?.[0] ?? target.signIn?.page ?? '/'
  const origins = [...new Set([target.publicOrigin ?? origin, origin])]
  const healthScope = run.scope()
  const health = (): Promise<Health> => checkHealth(healthScope.context.client({ name: 'health check' }), page, origins)

  /** One declared account must be able to sign in, and nobody be taken for signed in: else no probe of sign-ins means anything. */
  let noSignIn: string | undefined
  const trySignIn = async (): Promise<void> => {
    const { a, b, admin, spare = [], mfa = [] } = target.accounts ?? {}
    const account = [a, b, admin, ...spare, ...mfa].find((declared) => declared !== undefined)
    if (
      target.signIn === undefined ||
      account === undefined ||
      !probes.some(({ needs }) => needs.some((need) => need.startsWith('signIn')))
    )
      return
    const scope = run.scope()
    try {
      const before = await scope.context.isSignedIn(scope.context.client())
      if (before === 'no-answer') noSignIn = `signIn.proof (${target.signIn.proof}) was not answered`
      else if (before) {
        noSignIn = 'signIn.proof is answered with 2xx to who is not signed in; name a page that only signed-in users get'
      } else await scope.context.signedIn(account)
    } catch (error) {
      noSignIn = error instanceof Error ? error.message : 'signing in failed'
    } finally {
      await scope.close()
    }
  }

  const crew = createCrew({
    target,
    run,
    gate,
    clock,
    timeMs: options.probeTimeMs ?? PROBE_TIME_MS,
    signal: options.signal,
    noSignIn: () => noSignIn,
    begun: (probe) => tell(probe.name, 'begun'),
    keep: (record, facts) => {
      live.set(record.probe, facts)
      const kept = options.keepFacts === true && record.outcome.kind === 'facts' ? keepFacts(facts, secrets) : {}
      const outcome = { ...record.outcome, ...kept }
      records.push({ ...record, outcome })
      tell(record.probe, 'ended')
    },
  })

  const isAborted = (): boolean => {
    if (options.signal?.aborted !== true) return false
    gate.stop('the run was ended')
    stopped ??= { state: 'partial', reason: 'the run was ended before all probes were done' }
    return true
  }
  const isOver = (): boolean => isAborted() || stopped !== undefined

  let looking: Promise<void> | undefined
  /** A probe that came to nothing may be the first to see that the target is gone: then the others need not wait for it each. */
  const lookAfter = async (): Promise<void> => {
    for (let tries = 0; tries < 2; tries++) {
      const now = await health()
      if (now.kind === 'well') return
      if (tries === 1) stopped ??= { state: 'failed', reason: `the target is not well any more: ${now.reason}` }
      else await sleep(1_000)
    }
  }

  /** Runs probes, `abreast` at a time, and doubts what they passed when the target is not what it was before them. */
  const group = async (list: readonly Probe[], abreast: number, before: Health): Promise<void> => {
    const from = records.length
    const queue = [...list]
    const worker = async (): Promise<void> => {
      for (let probe = queue.shift(); probe !== undefined && !isOver(); probe = queue.shift()) {
        await crew.work(probe)
        const { name } = probe
        const outcome = records.find((record) => record.probe === name)?.outcome
        if (outcome?.kind !== 'error' && !(outcome?.kind === 'facts' && outcome.doubt !== undefined)) continue
        looking ??= lookAfter().finally(() => (looking = undefined))
        await looking
      }
    }
    await Promise.all(Array.from({ length: Math.min(abreast, list.length) }, worker))
    if (isAborted() || list.length === 0) return
    let after: Health = stopped === undefined ? await health() : { kind: 'unwell', reason: stopped.reason }
    for (let tries = 0; !isOver() && after.kind === 'unwell' && tries < 2; tries++) {
      await sleep(1_000)
      after = await health()
    }
    const doubt = changedSince(before, after)
    if (doubt === undefined) return
    records = records.map((record, i) =>
      i >= from && record.outcome.kind === 'facts'
        ? { ...record, outcome: { ...record.outcome, doubt: record.outcome.doubt ?? doubt } }
        : record,
    )
    if (after.kind === 'unwell') stopped ??= { state: 'failed', reason: `the target is not well any more: ${after.reason}` }
  }

  try {
    const first = await health()
    const second = first.kind === 'well' ? await health() : first
    const changing = first.kind === 'well' ? changedSince(first, second) : first.reason
    if (changing !== undefined) stopped = { state: 'failed', reason: changing }
    else {
      await trySignIn()
      const loud = probes.filter(({ pace }) => pace === 'loud')
      await group(
        probes.filter(({ pace }) => pace === 'quiet'),
        SIDE_BY_SIDE,
        first,
      )
      for (const probe of probes.filter(({ pace }) => pace === 'alone')) if (stopped === undefined) await group([probe], 1, first)
      for (const probe of loud) if (stopped === undefined) await group([probe], 1, first)
    }
    const done = new Set(records.map(({ probe }) => probe))
    const { reason = 'the run was ended' } = stopped ?? {}
    for (const probe of probes) {
      if (done.has(probe.name)) continue
      records.push({
        probe: probe.name,
        kind: probe.kind,
        at: new Date(clock()).toISOString(),
        took_ms: 0,
        requests: 0,
        outcome: { kind: stopped?.state === 'failed' ? 'error' : 'inconclusive', reason: `it was not tried: ${reason}` },
      })
    }
  } finally {
    gate.stop('the run is over')
    await healthScope.close()
    await run.close()
  }
  const order = new Map(probes.map(({ name }, i) => [name, i]))
  records.sort((a, b) => (order.get(a.probe) ?? 0) - (order.get(b.probe) ?? 0))
  return assemble(
    {
      run_id: runId,
      target: origin,
      scan_date: new Date(began).toISOString(),
      took_ms: clock() - began,
      requests: gate.count(),
      consent: consent.by,
      ...(stopped === undefined ? {} : { stopped }),
    },
    records,
    probes,
    createHide(secrets),
    live,
  )
}

/** Throws `PPT_USAGE` for a name that no probe and no family has. */
export const chooseProbes = (
  probes: readonly Probe[],
  choice: { readonly only?: readonly string[]; readonly skip?: readonly string[]; readonly family?: readonly string[] },
): readonly Probe[] => {
  const names = new Set<string>(probes.flatMap(({ name, id }) => [name, id]))
  const families = new Set<string>(probes.map(({ family }) => family))
  for (const name of [...(choice.only ?? []), ...(choice.skip ?? [])]) {
    if (!names.has(name)) throw new ParapetError('PPT_USAGE', `there is no probe ${name.slice(0, 60)}; parapet attack --list shows them`)
  }
  for (const family of choice.family ?? []) {
    if (!families.has(family))
      throw new ParapetError('PPT_USAGE', `there is no family ${family.slice(0, 60)}; there are ${[...families].join(', ')}`)
  }
  return probes.filter(
    ({ name, id, family }) =>
      (choice.only === undefined || choice.only.includes(name) || choice.only.includes(id)) &&
      (choice.family === undefined || choice.family.includes(family)) &&
      !(choice.skip?.includes(name) === true || choice.skip?.includes(id) === true),
  )
}
