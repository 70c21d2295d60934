import { type Alert, atLeast } from '@parapet/core'
import type { ActivityReport, RuleSet } from '@parapet/detect'
import { Option } from 'commander'
import { type AddCommand, collect, type CommandContext, examples, readLimit, withJson } from '../../command.js'
import { reportError, usageError } from '../../errors.js'
import { EXIT, EXIT_HELP, type ExitCode, worse } from '../../exit-codes.js'
import { namedParser } from '../../log-input/format.js'
import { readMoment } from '../../log-input/moment.js'
import { noticeTrailing } from '../../log-input/notices.js'
import { type RecentLogOptions, withRecentLogs } from '../../log-input/options.js'
import type { FileSummary } from '../../log-input/replay.js'
import { toJsonLine } from '../../output/escape.js'
import { hasJournal, openPlaces, usualLogs } from './log-places.js'

/** What {@link readActivity} is asked. Times in ms UTC. */
export type ActivityRequest = {
  readonly places: readonly string[]
  readonly format: string
  readonly mapping?: string
  readonly geo?: readonly string[]
  readonly since: number
  readonly until?: number | undefined
}

/** What was read and what came of it. */
export type ActivityResult = {
  readonly report: ActivityReport
  readonly files: readonly FileSummary[]
  readonly rules: RuleSet
  readonly errors: readonly unknown[]
}

/** Reads logs through the rules and counts who did what. A place that cannot be read is told in `errors`; the others are read. */
export const readActivity = async ({ terminal, now }: CommandContext, request: ActivityRequest): Promise<ActivityResult> => {
  const [
    { createActivity, createEngine, createEnricher, prepareReplay },
    { loadRules, noticeProblems },
    { replay },
    { createReadProgress },
  ] = await Promise.all([
    import('@parapet/detect'),
    import('../../log-input/rule-files.js'),
    import('../../log-input/replay.js'),
    import('../../output/progress.js'),
  ])
  const geo =
    request.geo === undefined ? undefined : (await import('@parapet/guard/geo')).createGeo({ path: [...request.geo], reloadMs: 0 })
  const enrich = geo === undefined ? undefined : createEnricher(geo)
  const parser = await namedParser(request)
  prepareReplay()
  const { rules, problems } = await loadRules({ builtin: true, places: [] })
  noticeProblems(terminal, problems)
  const activity = createActivity()
  const places = openPlaces(request.places, request.since)
  const errors: unknown[] = []
  try {
    const { alerts, files } = await replay({
      files: places.files,
      streams: places.streams,
      parser,
      engine: createEngine({ rules }),
      enrich: (event) => {
        const known = enrich?.(event) ?? event
        activity.add(known)
        return known
      },
      since: request.since,
      until: request.until,
      now: now(),
      stdin: terminal.stdin,
      onTrailing: (path) => noticeTrailing(terminal, path),
      progress: (path) => createReadProgress(terminal, path),
    })
    errors.push(...files.flatMap(({ error }) => (error === undefined ? [] : [error])))
    return { report: activity.report(alerts), files, rules, errors }
  } finally {
    await places.close().catch((error: unknown) => errors.push(error))
  }
}

/** The places that are meant when none is named. Errors: `PPT_USAGE` where this machine has no log that may be read. */
export const placesOr = async (named: readonly string[], what: string): Promise<readonly string[]> => {
  if (named.length > 0) return named
  const found = await usualLogs()
  // the journal holds what auth.log holds
  const journal = hasJournal() && !found.some((path) => /(?:auth\.log|secure)$/.test(path)) ? ['journal'] : []
  if (found.length + journal.length === 0)
    throw usageError(`no log was found in the usual places; name one: parapet ${what} /path/to/auth.log`)
  return [...found, ...journal]
}

type Options = RecentLogOptions & {
  until?: string
  geo?: string[]
  limit: number
  json?: boolean
}

const sumOutside = (files: readonly FileSummary[]): number => files.reduce((sum, { outside }) => sum + outside, 0)

/** `parapet activity`: who did what lately, the oddest first. */
export const addActivity: AddCommand = (program, context) => {
  const { terminal, now, run } = context
  const command = program
    .command('activity')
    .summary('who signed in, failed, administered and read what lately, the oddest first')
    .description(
      'Reviews recent activity: sign-ins and failures, acts of administration and access to records, ranked by how odd they are, and what the detection rules say. ' +
        'Reads logs alone, needs no server and changes nothing. Without a file it reads the usual logs of this machine.',
    )
  withRecentLogs(command, 'log files, plain or gzip; - reads standard input')
    .option('--until <when>', 'only before then')
    .option('--geo <file>', 'a .mmdb file with places of addresses; may be given again', collect)
    .addOption(new Option('--limit <n>', 'rows shown in each list, 0 for all').argParser(readLimit).default(10))
    .addHelpText(
      'after',
      `${examples([
        ['sudo parapet activity', 'the last 24 hours of this machine'],
        ['parapet activity --auth docker:backend --mapping app.yml --since 7d', 'a week of an application in a container'],
        ['parapet activity auth.log --since 7d --json | jq .people[0]', 'who was oddest this week'],
      ])}

${EXIT_HELP}
`,
    )
  withJson(command).action(
    run(async (files: string[], options: Options): Promise<ExitCode> => {
      const json = options.json === true
      const started = now()
      const places = await placesOr([...files, ...(options.auth ?? [])], 'activity')
      const {
        report,
        errors,
        rules,
        files: read,
      } = await readActivity(context, {
        places,
        format: options.format,
        since: readMoment('--since', options.since, started),
        until: options.until === undefined ? undefined : readMoment('--until', options.until, started),
        ...(options.mapping === undefined ? {} : { mapping: options.mapping }),
        ...(options.geo === undefined ? {} : { geo: options.geo }),
      })
      const { formatActivity } = await import('./activity-report.js')
      const alerts = await import('../../output/alert-report.js')
      const nameOf = (id: string): string | undefined => rules.rules.find((rule) => rule.id === id)?.name
      if (json)
        await terminal.print(
          toJsonLine({ ...report, alerts: report.alerts.map(alerts.alertLine), files: read.map(({ error: _error, ...file }) => file) }),
        )
      else if (read.some(({ error, events, foreign }) => error === undefined || events + foreign > 0)) {
        // where nothing could be read, "nothing odd" would be a lie
        await terminal.print(`${formatActivity(report, terminal, options.limit, sumOutside(read))}\n`)
        for (const group of alerts.groupByRule(report.alerts.filter(({ rule }) => atLeast(rule.level, 'low'))))
          await terminal.print(`${alerts.formatRuleGroup(group, terminal, Math.min(3, options.limit), { name: nameOf(group.rule.id) })}\n`)
      }
      let exit: ExitCode = isOdd(report) ? EXIT.findings : EXIT.ok
      for (const error of errors) exit = worse(exit, await reportError(error, terminal, json))
      return exit
    }),
  )
}

const isGrave = ({ rule }: Alert): boolean => atLeast(rule.level, 'medium')

/** True when somebody should look at it now. */
export const isOdd = (report: ActivityReport): boolean =>
  report.alerts.some(isGrave) ||
  [report.people, report.addresses, report.acts, report.data].some((list) => list.some(({ oddity }) => oddity >= 40))
