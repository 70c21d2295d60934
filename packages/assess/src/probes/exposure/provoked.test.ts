import { describe, expect, it } from 'vitest'
import { seen } from '../seen/fixtures/run-probe.js'
import { debugPage } from './debug-page.js'
import { hitsIn, judgeQuiet, type Place, type Provoked } from './provoked.js'
import { sqlError } from './sql-error.js'
import { traceback } from './traceback.js'
import { tracesIn } from './traces.js'

const STACK = 'Error: x\n    at run (/srv/app/server.js:3:9)'
const place = (name: string, honest: Place['honest'], ...provoked: readonly (readonly [string, ReturnType<typeof seen>])[]): Place => ({
  place: name,
  honest,
  provoked: provoked.map(([how, one]) => ({ how, seen: one })),
})
const facts = (...places: readonly Place[]): Provoked => ({ places, notes: [] })
const REFUSED = seen(400, 'no')

describe('answers to spoilt requests', () => {
  it('count only for what honest answers do not show', () => {
    const told = facts(place('/docs', [seen(200, STACK)], ['a quote', seen(200, STACK)]))
    expect(hitsIn(told, tracesIn)).toEqual([])
    expect(
      hitsIn(facts(place('/docs', [seen(200, 'fine')], ['a quote', seen(200, STACK)])), tracesIn).map(({ trace }) => trace.what),
    ).toEqual(['a stack of Node.js', 'a path of the server'])
  })

  it('do not take the request’s own address, told back, for a path of the server', () => {
    const answer = seen(404, 'Cannot GET /app/index.html/%', { url: '/app/index.html/%' })
    expect(hitsIn(facts(place('/app/index.html', [seen(200)], ['a bad percent-encoding', answer])), tracesIn)).toEqual([])
  })

  it.each([
    ['errors that say nothing', [['a', REFUSED]], 'pass'],
    ['no error at all', [['a', seen(200, 'fine')]], 'inconclusive'],
    [
      'limits',
      [
        ['a', seen(429)],
        ['b', REFUSED],
      ],
      'inconclusive',
    ],
    [
      'a few limits',
      [
        ['a', seen(429)],
        ['b', REFUSED],
        ['c', REFUSED],
        ['d', REFUSED],
      ],
      'pass',
    ],
    ['silence', [['a', seen(0, '', { why: 'timeout: x' })]], 'error'],
    ['nothing that was sent', [], 'error'],
  ] satisfies [string, [string, ReturnType<typeof seen>][], string][])('with %s are judged', (_, provoked, verdict) => {
    const all = facts(place('/', [seen(200)], ...provoked))
    expect(judgeQuiet(all).verdict).toBe(verdict)
    expect(traceback.judge(all).map((one) => one.verdict)).toEqual([verdict])
    expect(sqlError.judge(all).map((one) => one.verdict)).toEqual([verdict])
    expect(debugPage.judge({ paths: [], missing: seen(404), provoked: all }).map((one) => one.verdict)).toEqual([verdict])
  })

  it('say in the pass which places could not be reached, and what went wrong before', () => {
    const closed = {
      ...facts(place('/', [seen(200)], ['a', REFUSED]), place('/notes', [seen(403)], ['a', seen(403)])),
      notes: ['account a could not sign in'],
    }
    expect(judgeQuiet(closed)).toMatchObject({
      verdict: 'pass',
      control: expect.stringMatching(/account a could not sign in; what lies behind \/notes was not reached/),
    })
  })

  it('show the gravest trace of a place, once, with the honest request beside it', () => {
    const all = facts(
      place(
        '/notes',
        [seen(200, 'fine')],
        ['a', seen(500, 'TypeError: x is not a function')],
        ['b', seen(500, STACK)],
        ['c', seen(500, STACK)],
      ),
      place('/other', [seen(200)], ['a', seen(500, 'TypeError: Cannot read properties of undefined')]),
    )
    const found = traceback.judge(all)
    expect(found).toMatchObject([
      { verdict: 'fail', locator: '/notes', says: '/notes answers b with 500 and a stack of Node.js' },
      { verdict: 'fail', locator: '/other', severity: 'low' },
    ])
    expect(found[0]?.verdict === 'fail' && found[0].evidence.map(({ note }) => note)).toEqual(['the honest request', 'b'])
    expect(found[0]?.verdict === 'fail' && found[0].evidence.at(-1)?.excerpt?.length).toBeLessThanOrEqual(300)
  })
})

describe('one quote and two', () => {
  const pairs = (one: number, two: number, honest = 200): Provoked =>
    facts(
      place(
        '/search?q',
        [seen(honest, 'found')],
        ["pair o''o", seen(two)],
        ["pair o'o", seen(one)],
        ["pair o''o", seen(two)],
        ["pair o'o", seen(one)],
        ['a', REFUSED],
      ),
    )
  it.each([
    [500, 200, 200, 'fail'],
    [500, 404, 200, 'fail'],
    [500, 500, 200, 'pass'],
    [400, 200, 200, 'pass'],
    [500, 200, 500, 'pass'],
    [0, 200, 200, 'pass'],
  ])('answered with %i and %i where honest requests get %i: %s', (one, two, honest, verdict) => {
    expect(sqlError.judge(pairs(one, two, honest)).map((each) => each.verdict)).toEqual([verdict])
  })

  it('must come out alike both times', () => {
    const flaky = facts(
      place(
        '/search?q',
        [seen(200)],
        ["pair o''o", seen(200)],
        ["pair o'o", seen(500)],
        ["pair o''o", seen(200)],
        ["pair o'o", seen(200)],
        ['a', REFUSED],
      ),
    )
    expect(sqlError.judge(flaky).map((each) => each.verdict)).toEqual(['pass'])
  })
})
