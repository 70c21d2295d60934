import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MmdbValue, writeMmdb } from '@parapet/testkit'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { createGeo, type GeoOptions, type GeoProblem } from './geo.js'
import { readPlace } from './place.js'

fc.configureGlobal({ seed: 20_261_122 })

const place = mkdtempSync(join(tmpdir(), 'geo-bounds-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))
let serial = 0
const write = (path: string, bytes: Buffer | string): void => {
  // as updaters do it: beside it, then in its place; with a time of its own, since two may come within one tick of the disk
  writeFileSync(`${path}.new`, bytes)
  utimesSync(`${path}.new`, 1_000 + ++serial, 1_000 + serial)
  renameSync(`${path}.new`, path)
}
const file = (bytes: Buffer | string): string => {
  const path = join(place, `${++serial}.mmdb`)
  write(path, bytes)
  return path
}
const of = (country: string): Buffer => writeMmdb({ '203.0.113.0/24': { country: { iso_code: country } } })

describe('a position', () => {
  it.each<[number, number, boolean]>([
    [90, 180, true],
    [-90, -180, true],
    [0, 0, true],
    [90.000_001, 0, false],
    [0, 180.000_001, false],
    [-90.1, 0, false],
    [Number.NaN, 0, false],
    [Infinity, 0, false],
    [0, -Infinity, false],
  ])('at %d, %d is on the globe: %s', (latitude, longitude, known) => {
    expect(readPlace({ location: { latitude, longitude } })).toEqual(known ? { latitude, longitude } : {})
    expect(readPlace({ latitude, longitude })).toEqual(known ? { latitude, longitude } : {})
  })

  it('is no text, and not made of two halves that do not belong together', () => {
    expect(readPlace({ location: { latitude: '52', longitude: '13' } })).toEqual({})
    expect(readPlace({ location: [52, 13] })).toEqual({})
    expect(readPlace({ location: { latitude: 52 }, longitude: 200 })).toEqual({})
  })

  it('is as exact as a radius from 0 to 20,000 km says, or says nothing of it', () => {
    const radius = (accuracy_radius: unknown): number | undefined => readPlace({ location: { accuracy_radius } }).accuracyKm
    expect([0, 1, 20_000].map((km) => radius(km))).toEqual([0, 1, 20_000])
    for (const odd of [-1, 20_001, Number.NaN, '20', null]) expect(radius(odd)).toBeUndefined()
  })
})

describe('the number of a network', () => {
  it.each<[unknown, number | undefined]>([
    [1, 1],
    [4_294_967_295, 4_294_967_295],
    ['64500', 64_500],
    ['AS64500', 64_500],
    ['AS4294967295', 4_294_967_295],
    [0, undefined],
    [-1, undefined],
    [4_294_967_296, undefined],
    [1.5, undefined],
    [Number.NaN, undefined],
    ['as64500', undefined],
    ['AS', undefined],
    ['', undefined],
    ['AS0', undefined],
    ['AS4294967296', undefined],
    ['AS64500 ', undefined],
    ['64500; drop', undefined],
    ['0x10', undefined],
    ['AS99999999999', undefined],
    [[64_500], undefined],
  ])('%j is read as %j', (given, expected) => {
    expect(readPlace({ autonomous_system_number: given }).asn).toBe(expected)
    expect(readPlace({ asn: given }).asn).toBe(expected)
  })
})

describe('a country', () => {
  it('is two capital letters, from the first place that tells one', () => {
    expect(readPlace({ country: { iso_code: 'DE' }, country_code: 'FR' }).country).toBe('DE')
    expect(readPlace({ country_code: 'FR', country: 'DE' }).country).toBe('FR')
    expect(readPlace({ country: 'DE', registered_country: { iso_code: 'US' } }).country).toBe('DE')
    for (const odd of ['de', 'DEU', 'D', '', 'D1', 'Ä ', 'DE\n', 'ＤＥ', 7, null, ['DE'], { DE: 1 }])
      expect(readPlace({ country: { iso_code: odd } }).country).toBeUndefined()
  })

  it('comes of the record itself, and of no prototype', () => {
    for (const record of [
      JSON.parse('{"__proto__":{"country_code":"DE"}}'),
      { constructor: { country_code: 'DE' } },
      ['DE'],
      'DE',
      7,
      true,
    ])
      expect(readPlace(record as unknown).country).toBeUndefined()
  })
})

describe('an update that goes wrong', () => {
  const setup = (options: Partial<GeoOptions> = {}) => {
    const problems: GeoProblem[] = []
    const path = file(of('DE'))
    return { path, problems, geo: createGeo({ path, reloadMs: 0, clock: () => 7, onProblem: (one) => problems.push(one), ...options }) }
  }
  const whereIs = (geo: ReturnType<typeof createGeo>): string | undefined => geo.lookup('203.0.113.7')?.country

  it('in any number of ways keeps what was read, tells of each once, and takes the next good one', async () => {
    const { geo, path, problems } = setup()
    expect(whereIs(geo)).toBe('DE')
    for (const bytes of ['', 'text', of('FR').subarray(0, 200), of('FR').subarray(100)]) {
      write(path, bytes)
      expect([await geo.refresh(), await geo.refresh(), whereIs(geo)]).toEqual([false, false, 'DE'])
    }
    expect(problems.map(({ kind, at, path: of }) => [kind, at, of])).toEqual(Array.from({ length: 4 }, () => ['damaged', 7, path]))
    rmSync(path)
    expect([await geo.refresh(), await geo.refresh(), whereIs(geo)]).toEqual([false, false, 'DE'])
    expect(problems.at(-1)).toMatchObject({ kind: 'not_readable' })
    expect(problems).toHaveLength(5)
    write(path, of('FR'))
    expect([await geo.refresh(), whereIs(geo)]).toEqual([true, 'FR'])
    // and the same trouble is told again after that
    write(path, '')
    await geo.refresh()
    expect(problems).toHaveLength(6)
  })

  it('is asked for by many at once and read once', async () => {
    const { geo, path } = setup()
    write(path, of('FR'))
    const answers = await Promise.all(Array.from({ length: 10 }, () => geo.refresh()))
    expect(new Set(answers)).toEqual(new Set([true]))
    expect([await geo.refresh(), whereIs(geo)]).toEqual([false, 'FR'])
  })

  it('of one of two databases leaves the other as it is', async () => {
    const [first, second] = [file(of('DE')), file(writeMmdb({ '203.0.113.0/24': { asn: 64_500 } }))]
    const problems: GeoProblem[] = []
    const geo = createGeo({ path: [first, second], reloadMs: 0, onProblem: (one) => problems.push(one) })
    write(first, 'broken')
    write(second, writeMmdb({ '203.0.113.0/24': { asn: 64_501 } }))
    expect(await geo.refresh()).toBe(true)
    expect(geo.lookup('203.0.113.7')).toEqual({ country: 'DE', asn: 64_501 })
    expect(problems).toMatchObject([{ kind: 'damaged', path: first }])
  })

  it('stops nothing when whoever is told of it throws', async () => {
    const { geo, path } = setup({
      onProblem: () => {
        throw new Error('listener')
      },
    })
    write(path, 'broken')
    expect(await geo.refresh()).toBe(false)
    write(path, of('FR'))
    expect([await geo.refresh(), whereIs(geo)]).toEqual([true, 'FR'])
    geo.close()
    geo.close()
  })
})

describe('what is remembered', () => {
  it('is never more than twice what was said, also of texts that are no addresses, and answers stay the same', () => {
    const geo = createGeo({ path: file(of('DE')), reloadMs: 0, remembered: 4 })
    const texts = fc.oneof(
      fc.ipV4(),
      fc.constantFrom('203.0.113.7', '203.0.113.8'),
      fc.string(),
      fc.constantFrom('__proto__', 'nowhere', ''),
    )
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 30 }), (asked) => {
        for (const text of asked) expect(geo.lookup(text)).toEqual(geo.lookup(text))
        expect(geo.lookup('203.0.113.7')).toEqual({ country: 'DE' })
        expect(geo.lookup('nowhere')).toBeUndefined()
      }),
    )
  })

  it('counts every question, and none as failed that is only unknown', () => {
    const geo = createGeo({ path: file(of('DE')), reloadMs: 0 })
    for (const text of ['203.0.113.7', '203.0.113.7', 'x', '::', 'x'.repeat(100_000)]) geo.lookup(text)
    expect(geo.status()).toMatchObject({ lookups: 5, failed: 0, databases: [{ type: expect.any(String) as string }] })
  })
})

describe('the options', () => {
  const good = file(of('DE'))

  it.each<[unknown, string]>([
    [[], 'geo.path is []'],
    ['', 'geo.path is ""'],
    [undefined, 'geo.path is undefined'],
    [7, 'geo.path is 7'],
    [[''], 'geo.path is ""'],
    [[7], 'geo.path is 7'],
    [[good, null], 'geo.path is null'],
    [Array.from({ length: 9 }, () => good), 'geo.path is'],
    [`${good}\u0000`, 'geo.path is'],
  ])('refuse %j as a path', (path, message) => {
    expect(() => createGeo({ path, reloadMs: 0 } as GeoOptions)).toThrow(message)
  })

  it.each<[Partial<GeoOptions>, boolean]>([
    [{ reloadMs: 0 }, true],
    [{ reloadMs: 86_400_000 }, true],
    [{ reloadMs: 86_400_001 }, false],
    [{ reloadMs: -1 }, false],
    [{ remembered: 1 }, true],
    [{ remembered: 0 }, false],
    [{ remembered: 1_000_000 }, true],
    [{ remembered: 1_000_001 }, false],
    [{ path: Array.from({ length: 8 }, () => good) }, true],
  ])('take %j: %s', (options, taken) => {
    const build = (): string => {
      try {
        createGeo({ path: good, reloadMs: 0, ...options }).close()
        return 'taken'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(build()).toBe(taken ? 'taken' : 'PPT_CONFIG_INVALID')
  })

  it('tell of a record of any shape within a database nothing but a place', () => {
    const shape = fc.letrec<{ value: MmdbValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.string({ maxLength: 100 }),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.boolean(),
        fc.double({ noNaN: true, noInteger: true }),
        fc.dictionary(
          fc.constantFrom('country', 'iso_code', 'city', 'names', 'en', 'location', 'latitude', 'longitude', 'asn'),
          tie('value'),
        ),
      ),
    }))
    const fields = new Set(['country', 'city', 'asn', 'network', 'latitude', 'longitude', 'accuracyKm'])
    fc.assert(
      fc.property(shape.value, (value) => {
        const found = createGeo({ path: file(writeMmdb({ '203.0.113.0/24': value })), reloadMs: 0 }).lookup('203.0.113.7') ?? {}
        expect(Object.keys(found).filter((name) => !fields.has(name))).toEqual([])
        expect(JSON.stringify(found).length).toBeLessThan(2_000)
      }),
      { numRuns: 80 },
    )
  })
})
