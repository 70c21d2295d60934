import { describe, expect, it } from 'vitest'
import { administratorsMail, TEMPLATES, userMail } from './templates.js'
import type { NoticeKind } from './types.js'

const AT = Date.UTC(2026, 10, 22, 23, 59, 59)
const FRAME = { site: 'Example Shop', accountUrl: 'https://shop.example/account' }

describe('the subject of each mail', () => {
  it.each<[NoticeKind, string, string | undefined]>([
    ['new_device', 'New sign-in to Example Shop', undefined],
    ['new_country', 'Sign-in to Example Shop from another country', undefined],
    ['password_changed', 'Your password for Example Shop was changed', undefined],
    ['mail_changed', 'Your mail address for Example Shop was changed', undefined],
    ['factor_added', 'A second factor was added on Example Shop', undefined],
    ['factor_removed', 'A second factor was removed on Example Shop', '[Example Shop] A second factor of this account was removed'],
    [
      'locked_out',
      'Too many failed sign-ins to Example Shop',
      '[Example Shop] Sign-in to this account is locked on unknown devices after too many failures',
    ],
    ['session_revoked', 'A session on Example Shop was ended', undefined],
    [
      'session_hijack',
      'A session on Example Shop may have been stolen',
      '[Example Shop] A session of this account was used in a way that does not look like its owner',
    ],
    ['reset_requested', 'A new password for Example Shop was asked for', undefined],
    ['recovery_code_used', 'A recovery code for Example Shop was used', '[Example Shop] A recovery code of this account was used'],
    ['suspended', 'Your account on Example Shop was suspended', '[Example Shop] This account was suspended'],
  ])('%s', (kind, user, administrators) => {
    expect(userMail({ kind, subject: 'u1', at: AT }, FRAME).subject).toBe(user)
    expect(administratorsMail({ kind, subject: 'u1', at: AT }, FRAME)?.subject).toBe(administrators)
  })

  it('there is one for every kind', () => {
    expect(Object.keys(TEMPLATES)).toHaveLength(12)
  })
})

describe('the text of a mail', () => {
  it('reads as a letter: what happened, the facts, what to do, and the one link', () => {
    const { text } = userMail(
      { kind: 'new_device', subject: 'u1', at: AT, address: '203.0.113.7', country: 'DE', userAgent: 'Firefox on Windows' },
      FRAME,
    )
    expect(text).toBe(`Somebody signed in to your account on Example Shop from a device that we have not seen before.

When:    2026-11-22 23:59 UTC
Address: 203.0.113.7
Country: DE
Browser: Firefox on Windows

If this was not you, change your password now and sign out your other sessions.

Your account: https://shop.example/account
`)
  })

  it('says only what is known', () => {
    const { text } = userMail({ kind: 'factor_added', subject: 'u1', at: AT, detail: 'my phone' }, { site: 'S', accountUrl: undefined })
    expect(text).toBe(`A second factor was added to your account on S.

When:   2026-11-22 23:59 UTC
Detail: my phone

If this was not you, contact the operator of S now.
`)
  })

  it('to administrators names the account and where to look, and has no link to click', () => {
    const mail = administratorsMail({ kind: 'locked_out', subject: 'anna@example.org', at: AT, address: '203.0.113.7' }, FRAME)
    expect(mail?.text).toBe(`Sign-in to this account is locked on unknown devices after too many failures.

Account: anna (at) example .org
When:    2026-11-22 23:59 UTC
Address: 203.0.113.7

The events of the account are in the control plane.
`)
    expect(mail?.html).not.toMatch(/href|https?:/)
  })

  it('is the same in HTML, as a table that a screen reader can read', () => {
    const { html } = userMail({ kind: 'new_device', subject: 'u1', at: AT, address: '203.0.113.7' }, FRAME)
    expect(html).toContain('<th align="left" scope="row">Address</th><td>203.0.113.7</td>')
    expect(html).toContain('lang="en"')
    expect(html).toContain('<meta name="color-scheme" content="light dark">')
    expect(html).not.toMatch(/<script|<img|<link|style=|@import/)
  })

  it('tells a stranger nothing about what he would have to do next', () => {
    for (const { said, advice } of Object.values(TEMPLATES))
      expect(`${said} ${advice}`).not.toMatch(/tries left|attempts? remaining|token|code is/i)
  })
})

describe('values that an attacker chose', () => {
  const shown = (text: string): { text: string; html: string } => {
    const mail = userMail({ kind: 'factor_added', subject: 'u1', at: AT, detail: text }, { site: 'S', accountUrl: undefined })
    return { text: /Detail: +(.*)/.exec(mail.text)?.[1] ?? '', html: /Detail<\/th><td>(.*?)<\/td>/.exec(mail.html)?.[1] ?? '' }
  }

  it.each([
    ['https://evil.example/reset', 'https: //evil .example/reset'],
    ['HTTPS://EVIL.EXAMPLE', 'HTTPS: //EVIL .EXAMPLE'],
    ['www.evil.example', 'www .evil .example'],
    ['support@evil.example', 'support (at) evil .example'],
    ['a\r\nBcc: all@x', 'a\\x0d\\x0aBcc: all (at) x'],
    ['\u001b[31mred', '\\x1b[31mred'],
    ['\u202egnp.exe', '\\u202egnp .exe'],
    ['plain phone', 'plain phone'],
    ['Ännes Händy', 'Ännes Händy'],
  ])('%j is shown as %j', (given, expected) => {
    expect(shown(given).text).toBe(expected)
  })

  it.each([
    ['<b>x</b>', '&lt;b&gt;x&lt;/b&gt;'],
    ['"><img src=x onerror=alert(1)>', '&quot;&gt;&lt;img src=x onerror=alert(1)&gt;'],
    ["a'b&c", 'a&#39;b&amp;c'],
  ])('%j stands in HTML as %j', (given, expected) => {
    expect(shown(given).html).toBe(expected)
  })

  it('are cut where a mail would get unreadable', () => {
    expect(shown('x'.repeat(5_000)).text).toHaveLength(160)
  })

  it('in the address of the account page are escaped like all else', () => {
    const { html } = userMail({ kind: 'new_device', subject: 'u', at: AT }, { site: '<S>', accountUrl: 'https://a.example/?a=1&b="x"' })
    expect(html).toContain('href="https://a.example/?a=1&amp;b=&quot;x&quot;"')
    expect(html).toContain('<title>New sign-in to &lt;S&gt;</title>')
  })
})
