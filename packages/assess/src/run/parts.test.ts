import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FULL_TARGET } from '../fixtures/full-target.js'
import type { Need } from '../probe.js'
import { hiddenFields } from './hidden-fields.js'
import { missingNeed } from './needs.js'
import { createGate } from './pace.js'

describe('hidden fields of a form', () => {
  const read = (html: string): unknown => hiddenFields(html, '/account/sign-in', '/sign-in')

  it('are those of the form that posts there, with entities read', () => {
    expect(
      read(`<form action=/search><input type=hidden name=q value=no></form>
        <form action="/sign-in?x=1" method=post><input TYPE="HIDDEN" name=token value="a&amp;b&#x2f;"><input name=email><input type=hidden name=empty></form>
        <form action=/sign-in><input type=hidden name=second value=no></form>`),
    ).toEqual({ token: 'a&b/', empty: '' })
  })

  it('are found when the action is relative, whole, or left out', () => {
    const form = (action: string): string => `<form ${action}><input type=hidden name=t value=1></form>`
    expect(read(form('action="../sign-in"'))).toEqual({ t: '1' })
    expect(hiddenFields(form(''), '/sign-in', '/sign-in')).toEqual({ t: '1' })
    expect(hiddenFields(form('action=""'), '/sign-in?next=/x', '/sign-in')).toEqual({ t: '1' })
    expect(read(form(''))).toEqual({})
    expect(read(form('action="http://["'))).toEqual({})
  })

  it('may have any name, are bounded, and no page breaks the reader', () => {
    expect(
      read('<form action=/sign-in><input type=hidden name=__proto__ value=x><input type=hidden name=constructor value=y></form>'),
    ).toEqual(
      Object.fromEntries([
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ]),
    )
    const many = Array.from({ length: 500 }, (_, i) => `<input type=hidden name=f${i} value=${'v'.repeat(i === 0 ? 5_000 : 1)}>`).join('')
    const found = read(`<form action=/sign-in>${many}</form>`) as object
    expect(Object.keys(found)).toHaveLength(50)
    expect(Object.keys(found)).not.toContain('f0')
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            '<form',
            ' action=',
            '/sign-in',
            '>',
            '<input',
            ' type=hidden',
            ' name=',
            'a',
            '"',
            '</form>',
            '<!--',
            '&#',
            '\0',
          ),
          { maxLength: 30 },
        ),
        (parts) => {
          expect(typeof read(parts.join(''))).toBe('object')
        },
      ),
      { seed: 51 },
    )
  })
})

describe('what a probe needs', () => {
  const able = { manyAddresses: true, browser: () => Promise.resolve(true) }
  const NEEDS: readonly Need[] = [
    'signIn', 'signIn.factor', 'signIn.cookie', 'signIn.signOut', 'reset', 'signUp', 'accounts.a', 'accounts.b', 'accounts.admin', 'accounts.spare',
    'accounts.mfa', 'pages.open', 'pages.signedIn', 'pages.admin', 'pages.assets', 'objects', 'signedLinks', 'redirects', 'writes', 'stepUp', 'echoes',
    'reports', 'many-addresses', 'browser',
  ] // prettier-ignore

  it('is all there with a target file that declares everything', async () => {
    for (const need of NEEDS) expect([need, await missingNeed([need], FULL_TARGET, able)]).toEqual([need, undefined])
  })

  it('is named with the way to declare it where it is not', async () => {
    for (const need of NEEDS.filter((one) => one !== 'many-addresses' && one !== 'browser')) {
      expect(await missingNeed([need], {}, able)).toBe(`not declared: ${need}; add it to the target file`)
    }
    expect(await missingNeed(['browser'], FULL_TARGET, { ...able, browser: () => Promise.resolve(false) })).toContain('--browser')
    expect(await missingNeed(['many-addresses'], FULL_TARGET, { ...able, manyAddresses: false })).toContain('kind: forwarded')
  })

  it('is not there when its list is empty', async () => {
    expect(await missingNeed(['accounts.spare'], { accounts: { spare: [] } }, able)).toContain('accounts.spare')
  })

  it('starts no browser for a probe that lacks something else', async () => {
    let started = 0
    const browser = (): Promise<boolean> => Promise.resolve(started++ === 0)
    await missingNeed(['browser', 'writes'], {}, { ...able, browser })
    expect(started).toBe(0)
  })
})

describe('the gate of a run', () => {
  /** A gate on a clock that only its own waiting moves. */
  const gateOf = (requests: number, perSecond: number) => {
    const at = { now: 1_000_000 }
    const gate = createGate({ requests, perSecond }, { clock: () => at.now, sleep: (ms) => ((at.now += ms), Promise.resolve()) })
    return { gate, at }
  }

  it('lets a second’s worth through at once, as races need it, and then no more than the rate', async () => {
    const { gate, at } = gateOf(1_000, 100)
    for (let i = 0; i < 100; i++) await gate.admit()
    expect(at.now).toBe(1_000_000)
    for (let i = 0; i < 100; i++) await gate.admit()
    expect(at.now - 1_000_000).toBeCloseTo(1_000, 3)
  })

  it('never lets through more than the rate and a second’s worth, whatever the pauses', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(500), { maxLength: 100 }), async (pauses) => {
        const { gate, at } = gateOf(1_000, 50)
        for (const pause of pauses) {
          at.now += pause
          await gate.admit()
        }
        expect(pauses.length).toBeLessThanOrEqual(((at.now - 1_000_000) / 1_000) * 50 + 51)
      }),
      { seed: 52, numRuns: 50 },
    )
  })

  it('stops at the number of requests, and when it is told to, with the reason', async () => {
    const { gate } = gateOf(3, 100)
    const said = [await gate.admit(), await gate.admit(), await gate.admit(), await gate.admit()]
    expect(said).toEqual([undefined, undefined, undefined, expect.stringContaining('--max-requests')])
    expect(gate.count()).toBe(3)
    gate.stop('the run was ended')
    gate.stop('another reason')
    expect(await gate.admit()).toBe('the run was ended')
  })
})
