import type { OperatorView } from '@parapet/core'
import type { Command } from 'commander'
import { openApiClient } from '../../api/open-api-client.js'
import { type CommandContext, withServer } from '../../command.js'
import { EXIT } from '../../exit-codes.js'
import { toJsonLine } from '../../output/escape.js'
import { formatTime, plural } from '../../output/format.js'
import { formatTable } from '../../output/table.js'

const signsInWith = ({ secured, resetPending }: OperatorView): string => {
  if (resetPending) return 'a one-time link'
  return secured ? 'second factor' : 'password only'
}

/** `parapet operators list`. */
export const addOperatorsList = (operators: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    operators
      .command('list', { isDefault: true })
      .summary('who may sign in, and with what')
      .description('Lists operators, oldest first: name, role, whether a second factor stands behind the password, and the last sign-in.'),
  ).action(
    context.run(async (options: { url?: string; json?: boolean }) => {
      const api = await openApiClient(context, options)
      const { items } = await api.get<{ items: readonly OperatorView[] }>('v1/operators')
      if (options.json === true) {
        for (const operator of items) await terminal.print(toJsonLine(operator))
        return EXIT.ok
      }
      if (items.length === 0) {
        await terminal.print('There is no operator yet. parapet init prints the link for the first one.')
        return EXIT.ok
      }
      const rows = items.map((operator) => [
        operator.name,
        operator.role,
        signsInWith(operator),
        operator.lastSignInAt === null ? 'never' : formatTime(operator.lastSignInAt),
      ])
      const columns = [{ title: 'NAME', shrinkTo: 12 }, { title: 'ROLE' }, { title: 'SIGNS IN WITH' }, { title: 'LAST SIGN-IN (UTC)' }]
      await terminal.print(formatTable(columns, rows, { width: terminal.width, styleTitle: terminal.colors.dim }))
      await terminal.print(`\n${plural(items.length, 'operator')}`)
      return EXIT.ok
    }),
  )
}
