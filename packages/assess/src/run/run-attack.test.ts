import { afterEach, describe, expect, it } from 'vitest'
import { sampleProbe } from '../fixtures/sample-report.js'
import { cookieOf, serve, type Seen, type TestServer } from '../fixtures/serve.js'
import { inconclusive, type Probe, type ProbeContext } from '../probe.js'
import type { Target } from '../target/target.js'
import { chooseProbes, runAttack, type AttackOptions, type Progress } from './run-attack.js'

const open: { close: () => Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

const PAGE = '<title>Shop</title>'
const site = async (handler: Parameters<typeof serve>[0] = (_request, response) => void response.end(PAGE)): Promise<TestServer> => {
  const server = await serve(handler)
  open.push(server)
  return server
}

const PASS = [{ verdict: 'pass', locator: 'x', control: 'the page opened' }]
const FAIL = [{ verdict: 'fail', locator: 'x', says: 'It is open.', evidence: [] }]
const probeOf = (name: string, collect: (context: ProbeContext) => Promise<unknown>, over: Partial<Probe> = {}): Probe =>
  sampleProbe(name, { collect, ...over })
const asking =
  (path = '/probe', count = 1) =>
  async (context: ProbeContext): Promise<unknown> => {
    for (let i = 0; i < count; i++) await context.client().send({ path })
    return PASS
  }

const attack = (server: TestServer, probes: readonly Probe[], options: AttackOptions = {}, target: Target = {}) =>
  runAttack({ url: server.origin, target, probes, options })

const saying = (report: Awaited<ReturnType<typeof attack>>): Record<string, string> => ({
  ...Object.fromEntries(report.statements.map(({ probe, verdict }) => [probe, verdict])),
  ...Object.fromEntries(report.findings.map(({ probe }) => [probe, 'fail'])),
})

describe('the order of a run', () => {
  it('lets quiet probes run four side by side, loud ones one after the other behind them, and those that measure alone', async () => {
    let running = 0
    const most: Record<string, number> = {}
    const order: string[] = []
    const watching = (name: string, pace: Probe['pace']): Probe =>
      probeOf(
        name,
        async (context) => {
          running++
          order.push(name)
          most[name] = running
          await context.sleep(30)
          most[name] = Math.max(most[name] ?? 0, running)
          running--
          return PASS
        },
        { pace },
      )
    const probes = [
      watching('loud-1', 'loud'),
      watching('alone-1', 'alone'),
      ...Array.from({ length: 8 }, (_, i) => watching(`quiet-${i}`, 'quiet')),
      watching('loud-2', 'loud'),
    ]
    const report = await attack(await site(), probes)
    expect(report.state).toBe('complete')
    expect(
      Math.max(
        ...Object.entries(most)
          .filter(([name]) => name.startsWith('quiet'))
          .map(([, count]) => count),
      ),
    ).toBe(4)
    for (const name of ['loud-1', 'loud-2', 'alone-1']) expect(most[name]).toBe(1)
    expect(order.slice(-3)).toEqual(['alone-1', 'loud-1', 'loud-2'])
    // the report is in the order of the probes, however they ended
    expect(report.probes.map(({ probe }) => probe)).toEqual(probes.map(({ name }) => name))
  })

  it('tells of each probe as it begins and ends', async () => {
    const told: Progress[] = []
    await attack(await site(), [probeOf('a', asking()), probeOf('b', asking(), { pace: 'loud' })], {
      onProgress: (progress) => told.push(progress),
    })
    expect(told.map(({ probe, state, done, of }) => `${probe} ${state} ${done}/${of}`)).toEqual([
      'a begun 0/2',
      'a ended 1/2',
      'b begun 1/2',
      'b ended 2/2',
    ])
    expect(told.at(-1)?.requests).toBeGreaterThan(2)
  })

  it('keeps what a probe saw only when it is asked for, and judges it all the same: it may hold what the target gave away', async () => {
    const server = await site()
    const probes = [probeOf('one', async () => FAIL)]
    const [without, kept] = [await attack(server, probes), await attack(server, probes, { keepFacts: true })]
    expect(without.probes[0]?.outcome).toEqual({ kind: 'facts' })
    expect(kept.probes[0]?.outcome).toEqual({ kind: 'facts', facts: FAIL })
    expect([without.total_findings, kept.total_findings]).toEqual([1, 1])
  })

  it('tags each request with the run', async () => {
    const tags = new Set<unknown>()
    const server = await site((request, response) => {
      tags.add(request.headers['parapet-assessment'])
      response.end(PAGE)
    })
    const report = await attack(server, [probeOf('a', asking())])
    expect([...tags]).toEqual([`v1.${report.run_id}`])
  })
})

describe('a probe', () => {
  it('is skipped with what to declare, and without a request, when its needs are not there', async () => {
    const report = await attack(
      await site(),
      [
        probeOf('a', asking(), { needs: ['signIn', 'accounts.spare'] }),
        probeOf('b', asking(), { needs: ['browser'] }),
        probeOf('c', asking(), { needs: ['pages.open'] }),
      ],
      { browserPath: '/nowhere' },
      { pages: { open: [] } },
    )
    expect(report.statements.map(({ verdict, because }) => [verdict, because])).toEqual([
      ['skipped', 'not declared: signIn, accounts.spare; add them to the target file'],
      ['skipped', expect.stringContaining('--browser')],
      ['skipped', 'not declared: pages.open; add it to the target file'],
    ])
    expect(report.state).toBe('complete')
  })

  it('that gives up says why, one that breaks is an error, and the others go on', async () => {
    const report = await attack(await site(), [
      probeOf('gives-up', () => Promise.reject(inconclusive('the password did not sign in'))),
      probeOf('breaks', () => Promise.reject(new TypeError('x is undefined'))),
      probeOf('throws', () => {
        throw new Error('at once')
      }),
      probeOf('fine', asking()),
      probeOf('finds', () => Promise.resolve(FAIL)),
    ])
    expect(saying(report)).toEqual({ 'gives-up': 'inconclusive', breaks: 'error', throws: 'error', fine: 'pass', finds: 'fail' })
    expect(report).toMatchObject({ state: 'partial', total_findings: 1 })
  })

  it('has a limit of time, after which it sends nothing any more', async () => {
    let late = 0
    const server = await site((request, response) => {
      if (request.path === '/late') late++
      response.end(PAGE)
    })
    let ended: Promise<unknown> = Promise.resolve()
    const slow = probeOf('slow', (context) => {
      ended = (async () => {
        await new Promise((resolve) => setTimeout(resolve, 500))
        return context.client().send({ path: '/late' })
      })()
      return ended
    })
    const report = await attack(server, [slow], { probeTimeMs: 100 })
    expect(saying(report)).toEqual({ slow: 'error' })
    expect(await ended).toMatchObject({ kind: 'none', why: 'capped' })
    expect(late).toBe(0)
  })

  it('leaves no session behind: what it signed in is signed out', async () => {
    const sessions = new Set<string>()
    let count = 0
    const server = await site((request: Seen, response) => {
      const sid = cookieOf(request, 'sid') ?? ''
      if (request.path === '/sign-in') {
        const id = `s${++count}`
        sessions.add(id)
        return void response.writeHead(303, { 'set-cookie': `sid=${id}`, location: '/' }).end()
      }
      if (request.path === '/sign-out') sessions.delete(sid)
      return void response.writeHead(request.path !== '/me' || sessions.has(sid) ? 200 : 401).end(PAGE)
    })
    const target: Target = {
      accounts: { a: { name: 'anna', password: 'long enough' } },
      signIn: {
        request: { path: '/sign-in', form: { name: '{{name}}', password: '{{password}}' } },
        proof: '/me',
        signOut: { path: '/sign-out', form: {} },
      },
    }
    let during = 0
    const report = await attack(
      server,
      [
        probeOf(
          'two',
          async (context) => {
            await context.signedIn('a')
            await context.signedIn('a')
            during = sessions.size
            return PASS
          },
          { needs: ['signIn', 'accounts.a'] },
        ),
      ],
      {},
      target,
    )
    expect(saying(report)).toEqual({ two: 'pass' })
    expect([during, sessions.size, count]).toEqual([2, 0, 3])
  })

  it('is not tried with a sign-in that does not work, nor with a proof that everybody gets', async () => {
    const target = (proof: string): Target => ({
      accounts: { a: { name: 'anna', password: 'long enough' } },
      signIn: { request: { path: '/sign-in', form: { name: '{{name}}', password: '{{password}}' } }, proof },
    })
    const server = await site(
      (request, response) => void response.writeHead(request.path === '/' || request.path === '/open' ? 200 : 401).end(PAGE),
    )
    const probe = probeOf('a', asking(), { needs: ['signIn', 'accounts.a'] })
    const [refused, everybody] = [await attack(server, [probe], {}, target('/me')), await attack(server, [probe], {}, target('/open'))]
    expect(refused.statements[0]).toMatchObject({ verdict: 'inconclusive', because: expect.stringContaining('refused with status 401') })
    expect(everybody.statements[0]).toMatchObject({
      verdict: 'inconclusive',
      because: expect.stringContaining('signIn.proof is answered with 2xx'),
    })
  })
})

describe('a pass is doubted', () => {
  it('when most of its requests were limited, unless limits are what it is about', async () => {
    const server = await site((request, response) => void response.writeHead(request.path === '/' ? 200 : 429).end(PAGE))
    const report = await attack(server, [probeOf('quiet', asking('/x', 4)), probeOf('loud', asking('/x', 4), { pace: 'loud' })])
    expect(saying(report)).toEqual({ quiet: 'inconclusive', loud: 'pass' })
  })

  it('when the target refused connections in between: it was restarted', async () => {
    const server = await site()
    const { port } = server
    const probe = probeOf(
      'through-a-restart',
      async (context) => {
        await context.client().send({ path: '/' })
        await server.close()
        const { why } = (await context.client().send({ path: '/' })) as { readonly why?: string }
        expect(why).toBe('refused')
        const again = await serve((_request, response) => void response.end(PAGE), port)
        open.push(again)
        await context.client().send({ path: '/' })
        return PASS
      },
      { pace: 'loud' },
    )
    const report = await attack(server, [probe])
    expect(report.statements).toMatchObject([{ verdict: 'inconclusive', because: expect.stringContaining('restarted') }])
  })

  it('when the target is another one afterwards, and what was found stays found', async () => {
    let version = 1
    const server = await site((_request, response) => void response.setHeader('server', `shop/${version}`).end(PAGE))
    const deploy = probeOf('deploy', () => {
      version = 2
      return Promise.resolve([...PASS, ...FAIL])
    })
    const report = await attack(server, [deploy])
    expect(report.statements).toMatchObject([
      { verdict: 'inconclusive', because: expect.stringContaining('changed while it was tried (server differ)') },
    ])
    expect(report.total_findings).toBe(1)
  })
})

describe('a run ends', () => {
  it('at the limit of requests, whichever probe wants more', async () => {
    let came = 0
    const server = await site((_request, response) => {
      came++
      response.end(PAGE)
    })
    const report = await attack(server, [probeOf('greedy', asking('/x', 50), { pace: 'loud' })], { maxRequests: 12 })
    expect(came).toBe(12)
    expect(report.requests).toBe(12)
    expect(report.state).not.toBe('complete')
  })

  it('not sooner than its rate allows', async () => {
    const server = await site()
    const began = performance.now()
    await attack(server, [probeOf('many', asking('/x', 60), { pace: 'loud' })], { rate: 40 })
    // 40 may go at once, the other 23 or so at 40 a second
    expect(performance.now() - began).toBeGreaterThan(400)
  })

  it('when it is told to, with what is known by then and no browser or request left behind', async () => {
    const controller = new AbortController()
    let after = 0
    const server = await site((_request, response) => {
      if (controller.signal.aborted) after++
      response.end(PAGE)
    })
    const probes = [
      probeOf('first', asking()),
      probeOf(
        'second',
        async (context) => {
          controller.abort()
          await context.sleep(200)
          await context.client().send({ path: '/x' })
          return PASS
        },
        { pace: 'loud' },
      ),
      probeOf('third', asking(), { pace: 'loud' }),
    ]
    const report = await attack(server, probes, { signal: controller.signal })
    expect(saying(report)).toEqual({ first: 'pass', second: 'inconclusive', third: 'inconclusive' })
    expect(report).toMatchObject({ state: 'partial', reason: expect.stringContaining('ended before') })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(after).toBe(0)
  })
})

describe('choosing probes', () => {
  const probes = [
    sampleProbe('a', { id: 'CFG-001', family: 'mfa' }),
    sampleProbe('b', { id: 'CFG-001' }),
    sampleProbe('c', { id: 'CFG-002' }),
  ]
  const names = (choice: Parameters<typeof chooseProbes>[1]): readonly string[] => chooseProbes(probes, choice).map(({ name }) => name)

  it('goes by name, check and family, and leaves out', () => {
    expect(names({})).toEqual(['a', 'b', 'c'])
    expect(names({ only: ['a', 'CFG-002'] })).toEqual(['a', 'c'])
    expect(names({ only: ['CFG-001'], skip: ['b'] })).toEqual(['a'])
    expect(names({ family: ['cross-site'] })).toEqual(['b', 'c'])
  })

  it('refuses a name that nobody has: nothing would be tried, and nothing found', () => {
    for (const choice of [{ only: ['x'] }, { skip: ['x'] }, { family: ['x'] }])
      expect(() => names(choice)).toThrow(expect.objectContaining({ code: 'PPT_USAGE' }))
  })
})
