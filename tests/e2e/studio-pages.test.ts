import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { auditPage, documentsPage, messagePage, peoplePage, readFlash, signInPage } from '../../examples/studio/src/pages/index.js'
import { count, localHref, path, shown } from '../../examples/studio/src/pages/parts.js'
import { FLASHES } from '../../examples/studio/src/pages/words.js'
import { readHtml, type ReadElement } from './support/read-html.js'
import { type Change, SAMPLES } from './support/studio-samples.js'

fc.configureGlobal({ seed: 20_261_122 })

/** Values that are one of a fixed list, never somebody's text. */
const FIXED: ReadonlySet<string> = new Set(['status', 'role', 'why', 'action', 'outcome', 'flash', 'about'])

/** Puts a text wherever a model holds one; empty ones stay, since pages say something else for nothing. */
const everywhere =
  (text: string): Change =>
  <T>(model: T): T => {
    const change = (value: unknown, key: string): unknown => {
      if (typeof value === 'string') return value === '' || FIXED.has(key) ? value : text
      if (Array.isArray(value)) return value.map((one) => change(one, key))
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, change(one, name)]))
    }
    return change(model, '') as T
  }

/** What a page is made of, without what people wrote. */
const skeleton = (html: string): string[] =>
  readHtml(html).map(({ name, attributes, parents }) => `${parents.length} ${name} ${Object.keys(attributes).join(' ')}`)

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</textarea><script>alert(1)</script>',
  '</title><script>alert(1)</script>',
  '</option></select><svg onload=alert(1)>',
  '--><!--<b>',
  '<![CDATA[<b>]]>',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  '//evil.example/',
  '/\\evil.example',
  'https://evil.example',
  '../../admin?x=1#y',
  '\u202egnp.exe',
  'a\u0000b\u0007c\u001b[31m',
  '&lt;b&gt;&amp;&#x3c;',
  '${alert(1)} {{7*7}}',
] as const
const hostile = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.tuple(fc.constantFrom('x', '"', '<'), fc.string({ unit: 'binary', maxLength: 60 })).map(([first, rest]) => first + rest),
  fc
    .array(fc.constantFrom(...HOSTILE, ' ', '\n', '<', '>', '"', "'", '&', '=', '/'), { minLength: 2, maxLength: 6 })
    .map((all) => `x${all.join('')}`),
)
const names = Object.keys(SAMPLES)
const read = (name: string): readonly ReadElement[] => readHtml(SAMPLES[name]?.() ?? '')
const allOf = (elements: readonly ReadElement[], ...wanted: readonly string[]): ReadElement[] =>
  elements.filter(({ name }) => wanted.includes(name))

describe('text of people', () => {
  it.each(names)('never becomes markup, wherever it stands: %s [ASVS 1.2.1]', (name) => {
    const expected = skeleton(SAMPLES[name]?.(everywhere('plain')) ?? '')
    fc.assert(
      fc.property(hostile, (text) => {
        expect(skeleton(SAMPLES[name]?.(everywhere(text)) ?? '')).toEqual(expected)
      }),
      { numRuns: 25 },
    )
  })

  it.each(names)('never becomes an address that leads away or runs something: %s [ASVS 1.2.2]', (name) => {
    for (const text of HOSTILE) {
      const led = readHtml(SAMPLES[name]?.(everywhere(text)) ?? '').flatMap(({ attributes }) =>
        ['href', 'src', 'action', 'formaction'].map((at) => attributes[at] ?? '#'),
      )
      // a picture of the page's own, or a path of this site: read as a browser does, too
      const away = led.filter(
        (to) =>
          !to.startsWith('data:image/svg+xml,') &&
          (!/^(?:\/(?![/\\])|#)/.test(to) || new URL(to, 'https://studio.example/x').origin !== 'https://studio.example'),
      )
      expect({ text, away }).toEqual({ text, away: [] })
    }
  })

  it('comes back from the page as it was typed', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (email) => {
        const field = readHtml(signInPage({}, { email })).find(({ attributes }) => attributes['id'] === 'email')
        expect(field?.attributes['value']).toBe(email)
      }),
    )
  })

  it('shows what cannot be seen, and nothing of it turns the text around it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const safe = shown(text)
        expect(safe.length).toBe(text.length)
        // oxlint-disable-next-line no-control-regex -- these are what is looked for
        expect(safe).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
      }),
    )
    expect(shown('Ann\u202ea')).toBe('Ann\ufffda')
    expect(shown('سياسة 👩‍👧\n\tok')).toBe('سياسة 👩‍👧\n\tok')
  })
})

describe.each(names)('the page %s', (name) => {
  const elements = read(name)
  const ids = elements.flatMap(({ attributes }) => (attributes['id'] === undefined ? [] : [attributes['id']]))

  it('asks for no exception of the content security policy [ASVS 3.4.3]', () => {
    expect(allOf(elements, 'style', 'base', 'iframe', 'object', 'embed')).toEqual([])
    for (const { attributes } of elements)
      expect(Object.keys(attributes).filter((key) => key === 'style' || key === 'srcdoc' || key.startsWith('on'))).toEqual([])
    for (const script of allOf(elements, 'script')) {
      expect(script.attributes['src']).toBe('/assets/passkey.js')
      expect(script.text).toBe('')
    }
  })

  it('has one heading of the first level, and skips none below', () => {
    const levels = allOf(elements, 'h1', 'h2', 'h3', 'h4').map((heading) => Number(heading.name.slice(1)))
    expect(levels.filter((level) => level === 1)).toHaveLength(1)
    expect(levels[0]).toBe(1)
    for (const [at, level] of levels.entries()) expect(level - (levels[at - 1] ?? 0)).toBeLessThanOrEqual(1)
  })

  it('has landmarks, a title, a language and a way past the navigation that comes first', () => {
    expect(elements[0]?.attributes['lang']).toBe('en')
    expect(allOf(elements, 'title')[0]?.text).toMatch(/ · Studio$/)
    expect(allOf(elements, 'main').map(({ attributes }) => attributes['id'])).toEqual(['main'])
    expect(allOf(elements, 'a')[0]?.attributes['href']).toBe('#main')
    const navigations = allOf(elements, 'nav').map(({ attributes }) => attributes['aria-label'])
    expect(new Set(navigations).size).toBe(navigations.length)
    expect(navigations).not.toContain(undefined)
  })

  it('names every field and button, and every reference leads somewhere', () => {
    expect(ids.length).toBe(new Set(ids).size)
    const referred = elements.flatMap(({ attributes }) =>
      ['for', 'aria-describedby', 'aria-labelledby'].flatMap((at) => (attributes[at] ?? '').split(' ').filter(Boolean)),
    )
    expect(referred.filter((id) => !ids.includes(id))).toEqual([])
    expect(allOf(elements, 'button', 'summary', 'a').filter(({ text }) => text.trim() === '')).toEqual([])
    const labels = new Set(allOf(elements, 'label').map(({ attributes }) => attributes['for']))
    const nameless = allOf(elements, 'input', 'select', 'textarea')
      .filter(({ attributes }) => attributes['type'] !== 'hidden' && attributes['hidden'] === undefined)
      .filter(({ attributes, parents }) => !labels.has(attributes['id']) && !parents.some((parent) => parent.name === 'label'))
    expect(nameless).toEqual([])
  })

  it('sends passwords and codes by POST only, and never gives one back [ASVS 14.2.1]', () => {
    const passwords = elements.filter(({ attributes }) => attributes['type'] === 'password')
    for (const { attributes } of passwords) {
      expect(attributes['value']).toBeUndefined()
      expect(attributes['autocomplete']).toMatch(/^(?:current|new)-password$/)
    }
    const secrets = elements.filter(({ attributes }) => ['code', 'token', 'enrolment'].includes(attributes['name'] ?? ''))
    for (const { parents } of [...passwords, ...secrets])
      expect(parents.findLast((parent) => parent.name === 'form')?.attributes['method']).toBe('post')
  })

  it('says an error at its field and in the title, or nowhere', () => {
    const wrong = elements.filter(({ attributes }) => attributes['aria-invalid'] !== undefined)
    for (const { attributes } of wrong) expect(attributes['aria-describedby']).toContain(`${attributes['id']}-error`)
    const errors = elements.filter(({ attributes }) => attributes['class'] === 'error')
    expect(errors).toHaveLength(wrong.length)
    const alerts = elements.filter(({ attributes }) => attributes['role'] === 'alert')
    expect(allOf(elements, 'title')[0]?.text.startsWith('Error: ')).toBe(wrong.length + alerts.length > 0)
    for (const { text } of errors) expect(text).toMatch(/[.!]$/)
  })

  it('leads only to places that there are', () => {
    const places =
      /^\/(?:$|sign-(?:up|in|out)$|sign-in\/code$|verify$|reset(?:\/new)?$|account(?:\/(?:security|password|recovery-codes|totp(?:\/(?:confirm|remove))?|passkeys\/remove|sessions\/end(?:-others)?))?$|step-up$|frameworks(?:\/[^/]+)?$|documents(?:\/new|\/[^/]+(?:\/(?:comments|attachments))?)?$|attachments\/[^/]+$|admin(?:\/(?:people(?:\/[^/]+\/(?:role|rights|suspend|reset))?|audit))?$|assets\/(?:studio\.css|passkey\.js|icon\.svg)$)/
    const led = elements.flatMap(({ attributes }) => ['href', 'src', 'action'].map((at) => attributes[at] ?? '#'))
    expect(led.filter((to) => !/^(?:#|data:)/.test(to) && !places.test(to.split('?')[0] ?? ''))).toEqual([])
  })
})

describe('what comes with the address', () => {
  it('puts no words into our mouth: only a known flash is said', () => {
    for (const name of Object.keys(FLASHES)) expect(readFlash(name)).toBe(name)
    for (const other of ['constructor', '__proto__', 'toString', 'hasOwnProperty', '', 'Saved.', undefined, ['saved'], { saved: 1 }, 7])
      expect(readFlash(other)).toBeUndefined()
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readFlash(text) === undefined || Object.hasOwn(FLASHES, text)).toBe(true)
      }),
    )
  })

  it('keeps filters from page to page, whatever they hold', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 2, max: 50 }), (q, page) => {
        const html = documentsPage(
          {},
          { filter: { q, framework: '', status: 'draft' }, frameworks: [], documents: [], total: 0, page, pages: page + 1 },
        )
        const links = readHtml(html).filter(
          ({ attributes }) => attributes['rel'] !== undefined && attributes['rel'] !== 'icon' && attributes['rel'] !== 'stylesheet',
        )
        expect(links.map(({ attributes }) => attributes['rel'])).toEqual(['prev', 'next'])
        for (const [at, link] of links.entries()) {
          const { pathname, searchParams } = new URL(link.attributes['href'] ?? '', 'https://studio.example')
          expect([pathname, searchParams.get('q'), searchParams.get('status'), searchParams.get('framework')]).toEqual([
            '/documents',
            new URLSearchParams({ q }).get('q'),
            'draft',
            null,
          ])
          expect(searchParams.get('page')).toBe(String(at === 0 ? page - 1 : page + 1))
        }
      }),
    )
  })

  it('has no way to other pages when there are none', () => {
    const html = auditPage({}, { entries: [], filter: { actor: '', action: '', outcome: '' }, actors: [], page: 1, more: false })
    expect(html).not.toContain('rel="next"')
    expect(html).not.toContain('rel="prev"')
  })

  it('carries where to go next as a value, and only when there is one', () => {
    const hidden = (html: string) => readHtml(html).filter(({ attributes }) => attributes['type'] === 'hidden')
    expect(hidden(signInPage({}, {}))).toEqual([])
    expect(hidden(signInPage({}, { next: '//evil.example' }))[0]?.attributes).toMatchObject({ name: 'next', value: '//evil.example' })
  })
})

describe('small parts', () => {
  it('an id is one segment of a path, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => text !== '.' && text !== '..'),
        (id) => {
          const made = path('/documents', id, 'comments')
          expect(made.split('/')).toHaveLength(4)
          expect(decodeURIComponent(made.split('/')[2] ?? '')).toBe(id)
          expect(new URL(made, 'https://studio.example').search).toBe('')
        },
      ),
    )
  })

  it('a link that leaves the site leads nowhere', () => {
    for (const href of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '', 'a'])
      expect(localHref(href)).toBe('#')
    expect(localHref('/attachments/f_1?expires=1&signature=a-b')).toBe('/attachments/f_1?expires=1&signature=a-b')
  })

  it('counts as people do', () => {
    expect([count(0, 'document'), count(1, 'document'), count(1_204, 'document')]).toEqual(['0 documents', '1 document', '1,204 documents'])
  })

  it('a reference is shown where there is one', () => {
    expect(messagePage({}, { title: 'Nothing here', says: 'Go back.', reference: 'r-1' })).toContain('<code>r-1</code>')
    expect(messagePage({}, { title: 'Nothing here', says: 'Go back.' })).not.toContain('Reference')
  })

  it('a time that is none breaks no page', () => {
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, 8.65e15, -1]) {
      const entry = { id: 'e', at, actor: 'a', action: 'view', resource: 'document', outcome: 'success' } as const
      expect(
        auditPage({}, { entries: [entry], filter: { actor: '', action: '', outcome: '' }, actors: [], page: 1, more: false }),
      ).toContain('<tbody>')
    }
  })
})

describe('people', () => {
  it('nobody is offered to change himself, and who is suspended can be restored', () => {
    const person = { id: 'p', name: 'Olu', email: 'olu@studio.example', role: 'admin', secondFactor: true, seenAt: 0, rights: [] } as const
    const actions = (self: boolean, suspended: boolean): string[] =>
      readHtml(peoplePage({}, { people: [{ ...person, self, suspended }], frameworks: [{ id: 'f', name: 'GDPR' }] })).flatMap(
        ({ name, attributes }) => (name === 'form' ? [attributes['action'] ?? ''] : []),
      )
    expect(actions(true, false)).toEqual([])
    expect(actions(false, false)).toEqual(['rights', 'role', 'suspend', 'reset'].map((act) => `/admin/people/p/${act}`))
    expect(actions(false, true)).toEqual(actions(false, false))
  })

  it('an act that cannot be taken back is two presses away, and says what it does before the second', () => {
    const people = readHtml(SAMPLES['people']?.() ?? '')
    const dangerous = people.filter(({ name, attributes }) => name === 'form' && /\/(?:role|reset)$/.test(attributes['action'] ?? ''))
    expect(dangerous.length).toBeGreaterThan(3)
    for (const form of dangerous) {
      const fold = form.parents.at(-1)
      expect(fold?.name).toBe('details')
      expect(fold?.attributes['open']).toBeUndefined()
      expect(form.text.length).toBeGreaterThan(60)
    }
  })
})
