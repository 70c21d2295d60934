import { ParapetError } from '@parapet/core'
import type { Command } from 'commander'
import { type CommandContext, examples } from '../../command.js'
import { usageError } from '../../errors.js'
import { EXIT, type ExitCode } from '../../exit-codes.js'
import { formatTime, plural } from '../../output/format.js'
import type { Terminal } from '../../output/terminal.js'
import { askLine } from '../ask.js'
import { sayChange } from './change.js'
import { KEYS_EXIT_HELP, KEYS_HELP, type KeysOptions, type PaceChoices, readKeyId, withDatabase, withPace, withRecord } from './options.js'
import { withPlace } from './place.js'
import { scanPlace } from './scan.js'

type DestroyOptions = KeysOptions & PaceChoices & { readonly yes?: number }

/** Has the number of the key typed. Throws `PPT_USAGE` when something else was, or nobody can be asked. */
const confirm = async (terminal: Terminal, key: number): Promise<void> => {
  const { stdin, errorColors } = terminal
  if (!stdin.isTTY || !terminal.interactive.err) throw usageError(`nobody can be asked here: say --yes ${key} when you are sure`)
  terminal.notice(`${errorColors.red(errorColors.bold(`Key ${key} is destroyed for good.`))} No value of it stands in this database.`)
  terminal.notice('Values of it in other databases and in backups will never open again.')
  const typed = await askLine(terminal, `Type ${key} to go on: `)
  if (typed !== String(key)) throw usageError('that is not the number of the key; nothing was changed')
}

const destroy =
  (context: CommandContext) =>
  (key: number, options: DestroyOptions): Promise<ExitCode> =>
    withPlace(context, options, async (place) => {
      const { destroyKey, SETTLE_MS } = await import('@parapet/privacy/encryption')
      const { terminal, now } = context
      if (options.yes !== undefined && options.yes !== key)
        throw usageError(`--yes ${options.yes} is not the key ${key}; nothing was changed`)
      const { keyset } = await place.read()
      const found = keyset.keys.find(({ id }) => id === key)
      if (found === undefined) throw new ParapetError('PPT_KEYSET_INVALID', `${place.store.where} has no key ${key}`)
      if (found.status !== 'disabled')
        throw new ParapetError(
          'PPT_KEYSET_INVALID',
          `key ${key} is ${found.status}; only a disabled key is destroyed: parapet keys disable ${key}`,
        )
      const from = found.since + SETTLE_MS
      if (now() < from)
        throw new ParapetError('PPT_KEYSET_INVALID', `key ${key} is disabled since ${formatTime(found.since)} UTC; a scan proves that it is unused from ${formatTime(from)} UTC on`) // prettier-ignore
      const scan = await scanPlace(context, place, options)
      const uses = scan.uses[key] ?? 0
      if (uses > 0) {
        const where = scan.columns.filter(({ sealed, indexes }) => (sealed[key] ?? 0) + (indexes[key] ?? 0) > 0).map(({ column }) => column)
        throw new ParapetError(
          'PPT_KEY_IN_USE',
          `${plural(uses, 'value')} of key ${key} in ${where.slice(0, 10).join(', ')}; nothing was changed`,
        )
      }
      if (scan.unread.length > 0)
        throw new ParapetError(
          'PPT_KEY_IN_USE',
          `the scan could not read everything, so it proves nothing: ${scan.unread.slice(0, 10).join('; ')}`,
        )
      if (options.yes === undefined) await confirm(terminal, key)
      const proof = { keyId: key, uses, scannedAt: scan.startedAt }
      const after = await place.change((before) => destroyKey(before, key, { proof, now: place.clock() }))
      await place.record('key.destroyed', after, { key_id: key, scanned_at: scan.startedAt })
      await sayChange(context, place, { keyset: after, key, said: `Key ${key} is destroyed.`, json: options.json === true })
      return EXIT.ok
    })

/** `parapet keys destroy`: the end of a key that nothing needs any more. */
export const addKeysDestroy = (keys: Command, context: CommandContext): void => {
  withPace(
    withDatabase(
      withRecord(
        keys
          .command('destroy')
          .summary('destroy a key that nothing needs any more')
          .description(
            'Destroys a disabled key for good. It looks through the whole database first and refuses while a value of the key stands there, or ' +
              'something could not be read; then it has the number of the key typed.',
          )
          .argument('<key>', 'its number, as list shows it', readKeyId)
          .option('--yes <key>', 'the number again, where nobody can be asked', readKeyId)
          .addHelpText(
            'after',
            `${examples([['parapet keys destroy 2953017411', 'the last step of a rotation']])}\n\n${KEYS_HELP}\n\n${KEYS_EXIT_HELP}\n`,
          ),
      ),
    ),
  ).action(context.run(destroy(context)))
}
