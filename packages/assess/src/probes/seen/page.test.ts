import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { likeness, readPage, readTags, SAME, tellingWords, wordsIn } from './page.js'

const SIGN_IN =
  '<title>Sign in</title><form><label>Name <input name=n></label><input type="PASSWORD" name=p></form><script>var hidden</script>'
const DOCUMENT = '<title>Report</title><p>Quarterly figures of Northwind</p><a href="/documents/1">one</a><input value="anna@example.org">'

describe('what a page says', () => {
  it('reads title, visible words, fields and links, and no script', () => {
    const page = readPage(DOCUMENT)
    expect(page.title).toBe('Report')
    expect([...page.words]).toEqual(['report', 'quarterly', 'figures', 'northwind', 'one', 'anna@example.org'])
    expect(page.links).toEqual(['/documents/1'])
    expect(readPage(SIGN_IN).password).toBe(true)
    expect(readPage(SIGN_IN).words.has('hidden')).toBe(false)
  })

  it('leaves out hidden fields, whose tokens differ at each request', () => {
    expect(readPage('<input type=hidden value=token-123456>').words.size).toBe(0)
  })

  it('reads the words of JSON like those of a page', () => {
    expect(readPage('{"title":"Quarterly figures"}').words.has('quarterly')).toBe(true)
  })

  it('finds the same page again although a time stands in it, and tells a sign-in page from a document', () => {
    const long = 'the words of a longer page that hardly change from one request to another one'
    expect(likeness(readPage(`<p>${long} 12:01:33</p>`), readPage(`<p>${long} 12:01:59</p>`))).toBeGreaterThan(SAME)
    expect(likeness(readPage(SIGN_IN), readPage(DOCUMENT))).toBeLessThan(0.1)
    expect(likeness(readPage(''), readPage(''))).toBe(1)
  })

  it('names the words by which a page is known among others', () => {
    const telling = tellingWords(readPage(DOCUMENT), [readPage('<p>Report of one</p>')])
    expect(telling).toEqual(['quarterly', 'figures', 'northwind', 'anna@example.org'])
    expect(wordsIn(readPage('the figures'), telling)).toEqual(['figures'])
  })

  it('reads start tags with their attributes, and the text of scripts by itself', () => {
    const { tags, scripts } = readTags('<script src="/a.js"></script><b title="x&lt;y">t</b><script>let a = "<i>"</script>')
    expect(tags).toEqual([
      { name: 'script', attributes: { src: '/a.js' } },
      { name: 'b', attributes: { title: 'x<y' } },
      { name: 'script', attributes: {} },
    ])
    expect(scripts).toEqual(['', 'let a = "<i>"'])
  })

  it('throws on no text, stays within its bounds, and finds no page unlike itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[<>a-z"'= /!-]{0,200}$/)), (text) => {
        const page = readPage(text)
        expect(likeness(page, readPage(text))).toBe(1)
        expect(tellingWords(page, [page])).toEqual([])
        readTags(text)
      }),
      { seed: 5, numRuns: 300 },
    )
    expect(readTags('<a>'.repeat(9_000)).tags.length).toBe(5_000)
  })
})
