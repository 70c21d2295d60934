import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Destination, destinationOf, type Lead, leadsOf, readRefresh, scriptTargets } from './redirect-leads.js'

fc.configureGlobal({ seed: 20_261_122 })

const answer = (status: number, headers: Record<string, string>, text = ''): Parameters<typeof leadsOf>[0] => ({
  status,
  headers: new Map(Object.entries(headers)),
  text,
})
const html = (text: string): readonly Lead[] => leadsOf(answer(200, { 'content-type': 'text/html' }, text)).leads

describe('where an answer leads', () => {
  it.each([301, 302, 303, 307, 308])('a %i follows Location, and its page is not looked at', (status) => {
    const text = '<meta http-equiv="refresh" content="0;url=//evil.example/">'
    expect(leadsOf(answer(status, { location: '/home', 'content-type': 'text/html' }, text)).leads).toEqual([
      { by: 'Location', to: '/home' },
    ])
  })

  it.each([200, 201, 300, 304, 400, 404])('a %i does not', (status) => {
    expect(leadsOf(answer(status, { location: '//evil.example/' })).leads).toEqual([])
  })

  it('reads Location as UTF-8, as browsers do', () => {
    const header = Buffer.from('//evil\u3002example/').toString('latin1')
    const [lead] = leadsOf(answer(302, { location: header })).leads
    expect(lead).toEqual({ by: 'Location', to: '//evil\u3002example/' })
    expect(lead && destinationOf(lead, 'https://app.example/', ['https://app.example'])).toBe('away')
  })

  it('a Refresh header counts with any status', () => {
    expect(leadsOf(answer(200, { refresh: '0; url=//evil.example/', 'content-type': 'text/plain' })).leads).toEqual([
      { by: 'Refresh', to: '//evil.example/' },
    ])
  })

  it('a page leads by meta refresh and by scripts', () => {
    expect(html('<meta HTTP-EQUIV=Refresh content="0; URL=\'//evil.example/\'">')).toEqual([{ by: 'meta refresh', to: '//evil.example/' }])
    expect(html('<script>window.location.href = "https:\\/\\/evil.example\\/"</script>')).toEqual([
      { by: 'script', to: 'https://evil.example/' },
    ])
  })

  it('what a page only says leads nowhere', () => {
    expect(
      html('<p>location = "//evil.example/"</p><a href="//evil.example/">go</a><meta name="refresh" content="0;url=//e.example/">'),
    ).toEqual([])
    expect(leadsOf(answer(200, { 'content-type': 'application/json' }, '<script>location="//evil.example"</script>')).leads).toEqual([])
  })

  it('a base element moves relative targets', () => {
    expect(
      leadsOf(answer(200, { 'content-type': 'text/html' }, '<base href="//evil.example/"><meta http-equiv=refresh content="0;url=next">')),
    ).toEqual({
      base: '//evil.example/',
      leads: [{ by: 'meta refresh', to: 'next' }],
    })
  })
})

describe('a refresh', () => {
  it.each<[string, string | undefined]>([
    ['0;url=/x', '/x'],
    ['0; URL = /x', '/x'],
    ['5,/x', '/x'],
    ['0;/x', '/x'],
    ["0;url='/x' rest", '/x'],
    ['0;url="/x', '/x'],
    ['0.5; url=/x', '/x'],
    ['0; urlish', 'urlish'],
    ['5', undefined],
    ['', undefined],
    ['url=/x', undefined],
    ['0 url=/x', undefined],
  ])('%j leads to %s', (text, target) => {
    expect(readRefresh(text)).toBe(target)
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => void readRefresh(text)))
    fc.assert(fc.property(fc.string({ maxLength: 20 }), (rest) => readRefresh(`0;url=${rest}`) !== null))
  })
})

describe('targets of scripts', () => {
  it.each<[string, readonly string[]]>([
    ['location="/a"', ['/a']],
    ["window.location = '/a'", ['/a']],
    ['document.location.href=`/a`', ['/a']],
    ['location.replace("/a"); location.assign( "/b" )', ['/a', '/b']],
    [String.raw`location="\x2f\u002fevil.example"`, ['//evil.example']],
    [String.raw`location="\/\/evil\.example"`, ['//evil.example']],
    [String.raw`location="java\tscript:x"`, ['java\tscript:x']],
    ['location == "/a"', []],
    ['location=next', []],
    ['location="/a', []],
    ['var allocation; location.search="/a"', []],
  ])('%s', (script, targets) => {
    expect(scriptTargets(script)).toEqual(targets)
  })

  it('are found in linear time, and no more than a hundred are looked at', () => {
    const before = process.cpuUsage()
    expect(scriptTargets('location="'.repeat(100_000)).length).toBeLessThanOrEqual(100)
    expect(scriptTargets(`location${' '.repeat(1_000_000)}="/a"`)).toEqual([])
    expect(process.cpuUsage(before).user).toBeLessThan(500_000)
  })
})

const PAGE = 'https://app.example:8443/go?to=x'
const HOMES = ['https://app.example:8443'] as const

describe('a destination', () => {
  it.each<[string, Destination]>([
    ['/home', 'home'],
    ['home', 'home'],
    ['https://app.example:8443/', 'home'],
    ['HTTPS://APP.EXAMPLE:8443/', 'home'],
    ['https:home', 'home'],
    ['/%2f/evil.example', 'home'],
    ['//evil.example', 'away'],
    ['/\\evil.example', 'away'],
    ['\\\\evil.example', 'away'],
    ['/\t/evil.example', 'away'],
    [' https://evil.example', 'away'],
    ['https:///evil.example', 'away'],
    ['http:evil.example', 'away'],
    ['https://app.example:8443@evil.example', 'away'],
    ['https://app.example.evil.example', 'away'],
    ['https://notapp.example/', 'away'],
    ['https://app.example/', 'near'],
    ['http://app.example:8443/', 'near'],
    ['https://www.app.example/', 'near'],
    ['javascript:alert(1)', 'nowhere'],
    ['data:text/html,x', 'nowhere'],
    ['mailto:a@evil.example', 'nowhere'],
    ['https://[', 'nowhere'],
    ['https://', 'nowhere'],
  ])('of Location: %j is %s', (to, destination) => {
    expect(destinationOf({ by: 'Location', to }, PAGE, HOMES)).toBe(destination)
  })

  it('of javascript: is a script only where a script follows it', () => {
    expect(destinationOf({ by: 'script', to: 'javascript:alert(1)' }, PAGE, HOMES)).toBe('script')
    expect(destinationOf({ by: 'script', to: ' java\nscript:alert(1)' }, PAGE, HOMES)).toBe('script')
    expect(destinationOf({ by: 'meta refresh', to: 'javascript:alert(1)' }, PAGE, HOMES)).toBe('nowhere')
  })

  it('is home exactly when the URL standard says so, for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.webPath()), (to) => {
        const home = URL.canParse(to, PAGE) && new URL(to, PAGE).origin === HOMES[0]
        expect(destinationOf({ by: 'Location', to }, PAGE, HOMES) === 'home').toBe(home)
      }),
    )
  })
})
