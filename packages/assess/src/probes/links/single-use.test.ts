import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { cookieOf, serve } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import type { Probe } from '../../probe.js'
import type { Target } from '../../target/target.js'
import { inShort } from '../session/fixtures/run-probe.js'
import { linkShared } from './link-shared.js'
import { linkTampered } from './link-tampered.js'

const TARGET: Target = {
  accounts: { a: { name: 'anna', password: 'pw' }, b: { name: 'ben', password: 'pw' } },
  signIn: {
    page: '/sign-in',
    request: { path: '/sign-in', form: { name: '{{name}}', password: '{{password}}' } },
    proof: '/me',
    cookie: 'sid',
  },
  signedLinks: [{ name: 'export', page: '/exports', pattern: '/exports/', needsSession: true }],
}

/** Links that are good once: every look at the page makes a new one. `believes`: any token of the right length will do. */
const run = async (probe: Probe, faults: { readonly believes?: boolean; readonly forAll?: boolean } = {}): Promise<readonly string[]> => {
  const open = new Set<string>()
  const app = await serve((request, response) => {
    const who = cookieOf(request, 'sid')
    const token = request.query.get('token') ?? ''
    if (request.path === '/sign-in' && request.method === 'POST')
      return void response.writeHead(303, { location: '/', 'set-cookie': `sid=${request.form.get('name') ?? ''}` }).end()
    if (
      request.path === '/exports/all.csv' &&
      request.method === 'GET' &&
      request.query.size === 1 &&
      (who === 'anna' || faults.forAll === true) &&
      (open.delete(token) || (faults.believes === true && token.length === 32))
    )
      return void response.writeHead(200, { 'content-type': 'text/csv' }).end('a,b\n1,2\n')
    if (request.path.startsWith('/exports/')) return void response.writeHead(410).end('used up')
    if (who === undefined) return void response.writeHead(401).end()
    if (request.path !== '/exports') return void response.writeHead(200).end('ok')
    const fresh = randomBytes(16).toString('hex')
    open.add(fresh)
    return void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ exports: [{ href: `/exports/all.csv?token=${fresh}` }] }))
  })
  const context = testContext(TARGET, app.origin)
  try {
    return inShort(probe, probe.judge(await probe.collect(context)))
  } finally {
    await context.close()
    await app.close()
  }
}

describe('links that are good once', () => {
  it('pass where only what was given out opens: each try has a link of its own', async () => {
    expect(await run(linkTampered)).toEqual(['pass signed link export'])
  })

  it('are found where any token of the right shape opens', async () => {
    expect(await run(linkTampered, { believes: true })).toEqual(['fail high signed link export'])
  })

  it('pass where they open for their owner only, and are not used up by others', async () => {
    expect(await run(linkShared)).toEqual(['pass signed link export'])
  })

  it('are found where somebody else uses them up', async () => {
    expect(await run(linkShared, { forAll: true })).toEqual(['fail medium signed link export'])
  })
})
