import { describe, expect, it } from 'vitest'
import { FACTOR, IN, LIMITED, OUT, SILENT } from './fixtures/facts.js'
import { TARGET } from './fixtures/accounts-app.js'
import { inShort, tryProbe } from './fixtures/try-probe.js'
import { victimLockout } from './victim-lockout.js'

describe('a lock that strangers cause', () => {
  it('finds one that holds for the owner’s own browser too', async () => {
    const [found] = await tryProbe(victimLockout, { devices: false })
    expect(found).toMatchObject({
      verdict: 'fail',
      locator: 'sign-in',
      says: expect.stringContaining('in the browser that he had used before') as string,
    })
  })

  it('passes where a browser that has signed in keeps a budget of its own', async () => {
    const [found] = await tryProbe(victimLockout)
    expect(found).toMatchObject({ verdict: 'pass', control: expect.stringContaining('the lock held for a stranger') as string })
  })

  it('says nothing where nothing locks: that is for other probes', async () => {
    expect(inShort(await tryProbe(victimLockout, { nameLock: 0 }))).toEqual(['inconclusive sign-in'])
  })

  it('says nothing when the owner could not be signed out, which a wrong cookie name leads to', async () => {
    const target = { ...TARGET, signIn: { ...TARGET.signIn!, cookie: 'other' } }
    const [found] = await tryProbe(victimLockout, { devices: false }, target)
    expect(found).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('signIn.cookie') as string })
  })

  const done = { control: IN, attacks: 20, lastAttack: OUT, stranger: OUT, owner: IN, signedOut: true }
  const table: readonly (readonly [string, object, string])[] = [
    ['passes when the owner gets in and a stranger does not', done, 'pass'],
    ['passes when the owner is asked for his second step', { ...done, owner: FACTOR }, 'pass'],
    ['fails when both are refused', { ...done, owner: OUT }, 'fail'],
    ['fails when both are limited', { ...done, stranger: LIMITED, owner: LIMITED }, 'fail'],
    ['says nothing when the stranger gets in', { ...done, stranger: IN, owner: OUT }, 'inconclusive'],
    ['says nothing when the owner was signed in still', { ...done, signedOut: false }, 'inconclusive'],
    ['says nothing when it is not known whether he was', { ...done, signedOut: 'no-answer' }, 'inconclusive'],
    ['says nothing when the control did not sign in', { control: OUT, attacks: 0 }, 'inconclusive'],
    ['is an error when the stranger got no answer', { ...done, stranger: SILENT }, 'error'],
    ['is an error when the owner got no answer', { ...done, owner: SILENT }, 'error'],
    ['is an error when it was broken off', { control: IN, attacks: 20 }, 'error'],
  ]
  it.each(table)('%s', (_what, facts, verdict) => {
    expect(victimLockout.judge(facts).map((one) => one.verdict)).toEqual([verdict])
  })
})
