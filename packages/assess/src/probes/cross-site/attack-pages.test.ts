import { Parser } from 'htmlparser2'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeHtml, formForgeries, framingPage, jsonForgeries } from './attack-pages.js'

fc.configureGlobal({ seed: 20_261_122 })

const ORIGIN = 'https://app.example'

/** The forms of a page. */
const readForms = (html: string): { action: string; type: string; fields: [string, string][] }[] => {
  const forms: { action: string; type: string; fields: [string, string][] }[] = []
  const parser = new Parser({
    onopentag: (name, attributes) => {
      if (name === 'form') forms.push({ action: attributes['action'] ?? '', type: attributes['enctype'] ?? '', fields: [] })
      if (name === 'input') forms.at(-1)?.fields.push([attributes['name'] ?? '', attributes['value'] ?? ''])
    },
  })
  parser.end(html)
  return forms
}

const tags = (html: string): string[] => {
  const found: string[] = []
  const parser = new Parser({ onopentag: (name) => void found.push(name) })
  parser.end(html)
  return found
}

describe('pages that forge a form', () => {
  const pages = formForgeries(ORIGIN, (way) => ({ method: 'POST', path: '/notes?a=1', form: { text: `marker ${way}`, submit: 'x' } }))

  it('hold a marker of their own each, so that what acted tells which did', () => {
    expect(pages.length).toBeGreaterThanOrEqual(8)
    expect(new Set(pages.map(({ way }) => way)).size).toBe(pages.length)
    for (const [way, { html }] of pages.entries()) expect(/marker(?: |\+)(\d)/.exec(html)?.[1]).toBe(String(way))
  })

  it('send to the target with all its fields, in each of the three types that browsers send unasked', () => {
    const forms = pages.flatMap(({ html }) => readForms(html))
    expect(new Set(forms.map(({ type }) => type))).toEqual(new Set(['', 'multipart/form-data', 'text/plain']))
    for (const { action, fields } of forms) {
      expect(action.startsWith(`${ORIGIN}/notes?a=1`)).toBe(true)
      expect(fields.map(([name]) => name)).toEqual(expect.arrayContaining(['text', 'submit']))
    }
  })

  it('name the declared method where a target lets a parameter override it', () => {
    const [page] = formForgeries(ORIGIN, () => ({ method: 'DELETE', path: '/notes/1', form: {} })).slice(-1)
    expect(readForms(page?.html ?? '')).toEqual([{ action: `${ORIGIN}/notes/1?_method=DELETE`, type: '', fields: [['_method', 'DELETE']] }])
  })

  it('stay one page whatever the fields hold', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string(),
          fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '/', 'script', '\\', '\u2028', 'a', '-', '!') }),
        ),
        (form) => {
          const plain = formForgeries(ORIGIN, () => ({
            method: 'POST',
            path: '/p',
            form: Object.fromEntries(Object.keys(form).map((key) => [key, 'v'])),
          }))
          const wild = formForgeries(ORIGIN, () => ({ method: 'POST', path: '/p', form }))
          expect(wild.map(({ html }) => tags(html))).toEqual(plain.map(({ html }) => tags(html)))
          const [first] = readForms(wild[0]?.html ?? '')
          expect(first?.fields).toEqual(Object.entries(form))
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('pages that forge JSON', () => {
  it.each<[string, unknown]>([
    ['an object that ends with a text', { a: 1, text: 'marker' }],
    ['an object that ends with a number', { text: 'marker', a: 1 }],
    ['an object within', { text: 'marker', a: { b: 'c' } }],
    ['a text that ends with a quote', { text: 'marker "' }],
    ['a text that ends with a backslash', { text: 'marker \\' }],
  ])('as a text/plain form is JSON on the wire: %s', (_, json) => {
    const [page] = jsonForgeries(ORIGIN, () => ({ method: 'POST', path: '/api', json }))
    const [form] = readForms(page?.html ?? '')
    const [name, value] = form?.fields[0] ?? ['', '']
    const sent = JSON.parse(`${name}=${value}\r\n`) as { text: string; a?: unknown }
    expect(sent.text.startsWith((json as { text: string }).text.slice(0, 6))).toBe(true)
    expect(sent.a).toEqual((json as { a?: unknown }).a)
  })

  it('try every type that browsers send unasked, none at all, and the one that they ask for', () => {
    const pages = jsonForgeries(ORIGIN, () => ({ method: 'PUT', path: '/api', json: { text: '</script><b>' } }))
    const all = pages.map(({ html }) => html).join('\n')
    for (const part of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'new Blob',
      'sendBeacon',
      "mode: 'cors'",
      'method: "PUT"',
      '_method=PUT',
    ])
      expect(all).toContain(part)
    for (const { html } of pages) expect(tags(html)).not.toContain('b')
  })

  it('hold what is no object as well', () => {
    for (const json of [['marker'], 'marker', {}, null]) expect(jsonForgeries(ORIGIN, () => ({ path: '/api', json })).length).toBe(9)
  })
})

describe('a page that frames another', () => {
  it('does not let it break out', () => {
    const html = framingPage('https://app.example/?a="onload=x&b')
    expect(tags(html)).toContain('iframe')
    expect(html).not.toContain('allow-top-navigation')
    expect(html).toContain('src="https://app.example/?a=&quot;onload=x&amp;b"')
  })

  it('escapes what has a meaning in HTML', () => {
    expect(escapeHtml(`<a href="x" id='y'>&`)).toBe('&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;')
  })
})
