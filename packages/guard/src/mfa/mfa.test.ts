import { describe, expect, it } from 'vitest'
import { createKeyring } from '../keyring/keyring.js'
import { memoryStore } from '../store/memory-store.js'
import { broken, KEYS, requestOf, setup, slow, START } from './fixtures/setup.js'
import { memoryFactors } from './factor-store.js'
import { fromBase32 } from './base32.js'
import { createMfa } from './mfa.js'
import type { MfaOptions, MfaProof } from './types.js'

const request = requestOf()
const wrongOf = (code: string): string => String((Number(code) + 500_000) % 1_000_000).padStart(6, '0')

describe('a code', () => {
  it('proves the factor, and says which, for the session', async () => {
    const s = setup()
    const { secret, id } = await s.enrol()
    expect(await s.mfa.verify('anna', { code: s.codeOf(secret) }, request)).toEqual({
      kind: 'ok',
      subject: 'anna',
      factor: { kind: 'totp', id, name: 'Phone' },
      at: s.now(),
      cookies: [],
    })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'verified', subject: 'anna', factor: { id } })
    expect(await s.mfa.list('anna')).toMatchObject({ factors: [{ id, usedAt: s.now() }] })
  })

  it('trap: TOTP replay and concurrent double use: a code is accepted once, in any order [ASVS 6.5.1]', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    const [before, current] = [s.codeOf(secret, -1), s.codeOf(secret)]
    expect((await s.mfa.verify('anna', { code: current }, request)).kind).toBe('ok')
    expect(await s.mfa.verify('anna', { code: current }, request)).toEqual({ kind: 'failed' })
    // the step before was still open, and a newer code has closed it
    expect(await s.mfa.verify('anna', { code: before }, request)).toEqual({ kind: 'failed' })
    expect(s.reports.slice(-2)).toMatchObject([
      { kind: 'refused', reason: 'reused' },
      { kind: 'refused', reason: 'reused' },
    ])
  })

  it('trap: TOTP replay and concurrent double use: twenty requests at once, in two processes, get one yes [ASVS 6.5.1]', async () => {
    const s = setup({ store: slow(memoryStore({ clock: () => START })), factors: slow(memoryFactors()), attempts: 20 })
    const { secret } = await s.enrol()
    const processes = [s.mfa, s.another()]
    const code = s.codeOf(secret)
    const verdicts = await Promise.all(Array.from({ length: 20 }, (_, i) => processes[i % 2]!.verify('anna', { code }, request)))
    expect(verdicts.filter(({ kind }) => kind === 'ok')).toHaveLength(1)
    expect(verdicts.filter(({ kind }) => kind === 'failed' || kind === 'locked')).toHaveLength(19)
  })

  it('trap: enrolment-code reuse: the code that confirmed does not sign in [ASVS 6.5.1]', async () => {
    const s = setup()
    const begun = await s.mfa.begin('anna', { request, account: 'anna' })
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    const code = s.codeOf(fromBase32(begun.secret)!)
    expect((await s.mfa.confirm('anna', { request, enrolment: begun.enrolment, code })).kind).toBe('enrolled')
    expect(await s.mfa.verify('anna', { code }, request)).toEqual({ kind: 'failed' })
    expect(s.reports.at(-1)).toMatchObject({ reason: 'reused' })
  })

  it('of one app spends nothing of another: steps belong to secrets', async () => {
    const s = setup()
    const phone = await s.enrol('anna', 'Phone')
    const tablet = await s.enrol('anna', 'Tablet')
    expect((await s.mfa.verify('anna', { code: s.codeOf(phone.secret) }, request)).kind).toBe('ok')
    expect((await s.mfa.verify('anna', { code: s.codeOf(tablet.secret) }, request)).kind).toBe('ok')
  })

  it('of one subject is nothing for another', async () => {
    const s = setup()
    const anna = await s.enrol('anna')
    await s.enrol('bert')
    expect(await s.mfa.verify('bert', { code: s.codeOf(anna.secret) }, request)).toEqual({ kind: 'failed' })
  })

  it('that is no code is a wrong one', async () => {
    const s = setup({ attempts: 20 })
    await s.enrol()
    for (const proof of [{ code: '' }, { code: 'x'.repeat(100_000) }, { code: 7 }, { code: null }, {}, null, 'code', undefined])
      expect(await s.mfa.verify('anna', proof as MfaProof, request)).toEqual({ kind: 'failed' })
  })

  it('from a device whose clock is off is told in the report, and only there', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    expect(await s.mfa.verify('anna', { code: s.codeOf(secret, 5) }, request)).toEqual({ kind: 'failed' })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'refused', reason: 'wrong', driftSeconds: 150 })
  })

  it('lives 90 s with the skew of one step, 30 s without, by the clock of the server alone [ASVS 6.5.5, 6.5.8]', async () => {
    for (const [skew, kinds] of [
      [1, ['failed', 'ok', 'failed']],
      [0, ['failed', 'failed', 'failed']],
    ] as const) {
      const s = setup({ skew })
      const { secret } = await s.enrol()
      const found: string[] = []
      for (const offset of [-2, 1, 2]) found.push((await s.mfa.verify('anna', { code: s.codeOf(secret, offset) }, request)).kind)
      expect(found).toEqual(kinds)
    }
  })

  it('is sealed anew with its use, so that a key can be rotated out', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    const rotated = s.another({ keyring: createKeyring({ keys: [KEYS[1], KEYS[0]] }) })
    expect((await rotated.verify('anna', { code: s.codeOf(secret) }, request)).kind).toBe('ok')
    s.advance(30_000)
    const alone = s.another({ keyring: createKeyring({ keys: [KEYS[1]] }) })
    expect((await alone.verify('anna', { code: s.codeOf(secret) }, request)).kind).toBe('ok')
  })
})

describe('a recovery code', () => {
  it('proves the factor once and says how many are left [ASVS 6.5.1]', async () => {
    const s = setup()
    const { recoveryCodes } = await s.enrol()
    const proof = { recoveryCode: recoveryCodes[0]! }
    expect(await s.mfa.verify('anna', proof, request)).toMatchObject({ kind: 'ok', factor: { kind: 'recovery_code', left: 9 } })
    expect(await s.mfa.verify('anna', proof, request)).toEqual({ kind: 'failed' })
    expect(await s.mfa.recoveryCodesLeft('anna')).toEqual({ kind: 'counted', left: 9 })
  })

  it('is what counts where a form sends both fields, and is reported as what it is', async () => {
    const s = setup()
    const { recoveryCodes } = await s.enrol()
    const proof = { code: '', recoveryCode: recoveryCodes[0]! }
    expect(await s.mfa.verify('anna', proof, request)).toMatchObject({ kind: 'ok', factor: { kind: 'recovery_code' } })
    expect(await s.mfa.verify('anna', proof, request)).toEqual({ kind: 'failed' })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'refused', factor: 'recovery_code', reason: 'wrong' })
  })

  it('is used once by twenty requests at once', async () => {
    const s = setup({ store: slow(memoryStore({ clock: () => START })), factors: slow(memoryFactors()), attempts: 20 })
    const { recoveryCodes } = await s.enrol()
    const proof = { recoveryCode: recoveryCodes[4]! }
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => s.mfa.verify('anna', proof, request)))
    expect(verdicts.filter(({ kind }) => kind === 'ok')).toHaveLength(1)
  })

  it('of before ends when new ones are made', async () => {
    const s = setup()
    const { recoveryCodes } = await s.enrol()
    const issued = await s.mfa.regenerateRecoveryCodes('anna')
    if (issued.kind !== 'issued') throw new Error(issued.kind)
    expect(await s.mfa.verify('anna', { recoveryCode: recoveryCodes[0]! }, request)).toEqual({ kind: 'failed' })
    expect((await s.mfa.verify('anna', { recoveryCode: issued.recoveryCodes[0]! }, request)).kind).toBe('ok')
    expect(s.reports).toContainEqual(expect.objectContaining({ kind: 'recovery_issued', count: 10 }))
  })

  it('is not made for a subject without a factor', async () => {
    expect(await setup().mfa.regenerateRecoveryCodes('anna')).toEqual({ kind: 'no_factor' })
  })

  it('of a subject without any is wrong like any other', async () => {
    const s = setup()
    expect(await s.mfa.verify('nobody', { recoveryCode: '0'.repeat(24) }, request)).toEqual({ kind: 'failed' })
    expect(await s.mfa.verify('nobody', { code: '123456' }, request)).toEqual({ kind: 'failed' })
    expect(s.reports).toMatchObject([{ reason: 'no_factor' }, { reason: 'no_factor' }])
  })
})

describe('the attempt budget', () => {
  it('is one across codes and recovery codes: five wrong ones lock both [ASVS 6.3.1]', async () => {
    const s = setup()
    const { secret, recoveryCodes } = await s.enrol()
    const right = s.codeOf(secret)
    for (let i = 0; i < 5; i++) {
      const proof = i % 2 === 0 ? { code: wrongOf(right) } : { recoveryCode: '0'.repeat(24) }
      expect(await s.mfa.verify('anna', proof, request)).toEqual({ kind: 'failed' })
    }
    expect(await s.mfa.verify('anna', { code: right }, request)).toEqual({ kind: 'locked', retryAfter: 900 })
    expect(await s.mfa.verify('anna', { recoveryCode: recoveryCodes[0]! }, request)).toMatchObject({ kind: 'locked' })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'refused', factor: 'recovery_code', reason: 'locked' })
  })

  it('is not made longer by trying on, and opens by itself', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    for (let i = 0; i < 5; i++) await s.mfa.verify('anna', { code: wrongOf(s.codeOf(secret)) }, request)
    for (let i = 0; i < 10; i++) {
      s.advance(60_000)
      await s.mfa.verify('anna', { code: 'xxxxxx' }, request)
    }
    s.advance(5 * 60_000)
    expect((await s.mfa.verify('anna', { code: s.codeOf(secret) }, request)).kind).toBe('ok')
  })

  it('grows its locks: whoever has the password cannot go on guessing at five codes in 15 minutes', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    const locks: number[] = []
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 5; i++) await s.mfa.verify('anna', { code: wrongOf(s.codeOf(secret)) }, request)
      const verdict = await s.mfa.verify('anna', { code: '000000' }, request)
      locks.push(verdict.kind === 'locked' ? verdict.retryAfter : 0)
      s.advance((locks.at(-1) ?? 0) * 1_000)
    }
    expect(locks).toEqual([900, 3_600, 86_400, 86_400])
  })

  it('cannot be shared by parallel guesses', async () => {
    const s = setup({ store: slow(memoryStore({ clock: () => START })), factors: slow(memoryFactors()) })
    const { secret } = await s.enrol()
    const code = wrongOf(s.codeOf(secret))
    await Promise.all(Array.from({ length: 30 }, () => s.mfa.verify('anna', { code }, request)))
    expect(s.reports.filter((report) => report.kind === 'refused' && report.reason === 'wrong')).toHaveLength(5)
  })

  it('is given back by a right code, and is each subject’s own', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    await s.enrol('bert')
    for (let i = 0; i < 4; i++) await s.mfa.verify('anna', { code: wrongOf(s.codeOf(secret)) }, request)
    expect((await s.mfa.verify('anna', { code: s.codeOf(secret) }, request)).kind).toBe('ok')
    s.advance(30_000)
    for (let i = 0; i < 4; i++) await s.mfa.verify('anna', { code: wrongOf(s.codeOf(secret)) }, request)
    expect((await s.mfa.verify('anna', { code: s.codeOf(secret) }, request)).kind).toBe('ok')
    for (let i = 0; i < 5; i++) await s.mfa.verify('bert', { code: '000000' }, request)
    expect((await s.mfa.verify('bert', { code: '000000' }, request)).kind).toBe('locked')
    s.advance(30_000)
    expect((await s.mfa.verify('anna', { code: s.codeOf(secret) }, request)).kind).toBe('ok')
  })
})

describe('factors', () => {
  it('are required once there is one, and no longer when the last is gone: a lost device is taken off the account [ASVS 6.5.6]', async () => {
    const s = setup()
    const { id } = await s.enrol()
    expect(await s.mfa.required('anna')).toEqual({ kind: 'required', factors: ['totp', 'recovery_code'] })
    expect(await s.mfa.remove('anna', 'another')).toEqual({ kind: 'not_found' })
    expect(await s.mfa.remove('anna', id)).toEqual({ kind: 'removed' })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'removed', factor: { kind: 'totp', id } })
    expect(await s.mfa.required('anna')).toEqual({ kind: 'none_required' })
    // recovery codes without a factor would be a way in that nobody thinks of
    expect(await s.mfa.recoveryCodesLeft('anna')).toEqual({ kind: 'counted', left: 0 })
  })

  it('are required also where only a passkey is, though this part checks none', async () => {
    const s = setup()
    const passkey = {
      id: 'k',
      name: 'Key',
      publicKey: '',
      counter: 0,
      transports: [],
      backedUp: false,
      createdAt: START,
      usedAt: undefined,
    }
    await s.factors.write('anna', { handle: 'h', totp: [], recovery: undefined, passkeys: [passkey] }, null)
    expect(await s.mfa.required('anna')).toEqual({ kind: 'required', factors: ['passkey'] })
    expect(await s.mfa.verify('anna', { assertion: {} }, request)).toEqual({ kind: 'failed' })
  })

  it('are reset by an operator without touching anything else; the codes of before are nothing then [ASVS 6.4.3]', async () => {
    const s = setup()
    const { secret, recoveryCodes } = await s.enrol()
    for (let i = 0; i < 5; i++) await s.mfa.verify('anna', { code: wrongOf(s.codeOf(secret)) }, request)
    expect(await s.mfa.reset('anna')).toEqual({ kind: 'removed' })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'reset', subject: 'anna' })
    expect(await s.mfa.required('anna')).toEqual({ kind: 'none_required' })
    expect(await s.mfa.verify('anna', { code: s.codeOf(secret) }, request)).toEqual({ kind: 'failed' })
    expect(await s.mfa.verify('anna', { recoveryCode: recoveryCodes[0]! }, request)).toEqual({ kind: 'failed' })
    expect(await s.mfa.reset('nobody')).toEqual({ kind: 'not_found' })
  })

  it('are listed oldest first, with when each was last used, and never with a secret', async () => {
    const s = setup()
    const phone = await s.enrol('anna', 'Phone')
    s.advance(3_600_000)
    const tablet = await s.enrol('anna', 'Tablet')
    s.advance(3_600_000)
    await s.mfa.verify('anna', { code: s.codeOf(phone.secret) }, request)
    const listed = await s.mfa.list('anna')
    expect(listed).toMatchObject({
      kind: 'listed',
      factors: [
        { kind: 'totp', id: phone.id, name: 'Phone', usedAt: s.now() },
        { kind: 'totp', id: tablet.id, name: 'Tablet' },
      ],
    })
    const fields = listed.kind === 'listed' ? listed.factors.flatMap((factor) => Object.keys(factor)) : []
    expect(new Set(fields)).toEqual(new Set(['kind', 'id', 'name', 'createdAt', 'usedAt']))
  })

  it('of which the recovery codes are used up are asked for without them, and renewing brings them back', async () => {
    const s = setup()
    const { recoveryCodes } = await s.enrol()
    for (const recoveryCode of recoveryCodes) expect((await s.mfa.verify('anna', { recoveryCode }, request)).kind).toBe('ok')
    expect(await s.mfa.recoveryCodesLeft('anna')).toEqual({ kind: 'counted', left: 0 })
    expect(await s.mfa.required('anna')).toEqual({ kind: 'required', factors: ['totp'] })
    expect((await s.mfa.regenerateRecoveryCodes('anna')).kind).toBe('issued')
    expect(await s.mfa.required('anna')).toEqual({ kind: 'required', factors: ['totp', 'recovery_code'] })
  })

  it('of one app that is removed leave the other and the recovery codes as they are', async () => {
    const s = setup()
    const phone = await s.enrol('anna', 'Phone')
    const tablet = await s.enrol('anna', 'Tablet')
    expect(await s.mfa.remove('anna', phone.id)).toEqual({ kind: 'removed' })
    expect(await s.mfa.verify('anna', { code: s.codeOf(phone.secret) }, request)).toEqual({ kind: 'failed' })
    expect((await s.mfa.verify('anna', { code: s.codeOf(tablet.secret) }, request)).kind).toBe('ok')
    expect((await s.mfa.verify('anna', { recoveryCode: phone.recoveryCodes[3]! }, request)).kind).toBe('ok')
    expect(await s.mfa.remove('anna', phone.id)).toEqual({ kind: 'not_found' })
    // nobody removes what belongs to somebody else
    expect(await s.mfa.remove('mallory', tablet.id)).toEqual({ kind: 'not_found' })
  })

  it('have a name of bounded length without control characters', async () => {
    const s = setup()
    await s.enrol('anna', `  Pho\u0000ne\r\n\u202e${'x'.repeat(500)}`)
    const listed = await s.mfa.list('anna')
    const name = listed.kind === 'listed' ? (listed.factors[0]?.name ?? '') : ''
    expect(name).toMatch(/^Pho ne x+$/)
    expect(name.length).toBeLessThanOrEqual(64)
  })
})

describe('trouble', () => {
  it('is never a pass: without the store, the factors or the key nobody gets through', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    const proof = { code: s.codeOf(secret) }
    const noStore = s.another({ store: broken(s.store) })
    const noFactors = s.another({ factors: broken(s.factors) })
    const noKey = s.another({ keyring: createKeyring({ keys: [KEYS[1]] }) })
    expect(await noStore.verify('anna', proof, request)).toEqual({ kind: 'degraded', reason: 'store' })
    expect(await noFactors.verify('anna', proof, request)).toEqual({ kind: 'degraded', reason: 'factors' })
    expect(await noKey.verify('anna', proof, request)).toEqual({ kind: 'degraded', reason: 'keyring' })
    expect(s.reports.slice(-3)).toMatchObject([{ reason: 'degraded' }, { reason: 'degraded' }, { reason: 'degraded' }])
    for (const broken of [noFactors.required('anna'), noFactors.list('anna'), noFactors.remove('anna', 'x'), noFactors.reset('anna')])
      expect(await broken).toEqual({ kind: 'degraded', reason: 'factors' })
    expect(await noFactors.regenerateRecoveryCodes('anna')).toEqual({ kind: 'degraded', reason: 'factors' })
    expect(await noFactors.recoveryCodesLeft('anna')).toEqual({ kind: 'degraded', reason: 'factors' })
    expect((await s.mfa.verify('anna', proof, request)).kind).toBe('ok')
  })

  it('at any single write never makes one code good for two sign-ins', async () => {
    for (let step = 1; step <= 6; step++) {
      const s = setup({ attempts: 20 })
      const { secret } = await s.enrol()
      let call = 0
      const flaky = <T extends object>(port: T): T =>
        Object.fromEntries(
          Object.entries(port).map(([name, method]) => [
            name,
            (...given: unknown[]) =>
              ++call === step ? Promise.reject(new Error('down')) : (method as (...given: unknown[]) => unknown)(...given),
          ]),
        ) as T
      const once = s.another({ store: flaky(s.store), factors: flaky(s.factors) })
      const proof = { code: s.codeOf(secret) }
      const kinds = [(await once.verify('anna', proof, request)).kind, (await s.mfa.verify('anna', proof, request)).kind]
      expect(kinds.filter((kind) => kind === 'ok').length).toBeLessThanOrEqual(1)
    }
  })

  it('of whoever listens decides nothing', async () => {
    const s = setup({
      report: () => {
        throw new Error('log is full')
      },
    })
    const { secret } = await s.enrol()
    expect((await s.mfa.verify('anna', { code: s.codeOf(secret) }, request)).kind).toBe('ok')
  })

  it('with a subject that is none is a mistake of the caller', async () => {
    const { mfa } = setup()
    for (const subject of ['', 'x'.repeat(513), undefined, 7] as string[]) {
      await expect(mfa.verify(subject, { code: '000000' }, request)).rejects.toThrow('subject: takes 1 to 512 characters')
      await expect(mfa.required(subject)).rejects.toThrow('subject')
    }
    // names of the prototype are names like others
    expect(await mfa.required('__proto__')).toEqual({ kind: 'none_required' })
    expect(await mfa.required('constructor')).toEqual({ kind: 'none_required' })
  })
})

describe('options', () => {
  const good: MfaOptions = { issuer: 'Acme', store: memoryStore(), factors: memoryFactors(), keyring: createKeyring({ keys: [KEYS[0]] }) }

  it('are refused by name, value and fix', () => {
    for (const [option, value, message] of [
      ['issuer', '', 'mfa.issuer is ""; give the name of the application'],
      ['issuer', 'a:b', 'mfa.issuer is "a:b"'],
      ['store', undefined, 'mfa.store is undefined; give a store'],
      ['store', {}, 'mfa.store.read is "undefined"'],
      ['factors', undefined, 'mfa.factors is undefined; give the place where factors are kept for good'],
      ['keyring', undefined, 'mfa.keyring is undefined; give a keyring, such as createKeyring({ keys })'],
      ['digits', 7, 'mfa.digits is 7; give 6 or 8'],
      ['algorithm', 'MD5', "mfa.algorithm is \"MD5\"; give 'SHA1' or 'SHA256' or 'SHA512'"],
      ['skew', 2, 'mfa.skew is 2; give a whole number from 0 to 1'],
      ['attempts', 0, 'mfa.attempts is 0'],
      ['attempts', 1_000, 'mfa.attempts is 1000'],
      ['pendingMs', 1, 'mfa.pendingMs is 1'],
      ['enrolmentMs', 1, 'mfa.enrolmentMs is 1'],
      ['mayEnrol', true, 'mfa.mayEnrol is true; give a function'],
      ['login', {}, 'mfa.login.attempt is "undefined"'],
      ['sessions', {}, 'mfa.sessions.read is "undefined"'],
      ['passkeys', {}, 'mfa.passkeys.finishAuthentication is "undefined"'],
      ['cookie', { name: '__Host-x' }, 'mfa.cookie.name is "__Host-x"'],
      ['cookie', { naem: 'x' }, 'mfa.cookie has no option "naem"'],
      ['digitz', 6, 'mfa has no option "digitz"'],
    ] as const)
      expect(() => createMfa({ ...good, [option]: value })).toThrow(message)
  })

  it('take what a guard hands to its parts, and leave what they do not need', () => {
    const parts = { clientAddress: () => ({ kind: 'unknown' as const, reason: 'no_peer' as const }), emit: () => {} }
    expect(() => createMfa({ ...good, ...parts })).not.toThrow()
  })
})
