import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { cookieOf, serve } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import type { Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { crossSiteProbes } from '../cross-site/index.js'
import { linkProbes } from '../links/index.js'
import { LITTLE_TARGET } from './fixtures/little-app.js'
import { sessionProbes } from './index.js'

const PROBES = [...sessionProbes, ...crossSiteProbes, ...linkProbes]

/** The verdicts of a probe without a browser; one that gives up says why, which counts as inconclusive. */
const against = async (probe: Probe, handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<readonly string[]> => {
  const app = await serve(handler)
  const context = testContext(LITTLE_TARGET, app.origin, {
    browser: () => Promise.resolve(undefined),
    sleep: () => Promise.resolve(),
  })
  try {
    return probe.judge(await probe.collect(context)).map(({ verdict }: ProbeVerdict) => verdict)
  } catch (error) {
    expect(error).toMatchObject({ name: 'Inconclusive', message: expect.stringMatching(/.{20}/) })
    return ['inconclusive']
  } finally {
    await context.close()
    await app.close()
  }
}

const SAYS_NOTHING = new Set(['inconclusive', 'error', 'skipped'])

/** Signs everybody in, and then something goes wrong with every other page. */
const signedInThen =
  (then: (response: ServerResponse) => void) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === 'POST' && request.url?.startsWith('/sign-in') === true)
      return void response
        .writeHead(303, { location: '/', 'set-cookie': `sid=${Math.random().toString(36).repeat(2)}; HttpOnly; SameSite=Lax` })
        .end()
    if (request.url === '/me' && cookieOf(request, 'sid') !== undefined) return void response.writeHead(200).end('you')
    if (request.url === '/me') return void response.writeHead(401).end()
    then(response)
  }

describe('a target that allows no statement gets none: neither a pass nor a finding', () => {
  it.each(PROBES.map((probe) => [probe.name, probe] as const))('%s, where every connection is closed', async (_, probe) => {
    const verdicts = await against(probe, (_request, response) => void response.destroy())
    expect(verdicts.filter((verdict) => !SAYS_NOTHING.has(verdict))).toEqual([])
  })

  it.each(PROBES.map((probe) => [probe.name, probe] as const))('%s, where everything is limited', async (_, probe) => {
    const verdicts = await against(probe, (_request, response) => void response.writeHead(429, { 'retry-after': '60' }).end())
    expect(verdicts.filter((verdict) => !SAYS_NOTHING.has(verdict))).toEqual([])
  })

  it.each(PROBES.map((probe) => [probe.name, probe] as const))('%s, where everything is sent on to a page of its own', async (_, probe) => {
    const verdicts = await against(probe, (_request, response) => void response.writeHead(302, { location: '/welcome' }).end())
    expect(verdicts.filter((verdict) => !SAYS_NOTHING.has(verdict))).toEqual([])
  })

  // what a page that is there for everybody says of CORS is true all the same
  it.each(PROBES.filter(({ id }) => id !== 'CFG-007').map((probe) => [probe.name, probe] as const))(
    '%s, where everything is answered 200',
    async (_, probe) => {
      const verdicts = await against(
        probe,
        (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>App</h1>'),
      )
      expect(verdicts.filter((verdict) => !SAYS_NOTHING.has(verdict))).toEqual([])
    },
  )

  // those that only look at who is signed in have all that they need
  const others = PROBES.filter(({ family, id }) => family !== 'session' && id !== 'CFG-007')
  it.each(others.map((probe) => [probe.name, probe] as const))('%s, where all but the sign-in fails', async (_, probe) => {
    const verdicts = await against(
      probe,
      signedInThen((response) => void response.writeHead(500).end('oops')),
    )
    expect(verdicts.filter((verdict) => !SAYS_NOTHING.has(verdict))).toEqual([])
  })
})
