import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeHtml, escapeMrkdwn, oneLine, severalLines, withoutLinks } from './words.js'

const SEED = { seed: 20_261_122, numRuns: 200 }

describe('words from elsewhere', () => {
  it('are one line without controls, turned writing and what nobody sees', () => {
    expect(oneLine(' a\r\nBcc: x@y.example\tb ', 100)).toBe('a Bcc: x@y.example b')
    expect(oneLine('ad\u202Enim\u0000\u200B\u2066\u{E0041}', 100)).toBe('adnim')
    expect(oneLine('\uD800half', 100)).toBe('half')
  })

  it('keep their lines where lines are kept, however they are ended', () => {
    expect(severalLines('a\r\nb\rc\nd\u0007', 100)).toBe('a\nb\nc\nd')
  })

  it('are cut by letters, so that no letter is halved', () => {
    expect(oneLine('😀'.repeat(10), 4)).toBe('😀😀😀…')
    expect(severalLines('😀'.repeat(10), 4)).toBe('😀😀😀…')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (text, most) => {
        for (const cut of [oneLine(text, most), severalLines(text, most)]) {
          expect(Array.from(cut).length).toBeLessThanOrEqual(most)
          expect(cut).not.toMatch(/[\p{Cs}\0\u202E]/u)
        }
        expect(oneLine(text, most)).not.toMatch(/[\r\n]/)
      }),
      SEED,
    )
  })
})

describe('what a mail program or a chat would make a link of', () => {
  it.each([
    ['https://evil.example/login?x=1', 'https[:]//evil[.]example/login?x=1'],
    ['www.evil.example', 'www[.]evil[.]example'],
    ['evil.example', 'evil[.]example'],
    ['evil。example', 'evil[.]example'],
    ['ann@example.org', 'ann[@]example[.]org'],
    ['mailto:ann', 'mailto[:]ann'],
    ['TEL:+4930', 'TEL[:]+4930'],
    ['javascript:alert(1)', 'javascript[:]alert(1)'],
    ['xn--e1afmkfd.xn--p1ai', 'xn--e1afmkfd[.]xn--p1ai'],
  ])('%s is none any more', (text, made) => {
    expect(withoutLinks(text)).toBe(made)
  })

  it.each(['203.0.113.7', '2001:db8:abcd:ef01::1', '12 tries in 1.5 s. Then it ended.', 'at 12:30', 'rule: text'])(
    '%s is no link and stays',
    (text) => {
      expect(withoutLinks(text)).toBe(text)
    },
  )

  it('is none in any text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('https://', 'a.b', 'www.', '@', '.', 'x', '/', ':', ' ', 'mailto:', 'é', '1'), { maxLength: 30 }),
        (parts) => {
          const made = withoutLinks(parts.join(''))
          expect(made).not.toContain('://')
          expect(made).not.toMatch(/[\p{L}\p{N}]\.\p{L}/u)
          expect(made.replaceAll('[@]', '')).not.toContain('@')
          expect(made).not.toMatch(/mailto:\S/i)
        },
      ),
      SEED,
    )
  })
})

describe('escaping', () => {
  it('leaves no letter of HTML, and gives the text back to who reads it', () => {
    expect(escapeHtml(`<a href="x" b='y'>&`)).toBe('&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;')
    fc.assert(
      fc.property(fc.string(), (text) => {
        const made = escapeHtml(text)
        expect(made).not.toMatch(/[<>"']/)
        const back = made
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&quot;', '"')
          .replaceAll('&#39;', "'")
          .replaceAll('&amp;', '&')
        expect(back).toBe(text)
      }),
      SEED,
    )
  })

  it('leaves Slack no mention and no link', () => {
    expect(escapeMrkdwn('<!channel> <https://evil.example|Slack> & <@U1>')).toBe(
      '&lt;!channel&gt; &lt;https://evil.example|Slack&gt; &amp; &lt;@U1&gt;',
    )
  })
})
