import { isParapetError, ParapetError } from '@parapet/core'
import { resolveColumn } from './catalog.js'
import { quoteName } from './identifiers.js'
import { indexesOf } from './indexes.js'
import { createPace } from './pace.js'
import { recordFor, type RotationDeps, rotationStatus, type RotationStatus, type WalkOptions } from './rotate.js'
import { contextOf, walkRows, type WalkRow } from './rows.js'
import { withLockedSession } from './session.js'
import { storageOf } from './storage.js'
import { columnKey, columnLabel } from './tables.js'
import type { SealedColumnSpec } from './types.js'

/** A row whose value is not as it should be. The key is what the table's primary key holds. */
export type SealedProblem = {
  readonly key: readonly string[]
  /** an error's code, `plain` for a value that is not sealed, `index` for a blind index that does not belong to it */
  readonly why: string
}

/** What looking at every value of a column found. */
export type VerifyResult = {
  readonly column: string
  readonly values: number
  /** values by the key that sealed them */
  readonly byKey: Readonly<Record<number, number>>
  readonly problemCount: number
  /** the first hundred */
  readonly problems: readonly SealedProblem[]
}

const MAX_PROBLEMS = 100

/** Opens every value of a column and compares its blind index; changes nothing. */
export const verifyColumn = async (
  deps: Pick<RotationDeps, 'pool' | 'keys' | 'clock'>,
  spec: SealedColumnSpec,
  options: WalkOptions = {},
): Promise<VerifyResult> =>
  withLockedSession(
    deps.pool,
    columnLabel(spec),
    async (client) => {
      const { table, column } = await resolveColumn(client, spec)
      const storage = storageOf(column.type, columnLabel(spec))
      const { cipher } = deps.keys
      const indexes = indexesOf(deps.keys, spec)
      const byKey: Record<number, number> = {}
      const problems: SealedProblem[] = []
      let [values, problemCount] = [0, 0]
      const problemOf = (row: WalkRow): string | undefined => {
        const value = row['value'] as string | Buffer
        const keyId = cipher.keyIdOf(value)
        if (keyId === undefined) return 'plain'
        byKey[keyId] = (byKey[keyId] ?? 0) + 1
        try {
          const plain = cipher.openBytes(value, contextOf(spec, row))
          // under any key that can still be in the column: a writer of the old version may be at work
          return indexes?.(row.tenant).allOf(plain.toString('utf8')).includes(String(row['idx'])) === false ? 'index' : undefined
        } catch (error) {
          if (isParapetError(error)) return error.code
          throw error
        }
      }
      const index = spec.index === undefined ? 'null' : `t.${quoteName(spec.index.column)}`
      await walkRows(
        {
          client,
          table,
          spec,
          select: `${storage.read(`t.${quoteName(spec.column)}`)} as value, ${index} as idx`,
          batchSize: options.batchSize ?? 1000,
        },
        (rows) => {
          for (const row of rows) {
            if (row['value'] === null) continue
            values++
            const why = problemOf(row)
            if (why === undefined) continue
            problemCount++
            if (problems.length < MAX_PROBLEMS) problems.push({ key: row.key, why })
          }
          return () => Promise.resolve()
        },
        createPace(options, deps.clock),
        options.signal,
      )
      return { column: columnLabel(spec), values, byKey, problemCount, problems }
    },
    options.limits,
  )

/**
 * Ends a column's rotation: every value opens, and all are under the primary key. Otherwise PPT_SEAL_STATE with the counts.
 */
export const finishRotation = async (deps: RotationDeps, spec: SealedColumnSpec, options: WalkOptions = {}): Promise<RotationStatus> => {
  const status = await rotationStatus(deps.pool, deps.tables, spec)
  const primary = deps.keys.cipher.primaryKeyId
  if (status === undefined || status.keyId !== primary || status.state === 'running')
    throw new ParapetError('PPT_SEAL_STATE', `${columnLabel(spec)} is not rotated to key ${primary} yet`)
  const { values, byKey, problemCount } = await verifyColumn(deps, spec, options)
  const left = values - (byKey[primary] ?? 0)
  if (left > 0 || problemCount > 0)
    throw new ParapetError(
      'PPT_SEAL_STATE',
      `${columnLabel(spec)}: ${left} values are not under key ${primary}, ${problemCount} do not open or match`,
    )
  await deps.pool.query(
    `update ${deps.tables.rotations} set state = 'finished', updated_at = now() where schema_name = $1 and table_name = $2 and column_name = $3`,
    columnKey(spec),
  )
  await recordFor(deps, 'sealed_column.rotation_finished', spec, { key_id: primary, values })
  return { ...status, state: 'finished' }
}
