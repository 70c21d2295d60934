import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { serve, type TestServer } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import { seen, silent } from '../sign-in/fixtures/facts.js'
import { inShort, tryProbe } from '../sign-in/fixtures/try-probe.js'
import { hostPoisoning, leadsOf, leadsTo } from './host-poisoning.js'

const attack = async (server: TestServer) => {
  const context = testContext({}, server.origin)
  try {
    return hostPoisoning.judge(JSON.parse(JSON.stringify(await hostPoisoning.collect(context))))
  } finally {
    await context.close()
    await server.close()
  }
}

describe('a visitor who names another host', () => {
  it.each([
    ['x-forwarded-host', 'X-Forwarded-Host'],
    ['host', 'Host'],
    ['forwarded', 'Forwarded'],
  ] as const)('finds links made of %s', async (linksFrom, name) => {
    const found = await tryProbe(hostPoisoning, { linksFrom })
    expect(inShort(found)).toEqual([`fail GET / ${name}`])
    expect(found[0]).toMatchObject({ says: expect.stringContaining('href of <a>') as string })
  })

  it('passes where links are relative or of a fixed origin', async () => {
    const [found] = await tryProbe(hostPoisoning)
    expect(found).toMatchObject({ verdict: 'pass', control: expect.stringContaining('none led there') as string })
  })

  it('finds a redirect and the domain of a cookie', async () => {
    const redirect = await serve(
      (request, response) => void response.writeHead(302, { location: `https://${request.headers.host}/start` }).end(),
    )
    expect(inShort(await attack(redirect))).toEqual(['fail GET / Host'])
    const cookie = await serve((request, response) => {
      const host = String(request.headers['x-forwarded-host'] ?? 'app.example')
      response.writeHead(200, { 'set-cookie': `sid=1; Domain=${host}` }).end('<a href="/x">x</a>')
    })
    expect(inShort(await attack(cookie))).toEqual(['fail GET / X-Forwarded-Host'])
  })

  it('does not find a page that only says the name, nor one that refuses it', async () => {
    const says = await serve(
      (request, response) => void response.end(`<a href="/x">x</a><p>unknown host ${request.headers.host} https is not here</p>`),
    )
    expect(inShort(await attack(says))).toEqual(['pass host'])
    const refuses = await serve((request, response) => {
      const ours = String(request.headers.host).startsWith('127.')
      response.writeHead(ours ? 200 : 421).end(ours ? '<a href="/x">x</a>' : 'not here')
    })
    expect(inShort(await attack(refuses))).toEqual(['pass host'])
  })

  it('says nothing of a target without a link, or that is limited or breaks', async () => {
    expect(inShort(await attack(await serve((_request, response) => void response.end('hello'))))).toEqual(['inconclusive host'])
    expect(inShort(await attack(await serve((_request, response) => void response.writeHead(500).end())))).toEqual(['inconclusive host'])
    const breaks = await serve(
      (request, response) => void response.writeHead(request.headers['x-host'] === undefined ? 200 : 503).end('<a href="/x">x</a>'),
    )
    expect(inShort(await attack(breaks))).toEqual(['inconclusive host'])
  })

  it('is an error where nothing answers', () => {
    const pages = [{ path: 'GET /', plain: silent(), leads: 0, tries: [] }]
    expect(inShort(hostPoisoning.judge({ host: 'h1.assess.example', pages }))).toEqual(['error host'])
  })
})

describe('where a text leads', () => {
  const host = 'h1.assess.example'
  it.each([
    'https://h1.assess.example/reset', '//h1.assess.example', 'HTTPS://H1.ASSESS.EXAMPLE:8443/', 'https://app@h1.assess.example/', '\\\\h1.assess.example', 'http://www.h1.assess.example/',
  ])('%s leads there', (text) => expect(leadsTo(text, host)).toBe(true)) // prettier-ignore

  it.each([
    '/sign-in?next=https://h1.assess.example/', 'https://app.example/?host=h1.assess.example', '/h1.assess.example/x', 'h1.assess.example', 'https://app.example//h1.assess.example',
    'https://xh1.assess.example.app.example/',
  ])('%s does not', (text) => expect(leadsTo(text, host)).toBe(false)) // prettier-ignore

  it('looks into lists of addresses', () => {
    for (const text of [
      '0; url=https://h1.assess.example/',
      '<https://h1.assess.example/x>; rel=next',
      'a.png 1x, //h1.assess.example/b.png 2x',
    ])
      expect(leadsTo(text, host, true)).toBe(true)
    expect(leadsTo('0; url=/x?to=/h1.assess.example', host, true)).toBe(false)
  })

  it('finds it in headers, cookies and markup, five places at most', () => {
    const found = leadsOf(
      seen({
        headers: { location: '//h1.assess.example', link: '</a.css>; rel=preload', 'x-other': 'https://h1.assess.example' },
        cookies: ['a=1; Domain=.assess.example', 'b=1; Domain=other.example', 'c=1'],
        text: '<link rel=canonical href="https://h1.assess.example/"><form action="//h1.assess.example"><meta property="og:url" content="https://h1.assess.example/">',
      }),
      host,
    )
    expect(found.map(({ where }) => where)).toEqual([
      'header location',
      'domain of cookie a',
      'href of <link>',
      'action of <form>',
      'content of <meta>',
    ])
    expect(leadsOf(seen({ text: '<a href="https://h1.assess.example">'.repeat(50) }), host).length).toBe(5)
  })

  it('is quick and throws on nothing', () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), (text, list) => {
        expect(leadsTo(`${text}${host}`, host, list)).toBeTypeOf('boolean')
      }),
      { seed: 5, numRuns: 300 },
    )
    const began = performance.now()
    leadsTo(`//${host}`.repeat(100_000), host, true)
    leadsTo(`x${'/'.repeat(4_000)}${host}`, host, true)
    expect(performance.now() - began).toBeLessThan(500)
  })
})
