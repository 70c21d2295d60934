import type { FieldValue } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { matches } from '../engine/fixtures/rules.js'

type Fields = Record<string, FieldValue>
const select = (selection: string): string =>
  `sel:\n${selection
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\ncondition: sel`

describe('detections of the Sigma specification', () => {
  it.each<[string, string, Fields, boolean]>([
    ['equal text', 'name: Abc', { name: 'aBC' }, true],
    ['other text', 'name: abc', { name: 'abcd' }, false],
    ['one of a list', 'name: [abc, def]', { name: 'DEF' }, true],
    ['none of a list', 'name: [abc, def]', { name: 'ghi' }, false],
    ['all fields of a map', 'a: 1\nb: 2', { a: 1, b: 2 }, true],
    ['not all fields of a map', 'a: 1\nb: 2', { a: 1, b: 3 }, false],
    ['one map of a list of maps', '- a: 1\n- b: 2', { b: 2 }, true],
    ['no map of a list of maps', '- a: 1\n- b: 2', { a: 2, b: 1 }, false],
    ['a number as a number', 'code: 404', { code: 404 }, true],
    ['a number that came as text', 'code: 404', { code: '404' }, true],
    ['a text that came as a number', "code: '404'", { code: 404 }, true],
    ['another number', 'code: 404', { code: 4040 }, false],
    ['true', 'ok: true', { ok: true }, true],
    ['true that is false', 'ok: true', { ok: false }, false],
    ['null for a missing field', 'gone: null', {}, true],
    ['null for a null field', 'gone: null', { gone: null }, true],
    ['null for a field that is there', 'gone: null', { gone: '' }, false],
    ['empty text', "name: ''", { name: '' }, true],
    ['empty text for a missing field', "name: ''", {}, false],
    ['an element of a list value', 'tags: red', { tags: ['blue', 'Red'] }, true],
    ['a wildcard', "name: 'a*c'", { name: 'abbbc' }, true],
    ['one character', "name: 'a?c'", { name: 'ac' }, false],
    ['an escaped wildcard', "name: 'a\\*c'", { name: 'a*c' }, true],
    ['contains', 'name|contains: bcd', { name: 'abcde' }, true],
    ['contains in another case', 'name|contains: BCD', { name: 'abcde' }, true],
    ['contains in an element', 'tags|contains: lu', { tags: ['red', 'blue'] }, true],
    ['contains across elements', 'tags|contains: db', { tags: ['red', 'blue'] }, false],
    ['contains in a number', 'code|contains: 12', { code: 9123 }, true],
    ['contains beyond ASCII', 'name|contains: größe', { name: 'die GRÖSSE, die GRÖßE' }, true],
    ['contains with a wildcard inside', "name|contains: 'a*z'", { name: '--a--z--' }, true],
    ['one letter', 'name|contains: q', { name: 'iraq' }, true],
    ['startswith', 'name|startswith: ab', { name: 'ABC' }, true],
    ['startswith in the middle', 'name|startswith: bc', { name: 'abc' }, false],
    ['endswith', 'name|endswith: .exe', { name: 'x.EXE' }, true],
    ['endswith in the middle', 'name|endswith: .exe', { name: 'x.exe.txt' }, false],
    ['contains all', 'name|contains|all: [ab, cd]', { name: 'cd ab' }, true],
    ['contains only some of all', 'name|contains|all: [ab, cd]', { name: 'ab' }, false],
    ['cased', 'name|cased: Abc', { name: 'abc' }, false],
    ['cased and equal', 'name|cased: Abc', { name: 'Abc' }, true],
    ['cased contains', 'name|contains|cased: Abc', { name: 'xAbcx' }, true],
    ['cased contains in another case', 'name|contains|cased: Abc', { name: 'xabcx' }, false],
    ['exists', 'name|exists: true', { name: 0 }, true],
    ['exists, absent', 'name|exists: true', {}, false],
    ['exists false', 'name|exists: false', {}, true],
    ['a regular expression', "name|re: 'a[bc]+d'", { name: 'xxabcbd' }, true],
    ['a regular expression keeps case', "name|re: 'a[bc]+d'", { name: 'ABCD' }, false],
    ['a regular expression without case', "name|re|i: 'a[bc]+d'", { name: 'ABCD' }, true],
    ['a regular expression over lines', "name|re|m: '^b$'", { name: 'a\nb' }, true],
    ['a regular expression whose dot takes lines', "name|re|s: 'a.b'", { name: 'a\nb' }, true],
    ['a regular expression on a list', "tags|re: '^b'", { tags: ['a', 'bc'] }, true],
    ['cidr', 'source.ip|cidr: 10.0.0.0/8', { 'source.ip': '10.1.2.3' }, true],
    ['cidr outside', 'source.ip|cidr: 10.0.0.0/8', { 'source.ip': '11.1.2.3' }, false],
    ['cidr of IPv6', "source.ip|cidr: '2001:db8::/32'", { 'source.ip': '2001:db8::7' }, true],
    ['cidr of no address', 'source.ip|cidr: 10.0.0.0/8', { 'source.ip': 'unix:' }, false],
    ['a list of cidrs', 'source.ip|cidr: [10.0.0.0/8, 192.168.0.0/16]', { 'source.ip': '192.168.1.1' }, true],
    ['lt', 'size|lt: 5', { size: 4 }, true],
    ['lt at the line', 'size|lt: 5', { size: 5 }, false],
    ['lte', 'size|lte: 5', { size: 5 }, true],
    ['gt', 'size|gt: 5', { size: '6' }, true],
    ['gt of no number', 'size|gt: 5', { size: 'six' }, false],
    ['gte of nothing', 'size|gte: 0', {}, false],
    ['neq', 'name|neq: abc', { name: 'abd' }, true],
    ['neq of the same', 'name|neq: abc', { name: 'ABC' }, false],
    ['base64', 'data|base64: attack', { data: 'YXR0YWNr' }, true],
    ['base64 contains', 'data|base64|contains: attack', { data: 'xxYXR0YWNrxx' }, true],
    ['base64 keeps case', 'data|base64: attack', { data: 'yXR0YWNr' }, false],
    ['base64offset', 'data|base64offset|contains: attack', { data: Buffer.from('an attack!').toString('base64') }, true],
    ['wide base64offset', 'data|wide|base64offset|contains: attack', { data: Buffer.from('xattack!', 'utf16le').toString('base64') }, true],
    ['windash', "cmd|windash|contains: ' -enc'", { cmd: 'powershell /enc abc' }, true],
    ['fieldref', 'a|fieldref: b', { a: 'X', b: 'x' }, true],
    ['fieldref of others', 'a|fieldref: b', { a: 'x', b: 'y' }, false],
    ['fieldref of nothing', 'a|fieldref: b', { a: 'x' }, false],
    ['fieldref endswith', 'a|fieldref|endswith: b', { a: 'https://example.org', b: 'example.org' }, true],
    ['fieldref startswith', 'a|fieldref|startswith: b', { a: 'alice@example.org', b: 'alice' }, true],
    ['fieldref contains', 'a|fieldref|contains: b', { a: 'xxaliceyy', b: 'alice' }, true],
    ['hour', 'at|hour: 13', { at: Date.UTC(2026, 0, 5, 13, 30) }, true],
    ['minute', 'at|minute: 30', { at: Date.UTC(2026, 0, 5, 13, 30) }, true],
    ['day', 'at|day: 5', { at: '2026-01-05T13:30:00Z' }, true],
    ['week', 'at|week: 53', { at: '2027-01-01T00:00:00Z' }, true],
    ['month', 'at|month: 1', { at: '2026-01-05T13:30:00Z' }, true],
    ['year', 'at|year: 2025', { at: '2026-01-05T13:30:00Z' }, false],
  ])('%s', (_, selection, fields, expected) => {
    expect(matches(select(selection), fields)).toBe(expected)
  })

  it('searches keywords in the raw line, else in the message, else in the URL', () => {
    const keywords = "words:\n  - needle\n  - 'two*words'\ncondition: words"
    expect(matches(keywords, { 'event.original': 'hay NEEDLE hay' })).toBe(true)
    expect(matches(keywords, { message: 'two other words' })).toBe(true)
    expect(matches(keywords, { 'url.path': '/needle' })).toBe(true)
    expect(matches(keywords, { message: 'hay' })).toBe(false)
    expect(matches("words:\n  '|all': [hay, needle]\ncondition: words", { message: 'needle in hay' })).toBe(true)
    expect(matches("words:\n  '|all': [hay, needle]\ncondition: words", { message: 'needle' })).toBe(false)
    expect(matches('words: needle\ncondition: words', { message: 'a needle' })).toBe(true)
  })

  it('joins a list of conditions with or', () => {
    expect(matches('a: {x: 1}\nb: {y: 1}\ncondition: [a, b]', { y: 1 })).toBe(true)
  })

  it('knows the names of web logs', () => {
    const event = {
      'source.ip': '10.0.0.1',
      'http.request.method': 'POST',
      'http.response.status_code': 500,
      'url.path': '/a.php',
      'url.query': 'q=evil',
      'user_agent.original': 'curl/8',
    }
    expect(
      matches(
        select(
          "c-ip: 10.0.0.1\ncs-method: POST\nsc-status: 500\ncs-uri-stem: /a.php\ncs-uri-query|contains: evil\ncs-user-agent|startswith: curl\nc-uri: '*a.php?q*'",
        ),
        event,
      ),
    ).toBe(true)
    expect(matches(select('cs-uri-query|contains: a.php'), event)).toBe(true)
    expect(matches(select('cs-uri-query: q=evil'), event)).toBe(true)
    expect(matches(select('c-uri-extension: php'), event)).toBe(true)
  })

  it('takes no field from the prototype of an event', () => {
    expect(matches(select('constructor|exists: true'), {})).toBe(false)
    expect(matches(select('toString|contains: function'), {})).toBe(false)
  })
})
