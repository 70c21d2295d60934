import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createJsonStream } from './json-stream.js'
import { createJsonTextMasker } from './json-text.js'
import { testDeps } from './fixtures/test-structure-deps.js'
import { createStructurePass } from './walk.js'

fc.configureGlobal({ seed: 20_261_121 })

const json = createJsonTextMasker(testDeps)
const walk = createStructurePass({ ...testDeps, limits: { depth: 400, nodes: 1_000_000 } })

const word = fc.constantFrom(
  'leak',
  'a leaking pipe',
  'authorization',
  'cookie',
  'x',
  '',
  'plain words',
  'é\u2022"\\',
  '\u{1f511}key',
  'name',
  'token',
  '4111',
  '{"password":"x"}',
  '["leak"]',
  '{bad json leak',
  'line\nleak\tend',
)
const key = fc.constantFrom(
  'password',
  'apiKey',
  'name',
  'value',
  'key',
  'headers',
  'rawHeaders',
  'cookies',
  'email',
  'a',
  'leaky1',
  'x-api-key',
  'time',
  'pin',
  '__proto__x',
  'Ключ',
  'the "key"',
)
const { value: anyJson } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'medium' }, word, fc.string({ unit: 'binary' }), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null), fc.constant(1_700_000_000_000), fc.array(tie('value'), { maxLength: 5 }), fc.dictionary(key, tie('value'), { maxKeys: 5 })),
})) // prettier-ignore

/** `name` after `value` is only seen by the walk, which has the whole object. */
const inOrder = (text: string): boolean => !/"value":[^]*"(?:name|key)":/.test(text)

describe('JSON text is masked', () => {
  it('as the walk masks the same values, and stays valid JSON', () => {
    fc.assert(
      fc.property(anyJson, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        const text = JSON.stringify(value, null, space)
        fc.pre(inOrder(text) && !text.includes('Buffer'))
        const masked = json.whole(text)
        expect(masked).toBeDefined()
        const parsed = JSON.parse(masked ?? '') as unknown
        const walked = JSON.parse(JSON.stringify(walk(value))) as unknown
        // strings that hold JSON are only looked into by the pass over text
        const isAlike = !text.includes('{\\"') && !text.includes('[\\"') && !/#\d"/.test(JSON.stringify(walked))
        expect(isAlike ? parsed : walked).toEqual(walked)
        expect(masked).not.toMatch(/leak/)
      }),
      { numRuns: 1_500 },
    )
  })

  it('byte for byte as it was where nothing is hidden', () => {
    const clean = '\n { "a" : [ 1 , 2.50e+3,-0 ,true,null ] ,\r\n\t"b\\u0061\\/":"x\\u00e9\\n", "c":{ } , "d":[ ]}\n{"second":"document"}\n'
    expect(json.whole(clean)).toBe(clean)
    expect(json.whole(clean)).toBe(clean)
  })

  it.each([
    ['{"password":"a\\"b\\\\","n":1}', '{"password":"[password]","n":1}'],
    ['{"pass\\u0077ord":"x"}', '{"pass\\u0077ord":"[password]"}'],
    ['{"pin":1234,"pinned":12}', '{"pin":"[pin]","pinned":12}'],
    [
      '{"cookies":{"sid":"x","n":[1,true,null,""]},"after":"y"}',
      '{"cookies":{"sid":"[cookie]","n":["[cookie]",true,null,""]},"after":"y"}',
    ],
    [
      '{"rawHeaders":["Host","a","authorization","Bearer x","Accept","b"]}',
      '{"rawHeaders":["Host","a","authorization","[authorization]","Accept","b"]}',
    ],
    ['[["cookie","x"],["accept","y"]]', '[["cookie","[cookie]"],["accept","y"]]'],
    [
      '[{"name":"authorization","value":"x"},{"name":"a","value":"y"}]',
      '[{"name":"authorization","value":"[authorization]"},{"name":"a","value":"y"}]',
    ],
    ['{"body":"{\\"password\\":\\"x\\",\\"n\\":1}"}', '{"body":"{\\"password\\":\\"[password]\\",\\"n\\":1}"}'],
    ['{"a":"tell leaking"}', '{"a":"tell [TEXT]"}'],
    ['{"leaking":1}', '{"[TEXT]":1}'],
    ['{"a":{"type":"Buffer","data":[104,117]},"data":[1]}', '{"a":{"type":"Buffer","data":[0,0]},"data":[1]}'],
    ['{"detail":"Key (a, b)=(x, (y)) already exists."}', '{"detail":"Key (a, b)=([REDACTED]) already exists."}'],
    ['"leaking"', '"[TEXT]"'],
    ['{"tokens":[5],"token":{"a":-1.5e3}}', '{"tokens":[5],"token":{"a":"[token]"}}'],
  ])('%s becomes %s, the first time and when it is known', (given, expected) => {
    for (let i = 0; i < 4; i++) expect(json.whole(given)).toBe(expected)
  })

  it('by paths too', () => {
    const byPath = createJsonTextMasker({
      ...testDeps,
      paths: ['req.headers.*', 'items[*].note', 'list[1]', '!user.email', '!cookies.theme'],
    })
    expect(
      byPath.whole(
        '{"req":{"headers":{"a":"b","c":[1]}},"items":[{"note":"n","id":1}],"list":[1,2,3],"user":{"email":"leak","phone":"1"},"cookies":{"theme":"d","s":"x"}}',
      ),
    ).toBe(
      '{"req":{"headers":{"a":"[path]","c":["[path]"]}},"items":[{"note":"[path]","id":1}],"list":[1,"[path]",3],"user":{"email":"leak","phone":"[phone]"},"cookies":{"theme":"d","s":"[cookie]"}}',
    )
  })

  it('with null in the place of what is dropped, and values as they are for who may see them', () => {
    expect(createJsonTextMasker({ ...testDeps, replace: () => null }).whole('{"pin":1,"a":2,"otp":"x"}')).toBe(
      '{"pin":null,"a":2,"otp":null}',
    )
    expect(createJsonTextMasker({ ...testDeps, replace: (_what, value) => value }).whole('{"pin":1,"otp":"x"}')).toBe('{"pin":1,"otp":"x"}')
  })

  it.each([
    '',
    'leak',
    '{',
    '{"a":1',
    '[1,2',
    '{"a" 1}',
    "{'a':1}",
    '{"a":leak}',
    '{"a":"leak',
    '{"a":1}}',
    '[1}',
    '{"a":"b\u0001"}',
    '{"a":"\\x"}',
    '{"a":12leak}',
    'nulls',
    '["a":1]',
    '\ufeff{}',
    '['.repeat(10_000),
  ])('not at all when it is not JSON: %j', (text) => {
    expect(text === '' ? json.whole(text) : (json.whole(text) ?? 'refused')).toBe(text === '' ? '' : 'refused')
  })

  it('in linear time, however it is built', () => {
    const cost = (text: string): number => {
      let best = Number.POSITIVE_INFINITY
      for (let i = 0; i < 6; i++) {
        const before = process.cpuUsage()
        json.whole(text)
        const { user, system } = process.cpuUsage(before)
        best = Math.min(best, user + system)
      }
      return best
    }
    const build = (n: number): readonly string[] => [
      `["${'\\"'.repeat(n)}"]`,
      `[${'1,'.repeat(n)}1]`,
      `{"a":"${'[{'.repeat(n)}"}`,
      JSON.stringify(JSON.stringify(JSON.stringify(JSON.stringify({ a: '"'.repeat(n / 8) })))),
      `[${'"password",'.repeat(n / 4)}1]`,
    ]
    for (const [i, small] of build(20_000).entries()) expect(cost(build(160_000)[i] ?? '') / Math.max(cost(small), 300)).toBeLessThan(40)
  })

  it('the same after many other texts went through, so that what is remembered is never mistaken', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            k: key,
            v: fc.oneof(word, fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', 'b', 'l', 'e', 'k') })),
          }),
          { minLength: 1, maxLength: 8 },
        ),
        (pairs) => {
          const text = JSON.stringify(Object.fromEntries(pairs.map(({ k, v }) => [k, v])))
          const fresh = createJsonTextMasker(testDeps).whole(text)
          for (let i = 0; i < 3; i++) expect(json.whole(text)).toBe(fresh)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('what lines look like is remembered', () => {
  /** Lines of a program: a few shapes with other values in each. */
  const value = fc.oneof(
    word,
    fc.integer(),
    fc.constantFrom<unknown>('GET', 'POST', null, true, 'say "x"', '203.0.113.7', 1_700_000_000_000, 4_111_111_111_111_111),
    fc.array(word, { maxLength: 3 }),
  )
  const shape = fc.uniqueArray(key, { minLength: 1, maxLength: 5 })

  it('and never changes what comes out: any line after any others is masked as by a masker that saw none', () => {
    fc.assert(
      fc.property(
        fc.array(shape, { minLength: 1, maxLength: 3 }),
        fc.array(fc.array(value, { minLength: 5, maxLength: 5 }), { minLength: 8, maxLength: 16 }),
        (shapes, rows) => {
          const shared = createJsonTextMasker(testDeps)
          for (const [i, row] of rows.entries()) {
            const fields = (shapes[i % shapes.length] ?? []).map((name, n) => [name, row[n]] as const)
            const line = `${JSON.stringify({ level: 30, time: 1_700_000_000_000 + i, ...Object.fromEntries(fields), nested: Object.fromEntries(fields), msg: 'done' })}\n`
            const fresh = createJsonTextMasker(testDeps).whole(line)
            for (let n = 0; n < 4; n++) expect(shared.whole(line)).toBe(fresh)
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  it('and is bounded: a flood of shapes, keys and values is masked like the first', () => {
    const shared = createJsonTextMasker(testDeps)
    for (let i = 0; i < 20_000; i++) shared.whole(`{"k${i % 5_000}":"v${i}","password":"x${i}","n":${i},"o":{"p${i % 700}":[${i}]}}`)
    expect(shared.whole('{"k1":"leak","password":"x1","n":1,"o":{"p1":[1]}}')).toBe(
      '{"k1":"[TEXT]","password":"[password]","n":1,"o":{"p1":[1]}}',
    )
  })

  it('of lines in ASCII and of others apart, and what is kept has a bound: endings that never come again cost no memory', () => {
    const shared = createJsonTextMasker(testDeps)
    const lines = ['{"user":"ann","note":"leak","n":1}', '{"user":"änn","note":"leak","n":1}', '{"user":"\u{1f511}","note":"leak","n":1}']
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 30_000; i++) {
      // spaces behind the last value belong to what a line looks like
      const tail = ' '.repeat(500 + (i % 1_500))
      const line = lines[i % lines.length] ?? ''
      expect(shared.whole(line + tail)).toBe(line.replace('leak', '[TEXT]') + tail)
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000)
  })

  it('also when what replaces a value masks a line itself', () => {
    const inner: string[] = []
    const calling = createJsonTextMasker({
      ...testDeps,
      replace: ({ id }, value) => {
        inner.push(calling.whole(`{"note":"${'y'.repeat(inner.length % 50)}","token":"t"}`.replace('"token"', '"note2"')) ?? '')
        return `[${id} ${value.length}]`
      },
    })
    for (let i = 0; i < 20; i++) {
      const line = `{"a":"clean${i}","password":"12345","b":"leak","pin":"1234","c":"leaking"}`
      expect(calling.whole(line)).toBe(`{"a":"clean${i}","password":"[password 5]","b":"[TEXT]","pin":"[pin 4]","c":"[TEXT]"}`)
    }
  })
})

describe('JSON that comes in pieces', () => {
  const streamed = (text: string, cuts: readonly number[]): string => {
    const stream = createJsonStream(json)
    let out = ''
    let from = 0
    for (const cut of [...cuts].toSorted((a, b) => a - b)) {
      out += stream.write(text.slice(from, cut))
      from = Math.max(from, cut)
    }
    return out + stream.write(text.slice(from)) + stream.end()
  }

  it('gives the same bytes for any cut', () => {
    fc.assert(
      fc.property(anyJson, fc.array(fc.nat(400), { maxLength: 8 }), (value, cuts) => {
        const text = JSON.stringify(value)
        expect(streamed(text, cuts)).toBe(json.whole(text))
      }),
      { numRuns: 500 },
    )
    const text = '{"password":"a\\"b","x":["leak",{"y":12.5e3}],"n":null}\n{"token":1}'
    expect(
      streamed(
        text,
        Array.from({ length: text.length }, (_, i) => i),
      ),
    ).toBe(json.whole(text))
  })

  it('counts a string that is too long instead of showing it, however it is cut', () => {
    const text = `{"a":"${'x'.repeat(1_048_577)}","b":"leak"}`
    for (const size of [1_000, 65_536, 1_048_583, 9_999_999]) {
      const cuts = Array.from({ length: Math.ceil(text.length / size) }, (_, i) => i * size)
      expect(streamed(text, cuts)).toBe('{"a":"[UNSCANNED 1048577 bytes]","b":"[TEXT]"}')
    }
    expect(streamed(`["${'x'.repeat(1_048_576)}"]`, [5]).length).toBe(1_048_580)
  })

  it('breaks off when it is not JSON or ends in the middle, and shows nothing of the rest', () => {
    for (const text of ['leak', '{"a":leak}', '{"a":"leak', '{"a":1', '[1,', '{"a":1}}'])
      expect(() => streamed(text, [3]), text).toThrow(/The body is not valid/)
  })
})
