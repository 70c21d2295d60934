import type { DecisionDetail } from '@parapet/core'
import type { Command } from 'commander'
import { openApiClient } from '../../api/open-api-client.js'
import { type CommandContext, withServer } from '../../command.js'
import { EXIT } from '../../exit-codes.js'
import { effectOf, stateOf } from '../../output/decision-rows.js'
import { escapeText, toJsonLine } from '../../output/escape.js'
import { formatTime, plural } from '../../output/format.js'
import { wrap } from '../../output/width.js'
import { confirmationTable } from './confirmation-table.js'

/** `parapet decisions show`. */
export const addShow = (decisions: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    decisions
      .command('show')
      .summary('one decision: why, and where it is in force')
      .description('Shows a decision with its alert, what was decided together with it, and where it is in force by what enforcers report.')
      .argument('<id>', 'as list --json shows it'),
  ).action(
    context.run(async (id: string, options: { url?: string; json?: boolean }) => {
      const api = await openApiClient(context, options)
      const detail = await api.get<DecisionDetail>(`v1/decisions/${encodeURIComponent(id)}`)
      if (options.json === true) {
        await terminal.print(toJsonLine(detail))
        return EXIT.ok
      }
      const { bold, dim } = terminal.colors
      const { decision, alerts, batch, incidents } = detail
      const lines = [
        `${bold(escapeText(decision.target.value))}  ${effectOf(decision)}  ${stateOf(decision, context.now())}`,
        `  ${formatTime(decision.startsAt)} to ${formatTime(decision.expiresAt)} UTC, by ${escapeText(decision.author.name ?? decision.author.id)}`,
        ...wrap(escapeText(decision.reason), terminal.textWidth - 2).map((line) => `  ${line}`),
        ...alerts.map((alert) => dim(`  alert ${escapeText(alert.id)}: ${escapeText(alert.rule.title)}`)),
        ...incidents.map((incident) => dim(`  incident ${escapeText(incident.id)}: ${escapeText(incident.title)}`)),
        ...(batch.length > 1 ? [dim(`  one of ${plural(batch.length, 'decision')} of batch ${escapeText(decision.batch)}`)] : []),
        '',
        confirmationTable(detail.confirmations, terminal),
      ]
      await terminal.print(lines.join('\n'))
      return EXIT.ok
    }),
  )
}
