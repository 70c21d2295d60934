import { setTimeout as sleep } from 'node:timers/promises'
import { systemRandom } from '@parapet/core'
import type { Keyset } from '@parapet/privacy/encryption'
import type { SealedColumnSpec } from '@parapet/privacy/postgres'
import { type Command, Option } from 'commander'
import { collect, type CommandContext, examples } from '../../command.js'
import { usageError } from '../../errors.js'
import { EXIT, type ExitCode } from '../../exit-codes.js'
import { toJsonLine } from '../../output/escape.js'
import { formatFrom } from '../../output/keys-report.js'
import { promote, sayChange } from './change.js'
import { type ColumnChoices, columnSpec, withColumn } from './columns.js'
import { KEYS_EXIT_HELP, KEYS_HELP, type KeysOptions, type PaceChoices, withDatabase, withPace, withRecord } from './options.js'
import { type Place, withPlace } from './place.js'
import { isLeft, reseal } from './reseal.js'
import { abortable } from './walk.js'

type RotateOptions = KeysOptions &
  PaceChoices &
  ColumnChoices & {
    readonly wait?: boolean
    readonly new?: boolean
    readonly column?: readonly string[]
    readonly type?: SealedColumnSpec['type']
  }

/** What `rotate` does next with a keyset. */
export type RotateStep = 'add' | 'wait' | 'promote' | 'reseal' | 'done'

/** Values of older keys: none is expected, some may be left, or all were sealed anew and the older keys only have to go. */
export type OlderValues = 'none' | 'left' | 'moved'

/**
 * Decides the next step: a pending key is promoted once it is old enough, what older keys sealed is sealed anew, and only when those
 * keys are out of use another one is added, so that the command may be repeated without end.
 */
export const rotateStep = (
  keyset: Keyset,
  facts: { readonly now: number; readonly settleMs: number; readonly older: OlderValues },
): RotateStep => {
  const pending = keyset.keys.find(({ status }) => status === 'pending')
  if (pending !== undefined) return facts.now < pending.since + facts.settleMs ? 'wait' : 'promote'
  return { none: 'add', left: 'reseal', moved: 'done' }[facts.older] as RotateStep
}

const add = async (place: Place): Promise<{ keyset: Keyset; key: number }> => {
  const { addPending, makeKey } = await import('@parapet/privacy/encryption')
  // a key wrapped by a KEK that does not open the others would lock every process out
  const opened = await place.open()
  opened.close()
  let key = 0
  const keyset = await place.change(async (before) => {
    const wrapped = await makeKey(before, { kek: place.kek(before), random: systemRandom, taken: before.keys.map(({ id }) => id) })
    key = wrapped.id
    return addPending(before, wrapped, place.clock())
  })
  await place.record('key.added', keyset, { key_id: key })
  return { keyset, key }
}

/** Writes down the columns that were named, each checked against the catalog. */
const register = async (place: Place, options: RotateOptions): Promise<void> => {
  const names = options.column ?? []
  if (names.length === 0) return
  const { parseColumnName, registerSealedColumn, resolveColumn } = await import('@parapet/privacy/postgres')
  for (const name of names) {
    const parsed = parseColumnName(name)
    const spec: SealedColumnSpec = { ...parsed, type: options.type ?? 'text', ...columnSpec(options, parsed.column) }
    await resolveColumn(place.needPool(), spec)
    await registerSealedColumn(place.needPool(), spec)
  }
}

const enabledIn = (keyset: Keyset): readonly number[] => keyset.keys.filter(({ status }) => status === 'enabled').map(({ id }) => id)

const olderValues = async (place: Place, keyset: Keyset, options: RotateOptions): Promise<OlderValues> => {
  const [key] = enabledIn(keyset)
  // what a control plane sealed with an older key stays until retention ends it
  if (options.new === true || key === undefined || place.kind === 'control plane') return 'none'
  if (place.pool !== undefined) return (await isLeft(place, keyset)) ? 'left' : 'moved'
  throw usageError(`key ${key} may still be in use: give --database to seal its values anew, or --new to add another key all the same`)
}

const sayMoved = async ({ terminal }: CommandContext, place: Place, keyset: Keyset, json: boolean): Promise<ExitCode> => {
  const keys = enabledIn(keyset)
  const next = [`parapet keys finish${place.flags}`, ...keys.map((key) => `parapet keys disable ${key}${place.flags}`)]
  if (json) {
    await terminal.print(toJsonLine({ moved: true, older: keys, next }))
    return EXIT.ok
  }
  const { bold, cyan, dim, green } = terminal.colors
  await terminal.print(
    `${green('Every column was brought under the primary key.')}\n\n${bold('Next')}\n${next.map((line) => `    ${cyan(line)}`).join('\n')}\n${dim('Another key all the same: parapet keys rotate --new')}`,
  )
  return EXIT.ok
}

const rotate =
  (context: CommandContext) =>
  (options: RotateOptions): Promise<ExitCode> =>
    withPlace(context, options, async (place) => {
      const { SETTLE_MS } = await import('@parapet/privacy/encryption')
      const { terminal, now } = context
      const json = options.json === true
      if (place.kind === 'control plane' && (options.column ?? []).length > 0)
        throw usageError('--column is for an application: the control plane knows its own')
      await register(place, options)
      for (;;) {
        const { keyset } = await place.read()
        const step = rotateStep(keyset, { now: now(), settleMs: SETTLE_MS, older: await olderValues(place, keyset, options) })
        if (step === 'reseal') return reseal(context, place, { pace: options, json })
        if (step === 'done') return sayMoved(context, place, keyset, json)
        if (step === 'add') {
          const added = await add(place)
          const said = `Key ${added.key} was added. It opens and does not seal yet.`
          if (options.wait !== true || !json) await sayChange(context, place, { ...added, said, json })
          if (options.wait !== true) return EXIT.ok
        } else if (step === 'wait') {
          const pending = keyset.keys.find(({ status }) => status === 'pending')
          const key = pending?.id ?? 0
          const from = (pending?.since ?? 0) + SETTLE_MS
          if (options.wait !== true) {
            await sayChange(context, place, { keyset, key, said: `Key ${key} is pending.`, json })
            return EXIT.ok
          }
          terminal.notice(
            terminal.errorColors.dim(`Waiting: key ${key} may seal ${formatFrom(from, now())}. Ctrl-C stops; nothing is lost.`),
          )
          await abortable((signal) => sleep(Math.max(0, from - now()) + 50, undefined, { signal }))
        } else {
          const promoted = await promote(place, undefined, true)
          const said = `Key ${promoted.key} is primary: it seals from now on. Older values still open.`
          if (place.kind === 'control plane' || place.pool === undefined) {
            await sayChange(context, place, { ...promoted, said, json })
            return EXIT.ok
          }
          if (!json) await terminal.print(`${terminal.colors.green(said)}\n`)
          return reseal(context, place, { pace: options, json })
        }
      }
    })

/** `parapet keys rotate`: a new key, and everything brought under it. */
export const addKeysRotate = (keys: Command, context: CommandContext): void => {
  withColumn(
    withPace(
      withDatabase(
        withRecord(
          keys
            .command('rotate')
            .summary('bring everything under a new key, step by step')
            .description(
              'Takes the next step of a rotation and says what comes after it. First it adds a key that is pending for 10 minutes, so that every ' +
                'process reads it; then it makes it primary and seals every value anew, while the application runs. It may be killed at any time: ' +
                'the same command goes on. The values of a control plane are not sealed anew: its logs are append-only, and its older keys stay ' +
                'until retention has ended their values.',
            )
            .option('--wait', 'wait the 10 minutes here and take all steps')
            .option('--new', 'add a key although values of an older one may be left')
            .option('--column <column>', 'TABLE.COLUMN that the application seals itself; written down for later runs', collect)
            .addOption(new Option('--type <type>', 'how its values are written').choices(['text', 'json', 'bytes']))
            .addHelpText(
              'after',
              `${examples([
                ['parapet keys rotate', 'the next step, whichever it is'],
                ['parapet keys rotate --wait --rows-per-second 5000', 'all of it, gently'],
                ['parapet keys rotate --column users.phone --tenant-column org', 'a column that is new to it'],
              ])}\n\n${KEYS_HELP}\n\n${KEYS_EXIT_HELP}\n`,
            ),
        ),
      ),
    ),
  ).action(context.run(rotate(context)))
}
