import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHider } from './hide.js'

fc.configureGlobal({ seed: 20_261_122 })

const hider = createHider()

describe('names that are hidden by default', () => {
  it.each([
    'password', 'Password', 'new_password', 'user-password', 'passwd', 'pwd', 'passphrase', 'secret', 'client_secret', 'access_token', 'csrfToken',
    'X-Api-Key', 'apikey', 'api.key', 'private_key', 'AWS_ACCESS_KEY_ID', 'Authorization', 'proxy-authorization', 'cookie', 'Set-Cookie', 'session_id',
    'sessionid', 'card', 'card_number', 'cardNumber', 'credit-card', 'cvv', 'cvc2', 'iban', 'otp', 'totp_code', 'code', 'pin', 'key', 'sig', 'jwt',
    'recovery_codes', 'x-csrf-token', 'credentials', 'signature', 'ssn',
  ])('%s', (name) => expect(hider.name(name)).toBe(true)) // prettier-ignore

  it.each(['name', 'email', 'page', 'q', 'description', 'postcode', 'host', 'user-agent', 'keyboard', 'pinned', 'compass', 'path', ''])(
    'leave %s readable, which helps whoever reads the log',
    (name) => expect(hider.name(name)).toBe(false),
  )

  it('looks at a bounded part of a name', () => {
    expect(hider.name(`${'x'.repeat(200)}password`)).toBe(false)
    expect(hider.name(`password${'x'.repeat(1_000_000)}`)).toBe(true)
  })
})

describe('errors.hide', () => {
  it('adds names, whatever their case and separators', () => {
    const own = createHider(['Mothers-Maiden-Name'])
    for (const name of ['mothers_maiden_name', 'mothersMaidenName', 'MOTHERS.MAIDEN.NAME']) expect(own.name(name)).toBe(true)
    expect(own.name('mothers_maiden_names')).toBe(false)
    expect(own.name('password')).toBe(true)
  })

  it('takes * for any text, at the start, the end and between', () => {
    const own = createHider(['internal_*', '*_ref', 'a*b*c'])
    expect(['internal_id', 'InternalNote', 'order_ref', 'abc', 'a1b2c'].map((name) => own.name(name))).toEqual([
      true,
      true,
      true,
      true,
      true,
    ])
    expect(['my_internal', 'refer', 'acb', 'ab', 'ac'].map((name) => own.name(name))).toEqual([false, false, false, false, false])
  })

  it('does not let the parts of a pattern overlap', () => {
    expect(createHider(['ab*ba']).name('aba')).toBe(false)
    expect(createHider(['ab*ba']).name('abba')).toBe(true)
  })

  it('takes regular expressions for texts, with or without the g flag', () => {
    expect(createHider([/case-\d{4}/]).text('case-1234 and case-5678')).toBe('*** and ***')
    expect(createHider([/CASE-\d{4}/gi]).text('case-1234 and Case-5678')).toBe('*** and ***')
  })

  it.each([[['*']], [['']], [['**']], [[7]], ['password'], [[null]], [['x'.repeat(200)]]])(
    'refuses %j, and says what to write',
    (value) => {
      expect(() => createHider(value as unknown as string[])).toThrow(/errors\.hide is .*give names such as/)
    },
  )
})

describe('texts [ASVS 16.2.5]', () => {
  it.each([
    ['login failed for anna with password=hunter2 today', 'login failed for anna with password=*** today'],
    ['{"user":"anna","password":"hun ter\\"2","page":3}', '{"user":"anna","password":"***","page":3}'],
    ["{ user: 'anna', apiKey: 'abc123' }", "{ user: 'anna', apiKey: '***' }"],
    ['Authorization: Bearer abc.def-123', 'Authorization: ***'],
    ['headers: Cookie: a=1; session=xyz\nnext line', 'headers: Cookie: ***\nnext line'],
    ['sent bearer abcdef123456 to it', 'sent bearer *** to it'],
    ['connect postgres://app:s3cret@db/x failed', 'connect postgres://***@db/x failed'],
    ['token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl was refused', 'token *** was refused'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- end', '*** end'],
    ['-----BEGIN PRIVATE KEY-----\nMIIE cut', '***'],
    ['card 4111 1111 1111 1111 declined', 'card *** declined'],
    ['card 4111-1111-1111-1112 is none', 'card 4111-1111-1111-1112 is none'],
    ['GET /reset?token=abc&page=2', 'GET /reset?token=***&page=2'],
    ['user[password]=hunter2&x=1', 'user[password]=***&x=1'],
    ['?code=123456&state=1', '?code=***&state=1'],
    ['Error: failed: password=hunter2', 'Error: failed: password=***'],
    ['{"code":"123456"}', '{"code":"***"}'],
    ['options = { password => "x y" }', 'options = { password => "***" }'],
  ])('%s', (text, expected) => expect(hider.text(text)).toBe(expected))

  it.each([
    'code: ENOENT',
    'Duplicate key: users_email',
    'at Object.<anonymous> (/app/pin.js:3:7)',
    'Cannot read properties of undefined',
    'page=2&q=shoes',
  ])('leave %s as it is', (text) => expect(hider.text(text)).toBe(text))

  it('hide the values of this request wherever they come up', () => {
    expect(hider.text('no user for hunter2 in hunter2-table', ['hunter2'])).toBe('no user for *** in ***-table')
  })

  it('take a value as it is, not as a pattern [ASVS 1.2.9]', () => {
    expect(hider.text('a.c abc $& $1', ['a.c'])).toBe('*** abc $& $1')
    expect(hider.text('x', ['('])).toBe('x')
  })

  it('stay linear on hostile text [ASVS 1.3.12]', () => {
    const hostile = [
      'a'.repeat(1_000_000), 'password='.repeat(100_000), '"'.repeat(500_000), '://'.repeat(300_000), 'eyJ'.repeat(300_000), '1 '.repeat(500_000),
      'bearer '.repeat(100_000), `password="${'\\'.repeat(500_000)}`, '-----BEGIN PRIVATE KEY-----'.repeat(20_000), 'cookie:'.repeat(100_000),
    ] // prettier-ignore
    const before = process.cpuUsage()
    for (const text of hostile) expect(hider.text(text).length).toBeLessThanOrEqual(20_000)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1_000).toBeLessThan(2_000)
  })

  it('never show the value of a hidden name, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('password', 'api_key', 'X-Auth-Token', 'otp'),
        fc.stringMatching(/^[\w!$%+/@#-]{6,40}$/),
        fc.string(),
        (name, value, before) => {
          for (const text of [`${name}=${value}`, `${before} ${name}: ${value} rest`, JSON.stringify({ [name]: value })])
            expect(hider.text(text)).not.toContain(value)
        },
      ),
    )
  })

  it('never throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => typeof hider.text(text) === 'string'))
  })
})
