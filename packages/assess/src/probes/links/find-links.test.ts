import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findLinks } from './find-links.js'

fc.configureGlobal({ seed: 20_261_122 })

const HOME = 'https://app.example'
const find = (text: string): readonly string[] => findLinks(text, '/docs/1', '/files/', [HOME])

describe('signed links on a page', () => {
  it.each<[string, readonly string[]]>([
    ['<a href="/files/1?sig=a&amp;e=2">x</a>', ['/files/1?sig=a&e=2']],
    ['<img src="/files/1?sig=a"><a href="/other">x</a>', ['/files/1?sig=a']],
    ['<a href="../files/1?s=a">x</a>', ['/files/1?s=a']],
    [`<a href="${HOME}/files/1?s=a#top">x</a>`, ['/files/1?s=a']],
    ['<a href="https://evil.example/files/1?s=a">x</a>', []],
    ['<a href="/files/1?s=a">x</a><a href="/files/1?s=a">y</a>', ['/files/1?s=a']],
    ['<p>/files/1?s=a</p>', []],
    ['{"file":{"url":"/files/1?s=a"},"more":["/files/2?s=b","/x"]}', ['/files/1?s=a', '/files/2?s=b']],
    ['[1, null, "https://app.example/files/3?s=c"]', ['/files/3?s=c']],
    ['{"broken": "/files/1', []],
    ['', []],
  ])('%s', (text, links) => {
    expect(find(text)).toEqual(links)
  })

  it('are five at most, and none of another origin, whatever the page', () => {
    expect(find(Array.from({ length: 50 }, (_, i) => `<a href="/files/${i}">x</a>`).join('')).length).toBe(5)
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.webUrl(), fc.webPath(), fc.string())), (hrefs) => {
        for (const link of find(hrefs.map((href) => `<a href="${href.replaceAll('"', '')}">`).join('')))
          expect(link.startsWith('/files/')).toBe(true)
      }),
    )
  })

  it('of deep and long JSON are looked for within bounds', () => {
    expect(find(`${'['.repeat(500)}"/files/1"${']'.repeat(500)}`)).toEqual([])
    expect(find(JSON.stringify(Array.from({ length: 50_000 }, () => '/x')))).toEqual([])
  })
})
