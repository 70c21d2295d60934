import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { addressProbes } from '../address/index.js'
import { mfaProbes } from '../mfa/index.js'
import { signInProbes } from './index.js'
import { serve } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import { TARGET } from './fixtures/accounts-app.js'

const all = [...addressProbes, ...signInProbes, ...mfaProbes]

describe('the probes of addresses, of sign-in and of the second step', () => {
  it('belong to their families and are named once', () => {
    expect(addressProbes.every(({ family }) => family === 'address')).toBe(true)
    expect(signInProbes.every(({ family }) => family === 'sign-in')).toBe(true)
    expect(mfaProbes.every(({ family }) => family === 'mfa')).toBe(true)
    expect(new Set(all.map(({ name }) => name)).size).toBe(18)
  })

  it('are intrusive wherever they guess, and say that accounts are needed for it', () => {
    const guessing = all.filter(({ name }) => /guessing|lockout|enumeration-(?:status|body|timing)|default|code|factor/.test(name))
    expect(guessing.length).toBe(11)
    for (const { name, kind, needs } of guessing) expect([name, kind, needs.includes('signIn')]).toEqual([name, 'intrusive', true])
    const coded = all.filter(({ name }) => name.startsWith('code') || name === 'factor-bypass')
    for (const { needs } of coded) expect(needs).toContain('accounts.mfa')
  })

  it('time answers when nothing else runs, and flood one after the other', () => {
    const paces = Object.fromEntries(all.map(({ name, pace }) => [name, pace]))
    expect(paces['enumeration-timing']).toBe('alone')
    for (const name of ['fast-guessing', 'slow-guessing', 'reset-flood', 'code-race', 'spoofed-address']) expect(paces[name]).toBe('loud')
  })

  it('say what to do in sentences', () => {
    for (const { name, title, why, fix } of all) {
      expect(`${name}: ${title}`).toMatch(/: [A-Z][^.]+$/)
      for (const text of [why, fix]) expect(text).toMatch(/^[A-Z][\s\S]{30,}[.”]$/)
    }
  })

  /** The real sign-in is not there behind these targets: whatever a probe finds out, it is no pass. */
  const targets: readonly (readonly [string, (response: ServerResponse) => void])[] = [
    ['answers 404 to everything', (response) => response.writeHead(404).end('no')],
    ['answers 500 to everything', (response) => response.writeHead(500).end('oops')],
    ['answers 429 to everything', (response) => response.writeHead(429, { 'retry-after': '60' }).end()],
    ['answers 200 to everything', (response) => response.writeHead(200).end('hello')],
    ['sends everybody to another site', (response) => response.writeHead(302, { location: 'https://elsewhere.example/' }).end()],
  ]
  it.each(targets)(
    'neither pass nor find anything at a target that %s',
    async (_what, answer) => {
      const server = await serve((_request, response) => answer(response))
      const found: (readonly [string, readonly string[]])[] = []
      for (const probe of all) {
        const context = testContext({ ...TARGET, stepUpSeconds: 0 }, server.origin, { sleep: async () => undefined })
        const facts: unknown = await probe.collect(context).catch((error: unknown) => error)
        await context.close()
        const verdicts =
          facts instanceof Error ? [facts.name] : probe.judge(JSON.parse(JSON.stringify(facts))).map(({ verdict }) => verdict)
        found.push([probe.name, verdicts])
      }
      await server.close()
      expect(found.filter(([, verdicts]) => verdicts.length === 0 || verdicts.includes('fail'))).toEqual([])
      // a redirect is something to lead astray: only this probe has its control there
      const others = found.filter(([name]) => name !== 'host-poisoning')
      expect(others.filter(([, verdicts]) => !verdicts.every((one) => ['inconclusive', 'error', 'Inconclusive'].includes(one)))).toEqual([])
    },
    120_000,
  )
})
