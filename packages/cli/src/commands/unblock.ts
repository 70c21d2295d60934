import { type Decision, ParapetError } from '@parapet/core'
import type { ApiClient } from '../api/api-client.js'
import { openApiClient } from '../api/open-api-client.js'
import { readTarget } from '../api/target.js'
import { type AddCommand, examples, SERVER_HELP, withServer } from '../command.js'
import { EXIT, EXIT_HELP } from '../exit-codes.js'
import { escapeText, toJsonLine } from '../output/escape.js'
import { plural } from '../output/format.js'

/** Lifts what is in force on a target. A target of which the control plane has never heard is nothing to lift, not an error. */
const liftAll = async (api: ApiClient, target: string, reason: string): Promise<readonly Decision[]> => {
  try {
    return (await api.post<{ lifted: readonly Decision[] }>('v1/decisions/lift', { target, reason })).lifted
  } catch (error) {
    if (error instanceof ParapetError && error.code === 'PPT_NOT_FOUND') return []
    throw error
  }
}

/** `parapet unblock`: take back what is enforced on an address. */
export const addUnblock: AddCommand = (program, context) => {
  const { terminal } = context
  withServer(
    program
      .command('unblock')
      .summary('take back what is enforced on an address or a range')
      .description(
        'Lifts every decision in force that touches this address (the /64 of an IPv6 address) or range, also that of a wider range around it. ' +
          'Enforcers hear of it at once.',
      )
      .argument('<address>', 'as parapet decisions shows it')
      .option('--reason <text>', 'why, for the record', 'unblocked from the command line')
      .addHelpText(
        'after',
        `${examples([['parapet unblock 203.0.113.7 --reason "our own office"', 'it may come in again']])}\n\n${SERVER_HELP}\n\n${EXIT_HELP}\n`,
      ),
  ).action(
    context.run(async (address: string, options: { reason: string; url?: string; json?: boolean }) => {
      const { value } = readTarget(address)
      const api = await openApiClient(context, options)
      const lifted = await liftAll(api, value, options.reason)
      if (options.json === true) for (const decision of lifted) await terminal.print(toJsonLine(decision))
      else {
        const name = terminal.colors.bold(escapeText(value))
        await terminal.print(
          lifted.length === 0 ? `Nothing was enforced on ${name}.` : `Lifted ${plural(lifted.length, 'decision')} on ${name}.`,
        )
      }
      return EXIT.ok
    }),
  )
}
