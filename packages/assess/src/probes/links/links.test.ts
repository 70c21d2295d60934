import { describe, expect, it } from 'vitest'
import { answered, inShort, runOn, SILENT } from '../session/fixtures/run-probe.js'
import { linkOf } from '../session/fixtures/little-app.js'
import type { Seen } from '../seen/seen.js'
import { linkExpired, type ExpiredLink } from './link-expired.js'
import { linkShared, type SharedLink } from './link-shared.js'
import { linkTampered, type TamperedLink } from './link-tampered.js'

const FILE = 'signed link file'
const signedLinks = (more: object): { target: object } => ({
  target: { signedLinks: [{ name: 'file', page: '/files', pattern: '/files/', ...more }] },
})
const LONG_AGO = 1_700_000_000

describe('link-tampered, before a real server', () => {
  it('passes where a link opens as it was made and not otherwise', async () => {
    const verdicts = await runOn(linkTampered, [])
    expect(inShort(linkTampered, verdicts)).toEqual([`pass ${FILE}`])
    expect(verdicts[0]).toMatchObject({ control: expect.stringContaining('in 16 ways') })
  })

  it('finds a server that never looks at the signature', async () => {
    const verdicts = await runOn(linkTampered, ['link-unsigned', 'link-never-ends'])
    expect(inShort(linkTampered, verdicts)).toEqual([`fail high ${FILE}`])
    expect(verdicts[0]).toMatchObject({ says: expect.stringContaining('no parameters at all') })
  })

  it('finds a signature that leaves the time out, and says which parameter', async () => {
    const verdicts = await runOn(linkTampered, ['link-signs-path-only'])
    expect(inShort(linkTampered, verdicts)).toEqual([`fail high ${FILE}`])
    expect(verdicts[0]).toMatchObject({ says: expect.stringContaining('expires changed') })
    expect(JSON.stringify(verdicts)).not.toContain('the path of another link')
  })

  it('says what to check where the page shows no such link', async () => {
    const verdicts = await runOn(linkTampered, [], signedLinks({ pattern: '/nowhere/' }))
    expect(verdicts[0]).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('/nowhere/') })
  })
})

describe('link-expired, before a real server', () => {
  const old = signedLinks({ expired: [linkOf('report-one', LONG_AGO, new Set())] })

  it('passes where a declared old link does not open, and a fresh one does', async () => {
    expect(inShort(linkExpired, await runOn(linkExpired, [], old))).toEqual([`pass ${FILE}`])
  })

  it('finds links that never end', async () => {
    expect(inShort(linkExpired, await runOn(linkExpired, ['link-never-ends'], old))).toEqual([`fail high ${FILE}`])
  })

  it('says what to declare where a link lives for long', async () => {
    expect(inShort(linkExpired, await runOn(linkExpired, ['link-never-ends']))).toEqual([`skipped ${FILE}`])
  })

  it('waits for a link that ends within 10 s', async () => {
    const slept: number[] = []
    // an hour less three seconds later by the clock of the kit
    const context = {
      clock: (): number => Date.now() + 3_597_000,
      sleep: (ms: number): Promise<void> => {
        slept.push(ms)
        return Promise.resolve()
      },
    }
    expect(inShort(linkExpired, await runOn(linkExpired, ['link-never-ends'], { context }))).toEqual([`fail high ${FILE}`])
    expect(slept).toHaveLength(1)
    expect(slept[0]).toBeGreaterThan(1_500)
    expect(slept[0]).toBeLessThan(11_500)
  })
})

describe('link-shared, before a real server', () => {
  it('passes where a link opens for its owner only', async () => {
    const verdicts = await runOn(linkShared, [])
    expect(inShort(linkShared, verdicts)).toEqual([`pass ${FILE}`])
    expect(verdicts[0]).toMatchObject({ control: 'it opened for account a and not for who is not signed in nor for account b' })
  })

  it('finds a link that opens for everybody', async () => {
    const verdicts = await runOn(linkShared, ['link-for-all'])
    expect(inShort(linkShared, verdicts)).toEqual([`fail medium ${FILE}`])
    expect(verdicts[0]).toMatchObject({ says: expect.stringContaining('for who is not signed in and account b') })
  })

  it('judges only where the application says that a session is needed', async () => {
    expect(inShort(linkShared, await runOn(linkShared, ['link-for-all'], signedLinks({})))).toEqual(['skipped signed links'])
  })
})

const thing = (digest: string, more: Partial<Seen> = {}): Seen =>
  answered(200, { digest, bytes: 1_000, headers: { 'content-type': 'text/html' }, ...more })
const REFUSED = answered(404, { digest: 'no' })
const attempt = (seen: Seen, more: object = {}): TamperedLink['tries'][number] => ({ trick: 'sig changed', weight: 'grave', seen, ...more })
const tampered = (tries: TamperedLink['tries'], more: Partial<TamperedLink> = {}): { links: TamperedLink[] } => ({
  links: [
    {
      name: 'file',
      page: '/files',
      pattern: '/files/',
      honest: { first: thing('x'), again: thing('x'), last: thing('x') },
      tries,
      ...more,
    },
  ],
})
const shifting = { first: thing('x1'), again: thing('x2'), last: thing('x3') }

describe('the judge of link-tampered', () => {
  it.each<[string, { links: TamperedLink[] }, string]>([
    ['refused', tampered([attempt(REFUSED)]), `pass ${FILE}`],
    ['opens the same', tampered([attempt(thing('x'))]), `fail high ${FILE}`],
    ['a page that says no with 200', tampered([attempt(thing('sorry', { bytes: 200 }))]), `pass ${FILE}`],
    [
      'opens the same where it never looks the same twice',
      tampered([attempt(thing('x4', { bytes: 1_010 }))], { honest: shifting }),
      `fail high ${FILE}`,
    ],
    [
      'a short no where it never looks the same twice',
      tampered([attempt(thing('x4', { bytes: 200 }))], { honest: shifting }),
      `pass ${FILE}`,
    ],
    ['only what matters little', tampered([attempt(thing('x'), { weight: 'slight' }), attempt(REFUSED)]), `fail info ${FILE}`],
    ['a parameter of the application', tampered([attempt(thing('x'), { weight: 'plain' })]), `fail medium ${FILE}`],
    [
      'another thing by its own link',
      tampered([attempt(thing('y'), { trick: 'the path of another link', other: true })], { other: thing('y') }),
      `fail high ${FILE}`,
    ],
    [
      'not that other thing',
      tampered([attempt(thing('sorry'), { trick: 'the path of another link', other: true })], { other: thing('y') }),
      `pass ${FILE}`,
    ],
    [
      'a page for whatever is wrong',
      tampered([attempt(thing('sorry')), attempt(thing('sorry'), { trick: 'another path', other: true })]),
      `pass ${FILE}`,
    ],
    [
      'the link itself does not open',
      tampered([attempt(REFUSED)], { honest: { first: REFUSED, again: REFUSED, last: REFUSED } }),
      `inconclusive ${FILE}`,
    ],
    [
      'the link does not open any more',
      tampered([attempt(REFUSED)], { honest: { first: thing('x'), again: thing('x'), last: REFUSED } }),
      `inconclusive ${FILE}`,
    ],
    ['good once only', tampered([attempt(REFUSED)], { honest: { first: thing('x'), again: REFUSED, last: thing('x') } }), `pass ${FILE}`],
    ['a limit', tampered([attempt(answered(429))]), `inconclusive ${FILE}`],
    ['no answer', tampered([attempt(SILENT)]), `error ${FILE}`],
  ])('%s', (_, facts, verdict) => {
    expect(inShort(linkTampered, linkTampered.judge(facts))).toEqual([verdict])
  })
})

const over = (more: Partial<ExpiredLink>): { links: ExpiredLink[] } => ({
  links: [{ name: 'file', page: '/files', pattern: '/files/', fresh: thing('x'), refused: REFUSED, old: [REFUSED], ...more }],
})
const shared = (others: readonly Seen[], more: Partial<SharedLink> = {}): { links: SharedLink[] } => ({
  links: [{ name: 'file', page: '/files', pattern: '/files/', owner: { first: thing('x'), last: thing('x') }, others, ...more }],
})

describe('the judges of link-expired and link-shared', () => {
  it.each<[string, { links: ExpiredLink[] }, string]>([
    ['refused', over({}), `pass ${FILE}`],
    ['opens', over({ old: [REFUSED, thing('y')] }), `fail high ${FILE}`],
    ['a page that says no with 200, as to a forged one', over({ old: [thing('no')], refused: thing('no') }), `pass ${FILE}`],
    [
      'opens although forged ones are told no with 200',
      over({ old: [thing('y')], refused: thing('no', { bytes: 100 }) }),
      `fail high ${FILE}`,
    ],
    ['a fresh one does not open either', over({ fresh: REFUSED }), `inconclusive ${FILE}`],
    ['no old one', over({ old: [] }), `skipped ${FILE}`],
    ['a limit', over({ old: [answered(429)] }), `inconclusive ${FILE}`],
    ['no answer', over({ old: [SILENT] }), `error ${FILE}`],
    ['no link', { links: [{ name: 'file', page: '/files', pattern: '/files/', old: [] }] }, `inconclusive ${FILE}`],
  ])('expired: %s', (_, facts, verdict) => {
    expect(inShort(linkExpired, linkExpired.judge(facts))).toEqual([verdict])
  })

  it.each<[string, { links: SharedLink[] }, string]>([
    ['refused', shared([REFUSED]), `pass ${FILE}`],
    ['opens for another', shared([REFUSED, thing('x', { as: 'b' })]), `fail medium ${FILE}`],
    ['another gets the page of the sign-in', shared([thing('sign in', { as: 'nobody' })]), `pass ${FILE}`],
    [
      'good once, and used up by another',
      shared([thing('x', { as: 'nobody' })], { owner: { first: REFUSED, last: thing('x') } }),
      `fail medium ${FILE}`,
    ],
    ['its owner cannot open it either', shared([REFUSED], { owner: { first: REFUSED, last: REFUSED } }), `inconclusive ${FILE}`],
    ['a limit', shared([answered(429)]), `inconclusive ${FILE}`],
    ['no answer', shared([SILENT]), `error ${FILE}`],
  ])('shared: %s', (_, facts, verdict) => {
    expect(inShort(linkShared, linkShared.judge(facts))).toEqual([verdict])
  })
})
