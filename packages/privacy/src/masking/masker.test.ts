import { personalLog } from '@parapet/testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMasker } from './masker.js'
import { readRuleFile } from './schema.js'

fc.configureGlobal({ seed: 20_261_121 })

const masker = createMasker()

const SECRETS = [
  'joe@example.com',
  '4111111111111111',
  '4111 1111 1111 1111',
  '+49 151 23456789',
  'DE89370400440532013000',
  '536-90-4399',
  'AKIAIOSFODNN7EXAMPLQ',
  'postgres://app:hunter2@db/x',
  'password=hunter2',
  '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----',
]
const NAMES = ['msg', 'email', 'password', 'pin', 'apiKey', 'phone', 'n', 'card', 'authorization', 'cookie', 'x']

/** JSON text with every escape that a writer may choose. */
const escaped = (value: string, style: number): string => {
  let text = JSON.stringify(value)
  if (style === 1) text = text.replaceAll('@', String.raw`\u0040`).replaceAll('/', String.raw`\/`)
  if (style === 2) text = `"${Array.from(value, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
  return text
}
const scalar = fc.oneof(
  fc.constantFrom(
    '4111111111111111',
    '-4242424242424242',
    '5555555555554444.5',
    '1763769878123',
    '0',
    '-1.5e10',
    'true',
    'false',
    'null',
    '30569309025904',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.integer().map(String),
  fc
    .tuple(
      fc.array(fc.oneof(fc.constantFrom(...SECRETS, '\n', '"', '\\', 'é', ' ', 'n', '😀'), fc.string({ maxLength: 5 })), { maxLength: 4 }),
      fc.nat(2),
    )
    .map(([parts, style]) => escaped(parts.join(''), style)),
)
const space = fc.constantFrom('', '', ' ', '\n', '\n  ', '\t')
const json = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    scalar.map((text) => JSON.stringify(text)),
    fc.tuple(fc.array(tie('value'), { maxLength: 4 }), space).map(([items, gap]) => `[${gap}${items.join(`${gap},${gap}`)}${gap}]`),
    fc
      .tuple(fc.array(fc.tuple(fc.constantFrom(...NAMES), tie('value')), { maxLength: 4 }), space)
      .map(([items, gap]) => `{${gap}${items.map(([name, value]) => `"${name}"${gap}:${gap}${value}`).join(`,${gap}`)}${gap}}`),
    // a line of a log inside a line of a log
    tie('value').map((text) => JSON.stringify(text)),
  ),
})).value

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('JSON', () => {
  it('that was valid stays valid, whatever is planted in it', () => {
    fc.assert(
      fc.property(json, (text) => {
        expect(isJson(text)).toBe(true)
        const masked = masker.text(text)
        expect(isJson(masked), masked).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('that was valid stays valid when values are dropped or kept in part', () => {
    const dropping = createMasker({ actions: { '*': 'drop' } })
    const partial = createMasker({ actions: { '*': { action: 'mask', keepLast: 8 } } })
    fc.assert(
      fc.property(json, (text) => {
        expect(isJson(dropping.text(text))).toBe(true)
        expect(isJson(partial.text(text))).toBe(true)
      }),
      { numRuns: 600 },
    )
  })

  it.each([
    ['{"card":4111111111111111}', '{"card":"****1111"}'],
    ['{"a":[1, 4111111111111111 ,2]}', '{"a":[1, "****1111" ,2]}'],
    ['{"pin":-4242}', '{"pin":"[REDACTED:pin]"}'],
    ['{"password":true,"token":null}', '{"password":"[REDACTED:password]","token":null}'],
    ['{"n":-4111111111111111}', '{"n":"****1111"}'],
    ['4111111111111111', '"****1111"'],
    ['{"a":"{\\"card\\":4111111111111111}"}', '{"a":"{\\"card\\":\\"****1111\\"}"}'],
    ['{"a":"x [4111111111111111, 2]"}', '{"a":"x [****1111, 2]"}'],
    ['{"m":"a\\njoe@example.com\\tb"}', '{"m":"a\\n[REDACTED:email]\\tb"}'],
    ['{"m":"a\\n4111111111111111"}', '{"m":"a\\n****1111"}'],
    ['{"password":"a\\"b","x":1}', '{"password":"[REDACTED:password]","x":1}'],
    ['{"password":"a\\\\","x":1}', '{"password":"[REDACTED:password]","x":1}'],
    [
      String.raw`{"a":"{\"b\":\"{\\\"password\\\":\\\"s\\\"}\"}"}`,
      String.raw`{"a":"{\"b\":\"{\\\"password\\\":\\\"[REDACTED:password]\\\"}\"}"}`,
    ],
  ])('%s becomes %s', (text, masked) => {
    expect(masker.text(text)).toBe(masked)
  })

  it('leaves a number alone when the text is the content of a string', () => {
    expect(masker.content('4111111111111111')).toBe('****1111')
  })
})

describe('clean lines', () => {
  it('are left as they are: ids, timestamps, UUIDs, versions, decimals, digests in 100,000 lines', () => {
    const altered: string[] = []
    for (const { line } of personalLog({ lines: 100_000, planted: false })) {
      if (masker.text(line) !== line) altered.push(`${line} ${JSON.stringify(masker.explain(line))}`)
      if (altered.length > 5) break
    }
    expect(altered).toEqual([])
  })

  it('are given back as the very same text and bytes, so that masking them costs no copy', () => {
    const bytes = Buffer.from('nothing to see here 12345')
    expect(masker.bytes(bytes)).toBe(bytes)
  })
})

describe('planted values', () => {
  it('do not leak from 20,000 lines, and no look-alike beside them is lost [ASVS 16.2.5]', () => {
    const leaks: string[] = []
    const lost: string[] = []
    for (const { line, planted, decoys } of personalLog({ lines: 20_000, planted: true })) {
      const masked = masker.text(line)
      expect(isJson(masked)).toBe(true)
      leaks.push(...planted.filter((value) => masked.includes(value)))
      lost.push(...decoys.filter((value) => !masked.includes(JSON.stringify(value).slice(1, -1))))
    }
    expect(leaks).toEqual([])
    expect(lost).toEqual([])
  })

  it('are hidden alike in text and in bytes', () => {
    const piece = fc.oneof(fc.constantFrom(...SECRETS, 'é', '😀', ' ', '"', ',', ':'), fc.string({ unit: 'grapheme', maxLength: 4 }))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join(' ').replace(/\p{Surrogate}/gu, '\uFFFD')
        expect(Buffer.from(masker.bytes(Buffer.from(text))).toString()).toBe(masker.text(text))
      }),
      { numRuns: 500 },
    )
  })

  it('are hidden beside half a surrogate, NUL and letters of other alphabets', () => {
    expect(masker.text('\ud800 joe@example.com \udc00')).toBe('\ud800 [REDACTED:email] \udc00')
    expect(masker.text('\0joe@example.com\0')).toContain('[REDACTED:email]')
    expect(masker.text('карта 4111 1111 1111 1111 конец')).toBe('карта ****1111 конец')
    // letters that share their low byte with ASCII are not taken for it
    expect(masker.text('\u0130\u0131 4111111111111111\u0130')).toBe('\u0130\u0131 ****1111\u0130')
    expect(masker.text('joe\u0140example.com')).toBe('joe\u0140example.com')
  })

  it('stay hidden when what was masked is masked again', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...SECRETS, ' ', '{"password":"', '"}'), { maxLength: 8 }), (pieces) => {
        const once = masker.text(pieces.join(' '))
        expect(masker.text(once)).toBe(once)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a second look', () => {
  it.each([
    ['GET /x?email=joe%40example.com&y=1', 'GET /x?email=[REDACTED:email]&y=1'],
    ['q=joe%2540example.com z', 'q=[REDACTED:email] z'],
    ['to joe\\u0040example.com now', 'to [REDACTED:email] now'],
    ['https:\\/\\/user:password@h\\/x', 'https:\\/\\/[REDACTED:url-userinfo]@h\\/x'],
    ['card=4111%201111%201111%201111;', 'card=[REDACTED:payment-card];'],
    [`data ${Buffer.from('{"email":"joe@example.com","n":1}').toString('base64')} end`, 'data [REDACTED:email] end'],
  ])('finds what is written in escapes: %s', (text, masked) => {
    const hidden = createMasker({ actions: { '*': 'redact' } }).text(text)
    expect(hidden).toBe(masked)
  })

  it('leaves escapes and base64 that hide nothing', () => {
    for (const text of [
      'a%40b',
      '%e4%bd%a0%e5%a5%bd',
      'https:\\/\\/example.com\\/a',
      `x ${Buffer.from('{"hello":"world","n":12}').toString('base64')}`,
    ])
      expect(masker.text(text)).toBe(text)
  })

  it('can be switched off', () => {
    expect(createMasker({ secondLook: false }).text('joe%2540example.com')).toBe('joe%2540example.com')
  })
})

describe('what a masker says of its work', () => {
  it('explains rule, action and place, and never the value', () => {
    expect(masker.explain('mail joe@example.com')).toEqual([{ rule: 'email', kind: 'personal', action: 'redact', start: 5, end: 20 }])
  })

  it('counts by rule, in text, bytes and pieces', () => {
    const own = createMasker()
    own.text('joe@example.com jane@example.com')
    own.bytes(Buffer.from('joe@example.com'))
    const scan = own.scan()
    scan.write('536-90-4399\n')
    scan.end()
    expect(own.counts()).toEqual({ email: 3, 'us-social-security-number': 1 })
    expect(JSON.stringify(own.counts())).not.toContain('joe')
  })

  it('masks while it is asked from inside of itself', () => {
    const own = createMasker({
      actions: { email: 'tokenize' },
      tokenize: (value) => `tok_${own.text('card 4111111111111111').length}_${value.length}`,
    })
    expect(own.text('a joe@example.com b jane.doe@example.com c')).toBe('a tok_13_15 b tok_13_20 c')
  })
})

describe('rules beside the built-in ones', () => {
  const [rule] = readRuleFile(
    `kind: secret\nrules:\n  - id: acme-token\n    title: Acme\n    literals: [acme_]\n    pattern: 'acme_[a-z]{8}'\n    match: [acme_abcdefgh]\n    no-match: [acme_x]\n`,
    'own.yml',
  )

  it('are looked for as well, or alone', () => {
    expect(createMasker({ rules: [rule!] }).text('acme_abcdefgh joe@example.com')).toBe('[REDACTED:acme-token] [REDACTED:email]')
    expect(createMasker({ rules: [rule!], builtIn: false }).text('acme_abcdefgh joe@example.com')).toBe(
      '[REDACTED:acme-token] joe@example.com',
    )
  })

  it('have ids of their own', () => {
    expect(() => createMasker({ rules: [{ ...rule!, id: 'email' }] })).toThrow(expect.objectContaining({ code: 'PPT_MASK_RULE' }))
  })
})
