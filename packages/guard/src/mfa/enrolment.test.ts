import { execFileSync } from 'node:child_process'
import { needs } from '@parapet/testkit'
import { describe, expect, it } from 'vitest'
import { fromBase32 } from './base32.js'
import { broken, requestOf, setup, slow } from './fixtures/setup.js'
import { memoryFactors } from './factor-store.js'
import { memoryStore } from '../store/memory-store.js'
import type { EnrolmentBegun } from './types.js'

const request = requestOf()
const begin = async (s: ReturnType<typeof setup>, subject = 'anna', account = 'anna@example.org'): Promise<EnrolmentBegun> => {
  const begun = await s.mfa.begin(subject, { request, account })
  if (begun.kind !== 'begun') throw new Error(begun.kind)
  return begun
}

describe('enrolling an authenticator app', () => {
  it('shows a secret of 160 bits once: as text, address, SVG and PNG', async () => {
    const s = setup()
    const begun = await begin(s)
    expect(fromBase32(begun.secret)).toHaveLength(20)
    expect(begun.uri).toBe(`otpauth://totp/Acme:anna%40example.org?secret=${begun.secret}&issuer=Acme&algorithm=SHA1&digits=6&period=30`)
    expect(begun.svg).toContain('<svg')
    expect(Buffer.from(begun.png.subarray(1, 4)).toString()).toBe('PNG')
    expect((await begin(s, 'bert')).secret).not.toBe(begun.secret)
  })

  it('gives nothing before a code of it was right', async () => {
    const s = setup()
    await begin(s)
    expect(await s.mfa.required('anna')).toEqual({ kind: 'none_required' })
    expect(await s.mfa.list('anna')).toEqual({ kind: 'listed', factors: [] })
  })

  it('ends with the app, ten recovery codes and a report, once', async () => {
    const s = setup()
    const begun = await begin(s)
    const about = { request, enrolment: begun.enrolment, code: s.codeOf(fromBase32(begun.secret)!) }
    const end = await s.mfa.confirm('anna', about)
    expect(end).toMatchObject({ kind: 'enrolled', factor: { kind: 'totp', name: 'Authenticator app' } })
    expect(end.kind === 'enrolled' && end.recoveryCodes).toHaveLength(10)
    expect(s.reports.map(({ kind }) => kind)).toEqual(['enrolled', 'recovery_issued'])
    expect(await s.mfa.confirm('anna', about)).toEqual({ kind: 'expired' })
  })

  it('of a second app keeps the recovery codes that are there', async () => {
    const s = setup()
    const first = await s.enrol('anna', 'Phone')
    expect(first.recoveryCodes).toHaveLength(10)
    const second = await s.enrol('anna', 'Tablet')
    expect(second.recoveryCodes).toEqual([])
    expect(await s.mfa.list('anna')).toMatchObject({ factors: [{ name: 'Phone' }, { name: 'Tablet' }] })
    for (const { secret } of [first, second])
      expect(await s.mfa.verify('anna', { code: s.codeOf(secret) }, request)).toMatchObject({ kind: 'ok' })
  })

  it('stops at five apps: each makes a guess a little likelier', async () => {
    const s = setup()
    for (let i = 0; i < 5; i++) await s.enrol()
    expect(await s.mfa.begin('anna', { request, account: 'a' })).toEqual({ kind: 'refused', reason: 'too_many' })
  })

  const tool = needs('oathtool')
  it.skipIf(!tool.ok)(`takes the code that oathtool makes of the secret as it is shown${tool.note}`, async () => {
    for (const [algorithm, digits] of [
      ['SHA1', 6],
      ['SHA256', 8],
      ['SHA512', 6],
    ] as const) {
      const s = setup({ algorithm, digits })
      const begun = await begin(s)
      const code = (): string => {
        const at = `@${Math.floor(s.now() / 1_000)}`
        const flags = ['-b', `--totp=${algorithm.toLowerCase()}`, '-d', String(digits), '-N', at, begun.secret]
        return execFileSync('oathtool', flags, { encoding: 'utf8' }).trim()
      }
      expect(await s.mfa.confirm('anna', { request, enrolment: begun.enrolment, code: code() })).toMatchObject({ kind: 'enrolled' })
      s.advance(30_000)
      expect(await s.mfa.verify('anna', { code: code() }, request)).toMatchObject({ kind: 'ok' })
      // an app that was enrolled in one shape goes on when new ones get another
      s.advance(30_000)
      const later = s.another({ algorithm: 'SHA1', digits: 6 })
      expect(await later.verify('anna', { code: code() }, request)).toMatchObject({ kind: 'ok' })
    }
  })
})

describe('a wrong code at enrolment', () => {
  it('may be typed again, five times in all; then it begins anew', async () => {
    const s = setup()
    const begun = await begin(s)
    const right = s.codeOf(fromBase32(begun.secret)!)
    const wrong = String((Number(right) + 1) % 1_000_000).padStart(6, '0')
    for (let i = 0; i < 5; i++)
      expect((await s.mfa.confirm('anna', { request, enrolment: begun.enrolment, code: wrong })).kind).toBe('failed')
    expect(await s.mfa.confirm('anna', { request, enrolment: begun.enrolment, code: right })).toEqual({ kind: 'expired' })
  })

  it('says when the clock of the device is off', async () => {
    const s = setup()
    const begun = await begin(s)
    const code = s.codeOf(fromBase32(begun.secret)!, -4)
    expect(await s.mfa.confirm('anna', { request, enrolment: begun.enrolment, code })).toEqual({ kind: 'failed', driftSeconds: -120 })
  })

  it('is everything that is no code, without an error', async () => {
    const s = setup()
    const begun = await begin(s)
    for (const code of ['', 'abcdef', null, 123456] as string[])
      expect((await s.mfa.confirm('anna', { request, enrolment: begun.enrolment, code })).kind).toBe('failed')
  })
})

describe('an enrolment', () => {
  it('ends after ten minutes', async () => {
    const s = setup()
    const begun = await begin(s)
    s.advance(10 * 60_000)
    const about = { request, enrolment: begun.enrolment, code: s.codeOf(fromBase32(begun.secret)!) }
    expect(await s.mfa.confirm('anna', about)).toEqual({ kind: 'expired' })
  })

  it('is confirmed by its own id and its own subject only', async () => {
    const s = setup()
    const begun = await begin(s)
    const code = s.codeOf(fromBase32(begun.secret)!)
    expect(await s.mfa.confirm('anna', { request, enrolment: 'another', code })).toEqual({ kind: 'expired' })
    expect(await s.mfa.confirm('bert', { request, enrolment: begun.enrolment, code })).toEqual({ kind: 'expired' })
    expect(await s.mfa.confirm('anna', { request, enrolment: begun.enrolment, code })).toMatchObject({ kind: 'enrolled' })
  })

  it('that begins again replaces the one before', async () => {
    const s = setup()
    const first = await begin(s)
    await begin(s)
    const about = { request, enrolment: first.enrolment, code: s.codeOf(fromBase32(first.secret)!) }
    expect(await s.mfa.confirm('anna', about)).toEqual({ kind: 'expired' })
  })

  it('is confirmed once by ten requests at once', async () => {
    const s = setup({ store: slow(memoryStore({ clock: () => 1_800_000_000_000 })), factors: slow(memoryFactors()) })
    const begun = await begin(s)
    const about = { request, enrolment: begun.enrolment, code: s.codeOf(fromBase32(begun.secret)!) }
    const ends = await Promise.all(Array.from({ length: 10 }, () => s.mfa.confirm('anna', about)))
    expect(ends.filter(({ kind }) => kind === 'enrolled')).toHaveLength(1)
    expect(await s.mfa.list('anna')).toMatchObject({ factors: [{ kind: 'totp' }] })
  })
})

describe('a flagged session', () => {
  it('never enrols: neither at the beginning nor when it was flagged in between', async () => {
    let flagged = true
    const s = setup({ mayEnrol: () => !flagged })
    expect(await s.mfa.begin('anna', { request, account: 'a' })).toEqual({ kind: 'refused', reason: 'flagged' })
    flagged = false
    const begun = await begin(s)
    flagged = true
    const about = { request, enrolment: begun.enrolment, code: s.codeOf(fromBase32(begun.secret)!) }
    expect(await s.mfa.confirm('anna', about)).toEqual({ kind: 'refused', reason: 'flagged' })
    expect(s.reports).toMatchObject([
      { kind: 'enrolment_refused', reason: 'flagged' },
      { kind: 'enrolment_refused', reason: 'flagged' },
    ])
    flagged = false
    expect(await s.mfa.confirm('anna', about)).toMatchObject({ kind: 'enrolled' })
  })

  it('is also one of which the hook cannot say: no answer is no', async () => {
    for (const mayEnrol of [
      () => Promise.reject(new Error('down')),
      () => {
        throw new Error('down')
      },
      () => undefined as unknown as boolean,
      () => 'yes' as unknown as boolean,
    ])
      expect(await setup({ mayEnrol }).mfa.begin('anna', { request, account: 'a' })).toEqual({ kind: 'refused', reason: 'flagged' })
  })

  it('is judged by the subject and the request', async () => {
    const asked: unknown[] = []
    const s = setup({
      mayEnrol: (subject, from) => {
        asked.push(subject, from)
        return true
      },
    })
    await begin(s)
    expect(asked).toEqual(['anna', request])
  })
})

describe('the secret', () => {
  it('is nowhere in clear: not in the store, not in the record, not in what can be read later', async () => {
    const memory = memoryStore({ clock: () => 1_800_000_000_000 })
    const written: string[] = []
    const store = {
      ...memory,
      write: (key: string, value: string, options: { ttlMs: number; ifVersion?: string | null }) => {
        written.push(key, value)
        return memory.write(key, value, options)
      },
    }
    const s = setup({ store })
    const begun = await begin(s)
    const bytes = Buffer.from(fromBase32(begun.secret)!)
    await s.mfa.confirm('anna', { request, enrolment: begun.enrolment, code: s.codeOf(bytes) })
    const seen = JSON.stringify([written, await s.factors.read('anna'), await s.mfa.list('anna'), s.reports])
    for (const form of [
      begun.secret,
      begun.secret.toLowerCase(),
      bytes.toString('hex'),
      bytes.toString('base64'),
      bytes.toString('base64url'),
    ])
      expect(seen).not.toContain(form)
    expect(seen).not.toContain('anna@example.org')
  })

  it('trap: secrets copyable between rows: one that an attacker moves into his own row opens for nobody', async () => {
    const s = setup()
    const anna = await s.enrol('anna')
    await s.enrol('mallory')
    const victim = (await s.factors.read('anna'))!
    const own = (await s.factors.read('mallory'))!
    const stolen = { ...own.record, totp: victim.record.totp }
    await s.factors.write('mallory', stolen, own.version)
    expect(await s.mfa.verify('mallory', { code: s.codeOf(anna.secret) }, request)).toEqual({ kind: 'degraded', reason: 'keyring' })
    // nor into another factor of the same subject
    const other = await s.enrol('bert')
    const bert = (await s.factors.read('bert'))!
    const moved = { ...bert.record, totp: bert.record.totp.map((app) => ({ ...app, id: 'another' })) }
    await s.factors.write('bert', moved, bert.version)
    expect(await s.mfa.verify('bert', { code: s.codeOf(other.secret) }, request)).toEqual({ kind: 'degraded', reason: 'keyring' })
  })
})

describe('trouble while enrolling', () => {
  it('is told apart from a wrong code, and enrols nothing', async () => {
    const s = setup()
    const noStore = s.another({ store: broken(s.store) })
    expect(await noStore.begin('anna', { request, account: 'a' })).toEqual({ kind: 'degraded', reason: 'store' })
    const noFactors = s.another({ factors: broken(s.factors) })
    expect(await noFactors.begin('anna', { request, account: 'a' })).toEqual({ kind: 'degraded', reason: 'factors' })
    const begun = await begin(s)
    const about = { request, enrolment: begun.enrolment, code: s.codeOf(fromBase32(begun.secret)!) }
    expect(await noStore.confirm('anna', about)).toEqual({ kind: 'degraded', reason: 'store' })
    expect(await noFactors.confirm('anna', about)).toEqual({ kind: 'degraded', reason: 'factors' })
    expect(await s.mfa.required('anna')).toEqual({ kind: 'none_required' })
  })
})
