import type { Store } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createKnownPlaces } from './known-places.js'
import { createNotices, judgeNotice, NO_NOTICES, type NoticesOptions } from './notices.js'
import { administratorsMail, TEMPLATES, userMail } from './templates.js'
import type { Notice, NoticeKind, Notices } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const KINDS = Object.keys(TEMPLATES) as NoticeKind[]
const FRAME = { site: 'Example', accountUrl: 'https://app.example/account' }
const AT = Date.UTC(2026, 10, 22, 4, 5, 6)

const setup = (over: Partial<NoticesOptions> = {}): { notices: Notices; sent: Notice[]; advance: (ms: number) => void } => {
  let now = AT
  const sent: Notice[] = []
  const notices = createNotices({
    onNotice: (notice) => sent.push(notice),
    site: 'Example',
    clock: () => now,
    administrators: false,
    ...over,
  })
  return {
    notices,
    sent,
    advance: (ms) => {
      now += ms
    },
  }
}

describe('the mail of a notice', () => {
  it.each(KINDS)('%s says what happened, when and what to do, the same in text and in HTML [ASVS 6.3.7]', (kind) => {
    const mail = userMail({ kind, subject: 'u1', at: AT, address: '203.0.113.7', userAgent: 'Firefox', country: 'DE' }, FRAME)
    expect(mail.subject).toMatch(/^[\x20-\x7e]{10,80}$/)
    expect(mail.subject).not.toContain('{')
    for (const part of [TEMPLATES[kind].said, TEMPLATES[kind].advice]) expect(mail.text).toContain(part.replaceAll('{site}', 'Example'))
    expect(mail.text).toContain('2026-11-22 04:05 UTC')
    expect(mail.text).toMatch(/Address: +203\.0\.113\.7/)
    const shown = mail.html.replaceAll(/<[^>]+>/g, ' ')
    for (const word of ['203.0.113.7', 'Firefox', 'DE', '2026-11-22 04:05 UTC']) expect(shown).toContain(word)
    expect(mail.text).not.toContain('undefined')
  })

  it('has one link, the configured one, whatever came in', () => {
    const hostile = 'https://evil.example/ www.evil.example a@evil.example'
    for (const kind of KINDS) {
      const mail = userMail(
        { kind, subject: hostile, at: AT, address: hostile, userAgent: hostile, country: hostile, detail: hostile },
        FRAME,
      )
      expect(mail.html.match(/href="[^"]*"/g)).toEqual(['href="https://app.example/account"'])
      expect(mail.text.match(/\w+:\/\/\S+/g)).toEqual(['https://app.example/account'])
      expect(mail.text).not.toMatch(/www\.evil|@evil/i)
      expect(userMail({ kind, subject: 'u1', at: AT }, { ...FRAME, accountUrl: undefined }).html).not.toContain('href')
    }
  })

  it('keeps its shape whatever an attacker calls himself: no markup, no new line, no terminal code [ASVS 1.2.1, 1.3.11]', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 400 }),
          fc.string({ unit: 'binary', maxLength: 100 }),
          fc.constant('</td><script>x</script>\r\nBcc: all@x'),
        ),
        (text) => {
          const mail = userMail({ kind: 'new_device', subject: text, at: AT, address: text, userAgent: text, detail: text }, FRAME)
          expect(mail.html.match(/<(?!\/)/g)?.length).toBe(
            userMail({ kind: 'new_device', subject: 'a', at: AT, address: 'a', userAgent: 'a', detail: 'a' }, FRAME).html.match(/<(?!\/)/g)
              ?.length,
          )
          expect(mail.text.split('\n').length).toBe(
            userMail({ kind: 'new_device', subject: 'a', at: AT, address: 'a', userAgent: 'a', detail: 'a' }, FRAME).text.split('\n')
              .length,
          )
          // oxlint-disable-next-line no-control-regex -- these are what is looked for
          expect(mail.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
          expect(mail.subject).toBe('New sign-in to Example')
        },
      ),
    )
  })

  it('names nobody to the owner, and the account to administrators where they are told', () => {
    const input = { kind: 'session_hijack', subject: 'anna', at: AT } as const
    expect(userMail(input, FRAME).text).not.toContain('anna')
    const second = administratorsMail(input, FRAME)
    expect(second?.text).toMatch(/Account: +anna/)
    expect(second?.subject).toMatch(/^\[Example\] A session of this account/)
    expect(administratorsMail({ ...input, kind: 'new_device' }, FRAME)).toBeUndefined()
  })

  it('keeps a site name with $ signs as it is', () => {
    expect(userMail({ kind: 'new_device', subject: 'u', at: AT }, { site: '$& $1', accountUrl: undefined }).subject).toBe(
      'New sign-in to $& $1',
    )
  })

  it('of an odd time says so', () => {
    expect(userMail({ kind: 'new_device', subject: 'u', at: Number.NaN }, FRAME).text).toContain('unknown')
  })
})

describe('notices', () => {
  it('go to the owner, and to administrators where it matters', () => {
    const { notices, sent } = setup({ administrators: true })
    expect(notices.tell({ kind: 'session_hijack', subject: 'anna' })).toEqual({ kind: 'sent', notices: 2 })
    expect(sent.map(({ audience, subject }) => [audience, subject])).toEqual([
      ['user', 'anna'],
      ['administrators', 'anna'],
    ])
    expect(notices.tell({ kind: 'new_device', subject: 'anna' })).toEqual({ kind: 'sent', notices: 1 })
  })

  it('of the same act by somebody else are told of, and of what strangers cause are not told again for another address', () => {
    const { notices } = setup()
    const tell = (kind: 'new_device' | 'password_changed' | 'locked_out', address: string, userAgent = 'a'): string =>
      notices.tell({ kind, subject: 'anna', address, userAgent }).kind
    for (const kind of ['new_device', 'password_changed'] as const)
      expect([tell(kind, '192.0.2.1'), tell(kind, '192.0.2.1'), tell(kind, '203.0.113.66'), tell(kind, '192.0.2.1', 'b')]).toEqual([
        'sent',
        'held',
        'sent',
        'sent',
      ])
    expect([tell('locked_out', '192.0.2.1'), tell('locked_out', '203.0.113.66')]).toEqual(['sent', 'held'])
  })

  it('that repeat are held back for ten minutes, and counted in the next one', () => {
    const { notices, sent, advance } = setup()
    notices.tell({ kind: 'new_device', subject: 'anna' })
    for (let i = 0; i < 5; i++) expect(notices.tell({ kind: 'new_device', subject: 'anna' })).toEqual({ kind: 'held', reason: 'repeated' })
    expect(notices.tell({ kind: 'new_device', subject: 'bert' }).kind).toBe('sent')
    advance(10 * 60_000)
    notices.tell({ kind: 'new_device', subject: 'anna' })
    expect(sent.filter(({ subject }) => subject === 'anna').map(({ held }) => held)).toEqual([0, 5])
    expect(notices.stats()).toEqual({ sent: 3, held: 5, failed: 0 })
  })

  it('about different things are different notices', () => {
    const { notices, sent } = setup()
    for (const detail of ['phone', 'laptop', 'phone']) notices.tell({ kind: 'factor_added', subject: 'anna', detail })
    expect(sent).toHaveLength(2)
  })

  it('that a stranger can cause neither fill the mailbox nor crowd out what the owner must know', () => {
    const { notices, sent, advance } = setup({ repeatMs: 0 })
    for (let i = 0; i < 100; i++) {
      notices.tell({ kind: 'locked_out', subject: 'anna', detail: String(i) })
      notices.tell({ kind: 'reset_requested', subject: 'anna', detail: String(i) })
      advance(1_000)
    }
    expect(sent).toHaveLength(3)
    expect(notices.tell({ kind: 'password_changed', subject: 'anna' }).kind).toBe('sent')
    advance(3_600_000)
    expect(notices.tell({ kind: 'locked_out', subject: 'anna' }).kind).toBe('sent')
  })

  it('never exceed their budgets in any hour, however they come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ wait: fc.integer({ min: 0, max: 900_000 }), kind: fc.constantFrom(...KINDS) }), { maxLength: 120 }),
        (steps) => {
          const { notices, sent, advance } = setup({ repeatMs: 0, strangersPerHour: 2, ownPerHour: 4 })
          let now = AT
          for (const { wait, kind } of steps) {
            advance(wait)
            now += wait
            notices.tell({ kind, subject: 'anna', detail: String(now) })
          }
          const strangers = new Set(['locked_out', 'reset_requested'])
          for (const [mine, most] of [
            [sent.filter(({ kind }) => strangers.has(kind)), 2],
            [sent.filter(({ kind }) => !strangers.has(kind)), 4],
          ] as const)
            for (const { at } of mine)
              expect(mine.filter((other) => other.at > at - 3_600_000 && other.at <= at).length).toBeLessThanOrEqual(most)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('whose sending fails break nothing, and are counted', async () => {
    const broken = setup({
      onNotice: () => {
        throw new Error('no mail')
      },
    })
    expect(broken.notices.tell({ kind: 'new_device', subject: 'anna' }).kind).toBe('sent')
    const late = setup({ onNotice: async () => Promise.reject(new Error('no mail')) })
    late.notices.tell({ kind: 'new_device', subject: 'anna' })
    await new Promise((resolve) => setImmediate(resolve))
    expect([broken.notices.stats().failed, late.notices.stats().failed]).toEqual([1, 1])
  })

  it('of nobody, or of a kind that there is not, are none', () => {
    const { notices, sent } = setup()
    notices.tell({ kind: 'new_device', subject: '' })
    notices.tell({ kind: '__proto__' as NoticeKind, subject: 'anna' })
    notices.tell({ kind: 'toString' as NoticeKind, subject: 'anna' })
    expect(sent).toEqual([])
  })

  it('trap: `__proto__` as key: an account of that name is one like any other [ASVS 15.3.6]', () => {
    const { notices, sent } = setup()
    notices.tell({ kind: 'new_device', subject: '__proto__' })
    notices.tell({ kind: 'new_device', subject: 'constructor' })
    notices.tell({ kind: 'new_device', subject: '__proto__' })
    expect(sent.map(({ subject }) => subject)).toEqual(['__proto__', 'constructor'])
  })

  it('of very many accounts are remembered within bounds', () => {
    const { notices, sent } = setup()
    for (let i = 0; i < 25_000; i++) notices.tell({ kind: 'new_device', subject: `u${i}` })
    expect(sent).toHaveLength(25_000)
    expect(notices.tell({ kind: 'new_device', subject: 'u24999' }).kind).toBe('held')
    // the oldest was forgotten, so that it is told anew
    expect(notices.tell({ kind: 'new_device', subject: 'u0' }).kind).toBe('sent')
  })

  it('are judged by what was sent, and by nothing else', () => {
    const bounds = { repeatMs: 1_000, strangersPerHour: 1, ownPerHour: 1 }
    const sent = [{ kind: 'locked_out', what: '', at: 0 }] as const
    expect(judgeNotice(sent, 500, { kind: 'locked_out', what: '' }, bounds)).toBe('repeated')
    expect(judgeNotice(sent, 1_000, { kind: 'locked_out', what: '' }, bounds)).toBe('limited')
    expect(judgeNotice(sent, 500, { kind: 'new_device', what: '' }, bounds)).toBe('send')
    expect(judgeNotice(sent, 3_600_000, { kind: 'locked_out', what: '' }, bounds)).toBe('send')
  })

  it('without anybody who sends them are nothing', () => {
    expect(NO_NOTICES.tell({ kind: 'new_device', subject: 'anna' }).kind).toBe('held')
    expect(NO_NOTICES.stats()).toEqual({ sent: 0, held: 0, failed: 0 })
  })
})

describe('options', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ onNotice: undefined }, 'notices.onNotice'],
    [{ site: 'a\nBcc: x' }, 'notices.site'],
    [{ site: '' }, 'notices.site'],
    [{ accountUrl: '/account' }, 'notices.accountUrl'],
    [{ accountUrl: 'http://app.example/' }, 'notices.accountUrl'],
    [{ accountUrl: 'https://a:b@app.example/' }, 'notices.accountUrl'],
    [{ accountUrl: 'javascript:alert(1)' }, 'notices.accountUrl'],
    [{ repeatMs: -1 }, 'notices.repeatMs'],
    [{ strangersPerHour: 0 }, 'notices.strangersPerHour'],
    [{ administrators: 'yes' }, 'notices.administrators'],
    [{ adminstrators: true }, 'no option "adminstrators"'],
  ])('%j are refused by name', (over, message) => {
    expect(() => createNotices({ onNotice: () => undefined, ...over })).toThrow(message)
  })

  it('take a link to this machine in development', () => {
    expect(() => createNotices({ onNotice: () => undefined, accountUrl: 'http://localhost:3000/account' })).not.toThrow()
  })
})

describe('the countries of an account', () => {
  it('are new once, and the first one never', async () => {
    const places = createKnownPlaces(memoryStore())
    const seen: boolean[] = []
    for (const country of ['DE', 'DE', 'FR', 'DE', 'FR', 'US']) seen.push(await places.isNew('anna', country))
    expect(seen).toEqual([false, false, true, false, false, true])
    expect(await places.isNew('bert', 'US')).toBe(false)
  })

  it('are remembered within bounds, the one seen last longest', async () => {
    const places = createKnownPlaces(memoryStore())
    for (let i = 0; i < 60; i++) await places.isNew('anna', `C${i}`)
    expect(await places.isNew('anna', 'C59')).toBe(false)
    expect(await places.isNew('anna', 'C0')).toBe(true)
  })

  it('noted at the same time are all kept', async () => {
    const places = createKnownPlaces(memoryStore())
    await Promise.all(['A', 'B', 'C'].map((country) => places.isNew('anna', country)))
    for (const country of ['A', 'B', 'C']) expect(await places.isNew('anna', country)).toBe(false)
  })

  it('are not guessed when the store is away', async () => {
    const down = async (): Promise<never> => Promise.reject(new Error('down'))
    const store: Store = { read: down, write: down, remove: down, list: down, removeGroup: down }
    await expect(createKnownPlaces(store).isNew('anna', 'DE')).rejects.toThrow('down')
  })
})
