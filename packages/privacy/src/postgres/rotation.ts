import { type AuditSink, type Clock, ParapetError } from '@parapet/core'
import { rotateColumn, type RotationDeps, rotationStatus, type RotationStatus, type WalkOptions } from './rotate.js'
import { createWorkTables, ownTables, readSealedColumns } from './tables.js'
import type { PgPool, SealedColumnSpec, SealingKeys } from './types.js'
import { finishRotation, verifyColumn, type VerifyResult } from './verify.js'

/** What runs and records the work on sealed columns. */
export type SealingDeps = {
  readonly pool: PgPool
  readonly keys: SealingKeys
  readonly clock: Clock
  readonly audit: AuditSink
  /** who started it, for the record */
  readonly actor: RotationDeps['actor']
}

/** Brings sealed columns under the primary key of the keyset, online. */
export type Rotation = {
  /** walks every column until nothing is left; call it again after a crash or an abort and it goes on */
  readonly run: (options?: WalkOptions) => Promise<readonly RotationStatus[]>
  readonly status: () => Promise<readonly (RotationStatus | undefined)[]>
  /** opens every value and changes nothing */
  readonly verify: (options?: WalkOptions) => Promise<readonly VerifyResult[]>
  /** verifies, then marks the columns finished; PPT_SEAL_STATE when values of another key or that do not open are left */
  readonly finish: (options?: WalkOptions) => Promise<readonly RotationStatus[]>
}

/**
 * The rotation of `columns`, or of every column that was written down with `registerSealedColumn` or sealed here. `schema`
 * is where the state lies, `public` when left out. The keyset's new key must be primary in every process before.
 */
export const rotateColumns = (
  options: { readonly columns?: readonly SealedColumnSpec[]; readonly schema?: string },
  deps: SealingDeps,
): Rotation => {
  const tables = ownTables(options.schema)
  const work: RotationDeps = { ...deps, tables }
  const columns = async (): Promise<readonly SealedColumnSpec[]> => {
    await createWorkTables(deps.pool, tables)
    const found = options.columns ?? (await readSealedColumns(deps.pool, options.schema))
    if (found.length === 0) throw new ParapetError('PPT_SEAL_STATE', 'no sealed column is given or written down')
    return found
  }
  const each = async <T>(run: (spec: SealedColumnSpec) => Promise<T>): Promise<readonly T[]> => {
    const results: T[] = []
    for (const spec of await columns()) results.push(await run(spec))
    return results
  }
  return {
    run: (walk) => each((spec) => rotateColumn(work, spec, walk)),
    status: () => each((spec) => rotationStatus(deps.pool, tables, spec)),
    verify: (walk) => each((spec) => verifyColumn(work, spec, walk)),
    finish: (walk) => each((spec) => finishRotation(work, spec, walk)),
  }
}
