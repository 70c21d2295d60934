import { hash as argon2 } from '@node-rs/argon2'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBlocklist } from './blocklist.js'
import { createBreachCheck } from './breach.js'
import { createPasswords } from './passwords.js'

fc.configureGlobal({ seed: 20_261_122 })

/** The least that the options take: quick, and a hash all the same. */
const COST = { memoryKib: 7_168, passes: 5 } as const
const BUSY = { code: 'PPT_RATE_LIMITED', retryAfterSeconds: 2 }

describe('a flood of passwords', () => {
  it.each([
    [1, 0],
    [1, 3],
    [2, 2],
  ])(
    'with %i at a time and %i waiting takes as many as that, and refuses the others at once [ASVS 15.2.2]',
    async (maxHashing, maxWaiting) => {
      const passwords = createPasswords({ cost: COST, maxHashing, maxWaiting })
      const asked = Array.from({ length: 12 }, () => passwords.hash('teal kettle drums'))
      expect(passwords.status()).toEqual({ hashing: maxHashing, waiting: maxWaiting })
      const ends = await Promise.allSettled(asked)
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(maxHashing + maxWaiting)
      for (const end of ends) expect(end.status === 'fulfilled' ? BUSY : end.reason).toMatchObject(BUSY)
      expect(passwords.status()).toEqual({ hashing: 0, waiting: 0 })
      // and afterwards there is room again
      await expect(passwords.hash('teal kettle drums')).resolves.toMatch(/^\$argon2id\$/)
    },
  )

  it('leaves no place taken by what failed, was refused or was no hash', async () => {
    const passwords = createPasswords({ cost: COST, maxHashing: 1, maxWaiting: 0 })
    for (const stored of [
      '',
      'x',
      '$argon2id$',
      '$2b$10$abcdefghijklmnopqrstuv',
      '$argon2id$v=19$m=1,t=1,p=1$$',
      `$argon2id$v=19$m=7168,t=5,p=1$${'!'.repeat(22)}$x`,
    ]) {
      await expect(passwords.verify(stored, 'teal kettle drums')).rejects.toMatchObject({ code: 'PPT_INVALID' })
      expect(passwords.needsRehash(stored)).toBe(true)
    }
    await expect(passwords.hash('x'.repeat(4_097))).rejects.toMatchObject({ code: 'PPT_INVALID' })
    expect(await passwords.verify(undefined, 'x'.repeat(4_097))).toBe(false)
    expect(passwords.status()).toEqual({ hashing: 0, waiting: 0 })
  })

  it('does not tell one that is wrong from nobody, by place or by answer', async () => {
    const passwords = createPasswords({ cost: COST, maxHashing: 1, maxWaiting: 0 })
    const stored = await passwords.hash('teal kettle drums')
    for (const who of [stored, undefined]) {
      const first = passwords.verify(who, 'wrong')
      await expect(passwords.verify(who, 'wrong')).rejects.toMatchObject(BUSY)
      expect(await first).toBe(false)
    }
  })
})

describe('a stored hash', () => {
  it('of another kind, version or cost is checked as it is, and made anew', async () => {
    const passwords = createPasswords({ cost: COST })
    // the library's enums do not exist at run time
    const ours: object = { algorithm: 2, memoryCost: 7_168, timeCost: 5, parallelism: 1 }
    const made = (over: object): Promise<string> => argon2('teal kettle drums', { ...ours, ...over })
    expect(passwords.needsRehash(await made({}))).toBe(false)
    for (const over of [{ algorithm: 0 }, { algorithm: 1 }, { version: 0 }, { memoryCost: 8_192 }, { timeCost: 4 }, { parallelism: 2 }]) {
      const stored = await made(over)
      expect(await passwords.verify(stored, 'teal kettle drums')).toBe(true)
      expect(await passwords.verify(stored, 'teal kettle drum')).toBe(false)
      expect(passwords.needsRehash(stored)).toBe(true)
    }
  })

  it('with any one character replaced is never right for the password that made it', async () => {
    const passwords = createPasswords({ cost: COST })
    const stored = await passwords.hash('teal kettle drums')
    const from = stored.lastIndexOf('$') + 1
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: from, max: stored.length - 2 }),
        fc.constantFrom('A', 'B', 'a', 'b', '0', '1', '+', '/'),
        async (at, by) => {
          fc.pre(stored[at] !== by)
          expect(await passwords.verify(`${stored.slice(0, at)}${by}${stored.slice(at + 1)}`, 'teal kettle drums')).toBe(false)
        },
      ),
      { numRuns: 12 },
    )
  })
})

describe('further passwords of an application', () => {
  it('are found in any case and form, whole, and not as a part of another', () => {
    const { has } = createBlocklist(['Caf\u00e9-Corner', '\uff33\uff28\uff2f\uff30-2024-x', '__proto__', ''])
    for (const text of ['caf\u00e9-corner', 'CAF\u00c9-CORNER', 'shop-2024-x', '__PROTO__']) expect(has(text)).toBe(true)
    for (const text of ['caf\u00e9-corner-7', 'my caf\u00e9-corner', 'constructor-of-it', 'hasownproperty-x', 'tostring-kettle'])
      expect(has(text)).toBe(false)
  })

  it('count in the size where they have eight characters, once each', () => {
    const { size } = createBlocklist()
    expect(createBlocklist(['zq-kettle-1', 'ZQ-KETTLE-1', 'short-1']).size).toBe(size + 1)
  })
})

describe('the answer of a breach service', () => {
  const check = (body: unknown, init: ResponseInit = {}) =>
    createBreachCheck({ onOutage: 'refuse', fetch: async () => new Response(body as string, init) })('teal kettle drums')

  it('that is understood in no line is none: an empty page must not pass for "in no breach" [ASVS 16.5.3]', async () => {
    for (const body of [
      '',
      '\n\n\n',
      'ok',
      '{"hits":0}',
      ':0',
      'A'.repeat(35),
      `${'a'.repeat(35)}:1`,
      `${'A'.repeat(34)}:1`,
      `${'A'.repeat(36)}:1`,
      `${'A'.repeat(35)}:-1`,
      `${'A'.repeat(35)}:1x`,
      null,
    ])
      expect(await check(body)).toBe('unknown')
    expect(await check(`${'A'.repeat(35)}:1`)).toBe('clear')
  })

  it('counts with status 200 only', async () => {
    const body = `${'A'.repeat(35)}:1`
    for (const status of [400, 401, 403, 404, 429, 500, 503]) expect(await check(body, { status })).toBe('unknown')
  })

  it('from a fetch that fails in any way is none', async () => {
    const ways: readonly (() => unknown)[] = [
      () => Promise.reject(new TypeError('fetch failed')),
      () => {
        throw new Error('at once')
      },
      () => Promise.resolve(undefined),
      () => Promise.resolve({ ok: true, body: 'text' }),
      () => Promise.resolve({ ok: true, body: null }),
    ]
    for (const way of ways)
      expect(await createBreachCheck({ onOutage: 'accept', fetch: way as typeof fetch })('teal kettle drums')).toBe('unknown')
  })
})
