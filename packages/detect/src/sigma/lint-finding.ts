/** One remark on a rule file. `code` is stable; `fix` says what to write instead, '' where only its author can know. */
export type LintFinding = {
  readonly file: string
  readonly line: number
  readonly ruleId: string
  /** `error`: the rule does not run; `warning`: it does, and hardly as meant; `info`: it could be better */
  readonly severity: 'error' | 'warning' | 'info'
  readonly code: string
  readonly message: string
  readonly fix: string
}

/** A remark without its place. */
export type Remark = Omit<LintFinding, 'file' | 'ruleId'>

/** Makes a remark. */
export const remark = (severity: Remark['severity'], code: string, line: number, message: string, fix = ''): Remark => ({
  severity,
  code,
  line,
  message,
  fix,
})
