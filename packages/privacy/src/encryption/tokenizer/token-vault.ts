/** What a vault keeps for a token: the value, sealed for this row. Times ms UTC. */
export type TokenRow = {
  readonly token: string
  readonly tenant: string
  /** the rule that found the value */
  readonly rule: string
  readonly sealed: string
  readonly createdAt: number
}

/** Where tokens lead back to their values. */
export type TokenVault = {
  /** Keeps rows; a token that is there already stays as it is. All or nothing. */
  readonly put: (rows: readonly TokenRow[]) => Promise<void>
  readonly get: (tenant: string, token: string) => Promise<TokenRow | undefined>
}

/** The cell in which a value is sealed: the table and column of a vault in a database bear these names. */
export const VAULT_CELL: { readonly table: 'token_vault'; readonly column: 'sealed' } = { table: 'token_vault', column: 'sealed' }

/** A vault in memory, for tests and for processes that need tokens only as long as they run. */
export const createMemoryTokenVault = (): TokenVault => {
  const rows = new Map<string, TokenRow>()
  const keyOf = (tenant: string, token: string): string => `${token}${tenant}`
  return {
    put: (added) => {
      for (const row of added) if (!rows.has(keyOf(row.tenant, row.token))) rows.set(keyOf(row.tenant, row.token), row)
      return Promise.resolve()
    },
    get: (tenant, token) => Promise.resolve(rows.get(keyOf(tenant, token))),
  }
}
