import { readFile, rm, stat } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { cookiesOf, createTestApp, PASSWORD, type TestApp } from '../../app/fixtures/test-app.js'
import { createSetupLink, setupFilePath } from '../../lifecycle/setup-link.js'

let t: TestApp
/** Each test has an address of its own: tries are limited by address. */
let host = 0
beforeAll(async () => {
  t = await createTestApp()
}, 60_000)
afterAll(() => t.close())
beforeEach(async () => {
  host++
  await t.database.owner().query('delete from operators')
})

const link = () => createSetupLink(t.services.config, { clock: t.now })
const finish = (given: string, name = 'Ann', password = PASSWORD) =>
  t.call('POST', '/v1/setup', { body: { link: given, name, password }, from: `203.0.113.${host}` })
const needed = async () => (await t.call('GET', '/v1/setup')).body.needed

describe('setup', () => {
  it('makes the first operator with the link and signs in', async () => {
    expect(await needed()).toBe(true)
    const answer = await finish(await link())
    expect(answer).toMatchObject({ status: 201, body: { name: 'Ann', role: 'admin' } })
    expect((await t.call('GET', '/v1/session', { cookie: cookiesOf(answer) })).body.role).toBe('admin')
    expect(await needed()).toBe(false)
  })

  it('keeps the token in the fragment and only its hash in the file', async () => {
    const url = new URL(await link())
    expect(url.pathname).toBe('/setup')
    expect(url.hash).toMatch(/^#[\w-]{43}$/)
    const path = setupFilePath(t.dataDir)
    expect(await readFile(path, 'utf8')).not.toContain(url.hash.slice(1))
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('works once', async () => {
    const given = await link()
    await finish(given)
    expect((await finish(given, 'Eve')).body).toMatchObject({ status: 403, code: 'PPT_SETUP_LINK' })
    expect(await t.services.operators.list()).toHaveLength(1)
  })

  it('works for one of two who use it at the same moment', async () => {
    const given = await link()
    const answers = await Promise.all([finish(given, 'Ann'), finish(given, 'Eve'), finish(given, 'Mal')])
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    for (const { status } of answers) expect([201, 403, 409]).toContain(status)
    expect(await t.services.operators.list()).toHaveLength(1)
  })

  it('takes the token alone as well as the whole link', async () => {
    expect((await finish(new URL(await link()).hash.slice(1))).status).toBe(201)
  })

  it('refuses an earlier link, one of yesterday, and a made-up one', async () => {
    const first = await link()
    const second = await link()
    expect((await finish(first)).body.code).toBe('PPT_SETUP_LINK')
    expect((await finish('x'.repeat(43))).body.code).toBe('PPT_SETUP_LINK')
    t.advance(86_400_001)
    expect((await finish(second)).body.code).toBe('PPT_SETUP_LINK')
    expect(await needed()).toBe(true)
  })

  it('refuses everybody when no link was made', async () => {
    await rm(setupFilePath(t.dataDir), { force: true })
    expect((await finish('')).body.code).toBe('PPT_INVALID')
    expect((await finish('#')).body.code).toBe('PPT_SETUP_LINK')
  })

  it('leaves the link good when the name or the password is refused', async () => {
    const given = await link()
    expect((await finish(given, 'Ann', 'password')).body).toMatchObject({
      status: 422,
      detail: expect.stringMatching(/^password: This is one of the passwords that are tried first/),
    })
    expect((await finish(given, 'A\u202Enn')).body.code).toBe('PPT_INVALID')
    expect((await finish(given)).status).toBe(201)
  })

  it('makes no second admin once there is an operator, even with a fresh link', async () => {
    await finish(await link())
    expect((await finish(await link(), 'Eve')).body.code).toBe('PPT_CONFLICT')
  })

  it('is recorded, without the link and the password', async () => {
    const given = await link()
    await finish('wrong')
    const { id } = (await finish(given)).body
    const { body } = await t.call('GET', '/v1/audit?action=operator.first_created&limit=2', { token: t.local })
    expect(body.items).toMatchObject([
      { outcome: 'success', actor: { kind: 'operator', id }, resource: { type: 'operator', id } },
      { outcome: 'failure', actor: { kind: 'anonymous' }, reason: 'PPT_SETUP_LINK' },
    ])
    const seen = JSON.stringify(body) + t.log.join('')
    for (const secret of [new URL(given).hash.slice(1), PASSWORD]) expect(seen).not.toContain(secret)
  })

  it('tries are limited by address', async () => {
    expect((await finish('guess')).status).toBe(403)
    await t.exhausted('credential', `203.0.113.${host}`, async () => {
      expect((await finish('guess')).status).toBe(429)
    })
  })
})
