import { afterEach, describe, expect, it } from 'vitest'
import { cookieOf, serve, type TestServer } from '../fixtures/serve.js'
import { testContext, type TestContext } from '../fixtures/test-context.js'
import type { Target } from '../target/target.js'

const open: { close: () => Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})
const kept = <T extends { close: () => Promise<void> }>(thing: T): T => {
  open.push(thing)
  return thing
}

const SECRET = 'JBSWY3DPEHPK3PXP'
const target: Target = {
  signIn: {
    page: '/sign-in',
    request: { path: '/sign-in', form: { email: '{{name}}', password: '{{password}}' } },
    factor: { path: '/code', form: { code: '{{code}}' } },
    proof: '/me',
    cookie: 'sid',
  },
  accounts: {
    a: { name: 'anna@example.test', password: 'right one' },
    spare: [
      { name: 's1@example.test', password: 'p1' },
      { name: 's2@example.test', password: 'p2' },
    ],
    mfa: [{ name: 'm1@example.test', password: 'p1', totp: SECRET }],
  },
}

/** A site with a sign-in that wants its hidden field back, and codes that are good once. */
const site = async (seen: string[] = []): Promise<TestServer> => {
  const sessions = new Map<string, 'half' | 'whole'>()
  const used = new Set<string>()
  const passwords = new Map([
    ['anna@example.test', 'right one'],
    ['m1@example.test', 'p1'],
    ['s1@example.test', 'p1'],
  ])
  let count = 0
  return kept(
    await serve((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.socket.remoteAddress} ${request.text}`)
      const sid = cookieOf(request, 'sid')
      if (request.path === '/sign-in' && request.method === 'GET') {
        return void response
          .setHeader('set-cookie', 'pre=1')
          .end(
            '<form action="/other"><input type=hidden name=x value=y></form><form method=post action="/sign-in"><input type="hidden" name="token" value="t&amp;1"></form>',
          )
      }
      if (request.path === '/sign-in') {
        const name = request.form.get('email') ?? ''
        if (request.form.get('token') !== 't&1') return void response.writeHead(400).end()
        if (passwords.get(name) !== request.form.get('password')) return void response.writeHead(200).end('wrong')
        const id = `s${++count}`
        sessions.set(id, name.startsWith('m') ? 'half' : 'whole')
        return void response.writeHead(303, { location: '/', 'set-cookie': `sid=${id}; Path=/; HttpOnly` }).end()
      }
      if (request.path === '/code') {
        const code = request.form.get('code') ?? ''
        if (used.has(code)) return void response.writeHead(401).end()
        used.add(code)
        if (sid !== undefined) sessions.set(sid, 'whole')
        return void response.writeHead(303, { location: '/' }).end()
      }
      return void response.writeHead(sid !== undefined && sessions.get(sid) === 'whole' ? 200 : 401).end('me')
    }),
  )
}

const contextOf = (origin: string, overrides: Parameters<typeof testContext>[2] = {}): TestContext =>
  kept(testContext(target, origin, overrides))

describe('the sign-in that the target file describes', () => {
  it('signs in through the form with its hidden field, and knows it from the proof alone', async () => {
    const context = contextOf((await site()).origin)
    const visitor = context.client()
    expect(await context.isSignedIn(visitor)).toBe(false)
    expect(await context.signIn(visitor, target.accounts!.a!, 'wrong')).toEqual({ kind: 'refused', status: 200 })
    expect(await context.signIn(visitor, target.accounts!.a!)).toEqual({ kind: 'in', session: 's1' })
    expect(await context.isSignedIn(visitor)).toBe(true)
  })

  it('says that a second step is asked for, and finishes it', async () => {
    const context = contextOf((await site()).origin)
    const account = context.take('mfa')!
    const visitor = context.client()
    expect(await context.signIn(visitor, account)).toEqual({ kind: 'factor' })
    expect((await context.finish(visitor, account)).kind).toBe('in')
  })

  it('uses each code once: the next session of the account takes the next step’s code', async () => {
    const seen: string[] = []
    const context = contextOf((await site(seen)).origin, { clock: () => 1_700_000_000_000 })
    const account = target.accounts!.mfa![0]!
    await context.signedIn(account)
    await context.signedIn(account)
    const codes = seen.filter((line) => line.startsWith('POST /code')).map((line) => line.split(' ').at(-1))
    expect(codes).toEqual([`code=${context.code(account)}`, `code=${context.code(account, 1)}`])
  })

  it('rejects with a reason when a declared account cannot be signed in', async () => {
    const context = contextOf((await site()).origin)
    await expect(context.signedIn({ name: 's1@example.test', password: 'not it' })).rejects.toMatchObject({
      name: 'Inconclusive',
      message: expect.stringContaining('refused with status 200'),
    })
    await expect(context.signedIn('b')).rejects.toMatchObject({ message: expect.stringContaining('accounts') })
  })

  it('stops at 25 guesses at one account, whichever way a probe sends them', async () => {
    const seen: string[] = []
    const context = contextOf((await site(seen)).origin)
    const visitor = context.client()
    for (let i = 0; i < 30; i++) await visitor.send({ path: '/sign-in', form: { email: 's1@example.test', password: `guess ${i}` } })
    const last = await context.signIn(visitor, target.accounts!.spare![0]!, 'one more')
    expect(last).toMatchObject({ kind: 'no-answer', detail: expect.stringContaining('25') })
    expect(seen.filter((line) => line.startsWith('POST')).length).toBe(25)
    // the right password is no guess
    expect((await context.signIn(visitor, target.accounts!.spare![0]!)).kind).toBe('in')
  })

  it.each([429, 503])('calls %i limited, not refused, and a silent proof no answer', async (status) => {
    const limited = kept(await serve((_request, response) => void response.writeHead(status).end()))
    const context = contextOf(limited.origin)
    const visitor = context.client()
    expect(await context.signIn(visitor, target.accounts!.a!)).toEqual({ kind: 'limited', status })
    expect(await context.isSignedIn(visitor)).toBe('no-answer')
  })
})

describe('what probes share', () => {
  it('gives each account to one probe', () => {
    const context = contextOf('http://127.0.0.1:9')
    expect([context.take('spare')?.name, context.take('spare')?.name, context.take('spare')]).toEqual([
      's1@example.test',
      's2@example.test',
      undefined,
    ])
  })

  it.runIf(process.platform === 'linux')('lets each visitor connect from an address of its own', async () => {
    const seen: string[] = []
    const context = contextOf((await site(seen)).origin)
    const visitors = [context.client(), context.client(), context.client({ address: '127.9.8.7' })]
    for (const visitor of visitors) await visitor.send({ path: '/' })
    expect(seen.map((line) => line.split(' ')[2])).toEqual(visitors.map((visitor) => visitor.address))
    expect(new Set(visitors.map((visitor) => visitor.address)).size).toBe(3)
    expect(visitors[2]?.address).toBe('127.9.8.7')
  })

  it('serves pages at another site for as long as the probe runs', async () => {
    const context = contextOf('http://localhost:9')
    const other = await context.otherSite({ '/evil': '<p>hello' })
    expect(new URL(other.origin).hostname).toBe('127.0.0.1')
    expect(await (await fetch(`${other.origin}/evil?x=1`)).text()).toBe('<p>hello')
    expect((await fetch(`${other.origin}/constructor`)).status).toBe(404)
    expect(other.seen()).toEqual(['GET /evil?x=1', 'GET /constructor'])
    await context.close()
    await expect(fetch(`${other.origin}/evil`)).rejects.toThrow('fetch failed')
  })
})
