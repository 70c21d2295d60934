import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring } from '../keyring/keyring.js'
import { ALPHABET } from './base32.js'
import { createPublicIds, type PublicIdOptions } from './public-ids.js'
import type { PublicIdReport } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const [OLD, NEW] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
const keyring = createKeyring({ keys: [NEW] })
const TYPES = { doc: 'integer', user: 'uuid', row: 'bigint', team: 'text', file: 'integer' } as const
const ids = createPublicIds({ keyring, types: TYPES })
const UUID = '0190163d-8694-739b-aea5-966c26f8ad91'

const text31 = fc.string({ unit: 'binary', minLength: 1, maxLength: 31 }).filter((text) => {
  const bytes = Buffer.from(text)
  return bytes.length <= 31 && bytes.toString() === text
})

describe('a public id', () => {
  it('opens to what it was made from, whatever that is', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uuid(), text31, (number, big, uuid, text) => {
        expect(ids.decode('doc', ids.encode('doc', number))).toEqual({ kind: 'known', id: number })
        expect(ids.decode('row', ids.encode('row', big))).toEqual({ kind: 'known', id: big })
        expect(ids.decode('user', ids.encode('user', uuid))).toEqual({ kind: 'known', id: uuid })
        expect(ids.decode('team', ids.encode('team', text))).toEqual({ kind: 'known', id: text })
      }),
      { numRuns: 500 },
    )
    for (const number of [0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER])
      expect(ids.decode('doc', ids.encode('doc', number))).toEqual({ kind: 'known', id: number })
    for (const big of [0n, 1n, 2n ** 63n, 2n ** 64n - 1n])
      expect(ids.decode('row', ids.encode('row', big))).toEqual({ kind: 'known', id: big })
    for (const text of ['0', '01ARZ3NDEKTSV4RRFFQ69G5FAV', '65f1c0ffee0123456789abcd', 'é'.repeat(15), '\u{1F600}'.repeat(7), '\u0000'])
      expect(ids.decode('team', ids.encode('team', text))).toEqual({ kind: 'known', id: text })
  })

  it('is the same each time, so that links stay what they are', () => {
    expect(ids.encode('doc', 42)).toBe(ids.encode('doc', 42))
    expect(createPublicIds({ keyring: createKeyring({ keys: [NEW, OLD] }), types: { doc: 'integer' } }).encode('doc', 42)).toBe(
      ids.encode('doc', 42),
    )
    // a value that must not change between releases: links out there hold it
    expect(ids.encode('doc', 42)).toBe('doc_zg51z3r4mvfzhq6x10kpwqpzfdhhatft')
    expect(ids.encode('user', UUID)).toBe('user_xggjstddh60nxt6w3hjnmyymmrc400qb0j0avmqr997hp')
    expect(ids.encode('team', 'acme')).toBe('team_nvw5993fbcrwnmmz5m7w2jqfk6twx0xzw6sqcknz7189qm38fbgmh4z8521nc4zj92j7bs8')
  })

  it('has one shape for its kind, and tells no length beyond that', () => {
    const shape = (length: number): RegExp => new RegExp(`^[a-z]+_[${ALPHABET}]{${length}}$`)
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uuid(), text31, (number, big, uuid, text) => {
        expect(ids.encode('doc', number)).toMatch(shape(32))
        expect(ids.encode('row', big)).toMatch(shape(32))
        expect(ids.encode('user', uuid)).toMatch(shape(45))
        expect(ids.encode('team', text)).toMatch(shape(71))
      }),
    )
  })

  it('does not collide, and neither counts up nor begins alike', () => {
    const made = Array.from({ length: 50_000 }, (_, i) => ids.encode('doc', i))
    expect(new Set(made).size).toBe(50_000)
    const first = new Map<string, number>()
    for (const id of made) first.set(id.slice(4, 5), (first.get(id.slice(4, 5)) ?? 0) + 1)
    // 32 characters, 1,562 each, with a deviation of 39
    expect(first.size).toBe(32)
    for (const count of first.values()) expect(Math.abs(count - 1_562)).toBeLessThan(250)
    let rising = 0
    for (let i = 1; i < made.length; i++) if ((made[i] ?? '') > (made[i - 1] ?? '')) rising++
    expect(Math.abs(rising - 25_000)).toBeLessThan(1_000)
  })
})

describe('an id that was changed [ASVS 11.3.3]', () => {
  it.each([ids.encode('doc', 42), ids.encode('user', UUID), ids.encode('team', 'acme')])(
    'is unknown, whichever character it is: %s',
    (id) => {
      const type = id.slice(0, id.indexOf('_')) as 'doc'
      for (let i = 0; i < id.length; i++) {
        for (const other of `${ALPHABET}ilouA_-. `) {
          if (other === id[i]) continue
          expect(ids.decode(type, id.slice(0, i) + other + id.slice(i + 1)).kind).toBe('unknown')
        }
        expect(ids.decode(type, id.slice(0, i) + id.slice(i + 1)).kind).toBe('unknown')
        expect(ids.decode(type, `${id.slice(0, i)}0${id.slice(i)}`).kind).toBe('unknown')
      }
    },
  )

  it('is unknown in another case: one thing has one address', () => {
    const id = ids.encode('doc', 42)
    expect(ids.decode('doc', id.toUpperCase())).toEqual({ kind: 'unknown', reason: 'shape' })
    expect(ids.decode('doc', `doc_${id.slice(4).toUpperCase()}`)).toEqual({ kind: 'unknown', reason: 'shape' })
  })

  it('is unknown as an id of another type, also of one that holds the same [ASVS 9.2.2]', () => {
    const rest = ids.encode('doc', 42).slice(4)
    expect(ids.decode('file', `file_${rest}`)).toEqual({ kind: 'unknown', reason: 'forged' })
    expect(ids.decode('row', `row_${rest}`)).toEqual({ kind: 'unknown', reason: 'forged' })
    expect(ids.decode('file', `doc_${rest}`)).toEqual({ kind: 'unknown', reason: 'shape' })
    const asBigint = createPublicIds({ keyring, types: { doc: 'bigint' } })
    expect(asBigint.decode('doc', `doc_${rest}`)).toEqual({ kind: 'unknown', reason: 'forged' })
  })

  it('is unknown when it is a plain number, a UUID or a guess', () => {
    for (const odd of [
      '42',
      'doc_42',
      42,
      UUID,
      'doc_',
      '',
      undefined,
      null,
      {},
      ['doc_x'],
      `doc_${'0'.repeat(32)}`,
      `doc_${'z'.repeat(32)}`,
    ])
      expect(ids.decode('doc', odd).kind).toBe('unknown')
  })

  it('never throws, and nothing that was not made is ever known', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...ALPHABET.split('')), minLength: 32, maxLength: 32 })),
        (text) => {
          expect(ids.decode('doc', text).kind).toBe('unknown')
          expect(ids.decode('doc', `doc_${text}`).kind).toBe('unknown')
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('is reported when it looks like one of ours, bounded, as it came in', () => {
    const reports: PublicIdReport[] = []
    const watched = createPublicIds({ keyring, types: TYPES, report: (report) => reports.push(report), clock: () => 7 })
    watched.decode('doc', watched.encode('doc', 1))
    watched.decode('doc', 'new')
    watched.decode('doc', undefined)
    expect(reports).toEqual([])
    watched.decode('doc', `doc_${'0'.repeat(32)}`)
    watched.decode('doc', `doc_\n${'x'.repeat(1_000_000)}`)
    expect(reports).toEqual([
      { kind: 'public_id_forged', at: 7, type: 'doc', text: `doc_${'0'.repeat(32)}` },
      { kind: 'public_id_forged', at: 7, type: 'doc', text: `doc_\n${'x'.repeat(251)}` },
    ])
  })
})

describe('after a rotation', () => {
  it('older ids are read, and new ones are written with the new key', () => {
    const types = { doc: 'integer' } as const
    const before = createPublicIds({ keyring: createKeyring({ keys: [OLD] }), types })
    const after = createPublicIds({ keyring: createKeyring({ keys: [NEW, OLD] }), types })
    const old = before.encode('doc', 42)
    expect(after.decode('doc', old)).toEqual({ kind: 'known', id: 42 })
    expect(after.encode('doc', 42)).not.toBe(old)
    expect(after.decode('doc', after.encode('doc', 42))).toEqual({ kind: 'known', id: 42 })
    expect(before.decode('doc', after.encode('doc', 42)).kind).toBe('unknown')
    expect(ids.decode('doc', old)).toEqual({ kind: 'unknown', reason: 'forged' })
  })

  it('that happens while the process runs is followed', () => {
    let now = createKeyring({ keys: [OLD] })
    const live = createPublicIds({ keyring: { derive: (purpose) => now.derive(purpose) }, types: { doc: 'integer', team: 'text' } })
    const old = live.encode('doc', 42)
    now = createKeyring({ keys: [NEW, OLD] })
    expect(live.decode('doc', old)).toEqual({ kind: 'known', id: 42 })
    expect(live.encode('doc', 42)).toBe(ids.encode('doc', 42))
    expect(live.encode('team', 'acme')).toBe(ids.encode('team', 'acme'))
    now = createKeyring({ keys: [NEW] })
    expect(live.decode('doc', old).kind).toBe('unknown')
  })
})

describe('a value of another kind [ASVS 15.3.5]', () => {
  it.each<[keyof typeof TYPES, unknown]>([
    ['doc', -1],
    ['doc', 1.5],
    ['doc', 2 ** 53],
    ['doc', Number.NaN],
    ['doc', '42'],
    ['doc', 42n],
    ['row', 42],
    ['row', -1n],
    ['row', 2n ** 64n],
    ['user', UUID.toUpperCase()],
    ['user', UUID.slice(1)],
    ['user', ''],
    ['team', ''],
    ['team', 'x'.repeat(32)],
    ['team', 'é'.repeat(16)],
    ['team', '\uD800'],
    ['team', 42],
    ['doc', null],
    ['doc', undefined],
  ])('of %s, %s, is refused and not shown', (type, value) => {
    const encode = ids.encode as (type: string, value: unknown) => string
    expect(() => encode(type, value)).toThrow(
      expect.objectContaining({ code: 'PPT_INVALID', detail: expect.stringContaining(`type ${type} is`) }),
    )
  })

  it('a type that nobody declared is refused, also by a name of the prototype', () => {
    for (const name of ['docs', 'constructor', '__proto__', 'toString']) {
      expect(() => ids.decode(name as 'doc', 'doc_x')).toThrow('there is no type of that name')
      expect(() => ids.encode(name as 'doc', 1)).toThrow('there is no type of that name')
    }
  })
})

describe('options', () => {
  it.each<[unknown, string]>([
    [{ types: TYPES }, 'id.keyring is "undefined"; public ids need a keyring'],
    [{ keyring }, 'id.types'],
    [{ keyring, types: {} }, 'id.types'],
    [{ keyring, types: ['doc'] }, 'id.types'],
    [{ keyring, types: { Doc: 'integer' } }, 'id.types'],
    [{ keyring, types: { doc_x: 'integer' } }, 'id.types'],
    [{ keyring, types: { doc: 'number' } }, 'id.types.doc'],
    [{ keyring, types: { doc: undefined } }, 'id.types.doc'],
    [{ keyring, types: TYPES, alphabet: 'x' }, 'id has no option "alphabet"'],
    [{ keyring: { derive: () => [] }, types: TYPES }, 'has no key for public ids'],
  ])('%j are refused at start', (options, message) => {
    expect(() => createPublicIds(options as PublicIdOptions)).toThrow(message)
  })
})
