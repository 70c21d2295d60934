import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatAddress, isParapetError } from '@parapet/core'
import { type MmdbValue, writeMmdb } from '@parapet/testkit'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { readDatabase } from './database.js'
import { createGeo, type Geo, type GeoOptions, type GeoProblem } from './geo.js'

fc.configureGlobal({ seed: 20_261_122 })
const place = mkdtempSync(join(tmpdir(), 'geo-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))
let serial = 0
const file = (bytes: Buffer | string): string => {
  const path = join(place, `${serial++}.mmdb`)
  writeFileSync(path, bytes)
  return path
}
const BERLIN: MmdbValue = {
  city: { names: { de: 'Berlin', en: 'Berlin' } },
  country: { iso_code: 'DE', is_in_european_union: true },
  location: { latitude: 52.52, longitude: 13.405, accuracy_radius: 20 },
}
const ASN: MmdbValue = { autonomous_system_number: 64_500, autonomous_system_organization: 'Example Net' }
const open = (path: string | readonly string[], more: Partial<GeoOptions> = {}): Geo => createGeo({ path, reloadMs: 0, ...more })

describe('a look-up', () => {
  const geo = open(file(writeMmdb({ '203.0.113.0/24': BERLIN, '2001:db8:1::/48': { country: { iso_code: 'FR' } } })))

  it('tells country, city and position of an address', () => {
    expect(geo.lookup('203.0.113.7')).toEqual({ country: 'DE', city: 'Berlin', latitude: 52.52, longitude: 13.405, accuracyKm: 20 })
    expect(geo.lookup('2001:db8:1::99')).toEqual({ country: 'FR' })
  })

  it('does not know what the database does not know, and never throws', () => {
    for (const text of ['203.0.114.1', '2001:db8:2::1', '', 'unknown', '__proto__', '1.2.3', ':'.repeat(500), '203.0.113.7; drop'])
      expect(geo.lookup(text)).toBeUndefined()
  })

  it('reads every way of writing an address', () => {
    for (const text of ['::ffff:203.0.113.7', '203.0.113.7:443', '64:ff9b::203.0.113.7']) expect(geo.lookup(text)?.country).toBe('DE')
    expect(geo.lookup('2001:DB8:1:0::0%eth0')?.country).toBe('FR')
  })

  it('puts several databases together, the first one first', () => {
    const both = open([
      file(writeMmdb({ '203.0.113.0/24': BERLIN })),
      file(writeMmdb({ '203.0.113.0/25': { ...(ASN as object), country: { iso_code: 'US' } } })),
    ])
    expect(both.lookup('203.0.113.7')).toMatchObject({ country: 'DE', asn: 64_500, network: 'Example Net' })
    expect(both.lookup('203.0.113.200')).not.toHaveProperty('asn')
  })

  it('reads records of all sizes, and trees of IPv4 alone', () => {
    for (const recordSize of [24, 28, 32] as const)
      for (const ipVersion of [4, 6] as const) {
        const one = open(file(writeMmdb({ '198.51.100.0/24': BERLIN, '203.0.113.7': ASN }, { recordSize, ipVersion })))
        expect(one.lookup('198.51.100.200')?.country).toBe('DE')
        expect(one.lookup('203.0.113.7')?.asn).toBe(64_500)
        expect(one.lookup('203.0.113.8')).toBeUndefined()
        // 198.51.. as the first bits of an IPv6 address
        expect(one.lookup('c633:6401::1')).toBeUndefined()
      }
  })

  it('reads flat databases too', () => {
    const flat = open(file(writeMmdb({ '203.0.113.0/24': { country: 'Germany', country_code: 'DE', asn: 'AS64500', as_name: 'Example' } })))
    expect(flat.lookup('203.0.113.1')).toEqual({ country: 'DE', asn: 64_500, network: 'Example' })
  })

  it('leaves out whatever makes no sense', () => {
    const odd = open(
      file(
        writeMmdb({
          '203.0.113.0/26': { country: { iso_code: 'deu' }, location: { latitude: 91.5, longitude: 4.5 }, city: { names: { en: '' } } },
          '203.0.113.64/26': { location: { latitude: 4.5 }, autonomous_system_number: 0 },
          '203.0.113.128/26': ['not', 'a', 'map'],
          '203.0.113.192/26': { __proto__x: 1, city: { names: { en: 'x'.repeat(300) } } },
        }),
      ),
    )
    for (const text of ['203.0.113.1', '203.0.113.65', '203.0.113.129']) expect(odd.lookup(text)).toBeUndefined()
    expect(odd.lookup('203.0.113.200')?.city).toHaveLength(80)
  })

  it('finds for any address the range that holds it, as a plain search does', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff })
    const ranges = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 12,
      selector: ([a, b]) => `${a}.${b}`,
    })
    fc.assert(
      fc.property(ranges, fc.array(word, { maxLength: 20 }), fc.constantFrom(24, 28, 32), (list, asked, recordSize) => {
        const records = Object.fromEntries(list.map(([a, b], i) => [`${a}.${b}.0.0/16`, { autonomous_system_number: i + 1 }]))
        const database = readDatabase(writeMmdb(records, { recordSize }))
        for (const one of [...asked, ...list.map(([a, b]) => ((a << 24) | (b << 16) | 77) >>> 0)]) {
          const index = list.findIndex(([a, b]) => one >>> 16 === ((a << 8) | b))
          expect(database.find(formatAddress({ family: 4, word: one }))?.asn).toBe(index < 0 ? undefined : index + 1)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('remembers a bounded number of addresses and answers the same from memory', () => {
    const small = open(file(writeMmdb({ '0.0.0.0/1': BERLIN })), { remembered: 8 })
    for (let round = 0; round < 3; round++) for (let i = 0; i < 100; i++) expect(small.lookup(`10.0.0.${i}`)?.country).toBe('DE')
    expect(small.lookup('10.0.0.1')).toBe(small.lookup('10.0.0.1'))
    expect(small.status()).toMatchObject({ lookups: 302, failed: 0 })
  })
})

describe('a file that is no database', () => {
  const good = writeMmdb({ '203.0.113.0/24': BERLIN })

  it.each<[string, () => string, RegExp]>([
    ['missing', () => join(place, 'none.mmdb'), /geo\.path is .*none\.mmdb.*ENOENT/],
    ['a directory', () => place, /geo\.path is .*EISDIR/],
    ['empty', () => file(''), /it is empty/],
    ['text', () => file('hello'.repeat(1_000)), /no \.mmdb file/],
    ['cut', () => file(good.subarray(0, good.length >> 1)), /no \.mmdb file, or was cut/],
    ['without its beginning', () => file(good.subarray(600)), /tree does not end|shorter/],
    ['of another version', () => file(replaceOnce(good, 'major_version', 1)), /version 2/],
  ])('(%s) is refused at start, with its path and why', (_, make, message) => {
    expect(() => open(make())).toThrow(message)
    expect(() => open(make())).toThrow(expect.objectContaining({ code: 'PPT_CONFIG_INVALID' }))
  })

  it('in any damaged form gives an error or answers, and never anything else', () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Buffer.from(good)
        bytes[at] = (bytes[at] ?? 0) ^ flip
        const path = file(bytes)
        const outcome = ((): string => {
          try {
            const geo = open(path)
            for (const text of ['203.0.113.7', '8.8.8.8', '2001:db8::1']) geo.lookup(text)
            return 'answered'
          } catch (error) {
            return isParapetError(error) ? error.code : String(error)
          }
        })()
        expect(['answered', 'PPT_CONFIG_INVALID']).toContain(outcome)
      }),
      { numRuns: 150 },
    )
  })
})

/** Sets the number that follows a name of the metadata. */
const replaceOnce = (bytes: Buffer, after: string, value: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed.writeUInt32BE(value, changed.indexOf(after) + after.length + 1)
  return changed
}

describe('an update', () => {
  const setup = (): { geo: Geo; path: string; problems: GeoProblem[] } => {
    const path = file(writeMmdb({ '203.0.113.0/24': BERLIN }))
    const problems: GeoProblem[] = []
    return { path, problems, geo: open(path, { clock: () => 7, onProblem: (problem) => problems.push(problem) }) }
  }
  const replace = (path: string, bytes: Buffer | string): void => {
    writeFileSync(`${path}.new`, bytes)
    renameSync(`${path}.new`, path)
  }

  it('is taken when the file changes, and what was remembered is forgotten', async () => {
    const { geo, path } = setup()
    expect(geo.lookup('203.0.113.7')?.country).toBe('DE')
    expect(await geo.refresh()).toBe(false)
    replace(path, writeMmdb({ '203.0.113.0/24': { country: { iso_code: 'AT' } } }, { builtAt: 1_791_000_000_000 }))
    expect(geo.lookup('203.0.113.7')?.country).toBe('DE')
    expect(await geo.refresh()).toBe(true)
    expect(geo.lookup('203.0.113.7')?.country).toBe('AT')
    expect(geo.status().databases).toMatchObject([{ path, builtAt: 1_791_000_000_000 }])
  })

  it('that is half written is told once and waited for; look-ups go on with what there was', async () => {
    const { geo, path, problems } = setup()
    await geo.refresh()
    const next = writeMmdb({ '203.0.113.0/24': { country: { iso_code: 'AT' } } })
    replace(path, next.subarray(0, 40))
    for (let i = 0; i < 3; i++) expect(await geo.refresh()).toBe(false)
    expect(geo.lookup('203.0.113.7')?.country).toBe('DE')
    expect(problems).toMatchObject([{ kind: 'damaged', at: 7, path }])
    replace(path, next)
    expect(await geo.refresh()).toBe(true)
    expect(geo.lookup('203.0.113.7')?.country).toBe('AT')
  })

  it('that takes the file away is told, and nobody notices', async () => {
    const { geo, path, problems } = setup()
    rmSync(path)
    await geo.refresh()
    await geo.refresh()
    expect(geo.lookup('203.0.113.7')?.country).toBe('DE')
    expect(problems.map(({ kind }) => kind)).toEqual(['not_readable'])
  })

  it('is found by itself, without keeping the process alive', async () => {
    const path = file(writeMmdb({ '203.0.113.0/24': BERLIN }))
    const geo = createGeo({ path, reloadMs: 20 })
    await new Promise((resolve) => setTimeout(resolve, 60))
    replace(path, writeMmdb({ '203.0.113.0/24': { country: { iso_code: 'AT' } } }))
    const deadline = Date.now() + 5_000
    while (geo.lookup('203.0.113.7')?.country !== 'AT' && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(geo.lookup('203.0.113.7')?.country).toBe('AT')
    geo.close()
  })
})

describe('options', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ path: '' }, 'geo.path'],
    [{ path: [] }, 'geo.path'],
    [{ path: [7] }, 'geo.path is 7'],
    [{ path: undefined }, 'geo.path'],
    [{ path: 'x', reloadMs: -1 }, 'geo.reloadMs'],
    [{ path: 'x', remembered: 0 }, 'geo.remembered'],
    [{ path: 'x', url: 'http://' }, 'geo has no option "url"'],
  ])('%j are refused at start, by name', (options, message) => {
    expect(() => createGeo(options as GeoOptions)).toThrow(message)
  })
})
