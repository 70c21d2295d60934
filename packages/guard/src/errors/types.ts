import type { Clock, Masker, RandomSource } from '@parapet/core'
import type { RequestLike } from '../request/guard-request.js'

/** What of an error may be written down: bounded, control characters shown as escapes, hidden values as `***`, masked. */
export type DescribedError = {
  /** the name of its class, or the kind of value that was thrown instead of an error */
  readonly type: string
  readonly message: string
  /** such as `ENOENT` or `PPT_INVALID` */
  readonly code?: string
  /** the frames, one a line, without the message */
  readonly stack: readonly string[]
  readonly cause?: DescribedError
  /** those of an AggregateError */
  readonly errors?: readonly DescribedError[]
}

/** What of the request goes into the log beside the error. Names and values bounded and hidden alike. */
export type DescribedRequest = {
  readonly method: string
  /** without query */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** what the application handed over as `parameters`: route parameters, the parsed body */
  readonly parameters: Readonly<Record<string, string>>
  /** those that `errors.headers` names */
  readonly headers: Readonly<Record<string, string>>
}

/** One entry for the log. `at` in ms UTC; `id` is what the client was told, and the id of the request in events. */
export type ErrorRecord = {
  readonly kind: 'request' | 'uncaught_exception' | 'unhandled_rejection'
  readonly at: number
  readonly id: string
  /** the status that was answered; 500 for a process that dies */
  readonly status: number
  readonly code: string
  readonly error: DescribedError
  readonly request?: DescribedRequest
}

/** The body of an answer for an error. Source: RFC 9457. */
export type ErrorProblem = {
  readonly type: string
  readonly title: string
  readonly status: number
  /** of the registry, or the application's own for an error that it made public */
  readonly code: string
  readonly detail?: string
  /** ISO 8601, UTC */
  readonly time: string
  /** `urn:uuid:` and the id under which the log has the whole story */
  readonly instance: string
  /** only with `development: true` */
  readonly development?: { readonly error: DescribedError; readonly request?: DescribedRequest }
}

/** An answer, ready to be sent: `body` is JSON or HTML, `headers` say which, and that nobody may keep it. */
export type ErrorAnswer = {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  readonly problem: ErrorProblem
}

/** What is known beside the error. Everything may be left out. */
export type ErrorAbout = {
  readonly request?: RequestLike
  /** the guard's id of the request; a new one without */
  readonly id?: string
  /** of this answer, for the page's style; without it the page goes unstyled */
  readonly nonce?: string
  /** route parameters, the parsed body: logged by name, hidden ones as `***` */
  readonly parameters?: Readonly<Record<string, unknown>>
}

/** What {@link createErrors} takes. */
export type ErrorsOptions = {
  /** told of every error, and may return a promise, for which only a dying process waits; left out, 5xx go to standard error as one JSON line each */
  readonly log?: (entry: ErrorRecord) => unknown
  /**
   * Names of parameters, cookies and headers, beside the built-in ones, whose values never show: `*` stands for any characters, case and
   * `-`, `_`, `.` do not count. Regular expressions hide what they match in any text.
   */
  readonly hide?: readonly (string | RegExp)[]
  /** headers that are logged; default host, content-type, content-length, user-agent, referer, origin, sec-fetch-site */
  readonly headers?: readonly string[]
  /** stack and parameters in the answer. Refused unless every public origin is loopback. Default false */
  readonly development?: boolean
  /** an HTML page for browsers that ask for one; default true */
  readonly html?: boolean
  /** where browsers reach the application; `development` needs it */
  readonly publicOrigins?: readonly string[]
  readonly masker?: Pick<Masker, 'text'> | undefined
  readonly clock?: Clock
  readonly random?: RandomSource
}

/** One handler for thrown errors. Nothing here throws, whatever was thrown. */
export type Errors = {
  /** The answer for an error, and its entry in the log. */
  readonly answer: (error: unknown, about?: ErrorAbout) => ErrorAnswer
  /** What may be written down of an error, for a log of the application; nothing is logged here. */
  readonly describe: (error: unknown) => DescribedError
  /** Whether a browser's navigation asked: then a page is the better answer. */
  readonly prefersHtml: (request: RequestLike) => boolean
  /**
   * Logs what nobody caught and lets the process die with code 1, as Node would. Returns how to take it away again. Source: ASVS 5.0
   * 16.5.4.
   */
  readonly installLastResort: () => () => void
  readonly development: boolean
}
