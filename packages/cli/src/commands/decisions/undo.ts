import { type Decision, isActive, type Page, ParapetError } from '@parapet/core'
import type { Command } from 'commander'
import { openApiClient } from '../../api/open-api-client.js'
import { type CommandContext, withServer } from '../../command.js'
import { EXIT } from '../../exit-codes.js'
import { decisionTable } from '../../output/decision-rows.js'
import { escapeText, toJsonLine } from '../../output/escape.js'
import { plural } from '../../output/format.js'
import { formatTable } from '../../output/table.js'
import { askYes } from '../ask.js'

const SHOWN = 20

/** `parapet decisions undo`: takes back all that was made together. */
export const addUndo = (decisions: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    decisions
      .command('undo')
      .summary('take back all decisions that were made together')
      .description('Lifts every decision of a batch that is still in force. Says first whom that frees, and asks.')
      .argument('<batch>', 'the batch, as list --json and show name it')
      .option('--reason <text>', 'why, for the record', 'undone from the command line')
      .option('--yes', 'do not ask, for programs'),
  ).action(
    context.run(async (batch: string, options: { reason: string; yes?: boolean; url?: string; json?: boolean }) => {
      const api = await openApiClient(context, options)
      const known = await api.get<Page<Decision>>('v1/decisions', { batch, state: 'all', limit: '1' })
      if (known.items.length === 0)
        throw new ParapetError(
          'PPT_NOT_FOUND',
          `no decision was made in a batch ${JSON.stringify(batch.slice(0, 100))}; parapet decisions shows them`,
        )
      if (options.yes !== true) {
        const page = await api.get<Page<Decision>>('v1/decisions', { batch, state: 'active', limit: '200' })
        const frees = page.items.filter((decision) => isActive(decision, context.now()))
        if (frees.length === 0) {
          await terminal.print('Nothing of this batch is in force.')
          return EXIT.ok
        }
        const { columns, rows } = decisionTable(frees.slice(0, SHOWN), context.now(), terminal)
        terminal.notice(formatTable(columns, rows, { width: terminal.width, styleTitle: terminal.errorColors.dim }))
        if (frees.length > SHOWN) terminal.notice(`and ${plural(frees.length - SHOWN, 'more')}`)
        if (!(await askYes(terminal, `Take back ${plural(frees.length, 'decision')}?`))) {
          await terminal.print('Nothing was changed.')
          return EXIT.ok
        }
      }
      const { lifted } = await api.post<{ lifted: readonly Decision[] }>('v1/decisions/lift', { batch, reason: options.reason })
      if (options.json === true) for (const decision of lifted) await terminal.print(toJsonLine(decision))
      else await terminal.print(`Lifted ${plural(lifted.length, 'decision')} of batch ${escapeText(batch)}.`)
      return EXIT.ok
    }),
  )
}
