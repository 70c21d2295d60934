import { ParapetError } from '@parapet/core'
import { type AddCommand, examples, withJson } from '../command.js'
import { EXIT, EXIT_HELP } from '../exit-codes.js'
import {
  assertUnderstood,
  FORMAT_HELP,
  FORMATS_HELP,
  type FormatChoice,
  latestMoment,
  LOG_FORMAT_HELP,
  MAPPING_HELP,
  namedParser,
  pickParser,
} from '../log-input/format.js'
import { noticeTrailing } from '../log-input/notices.js'
import { waits } from '../log-input/replay.js'
import { escapeText, toJsonLine } from '../output/escape.js'
import { formatCount, plural } from '../output/format.js'

/** `parapet parse`: log lines to events. */
export const addParse: AddCommand = (program, { terminal, now, run }) => {
  const command = program
    .command('parse')
    .summary('turn log lines into events, one JSON object a line')
    .description(
      'Reads a log, plain or gzip, and prints each line that it understands as an event: flat ECS fields, one JSON object a line.',
    )
    .argument('<file>', 'the log; - reads standard input')
    .option('--format <name>', FORMAT_HELP, 'auto')
    .option('--mapping <file>', MAPPING_HELP)
    .option('--log-format <format>', LOG_FORMAT_HELP)
    .addHelpText(
      'after',
      `${examples([
        [`parapet parse access.log | jq '.["source.ip"]'`, 'the addresses of a web log'],
        [`parapet parse a.log --log-format '$remote_addr [$time_local] "$request"'`, "a web server's own format"],
        ['journalctl -u ssh | parapet parse - --format sshd', 'what sshd said, as events'],
      ])}

How many lines were not understood is said on standard error.

${FORMATS_HELP}

${EXIT_HELP}
`,
    )
  withJson(command).action(
    run(async (path: string, options: FormatChoice) => {
      const { openParser, readLines } = await import('@parapet/detect')
      const reader = readLines(path, { stdin: terminal.stdin, onTrailing: () => noticeTrailing(terminal, path) })
      const context = { now: await latestMoment(path, now()) }
      const named = await namedParser(options)
      let parser = named === undefined ? undefined : openParser(named)
      let events = 0
      let foreign = 0
      let unknown = 0
      let failure: unknown
      try {
        for await (const { lines } of reader) {
          parser ??= openParser(await pickParser(lines, path))
          const parsed: string[] = []
          for (const line of lines) {
            const event = parser.parse(line, context)
            if (event !== undefined) parsed.push(toJsonLine(event))
            else if (parser.isForeign(line)) foreign++
            else if (line.trim() !== '' && !waits(parser, line)) unknown++
          }
          events += parsed.length
          if (parsed.length > 0) await terminal.print(parsed.join('\n'))
        }
        for (let event = parser?.flush?.(); event !== undefined; event = parser?.flush?.()) {
          events++
          await terminal.print(toJsonLine(event))
        }
      } catch (error) {
        // what was read is counted and said before the error is
        if (!(error instanceof ParapetError) || error.code !== 'PPT_FILE_TRUNCATED') throw error
        failure = error
      }
      const { lines, cut } = reader.counts()
      if (unknown > 0 || cut > 0) {
        const long = cut > 0 ? `, ${formatCount(cut)} cut at 8 KiB` : ''
        terminal.notice(
          `${escapeText(path)}: ${plural(lines, 'line')}, ${plural(events, 'event')}, ${formatCount(unknown)} not understood${long}`,
        )
      }
      if (failure !== undefined) throw failure
      assertUnderstood(path, parser, { events, foreign, unknown })
      return EXIT.ok
    }),
  )
}
