import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clearHttpDraft, createHttpDraft, httpEvent, outcomeOf, setPeer, setRequestLine, setTarget } from './http-event.js'

const peer = (text: string): [string | undefined, number | undefined] => {
  const draft = createHttpDraft()
  setPeer(draft, text, 0, text.length)
  return [draft.ip, draft.port]
}

describe('a peer', () => {
  it.each<[string, string | undefined, number | undefined]>([
    ['198.18.0.1', '198.18.0.1', undefined],
    ['198.18.0.1:4711', '198.18.0.1', 4711],
    ['2001:db8::7', '2001:db8::7', undefined],
    ['[2001:db8::7]:443', '2001:db8::7', 443],
    ['[2001:DB8::7]', '2001:db8::7', undefined],
    ['::ffff:198.18.0.1', '198.18.0.1', undefined],
    ['198.18.0.1:0', '198.18.0.1', undefined],
    ['198.18.0.1:99999', '198.18.0.1', undefined],
    ['localhost:80', undefined, undefined],
    ['host.example', undefined, undefined],
    ['[2001:db8::7', undefined, undefined],
    ['unix:', undefined, undefined],
    ['', undefined, undefined],
    [':80', undefined, undefined],
  ])('%s', (text, ip, port) => {
    expect(peer(text)).toEqual([ip, port])
  })

  it('is read or left out, whatever its text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('1', '.', ':', '[', ']', 'f', '9') }), (text) => {
        const [ip, port] = peer(text)
        expect(port === undefined || (ip !== undefined && port > 0 && port < 65_536)).toBe(true)
      }),
    )
  })
})

describe('a draft', () => {
  it('forgets everything between two lines', () => {
    const draft = createHttpDraft()
    const empty = Object.keys(httpEvent(draft, 'x'))
    setRequestLine(draft, 'GET /a?b HTTP/1.1', 0, 17, false)
    setPeer(draft, '198.18.0.1:1', 0, 12)
    Object.assign(draft, { user: 'a', status: 1, bytes: 1, referrer: 'r', agent: 'a', domain: 'd', duration: 1, reason: 'r' })
    clearHttpDraft(draft)
    expect(draft).toEqual(createHttpDraft())
    expect(Object.keys(httpEvent(draft, 'x'))).toEqual(empty)
  })

  it('takes a target without a query after one with it', () => {
    const draft = createHttpDraft()
    setTarget(draft, '/a?b=1')
    setTarget(draft, 'https://shop.example/c')
    expect([draft.path, draft.query, draft.target]).toEqual(['/c', undefined, 'https://shop.example/c'])
  })
})

it.each([
  [undefined, 'unknown'],
  [200, 'success'],
  [399, 'success'],
  [400, 'failure'],
  [503, 'failure'],
])('calls a request with status %s a %s', (status, outcome) => {
  expect(outcomeOf(status)).toBe(outcome)
})
