import { describe, expect, it } from 'vitest'
import { serve } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import { fastGuessing } from './fast-guessing.js'
import { TARGET } from './fixtures/accounts-app.js'
import { inShort, tryProbe } from './fixtures/try-probe.js'

describe('guesses from one place', () => {
  it('finds an application that checks whatever it is given', async () => {
    const [found] = await tryProbe(fastGuessing, { nameLock: 0, addressLock: 0 })
    expect(found).toMatchObject({ verdict: 'fail', locator: 'sign-in', says: expect.stringContaining('20 wrong passwords') as string })
    expect(found?.verdict === 'fail' && found.evidence.at(-1)).toMatchObject({ method: 'POST', url: '/sign-in', status: 303 })
  })

  it('passes where the name, or the address alone, is locked, though the answer stays the same', async () => {
    expect(inShort(await tryProbe(fastGuessing))).toEqual(['pass sign-in'])
    expect(inShort(await tryProbe(fastGuessing, { nameLock: 0 }))).toEqual(['pass sign-in'])
  })

  it('says what to check when the account of the target file does not sign in', async () => {
    const spare = [{ name: 'spare-0@app.example', password: 'of last year' }]
    const [found] = await tryProbe(fastGuessing, {}, { ...TARGET, accounts: { spare } })
    expect(found).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('check the account') as string })
  })

  it('says that spare accounts are missing when none is left', async () => {
    await expect(tryProbe(fastGuessing, {}, { ...TARGET, accounts: {} })).rejects.toMatchObject({
      name: 'Inconclusive',
      message: expect.stringContaining('accounts.spare') as string,
    })
  })

  it('says nothing of a target whose proof answers everybody', async () => {
    const server = await serve((_request, response) => void response.end('hello'))
    const context = testContext(TARGET, server.origin)
    await expect(fastGuessing.collect(context)).rejects.toMatchObject({
      name: 'Inconclusive',
      message: expect.stringContaining('signIn.proof') as string,
    })
    await context.close()
    await server.close()
  })

  it('is no pass where the target breaks under the guesses', async () => {
    let wrong = 0
    const server = await serve((request, response) => {
      const inside = String(request.headers.cookie).includes('sid=1')
      if (request.method === 'GET') return void response.writeHead(request.path === '/me' && !inside ? 401 : 200).end('x')
      const right = request.form.get('password')?.startsWith('spare-0') === true
      if (!right) wrong++
      if (wrong > 4) return void response.writeHead(500).end()
      return void response.writeHead(right ? 303 : 401, right ? { 'set-cookie': 'sid=1', location: '/' } : {}).end()
    })
    const context = testContext(TARGET, server.origin)
    const facts: unknown = await fastGuessing.collect(context)
    await context.close()
    await server.close()
    expect(fastGuessing.judge(facts)[0]).toMatchObject({
      verdict: 'error',
      reason: expect.stringContaining('failed with status 500') as string,
    })
  })

  it('stops where it is limited, and still tries the right password', async () => {
    let wrong = 0
    const server = await serve((request, response) => {
      if (request.method === 'GET')
        return void response.writeHead(request.path === '/me' && !String(request.headers.cookie).includes('sid=1') ? 401 : 200).end('x')
      const right = request.form.get('password')?.startsWith('spare-0') === true
      if (!right) wrong++
      if (wrong > 4) return void response.writeHead(429).end()
      return void response.writeHead(right ? 303 : 401, right ? { 'set-cookie': 'sid=1', location: '/' } : {}).end()
    })
    const context = testContext(TARGET, server.origin)
    const facts: unknown = await fastGuessing.collect(context)
    await context.close()
    await server.close()
    expect(wrong).toBe(7)
    expect(fastGuessing.judge(facts)[0]).toMatchObject({
      verdict: 'pass',
      control: expect.stringContaining('guess number 5 was limited') as string,
    })
  })
})
