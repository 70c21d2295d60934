import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { Parser } from 'htmlparser2'
import { describe, expect, it } from 'vitest'
import { fullReport, reportOf, sampleProbe } from '../fixtures/sample-report.js'
import { renderHtml } from './html.js'

/** Names of the elements and attributes of a page, as a browser would read it. */
const readPage = (html: string): { readonly elements: Set<string>; readonly attributes: Set<string>; readonly text: string } => {
  const elements = new Set<string>()
  const attributes = new Set<string>()
  let text = ''
  const parser = new Parser({
    onopentag: (name, given) => {
      elements.add(name)
      for (const attribute of Object.keys(given)) attributes.add(attribute)
    },
    ontext: (part) => (text += part),
  })
  parser.end(html)
  return { elements, attributes, text }
}

const ATTRIBUTES = ['aria-hidden', 'charset', 'class', 'content', 'http-equiv', 'lang', 'name', 'scope']

describe('the report page', () => {
  it('has no script, no link and nothing to load, whatever a target has sent', () => {
    const page = renderHtml(fullReport())
    const { elements, attributes } = readPage(page)
    for (const name of ['script', 'img', 'iframe', 'object', 'link', 'a', 'form', 'base', 'svg']) expect(elements).not.toContain(name)
    expect([...attributes].toSorted()).toEqual(ATTRIBUTES)
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  })

  it('allows by its own policy nothing but its style, whose hash is right', () => {
    const page = renderHtml(fullReport())
    const style = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? ''
    const policy = /content="(default-src[^"]*)"/.exec(page)?.[1]?.replaceAll('&#39;', "'")
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`,
    )
  })

  it('shows what acts or hides in text as escapes', () => {
    const page = renderHtml(fullReport())
    for (const character of ['\u202e', '\u001b']) expect(page).not.toContain(character)
    expect(page).toContain('\\u202e')
  })

  it('makes no markup of any text of a target', () => {
    const plain = readPage(
      renderHtml(reportOf([[sampleProbe('x'), [{ verdict: 'fail', locator: 'l', says: 's', evidence: [] }]]])),
    ).elements
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom('<', '>', '"', "'", '&', '/', '!--', '<script', '</style>', ']]>', '<b', '=', ' ', 'x', '\u2028', '\ud800'),
          { maxLength: 40 },
        ),
        (parts) => {
          const text = parts.join('')
          const report = reportOf([[sampleProbe('x'), [{ verdict: 'fail', locator: text, says: text, evidence: [] }]]])
          expect(readPage(renderHtml({ ...report, target: text })).elements).toEqual(plain)
        },
      ),
      { seed: 21, numRuns: 60 },
    )
  })

  it('says severity by shape and word, and what was not judged beside what was found', () => {
    const { text } = readPage(renderHtml(fullReport()))
    for (const word of ['◆ critical', '▲ high', '■ medium', '● low', '○ info', 'Without a statement', 'Not tried', 'Held'])
      expect(text).toContain(word)
    // two probes that miss the same are one thing to do
    expect(text).toContain('cross-user-object, sequential-ids')
    expect(text).toContain('not declared: objects, accounts.b')
  })

  it.each([
    [
      'nothing found',
      reportOf([[sampleProbe('x'), [{ verdict: 'pass', locator: 'l', control: 'c' }]]]),
      'Nothing found',
      'Every probe made its statement.',
    ],
    ['nothing tried', reportOf([[sampleProbe('x'), { skipped: 'not declared' }]]), 'Nothing found in what could be judged', 'may be there'],
    [
      'a target that is away',
      reportOf([], { stopped: { state: 'failed', reason: 'it hangs' } }),
      'The target could not be judged',
      'it hangs',
    ],
  ])('does not look better than it is: %s', (_name, report, title, reason) => {
    const page = renderHtml(report)
    expect(page).toContain(`<h1>${title}</h1>`)
    expect(readPage(page).text).toContain(reason)
  })
})
