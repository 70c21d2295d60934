import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { indexKeyIdOf } from './blind-index/blind-index.js'
import { openKeyset } from './open-keyset.js'
import { createMemoryKeysetStore } from './stores/memory-store.js'
import { CELL, testKek, TEST_NOW } from './fixtures/test-keyset.js'
import { createMemoryTokenVault, type TokenRow } from './tokenizer/token-vault.js'
import { createTokenizer } from './tokenizer/tokenizer.js'
import { readKeyset } from './keyset/parse-keyset.js'
import type { OpenKeyset } from './types.js'

/** Written once, by the first version. When a test here fails, data of users no longer opens: mend the code, not the file. */
const first = JSON.parse(readFileSync(new URL('fixtures/first-version.json', import.meta.url), 'utf8')) as {
  readonly keyset: unknown
  readonly destroyed: string
  readonly sealed: string
  readonly plain: string
  readonly column: Parameters<OpenKeyset['blindIndex']>[0]
  readonly value: string
  readonly index: readonly string[]
  readonly row: TokenRow
  readonly tokenOf: string
}
const clock = (): number => TEST_NOW
const opened = await openKeyset({ store: createMemoryKeysetStore(readKeyset(first.keyset)), kek: testKek(), clock, production: true })

describe('what the first version wrote', () => {
  it('opens: the keyset with its KEK, and a value with a key that is no longer primary', () => {
    expect(opened.keyset.keys.map(({ status }) => status)).toEqual(['destroyed', 'enabled', 'primary'])
    expect(opened.cipher.open(first.sealed, CELL)).toBe(first.plain)
    expect(opened.cipher.keyIdOf(first.sealed)).toBe(opened.keyset.keys[1]?.id)
  })

  it('and destroyed stays closed', () => {
    expect(() => opened.cipher.open(first.destroyed, CELL)).toThrow(expect.objectContaining({ code: 'PPT_KEY_DESTROYED' }))
  })

  it('is found by its blind index, in any spelling', () => {
    expect(opened.blindIndex(first.column).allOf(first.value)).toEqual(first.index)
    expect(first.index.map(indexKeyIdOf)).toEqual([opened.keyset.keys[2]?.id, opened.keyset.keys[1]?.id])
  })

  it('is unmasked by its token, which its value still has', async () => {
    const vault = createMemoryTokenVault()
    await vault.put([first.row])
    const audit = { record: () => Promise.resolve() }
    const tokenizer = createTokenizer({ keyset: opened, vault, audit, clock, tenant: 'acme', onError: () => undefined })
    expect(tokenizer.tokenize(first.tokenOf, first.row.rule)).toBe(first.row.token)
    const ask = { actor: { kind: 'operator', id: '1' }, reason: 'a test', allowed: true } as const
    expect(await tokenizer.unmask(first.row.token, ask)).toBe(first.tokenOf)
  })
})
