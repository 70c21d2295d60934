import { ASSESSMENT_PATH, isAssessmentToken, ParapetError, readAssessmentText, type Clock } from '@parapet/core'
import { endpointOf } from '../client/endpoint.js'
import { exchange } from '../client/exchange.js'
import { placeOf } from './addresses.js'

/** That a host may be attacked, and where it was found: every connection of the run goes to this address. */
export type Consent = { readonly by: 'loopback' | 'private' | 'token'; readonly address: string; readonly origin: string }

/** What consent is decided from. */
export type ConsentDeps = {
  readonly clock: Clock
  /** the numeric addresses of a name, in the order of preference */
  readonly resolve: (hostname: string) => Promise<readonly string[]>
}

const MOST_ADDRESSES = 16
const TIMEOUT_MS = 10_000

/** The attacked URL as an origin; throws `PPT_USAGE` for what is no http(s) URL, or one with a name and password in it. */
export const readOrigin = (url: string): string => {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw new ParapetError('PPT_USAGE', 'the URL is not one; give it with its scheme, such as http://localhost:3000')
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    throw new ParapetError('PPT_USAGE', 'the URL must begin with http:// or https://')
  if (parsed.username !== '' || parsed.password !== '')
    throw new ParapetError('PPT_USAGE', 'accounts go into the target file, not into the URL')
  return parsed.origin
}

const ask = async (origin: string, address: string, insecure: boolean) => {
  const endpoint = endpointOf(origin, { address, insecure })
  return exchange(endpoint, {
    method: 'GET',
    path: ASSESSMENT_PATH,
    headers: { host: endpoint.host, accept: 'text/plain', 'user-agent': 'parapet-attack' },
    body: undefined,
    timeoutMs: TIMEOUT_MS,
    localAddress: undefined,
  })
}

const refusal = (detail: string): ParapetError => new ParapetError('PPT_ATTACK_CONSENT', detail)

/** The first address that accepts a connection: `localhost` may be two, and the application listens on one. */
const firstAnswering = async (origin: string, addresses: readonly string[], insecure: boolean): Promise<string> => {
  const [first] = addresses
  if (addresses.length > 1) {
    for (const address of addresses) {
      const answer = await ask(origin, address, insecure)
      if (answer.kind === 'answer' || answer.why !== 'refused') return address
    }
  }
  return first ?? ''
}

/**
 * Decides whether a host may be attacked. Loopback and private addresses may; a name that leads to such and to other addresses at once is
 * refused; everything else must show the hash of the token under `/.well-known/parapet-assessment`. The name is resolved once and the
 * address kept, so that nobody can lead the run elsewhere half way (DNS rebinding). Throws `PPT_ATTACK_CONSENT` and
 * `PPT_ATTACK_UNREACHABLE`.
 */
export const checkConsent = async (
  given: { readonly origin: string; readonly token?: string | undefined; readonly insecure?: boolean },
  deps: ConsentDeps,
): Promise<Consent> => {
  const { origin, token, insecure = false } = given
  if (token !== undefined && !isAssessmentToken(token)) {
    throw new ParapetError('PPT_USAGE', 'PARAPET_ASSESSMENT_TOKEN is no token; parapet attack --make-token makes one')
  }
  const hostname = new URL(origin).hostname.replace(/^\[|\]$/g, '')
  let addresses: readonly string[]
  try {
    addresses = (await deps.resolve(hostname)).slice(0, MOST_ADDRESSES)
  } catch (cause) {
    throw new ParapetError('PPT_ATTACK_UNREACHABLE', `the name ${hostname} does not resolve`, { cause })
  }
  if (addresses.length === 0) throw new ParapetError('PPT_ATTACK_UNREACHABLE', `the name ${hostname} does not resolve`)
  const places = addresses.map(placeOf)
  const elsewhere = places.filter((place) => place === 'elsewhere').length
  if (elsewhere === 0) {
    const address = await firstAnswering(origin, addresses, insecure)
    return { by: placeOf(address) === 'loopback' ? 'loopback' : 'private', address, origin }
  }
  if (elsewhere < addresses.length)
    throw refusal(`${hostname} leads to private and to public addresses at once; give the one that you mean`)
  if (token === undefined) throw refusal(`${hostname} is neither this machine nor a private address, and no token was given`)
  const [address = ''] = addresses
  const answer = await ask(origin, address, insecure)
  if (answer.kind === 'none') throw new ParapetError('PPT_ATTACK_UNREACHABLE', `${hostname}: ${answer.detail}`)
  if (answer.status !== 200) throw refusal(`${hostname} answers ${ASSESSMENT_PATH} with status ${answer.status}`)
  const consent = readAssessmentText(answer.text, token, deps.clock())
  if (consent.kind === 'missing') throw refusal(`${hostname} does not show the hash of this token under ${ASSESSMENT_PATH}`)
  if (consent.kind === 'expired') throw refusal(`the consent of ${hostname} ended at ${new Date(consent.until).toISOString()}`)
  return { by: 'token', address, origin }
}
