import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { merged } from '../../app/fixtures/cookie-jar.js'
import { cookiesOf, createTestApp, PASSWORD, type TestApp } from '../../app/fixtures/test-app.js'
import { codeAt } from '../../app/fixtures/totp.js'

let t: TestApp
let chief: { id: string; name: string; cookie: string }
beforeAll(async () => {
  t = await createTestApp()
  chief = await t.makeOperator('admin', 'Chief')
}, 60_000)
afterAll(() => t.close())

let host = 0
const address = (): string => `198.51.100.${(host++ % 250) + 1}`
const asChief = (method: string, url: string, body?: unknown) =>
  t.call(method, url, { cookie: chief.cookie, from: address(), ...(body === undefined ? {} : { body }) })
const signIn = (name: string, password = PASSWORD) => t.call('POST', '/v1/session', { body: { name, password }, from: address() })
const alive = async (cookie: string) => (await t.call('GET', '/v1/session', { cookie })).status === 200
const lastAct = async (action: string) => (await t.call('GET', `/v1/audit?action=${action}&limit=1`, { token: t.local })).body.items[0]
const tokenBy = async (cookie: string, extra: object = {}) =>
  (await t.call('POST', '/v1/tokens', { cookie, body: { name: `made ${++host}`, scopes: ['alerts.read'], ...extra } })).body.token as string
const reset = async (id: string) => (await asChief('POST', `/v1/operators/${id}/reset`)).body as { link: string; expiresAt: number }
const finish = (link: string, password = 'a quite new phrase') => t.call('POST', '/v1/reset', { body: { link, password }, from: address() })

describe('reset of an operator', () => {
  it('ends password, sessions, factors and tokens at once, and gives a link that only the answer holds [ASVS 6.4.3]', async () => {
    const ben = await t.makeOperator('admin', 'Ben')
    const begun = await t.call('POST', '/v1/account/totp', { cookie: ben.cookie })
    const body = { enrolment: begun.body.enrolment, code: codeAt(begun.body.secret, t.now()) }
    const enrolled = await t.call('POST', '/v1/account/totp/confirm', { cookie: ben.cookie, body })
    const cookie = merged(ben.cookie, enrolled)
    const token = await tokenBy(cookie)
    expect((await t.call('GET', '/v1/alerts', { token })).status).toBe(200)
    expect((await asChief('GET', '/v1/operators')).body.items.find(({ id }: { id: string }) => id === ben.id)).toMatchObject({
      secured: true,
      resetPending: false,
    })

    const { link, expiresAt } = await reset(ben.id)
    expect(link).toMatch(/^http:\/\/localhost:8700\/reset#[\w-]{43}$/)
    expect(expiresAt).toBeGreaterThan(t.now() + 23 * 3_600_000)
    expect(await alive(cookie)).toBe(false)
    expect((await signIn('Ben')).status).toBe(401)
    expect((await t.call('GET', '/v1/alerts', { token })).body.code).toBe('PPT_TOKEN_INVALID')
    expect((await asChief('GET', '/v1/operators')).body.items.find(({ id }: { id: string }) => id === ben.id)).toMatchObject({
      secured: false,
      resetPending: true,
    })
    const { rows } = await t.database.pool.query('select * from operator_resets')
    const seen = JSON.stringify(rows) + t.log.join('') + JSON.stringify(await lastAct('operator.reset'))
    expect(seen).not.toContain(new URL(link).hash.slice(1))
    expect(await lastAct('operator.reset')).toMatchObject({
      actor: { id: chief.id },
      resource: { id: ben.id },
      outcome: 'success',
      detail: { name: 'Ben', sessions: 1, tokens: 1 },
    })
  })

  it('is finished with the link, once, and the operator is told', async () => {
    const { id } = await t.makeOperator('viewer', 'Finishes')
    const { link } = await reset(id)
    expect((await t.call('POST', '/v1/reset/check', { body: { link }, from: address() })).body).toEqual({ name: 'Finishes' })
    expect((await finish(link, 'password')).body).toMatchObject({ status: 422, code: 'PPT_INVALID' })
    const done = await finish(link)
    expect(done).toMatchObject({ status: 200, body: { name: 'Finishes' } })
    const cookie = cookiesOf(done)
    const { body } = await t.call('GET', '/v1/account/notices', { cookie })
    expect(body.items).toMatchObject([{ kind: 'reset_finished' }, { kind: 'reset_started', by: 'Chief' }])
    expect((await finish(link)).body).toMatchObject({ status: 403, code: 'PPT_RESET_LINK' })
    expect((await signIn('Finishes', 'a quite new phrase')).status).toBe(200)
    expect(await lastAct('operator.reset_finished')).toMatchObject({ outcome: 'failure', reason: 'PPT_RESET_LINK' })
  })

  it('lifts a pause that guesses had caused, and makes the browser a known one', async () => {
    const { id } = await t.makeOperator('viewer', 'Locked Out')
    for (let i = 0; i < 5; i++)
      await t.call('POST', '/v1/session', { body: { name: 'Locked Out', password: 'a guess' }, from: '192.0.2.40' })
    expect((await signIn('Locked Out')).status).toBe(401)
    const done = await finish((await reset(id)).link)
    expect(done.status).toBe(200)
    const device =
      cookiesOf(done)
        .split('; ')
        .find((one) => one.startsWith('parapet-device')) ?? ''
    expect(device).not.toBe('')
    const again = await t.call('POST', '/v1/session', {
      body: { name: 'Locked Out', password: 'a quite new phrase' },
      headers: { cookie: device },
      from: address(),
    })
    expect(again.status).toBe(200)
    const { body } = await t.call('GET', '/v1/account/notices', { cookie: cookiesOf(again) })
    expect(body.items.map(({ kind }: { kind: string }) => kind)).not.toContain('new_device')
  })

  it('works for one of three who hold the link at once', async () => {
    const { id } = await t.makeOperator('viewer', 'Raced')
    const { link } = await reset(id)
    const answers = await Promise.all([
      finish(link, 'the first phrase'),
      finish(link, 'the second phrase'),
      finish(link, 'the third phrase'),
    ])
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status } of answers) expect([200, 403]).toContain(status)
  })

  it('knows the newest link only, for a day', async () => {
    const { id } = await t.makeOperator('viewer', 'Newest')
    const [first, second] = [await reset(id), await reset(id)]
    for (const link of [first.link, 'x'.repeat(43), `http://localhost:8700/reset#`]) {
      expect((await t.call('POST', '/v1/reset/check', { body: { link }, from: address() })).body.code).toBe('PPT_RESET_LINK')
      expect((await finish(link)).body.code).toBe('PPT_RESET_LINK')
    }
    t.advance(86_400_001)
    chief = { ...chief, cookie: cookiesOf(await signIn('Chief')) }
    expect((await finish(second.link)).body.code).toBe('PPT_RESET_LINK')
  })

  it('is not for one’s own account, for nobody, or by who does not hold what the other holds', async () => {
    expect((await asChief('POST', `/v1/operators/${chief.id}/reset`)).body.code).toBe('PPT_CONFLICT')
    expect((await asChief('POST', '/v1/operators/nobody/reset')).status).toBe(404)
    const { token } = await t.makeToken(['operators.manage'])
    expect((await t.call('POST', `/v1/operators/${chief.id}/reset`, { token, from: address() })).body.code).toBe('PPT_FORBIDDEN')
    expect((await t.call('PATCH', `/v1/operators/${chief.id}`, { token, body: { role: 'viewer' } })).body.code).toBe('PPT_FORBIDDEN')
    expect(await alive(chief.cookie)).toBe(true)
  })
})

describe('the role', () => {
  it('is changed; sessions end, the operator is told, and tokens beyond it are revoked', async () => {
    const { id, cookie } = await t.makeOperator('admin', 'Lowered')
    const reads = await tokenBy(cookie)
    const writes = await tokenBy(cookie, { scopes: ['decisions.write'] })
    expect((await asChief('PATCH', `/v1/operators/${id}`, { role: 'viewer' })).body).toMatchObject({ id, role: 'viewer' })
    expect(await alive(cookie)).toBe(false)
    const again = cookiesOf(await signIn('Lowered'))
    expect((await t.call('GET', '/v1/session', { cookie: again })).body.role).toBe('viewer')
    expect((await t.call('GET', '/v1/alerts', { token: reads })).status).toBe(200)
    expect((await t.call('GET', '/v1/alerts', { token: writes })).body.code).toBe('PPT_TOKEN_INVALID')
    expect((await t.call('GET', '/v1/account/notices', { cookie: again })).body.items).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ kind: 'role_changed', detail: 'viewer', by: 'Chief' })]),
    )
    expect(await lastAct('operator.role_changed')).toMatchObject({ detail: { before: 'admin', role: 'viewer', tokens: 1 } })
  })

  it('stays where it is changed to the same, and sessions with it', async () => {
    const { id, cookie } = await t.makeOperator('viewer', 'Same')
    expect((await asChief('PATCH', `/v1/operators/${id}`, { role: 'viewer' })).status).toBe(200)
    expect(await alive(cookie)).toBe(true)
  })

  it('of the last admin stays, also when two lower each other at once; the application itself cannot write it', async () => {
    const other = await createTestApp()
    try {
      const [one, two] = [await other.makeOperator('admin'), await other.makeOperator('admin')]
      const lower = (id: string) => other.call('PATCH', `/v1/operators/${id}`, { token: other.local, body: { role: 'viewer' } })
      const answers = await Promise.all([lower(one.id), lower(two.id)])
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409])
      await expect(other.database.pool.query(`update operators set role = 'admin'`)).rejects.toMatchObject({ code: '42501' })
      await expect(other.database.pool.query(`update operators set password_hash = 'x'`)).rejects.toMatchObject({ code: '42501' })
    } finally {
      await other.close()
    }
  }, 60_000)
})

describe('tokens', () => {
  it('of an operator end with him, and those of a source stay', async () => {
    const { id, cookie } = await t.makeOperator('admin', 'Leaves')
    const own = await tokenBy(cookie)
    const { body: source } = await t.call('POST', '/v1/sources', { cookie, body: { name: 'stays' } })
    const ofSource = await tokenBy(cookie, { scopes: ['events.write'], sourceId: source.source.id })
    expect((await t.call('GET', '/v1/alerts', { token: own })).status).toBe(200)
    expect((await asChief('DELETE', `/v1/operators/${id}`)).status).toBe(204)
    expect((await t.call('GET', '/v1/alerts', { token: own })).body.code).toBe('PPT_TOKEN_INVALID')
    for (const token of [source.token, ofSource]) expect((await t.call('GET', '/v1/session', { token })).status).toBe(200)
    expect(await lastAct('operator.removed')).toMatchObject({ detail: { name: 'Leaves', tokens: 1 } })
  })
})

describe('sessions of another operator', () => {
  it('are shown to admins and ended together; password and factors stay', async () => {
    const ann = await t.makeOperator('viewer', 'Ann elsewhere')
    const second = cookiesOf(await signIn('Ann elsewhere'))
    const listed = await asChief('GET', `/v1/operators/${ann.id}/sessions`)
    expect(listed.body.items).toHaveLength(2)
    expect(listed.body.items.every(({ current }: { current: boolean }) => !current)).toBe(true)
    expect((await asChief('DELETE', `/v1/operators/${ann.id}/sessions`)).body).toEqual({ ended: 2 })
    for (const cookie of [ann.cookie, second]) expect(await alive(cookie)).toBe(false)
    expect((await signIn('Ann elsewhere')).status).toBe(200)
    for (const method of ['GET', 'DELETE']) expect((await asChief(method, '/v1/operators/nobody/sessions')).status).toBe(404)
  })
})

describe('where a second factor is required', () => {
  let strict: TestApp
  beforeAll(async () => {
    strict = await createTestApp({ sessions: { requireMfa: 'admins' } })
  }, 60_000)
  afterAll(() => strict.close())
  const enrol = async (cookie: string) => {
    const begun = await strict.call('POST', '/v1/account/totp', { cookie })
    const body = { enrolment: begun.body.enrolment, code: codeAt(begun.body.secret, strict.now()) }
    return merged(cookie, await strict.call('POST', '/v1/account/totp/confirm', { cookie, body }))
  }

  it('an operator without one does nothing but enrol, and then everything', async () => {
    const { cookie } = await strict.makeOperator('admin', 'Must Enrol')
    expect((await strict.call('GET', '/v1/session', { cookie })).body).toMatchObject({ mustEnrol: true })
    for (const [method, url] of [
      ['GET', '/v1/alerts'],
      ['GET', '/v1/overview'],
      ['GET', '/v1/operators'],
      ['DELETE', '/v1/account/totp'],
      ['GET', '/v1/account/sessions'],
    ] as const) {
      expect((await strict.call(method, url, { cookie })).body).toMatchObject({ status: 403, code: 'PPT_FACTOR_REQUIRED' })
    }
    const after = await enrol(cookie)
    expect((await strict.call('GET', '/v1/session', { cookie: after })).body.mustEnrol).toBeUndefined()
    expect((await strict.call('GET', '/v1/alerts', { cookie: after })).status).toBe(200)
  })

  it('asks only whom the rule names', async () => {
    const { cookie } = await strict.makeOperator('viewer', 'Only Reads')
    expect((await strict.call('GET', '/v1/alerts', { cookie })).status).toBe(200)
  })

  it('the last factor stays until there is another one', async () => {
    const { cookie } = await strict.makeOperator('admin', 'Keeps Last')
    const after = await enrol(cookie)
    expect((await strict.call('DELETE', '/v1/account/totp', { cookie: after })).body).toMatchObject({ status: 409, code: 'PPT_CONFLICT' })
    expect((await strict.call('GET', '/v1/account', { cookie: after })).body).toMatchObject({ factorRequired: true, recoveryCodes: 10 })
  })

  it('an old sign-in enrols nothing: it proves itself first', async () => {
    const { cookie } = await strict.makeOperator('admin', 'Old And Bare')
    strict.advance(10 * 60_000)
    expect((await strict.call('POST', '/v1/account/totp', { cookie })).body).toMatchObject({ code: 'PPT_STEP_UP', methods: ['password'] })
    const proved = await strict.call('POST', '/v1/session/step-up', { cookie, body: { password: PASSWORD } })
    expect((await strict.call('POST', '/v1/account/totp', { cookie: merged(cookie, proved) })).status).toBe(200)
  })
})
