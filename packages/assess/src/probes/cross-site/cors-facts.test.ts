import { describe, expect, it } from 'vitest'
import { answered, inShort, runOn, SILENT } from '../session/fixtures/run-probe.js'
import { type CorsFacts, type CorsTry, foreignOrigins, grantOf, judgeCors } from './cors-facts.js'
import { corsNull } from './cors-null.js'
import { corsReflection } from './cors-reflection.js'

describe('CORS, before a real server', () => {
  it('passes where no other origin is named', async () => {
    expect(inShort(corsReflection, await runOn(corsReflection, []))).toEqual(['pass GET /me', 'pass GET /notes'])
    expect(inShort(corsNull, await runOn(corsNull, []))).toEqual(['pass GET /me', 'pass GET /notes'])
  })

  it('finds an answer that names whoever asked, null included', async () => {
    const verdicts = await runOn(corsReflection, ['cors-echo'])
    expect(inShort(corsReflection, verdicts)).toEqual(['fail high GET /me', 'fail high GET /notes'])
    expect(verdicts[0]).toMatchObject({
      says: expect.stringContaining('any site (https://parapet-probe.example)'),
      evidence: [
        { headers: { 'access-control-allow-origin': 'https://parapet-probe.example', 'access-control-allow-credentials': 'true' } },
        {},
        {},
      ],
    })
    expect(inShort(corsNull, await runOn(corsNull, ['cors-echo']))).toEqual(['fail high GET /me', 'fail high GET /notes'])
  })

  it('finds trust in null, and only that probe does', async () => {
    expect(inShort(corsNull, await runOn(corsNull, ['cors-null']))).toEqual(['fail high GET /me', 'fail high GET /notes'])
    expect(inShort(corsReflection, await runOn(corsReflection, ['cors-null']))).toEqual(['pass GET /me', 'pass GET /notes'])
  })

  it('finds a check of the beginning, which a longer name gets around', async () => {
    const verdicts = await runOn(corsReflection, ['cors-suffix'])
    expect(inShort(corsReflection, verdicts)).toEqual(['fail high GET /me', 'fail high GET /notes'])
    expect(verdicts[0]).toMatchObject({ says: expect.stringContaining('a site whose name begins with the target') })
  })
})

describe('foreign origins', () => {
  it('are whole origins, none of them the target, each once', () => {
    for (const own of ['https://app.example', 'https://localhost:4443', 'http://127.0.0.1:3000', 'http://[::1]:3000']) {
      const origins = foreignOrigins(own).map(({ origin }) => origin)
      expect(origins).not.toContain(own)
      for (const origin of origins) expect(URL.canParse(origin) || origin.includes('.parapet-probe')).toBe(true)
      expect(origins.length).toBeGreaterThanOrEqual(5)
    }
  })

  it('are what checks by prefix, by ending, by pattern, without scheme and without port let through', () => {
    expect(foreignOrigins('https://app.example').map(({ origin }) => origin)).toEqual(
      expect.arrayContaining([
        'https://app.example.parapet-probe.example',
        'https://parapet-probeapp.example',
        'https://appxexample',
        'http://app.example',
        'https://app.example:4443',
        'https://parapet-probe.app.example',
      ]),
    )
  })
})

const allows = (origin: string, credentials?: string): ReturnType<typeof answered> =>
  answered(200, {
    headers: {
      'access-control-allow-origin': origin,
      ...(credentials === undefined ? {} : { 'access-control-allow-credentials': credentials }),
    },
  })
const EVIL = 'https://parapet-probe.example'

describe('what an answer grants', () => {
  it.each<[ReturnType<typeof answered>, string]>([
    [allows(EVIL, 'true'), 'with cookies'],
    [allows(EVIL), 'without cookies'],
    [allows(EVIL, 'false'), 'without cookies'],
    [allows(EVIL, 'TRUE'), 'without cookies'],
    [allows('*', 'true'), 'nothing'],
    [allows('*'), 'nothing'],
    [allows('https://app.example', 'true'), 'nothing'],
    [allows(`${EVIL}, https://app.example`, 'true'), 'nothing'],
    [answered(200), 'nothing'],
  ])('%#: %s', (seen, grant) => {
    expect(grantOf(seen, EVIL)).toBe(grant)
  })
})

const tried = (simple: CorsTry['simple'], more: Partial<CorsTry> = {}): CorsTry => ({
  origin: EVIL,
  who: 'any site',
  severity: 'high',
  simple,
  ...more,
})
const facts = (tries: readonly CorsTry[], plain = answered(200)): CorsFacts => ({ pages: [{ path: '/me', plain, tries }] })

describe('the judge of CORS', () => {
  it.each<[string, CorsFacts, string]>([
    ['nothing granted', facts([tried(answered(200))]), 'pass GET /me'],
    ['everybody may read what nobody is signed in for', facts([tried(allows('*'))]), 'pass GET /me'],
    ['granted with cookies', facts([tried(allows(EVIL, 'true'))]), 'fail high GET /me'],
    ['granted with cookies although refused', facts([tried({ ...allows(EVIL, 'true'), status: 403 })]), 'fail high GET /me'],
    [
      'granted before the request',
      facts([tried(answered(200), { preflight: { ...allows(EVIL, 'true'), status: 204 } })]),
      'fail high GET /me',
    ],
    ['granted without cookies', facts([tried(allows(EVIL))]), 'fail low GET /me'],
    ['granted to a sub-domain only', facts([tried(answered(200)), tried(allows(EVIL, 'true'), { severity: 'low' })]), 'fail low GET /me'],
    ['the gravest counts', facts([tried(allows(EVIL, 'true'), { severity: 'low' }), tried(allows(EVIL, 'true'))]), 'fail high GET /me'],
    ['the page does not open for its owner', facts([tried(answered(200))], answered(404)), 'inconclusive GET /me'],
    ['a limit', facts([tried(answered(429))]), 'inconclusive GET /me'],
    ['no answer', facts([tried(SILENT)]), 'error GET /me'],
    ['nothing declared', { pages: [] }, 'skipped signed-in pages'],
  ])('%s', (_, given, verdict) => {
    expect(inShort(corsReflection, judgeCors(given))).toEqual([verdict])
  })
})
