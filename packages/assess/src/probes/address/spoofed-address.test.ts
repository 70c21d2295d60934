import { systemRandom } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { serve } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import { TARGET, type AppOptions } from '../sign-in/fixtures/accounts-app.js'
import { IN, LIMITED, OUT, SILENT } from '../sign-in/fixtures/facts.js'
import { inShort, tryProbe } from '../sign-in/fixtures/try-probe.js'
import { commonForgeries, forgeries } from './forgeries.js'
import { spoofedAddress } from './spoofed-address.js'

const limited: AppOptions = { pageLimit: 200 }

describe('a visitor who claims other addresses', () => {
  it('finds an application that counts by what the visitor wrote into X-Forwarded-For', async () => {
    const found = await tryProbe(spoofedAddress, { ...limited, addressFrom: 'first' })
    expect(inShort(found)).toContain('fail X-Forwarded-For')
    expect(inShort(found)).not.toContain('fail X-Real-IP')
    expect(found[0]).toMatchObject({ says: expect.stringContaining('a fresh limit') as string })
    expect(found[0]?.verdict === 'fail' && found[0].evidence.map(({ note }) => note)).toEqual([
      'status 200, 189 left',
      'status 200, 199 left',
      'status 200, 188 left',
    ])
  })

  it.each([
    ['x-real-ip', 'X-Real-IP'],
    ['forwarded', 'Forwarded'],
  ] as const)('finds one that believes %s', async (addressFrom, name) => {
    const found = inShort(await tryProbe(spoofedAddress, { ...limited, addressFrom }))
    expect(found).toContain(`fail ${name}`)
    expect(found).not.toContain('fail X-Forwarded-For')
  })

  it('finds it by the older headers, too, and by a refusal alone', async () => {
    expect(inShort(await tryProbe(spoofedAddress, { ...limited, limitHeader: 'x-ratelimit-remaining', addressFrom: 'first' }))).toContain(
      'fail X-Forwarded-For',
    )
    expect(inShort(await tryProbe(spoofedAddress, { pageLimit: 8, addressFrom: 'first' }))).toContain('fail X-Forwarded-For')
  })

  it('passes where the limit stays down whatever is claimed', async () => {
    const [found, ...more] = await tryProbe(spoofedAddress, limited)
    expect(found).toMatchObject({
      verdict: 'pass',
      locator: '/',
      control: expect.stringMatching(
        /went down from 199 to 189 and stayed down under \d\d forged headers; another address had 199/,
      ) as string,
    })
    expect(more).toEqual([])
    expect(inShort(await tryProbe(spoofedAddress, { pageLimit: 8 }))).toEqual(['pass /'])
  })

  it('finds it at the lock of sign-in where no page tells of a limit', async () => {
    const found = await tryProbe(spoofedAddress, { addressFrom: 'x-real-ip' })
    expect(inShort(found)).toEqual(['fail X-Real-IP'])
    expect(found[0]).toMatchObject({ says: expect.stringContaining('opened it again') as string })
  })

  it('passes where that lock holds, and says nothing where there is none', async () => {
    expect(inShort(await tryProbe(spoofedAddress))).toEqual(['pass sign-in'])
    expect(inShort(await tryProbe(spoofedAddress, { addressLock: 0 }))).toEqual(['inconclusive sign-in'])
  })

  it('finds a page that shows the claimed address instead of the real one', async () => {
    const found = await tryProbe(spoofedAddress, { echo: true, addressFrom: 'first', addressLock: 0 })
    expect(inShort(found)).toContain('fail / X-Forwarded-For')
    expect(inShort(await tryProbe(spoofedAddress, { ...limited, echo: true }))).toEqual(['pass /'])
  })

  it('does not lock the one address of the kit', async () => {
    await expect(tryProbe(spoofedAddress, {}, { ...TARGET, addresses: { kind: 'none' } })).rejects.toMatchObject({
      name: 'Inconclusive',
      message: expect.stringContaining('several addresses') as string,
    })
  })

  it('says nothing of a target that answers each request with another budget', async () => {
    const server = await serve(
      (_request, response) => void response.writeHead(200, { 'x-ratelimit-remaining': String(Math.floor(Math.random() * 1_000)) }).end('x'),
    )
    const context = testContext({ addresses: { kind: 'forwarded', header: 'x-forwarded-for' } }, server.origin)
    const facts = await spoofedAddress.collect(context).catch((error: unknown) => error)
    await context.close()
    await server.close()
    const verdicts = facts instanceof Error ? [facts.name] : spoofedAddress.judge(facts).map(({ verdict }) => verdict)
    // by chance it may look like a reset of one header; it must never pass
    expect(verdicts).not.toContain('pass')
  })

  it('forges each header with an address of its own, on each of the known headers', () => {
    const all = forgeries({ random: systemRandom })
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
    for (const name of [
      'X-Forwarded-For (two lines)',
      'Forwarded',
      'X-Real-IP',
      'True-Client-IP',
      'CF-Connecting-IP',
      'X-Client-IP',
      'all headers at once',
    ])
      expect(all.map((one) => one.name)).toContain(name)
    const values = all.flatMap(({ headers }) => Object.values(headers)).flatMap((value) => (typeof value === 'string' ? [value] : value))
    expect(new Set(values).size).toBe(values.length)
    expect(commonForgeries({ random: systemRandom }).length).toBe(7)
  })

  const step = {
    name: 'X-Real-IP',
    before: { status: 200, limited: false, left: 100 },
    forged: { status: 200, limited: false, left: 99 },
    after: { status: 200, limited: false, left: 98 },
  }
  const limits = {
    path: '/',
    first: { status: 200, limited: false, left: 119 },
    spent: { status: 200, limited: false, left: 101 },
    steps: [step],
  }
  const lock = { control: IN, elsewhere: IN, lock: { failures: 22, locked: OUT }, steps: [{ name: 'Forwarded', one: OUT }], after: OUT }
  const table: readonly (readonly [string, object, readonly string[]])[] = [
    ['passes when the limit held', { echoes: [], limits }, ['pass /']],
    ['fails when one of two was reset', { echoes: [], limits: { ...limits, steps: [step, { ...step, name: 'Forwarded', forged: limits.first }] } }, ['fail Forwarded']],
    ['says nothing when one forged request was not answered', { echoes: [], limits: { ...limits, steps: [{ ...step, forged: { status: 0, limited: false } }] } }, ['inconclusive /']],
    ['passes when the lock held', { echoes: [], lock }, ['pass sign-in']],
    ['says nothing when the password is refused everywhere', { echoes: [], lock: { ...lock, elsewhere: OUT } }, ['inconclusive sign-in']],
    ['says nothing when everybody is limited', { echoes: [], limits: { ...limits, elsewhere: { status: 429, limited: true } } }, ['inconclusive /']],
    ['fails when a forgery opened it', { echoes: [], lock: { ...lock, steps: [{ name: 'Forwarded', one: IN }] } }, ['fail Forwarded']],
    ['says nothing when it had opened by itself', { echoes: [], lock: { ...lock, steps: [{ name: 'Forwarded', one: IN }], after: IN } }, ['inconclusive sign-in']],
    ['says nothing when it was never there', { echoes: [], lock: { control: IN, lock: { failures: 22, locked: IN }, steps: [] } }, ['inconclusive sign-in']],
    ['says nothing when the account does not sign in', { echoes: [], lock: { control: LIMITED, steps: [] } }, ['inconclusive sign-in']],
    ['is an error when a forged sign-in was not answered', { echoes: [], lock: { ...lock, steps: [{ name: 'Forwarded', one: SILENT }] } }, ['error sign-in']],
    ['fails for an echo of the claimed address alone', { echoes: [{ path: '/', name: 'X-Real-IP', own: false, forged: true, status: 200 }] }, ['fail / X-Real-IP']],
    ['does not fail for a page that repeats all headers', { echoes: [{ path: '/', name: 'X-Real-IP', own: true, forged: true, status: 200 }], limits }, ['pass /']],
    ['says nothing of an echo alone', { echoes: [{ path: '/', name: 'X-Real-IP', own: true, forged: false, status: 200 }], noLock: 'declare signIn' }, ['inconclusive limits']],
  ] // prettier-ignore
  it.each(table)('%s', (_what, facts, expected) => {
    expect(inShort(spoofedAddress.judge(facts))).toEqual(expected)
  })
})
