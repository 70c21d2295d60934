import { type EnforcerReport, isParapetError, SECOND } from '@parapet/core'
import { type DeniedRanges, deniedRanges, rangeLines } from '@parapet/respond/enforcers'
import type { EnforceConfig } from '../../config/enforce-config.js'
import { readIfThere } from '../../files/durable.js'
import { VERSION } from '../../program/version.js'
import { CANNOT, type EnforcerDeps, type HostEnforcer, MOST_REFUSED, repairLog } from '../enforcer.js'
import { createLatencies } from '../latencies.js'
import { readGeneration } from './read-generation.js'

/** How often it is looked whether nginx runs with what was written. */
const LOOK_MS = 5 * SECOND
/** Old workers end when their requests do; a new one must answer within this time. */
const GRACE_MS = 10 * SECOND
const RETRY_MS = 30 * SECOND

const NOTHING: DeniedRanges = { all: [], signIn: [], onlyAllowed: undefined, carried: [], refused: [], changesAt: null }

/** Keeps the include of the nginx of this host as decisions say, or says what it would hold. */
export const createNginxEnforcer = (config: EnforceConfig['nginx'], deps: EnforcerDeps & { readonly instance: string }): HostEnforcer => {
  const { decisions, helper, clock, log } = deps
  const every = config.everySeconds * SECOND
  const latencies = createLatencies()
  const repairs = repairLog('nginx', deps)
  let wanted: DeniedRanges = NOTHING
  let revision = 0
  let workedAt = Number.NEGATIVE_INFINITY
  let allowedBefore: unknown
  /** what was asked of the helper last and taken, and what it called it */
  let applied: { readonly request: string; readonly generation: string; readonly at: number; readonly count: number } | undefined
  let reloadedAt = Number.NEGATIVE_INFINITY
  let notBefore = Number.NEGATIVE_INFINITY
  let lookAt = Number.NEGATIVE_INFINITY
  let checkedAt: number | null = null
  let held: number | null = null
  /** why the include could not be brought in, and what is wrong with what runs */
  let failed: string | null = null
  let amiss: string | null = null

  const work = (now: number): void => {
    const allowed = deps.allowed()
    allowedBefore = allowed
    workedAt = now
    wanted =
      deps.releasedUntil() > now
        ? NOTHING
        : deniedRanges(decisions.all(), {
            kind: 'nginx',
            now,
            most: config.most,
            signIn: true,
            lockdown: true,
            reasonFor: allowed.reasonFor,
          })
  }
  const isDue = (changed: boolean, now: number): boolean =>
    changed || now - workedAt >= every || deps.allowed() !== allowedBefore || (wanted.changesAt !== null && now >= wanted.changesAt)

  /** One write, test and reload; what fails leaves nginx as it was. */
  const apply = async (now: number): Promise<void> => {
    const ask = {
      verb: 'nginx.apply',
      denied: rangeLines(wanted.all),
      signIn: rangeLines(wanted.signIn),
      allowed: rangeLines(deps.allowed().ranges),
      only: wanted.onlyAllowed === undefined ? null : { ranges: rangeLines(wanted.onlyAllowed.ranges), until: wanted.onlyAllowed.until },
    } as const
    const request = JSON.stringify(ask)
    const count = wanted.carried.length
    if (applied?.request === request) {
      applied = { ...applied, count }
      revision = decisions.revision
      return
    }
    if (now - reloadedAt < every || now < notBefore) return
    const upTo = decisions.revision
    reloadedAt = now
    const { ok, detail, generation } = await helper.ask(ask)
    if (!ok) {
      notBefore = now + RETRY_MS
      const why = `the include was put back as it was, since nginx did not take it: ${detail.trim().slice(0, 300)}`
      if (why !== failed) repairs.add(why)
      failed = why
      return
    }
    applied = { request, generation, at: now, count }
    revision = upTo
    failed = null
    lookAt = clock() + SECOND
    const carried = new Set(wanted.carried)
    latencies.add(
      decisions.all().filter(({ id }) => carried.has(id)),
      clock(),
    )
  }

  /** Looks whether what was written is there, and whether nginx runs with it. */
  const look = async (now: number): Promise<void> => {
    if (applied === undefined || now < lookAt) return
    lookAt = now + LOOK_MS
    const { generation, at, count } = applied
    let why: string | undefined
    if (readIfThere(config.include)?.includes(`"${generation}"`) !== true) why = 'the include was gone or changed by another hand'
    else if (config.status !== null) {
      const running = await readGeneration(config.status)
      if (running === generation) {
        held = count
        checkedAt = clock()
      } else {
        // new workers take a moment
        if (now - at <= GRACE_MS) return
        held = running === undefined ? null : 0
        if (running === undefined) {
          amiss = 'nginx does not answer at enforce.nginx.status'
          return
        }
        why = 'nginx ran with an older include'
      }
    } else checkedAt = clock()
    amiss = null
    if (why === undefined) return
    applied = undefined
    await apply(clock())
    repairs.add(failed === null ? `${why}; it was written again` : why)
    deps.reportNow()
  }

  return {
    kind: 'nginx',
    tick: async (changed) => {
      const now = clock()
      try {
        if (isDue(changed, now)) work(now)
        if (config.mode !== 'enforce') {
          revision = decisions.revision
          return
        }
        await apply(now)
        await look(clock())
      } catch (error) {
        notBefore = now + RETRY_MS
        const why = isParapetError(error) ? (error.detail ?? error.message) : 'the helper failed'
        if (why !== failed) log('error', `nginx: ${why}`)
        failed = why
      }
    },
    report: (): EnforcerReport => ({
      kind: 'nginx',
      instance: deps.instance,
      version: VERSION,
      mode: config.mode === 'enforce' ? 'enforce' : 'observe',
      now: clock(),
      revision,
      wanted: wanted.carried.length,
      held: config.mode === 'enforce' ? held : null,
      checkedAt,
      repairs: repairs.newest(),
      refused: wanted.refused.slice(0, MOST_REFUSED),
      cannot: CANNOT,
      latencyMs: latencies.summary(),
      trouble: failed ?? amiss ?? (deps.releasedUntil() > clock() ? 'freed by hand: nothing is denied' : null),
    }),
    stop: async () => undefined,
  }
}
