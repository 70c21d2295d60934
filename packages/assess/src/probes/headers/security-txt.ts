import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, isHtml, isOk, see, type Seen, unusable } from '../seen/seen.js'

type Facts = { readonly now: number; readonly home: Seen; readonly file: Seen }

/** What is wrong with a security.txt at this time (ms), in words; empty when nothing is. Source: RFC 9116, section 2.5. */
export const lintSecurityTxt = (text: string, now: number): readonly string[] => {
  const fields = new Map<string, string[]>()
  for (const line of text.slice(0, 32_000).split(/\r?\n/, 500)) {
    const match = /^([A-Za-z-]{1,40}):[ \t]*(\S.{0,2000})$/.exec(line)
    if (match === null) continue
    const [, name = '', value = ''] = match
    const key = name.toLowerCase()
    fields.set(key, [...(fields.get(key) ?? []), value.trim()])
  }
  const [contacts, expires] = [fields.get('contact') ?? [], fields.get('expires') ?? []]
  const found: string[] = []
  if (contacts.length === 0) found.push('it names no Contact')
  else if (!contacts.some((contact) => /^(?:mailto:|tel:|https:\/\/)/i.test(contact)))
    found.push('its Contact is no mailto:, tel: or https: address')
  if (expires.length === 0) found.push('it does not say when it Expires')
  else if (expires.length > 1) found.push('it Expires more than once')
  else {
    const at = Date.parse(expires[0] ?? '')
    if (Number.isNaN(at)) found.push('its Expires is no date')
    else if (at < now) found.push(`it expired on ${new Date(at).toISOString().slice(0, 10)}`)
  }
  return found
}

/** Whom to tell of a hole. Source: RFC 9116. */
export const securityTxt: Probe = defineProbe<Facts>({
  id: 'HDR-016',
  name: 'security-txt',
  family: 'headers',
  title: 'Nobody says whom to tell of a hole',
  severity: 'info',
  kind: 'passive',
  cwe: 1059,
  asvs: [],
  needs: [],
  why: 'Who finds a hole and no address to write to publishes it or keeps it.',
  fix: 'Serve /.well-known/security.txt with Contact and Expires (RFC 9116), and set a reminder before it expires.',
  pace: 'quiet',
  collect: async (context) => {
    const nobody = context.client({ name: 'an anonymous visitor' })
    return {
      now: context.clock(),
      home: await see(nobody, { path: '/' }, 0),
      file: await see(nobody, { path: '/.well-known/security.txt' }, 32_000),
    }
  },
  judge: ({ now, home, file }): readonly ProbeVerdict[] => {
    const locator = '/.well-known/security.txt'
    const broken = unusable(locator, file) ?? unusable(locator, home)
    if (broken !== undefined) return [broken]
    const evidence = [exchangeOf(file, { headers: ['content-type'], around: 0 })]
    if (!isOk(file) || isHtml(file)) {
      if (file.status >= 500) return [{ verdict: 'inconclusive', locator, reason: `the target failed with ${file.status}`, evidence }]
      return [{ verdict: 'fail', locator, says: `There is no security.txt (${file.status})`, evidence }]
    }
    const found = lintSecurityTxt(file.text, now)
    if (found.length > 0) return [{ verdict: 'fail', locator, says: `security.txt is there, but ${found.join(' and ')}`, evidence }]
    return [{ verdict: 'pass', locator, control: `it was read (${file.bytes} bytes): a contact, and a date that is still to come` }]
  },
})
