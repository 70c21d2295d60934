import type { Keyset } from '@parapet/privacy/encryption'
import type { RotationStatus, SealedColumnSpec } from '@parapet/privacy/postgres'
import type { CommandContext } from '../../command.js'
import { EXIT, type ExitCode } from '../../exit-codes.js'
import { toJsonLine } from '../../output/escape.js'
import { formatCount } from '../../output/format.js'
import { formatTable } from '../../output/table.js'
import type { PaceChoices } from './options.js'
import type { Place } from './place.js'
import { sealingDeps, walk } from './walk.js'

/** The columns that are written down as sealed in the database; none where nothing was ever written down. */
export const sealedColumns = async (place: Place): Promise<readonly SealedColumnSpec[]> => {
  const { readSealedColumns } = await import('@parapet/privacy/postgres')
  try {
    return await readSealedColumns(place.needPool())
  } catch (error) {
    // 42P01: the table that they would stand in was never made
    if ((error as { readonly code?: unknown }).code === '42P01') return []
    throw error
  }
}

const labelOf = ({ schema, table, column }: SealedColumnSpec): string =>
  `${schema === undefined || schema === 'public' ? '' : `${schema}.`}${table}.${column}`

/** Says that no column is known, and how one is made known. */
export const sayNoColumns = async ({ terminal }: Pick<CommandContext, 'terminal'>, place: Place, json: boolean): Promise<void> => {
  const { cyan, yellow } = terminal.colors
  await terminal.print(
    json
      ? toJsonLine({ columns: [] })
      : `${yellow('No sealed column is written down in this database, so nothing was done.')}\n  Name each once:\n    ${cyan(`parapet keys rotate --column TABLE.COLUMN${place.flags}`)}`,
  )
}

/** True while a column may hold values of an older key: it was not walked to its end since the primary key changed. */
export const isLeft = async (place: Place, keyset: Keyset): Promise<boolean> => {
  const columns = await sealedColumns(place)
  if (columns.length === 0) return true
  const { rotateColumns } = await import('@parapet/privacy/postgres')
  const { deps, close } = await sealingDeps(place)
  try {
    const primary = keyset.keys.find(({ status }) => status === 'primary')?.id
    const states = await rotateColumns({ columns }, deps).status()
    return states.some((state) => state === undefined || state.keyId !== primary || state.state === 'running')
  } finally {
    close()
  }
}

/** The state of rotations, a row a column. */
export const formatRotations = ({ terminal }: Pick<CommandContext, 'terminal'>, states: readonly RotationStatus[]): string => {
  const { bold, dim, green, yellow, red } = terminal.colors
  const columns = [
    { title: 'column', shrinkTo: 16 },
    { title: 'key', align: 'right' as const, style: bold },
    { title: 'state', style: (cell: string, row: number) => (states[row]?.state === 'running' ? yellow(cell) : green(cell)) },
    { title: 'resealed', align: 'right' as const },
    {
      title: 'refused',
      align: 'right' as const,
      style: (cell: string, row: number) => ((states[row]?.refused ?? 0) > 0 ? red(cell) : cell),
    },
  ]
  const rows = states.map(({ column, keyId, state, resealed, refused }) => [column, String(keyId), state, formatCount(resealed), formatCount(refused)]) // prettier-ignore
  return formatTable(columns, rows, { width: terminal.width, styleTitle: dim })
}

/** Brings every column under the primary key, one after the other; what was done before a stop stays done. */
export const reseal = async (
  context: Pick<CommandContext, 'terminal'>,
  place: Place,
  options: { readonly pace: PaceChoices; readonly json: boolean },
): Promise<ExitCode> => {
  const { terminal } = context
  const { rotateColumns } = await import('@parapet/privacy/postgres')
  const columns = await sealedColumns(place)
  const { bold, cyan, dim, yellow } = terminal.colors
  if (columns.length === 0) {
    await sayNoColumns(context, place, options.json)
    return EXIT.ok
  }
  const { deps, close } = await sealingDeps(place)
  const states: RotationStatus[] = []
  try {
    for (const spec of columns) {
      const rotation = rotateColumns({ columns: [spec] }, deps)
      states.push(
        ...(await walk(context, place, { ...spec, title: `Sealing ${labelOf(spec)} anew`, pace: options.pace }, (walked) =>
          rotation.run(walked),
        )),
      )
    }
  } finally {
    close()
  }
  const done = states.every(({ state }) => state !== 'running')
  if (options.json) for (const state of states) await terminal.print(toJsonLine(state))
  else {
    await terminal.print(formatRotations(context, states))
    await terminal.print(
      done
        ? `\n${bold('Next')}\n  open every value once more, to be sure\n    ${cyan(`parapet keys finish${place.flags}`)}\n  then take the older keys out of use\n    ${cyan(`parapet keys disable KEY${place.flags}`)}`
        : `\n${yellow('Some values do not open, or are written faster than they are sealed.')}\n${dim('They stay as they are; parapet keys rotate tries them again.')}`,
    )
  }
  return done ? EXIT.ok : EXIT.failed
}
