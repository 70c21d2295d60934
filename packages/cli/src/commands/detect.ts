import { atLeast, LEVELS, type Level } from '@parapet/core'
import { InvalidArgumentError, Option } from 'commander'
import { type AddCommand, examples, withJson } from '../command.js'
import { reportError } from '../errors.js'
import { EXIT, EXIT_HELP, type ExitCode, worse } from '../exit-codes.js'
import { FORMAT_HELP } from '../log-input/format.js'
import { readMoment } from '../log-input/moment.js'
import { toJsonLine } from '../output/escape.js'

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

const readLimit = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It takes a whole number; 0 means all.')
  return text === '0' ? Number.POSITIVE_INFINITY : Number(text)
}

type DetectOptions = {
  format: string
  rules?: string[]
  builtin: boolean
  explain?: boolean
  level: Level
  since?: string
  until?: string
  limit: number
  json?: boolean
}

/** `parapet detect`: replay logs through the rules. */
export const addDetect: AddCommand = (program, { terminal, now, run }) => {
  const command = program
    .command('detect')
    .summary('find attacks in log files')
    .description(
      'Replays logs through the detection rules and prints who did what. Needs no server and sends nothing anywhere. ' +
        'Files are read in the order given, as one log; gzip is read as it is.',
    )
    .argument('<file...>', 'log files, plain or gzip; - reads standard input')
    .option('--format <name>', FORMAT_HELP, 'auto')
    .option('--rules <dir>', 'also run the Sigma rules of this directory or file; may be given again', collect)
    .option('--no-builtin', 'leave out the rules that come with Parapet')
    .addOption(new Option('--level <level>', 'show alerts of this level or worse').choices(LEVELS).default('informational'))
    .option('--since <when>', 'only events from then on: 24h, 2026-11-21, "2026-11-21 08:00" (UTC)')
    .option('--until <when>', 'only events before then')
    .addOption(new Option('--limit <n>', 'rows shown for each rule, 0 for all').argParser(readLimit).default(10))
    .option('--explain', 'say each rule in words, why its first alert fired, and which rules found nothing')
    .addHelpText(
      'after',
      `${examples([
        ['parapet detect /var/log/auth.log', 'who attacked the ssh server of this host'],
        ['parapet detect access.log.2.gz access.log.1 access.log', 'a rotated web log as one, oldest first'],
        ['journalctl -u ssh --since today | parapet detect -', 'what the journal has of today'],
        ['parapet detect access.log --level high --json | jq -r .targets[]', 'the addresses behind grave alerts'],
        ['parapet detect access.log --no-builtin --rules ./my-rules', 'try rules of your own on real traffic'],
      ])}

With --json every alert is one line, times in ms since 1970 (UTC):
  {"rule":{"id","title","level","tags"},"group":{...},"scope":{"kind","value"},
   "first","last","count","targets":[...],"events":[line numbers]}

${EXIT_HELP}
`,
    )
  withJson(command).action(
    run(async (files: string[], options: DetectOptions): Promise<ExitCode> => {
      const json = options.json === true
      const started = now()
      const since = options.since === undefined ? undefined : readMoment('--since', options.since, started)
      const until = options.until === undefined ? undefined : readMoment('--until', options.until, started)
      const [{ createEngine, explainRule, prepareReplay }, { loadRules, noticeProblems }, { replay }, report, { createReadProgress }] =
        await Promise.all([
          import('@parapet/detect'),
          import('../log-input/rule-files.js'),
          import('../log-input/replay.js'),
          import('../output/alert-report.js'),
          import('../output/progress.js'),
        ])
      prepareReplay()
      const { rules, problems } = await loadRules({ builtin: options.builtin, places: options.rules ?? [] })
      noticeProblems(terminal, problems)
      const begun = performance.now()
      const result = await replay({
        files,
        format: options.format,
        engine: createEngine({ rules }),
        since,
        until,
        now: started,
        stdin: terminal.stdin,
        progress: (path) => createReadProgress(terminal, path),
      })
      const took = performance.now() - begun
      const alerts = result.alerts.filter(({ rule }) => atLeast(rule.level, options.level))

      if (json) for (const alert of alerts) await terminal.print(toJsonLine(report.alertLine(alert)))
      else {
        const groups = report.groupByRule(alerts)
        for (const group of groups) {
          const name = rules.rules.find(({ id }) => id === group.rule.id)?.name
          const known = {
            ...(name === undefined ? {} : { name }),
            ...(options.explain === true ? { inWords: explainRule(rules, group.rule.id) } : {}),
          }
          await terminal.print(`${report.formatRuleGroup(group, terminal, options.limit, known)}\n`)
        }
        if (options.explain === true) {
          const quiet = rules.rules.filter(({ id, alerts }) => alerts && !groups.some((group) => group.rule.id === id))
          await terminal.print(
            `${report.formatQuietRules(
              quiet.map(({ id, name = id, title }) => ({ name, title, inWords: explainRule(rules, id) })),
              terminal,
            )}\n`,
          )
        }
        // where nothing could be read, "nothing found" would be a lie
        const read = result.files.some(({ lines, error }) => lines > 0 || error === undefined)
        if (read) await terminal.print(report.formatSummary(result.files, alerts, result.alerts.length - alerts.length, took, terminal))
      }

      let exit: ExitCode = alerts.some(({ rule }) => atLeast(rule.level, 'medium')) ? EXIT.findings : EXIT.ok
      if (problems.length > 0) exit = worse(exit, EXIT.usage)
      for (const { error } of result.files) if (error !== undefined) exit = worse(exit, await reportError(error, terminal, json))
      return exit
    }),
  )
}
