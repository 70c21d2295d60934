import { systemClock } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTokenizer } from '../encryption/tokenizer/tokenizer.js'
import { createTestPlace, postgresHere, type TestPlace } from '../sealed/fixtures/test-place.js'
import { createPostgresVault, rotateColumns } from './index.js'

describe.skipIf(!postgresHere.ok)(`a token vault in PostgreSQL${postgresHere.note}`, () => {
  let place: TestPlace
  beforeAll(async () => {
    place = await createTestPlace()
  }, 60_000)
  afterAll(() => place?.close(), 30_000)

  it('keeps a row once, all of a batch or nothing, and gives it back to its tenant only', async () => {
    const vault = createPostgresVault(place.pool)
    const row = { token: 't1', tenant: 'acme', rule: 'email', sealed: 'ppt1.first', createdAt: 1_790_000_000_000 }
    await Promise.all([vault.put([row]), vault.put([{ ...row, sealed: 'ppt1.second', token: 't2' }])])
    await vault.put([{ ...row, sealed: 'ppt1.other' }])
    await vault.put([])
    expect(await vault.get('acme', 't1')).toEqual(row)
    expect(await vault.get('other', 't1')).toBeUndefined()
    await expect(
      vault.put([
        { ...row, token: 't3' },
        { ...row, token: 't4', sealed: 'plain' },
      ]),
    ).rejects.toMatchObject({ code: '23514' })
    expect(await vault.get('acme', 't3')).toBeUndefined()
    await place.pool.query('truncate token_vault')
  })

  it('serves the tokenizer, and a rotation finds it without being told', async () => {
    const keyset = await place.keys.open()
    const options = { keyset, vault: createPostgresVault(place.pool), audit: place.audit, clock: systemClock, tenant: 'acme' }
    const tokenizer = createTokenizer({
      ...options,
      onError: (error) => {
        throw error
      },
    })
    const token = tokenizer.tokenize('ann@example.com', 'email')
    await tokenizer.flush()
    const second = await place.keys.addKey()
    await keyset.refresh()
    const rotation = rotateColumns(
      {},
      { pool: place.pool, keys: keyset, clock: systemClock, audit: place.audit, actor: { kind: 'system', id: 'test' } },
    )
    expect(await rotation.run()).toMatchObject([{ column: 'public.token_vault.sealed', keyId: second, resealed: 1, state: 'done' }])
    const actor = { kind: 'operator', id: 'o1' } as const
    expect(await tokenizer.unmask(token, { actor, reason: 'a test', allowed: true })).toBe('ann@example.com')
    const { rows } = await place.pool.query<{ text: string }>('select token_vault::text as text from token_vault')
    expect(rows.map(({ text }) => text).join()).not.toContain('example')
    await tokenizer.close()
  })
})
