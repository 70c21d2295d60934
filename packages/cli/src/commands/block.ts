import { type Decision, type DecisionRequest, formatDuration, parseDuration } from '@parapet/core'
import { Option } from 'commander'
import { openApiClient } from '../api/open-api-client.js'
import { readTarget } from '../api/target.js'
import { type AddCommand, examples, SERVER_HELP, withServer } from '../command.js'
import { usageError } from '../errors.js'
import { EXIT, EXIT_HELP } from '../exit-codes.js'
import { escapeText, toJsonLine } from '../output/escape.js'
import { formatTime } from '../output/format.js'

type BlockOptions = { for: string; scope: 'login' | 'all'; reason: string; url?: string; json?: boolean }

/** `parapet block`: deny an address for a while. */
export const addBlock: AddCommand = (program, context) => {
  const { terminal } = context
  withServer(
    program
      .command('block')
      .summary('deny an address or a range for a while')
      .description(
        'Denies an address (the /64 of an IPv6 address) or a range, at every enforcer of the control plane. ' +
          'It expires by itself. Protected addresses (your own, proxies, the allow-list) are refused.',
      )
      .argument('<address>', '203.0.113.7, 2001:db8::1 or 203.0.113.0/24')
      .requiredOption('--reason <text>', 'why, for whoever looks at it later')
      .option('--for <duration>', 'how long: 15m, 1h, 7d; at most 30d', '1h')
      .addOption(new Option('--scope <scope>', 'login denies signing in only').choices(['login', 'all']).default('all'))
      .addHelpText(
        'after',
        `${examples([
          ['parapet block 203.0.113.7 --reason "scraping, ticket 4711"', 'an hour, every route'],
          ['parapet block 2001:db8:7::/48 --for 1d --scope login --reason spraying', 'a day, sign-in only'],
        ])}\n\n${SERVER_HELP}\n\n${EXIT_HELP}\n`,
      ),
  ).action(
    context.run(async (address: string, options: BlockOptions) => {
      const target = readTarget(address)
      if (parseDuration(options.for) === undefined) throw usageError('--for takes a duration such as 15m, 1h or 7d')
      const request: DecisionRequest = { target, action: 'deny', scope: options.scope, duration: options.for, reason: options.reason }
      const api = await openApiClient(context, options)
      const decision = await api.post<Decision>('v1/decisions', request)
      if (options.json === true) await terminal.print(toJsonLine(decision))
      else {
        const { bold, dim } = terminal.colors
        const what = decision.scope === 'login' ? 'may not sign in' : 'is denied'
        const length = formatDuration(decision.expiresAt - decision.startsAt)
        await terminal.print(
          `${bold(escapeText(decision.target.value))} ${what} for ${length}, until ${formatTime(decision.expiresAt)} UTC.`,
        )
        await terminal.print(dim(`Undo: parapet unblock ${escapeText(decision.target.value)}`))
      }
      return EXIT.ok
    }),
  )
}
