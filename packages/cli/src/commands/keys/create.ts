import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ParapetError } from '@parapet/core'
import type { Command } from 'commander'
import { type CommandContext, examples } from '../../command.js'
import { usageError } from '../../errors.js'
import { EXIT, type ExitCode } from '../../exit-codes.js'
import { toJsonLine } from '../../output/escape.js'
import { formatFacts } from '../../output/keys-report.js'
import { wrap } from '../../output/width.js'
import { KEYS_EXIT_HELP, KEYS_HELP, type KeysOptions, withDatabase, withRecord } from './options.js'
import { withPlace } from './place.js'

type CreateOptions = KeysOptions & { readonly dev?: boolean; readonly newKek?: string }

/** Makes a KEK in a new file, for its owner only. Throws `PPT_CONFLICT` where something stands already, `PPT_DATA_DIR`. */
const makeKekFile = async (path: string): Promise<void> => {
  const key = randomBytes(32)
  try {
    const handle = await open(path, 'wx', 0o600)
    try {
      await handle.chmod(0o600)
      await handle.writeFile(`${key.toString('base64url')}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown'
    if (code === 'EEXIST') throw new ParapetError('PPT_CONFLICT', `${path} exists: a KEK is never written over`)
    throw new ParapetError('PPT_DATA_DIR', `${path} (${code})`, { cause })
  } finally {
    key.fill(0)
  }
}

const ADVICE = {
  keyset: 'Back up the keyset with the data: it is useless without the KEK, and the data is lost without it.',
  kek: 'Back up the KEK too, in another place and for few eyes: whoever has both opens everything, and without it nothing opens.',
} as const

const create =
  (context: CommandContext) =>
  async (options: CreateOptions): Promise<ExitCode> => {
    const { terminal } = context
    if (options.dataDir !== undefined) throw usageError('a control plane makes its keyset itself, when it is first started')
    if (options.newKek !== undefined && options.kek !== undefined)
      throw usageError('--new-kek makes the KEK that --kek would name: give one of them')
    const kekFile = options.newKek === undefined ? undefined : resolve(options.newKek)
    return withPlace(context, options, async (place) => {
      const { createKeyset, kekFromUri } = await import('@parapet/privacy/encryption')
      const uri = kekFile === undefined ? (options.kek ?? context.env['PARAPET_KEK'] ?? '') : `file:${kekFile}`
      if (uri === '')
        throw usageError('name what wraps the keys: --kek URI (or PARAPET_KEK); --new-kek FILE makes one in a file of this machine')
      // asked first, so that no KEK is left behind for a keyset that was there already
      if ((await place.store.read()) !== undefined) throw new ParapetError('PPT_CONFLICT', `${place.store.where} holds a keyset already`)
      const dev = options.dev === true
      if (dev && place.production) throw new ParapetError('PPT_KEY_DEV', `${place.store.where} would get a development keyset`)
      if (kekFile !== undefined) await makeKekFile(kekFile)
      const kek = kekFromUri(uri, { env: context.env })
      const keyset = await createKeyset({ store: place.store, kek, clock: place.clock, production: place.production, dev })
      const key = keyset.keys[0]?.id ?? 0
      await place.record('keyset.created', keyset, { key_id: key, dev })
      const { where } = place.store
      if (options.json === true) {
        await terminal.print(toJsonLine({ keyset: where, id: keyset.id, kek: kek.uri, key, dev }))
        return EXIT.ok
      }
      const { bold, cyan, green, yellow } = terminal.colors
      const say = (text: string): string =>
        wrap(text, terminal.textWidth - 2)
          .map((line) => `  ${line}`)
          .join('\n')
      await terminal.print(`${green('Made a keyset')}\n`)
      await terminal.print(formatFacts(terminal, [['keyset', where], ['id', keyset.id], ['wrapped by', kek.uri], ['key', `${key}, primary`]])) // prettier-ignore
      if (dev) await terminal.print(`\n${yellow('For development: refused where NODE_ENV is production.')}`)
      await terminal.print(`\n${bold('Back up')}\n${say(ADVICE.keyset)}\n${say(ADVICE.kek)}`)
      if (kekFile !== undefined && dirname(kekFile) === dirname(resolve(where)))
        await terminal.print(
          yellow(say(`Both lie in ${dirname(kekFile)}: one copy of that folder opens everything. Move the KEK, and name it by --kek.`)),
        )
      await terminal.print(`\n${bold('Next')}\n  ${cyan(`parapet keys seal TABLE.COLUMN${place.flags}`)}`)
      return EXIT.ok
    })
  }

/** `parapet keys create`: the first keyset of an application. */
export const addKeysCreate = (keys: Command, context: CommandContext): void => {
  withDatabase(
    withRecord(
      keys
        .command('create')
        .summary('make the keyset of an application')
        .description(
          'Makes a keyset with its first key, wrapped by the KEK. It says where both lie and how to back them up; the keys themselves are ' +
            'never shown. Nothing that exists is written over.',
        )
        .option('--new-kek <file>', 'make a KEK in this file first, 0600')
        .option('--dev', 'for development: it is refused where NODE_ENV is production')
        .addHelpText(
          'after',
          `${examples([
            ['parapet keys create --keyset keyset.json --new-kek /etc/shop/kek', 'both in files'],
            ['parapet keys create --keyset keyset.json --kek env:SHOP_KEK', 'a KEK that the environment holds'],
            ['parapet keys create --keyset database --kek vault:https://vault/transit/shop', 'in the database'],
          ])}\n\n${KEYS_HELP}\n\n${KEYS_EXIT_HELP}\n`,
        ),
    ),
  ).action(context.run(create(context)))
}
