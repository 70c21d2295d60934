import { createHash } from 'node:crypto'
import { type Clock, MINUTE, ParapetError, randomToken, type RandomSource, SECOND, systemRandom, uuidv7 } from '@parapet/core'
import type { Pool } from 'pg'
import { PERMISSIONS, type Permission, SOURCE_PERMISSIONS } from '../../http/permissions.js'

/** A token as lists show it; the token itself is shown once, when it is made. Times in ms UTC. */
export type ApiToken = {
  readonly id: string
  readonly name: string
  readonly scopes: readonly Permission[]
  readonly source: { readonly id: string; readonly name: string } | null
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
}

/** Storage and rules of API tokens. */
export type Tokens = {
  create: (input: {
    name: string
    scopes: readonly Permission[]
    expiresAt?: number
    sourceId?: string
    /**
     * Who makes it. An operator's end is the token's too, unless it is a source's and does what sources do; what a token makes belongs to
     * the same operator, and lasts no longer than it
     */
    maker?:
      | { readonly kind: 'operator'; readonly id: string; readonly generation: number }
      | { readonly kind: 'token'; readonly id: string }
  }) => Promise<{ token: string; view: ApiToken }>
  list: () => Promise<readonly ApiToken[]>
  /** Throws `PPT_NOT_FOUND`. Takes effect at once in this process and within five seconds in others. */
  revoke: (id: string) => Promise<ApiToken>
  /** Revokes what an operator made for himself, or of that what reaches beyond `scopes`; answers how many. A source keeps what sources may do. */
  revokeOf: (operatorId: string, scopes?: ReadonlySet<Permission>) => Promise<number>
  /** Revokes all that a source has; answers how many. */
  revokeOfSource: (sourceId: string) => Promise<number>
  /** the live token behind a presented text; reads the database at most every five seconds for each */
  find: (presented: string) => Promise<ApiToken | undefined>
  /** true when {@link find} would ask the database: what a flood of made-up tokens costs */
  isCached: (presented: string) => boolean
  /** whether a token still opens anything; for streams that are open already */
  isLive: (id: string) => Promise<boolean>
  /** ids whose token was revoked here */
  onRevoked: (listener: (id: string) => void) => () => void
  forgetCached: () => void
}

type Row = {
  id: string
  name: string
  scopes: string[]
  source_id: string | null
  source_name: string | null
  created_at: number
  expires_at: number | null
  last_used_at: number | null
}

const SELECT = `select t.id, t.name, t.scopes, t.source_id, s.name as source_name, t.created_at, t.expires_at, t.last_used_at
  from api_tokens t left join sources s on s.id = t.source_id`
const CACHE_MS = 5 * SECOND
const CACHE_SIZE = 10_000

const isPermission = (scope: string): scope is Permission => PERMISSIONS.some((known) => known === scope)

const toToken = (row: Row): ApiToken => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes.filter(isPermission),
  source: row.source_id === null ? null : { id: row.source_id, name: row.source_name ?? '' },
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
})

/** 256 bits of randomness need no slow hash: SHA-256 keeps a stolen table useless and the look-up fast. */
const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')

/** True for text that can be a token at all; everything else never reaches the database. */
export const looksLikeToken = (text: string): boolean => /^ppt_[\w-]{43}$/.test(text)

type Maker = Parameters<Tokens['create']>[0]['maker']

/**
 * The operator behind a new token and its longest life, as a query with its values from $8 on; no row when the maker is gone. The rows are
 * held until the token is written: who is removed at this moment is removed after it, together with it.
 */
const makerOf = (maker: Maker): readonly [from: string, values: readonly unknown[]] => {
  if (maker === undefined) return ['select null::text as operator, null::bigint as until', []]
  if (maker.kind === 'operator')
    return [
      'select id as operator, null::bigint as until from operators where id = $8 and generation = $9 for share',
      [maker.id, maker.generation],
    ]
  return [
    `select t.made_by as operator, t.expires_at as until from api_tokens t
     where t.id = $8 and t.revoked_at is null and (t.made_by is null or exists (select 1 from operators o where o.id = t.made_by)) for share`,
    [maker.id],
  ]
}

/** Creates the tokens' module. */
export const createTokens = (deps: { pool: Pool; clock: Clock; random?: RandomSource }): Tokens => {
  const { pool, clock } = deps
  const cache = new Map<string, { token: ApiToken; until: number }>()
  const used = new Map<string, number>()
  const listeners = new Set<(id: string) => void>()
  let revocations = 0

  const live = (token: ApiToken): boolean => token.expiresAt === null || clock() < token.expiresAt
  const cached = (hash: string): ApiToken | undefined => {
    const entry = cache.get(hash)
    return entry !== undefined && clock() < entry.until ? entry.token : undefined
  }
  const noteUse = async (id: string): Promise<void> => {
    const now = clock()
    if (now - (used.get(id) ?? 0) < MINUTE) return
    used.set(id, now)
    await pool.query('update api_tokens set last_used_at = $2 where id = $1', [id, now])
  }

  const forget = (id: string): void => {
    revocations++
    for (const [hash, { token }] of cache) if (token.id === id) cache.delete(hash)
    used.delete(id)
    for (const listener of listeners) listener(id)
  }

  return {
    create: async ({ name, scopes, expiresAt, sourceId, maker }) => {
      const now = clock()
      const id = uuidv7(now)
      const token = `ppt_${randomToken(32, deps.random ?? systemRandom)}`
      try {
        const [from, known] = makerOf(maker)
        const { rowCount } = await pool.query(
          `insert into api_tokens (id, name, hash, scopes, source_id, created_at, expires_at, made_by)
           select $1, $2, $3, $4, $5, $6, least($7::bigint, maker.until), maker.operator from (${from}) maker`,
          [id, name, hashOf(token), [...new Set(scopes)], sourceId ?? null, now, expiresAt ?? null, ...known],
        )
        if (rowCount === 0) throw new ParapetError('PPT_UNAUTHENTICATED', 'whoever asked for this was removed or changed meanwhile')
      } catch (cause) {
        if ((cause as { code?: string }).code === '23503')
          throw new ParapetError('PPT_INVALID', 'sourceId: there is no such source', { cause })
        throw cause
      }
      const { rows } = await pool.query<Row>(`${SELECT} where t.id = $1`, [id])
      if (rows[0] === undefined) throw new ParapetError('PPT_CONFLICT', 'the token was removed meanwhile')
      return { token, view: toToken(rows[0]) }
    },
    list: async () =>
      (await pool.query<Row>(`${SELECT} where t.revoked_at is null order by t.created_at desc, t.id limit 1000`)).rows.map(toToken),
    revoke: async (id) => {
      const { rows } = await pool.query<Row>(`${SELECT} where t.id = $1 and t.revoked_at is null`, [id])
      const { rowCount } = await pool.query('update api_tokens set revoked_at = $2 where id = $1 and revoked_at is null', [id, clock()])
      if (rows[0] === undefined || rowCount === 0) throw new ParapetError('PPT_NOT_FOUND')
      forget(id)
      return toToken(rows[0])
    },
    revokeOf: async (operatorId, scopes) => {
      const { rows } = await pool.query<{ id: string }>(
        `update api_tokens set revoked_at = $2
         where made_by = $1 and (source_id is null or not scopes <@ $4) and revoked_at is null and ($3::text[] is null or not scopes <@ $3)
         returning id`,
        [operatorId, clock(), scopes === undefined ? null : [...scopes], SOURCE_PERMISSIONS],
      )
      for (const { id } of rows) forget(id)
      return rows.length
    },
    revokeOfSource: async (sourceId) => {
      const { rows } = await pool.query<{ id: string }>(
        'update api_tokens set revoked_at = $2 where source_id = $1 and revoked_at is null returning id',
        [sourceId, clock()],
      )
      for (const { id } of rows) forget(id)
      return rows.length
    },
    find: async (presented) => {
      if (!looksLikeToken(presented)) return undefined
      const hash = hashOf(presented)
      let token = cached(hash)
      if (token === undefined) {
        const before = revocations
        const { rows } = await pool.query<Row>(`${SELECT} where t.hash = $1 and t.revoked_at is null`, [hash])
        if (rows[0] === undefined) return undefined
        token = toToken(rows[0])
        if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value ?? '')
        // one that was revoked while it was read must not come back for as long as the cache keeps it
        if (before === revocations) cache.set(hash, { token, until: clock() + CACHE_MS })
      }
      if (!live(token)) return undefined
      await noteUse(token.id)
      return token
    },
    isCached: (presented) => cached(hashOf(presented)) !== undefined,
    isLive: async (id) =>
      (
        await pool.query('select 1 from api_tokens where id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)', [
          id,
          clock(),
        ])
      ).rowCount === 1,
    onRevoked: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    forgetCached: () => cache.clear(),
  }
}
