import { ERRORS, type ErrorCode, isParapetError, ParapetError } from '@parapet/core'
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.js'
import { escapeText, toJsonLine } from './output/escape.js'
import type { Terminal } from './output/terminal.js'

/** A wrong use of the command: exit code 2. */
export const usageError = (detail: string): ParapetError => new ParapetError('PPT_USAGE', detail)

/** An error that came back from the control plane, with its own sentence instead of the registry's. */
export type RemoteError = { readonly code: ErrorCode; readonly title: string; readonly detail?: string; readonly instance?: string }

const isCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(ERRORS, code)

/** What to say about anything that was thrown: a code, a sentence, a way out. Never a stack. */
const describe = (error: unknown): { code: ErrorCode; sentence: string; fix: string; cause?: string } => {
  if (isParapetError(error) && isCode(error.code)) {
    const { cause } = error
    return {
      code: error.code,
      sentence: error.message,
      fix: ERRORS[error.code].fix,
      ...(cause instanceof Error && error.status >= 500 ? { cause: cause.message } : {}),
    }
  }
  const message = error instanceof Error ? error.message : String(error)
  return {
    code: 'PPT_INTERNAL',
    sentence: `${ERRORS.PPT_INTERNAL.message}: ${message}`,
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
  const sentence = mask(said.sentence)
  const cause = said.cause === undefined ? undefined : mask(said.cause)
  const usual = said.fix
  const fix = way ?? usual
  if (json) {
    terminal.notice(toJsonLine({ error: { code, message: sentence, fix, ...(cause === undefined ? {} : { cause }) } }))
  } else {
    const { bold, red, dim } = terminal.errorColors
    terminal.notice(`${red(bold(code))}  ${escapeText(sentence)}`)
    if (cause !== undefined && !sentence.includes(cause)) terminal.notice(`${dim('because')}  ${escapeText(cause)}`)
    terminal.notice(`${dim('fix')}  ${escapeText(fix)}`)
  }
  return isParapetError(error) && isCode(error.code) ? exitCodeOf(error.code) : EXIT.failed
}
