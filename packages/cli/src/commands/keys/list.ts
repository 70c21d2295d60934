import type { Command } from 'commander'
import { type CommandContext, examples } from '../../command.js'
import { EXIT, type ExitCode } from '../../exit-codes.js'
import { toJsonLine } from '../../output/escape.js'
import { formatKeyset, formatNext } from '../../output/keys-report.js'
import { nextSteps } from './next-steps.js'
import { KEYS_EXIT_HELP, KEYS_HELP, type KeysOptions, withKeyset } from './options.js'
import { withPlace } from './place.js'

const list =
  (context: CommandContext) =>
  (options: KeysOptions): Promise<ExitCode> =>
    withPlace(context, options, async (place) => {
      const { SETTLE_MS } = await import('@parapet/privacy/encryption')
      const { terminal, now } = context
      const { keyset } = await place.read()
      const steps = nextSteps(keyset, { settleMs: SETTLE_MS, canReseal: place.kind === 'application', flags: place.flags })
      if (options.json === true) {
        for (const { id, status, since, created } of keyset.keys) {
          const next = steps.find(({ key }) => key === id)
          await terminal.print(
            toJsonLine({ key: id, status, since, created, keyset: keyset.id, dev: keyset.dev, ...(next === undefined ? {} : { next }) }),
          )
        }
        return EXIT.ok
      }
      await terminal.print(formatKeyset(terminal, keyset, place.store.where))
      if (steps.length > 0) await terminal.print(`\n${formatNext(terminal, steps, now())}`)
      return EXIT.ok
    })

/** `parapet keys list`: every key with its status. Needs no KEK. */
export const addKeysList = (keys: Command, context: CommandContext): void => {
  withKeyset(
    keys
      .command('list')
      .summary('every key with its status, and what comes next')
      .description('Shows the keys of a keyset. It opens none of them and needs no KEK.')
      .addHelpText(
        'after',
        `${examples([['parapet keys list --keyset keyset.json', 'which key seals, which only open']])}\n\n${KEYS_HELP}\n\n${KEYS_EXIT_HELP}\n`,
      ),
  ).action(context.run(list(context)))
}
