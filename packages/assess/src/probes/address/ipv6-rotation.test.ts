import { describe, expect, it } from 'vitest'
import { TARGET } from '../sign-in/fixtures/accounts-app.js'
import { IN, LIMITED, OUT, SILENT, times } from '../sign-in/fixtures/facts.js'
import { inShort, tryProbe } from '../sign-in/fixtures/try-probe.js'
import { ipv6Rotation } from './ipv6-rotation.js'
import type { Reading } from './limit-reading.js'

describe('addresses of one /64', () => {
  it('finds limits that count each of them', async () => {
    const [found] = await tryProbe(ipv6Rotation, { pageLimit: 200, v6: 128 })
    expect(found).toMatchObject({
      verdict: 'fail',
      locator: '/',
      says: expect.stringContaining('12 addresses of one /64 have a limit each') as string,
    })
  })

  it('passes where they share one', async () => {
    const [found] = await tryProbe(ipv6Rotation, { pageLimit: 200 })
    expect(found).toMatchObject({ verdict: 'pass', control: expect.stringContaining('went down for one address') as string })
  })

  it('finds it at the lock of sign-in where no page tells of a limit, and passes where the network is locked', async () => {
    expect(inShort(await tryProbe(ipv6Rotation, { v6: 128 }))).toEqual(['fail sign-in'])
    expect(inShort(await tryProbe(ipv6Rotation))).toEqual(['pass sign-in'])
  })

  it('says nothing where no address is ever locked', async () => {
    expect(inShort(await tryProbe(ipv6Rotation, { addressLock: 0 }))).toEqual(['inconclusive sign-in'])
  })

  it('says how to try it where the kit cannot have such addresses', async () => {
    await expect(tryProbe(ipv6Rotation, {}, { ...TARGET, addresses: { kind: 'loopback' } })).rejects.toMatchObject({
      name: 'Inconclusive',
      message: expect.stringContaining('forwarded') as string,
    })
  })

  const down = Array.from({ length: 12 }, (_, i): Reading => ({ status: 200, limited: false, left: 119 - i }))
  const up = times(12, down[0]!)
  const refused: Reading = { status: 429, limited: true }
  const lock = { control: IN, elsewhere: IN, same: { failures: 22, locked: OUT }, rotated: { failures: 22, locked: OUT } }
  const table: readonly (readonly [string, object, string])[] = [
    ['passes when both go down', { limits: { path: '/', same: down, rotated: down } }, 'pass /'],
    [
      'passes when both end in a refusal',
      { limits: { path: '/', same: [...down.slice(1), refused], rotated: [...down.slice(1), refused] } },
      'pass /',
    ],
    ['fails when each is as good as new', { limits: { path: '/', same: down, rotated: up } }, 'fail /'],
    [
      'says nothing of something in between',
      { limits: { path: '/', same: down, rotated: [...up.slice(3), ...down.slice(1, 4)] } },
      'inconclusive /',
    ],
    [
      'is an error without an answer',
      { limits: { path: '/', same: down, rotated: [...up.slice(1), { status: 0, limited: false, why: 'timeout' }] } },
      'error /',
    ],
    ['passes when the network is locked', { lock }, 'pass sign-in'],
    ['passes when it is limited', { lock: { ...lock, rotated: { failures: 3, locked: LIMITED } } }, 'pass sign-in'],
    ['says nothing when the password is refused everywhere', { lock: { ...lock, elsewhere: OUT } }, 'inconclusive sign-in'],
    ['fails when only single addresses are', { lock: { ...lock, rotated: { failures: 22, locked: IN } } }, 'fail sign-in'],
    ['says nothing when none is', { lock: { control: IN, same: { failures: 22, locked: IN } } }, 'inconclusive sign-in'],
    ['says nothing when the account does not sign in', { lock: { control: OUT } }, 'inconclusive sign-in'],
    ['is an error when the end got no answer', { lock: { ...lock, rotated: { failures: 22, locked: SILENT } } }, 'error sign-in'],
    ['is an error when nothing was tried', {}, 'error limits'],
  ]
  it.each(table)('%s', (_what, facts, expected) => {
    expect(inShort(ipv6Rotation.judge(facts))).toEqual([expected])
  })
})
