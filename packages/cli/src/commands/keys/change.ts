import type { Keyset } from '@parapet/privacy/encryption'
import type { Command } from 'commander'
import { type CommandContext, examples } from '../../command.js'
import { usageError } from '../../errors.js'
import { EXIT, type ExitCode } from '../../exit-codes.js'
import { toJsonLine } from '../../output/escape.js'
import { formatNext } from '../../output/keys-report.js'
import { nextSteps } from './next-steps.js'
import { KEYS_EXIT_HELP, KEYS_HELP, type KeysOptions, readKeyId, withRecord } from './options.js'
import { type Place, withPlace } from './place.js'

/** Says what was done with a key and what comes next. */
export const sayChange = async (
  { terminal, now }: Pick<CommandContext, 'terminal' | 'now'>,
  place: Pick<Place, 'kind' | 'flags'>,
  change: { readonly keyset: Keyset; readonly key: number; readonly said: string; readonly json: boolean },
): Promise<void> => {
  const { SETTLE_MS } = await import('@parapet/privacy/encryption')
  const { keyset, key, said, json } = change
  const next = nextSteps(keyset, { settleMs: SETTLE_MS, canReseal: place.kind === 'application', flags: place.flags })
  if (json) await terminal.print(toJsonLine({ key, status: keyset.keys.find(({ id }) => id === key)?.status, keyset: keyset.id, next }))
  else await terminal.print(`${terminal.colors.green(said)}\n\n${formatNext(terminal, next, now())}`)
}

type PromoteOptions = KeysOptions & { readonly wait: boolean }

/** Makes the pending key, or the one named, primary. Throws `PPT_KEYSET_INVALID` saying from when it may be. */
export const promote = async (place: Place, given: number | undefined, wait: boolean): Promise<{ keyset: Keyset; key: number }> => {
  const { promoteKey, SETTLE_MS } = await import('@parapet/privacy/encryption')
  let key = given ?? 0
  const keyset = await place.change((before) => {
    const pending = before.keys.find(({ status }) => status === 'pending')
    if (given === undefined && pending === undefined) throw usageError('no key is pending: parapet keys rotate adds one')
    key = given ?? pending?.id ?? 0
    return promoteKey(before, key, { now: place.clock(), settleMs: wait ? SETTLE_MS : 0 })
  })
  await place.record('key.promoted', keyset, { key_id: key })
  return { keyset, key }
}

const runPromote =
  (context: CommandContext) =>
  (id: number | undefined, options: PromoteOptions): Promise<ExitCode> =>
    withPlace(context, options, async (place) => {
      const { keyset, key } = await promote(place, id, options.wait)
      const said = `Key ${key} is primary: it seals from now on. Older values still open.`
      await sayChange(context, place, { keyset, key, said, json: options.json === true })
      return EXIT.ok
    })

const switchKey =
  (context: CommandContext, to: 'enable' | 'disable') =>
  (key: number, options: KeysOptions): Promise<ExitCode> =>
    withPlace(context, options, async (place) => {
      const { disableKey, enableKey } = await import('@parapet/privacy/encryption')
      const step = to === 'enable' ? enableKey : disableKey
      const keyset = await place.change((before) => step(before, key, place.clock()))
      await place.record(`key.${to}d`, keyset, { key_id: key })
      const said =
        to === 'enable'
          ? `Key ${key} opens its values again.`
          : `Key ${key} is disabled: values that it sealed do not open until parapet keys enable ${key}.`
      await sayChange(context, place, { keyset, key, said, json: options.json === true })
      return EXIT.ok
    })

/** `parapet keys promote`, `enable` and `disable`: one step each. */
export const addKeysChange = (keys: Command, context: CommandContext): void => {
  const help = (list: readonly (readonly [string, string])[]): string => `${examples(list)}\n\n${KEYS_HELP}\n\n${KEYS_EXIT_HELP}\n`
  withRecord(
    keys
      .command('promote')
      .summary('let the pending key seal from now on')
      .description(
        'Makes the pending key primary. It must have been pending for 10 minutes, so that every process has read it and can open what it seals.',
      )
      .argument('[key]', 'another key, such as the one before, to go back to it', readKeyId)
      .option('--no-wait', 'at once: only where every process was stopped, or restarted since')
      .addHelpText('after', help([['parapet keys promote', 'the second half of a rotation']])),
  ).action(context.run(runPromote(context)))
  withRecord(
    keys
      .command('enable')
      .summary('let a disabled key open its values again')
      .description('Takes a disabled key back into use: what it sealed opens again. It does not seal.')
      .argument('<key>', 'its number, as list shows it', readKeyId)
      .addHelpText('after', help([['parapet keys enable 2953017411', 'something still needed it']])),
  ).action(context.run(switchKey(context, 'enable')))
  withRecord(
    keys
      .command('disable')
      .summary('take a key out of use, for now')
      .description('Takes a key out of use: what it sealed does not open until it is enabled again. The step before destroy.')
      .argument('<key>', 'its number, as list shows it', readKeyId)
      .addHelpText('after', help([['parapet keys disable 2953017411', 'to see whether anything still needs it']])),
  ).action(context.run(switchKey(context, 'disable')))
}
