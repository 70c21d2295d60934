import { describe, expect, it } from 'vitest'
import { serve } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import { defaultPassword } from './default-password.js'
import { TARGET } from './fixtures/accounts-app.js'
import { IN, LIMITED, OUT, SILENT, times } from './fixtures/facts.js'
import { inShort, tryProbe } from './fixtures/try-probe.js'

describe('names and passwords that products come with', () => {
  it('tries five at most, each once, at the domain of the declared accounts, and finds the one that works', async () => {
    const asked: string[] = []
    const server = await serve((request, response) => {
      if (request.path === '/me') return void response.writeHead(String(request.headers.cookie).includes('sid=') ? 200 : 401).end()
      const [name, password] = [request.form.get('email') ?? '', request.form.get('password') ?? '']
      if (request.method === 'POST') asked.push(`${name} ${password}`)
      const right = name.startsWith('anna') || (name === 'admin@app.example' && password === 'password')
      return void response.writeHead(right ? 303 : 401, right ? { 'set-cookie': 'sid=1', location: '/' } : {}).end()
    })
    const context = testContext(TARGET, server.origin)
    const facts: unknown = await defaultPassword.collect(context)
    await context.close()
    await server.close()
    expect(asked.slice(1).toSorted()).toEqual(
      [
        'admin@app.example admin',
        'admin@app.example password',
        'root@app.example root',
        'test@app.example test',
        'demo@app.example demo',
      ].toSorted(),
    )
    const [found] = defaultPassword.judge(facts)
    expect(found).toMatchObject({ verdict: 'fail', locator: 'sign-in as admin' })
    // the password itself is not repeated
    expect(found?.verdict === 'fail' && found.says).toBe('the account admin signs in with a password that everybody knows')
  })

  it('passes where none works and a declared account does', async () => {
    expect(inShort(await tryProbe(defaultPassword))).toEqual(['pass sign-in'])
  })

  it('says nothing without an account that shows that sign-in works', async () => {
    const [found] = await tryProbe(defaultPassword, {}, { ...TARGET, accounts: {} })
    expect(found).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('declare accounts.a') as string })
  })

  const tries = (...ends: readonly (typeof IN)[]) => ends.map((one, i) => ({ name: `n${i}`, one }))
  const table: readonly (readonly [string, object, string])[] = [
    ['passes when all five are refused', { control: IN, tries: tries(...times(5, OUT)) }, 'pass sign-in'],
    ['fails for each that signs in', { control: IN, tries: tries(OUT, IN, OUT) }, 'fail sign-in as n1'],
    ['fails without a control as well', { tries: tries(OUT, IN) }, 'fail sign-in as n1'],
    ['says nothing when all of them sign in', { control: IN, tries: tries(...times(5, IN)) }, 'inconclusive sign-in'],
    ['says nothing when one was limited', { control: IN, tries: tries(OUT, LIMITED) }, 'inconclusive sign-in'],
    ['says nothing when the control fails', { control: OUT, tries: tries(OUT) }, 'inconclusive sign-in'],
    ['is an error when one got no answer', { control: IN, tries: tries(OUT, SILENT) }, 'error sign-in'],
  ]
  it.each(table)('%s', (_what, facts, verdict) => {
    expect(inShort(defaultPassword.judge(facts))).toEqual([verdict])
  })
})
