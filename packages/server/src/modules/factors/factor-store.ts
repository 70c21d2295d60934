import { type Clock, ParapetError, randomToken, type RandomSource, systemRandom } from '@parapet/core'
import type { FactorRecord, FactorStore } from '@parapet/guard/mfa'
import type { Pool } from 'pg'
import type { Cell, Vault } from '../../vault/index.js'

/** Where an operator's factors are sealed: moved to the row of another operator they do not open. */
export const factorsCell = (operatorId: string): Cell => ({ table: 'operator_factors', column: 'sealed', row: [operatorId], type: 'json' })

/** True when a record holds something that a sign-in asks for. */
const isSecured = (record: FactorRecord): boolean => record.totp.length + record.passkeys.length > 0

/**
 * The guard's {@link FactorStore} on the table `operator_factors`. Each record is one sealed document, written only when its version is
 * still the one that was read; it goes with its operator. Errors also those of sealed values; `PPT_CONFLICT` for a handle of another.
 */
export const createFactorStore = (deps: {
  pool: Pool
  clock: Clock
  vault: Pick<Vault, 'seal' | 'open'>
  random?: RandomSource
}): FactorStore => {
  const { pool, clock, vault, random = systemRandom } = deps
  const subjectOf = async (handle: string): Promise<string | undefined> => {
    const { rows } = await pool.query<{ id: string }>('select operator_id as id from operator_factors where handle = $1', [handle])
    return rows[0]?.id
  }
  return {
    read: async (subject) => {
      const { rows } = await pool.query<{ sealed: string; version: string }>(
        'select sealed, version from operator_factors where operator_id = $1',
        [subject],
      )
      const [row] = rows
      if (row === undefined) return undefined
      return { record: JSON.parse(vault.open(row.sealed, factorsCell(subject))) as FactorRecord, version: row.version }
    },
    write: async (subject, record, ifVersion) => {
      const values = [
        subject,
        record.handle,
        vault.seal(JSON.stringify(record), factorsCell(subject)),
        randomToken(12, random),
        isSecured(record),
        clock(),
      ]
      try {
        const { rowCount } =
          ifVersion === null
            ? await pool.query(
                `insert into operator_factors (operator_id, handle, sealed, version, secured, updated_at) values ($1, $2, $3, $4, $5, $6)
                 on conflict (operator_id) do nothing`,
                values,
              )
            : await pool.query(
                `update operator_factors set handle = $2, sealed = $3, version = $4, secured = $5, updated_at = $6
                 where operator_id = $1 and version = $7`,
                [...values, ifVersion],
              )
        return rowCount === 1
      } catch (cause) {
        const { code } = cause as { code?: string }
        // two first writes of one subject can meet at the handle before they meet at the subject: that is a write lost, not a conflict
        if (code === '23505' && (await subjectOf(record.handle)) === subject) return false
        if (code === '23505') throw new ParapetError('PPT_CONFLICT', 'the handle belongs to another subject', { cause })
        // removed meanwhile: nobody is left whose factors these could be
        if (code === '23503') return false
        throw cause
      }
    },
    remove: async (subject) => {
      await pool.query('delete from operator_factors where operator_id = $1', [subject])
    },
    subjectOf,
  }
}
