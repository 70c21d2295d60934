import { type AddressRange, type EnforcerReport, isParapetError } from '@parapet/core'
import { countHeld, heldOf, nftablesModel, NOTHING_HELD, type NftHeld, type NftWanted } from '@parapet/respond/enforcers'
import type { EnforceConfig } from '../../config/enforce-config.js'
import { VERSION } from '../../program/version.js'
import { CANNOT, type EnforcerDeps, type HostEnforcer, MOST_REFUSED, repairLog } from '../enforcer.js'
import { createLatencies } from '../latencies.js'

/** What the firewall of a host is given beside what every enforcer is. */
export type NftablesDeps = EnforcerDeps & {
  readonly instance: string
  /** networks of this host's own, which a lockdown does not cut off */
  readonly inner: () => readonly AddressRange[]
  /** is anybody allowed who could end a lockdown? */
  readonly mayEnter: () => boolean
}

/** How often it is looked whether the table is whole, ms: a foreign flush must be noticed within five seconds. */
const LOOK_MS = 2_000
/** How often everything is read back, ms; at most a hundredth of the time is spent with it. */
const READ_MS = 60_000
const FIRST_READ_MS = 5_000
const RETRY_MS = 1_000
const MOST_RETRY_MS = 30_000
/** What is wanted is worked out again so often without a change, ms: seldom where it takes time. */
const AGAIN_MS = { few: 1_000, many: 5_000 } as const
const FEW = 5_000

/** Holds the decisions of a host in its firewall, or says what it would hold. */
export const createNftablesEnforcer = (config: EnforceConfig['nftables'], deps: NftablesDeps): HostEnforcer => {
  const { decisions, helper, clock, log } = deps
  const latencies = createLatencies()
  const repairs = repairLog('nftables', deps)
  let held: NftHeld = NOTHING_HELD
  let wanted: NftWanted | undefined
  let revision = 0
  let again = 0
  let lookAt = 0
  let readAt = 0
  let checkedAt: number | null = null
  let trouble: string | null = null
  let failures = 0
  let notBefore = 0
  /** a table of an earlier run, or of another mode, may be there */
  let mayBeThere = true
  let allowedBefore: unknown

  const work = (now: number): NftWanted => {
    const allowed = deps.allowed()
    allowedBefore = allowed
    const settings = {
      allowed,
      most: config.most,
      lockdown: config.lockdown,
      open: config.lockdown ? deps.inner() : [],
      mayEnter: deps.mayEnter(),
    }
    const goal = nftablesModel.wanted(decisions.all(), now, settings)
    // a range ends for all that lies in it, and what it hid has to come back then
    const next = Math.min(...goal.ranges.map(({ until }) => until), now + (goal.decisions.length > FEW ? AGAIN_MS.many : AGAIN_MS.few))
    again = next
    wanted = goal
    return goal
  }
  /** Brings what is held to what is wanted, in one transaction; gives how many operations it took. */
  const bring = async (goal: NftWanted, now: number): Promise<number> => {
    const { operations, after } = nftablesModel.plan(held, goal, now)
    if (operations.length === 0) return 0
    const isAnew = !held.built
    const { refused } = await helper.ask({ verb: 'nft.apply', operations })
    if (refused.length > 0) log('warn', `the helper protects ${refused[0]}`)
    held = after
    mayBeThere = true
    latencies.add(goal.decisions, clock())
    if (isAnew) {
      lookAt = clock() + LOOK_MS
      readAt = clock() + FIRST_READ_MS
    }
    return operations.length
  }
  const buildAgain = async (why: string, now: number): Promise<void> => {
    held = NOTHING_HELD
    const goal = work(now)
    await bring(goal, now)
    repairs.add(`${why}; it was made again with ${goal.decisions.length} decisions`)
    deps.reportNow()
  }
  /** Looks whether another hand changed what is held; reads all of it now and then. */
  const compare = async (): Promise<void> => {
    if (clock() >= lookAt) {
      const { whole } = await helper.ask({ verb: 'nft.look' })
      lookAt = clock() + LOOK_MS
      if (!whole) return buildAgain('the table inet parapet was gone or changed by another hand', clock())
    }
    if (clock() < readAt) return
    const from = clock()
    const { sets } = await helper.ask({ verb: 'nft.read' })
    const now = clock()
    readAt = now + Math.max(READ_MS, 100 * (now - from))
    if (sets === null) return buildAgain('the table inet parapet was gone or changed by another hand', now)
    const thought = held
    held = heldOf(sets, thought, { from, to: now })
    const goal = work(now)
    const missing = goal.decisions.length - countHeld(goal, held)
    const done = await bring(goal, clock())
    checkedAt = clock()
    if (done === 0) return
    repairs.add(
      missing > 0 ? `${missing} decisions were not held any more; they were put back` : 'what was held differed; it was put right',
    )
    deps.reportNow()
  }
  const letGo = async (): Promise<void> => {
    if (!mayBeThere) return
    await helper.ask({ verb: 'nft.remove' })
    mayBeThere = false
    held = NOTHING_HELD
  }
  const enforce = async (isChanged: boolean): Promise<void> => {
    const now = clock()
    if (now < notBefore) return
    try {
      if (deps.releasedUntil() > now) {
        await letGo()
        trouble = `freed by hand until ${new Date(Math.min(deps.releasedUntil(), 8.64e15)).toISOString()}: nothing is held`
        return
      }
      const upTo = decisions.revision
      if (isChanged || wanted === undefined || !held.built || now >= again || deps.allowed() !== allowedBefore) await bring(work(now), now)
      revision = upTo
      await compare()
      trouble = null
      failures = 0
    } catch (error) {
      failures++
      notBefore = clock() + Math.min(MOST_RETRY_MS, RETRY_MS * 2 ** (failures - 1))
      // what was done is not known: the next transaction makes all of it anew
      held = NOTHING_HELD
      const why = isParapetError(error) ? (error.detail ?? error.message) : 'the helper failed'
      if (why !== trouble) log('error', `nftables: ${why}`)
      trouble = why
    }
  }

  return {
    kind: 'nftables',
    tick: async (isChanged) => {
      if (config.mode === 'enforce') return enforce(isChanged)
      if (isChanged || wanted === undefined || clock() >= again) work(clock())
      revision = decisions.revision
    },
    report: (): EnforcerReport => {
      const refused = wanted?.refused ?? []
      return {
        kind: 'nftables',
        instance: deps.instance,
        version: VERSION,
        mode: config.mode === 'enforce' ? 'enforce' : 'observe',
        now: clock(),
        revision,
        wanted: (wanted?.decisions.length ?? 0) + ((wanted?.lockdown ?? null) === null ? 0 : 1),
        held: config.mode === 'enforce' ? (wanted === undefined ? 0 : countHeld(wanted, held)) + (held.lockdown === null ? 0 : 1) : null,
        checkedAt,
        repairs: repairs.newest(),
        refused: refused.slice(0, MOST_REFUSED),
        cannot: config.lockdown ? CANNOT : [...CANNOT, 'lockdown'],
        latencyMs: latencies.summary(),
        trouble,
      }
    },
    stop: () => Promise.resolve(),
  }
}
