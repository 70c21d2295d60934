import { HOUR, MINUTE } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createNotices, judgeNotice, type NoticesOptions } from './notices.js'
import { administratorsMail, TEMPLATES, userMail } from './templates.js'
import type { Notice, NoticeKind } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const START = Date.UTC(2026, 10, 22, 4, 5, 6)
const KINDS = Object.keys(TEMPLATES) as NoticeKind[]
const FRAME = { site: 'Example', accountUrl: 'https://app.example/account' }
const BOUNDS = { repeatMs: 10 * MINUTE, strangersPerHour: 3, ownPerHour: 20 }

const setup = (options: Partial<NoticesOptions> = {}) => {
  let now = START
  const sent: Notice[] = []
  const notices = createNotices({ onNotice: (notice) => sent.push(notice), administrators: false, clock: () => now, ...options })
  return {
    notices,
    sent,
    tell: (kind: NoticeKind, detail?: string, subject = 'anna') => notices.tell({ kind, subject, detail }),
    at: (ms: number) => {
      now = START + ms
    },
  }
}

describe('a clock that is set back', () => {
  it.each([-MINUTE * 61, -24 * HOUR, -366 * 24 * HOUR])('by %i ms holds no notice back: the owner hears of what happens now', (ms) => {
    const s = setup()
    expect(s.tell('password_changed').kind).toBe('sent')
    for (let i = 0; i < 25; i++) s.tell('factor_removed', String(i))
    for (let i = 0; i < 5; i++) s.tell('locked_out', String(i))
    s.at(ms)
    for (const kind of ['password_changed', 'factor_removed', 'locked_out'] as const) expect(s.tell(kind).kind).toBe('sent')
  })

  it('by less than an hour does not empty the budget of strangers', () => {
    const s = setup()
    for (let i = 0; i < 3; i++) expect(s.tell('locked_out', String(i)).kind).toBe('sent')
    s.at(-30 * MINUTE)
    expect(s.tell('locked_out', 'more')).toEqual({ kind: 'held', reason: 'limited' })
    // and no jump to and fro sends more than one budget for each side of the hour
    let passed = 0
    for (let i = 0; i < 50; i++) {
      s.at(i % 2 === 0 ? -30 * MINUTE : 0)
      if (s.tell('locked_out', `again ${i}`).kind === 'sent') passed++
    }
    expect(passed).toBe(0)
  })
})

describe('the windows of notices', () => {
  it('for equal ones end to the millisecond', () => {
    for (const repeatMs of [MINUTE, 10 * MINUTE, HOUR - 1]) {
      const s = setup({ repeatMs })
      s.tell('new_device', 'phone')
      s.at(repeatMs - 1)
      expect(s.tell('new_device', 'phone')).toEqual({ kind: 'held', reason: 'repeated' })
      s.at(repeatMs)
      expect(s.tell('new_device', 'phone').kind).toBe('sent')
    }
  })

  it('for the budgets end to the millisecond, each by its own', () => {
    const s = setup({ strangersPerHour: 1, ownPerHour: 2 })
    expect([s.tell('locked_out'), s.tell('new_device', '1'), s.tell('new_device', '2'), s.tell('new_device', '3')].map(({ kind }) => kind)).toEqual(['sent', 'sent', 'sent', 'held']) // prettier-ignore
    s.at(HOUR - 1)
    expect([s.tell('reset_requested').kind, s.tell('suspended').kind]).toEqual(['held', 'held'])
    s.at(HOUR)
    expect([s.tell('reset_requested').kind, s.tell('suspended').kind]).toEqual(['sent', 'sent'])
  })

  it('for what strangers cause never hold what the owner must know, nor the other way round', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...KINDS), { maxLength: 60 }), (kinds) => {
        const s = setup({ repeatMs: MINUTE })
        kinds.forEach((kind, i) => s.tell(kind, String(i)))
        const strange = s.sent.filter(({ kind }) => kind === 'locked_out' || kind === 'reset_requested').length
        const asked = kinds.filter((kind) => kind === 'locked_out' || kind === 'reset_requested').length
        expect([strange, s.sent.length - strange]).toEqual([Math.min(3, asked), Math.min(20, kinds.length - asked)])
      }),
    )
  })

  it('say how many were held, once, in the next one that goes out', () => {
    const s = setup()
    s.tell('locked_out')
    for (let i = 0; i < 7; i++) s.tell('locked_out')
    s.at(HOUR)
    s.tell('locked_out')
    s.at(2 * HOUR)
    s.tell('locked_out')
    expect(s.sent.map(({ held }) => held)).toEqual([0, 7, 0])
    expect(s.notices.stats()).toEqual({ sent: 3, held: 7, failed: 0 })
  })

  it('are judged by kind and detail together: neither can be written so that it passes for another', () => {
    const sent = [{ kind: 'new_device', what: 'a', at: START }] as const
    expect(judgeNotice(sent, START, { kind: 'new_device', what: 'a' }, BOUNDS)).toBe('repeated')
    expect(judgeNotice(sent, START, { kind: 'new_device', what: 'b' }, BOUNDS)).toBe('send')
    expect(judgeNotice(sent, START, { kind: 'new_country', what: 'a' }, BOUNDS)).toBe('send')
    expect(judgeNotice([], START, { kind: 'new_device', what: '' }, BOUNDS)).toBe('send')
  })

  it('are kept apart by account, whatever accounts are called', () => {
    const s = setup({ strangersPerHour: 1 })
    for (const subject of ['anna', 'Anna', 'anna ', 'anna\u0000', '__proto__', 'constructor', 'x'.repeat(10_000)]) {
      expect(s.tell('locked_out', undefined, subject).kind).toBe('sent')
      expect(s.tell('locked_out', 'more', subject)).toEqual({ kind: 'held', reason: 'limited' })
    }
  })
})

describe('what a stranger writes into a mail', () => {
  const shown = (detail: string): string =>
    /Detail: +(.*)/.exec(userMail({ kind: 'factor_added', subject: 'u', at: START, detail }, FRAME).text)?.[1] ?? ''

  it.each([
    ['evil.example/reset', 'evil .example/reset'],
    ['go to EVIL.Example now', 'go to EVIL .Example now'],
    ['//evil.example', '//evil .example'],
    ['a.b.c.evil.example', 'a .b .c .evil .example'],
    ['xn--80ak6aa92e.xn--p1ai', 'xn--80ak6aa92e .xn--p1ai'],
    ['\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444', '\u043f\u0440\u0438\u043c\u0435\u0440 .\u0440\u0444'],
    ['evil\u3002example', 'evil \u3002example'],
    ['evil\uff0eexample', 'evil \uff0eexample'],
    // what is no link stays readable
    ['Firefox/130.0 (X11; rv:130.0)', 'Firefox/130.0 (X11; rv:130.0)'],
    ['203.0.113.7', '203.0.113.7'],
    ['My phone. The old one', 'My phone. The old one'],
  ])('%j is shown as %j: mail programs make links of less', (given, expected) => {
    expect(shown(given)).toBe(expected)
  })

  it('makes no link in any field of any mail, to the owner or to administrators', () => {
    const label = fc.stringMatching(/^[a-z\d]([a-z\d-]{0,8}[a-z\d])?$/)
    const scheme = fc.constantFrom('', 'http://', 'HTTPS://', '//', 'www.', 'mailto:', 'a@', '.', ' ')
    const end = fc.constantFrom('com', 'example', 'xn--p1ai', 'app', 'co.uk')
    fc.assert(
      fc.property(
        fc.constantFrom(...KINDS),
        scheme,
        label,
        end,
        fc.constantFrom('', '/reset', ':8443/x', '?a=b'),
        (kind, before, name, tld, rest) => {
          const hostile = `${before}${name}.${tld}${rest}`
          const input = { kind, subject: hostile, at: START, address: hostile, country: hostile, userAgent: hostile, detail: hostile }
          const mails = [userMail(input, { ...FRAME, accountUrl: undefined }), administratorsMail(input, FRAME)]
          for (const mail of mails)
            for (const part of [mail?.subject, mail?.text, mail?.html].filter((one) => one !== undefined))
              expect(part).not.toMatch(/:\/\/\w|\w@\w|www\.\w|[a-z\d]\.(?:com|example|xn--p1ai|app|co|uk)\b/i)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('holds no control character, no line break and no direction of writing, whatever it is [ASVS 1.3.11]', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), fc.string({ unit: 'binary', maxLength: 200 }), (kind, text) => {
        const input = { kind, subject: text, at: START, address: text, country: text, userAgent: text, detail: text }
        for (const mail of [userMail(input, FRAME), administratorsMail(input, FRAME)])
          for (const part of [mail?.subject, mail?.text.replaceAll('\n', ''), mail?.html].filter((one) => one !== undefined)) {
            expect(part).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
            expect(Buffer.from(part).toString()).toBe(part)
          }
      }),
      { numRuns: 150 },
    )
  })

  it('says the same in the text and in HTML', () => {
    const read = (html: string): string => html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&') // prettier-ignore
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (detail) => {
        const { html } = userMail({ kind: 'factor_added', subject: 'u', at: START, detail }, FRAME)
        expect(read(/Detail<\/th><td>(.*?)<\/td>/s.exec(html)?.[1] ?? 'none')).toBe(shown(detail))
      }),
    )
  })
})

describe('who sends notices', () => {
  it('may fail in any way: it is counted, and what happened goes on', async () => {
    const ways: readonly (() => unknown)[] = [
      () => {
        throw new Error('down')
      },
      () => Promise.reject(new Error('down')),
      async () => {
        throw null
      },
    ]
    for (const onNotice of ways) {
      const { notices } = setup({ onNotice, administrators: true })
      expect(notices.tell({ kind: 'suspended', subject: 'anna' })).toEqual({ kind: 'sent', notices: 2 })
      await new Promise((resolve) => setImmediate(resolve))
      expect(notices.stats()).toEqual({ sent: 2, held: 0, failed: 2 })
    }
  })

  it('may answer anything that is no promise', () => {
    for (const answer of [undefined, null, false, 0, '', { ok: true }]) {
      const { notices } = setup({ onNotice: () => answer })
      expect(notices.tell({ kind: 'new_device', subject: 'anna' }).kind).toBe('sent')
      expect(notices.stats().failed).toBe(0)
    }
  })

  it('hears nothing of kinds that are names of something else', () => {
    const s = setup()
    for (const kind of ['__proto__', 'constructor', 'toString', '', 'NEW_DEVICE', 'hasOwnProperty'])
      expect(s.tell(kind as NoticeKind)).toEqual({ kind: 'held', reason: 'limited' })
    expect(s.sent).toEqual([])
  })
})
