import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { needs, startSystemPostgres, type SystemPostgres } from '@parapet/testkit'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { factorStoreChecks } from './fixtures/factor-store-checks.js'
import { requestOf, setup } from './fixtures/setup.js'
import type { MfaProof } from './types.js'
import { type FactorsPool, postgresFactors, type PostgresFactors, postgresFactorsSchema } from './postgres-factors.js'

const { ok, note } = needs('postgres', 'root')

describe.runIf(ok)(`factors in PostgreSQL${note}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-factors-pg-'))
  let server: SystemPostgres
  const pools: Pool[] = []
  const places: PostgresFactors[] = []
  const place = (i = 0): PostgresFactors => places[i] as PostgresFactors

  beforeAll(async () => {
    server = await startSystemPostgres(join(folder, 'cluster'))
    for (let i = 0; i < 3; i++) {
      const pool = new Pool({ connectionString: server.url, max: 3 })
      pool.on('error', () => undefined)
      pools.push(pool)
      places.push(postgresFactors(pool))
    }
    await place().ensureTables()
  }, 60_000)
  afterAll(async () => {
    for (const pool of pools) await pool.end()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  describe('do what every place for factors must do', () => {
    factorStoreChecks(() => ({ factors: place(), others: places.slice(1) }))
  })

  it('are in an ordinary table, which a crash does not empty, and which is made once', async () => {
    await place().ensureTables()
    const { rows } = await pools[0]!.query<{ relpersistence: string }>(
      `select relpersistence from pg_class where relname = 'parapet_guard_factors'`,
    )
    expect(rows).toEqual([{ relpersistence: 'p' }])
    const own = postgresFactors(pools[0]!, { table: 'shop_factors' })
    await pools[0]!.query(postgresFactorsSchema('shop_factors'))
    expect(await own.read('subject-1')).toBeUndefined()
  })

  it('trap: TOTP replay and concurrent double use: three processes on one database accept a code once [ASVS 6.5.1]', async () => {
    const s = setup({ factors: place(), attempts: 20 })
    const { secret, recoveryCodes } = await s.enrol('in-postgres')
    // each process has counts of its own: the accepting of a code does not lean on them
    const processes = places.map((factors) => s.another({ factors, store: memoryStore({ clock: s.now }) }))
    const all = (proof: MfaProof) =>
      Promise.all(Array.from({ length: 12 }, (_, i) => processes[i % 3]!.verify('in-postgres', proof, requestOf())))
    const byCode = await all({ code: s.codeOf(secret) })
    expect(byCode.filter(({ kind }) => kind === 'ok')).toHaveLength(1)
    const byRecovery = await all({ recoveryCode: recoveryCodes[0] ?? '' })
    expect(byRecovery.filter(({ kind }) => kind === 'ok')).toHaveLength(1)
    expect(await s.mfa.recoveryCodesLeft('in-postgres')).toEqual({ kind: 'counted', left: 9 })
  })

  it('take one of several first writes of a subject, wherever they meet: nobody is told that the handle is of another', async () => {
    for (let round = 0; round < 25; round++) {
      const record = { handle: `first-${round}`, totp: [], recovery: undefined, passkeys: [] }
      const made = await Promise.all(Array.from({ length: 9 }, (_, i) => place(i % 3).write(`first-${round}`, record, null)))
      expect(made.filter(Boolean)).toHaveLength(1)
    }
  })

  it('hold nothing that signs in: no secret and no recovery code is in the table', async () => {
    const s = setup({ factors: place() })
    const { secret, recoveryCodes } = await s.enrol('at-rest')
    const { rows } = await pools[0]!.query<{ row: string }>(
      `select row_to_json(f)::text as row from parapet_guard_factors f where subject = 'at-rest'`,
    )
    const row = rows[0]?.row ?? ''
    expect(row).toContain('Phone')
    for (const form of ['hex', 'base64', 'base64url'] as const) expect(row).not.toContain(Buffer.from(secret).toString(form))
    for (const code of recoveryCodes) expect(row).not.toContain(code.slice(0, 9).replace('-', ''))
  })
})

describe('without a database', () => {
  const down: FactorsPool = { query: () => Promise.reject(new Error('connection refused')) }

  it('trouble is passed on, and second factors call it degraded', async () => {
    await expect(postgresFactors(down).read('anna')).rejects.toThrow('connection refused')
    await expect(postgresFactors(down).write('anna', { handle: 'h', totp: [], recovery: undefined, passkeys: [] }, null)).rejects.toThrow(
      'connection refused',
    )
    const s = setup({ factors: postgresFactors(down) })
    expect(await s.mfa.afterFirstFactor('anna', requestOf())).toEqual({ kind: 'degraded', reason: 'factors' })
  })

  it('options are refused by name: a table’s name stands in statements', () => {
    for (const table of ['', 'Factors', 'a b', 'x; drop table y', 'a"b', 'x'.repeat(52), 7])
      expect(() => postgresFactors(down, { table: table as string })).toThrow('postgresFactors.table is')
    expect(() => postgresFactorsSchema('a;b')).toThrow('postgresFactors.table is "a;b"; give up to 51 small letters')
    expect(() => postgresFactors({} as FactorsPool)).toThrow('postgresFactors pool is "object"; give a pool of pg')
    expect(() => postgresFactors(down, { tabel: 'x' } as object)).toThrow('postgresFactors has no option "tabel"')
  })
})
