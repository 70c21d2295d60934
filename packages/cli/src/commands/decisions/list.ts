import type { Decision, Page } from '@parapet/core'
import { InvalidArgumentError, Option } from 'commander'
import { openApiClient } from '../../api/open-api-client.js'
import { type AddCommand, examples, SERVER_HELP, withServer } from '../../command.js'
import { EXIT, EXIT_HELP } from '../../exit-codes.js'
import { toJsonLine } from '../../output/escape.js'
import { decisionTable } from '../../output/decision-rows.js'
import { plural } from '../../output/format.js'
import { formatTable } from '../../output/table.js'
import { addShow } from './show.js'
import { addUndo } from './undo.js'

const PAGE = 200

const readLimit = (text: string): number => {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 1.')
  return Number(text)
}

/** `parapet decisions`: what is enforced. */
export const addDecisions: AddCommand = (program, context) => {
  const { terminal } = context
  const decisions = program
    .command('decisions')
    .summary('list what is enforced, and what was')
    .description('Shows what the control plane enforces.')
  decisions.usage('[COMMAND] [options]')
  withServer(
    decisions
      .command('list', { isDefault: true })
      .summary('decisions, newest first')
      .description('Lists decisions, newest first.')
      .addOption(new Option('--state <state>', 'which ones').choices(['active', 'expired', 'lifted', 'all']).default('active'))
      .option('--batch <id>', 'only those that were made together')
      .addOption(new Option('--limit <n>', 'at most so many').argParser(readLimit).default(200)),
  ).action(
    context.run(async (options: { state: string; batch?: string; limit: number; url?: string; json?: boolean }) => {
      const api = await openApiClient(context, options)
      const found: Decision[] = []
      let cursor: string | null | undefined
      while (cursor !== null && found.length < options.limit) {
        const page: Page<Decision> = await api.get('v1/decisions', {
          state: options.state,
          batch: options.batch,
          limit: String(Math.min(PAGE, options.limit - found.length)),
          cursor: cursor ?? undefined,
        })
        found.push(...page.items)
        cursor = page.items.length === 0 ? null : page.next
      }
      if (options.json === true) {
        for (const decision of found) await terminal.print(toJsonLine(decision))
        return EXIT.ok
      }
      if (found.length === 0) {
        await terminal.print(options.state === 'active' ? 'Nothing is enforced now.' : 'There are no such decisions.')
        return EXIT.ok
      }
      const { columns, rows } = decisionTable(found, context.now(), terminal)
      await terminal.print(formatTable(columns, rows, { width: terminal.width, styleTitle: terminal.colors.dim }))
      const more = cursor === null || cursor === undefined ? '' : '; there are more, --limit shows them'
      await terminal.print(`\n${plural(found.length, 'decision')}${more}`)
      return EXIT.ok
    }),
  )
  addShow(decisions, context)
  addUndo(decisions, context)
  decisions.addHelpText(
    'after',
    `${examples([
      ['parapet decisions', 'what is enforced now, and how much longer'],
      ['parapet decisions list --state all --json', 'everything, for a program'],
      ['parapet decisions show 0199f1c2-...', 'why, and where it is in force by what enforcers report'],
      ['parapet decisions undo 0199f1c2-...', 'take back all that was made together; says first what that frees'],
      ['parapet unblock 203.0.113.7', 'take it back'],
    ])}\n\n${SERVER_HELP}\n\n${EXIT_HELP}\n`,
  )
}
