import type { AuditEntry } from '@parapet/core'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createTestKeyset, TEST_NOW, type TestKeyset } from '../fixtures/test-keyset.js'
import { createMemoryTokenVault, type TokenRow, type TokenVault, VAULT_CELL } from './token-vault.js'
import { createTokenizer, type Tokenizer, type TokenizerOptions, type UnmaskRequest } from './tokenizer.js'

fc.configureGlobal({ seed: 20_261_121 })

const VALUE = 'anna.schmidt@example.org'
const ASK: UnmaskRequest = {
  actor: { kind: 'operator', id: 'op1', name: 'ann' },
  reason: 'ticket 4711',
  allowed: true,
  address: '192.0.2.7',
}
const code = (name: string) => expect.objectContaining({ code: name })

type Setup = { tokenizer: Tokenizer; vault: TokenVault; entries: AuditEntry[]; errors: unknown[]; rows: TokenRow[]; test: TestKeyset }
const setup = async (change: Partial<TokenizerOptions> = {}, test?: TestKeyset): Promise<Setup> => {
  const keyset = test ?? (await createTestKeyset())
  const memory = createMemoryTokenVault()
  const [entries, errors, rows]: [AuditEntry[], unknown[], TokenRow[]] = [[], [], []]
  const vault: TokenVault = {
    ...memory,
    put: async (added) => {
      await memory.put(added)
      rows.push(...added)
    },
  }
  const tokenizer = createTokenizer({
    keyset: keyset.opened,
    vault,
    audit: {
      record: (entry) => {
        entries.push(entry)
        return Promise.resolve()
      },
    },
    clock: () => TEST_NOW,
    onError: (error) => errors.push(error),
    ...change,
  })
  return { tokenizer, vault, entries, errors, rows, test: keyset }
}

afterEach(() => vi.useRealTimers())

describe('tokenize', () => {
  it('gives one token for one value of a rule and tenant, and no hint of the value', async () => {
    const test = await createTestKeyset()
    const { tokenizer } = await setup({}, test)
    const token = tokenizer.tokenize(VALUE, 'email')
    expect(token).toMatch(/^tok_[\w-]{27}$/)
    expect(tokenizer.tokenize(VALUE, 'email')).toBe(token)
    const other = await setup({ tenant: 'other' }, test)
    const tokens = [
      token,
      tokenizer.tokenize(VALUE, 'login'),
      tokenizer.tokenize(`${VALUE}x`, 'email'),
      other.tokenizer.tokenize(VALUE, 'email'),
    ]
    expect(new Set(tokens).size).toBe(4)
  })

  it('does not take rule and value cut elsewhere for the same', async () => {
    const { tokenizer } = await setup()
    expect(tokenizer.tokenize('c', 'ab')).not.toBe(tokenizer.tokenize('bc', 'a'))
  })

  it('refuses a rule that is no id, so that a value in its place is never kept in clear', async () => {
    const { tokenizer, rows } = await setup()
    for (const rule of [VALUE, '', 'Email', 'a b', 'x'.repeat(65)])
      expect(() => tokenizer.tokenize('email', rule)).toThrow(code('PPT_INVALID'))
    await tokenizer.flush()
    expect(rows).toEqual([])
  })

  it('keeps the value sealed, for its own row only', async () => {
    const { tokenizer, rows, test } = await setup()
    const token = tokenizer.tokenize(VALUE, 'email')
    await tokenizer.flush()
    expect(rows).toEqual([{ token, tenant: '', rule: 'email', sealed: expect.stringMatching(/^ppt1\./) as string, createdAt: TEST_NOW }])
    const cell = { tenant: '', ...VAULT_CELL, row: [token], type: 'text' } as const
    expect(test.opened.cipher.open(rows[0]!.sealed, cell)).toBe(VALUE)
    expect(JSON.stringify(rows)).not.toContain('schmidt')
  })

  it('writes a value once, however often it comes', async () => {
    const { tokenizer, rows } = await setup()
    for (let i = 0; i < 100; i++) tokenizer.tokenize(VALUE, 'email')
    await tokenizer.flush()
    tokenizer.tokenize(VALUE, 'email')
    await tokenizer.flush()
    expect(rows).toHaveLength(1)
  })

  it('refuses what would not come back as it was', async () => {
    const { tokenizer } = await setup()
    for (const value of ['\ud800', 'x'.repeat(65_537), null as unknown as string])
      expect(() => tokenizer.tokenize(value, 'email')).toThrow(code('PPT_INVALID'))
  })

  it('leads back to any value there is', async () => {
    const { tokenizer } = await setup()
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (value) => {
        const token = tokenizer.tokenize(value, 'any')
        expect(await tokenizer.unmask(token, ASK)).toBe(value)
        await tokenizer.flush()
        expect(await tokenizer.unmask(token, ASK)).toBe(value)
      }),
    )
  })

  it('goes on over a rotation: old tokens lead back, new ones are others', async () => {
    const { tokenizer, test } = await setup()
    const before = tokenizer.tokenize(VALUE, 'email')
    await tokenizer.flush()
    await test.rotate()
    const after = tokenizer.tokenize(VALUE, 'email')
    expect(after).not.toBe(before)
    await tokenizer.flush()
    expect([await tokenizer.unmask(before, ASK), await tokenizer.unmask(after, ASK)]).toEqual([VALUE, VALUE])
  })
})

describe('unmask', () => {
  it('gives the value to who may and says why, and records it', async () => {
    const { tokenizer, entries } = await setup()
    const token = tokenizer.tokenize(VALUE, 'email')
    expect(await tokenizer.unmask(token, ASK)).toBe(VALUE)
    expect(entries).toEqual([
      {
        at: TEST_NOW,
        actor: ASK.actor,
        action: 'token.unmasked',
        resource: { type: 'token', id: token },
        outcome: 'success',
        address: '192.0.2.7',
        reason: 'ticket 4711',
        detail: { rule: 'email' },
      },
    ])
  })

  it.each<[string, Partial<UnmaskRequest>, string]>([
    ['without permission', { allowed: false }, 'PPT_FORBIDDEN'],
    ['without permission, whatever stands for it', { allowed: undefined as unknown as boolean }, 'PPT_FORBIDDEN'],
    ['without a reason', { reason: '' }, 'PPT_INVALID'],
    ['with spaces for a reason', { reason: '     ' }, 'PPT_INVALID'],
    ['with two letters for a reason', { reason: 'ok' }, 'PPT_INVALID'],
    ['with a reason that is none', { reason: undefined as unknown as string }, 'PPT_INVALID'],
    ['with a book for a reason', { reason: 'x'.repeat(501) }, 'PPT_INVALID'],
  ])('is refused %s, and the refusal is recorded', async (_name, change, name) => {
    const { tokenizer, entries, vault } = await setup()
    const token = tokenizer.tokenize(VALUE, 'email')
    await tokenizer.flush()
    const get = vi.spyOn(vault, 'get')
    await expect(tokenizer.unmask(token, { ...ASK, ...change })).rejects.toEqual(code(name))
    expect(entries).toMatchObject([{ action: 'token.unmasked', outcome: 'refused', resource: { id: token }, actor: ASK.actor }])
    expect(get).not.toHaveBeenCalled()
  })

  it('of what is no token, or leads nowhere, is recorded without repeating it', async () => {
    const { tokenizer, entries } = await setup()
    for (const token of ['', VALUE, `tok_${'A'.repeat(27)}`, `tok_${'A'.repeat(26)}`, `tok_${'A'.repeat(27)}\n`])
      await expect(tokenizer.unmask(token, ASK)).rejects.toEqual(code('PPT_NOT_FOUND'))
    expect(entries.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 5 }, () => 'failure'))
    expect(JSON.stringify(entries)).not.toContain('schmidt')
  })

  it('gives nothing when it cannot be recorded', async () => {
    const { tokenizer } = await setup({ audit: { record: () => Promise.reject(new Error('the record is down')) } })
    const token = tokenizer.tokenize(VALUE, 'email')
    await expect(tokenizer.unmask(token, ASK)).rejects.toThrow('the record is down')
    await expect(tokenizer.unmask(token, { ...ASK, allowed: false })).rejects.toThrow('the record is down')
  })

  it('does not open a row that was put under another token, or came from another tenant', async () => {
    const test = await createTestKeyset()
    const { tokenizer, vault, rows, entries } = await setup({}, test)
    tokenizer.tokenize(VALUE, 'email')
    await tokenizer.flush()
    const token = `tok_${'B'.repeat(27)}`
    await vault.put([{ ...rows[0]!, token }])
    await expect(tokenizer.unmask(token, ASK)).rejects.toEqual(code('PPT_SEALED_INVALID'))
    expect(entries.at(-1)?.outcome).toBe('failure')
    const stranger = await setup({ tenant: 'other', vault: { ...vault, get: (_tenant, wanted) => vault.get('', wanted) } }, test)
    await expect(stranger.tokenizer.unmask(rows[0]!.token, ASK)).rejects.toEqual(code('PPT_SEALED_INVALID'))
  })

  it('says that the vault is down, and records that nothing was given', async () => {
    const { tokenizer, entries } = await setup({
      vault: { put: () => Promise.resolve(), get: () => Promise.reject(new Error('secret dsn')) },
    })
    await expect(tokenizer.unmask(`tok_${'A'.repeat(27)}`, ASK)).rejects.toSatisfy((error: Error) => !error.message.includes('dsn'))
    expect(entries).toMatchObject([{ outcome: 'failure' }])
  })

  it('writes the value into no record, error or log', async () => {
    const said: unknown[] = []
    const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation((...parts) => void said.push(parts)),
    )
    const { tokenizer, entries, errors } = await setup()
    const token = tokenizer.tokenize(VALUE, 'email')
    await tokenizer.unmask(token, ASK)
    await tokenizer.unmask(token, { ...ASK, allowed: false }).catch((error: unknown) => errors.push(error))
    expect(JSON.stringify([entries, errors, said])).not.toContain('schmidt')
    for (const spy of spies) spy.mockRestore()
  })
})

describe('writing behind', () => {
  it('keeps rows on its own, in batches', async () => {
    vi.useFakeTimers()
    const batches: number[] = []
    const vault: TokenVault = {
      get: () => Promise.resolve(undefined),
      put: (rows) => {
        batches.push(rows.length)
        return Promise.resolve()
      },
    }
    const { tokenizer } = await setup({ vault })
    for (let i = 0; i < 1200; i++) tokenizer.tokenize(`${i}`, 'n')
    expect(batches).toEqual([])
    await vi.advanceTimersByTimeAsync(200)
    expect(batches).toEqual([500, 500, 200])
  })

  it('tries again what a vault did not take, and tells of it', async () => {
    vi.useFakeTimers()
    let down = true
    const memory = createMemoryTokenVault()
    const vault: TokenVault = { ...memory, put: (rows) => (down ? Promise.reject(new Error('vault is down')) : memory.put(rows)) }
    const { tokenizer, errors } = await setup({ vault })
    const token = tokenizer.tokenize(VALUE, 'email')
    await expect(tokenizer.flush()).rejects.toThrow('vault is down')
    await vi.advanceTimersByTimeAsync(400)
    expect(errors.length).toBeGreaterThanOrEqual(1)
    down = false
    await vi.advanceTimersByTimeAsync(400)
    expect((await memory.get('', token))?.rule).toBe('email')
    await tokenizer.flush()
  })

  it('never grows beyond its bound: the values stay hidden, and what leads nowhere is counted', async () => {
    const { tokenizer, errors } = await setup({
      maxPending: 10,
      vault: { get: () => Promise.resolve(undefined), put: () => Promise.reject(new Error('down')) },
    })
    const tokens = Array.from({ length: 25 }, (_, i) => tokenizer.tokenize(`value ${i}`, 'n'))
    expect(tokens.every((token) => token.startsWith('tok_'))).toBe(true)
    await expect(tokenizer.flush()).rejects.toThrow('down')
    expect(errors).toEqual([expect.objectContaining({ code: 'PPT_BACKPRESSURE', detail: expect.stringContaining('15 tokens') as string })])
  })

  it('a token that was dropped is kept when its value comes again and there is room', async () => {
    let down = true
    const memory = createMemoryTokenVault()
    const vault: TokenVault = { ...memory, put: (rows) => (down ? Promise.reject(new Error('down')) : memory.put(rows)) }
    const { tokenizer } = await setup({ maxPending: 1, vault })
    tokenizer.tokenize('first', 'n')
    const dropped = tokenizer.tokenize('second', 'n')
    down = false
    await tokenizer.flush()
    expect(tokenizer.tokenize('second', 'n')).toBe(dropped)
    await tokenizer.flush()
    expect(await tokenizer.unmask(dropped, ASK)).toBe('second')
  })

  it('flush waits for what was given out while an earlier write was under way', async () => {
    const memory = createMemoryTokenVault()
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const vault: TokenVault = { ...memory, put: (rows) => gate.then(() => memory.put(rows)) }
    const { tokenizer } = await setup({ vault })
    tokenizer.tokenize('first', 'n')
    const early = tokenizer.flush()
    const late = tokenizer.tokenize('second', 'n')
    const all = tokenizer.flush()
    release()
    await Promise.all([early, all])
    expect(await memory.get('', late)).toBeDefined()
  })

  it('close writes what is left', async () => {
    const { tokenizer, rows } = await setup()
    tokenizer.tokenize(VALUE, 'email')
    await tokenizer.close()
    expect(rows).toHaveLength(1)
  })
})
