import { createHash } from 'node:crypto'
import { type Clock, DAY, ParapetError, randomToken, type RandomSource, type ResetLink, systemRandom } from '@parapet/core'
import type { Pool } from 'pg'

/** A one-time link with which an operator sets a new password is good for so long; ms. */
export const RESET_LINK_TTL = DAY

/** One-time links of operators who were reset. The newest of an operator is the only one. */
export type Resets = {
  /** Throws `PPT_NOT_FOUND` when there is no such operator. */
  create: (operatorId: string) => Promise<ResetLink>
  /** an operator's link opens nothing any more */
  drop: (operatorId: string) => Promise<void>
  /** whose link it is (the whole link or its token); `undefined` when it was used, has run out or never was */
  find: (link: string) => Promise<string | undefined>
  /** uses it up: true for one of those who do so at once */
  take: (link: string) => Promise<boolean>
}

/** 256 random bits need no slow hash; a stolen table is useless. */
const hashOf = (link: string): string =>
  createHash('sha256')
    .update(`reset:${link.slice(link.lastIndexOf('#') + 1)}`)
    .digest('base64url')

/** Creates the links. The token stands in the fragment, which no browser sends and no access log holds. Source: ASVS 5.0 6.4.1. */
export const createResets = (deps: { pool: Pool; clock: Clock; publicUrl: string; random?: RandomSource }): Resets => {
  const { pool, clock, publicUrl, random = systemRandom } = deps
  return {
    create: async (operatorId) => {
      const token = randomToken(32, random)
      const expiresAt = clock() + RESET_LINK_TTL
      try {
        await pool.query(
          `insert into operator_resets (operator_id, hash, expires_at) values ($1, $2, $3)
           on conflict (operator_id) do update set hash = excluded.hash, expires_at = excluded.expires_at`,
          [operatorId, hashOf(token), expiresAt],
        )
      } catch (cause) {
        if ((cause as { code?: string }).code === '23503') throw new ParapetError('PPT_NOT_FOUND', undefined, { cause })
        throw cause
      }
      return { link: new URL(`/reset#${token}`, publicUrl).toString(), expiresAt }
    },
    drop: async (operatorId) => {
      await pool.query('delete from operator_resets where operator_id = $1', [operatorId])
    },
    find: async (link) => {
      const { rows } = await pool.query<{ id: string }>(
        'select operator_id as id from operator_resets where hash = $1 and expires_at > $2',
        [hashOf(link), clock()],
      )
      return rows[0]?.id
    },
    take: async (link) =>
      (await pool.query('delete from operator_resets where hash = $1 and expires_at > $2', [hashOf(link), clock()])).rowCount === 1,
  }
}
