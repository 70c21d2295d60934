import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** Where a host shows that it may be attacked by whoever knows the token behind the hash. */
export const ASSESSMENT_PATH = '/.well-known/parapet-assessment'
/** The header by which requests of an assessment are known. */
export const ASSESSMENT_HEADER = 'parapet-assessment'
/** The event field that says so: the id of the run, on events whose request carried a tag that the guard has verified. */
export const ASSESSMENT_FIELD = 'parapet.assessment'

/** Characters of a token; `parapet attack --make-token` makes 43 (256 bits as base64url). */
const TOKEN = /^[\w-]{32,128}$/
const RUN = /^[\w-]{1,64}$/
const MOST_LINES = 20
const LONGEST_TEXT = 8_192
const LONGEST_TAG = 256

/** True for a text that can be an assessment token: 32 to 128 letters, digits, `-` and `_`. */
export const isAssessmentToken = (token: string): boolean => TOKEN.test(token)

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')

/** The line that a host publishes for a token: its SHA-256 and until when it holds, ms UTC. Whoever reads it learns no token. */
export const assessmentLine = (token: string, until: number): string =>
  `parapet-assessment: v1 sha256:${hashOf(token)} until:${new Date(until).toISOString().slice(0, 19)}Z`

/** What a published text says of a token. */
export type AssessmentConsent =
  | { readonly kind: 'given'; readonly until: number }
  | { readonly kind: 'expired'; readonly until: number }
  | { readonly kind: 'missing' }

/** Looks for a token's line in what a host published; at most 20 lines count, and one without an end is none. */
export const readAssessmentText = (text: string, token: string, now: number): AssessmentConsent => {
  const wanted = hashOf(token)
  let latest: number | undefined
  for (const line of text.slice(0, LONGEST_TEXT).split('\n', MOST_LINES)) {
    const match = /^parapet-assessment: v1 sha256:([0-9a-f]{64}) until:(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)\s*$/.exec(line)
    const until = match === null ? Number.NaN : Date.parse(match[2] ?? '')
    if (match?.[1] === wanted && !Number.isNaN(until)) latest = Math.max(latest ?? until, until)
  }
  if (latest === undefined) return { kind: 'missing' }
  return { kind: latest > now ? 'given' : 'expired', until: latest }
}

const seal = (token: string, signed: string): Buffer => createHmac('sha256', token).update(`parapet-assessment.${signed}`).digest()

/** The value of the tag header of a run: `v1.<run id>.<expiry in s>.<HMAC-SHA256>`. Without a token only `v1.<run id>`, which proves nothing. */
export const makeAssessmentTag = (runId: string, expiresAt: number, token: string | undefined): string => {
  if (token === undefined) return `v1.${runId}`
  const signed = `v1.${runId}.${Math.floor(expiresAt / 1_000)}`
  return `${signed}.${seal(token, signed).toString('base64url')}`
}

/** The run that a tag header names, when one of the tokens made it and it has not expired; undefined for everything else. */
export const readAssessmentTag = (header: string, tokens: readonly string[], now: number): string | undefined => {
  if (header.length > LONGEST_TAG) return undefined
  const [version, runId = '', expiry = '', mac = '', ...more] = header.split('.')
  if (version !== 'v1' || more.length > 0 || !RUN.test(runId) || !/^\d{1,12}$/.test(expiry) || !/^[\w-]{43}$/.test(mac)) return undefined
  if (Number(expiry) * 1_000 <= now) return undefined
  const given = Buffer.from(mac, 'base64url')
  const isBy = (token: string): boolean => timingSafeEqual(given, seal(token, `v1.${runId}.${expiry}`))
  return tokens.some(isBy) ? runId : undefined
}
