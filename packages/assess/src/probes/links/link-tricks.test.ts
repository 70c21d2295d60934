import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expiryOf, flip, linkTricks } from './link-tricks.js'

fc.configureGlobal({ seed: 20_261_122 })

const LINK = '/files/report?expires=1795337149&sig=8EDFSXyDfXO1oe4hCdVcs6JjE4ZYz0s9dstIjdUiRJs'
const OTHER = '/files/second?expires=1795337149&sig=AAAA'

describe('changes to a signed link', () => {
  const tricks = linkTricks(LINK, OTHER)
  const by = (trick: string): (typeof tricks)[number] | undefined => tricks.find((one) => one.trick === trick)

  it('touch path, method, the signature and every parameter', () => {
    expect(tricks.map(({ trick }) => trick)).toEqual([
      'no parameters at all',
      'expires changed',
      'expires left out',
      'expires emptied',
      'expires given twice, the changed one last',
      'expires given twice, the changed one first',
      'sig changed',
      'sig left out',
      'sig emptied',
      'sig given twice, the changed one last',
      'sig given twice, the changed one first',
      'sig cut to its half',
      'a parameter that nobody signed',
      'the path of another link',
      'another path',
      'POST instead of GET',
    ])
  })

  it('are what they say', () => {
    expect(by('expires changed')?.path).toBe(LINK.replace('1795337149', '1795423549'))
    expect(by('sig left out')?.path).toBe('/files/report?expires=1795337149')
    expect(by('sig cut to its half')?.path).toMatch(/&sig=8EDFSXyDfXO1oe4hCdVcs$/)
    expect(by('the path of another link')?.path).toBe(LINK.replace('report', 'second'))
    expect(by('a parameter that nobody signed')?.path).toBe(`${LINK}&parapet=1`)
    expect(by('POST instead of GET')).toMatchObject({ method: 'POST', path: LINK })
  })

  it('weigh the signature, the time and the path more than the rest', () => {
    const weights = linkTricks('/f/1?size=big&expires=1795337149&sig=abcdefghijkl').map(({ trick, weight }) => [trick, weight])
    expect(weights).toEqual(
      expect.arrayContaining([
        ['size changed', 'plain'],
        ['expires changed', 'grave'],
        ['sig changed', 'grave'],
        ['another path', 'grave'],
        ['a parameter that nobody signed', 'slight'],
      ]),
    )
  })

  it('never are the link itself, and never the same twice', () => {
    const part = fc.stringMatching(/^[\w.~%-]{0,12}$/)
    fc.assert(
      fc.property(part, fc.array(fc.tuple(part, part), { maxLength: 5 }), (id, pairs) => {
        const link = `/f/${id}${pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`}`
        const paths = linkTricks(link, '/f/other').map(({ method, path }) => `${method} ${path}`)
        expect(paths).not.toContain(`GET ${link}`)
        expect(new Set(paths).size).toBe(paths.length)
      }),
    )
  })

  it('are bounded for a link with very many parameters', () => {
    const long = `/f?${Array.from({ length: 5_000 }, (_, i) => `p${i}=${i}`).join('&')}`
    expect(linkTricks(long).length).toBeLessThan(130)
  })
})

describe('one character changed', () => {
  it.each([
    ['abc', 'acc'],
    ['a9c', 'a8c'],
    ['ffff', 'ffef'],
    ['Zz', 'Zy'],
    ['%2F%2f', '%2F%2fx'],
    ['a%2Fb', 'a%2Fc'],
    ['', 'x'],
    ['--', '--x'],
  ])('%s becomes %s', (text, changed) => {
    expect(flip(text)).toBe(changed)
  })

  it('is always another text of letters where there were letters', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\da-f]{1,40}$/), (text) => {
        expect(flip(text)).not.toBe(text)
        expect(flip(text)).toMatch(/^[\da-f]+$/)
      }),
    )
  })
})

describe('the end of a link', () => {
  it.each<[string, number | undefined]>([
    [LINK, 1_795_337_149_000],
    ['/f?e=1795337149123', 1_795_337_149_123],
    ['/f?id=17&sig=x', undefined],
    ['/f?phone=0123456789', undefined],
    ['/f', undefined],
  ])('%s', (link, end) => {
    expect(expiryOf(link)).toBe(end)
  })
})
