import { ParapetError } from '@parapet/core'
import { type AddCommand, examples, withJson } from '../command.js'
import { EXIT, EXIT_HELP } from '../exit-codes.js'
import { FORMAT_HELP, latestMoment, pickParser } from '../log-input/format.js'
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
    .addHelpText(
      'after',
      `${examples([
        ['parapet parse access.log | jq .["source.ip"]', 'the addresses of a web log'],
        ['journalctl -u ssh | parapet parse - --format sshd', 'what sshd said, as events'],
      ])}

How many lines were not understood is said on standard error.

${EXIT_HELP}
`,
    )
  withJson(command).action(
    run(async (path: string, options: { format: string }) => {
      const { readLines } = await import('@parapet/detect')
      const reader = readLines(path, { stdin: terminal.stdin })
      const context = { now: await latestMoment(path, now()) }
      let parser = options.format === 'auto' ? undefined : await pickParser(options.format, [], path)
      let events = 0
      let unknown = 0
      let failure: unknown
      try {
        for await (const { lines } of reader) {
          parser ??= await pickParser(options.format, lines, path)
          const parsed: string[] = []
          for (const line of lines) {
            const event = parser.parse(line, context)
            if (event !== undefined) parsed.push(toJsonLine(event))
            else if (line.trim() !== '' && !parser.isForeign(line)) unknown++
          }
          events += parsed.length
          if (parsed.length > 0) await terminal.print(parsed.join('\n'))
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
      return EXIT.ok
    }),
  )
}
