import { readFile, writeFile } from 'node:fs/promises'
import type { AttackReport, Probe, Target } from '@parapet/assess'
import { assessmentLine, DAY, ParapetError, randomToken } from '@parapet/core'
import type { CommandContext } from '../../command.js'
import { usageError } from '../../errors.js'
import { EXIT, type ExitCode } from '../../exit-codes.js'
import { escapeText, toJsonLine } from '../../output/escape.js'
import { VERSION } from '../../version.js'
import { createAttackProgress } from './attack-progress.js'
import { formatAttack } from './attack-report.js'
import type { AttackArguments } from './index.js'
import { formatProbes } from './probe-list.js'

/** How long a published text holds, unless somebody changes it. */
const CONSENT_DAYS = 30

const fileError = (path: string, cause: unknown): ParapetError =>
  new ParapetError('PPT_FILE_UNREADABLE', `${path}${cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''}`, {
    cause,
  })

const readTargetFile = async (path: string, env: CommandContext['env']): Promise<Target> => {
  const { readTarget } = await import('@parapet/assess')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw fileError(path, cause)
  }
  return readTarget(text, path, env)
}

/** Only its owner may read a report: it says where an application is weak. */
const write = async (path: string, text: string): Promise<void> => {
  try {
    await writeFile(path, text, { mode: 0o600 })
  } catch (cause) {
    throw fileError(path, cause)
  }
}

const makeToken = async ({ terminal, now }: CommandContext, json: boolean): Promise<ExitCode> => {
  const token = randomToken()
  const until = now() + CONSENT_DAYS * DAY
  const line = assessmentLine(token, until)
  if (json) {
    await terminal.print(toJsonLine({ token, line, path: '/.well-known/parapet-assessment', until: new Date(until).toISOString() }))
    return EXIT.ok
  }
  const { bold, dim } = terminal.colors
  await terminal.print(`${bold('The token')}, a secret; keep it in the environment of whoever attacks:

  PARAPET_ASSESSMENT_TOKEN=${token}

${bold('The text')}, for everybody to see under /.well-known/parapet-assessment of the host:

  ${line}

${bold('Or')}, where the guard protects the host, its option serves that path and knows
the requests of the kit, so that they ban nobody:

  assessment: { token: process.env.PARAPET_ASSESSMENT_TOKEN }

${dim(`The text holds for ${CONSENT_DAYS} days. Take it away to end the consent before.`)}`)
  return EXIT.ok
}

const exitOf = (report: AttackReport, failOn: AttackArguments['failOn'], severities: readonly string[]): ExitCode => {
  if (report.state === 'failed') return EXIT.failed
  const floor = severities.indexOf(failOn)
  if (report.findings.some(({ severity }) => severities.indexOf(severity) <= floor)) return EXIT.findings
  return report.state === 'partial' ? EXIT.partial : EXIT.ok
}

/** The first Ctrl-C ends the run with what is known; a second one the process. */
const endOnSignal = (): { readonly signal: AbortSignal; readonly stop: () => void } => {
  const controller = new AbortController()
  const end = (): void => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  }
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
  return {
    signal: controller.signal,
    stop: () => {
      process.off('SIGINT', end)
      process.off('SIGTERM', end)
    },
  }
}

/** Runs `parapet attack`. */
export const attack = async (context: CommandContext, argument: string | undefined, options: AttackArguments): Promise<ExitCode> => {
  const { terminal, env } = context
  // `--json http://…`: the optional file name took what was meant as the URL
  const swallowed = argument === undefined && typeof options.json === 'string' && /^https?:\/\//.test(options.json)
  const url = swallowed ? String(options.json) : argument
  const json = swallowed ? true : options.json
  if (options.makeToken === true) return makeToken(context, json === true)
  const { PROBES, SEVERITIES, chooseProbes, renderHtml, runAttack, toSarif } = await import('@parapet/assess')
  const probes: readonly Probe[] = chooseProbes(PROBES, options)
  if (probes.length === 0) throw usageError('no probe is left to run; see parapet attack --list')
  if (options.list === true) {
    await terminal.print(json === true ? probes.map(probeLine).join('\n') : formatProbes(probes, terminal))
    return EXIT.ok
  }
  if (url === undefined) throw usageError('the URL is missing, such as parapet attack http://localhost:3000')
  const target = options.target === undefined ? {} : await readTargetFile(options.target, env)
  const token = env['PARAPET_ASSESSMENT_TOKEN']
  const progress = createAttackProgress(terminal)
  const ending = endOnSignal()
  let report: AttackReport
  try {
    report = await runAttack({
      url,
      target,
      probes,
      options: {
        signal: ending.signal,
        onProgress: progress.update,
        ...(token === undefined || token === '' ? {} : { token }),
        ...(options.insecure === undefined ? {} : { insecure: options.insecure }),
        ...(options.rate === undefined ? {} : { rate: options.rate }),
        ...(options.maxRequests === undefined ? {} : { maxRequests: options.maxRequests }),
        ...(options.keepFacts === true ? { keepFacts: true } : {}),
        ...(options.browser === undefined ? {} : { browserPath: options.browser }),
      },
    })
  } finally {
    progress.stop()
    ending.stop()
  }
  if (json === true) await terminal.print(toJsonLine(report))
  else {
    if (typeof json === 'string') await write(json, `${JSON.stringify(report, undefined, 2)}\n`)
    await terminal.print(formatAttack(report, terminal))
  }
  if (options.html !== undefined) await write(options.html, renderHtml(report))
  if (options.sarif !== undefined) await write(options.sarif, `${JSON.stringify(toSarif(report, VERSION), undefined, 2)}\n`)
  for (const path of [typeof json === 'string' ? json : undefined, options.html, options.sarif]) {
    if (path !== undefined) terminal.notice(terminal.errorColors.dim(`Written: ${escapeText(path)}`))
  }
  return exitOf(report, options.failOn, SEVERITIES)
}

const probeLine = ({ name, id, family, title, severity, kind, needs, cwe, asvs }: Probe): string =>
  toJsonLine({ probe: name, id, family, title, severity, kind, needs, cwe, asvs })
