import type { ColumnSealing, SealingPlace, SealStatus } from '@parapet/privacy/postgres'
import { type Command, Option } from 'commander'
import { type CommandContext, examples } from '../../command.js'
import { usageError } from '../../errors.js'
import { EXIT, type ExitCode } from '../../exit-codes.js'
import { escapeText, toJsonLine } from '../../output/escape.js'
import { formatCount, plural } from '../../output/format.js'
import { formatFacts } from '../../output/keys-report.js'
import type { Terminal } from '../../output/terminal.js'
import { wrap } from '../../output/width.js'
import { type ColumnChoices, columnSpec, withColumn } from './columns.js'
import { KEYS_EXIT_HELP, KEYS_HELP, type KeysOptions, type PaceChoices, withDatabase, withKeyset, withPace, withRecord } from './options.js'
import { type Place, withPlace } from './place.js'
import { formatRotations, sayNoColumns, sealedColumns } from './reseal.js'
import { sealingDeps, walk } from './walk.js'

type SealOptions = KeysOptions &
  PaceChoices &
  ColumnChoices & { readonly cutOver?: boolean; readonly sealedColumn?: string; readonly storage?: 'text' | 'bytea' }
type FinishOptions = KeysOptions & PaceChoices & { readonly rewrite: boolean }

type Sealing = {
  readonly work: ColumnSealing
  readonly table: string
  readonly schema: string
  readonly label: string
  readonly flags: string
  readonly close: () => void
}

const onlyApplications = (place: Place): void => {
  if (place.kind === 'control plane') throw usageError('the control plane seals its own tables; this is for columns of an application')
}

/** Opens the sealing of a column. What it is bound to was decided when it began: options that say something else are refused. */
const openSealing = async (place: Place, name: string, options: SealOptions | FinishOptions): Promise<Sealing> => {
  onlyApplications(place)
  const { listSealings, parseColumnName, sealColumn } = await import('@parapet/privacy/postgres')
  const column = parseColumnName(name)
  const { tenant, index } = columnSpec('rewrite' in options ? {} : options, column.column)
  const begun = (await listSealings(place.needPool())).find(
    (each) => each.schema === column.schema && each.table === column.table && each.column === column.column,
  )
  const differs = (given: unknown, known: unknown): boolean => given !== undefined && JSON.stringify(given) !== JSON.stringify(known)
  if (begun !== undefined && (differs(tenant, begun.spec.tenant) || differs(index, begun.spec.index)))
    throw usageError(`${name} was begun with another tenant column or index; leave these options out, or undo it first`)
  const { deps, close } = await sealingDeps(place)
  const more =
    'rewrite' in options
      ? {}
      : { ...(options.sealedColumn && { sealedColumn: options.sealedColumn }), ...(options.storage && { storage: options.storage }) }
  const work = sealColumn({ ...column, ...more, ...(tenant && { tenant }), ...(index && { index }) }, deps)
  return { work, table: column.table, schema: column.schema, label: name, flags: place.flags, close }
}

/** What a person does between one step and the next. */
const ADVICE: Readonly<Record<SealStatus['state'], readonly string[]>> = {
  added: [],
  dual: [],
  backfilled: [],
  verified: [
    'Let the application read and write the sealed column (codec or plugin), in every process. The plain one is kept in step until then.',
  ],
  cut: ['The plain values are still there, under another name. When the application has run long enough without them, they go for good.'],
  dropped: ['The rest of finish rewrites the table, which locks it: at a quiet time.'],
  finished: [],
  undoing: [],
}

const COMMANDS: Readonly<Record<SealStatus['next'], ((label: string) => string) | undefined>> = {
  start: (label) => `parapet keys seal ${label}`,
  backfill: (label) => `parapet keys seal ${label}`,
  verify: (label) => `parapet keys seal ${label}`,
  cutOver: (label) => `parapet keys seal ${label} --cut-over`,
  finish: (label) => `parapet keys finish ${label}`,
  undo: (label) => `parapet keys undo ${label}`,
  none: undefined,
}

/** Where a sealing stands, what that means, and what comes next. */
const formatSealing = (terminal: Terminal, status: SealStatus, label: string, flags: string): string => {
  const { bold, cyan, dim, green } = terminal.colors
  const facts = formatFacts(terminal, [
    ['column', status.column],
    ['sealed in', status.sealedColumn],
    ['state', `${status.state}: ${status.means}`],
    ['sealed', `${plural(status.sealed, 'row')}${status.left > 0 ? `, ${formatCount(status.left)} left` : ''}`],
  ])
  const command = COMMANDS[status.next]?.(label)
  if (command === undefined) return `${facts}\n\n${green('Done.')}`
  const advice = ADVICE[status.state].flatMap((text) => wrap(text, terminal.textWidth - 2).map((line) => `  ${line}\n`))
  const undo = status.undo && status.next !== 'undo' ? `\n${dim(`Undo: parapet keys undo ${label}${flags}`)}` : ''
  return `${facts}\n\n${bold('Next')}\n${advice.join('')}    ${cyan(escapeText(`${command}${flags}`))}${undo}`
}

const sayStatus = async ({ terminal }: CommandContext, sealing: Sealing, json: boolean): Promise<void> => {
  const status = await sealing.work.status()
  if (json) await terminal.print(toJsonLine(status ?? { column: sealing.label, state: 'not begun' }))
  else if (status !== undefined) await terminal.print(formatSealing(terminal, status, sealing.label, sealing.flags))
}

const seal =
  (context: CommandContext) =>
  (name: string, options: SealOptions): Promise<ExitCode> =>
    withPlace(context, options, async (place) => {
      const { terminal } = context
      const json = options.json === true
      const sealing = await openSealing(place, name, options)
      const { work } = sealing
      const step = (title: string, run: Parameters<typeof walk<unknown>>[3]): Promise<unknown> =>
        walk(context, place, { ...sealing, title: `${title} ${name}`, pace: options }, run)
      try {
        const before = await work.status()
        const state = before?.state
        if (options.cutOver === true) {
          await step('Cutting over', (walked) => work.cutOver(walked))
          await sayStatus(context, sealing, json)
          return EXIT.ok
        }
        if (state === undefined || state === 'added' || state === 'dual') {
          const { warnings } = await work.start()
          for (const warning of warnings) terminal.notice(`${terminal.errorColors.yellow('note')}  ${escapeText(warning)}`)
          await step('Sealing', (walked) => work.backfill(walked))
        }
        if (state !== 'cut' && state !== 'dropped' && state !== 'finished' && state !== 'undoing') {
          const { compareFailed } = await verify(step, work)
          if (compareFailed > 0) {
            terminal.notice(terminal.errorColors.red(`${plural(compareFailed, 'value')} did not open, or differ from the plain one`))
            await sayStatus(context, sealing, json)
            return EXIT.failed
          }
        }
        await sayStatus(context, sealing, json)
        return EXIT.ok
      } finally {
        sealing.close()
      }
    })

const verify = async (
  step: (title: string, run: Parameters<typeof walk<unknown>>[3]) => Promise<unknown>,
  work: ColumnSealing,
): Promise<{ readonly compareFailed: number }> => {
  let compareFailed = 0
  await step('Opening every value of', async (walked) => {
    compareFailed = (await work.verify(walked)).problemCount
  })
  return { compareFailed }
}

const finishRotation = async (context: CommandContext, place: Place, options: FinishOptions): Promise<ExitCode> => {
  const { rotateColumns } = await import('@parapet/privacy/postgres')
  const { terminal } = context
  onlyApplications(place)
  const columns = await sealedColumns(place)
  if (columns.length === 0) {
    await sayNoColumns(context, place, options.json === true)
    return EXIT.ok
  }
  const { deps, close } = await sealingDeps(place)
  try {
    for (const spec of columns) {
      const rotation = rotateColumns({ columns: [spec] }, deps)
      const title = `Opening every value of ${spec.table}.${spec.column}`
      const states = await walk(context, place, { ...spec, title, pace: options }, (walked) => rotation.finish(walked))
      for (const state of states)
        await terminal.print(options.json === true ? toJsonLine(state) : `${terminal.colors.green('finished')}  ${escapeText(state.column)}  every value is under key ${state.keyId} and opens`) // prettier-ignore
    }
    return EXIT.ok
  } finally {
    close()
  }
}

const finish =
  (context: CommandContext) =>
  (name: string | undefined, options: FinishOptions): Promise<ExitCode> =>
    withPlace(context, options, async (place) => {
      if (name === undefined) return finishRotation(context, place, options)
      const { terminal } = context
      const sealing = await openSealing(place, name, options)
      try {
        const { status, remains } = await walk(
          context,
          place,
          { ...sealing, title: `Looking at ${name} once more`, pace: options },
          (walked) => sealing.work.finish({ ...walked, rewrite: options.rewrite }),
        )
        if (options.json === true) await terminal.print(toJsonLine({ ...status, remains }))
        else {
          const { bold } = terminal.colors
          const lines = remains.flatMap((text) =>
            wrap(escapeText(text), terminal.textWidth - 4).map((line, i) => `${i === 0 ? '  - ' : '    '}${line}`),
          )
          await terminal.print(
            `${formatSealing(terminal, status, name, place.flags)}\n\n${bold('Where plain text may still be')}\n${lines.join('\n')}`,
          )
        }
        return EXIT.ok
      } finally {
        sealing.close()
      }
    })

const undo =
  (context: CommandContext) =>
  (name: string, options: FinishOptions): Promise<ExitCode> =>
    withPlace(context, options, async (place) => {
      const { terminal } = context
      const sealing = await openSealing(place, name, { ...options, rewrite: true })
      try {
        await walk(context, place, { ...sealing, title: `Bringing back ${name}`, pace: options }, (walked) => sealing.work.undo(walked))
        await terminal.print(
          options.json === true
            ? toJsonLine({ column: name, state: 'not begun' })
            : terminal.colors.green(`${escapeText(name)} is plain again, with what was written since. The sealed column is gone.`),
        )
        return EXIT.ok
      } finally {
        sealing.close()
      }
    })

const statusOf = async (context: CommandContext, place: Place, found: SealingPlace): Promise<SealStatus | undefined> => {
  const label = `${found.schema === 'public' ? '' : `${found.schema}.`}${found.table}.${found.column}`
  const sealing = await openSealing(place, label, { rewrite: true })
  try {
    return await sealing.work.status()
  } finally {
    sealing.close()
  }
}

const status =
  (context: CommandContext) =>
  (name: string | undefined, options: KeysOptions): Promise<ExitCode> =>
    withPlace(context, options, async (place) => {
      onlyApplications(place)
      const { terminal } = context
      const json = options.json === true
      if (name !== undefined) {
        const sealing = await openSealing(place, name, { rewrite: true })
        try {
          if ((await sealing.work.status()) === undefined && !json)
            await terminal.print(`The sealing of ${escapeText(name)} has not begun: parapet keys seal ${escapeText(name)}`)
          else await sayStatus(context, sealing, json)
        } finally {
          sealing.close()
        }
        return EXIT.ok
      }
      const { listSealings, rotateColumns } = await import('@parapet/privacy/postgres')
      const sealings = await listSealings(place.needPool())
      const columns = await sealedColumns(place)
      const { deps, close } = await sealingDeps(place)
      try {
        const rotations =
          columns.length === 0 ? [] : (await rotateColumns({ columns }, deps).status()).filter((state) => state !== undefined)
        const parts: string[] = []
        for (const found of sealings) {
          const state = await statusOf(context, place, found)
          if (state === undefined) continue
          parts.push(json ? toJsonLine({ sealing: state }) : formatSealing(terminal, state, `${found.schema === 'public' ? '' : `${found.schema}.`}${found.table}.${found.column}`, place.flags)) // prettier-ignore
        }
        if (json) parts.push(...rotations.map((rotation) => toJsonLine({ rotation })))
        else if (rotations.length > 0) parts.push(formatRotations(context, rotations))
        if (parts.length > 0) await terminal.print(parts.join(json ? '\n' : '\n\n'))
        else if (!json) await terminal.print('Nothing is being sealed, and nothing was rotated.')
      } finally {
        close()
      }
      return EXIT.ok
    })

/** `parapet keys seal`, `status`, `finish` and `undo`: a plain column becomes a sealed one while it is in use. */
export const addKeysSeal = (keys: Command, context: CommandContext): void => {
  const help = (list: readonly (readonly [string, string])[]): string => `${examples(list)}\n\n${KEYS_HELP}\n\n${KEYS_EXIT_HELP}\n`
  withColumn(
    withPace(
      withDatabase(
        withRecord(
          keys
            .command('seal')
            .summary('seal a plain column while it is in use')
            .description(
              'Seals a column that the application writes in clear: adds a sealed column that a trigger keeps in step, seals every row, opens and ' +
                'compares every one. Then the application is changed, and --cut-over takes the plain column out of the way. The way back is open ' +
                'until finish. It may be killed at any time: the same command goes on.',
            )
            .argument('<column>', 'TABLE.COLUMN or SCHEMA.TABLE.COLUMN')
            .option('--cut-over', 'rename the plain column away; the application uses the sealed one by now')
            .option('--sealed-column <name>', 'where sealed values go (COLUMN_sealed)')
            .addOption(new Option('--storage <type>', 'how they are stored').choices(['text', 'bytea']))
            .addHelpText(
              'after',
              help([
                ['parapet keys seal users.phone --tenant-column org_id --index phone', 'values bound to their tenant, found by equality'],
                ['parapet keys seal users.phone --cut-over', 'when the application uses users.phone_sealed'],
              ]),
            ),
        ),
      ),
    ),
  ).action(context.run(seal(context)))
  withDatabase(
    withKeyset(
      keys
        .command('status')
        .summary('where sealings and rotations stand')
        .description('Shows every sealing and rotation of the database, or the sealing of one column, with the command that comes next.')
        .argument('[column]', 'TABLE.COLUMN')
        .addHelpText('after', help([['parapet keys status users.phone', 'what comes next']])),
    ),
  ).action(context.run(status(context)))
  withPace(
    withDatabase(
      withRecord(
        keys
          .command('finish')
          .summary('end a sealing, or a rotation, for good')
          .description(
            'With a column: compares everything once more, drops the plain values and rewrites the table, so that they leave its files too. ' +
              'Without one: opens every sealed value and marks the rotation finished. There is no way back from a dropped column.',
          )
          .argument('[column]', 'TABLE.COLUMN')
          .option('--no-rewrite', 'leave the rewriting, which locks the table, to a later run')
          .addHelpText('after', help([['parapet keys finish users.phone', 'the last step of a sealing'], ['parapet keys finish', 'the last step of a rotation']])), // prettier-ignore
      ),
    ),
  ).action(context.run(finish(context)))
  withPace(
    withDatabase(
      withRecord(
        keys
          .command('undo')
          .summary('bring a plain column back')
          .description('Takes a sealing back, with everything that was written since. Possible until finish.')
          .argument('<column>', 'TABLE.COLUMN')
          .addHelpText('after', help([['parapet keys undo users.phone', 'at any step before finish']])),
      ),
    ),
  ).action(context.run(undo(context)))
}
