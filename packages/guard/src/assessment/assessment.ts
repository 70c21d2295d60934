import { ASSESSMENT_HEADER, ASSESSMENT_PATH, assessmentLine, type Clock, DAY, isAssessmentToken, readAssessmentTag } from '@parapet/core'
import type { ClientAddress } from '../client-address/client-address.js'
import { knownOptions, optionError, secretOptionError } from '../options/check.js'
import { asGuardRequest, type RequestLike } from '../request/guard-request.js'

/** Consent to be attacked by who knows the token. */
export type AssessmentConsent = {
  /** what `parapet attack --make-token` printed; the kit gets it as `PARAPET_ASSESSMENT_TOKEN` */
  readonly token: string
  /** until when, as a date or in ms UTC; a week from the start by default */
  readonly until?: Date | number
}

/** One consent or several. */
export type AssessmentOption = AssessmentConsent | readonly AssessmentConsent[]

/** What the guard does for `parapet attack`. */
export type Assessment = {
  /** the text under `/.well-known/parapet-assessment`; undefined for every other request */
  readonly answer: (method: string, path: string) => string | undefined
  /** the same resolver, which also says when a request is of an assessment */
  readonly marking: (resolve: (request: RequestLike) => ClientAddress) => (request: RequestLike) => ClientAddress
}

const DEFAULT_MS = 7 * DAY
const MOST = 20

const readConsent = (consent: AssessmentConsent, start: number): { readonly token: string; readonly until: number } => {
  if (typeof consent !== 'object' || consent === null) throw optionError('assessment', consent, 'give { token, until }, or a list of them')
  knownOptions('assessment', consent, ['token', 'until'])
  const { token, until = start + DEFAULT_MS } = consent
  if (typeof token !== 'string' || !isAssessmentToken(token))
    throw secretOptionError('assessment.token', token, 'give the token that parapet attack --make-token printed')
  const end = until instanceof Date ? until.getTime() : until
  if (typeof end !== 'number' || !Number.isFinite(end) || Math.abs(end) > 8.64e15)
    throw optionError('assessment.until', until, "give a date, such as new Date('2026-12-01')")
  return { token, until: end }
}

/**
 * Builds the guard's side of an assessment: it publishes the hashes of the tokens, and verifies the tag of each request. A tag that is
 * forged, of another token or expired is nothing. Throws `PPT_CONFIG_INVALID`.
 */
export const createAssessment = (option: AssessmentOption, clock: Clock): Assessment => {
  const list = Array.isArray(option) ? (option as readonly AssessmentConsent[]) : [option as AssessmentConsent]
  if (list.length > MOST) throw optionError('assessment', `${list.length} consents`, `give at most ${MOST}`)
  const start = clock()
  const consents = list.map((consent) => readConsent(consent, start))
  const runOf = (tag: string): string | undefined => {
    const now = clock()
    const held = consents.filter(({ until }) => until > now).map(({ token }) => token)
    return readAssessmentTag(tag, held, now)
  }
  return {
    answer: (method, path) => {
      if (path !== ASSESSMENT_PATH || (method !== 'GET' && method !== 'HEAD')) return undefined
      return consents.map(({ token, until }) => `${assessmentLine(token, until)}\n`).join('')
    },
    marking: (resolve) => (request) => {
      const client = resolve(request)
      const tag = asGuardRequest(request).header(ASSESSMENT_HEADER)
      const run = tag === undefined ? undefined : runOf(tag)
      return run === undefined ? client : { ...client, assessment: run }
    },
  }
}
