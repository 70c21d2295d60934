import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createErrors } from './errors.js'
import { errorPage, escapeHtml } from './page.js'
import type { DescribedError, ErrorProblem } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const NONCE = 'abcdefghijklmnopqrstuv'
const problem = (over: Partial<ErrorProblem> = {}): ErrorProblem => ({
  type: 'about:blank',
  title: 'Conflict',
  status: 409,
  code: 'TAKEN',
  time: '2026-11-22T04:05:06.000Z',
  instance: 'urn:uuid:01890000-0000-7000-8000-000000000001',
  ...over,
})
const tags = (html: string): readonly string[] => html.match(/<\/?[a-z!][^>]*>/gi) ?? []
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.stringMatching(/^[<>"'&=/ a-z]{0,40}$/),
  fc.constantFrom(
    '</title><script>x</script>',
    '" onload="x',
    "' autofocus onfocus='x",
    '--><svg/onload=x>',
    '&lt;b&gt;',
    ']]>',
    '</style>',
  ),
)

describe('text in HTML', () => {
  it('ends no element and no attribute, whatever it is, and reads as it was given [ASVS 1.2.1]', () => {
    const read = (html: string): string =>
      html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
    fc.assert(
      fc.property(hostile, (text) => {
        const escaped = escapeHtml(text)
        expect(escaped).not.toMatch(/[<>"']/)
        expect(escaped).not.toMatch(/&(?!(?:amp|lt|gt|quot|#39);)/)
        expect(read(escaped)).toBe(text)
      }),
    )
  })

  it('is escaped once more where it was escaped already: nothing is taken for markup on the second way', () => {
    expect(escapeHtml(escapeHtml('<'))).toBe('&amp;lt;')
    expect(escapeHtml('&#60;script&#62;')).toBe('&amp;#60;script&amp;#62;')
  })
})

describe('the page of an error', () => {
  it('has the elements that it was written with, whatever stands in them [ASVS 1.2.1]', () => {
    const plain = tags(errorPage(problem({ detail: 'x' }), NONCE))
    fc.assert(
      fc.property(hostile, hostile, hostile, (title, detail, instance) => {
        expect(tags(errorPage(problem({ title, detail, instance }), NONCE))).toEqual(plain)
      }),
    )
  })

  it('in development shows a whole tree of errors and a request, and still no element of theirs', () => {
    const error = (text: string): DescribedError => ({
      type: text,
      message: text,
      stack: [text, text],
      cause: { type: text, message: text, stack: [], cause: { type: text, message: text, stack: [] } },
      errors: [
        { type: text, message: text, stack: [] },
        { type: text, message: text, stack: [] },
      ],
    })
    const page = (text: string): string =>
      errorPage(
        problem({
          development: {
            error: error(text),
            request: { method: text, path: text, query: { [`a${text}`]: text }, parameters: {}, headers: { [`b${text}`]: text } },
          },
        }),
      )
    const plain = page('x')
    expect(plain.match(/Caused by/g)).toHaveLength(4)
    expect(plain.match(/Together with/g)).toHaveLength(4)
    expect(plain).toContain('<h2>Parameters</h2><p>None.</p>')
    fc.assert(
      fc.property(hostile, (text) => {
        expect(tags(page(text))).toEqual(tags(plain))
      }),
    )
  })

  it('takes a nonce of base64 and no other, so that nobody adds an attribute to the style', () => {
    for (const nonce of [NONCE, 'A'.repeat(16), 'A'.repeat(130), 'ab+/cd-_ef==ghij'])
      expect(errorPage(problem(), nonce)).toContain(`<style nonce="${nonce}">`)
    for (const nonce of ['', 'A'.repeat(15), 'A'.repeat(131), `${NONCE}"`, `${NONCE} x`, `${NONCE}\n`, '\u00e4'.repeat(20), `${NONCE}<`])
      expect(errorPage(problem(), nonce)).not.toMatch(/<style|nonce/)
  })

  it('shows the reference as the log has it, without the scheme, and once', () => {
    const html = errorPage(problem())
    expect(html.split('01890000-0000-7000-8000-000000000001')).toHaveLength(2)
    expect(html).not.toContain('urn:uuid:')
  })

  it('asks for nothing from anywhere: no script, picture, font, frame or link, also in development', () => {
    const errors = createErrors({ development: true, publicOrigins: ['http://localhost:3000'], log: () => undefined })
    const { body } = errors.answer(new Error('x'), { nonce: NONCE, request: { method: 'GET', url: '/', headers: { accept: 'text/html' }, socket: {} } }) // prettier-ignore
    expect(body).toContain('class="wide"')
    expect(body).not.toMatch(/<(?:script|img|link|iframe|a|form|object|base|svg)\b|url\(|@import|https?:/i)
    expect(body).toMatch(/^<!doctype html><html lang="en"><head><meta charset="utf-8">/)
  })

  it('says the same as the JSON: title, status, time and reference', () => {
    const errors = createErrors({ log: () => undefined })
    for (const status of [400, 401, 403, 404, 409, 413, 415, 418, 422, 429, 500, 503]) {
      const thrown = Object.assign(new Error('secret'), { status })
      const { body, problem: told } = errors.answer(thrown, { request: { method: 'GET', url: '/', headers: { accept: 'text/html' }, socket: {} } }) // prettier-ignore
      for (const text of [told.title, String(told.status), told.time, told.instance.slice('urn:uuid:'.length)])
        expect(body).toContain(escapeHtml(text))
    }
  })
})

describe('who gets a page', () => {
  const { prefersHtml } = createErrors({ log: () => undefined })
  const asks = (accept: string): boolean => prefersHtml({ method: 'GET', url: '/', headers: { accept }, socket: {} })

  it.each([
    ['text/html;q=1.0', true],
    ['text/html ; q=0.5 , application/json;q=0.4', true],
    ['text/html;q=0.5,application/json;q=0.5', true],
    ['text/html;level=1;q=0.2,application/problem+json;q=0.3', false],
    ['text/html;Q=0', false],
    ['text/html;q=-1', false],
    ['text/html;q=1.1', false],
    ['text/html;q=', false],
    ['text/html;q=Infinity', false],
    ['text/html;q=NaN', false],
    ['text/html;q=0,text/html;q=0.1', true],
    ['application/json;q=0,text/html;q=0.001', true],
    ['text/htmlx', false],
    ['x-text/html', false],
    ['"text/html"', false],
    ['text/html\u0000', false],
  ])('Accept: %j -> %j', (accept, expected) => {
    expect(asks(accept)).toBe(expected)
  })

  it('is found out of 2,048 characters and forty ranges at most, and nothing is thrown for any header', () => {
    expect(asks(`${'a/b,'.repeat(39)}text/html`)).toBe(true)
    expect(asks(`${'a/b,'.repeat(40)}text/html`)).toBe(false)
    expect(asks(`text/html,${'a'.repeat(2_038)}`)).toBe(true)
    expect(asks(`text/html,${'a'.repeat(2_039)}`)).toBe(false)
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (accept) => {
        expect(typeof asks(`text/html${accept}`)).toBe('boolean')
      }),
    )
  })
})
