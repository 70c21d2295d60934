import { atLeast, LEVELS, type Level, type SecurityEvent } from '@parapet/core'
import type { Engine } from '@parapet/detect'
import { Option } from 'commander'
import { type AddCommand, collect, examples, readLimit, withJson } from '../command.js'
import { reportError } from '../errors.js'
import { EXIT, EXIT_HELP, type ExitCode, worse } from '../exit-codes.js'
import { FORMAT_HELP, FORMATS_HELP, LOG_FORMAT_HELP, MAPPING_HELP, namedParser } from '../log-input/format.js'
import { readMoment } from '../log-input/moment.js'
import { noticeTrailing } from '../log-input/notices.js'
import { PIPELINE_HELP } from '../log-input/rule-files.js'
import { toJsonLine } from '../output/escape.js'

/** So many events from the start are looked at again, rule by rule, to say how near the quiet ones came. */
const EXPLAINED = 20_000

type DetectOptions = {
  format: string
  mapping?: string
  logFormat?: string
  rules?: string[]
  pipeline?: string[]
  geo?: string[]
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
    .option('--mapping <file>', MAPPING_HELP)
    .option('--log-format <format>', LOG_FORMAT_HELP)
    .option('--rules <dir>', 'also run the Sigma rules of this directory or file; may be given again', collect)
    .option('--pipeline <file>', PIPELINE_HELP, collect)
    .option('--geo <file>', 'a .mmdb file with places or networks of addresses, such as GeoLite2-City; may be given again', collect)
    .option('--no-builtin', 'leave out the rules that come with Parapet')
    .addOption(new Option('--level <level>', 'show alerts of this level or worse').choices(LEVELS).default('informational'))
    .option('--since <when>', 'only events from then on: 24h, 2026-11-21, "2026-11-21 08:00" (UTC)')
    .option('--until <when>', 'only events before then')
    .addOption(new Option('--limit <n>', 'rows shown for each rule, 0 for all').argParser(readLimit).default(10))
    .option('--explain', 'say each rule in words, why its first alert fired, which rules found nothing, and how near they came')
    .addHelpText(
      'after',
      `${examples([
        ['parapet detect /var/log/auth.log', 'who attacked the ssh server of this host'],
        ['parapet detect access.log.2.gz access.log.1 access.log', 'a rotated web log as one, oldest first'],
        ['journalctl -u ssh --since today | parapet detect -', 'what the journal has of today'],
        ['parapet detect app.log --mapping app.yml', 'a JSON log of your own, with its fields named'],
        ['parapet detect access.log --level high --json | jq -r .targets[]', 'the addresses behind grave alerts'],
        ['parapet detect app.log --geo GeoLite2-City.mmdb --geo GeoLite2-ASN.mmdb', 'new countries and impossible travel of users too'],
        ['parapet detect access.log --no-builtin --rules ./my-rules', 'try rules of your own on real traffic'],
      ])}

With --json every alert is one line, times in ms since 1970 (UTC):
  {"rule":{"id","title","level","tags"},"group":{...},"scope":{"kind","value"},
   "first","last","count","targets":[...],"events":[line numbers]}

${FORMATS_HELP}

${EXIT_HELP}
`,
    )
  withJson(command).action(
    run(async (files: string[], options: DetectOptions): Promise<ExitCode> => {
      const json = options.json === true
      const started = now()
      const since = options.since === undefined ? undefined : readMoment('--since', options.since, started)
      const until = options.until === undefined ? undefined : readMoment('--until', options.until, started)
      const [
        { createEngine, createEnricher, explainEvents, explainRule, prepareReplay },
        { loadRules, noticeProblems },
        { replay },
        report,
        { createReadProgress },
      ] = await Promise.all([
        import('@parapet/detect'),
        import('../log-input/rule-files.js'),
        import('../log-input/replay.js'),
        import('../output/alert-report.js'),
        import('../output/progress.js'),
      ])
      // first: a database that cannot be read is said before hours of logs are
      const geo = options.geo === undefined ? undefined : (await import('@parapet/guard/geo')).createGeo({ path: options.geo, reloadMs: 0 })
      const parser = await namedParser(options)
      prepareReplay()
      const { rules, problems } = await loadRules({ builtin: options.builtin, places: options.rules ?? [], pipelines: options.pipeline })
      noticeProblems(terminal, problems)
      const begun = performance.now()
      const engine = createEngine({ rules })
      const head: SecurityEvent[] = []
      const watched: Engine = {
        ...engine,
        process: (event, ref) => {
          if (head.length < EXPLAINED) head.push(event)
          return engine.process(event, ref)
        },
      }
      const result = await replay({
        files,
        parser,
        engine: options.explain === true ? watched : engine,
        enrich: geo === undefined ? undefined : createEnricher(geo),
        since,
        until,
        now: started,
        stdin: terminal.stdin,
        onTrailing: (path) => noticeTrailing(terminal, path),
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
          const near = new Map(explainEvents(rules, head).rules.map((told) => [told.ruleId, report.nearWords(told)]))
          await terminal.print(
            `${report.formatQuietRules(
              quiet.map(({ id, name = id, title }) => ({ name, title, inWords: explainRule(rules, id), near: near.get(id) })),
              terminal,
            )}\n`,
          )
        }
        // where nothing could be read, "nothing found" would be a lie
        const read = result.files.some(({ events, foreign, error }) => events + foreign > 0 || error === undefined)
        if (read) await terminal.print(report.formatSummary(result.files, alerts, result.alerts.length - alerts.length, took, terminal))
      }

      let exit: ExitCode = alerts.some(({ rule }) => atLeast(rule.level, 'medium')) ? EXIT.findings : EXIT.ok
      if (problems.length > 0) exit = worse(exit, EXIT.usage)
      for (const { error } of result.files) if (error !== undefined) exit = worse(exit, await reportError(error, terminal, json))
      return exit
    }),
  )
}
