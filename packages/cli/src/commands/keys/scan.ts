import type { Keyset } from '@parapet/privacy/encryption'
import type { KeyUseScan } from '@parapet/privacy/postgres'
import type { Command } from 'commander'
import { type CommandContext, examples } from '../../command.js'
import { reportError } from '../../errors.js'
import { ParapetError } from '@parapet/core'
import { EXIT, type ExitCode, worse } from '../../exit-codes.js'
import { escapeText, toJsonLine } from '../../output/escape.js'
import { formatCount, plural } from '../../output/format.js'
import { formatTable } from '../../output/table.js'
import type { Terminal } from '../../output/terminal.js'
import { createWorkProgress } from '../../output/work-progress.js'
import { KEYS_EXIT_HELP, KEYS_HELP, type KeysOptions, type PaceChoices, withDatabase, withKeyset, withPace } from './options.js'
import { type Place, withPlace } from './place.js'
import { abortable, paceOf } from './walk.js'

/** Looks through the whole database for values of the keyset's keys, with progress. */
export const scanPlace = async (context: CommandContext, place: Place, pace: PaceChoices): Promise<KeyUseScan> => {
  const { scanKeyUse } = await import('@parapet/privacy/postgres')
  const pool = place.needPool()
  const bar = createWorkProgress(context.terminal, 'Looking through the database', undefined)
  try {
    return await abortable((signal) => scanKeyUse({ pool, clock: place.clock }, { ...paceOf(pace), signal, onRows: bar.rows }))
  } finally {
    bar.stop()
  }
}

type Row = { readonly column: string; readonly key: number; readonly status: string; readonly sealed: number; readonly indexes: number }

const rowsOf = (scan: KeyUseScan, keyset: Keyset): readonly Row[] => {
  const status = new Map<number, string>(keyset.keys.map((key) => [key.id, key.status]))
  return scan.columns.flatMap(({ column, sealed, indexes }) =>
    [...new Set([...Object.keys(sealed), ...Object.keys(indexes)].map(Number))].map((key) => ({
      column,
      key,
      status: status.get(key) ?? 'not in the keyset',
      sealed: sealed[key] ?? 0,
      indexes: indexes[key] ?? 0,
    })),
  )
}

/** What a scan found, as a table and a total for each key. */
const formatScan = (terminal: Terminal, scan: KeyUseScan, keyset: Keyset): string => {
  const { bold, dim, red, yellow } = terminal.colors
  const rows = rowsOf(scan, keyset)
  const columns = [
    { title: 'column', shrinkTo: 16 },
    { title: 'key', align: 'right' as const, style: bold },
    { title: 'status', style: (cell: string, row: number) => (/^(?:not|destroyed)/.test(rows[row]?.status ?? '') ? red(cell) : cell) },
    { title: 'sealed', align: 'right' as const },
    { title: 'indexes', align: 'right' as const },
  ]
  const table =
    rows.length === 0
      ? 'No sealed value stands in this database.'
      : formatTable(columns, rows.map(({ column, key, status, sealed, indexes }) => [column, String(key), status, formatCount(sealed), formatCount(indexes)]), { width: terminal.width, styleTitle: dim }) // prettier-ignore
  const byKey = formatTable(
    [
      { title: '', align: 'right', style: bold },
      { title: '', align: 'right' },
      { title: '', style: dim },
    ],
    keyset.keys.map(({ id, status }) => [
      String(id),
      (scan.uses[id] ?? 0) === 0 ? 'no value' : plural(scan.uses[id] ?? 0, 'value'),
      status,
    ]),
    { width: terminal.width, indent: 2 },
  )
  const damaged = scan.columns
    .filter((column) => column.damaged > 0)
    .map(
      ({ column, damaged }) =>
        `\n${yellow(`${escapeText(column)}: ${plural(damaged, 'text')} that begins like a sealed value and is none`)}`,
    )
  return `${table}${damaged.join('')}\n\n${bold('By key')}\n${byKey}`
}

type ScanOptions = KeysOptions & PaceChoices

const scan =
  (context: CommandContext) =>
  (options: ScanOptions): Promise<ExitCode> =>
    withPlace(context, options, async (place) => {
      const { terminal } = context
      const { keyset } = await place.read()
      const found = await scanPlace(context, place, options)
      const known = new Set(keyset.keys.filter(({ status }) => status !== 'destroyed').map(({ id }) => id))
      const lost = Object.entries(found.uses).some(([id, uses]) => uses > 0 && !known.has(Number(id)))
      let exit: ExitCode = lost || found.columns.some(({ damaged }) => damaged > 0) ? EXIT.findings : EXIT.ok
      if (options.json === true) {
        for (const column of found.columns) await terminal.print(toJsonLine(column))
        const { uses, unread, startedAt, finishedAt } = found
        await terminal.print(toJsonLine({ uses, unread, startedAt, finishedAt }))
      } else await terminal.print(formatScan(terminal, found, keyset))
      if (found.unread.length > 0) {
        const unread = new ParapetError(
          'PPT_CONFIG_INVALID',
          `--database: not everything could be read: ${found.unread.slice(0, 20).join('; ')}`,
        )
        await reportError(
          unread,
          terminal,
          options.json === true,
          'Scan as a role that may read every table; until then no zero above is a proof.',
        )
        exit = worse(exit, EXIT.failed)
      }
      return exit
    })

/** `parapet keys scan`: which keys are in use, and where. */
export const addKeysScan = (keys: Command, context: CommandContext): void => {
  withPace(
    withDatabase(
      withKeyset(
        keys
          .command('scan')
          .summary('which keys are in use, column by column')
          .description(
            'Looks through every text, JSON and bytea column of the database and counts sealed values and blind indexes by key. It reads only; ' +
              'nothing but numbers of keys leaves the database.',
          )
          .addHelpText(
            'after',
            `${examples([['parapet keys scan --rows-per-second 20000', 'beside the work of the day']])}\n\n${KEYS_HELP}\n\n${KEYS_EXIT_HELP}\n`,
          ),
      ),
    ),
  ).action(context.run(scan(context)))
}
