import { ERRORS, type ErrorCode } from '@parapet/core'

/**
 * What the command answers to the shell. `partial`: some of what was asked for could not be judged; `parapet attack` and `parapet triage` say
 * so. `interrupted`: Ctrl-C at a question, as shells say it.
 */
export const EXIT = { ok: 0, findings: 1, usage: 2, failed: 3, partial: 4, interrupted: 130 } as const
/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The paragraph that every `--help` ends with; what 0 and 1 mean differs. */
export const exitHelp = (ok: string, findings: string): string => `Exit codes:
  0  ${ok}
  1  ${findings}
  2  the command or its input is not right
  3  it could not be completed: what was printed is what is known`

/** The same for commands that look for attacks. */
export const EXIT_HELP: string = exitHelp(
  'done, and nothing of level medium or above was found',
  'done, and alerts of level medium or above (or failed examples) were found',
)

/** Codes whose fault lies with who typed the command, although no request was involved. */
const INPUT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PPT_USAGE',
  'PPT_FILE_UNREADABLE',
  'PPT_CONFIG_INVALID',
  'PPT_CONFIG_UNKNOWN_KEY',
  'PPT_BIND_CLEARTEXT',
  'PPT_MASK_RULE',
  'PPT_KEY_DEV',
  'PPT_SEALED_CONTEXT',
])
/** Answers that another try may change. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PPT_RATE_LIMITED',
  'PPT_BACKPRESSURE',
  'PPT_CONFLICT',
  'PPT_BUDGET',
  'PPT_SEAL_STATE',
  'PPT_KEY_IN_USE',
])

/** The exit code for an error of the registry. */
export const exitCodeOf = (code: ErrorCode): ExitCode => {
  if (INPUT.has(code)) return EXIT.usage
  return ERRORS[code].status < 500 && !PASSING.has(code) ? EXIT.usage : EXIT.failed
}

/** The graver of two exit codes: what could not be completed outweighs a wrong input, that outweighs a finding. */
export const worse = (a: ExitCode, b: ExitCode): ExitCode => (a > b ? a : b)
