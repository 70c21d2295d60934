import { type OperatorView, type ResetLink, randomToken, type SessionView, systemRandom } from '@parapet/core'
import { type Command, Option } from 'commander'
import type { ApiClient } from '../../api/api-client.js'
import { openApiClient } from '../../api/open-api-client.js'
import { type CommandContext, examples, SERVER_HELP, withServer } from '../../command.js'
import { EXIT } from '../../exit-codes.js'
import { escapeText, toJsonLine } from '../../output/escape.js'
import { formatTime, plural } from '../../output/format.js'
import { formatTable } from '../../output/table.js'
import { confirmName } from './confirm.js'
import { OPERATORS_EXIT_HELP } from './exit-help.js'
import { findOperator } from './find-operator.js'
import { sayLink } from './say-link.js'

type Options = { readonly url?: string; readonly json?: boolean; readonly yes?: boolean }

const HELP = `${SERVER_HELP}\n\n${OPERATORS_EXIT_HELP}\n`

const lookUp = async (api: ApiClient, name: string): Promise<OperatorView> =>
  findOperator((await api.get<{ items: readonly OperatorView[] }>('v1/operators')).items, name)

const place = (operator: OperatorView, rest = ''): string => `v1/operators/${encodeURIComponent(operator.id)}${rest}`

const withYes = (command: Command): Command => command.option('--yes', 'do not ask, for programs')

const addAdd = (operators: Command, context: CommandContext): void => {
  withServer(
    operators
      .command('add')
      .summary('add a person, with a link to set the password')
      .description(
        'Adds an operator and prints a one-time link, good for a day, with which they set their password: none stands on the command line, in ' +
          'its history or in a chat.',
      )
      .argument('<name>', 'as they will type it; unique without regard to case')
      .addOption(new Option('--role <role>', 'what they may do').choices(['viewer', 'admin']).default('viewer'))
      .addHelpText(
        'after',
        `${examples([['parapet operators add ben --role admin', 'a second admin, so that one can help the other']])}\n\n${HELP}`,
      ),
  ).action(
    context.run(async (name: string, options: Options & { role: string }) => {
      const api = await openApiClient(context, options)
      // nobody learns this one: the link sets the first that is used
      const made = await api.post<OperatorView>('v1/operators', { name, role: options.role, password: randomToken(32, systemRandom) })
      const link = await api.post<ResetLink>(place(made, '/reset'), undefined)
      await sayLink(context, { operator: made, said: `${escapeText(made.name)} is ${made.role} now.`, link, json: options.json === true })
      return EXIT.ok
    }),
  )
}

const addRole = (operators: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    operators
      .command('role')
      .summary('give an operator another role')
      .description('Changes the role. Their sessions end, and tokens they made that reach beyond it are revoked. The last admin stays one.')
      .argument('<name>', 'a name or an id, as list shows it')
      .argument('<role>', 'viewer or admin')
      .addHelpText('after', `${examples([['parapet operators role ben viewer', 'Ben reads, and changes nothing any more']])}\n\n${HELP}`),
  ).action(
    context.run(async (name: string, role: string, options: Options) => {
      const api = await openApiClient(context, options)
      const changed = await api.patch<OperatorView>(place(await lookUp(api, name)), { role })
      await terminal.print(options.json === true ? toJsonLine(changed) : `${escapeText(changed.name)} is ${changed.role} now.`)
      return EXIT.ok
    }),
  )
}

const addReset = (operators: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    withYes(
      operators
        .command('reset')
        .summary('end sessions, factors and password; print a link for a new one')
        .description(
          'For somebody who lost the way in, or whose account may be in other hands: ends all sessions, removes every second factor, revokes ' +
            'their tokens and makes the password useless. Prints a one-time link, good for a day.',
        )
        .argument('<name>', 'a name or an id, as list shows it')
        .addHelpText('after', `${examples([['parapet operators reset ben', 'Ben lost his phone and his recovery codes']])}\n\n${HELP}`),
    ),
  ).action(
    context.run(async (name: string, options: Options) => {
      const api = await openApiClient(context, options)
      const operator = await lookUp(api, name)
      if (options.yes !== true)
        await confirmName(terminal, operator.name, [`${operator.name} loses sessions, second factors, tokens and the password.`])
      const link = await api.post<ResetLink>(place(operator, '/reset'), undefined)
      await sayLink(context, { operator, said: `${escapeText(operator.name)} is reset.`, link, json: options.json === true })
      return EXIT.ok
    }),
  )
}

const addRemove = (operators: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    withYes(
      operators
        .command('remove')
        .summary('remove a person')
        .description(
          'Ends their sessions at once and revokes the tokens they made for themselves; those of sources stay. The last admin stays.',
        )
        .argument('<name>', 'a name or an id, as list shows it')
        .addHelpText(
          'after',
          `${examples([['parapet operators remove ben --yes', 'from a script that follows the staff list']])}\n\n${HELP}`,
        ),
    ),
  ).action(
    context.run(async (name: string, options: Options) => {
      const api = await openApiClient(context, options)
      const operator = await lookUp(api, name)
      if (options.yes !== true) await confirmName(terminal, operator.name, [`${operator.name} cannot sign in any more.`])
      await api.remove<undefined>(place(operator))
      await terminal.print(
        options.json === true ? toJsonLine({ removed: operator.id, name: operator.name }) : `${escapeText(operator.name)} is removed.`,
      )
      return EXIT.ok
    }),
  )
}

const addSessions = (operators: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    operators
      .command('sessions')
      .summary('where an operator is signed in; --end signs them out')
      .description('Lists the sessions of an operator with device and address. --end signs them out everywhere; password and factors stay.')
      .argument('<name>', 'a name or an id, as list shows it')
      .option('--end', 'end them all')
      .addHelpText('after', `${examples([['parapet operators sessions ben --end', 'his laptop was left in a train']])}\n\n${HELP}`),
  ).action(
    context.run(async (name: string, options: Options & { end?: boolean }) => {
      const api = await openApiClient(context, options)
      const operator = await lookUp(api, name)
      if (options.end === true) {
        const { ended } = await api.remove<{ ended: number }>(place(operator, '/sessions'))
        await terminal.print(
          options.json === true ? toJsonLine({ ended }) : `Ended ${plural(ended, 'session')} of ${escapeText(operator.name)}.`,
        )
        return EXIT.ok
      }
      const { items } = await api.get<{ items: readonly SessionView[] }>(place(operator, '/sessions'))
      if (options.json === true) for (const session of items) await terminal.print(toJsonLine(session))
      else if (items.length === 0) await terminal.print(`${escapeText(operator.name)} is signed in nowhere.`)
      else {
        const rows = items.map(({ device, address, seenAt, createdAt }) => [
          device,
          address ?? '-',
          formatTime(seenAt),
          formatTime(createdAt),
        ])
        const columns = [{ title: 'DEVICE', shrinkTo: 12 }, { title: 'ADDRESS' }, { title: 'USED (UTC)' }, { title: 'SIGNED IN (UTC)' }]
        await terminal.print(formatTable(columns, rows, { width: terminal.width, styleTitle: terminal.colors.dim }))
      }
      return EXIT.ok
    }),
  )
}

/** `parapet operators add|role|reset|remove|sessions`, over the API. */
export const addOperatorsChange = (operators: Command, context: CommandContext): void => {
  for (const add of [addAdd, addRole, addReset, addRemove, addSessions]) add(operators, context)
}
