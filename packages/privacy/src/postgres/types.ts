import type { FieldContext, Normalizer, OpenKeyset } from '../encryption/types.js'

/** What a query gives, as far as it is used here. */
export type PgResult = { readonly rows: unknown[]; readonly rowCount: number | null }

/** One connection, as `pg` gives it. */
export type PgClient = {
  readonly query: (text: string, values?: unknown[]) => Promise<PgResult>
  /** `true` closes the connection instead of giving it back */
  readonly release: (destroy?: boolean) => void
  readonly on?: (event: 'error', listener: (error: Error) => void) => unknown
}

/** A pool of connections by structure; a `Pool` of `pg` is one. Session locks need real sessions: no transaction pooler between. */
export type PgPool = {
  readonly query: (text: string, values?: unknown[]) => Promise<PgResult>
  readonly connect: () => Promise<PgClient>
}

/** Where a blind index lies and how it is made. */
export type IndexSpec = { readonly column: string; readonly normalize: readonly Normalizer[]; readonly bits: number }

/** Where a row's tenant comes from: a column of the table, or one value for all rows. Left out: no tenants. */
export type TenantSpec = { readonly column: string } | { readonly value: string }

/** A sealed column of a table: what its context is made of. */
export type SealedColumnSpec = {
  /** `public` when left out */
  readonly schema?: string
  readonly table: string
  readonly column: string
  readonly type: FieldContext['type']
  readonly tenant?: TenantSpec
  readonly index?: IndexSpec
  /** the table's name in the context when it is not the table's own, as after a rename */
  readonly contextTable?: string
}

/** What seals and opens here. */
export type SealingKeys = Pick<OpenKeyset, 'cipher' | 'blindIndex'>
