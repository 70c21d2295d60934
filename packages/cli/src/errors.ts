import { ERRORS, type ErrorCode, isParapetError, maskSentence, ParapetError } from '@parapet/core'
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.js'
import { escapeText, foldText, toJsonLine } from './output/escape.js'
import type { Terminal } from './output/terminal.js'

/** A wrong use of the command: exit code 2. */
export const usageError = (detail: string): ParapetError => new ParapetError('PPT_USAGE', detail)

/** Thrown when somebody answers a question with Ctrl-C: nothing was changed. */
export class Interrupted extends Error {
  constructor() {
    super('Nothing was changed.')
    this.name = 'Interrupted'
  }
}

/** An error that came back from the control plane, with its own sentence instead of the registry's. */
export type RemoteError = { readonly code: ErrorCode; readonly title: string; readonly detail?: string; readonly instance?: string }

const isCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(ERRORS, code)

/** What the registry says of requests, said for who types commands. */
const FIXES: Partial<Record<ErrorCode, string>> = {
  PPT_UNAUTHENTICATED:
    'Start the server of this machine with parapet serve, or set PARAPET_URL and PARAPET_TOKEN to one and a token of it.',
}

type Described = {
  readonly code: ErrorCode
  /** what the registry says: nothing of it came in, and nothing of it is masked */
  readonly title: string
  /** a sentence of ours about this occurrence */
  readonly detail?: string
  /** what somebody else said, in place of the detail */
  readonly foreign?: string
  readonly fix: string
  readonly cause?: string
}

/** What to say about anything that was thrown: a code, a sentence, a way out. Never a stack. */
const describe = (error: unknown): Described => {
  if (isParapetError(error) && isCode(error.code)) {
    const { cause, detail } = error
    return {
      code: error.code,
      title: ERRORS[error.code].message,
      ...(detail === undefined ? {} : { detail }),
      fix: FIXES[error.code] ?? ERRORS[error.code].fix,
      ...(cause instanceof Error && error.status >= 500 ? { cause: cause.message } : {}),
    }
  }
  return {
    code: 'PPT_INTERNAL',
    title: ERRORS.PPT_INTERNAL.message,
    foreign: error instanceof Error ? error.message : String(error),
    fix: 'This is a fault of Parapet. Please report it with the command line and this message.',
  }
}

/** What stands for text that could not be looked through: nothing of it is printed. */
const UNSEEN = '[not masked]'

/**
 * Hides personal data and secrets: what is printed ends in tickets, and in the logs of whatever runs the command. The masker is
 * loaded here, since most runs of a command never need it.
 */
const loadMask = async (): Promise<(text: string) => string> => {
  try {
    const { createMasker } = await import('@parapet/privacy')
    return createMasker().content
  } catch {
    return () => UNSEEN
  }
}

/**
 * Prints an error as code, sentence and fix on standard error (one JSON object with `--json`) and gives the exit code; what it says has
 * passed the masker. `way` is a better way out than the registry's.
 */
export const reportError = async (error: unknown, terminal: Terminal, json: boolean, way?: string): Promise<ExitCode> => {
  const { code, ...said } = describe(error)
  const mask = await loadMask()
  const about = said.foreign === undefined ? said.detail && maskSentence(said.detail, mask) : mask(said.foreign)
  const sentence = about === undefined ? said.title : `${said.title}: ${about}`
  const cause = said.cause === undefined ? undefined : mask(said.cause)
  const fix = way ?? said.fix
  if (json) {
    terminal.notice(toJsonLine({ error: { code, message: sentence, fix, ...(cause === undefined ? {} : { cause }) } }))
  } else {
    const { bold, red, dim } = terminal.errorColors
    terminal.notice(`${red(bold(code))}  ${foldText(sentence)}`)
    if (cause !== undefined && !sentence.includes(cause)) terminal.notice(`${dim('because')}  ${foldText(cause)}`)
    terminal.notice(`${dim('fix')}  ${escapeText(fix)}`)
  }
  return isParapetError(error) && isCode(error.code) ? exitCodeOf(error.code) : EXIT.failed
}
