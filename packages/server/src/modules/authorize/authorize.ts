import { type Clock, type Decision, type EnforcerReport, type Keyring, MINUTE, type PersonRef, isActive } from '@parapet/core'
import { createThrottle, readCookie } from '@parapet/guard'
import type { ProtectedTargets } from '@parapet/respond'
import type { Logger } from 'pino'
import type { Config } from '../../config/index.js'
import type { EventStore } from '../events/index.js'
import type { Tokens } from '../tokens/index.js'
import { answerFor, type ProxyAnswer } from './answer.js'
import { createCredentials, type Credentials } from './credentials.js'
import type { HeldDecisions } from './held-decisions.js'
import { type HeaderReader, type ProxyKind, readOriginal } from './original-request.js'
import { createPasses, type Passes, PASS_COOKIE } from './passes.js'
import { createRefusalEvents } from './refusal-events.js'
import { readForwardAuth } from './settings.js'
import { type Weighed, weighRequest } from './weigh-request.js'

/** Answers proxies: may this request pass? */
export type Authorize = {
  readonly credentials: Credentials
  /** false until all decisions were read once: a proxy then does what it does when nobody answers */
  readonly isReady: () => boolean
  /** `unclear`: the proxy does not say what was asked of it */
  readonly ask: (source: PersonRef, proxy: ProxyKind, header: HeaderReader) => ProxyAnswer | 'unclear'
  readonly passes: Passes
  /** one for each application that asked within the last minutes */
  readonly reports: () => readonly { readonly source: PersonRef; readonly report: EnforcerReport }[]
  readonly stop: () => Promise<void>
}

const PASSED: ProxyAnswer = { status: 200, headers: {}, shown: 200 }
const NOT_HERE = new Set(['country', 'asn', 'session'])
const RECENT_MS = 5 * MINUTE

/** What is known of one application that asks. */
type Asking = { readonly source: PersonRef; lastAt: number; unclearAt: number; strangersAt: number }

/** Whom a decision may reach is asked again here: the allow-list holds from the moment on that it is written. */
const spare = (
  found: readonly Decision[],
  address: string | undefined,
  targets: Pick<ProtectedTargets, 'reasonFor'>,
): readonly Decision[] => {
  const byAddress = ({ target }: Decision): boolean => target.kind === 'ip' || target.kind === 'cidr'
  if (address === undefined || !found.some(byAddress)) return found
  return targets.reasonFor({ kind: 'ip', value: address }) === undefined ? found : found.filter((decision) => !byAddress(decision))
}

/** Creates forward-auth over decisions held in memory. */
export const createAuthorize = (deps: {
  readonly config: Pick<Config, 'forwardAuth'>
  readonly held: HeldDecisions
  readonly tokens: Pick<Tokens, 'find' | 'onRevoked'>
  readonly events: Pick<EventStore, 'append'>
  readonly protectedTargets: Pick<ProtectedTargets, 'reasonFor'>
  readonly keyring: Pick<Keyring, 'sign' | 'verify'>
  readonly instance: string
  readonly version: string
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}): Authorize => {
  const { held, clock, log } = deps
  const settingsOf = readForwardAuth(deps.config.forwardAuth)
  const throttle = createThrottle({ clock })
  const refusals = createRefusalEvents({ events: deps.events, clock, log })
  const passes = createPasses(deps.keyring)
  const asking = new Map<string, Asking>()

  const noted = (source: PersonRef, now: number): Asking => {
    let known = asking.get(source.id)
    if (known === undefined) {
      known = { source, lastAt: now, unclearAt: -Infinity, strangersAt: -Infinity }
      asking.set(source.id, known)
    }
    known.lastAt = now
    return known
  }

  const ask: Authorize['ask'] = (source, proxy, header) => {
    const now = clock()
    const known = noted(source, now)
    const request = readOriginal(header, proxy)
    if (request === undefined) {
      known.unclearAt = now
      return 'unclear'
    }
    const settings = settingsOf(source.name)
    const client = settings.clientOf(header)
    if (client.kind === 'unknown') known.strangersAt = now
    if (held.set.size === 0) return PASSED
    const text = header('parapet-pass') ?? readCookie(header('cookie'), PASS_COOKIE)
    const pass = text === undefined || text === '' ? undefined : passes.read(text, source.id, now)
    const vouched = settings.userOf(header)
    const user = vouched ?? pass?.user
    const address = client.kind === 'known' ? client.address : undefined
    const found = held.set.match({ address, user }, now)
    if (found.length === 0) return PASSED
    const { method, path } = request
    const { signIns } = settings
    const atSignIn = signIns.covers(method, path) ? 'sends' : signIns.covers('POST', path) ? 'asks' : 'no'
    const signsIn = signIns.opens(method, path) || signIns.opens('POST', path)
    const weighed: Weighed = weighRequest(
      spare(found, address, deps.protectedTargets),
      // a pass of somebody else says nothing of the one whom the proxy vouches for
      { method, address, atSignIn, signsIn, open: settings.isOpen(path), user, pass: pass?.user === user ? pass : undefined, now },
      (decisions) => throttle.take(decisions, user ?? (client.kind === 'known' ? client.key : `unknown:${source.id}`)),
    )
    if (weighed.kind === 'allowed') return PASSED
    const answer = answerFor(weighed, request, { proxy, pages: settings.pages, atSignIn: atSignIn === 'sends', now })
    const { reason, decisionId } = weighed
    refusals.take(source, { at: now, method, path, status: answer.shown, reason, decisionId, address, user, agent: header('user-agent') })
    return answer
  }

  const troubleOf = ({ unclearAt, strangersAt }: Asking, now: number): string | null => {
    if (!held.isReady()) return 'decisions are being read; requests are answered with 503'
    if (now - unclearAt < RECENT_MS) return 'the proxy does not say which method and URI are asked for; see the guide on forward-auth'
    if (now - strangersAt < RECENT_MS) return 'the proxy does not name the client: decisions on addresses cannot hold'
    return null
  }

  return {
    credentials: createCredentials({ tokens: deps.tokens, permission: 'decisions.read', clock }),
    isReady: held.isReady,
    ask,
    passes,
    reports: () => {
      const now = clock()
      const refused: { id: string; reason: string }[] = []
      let wanted = 0
      for (const decision of held.set.all()) {
        const { enforcers, target, action } = decision
        if (decision.mode !== 'enforce' || !isActive(decision, now) || (enforcers !== undefined && !enforcers.includes('forward_auth')))
          continue
        if (action === 'end_sessions') continue
        wanted++
        if (NOT_HERE.has(target.kind) && refused.length < 50)
          refused.push({ id: decision.id, reason: `forward-auth does not know the ${target.kind} of a request` })
      }
      const { at, repairs } = held.checked()
      return [...asking.values()]
        .filter(({ lastAt }) => now - lastAt < RECENT_MS)
        .map((known) => ({
          source: known.source,
          report: {
            kind: 'forward_auth',
            instance: deps.instance,
            version: deps.version,
            mode: 'enforce',
            now,
            revision: held.set.revision,
            wanted,
            held: wanted,
            checkedAt: at,
            repairs,
            refused,
            cannot: ['end_sessions'],
            latencyMs: held.latency(),
            trouble: troubleOf(known, now),
          },
        }))
    },
    stop: refusals.stop,
  }
}
