import process from 'node:process'
import { systemClock, systemRandom, uuidv7 } from '@parapet/core'
import { readOrigins } from '../csrf/csrf.js'
import { booleanOption, knownOptions, optionError, textListOption } from '../options/check.js'
import type { RequestLike } from '../request/guard-request.js'
import { pooledRandom } from '../request/pooled-random.js'
import { prefersHtml } from './accept.js'
import { createCleaner, describeError } from './describe.js'
import { createHider } from './hide.js'
import { listenForUncaught } from './last-resort.js'
import { errorPage } from './page.js'
import { publicShape } from './public.js'
import { describeRequest, LOGGED_HEADERS } from './request.js'
import type { ErrorAbout, ErrorAnswer, ErrorProblem, ErrorRecord, Errors, ErrorsOptions } from './types.js'

const NAMES = ['log', 'hide', 'headers', 'development', 'html', 'publicOrigins', 'masker', 'clock', 'random'] as const
const LONGEST_DETAIL = 500
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** One line of JSON, which holds no line break of its own. */
const toStandardError = (entry: ErrorRecord): void => {
  if (entry.status >= 500) process.stderr.write(`${JSON.stringify(entry)}\n`)
}

const readDevelopment = (options: ErrorsOptions): boolean => {
  if (!booleanOption('errors.development', options.development, false)) return false
  const fix = 'stacks and parameters are shown only where every public origin is this machine, such as http://localhost:3000; leave it out'
  if (options.publicOrigins === undefined) throw optionError('errors.development', true, fix)
  for (const origin of readOrigins('publicOrigins', options.publicOrigins))
    if (!LOOPBACK_HOST.test(new URL(origin).hostname))
      throw optionError('errors.development', true, `${origin} is reached by others: ${fix}`)
  return true
}

/**
 * Builds the one handler for errors: to the client a problem (or a page) with a code, a time and a reference, to the log the whole story,
 * both without what `hide` names. Throws `PPT_CONFIG_INVALID`. Sources: RFC 9457; ASVS 5.0 13.4.2, 16.2.5, 16.4.1, 16.5.1.
 */
export const createErrors = (options: ErrorsOptions = {}): Errors => {
  knownOptions('errors', options, NAMES)
  if (options.log !== undefined && typeof options.log !== 'function')
    throw optionError('errors.log', options.log, 'give a function, or leave it out')
  const development = readDevelopment(options)
  const html = booleanOption('errors.html', options.html, true)
  const headers = textListOption('errors.headers', options.headers ?? LOGGED_HEADERS, 'give names of headers').map((name) =>
    name.toLowerCase(),
  )
  const hider = createHider(options.hide)
  const clean = createCleaner(hider, options.masker)
  const clock = options.clock ?? systemClock
  const random = options.random ?? pooledRandom(systemRandom)
  const log = options.log ?? toStandardError

  /** An entry that cannot be written must not change the answer, and is not lost without a word. */
  const write = (entry: ErrorRecord): unknown => {
    try {
      const written: unknown = log(entry)
      if (written instanceof Promise) return written.catch(() => fallback(entry))
      return written
    } catch {
      return fallback(entry)
    }
  }
  const fallback = (entry: ErrorRecord): void =>
    process.emitWarning(`errors.log failed; error ${entry.id} was answered with ${entry.status} ${entry.code}`, { type: 'ParapetGuard' })

  /** A request that does not let itself be read must not stand in the way of the answer. */
  const readRequest = (about: ErrorAbout): ReturnType<typeof describeRequest> => {
    try {
      return describeRequest(about, hider, clean, headers)
    } catch {
      return { request: undefined, secrets: [] }
    }
  }

  const wantsPage = (request: RequestLike): boolean => {
    try {
      return html && prefersHtml(request)
    } catch {
      return false
    }
  }

  const answer = (error: unknown, about: ErrorAbout = {}): ErrorAnswer => {
    const at = clock()
    const id = about.id !== undefined && UUID.test(about.id) ? about.id : uuidv7(at, random)
    const shape = publicShape(error)
    const { request, secrets } = readRequest(about)
    const described = describeError(error, clean, secrets)
    write({
      kind: 'request',
      at,
      id,
      status: shape.status,
      code: shape.code,
      error: described,
      ...(request === undefined ? {} : { request }),
    })
    const problem: ErrorProblem = {
      type: shape.type,
      title: shape.title,
      status: shape.status,
      code: shape.code,
      ...(shape.detail === undefined ? {} : { detail: clean(shape.detail, LONGEST_DETAIL) }),
      time: new Date(at).toISOString(),
      instance: `urn:uuid:${id}`,
      ...(development ? { development: { error: described, ...(request === undefined ? {} : { request }) } } : {}),
    }
    const page = about.request !== undefined && wantsPage(about.request)
    return {
      status: shape.status,
      headers: [
        ['Content-Type', page ? 'text/html; charset=utf-8' : 'application/problem+json'],
        // a page with a nonce, and a reference that is one person's
        ['Cache-Control', 'no-store'],
        ['Vary', 'Accept'],
      ],
      body: page ? errorPage(problem, about.nonce) : JSON.stringify(problem),
      problem,
    }
  }

  return {
    answer,
    describe: (error) => describeError(error, clean),
    prefersHtml: wantsPage,
    installLastResort: () =>
      listenForUncaught((error, origin) => {
        const at = clock()
        return write({
          kind: origin === 'unhandledRejection' ? 'unhandled_rejection' : 'uncaught_exception',
          at,
          id: uuidv7(at, random),
          status: 500,
          code: 'PPT_INTERNAL',
          error: describeError(error, clean),
        })
      }),
    development,
  }
}
