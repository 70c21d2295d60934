import type { SubjectDetail } from '@parapet/core'
import type { Command } from 'commander'
import { openApiClient } from '../../api/open-api-client.js'
import { type CommandContext, withServer } from '../../command.js'
import { EXIT } from '../../exit-codes.js'
import { decisionTable } from '../../output/decision-rows.js'
import { escapeText, toJsonLine } from '../../output/escape.js'
import { formatTime, plural } from '../../output/format.js'
import { formatTable } from '../../output/table.js'
import { findSubject, nameOf } from './find-subject.js'

/** Rows of each list that a person reads; `--json` has all. */
const SHOWN = 10
const SESSIONS = [
  { title: 'DEVICE', shrinkTo: 12 },
  { title: 'ADDRESS' },
  { title: 'BEGAN (UTC)' },
  { title: 'USED (UTC)' },
  { title: 'ENDED', shrinkTo: 8 },
] as const

/** `parapet subjects show`. */
export const addSubjectsShow = (subjects: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    subjects
      .command('show')
      .summary('one user: risk and why, sessions, addresses, decisions')
      .description('Shows what is known of one user of a protected application.')
      .argument('<user>', 'a whole name, mail address or id')
      .option('--source <name>', 'of which application, where several have one'),
  ).action(
    context.run(async (user: string, options: { source?: string; url?: string; json?: boolean }) => {
      const api = await openApiClient(context, options)
      const { id } = await findSubject(api, user, options.source)
      const detail = await api.get<SubjectDetail>(`v1/subjects/${encodeURIComponent(id)}`)
      if (options.json === true) {
        await terminal.print(toJsonLine(detail))
        return EXIT.ok
      }
      const { subject, sessions, decisions, addresses } = detail
      const { bold, dim } = terminal.colors
      await terminal.print(`${bold(escapeText(nameOf(subject)))} at ${escapeText(subject.source.name)}, risk ${subject.risk} of 100`)
      for (const why of subject.riskWhy) await terminal.print(`  ${escapeText(why)}`)
      for (const { kind, until } of subject.flags) await terminal.print(`  ${kind} until ${formatTime(until)} UTC`)
      const rows = sessions
        .slice(0, SHOWN)
        .map(({ device, address, startedAt, seenAt, endedAt, endedWhy }) => [
          device ?? '-',
          address ?? '-',
          formatTime(startedAt),
          formatTime(seenAt),
          endedAt === null ? 'open' : (endedWhy ?? 'ended'),
        ])
      const style = { width: terminal.width, indent: 2, styleTitle: dim }
      await terminal.print(`\n${bold(plural(sessions.length, 'session'))}`)
      if (rows.length > 0) await terminal.print(formatTable(SESSIONS, rows, style))
      await terminal.print(`\n${bold(plural(addresses.length, 'address', 'addresses'))}`)
      for (const { address, country, events } of addresses.slice(0, SHOWN))
        await terminal.print(`  ${escapeText(address)}${country === null ? '' : ` (${escapeText(country)})`}  ${plural(events, 'event')}`)
      await terminal.print(`\n${bold(plural(decisions.length, 'decision'))}`)
      if (decisions.length > 0) {
        const table = decisionTable(decisions.slice(0, SHOWN), context.now(), terminal)
        await terminal.print(formatTable(table.columns, table.rows, style))
      }
      return EXIT.ok
    }),
  )
}
