import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, failedLogin, type Json, type TestApp } from '../../app/fixtures/test-app.js'

let t: TestApp
let source: { id: string; token: string }
beforeAll(async () => {
  t = await createTestApp()
  source = await t.makeSource()
}, 60_000)
afterAll(() => t.close())

const local = (method: string, url: string, body?: unknown) =>
  t.call(method, url, { token: t.local, ...(body === undefined ? {} : { body }) })
const list = async (): Promise<Json[]> => (await local('GET', '/v1/policies')).body.items
const policy = async (id: string): Promise<Json> => (await list()).find((one) => one.id === id)
const send = async (events: readonly unknown[]): Promise<void> => {
  await t.call('POST', '/v1/events', { token: source.token, body: events })
  await t.settle()
}
/** Guesses at the sign-in from one address until a rule fires. */
const guess = (address: string): Promise<void> =>
  send(
    Array.from({ length: 8 }, (_, i) =>
      failedLogin({ '@timestamp': t.now(), 'event.id': `${address}-${t.now()}-${i}`, 'source.ip': address }),
    ),
  )
const bans = async (address: string): Promise<Json[]> => (await local('GET', `/v1/decisions?target=${address}`)).body.items

const OWN = `id: brute-force
title: Ours
description: Ours, shorter.
order: 100
match:
  tags: [attack.t1110]
  level: medium
respond:
  mode: observe
  memory: 1d
  actions:
    - { action: deny, target: ip, steps: [{ scope: login, duration: 5m }] }
`
const ownFile = (name: string): string => join(t.dataDir, 'policies', name)
const write = async (name: string, text: string): Promise<void> => {
  await mkdir(join(t.dataDir, 'policies'), { recursive: true })
  await writeFile(ownFile(name), text)
  await t.reloadPolicies()
}

describe('policies', () => {
  it('are listed as they are asked, in words, with the rules that they answer', async () => {
    const all = await list()
    expect(all.map(({ order }) => order)).toEqual(all.map(({ order }) => order).toSorted((a, b) => a - b))
    const brute = await policy('brute-force')
    expect(brute).toMatchObject({ origin: 'builtin', builtinSource: null, problem: null })
    expect(brute.inWords.length).toBeGreaterThan(0)
    expect(brute.rules.length).toBeGreaterThan(3)
    expect(brute.source).toContain('id: brute-force')
  })

  it('answer as their file says until somebody sets one of their rules, then at once as he said', async () => {
    await guess('203.0.113.1')
    expect((await bans('203.0.113.1'))[0]).toMatchObject({ mode: 'enforce', author: { id: 'brute-force' } })
    const { rule } = (await bans('203.0.113.1'))[0]
    const { cookie, name } = await t.makeOperator()
    const set = await t.call('PUT', '/v1/policies/brute-force/mode', { cookie, body: { mode: 'observe', ruleId: rule.id } })
    expect(set.status).toBe(200)
    expect(set.body.rules.find((one: Json) => one.rule.id === rule.id)).toMatchObject({ mode: 'observe', setBy: { name } })
    await guess('203.0.113.2')
    const observed = (await bans('203.0.113.2')).filter((one) => one.rule.id === rule.id)
    expect(observed.map(({ mode }) => mode)).toEqual(['observe'])
    const reset = await local('DELETE', '/v1/policies/brute-force/mode', { ruleId: rule.id })
    expect(reset.body.rules.find((one: Json) => one.rule.id === rule.id)).toMatchObject({ mode: 'enforce', setBy: null, setAt: null })
    await guess('203.0.113.3')
    expect((await bans('203.0.113.3')).find((one) => one.rule.id === rule.id)).toMatchObject({ mode: 'enforce' })
  })

  it('set as a whole are so for every rule that nobody set apart', async () => {
    await local('PUT', '/v1/policies/brute-force/mode', { mode: 'observe' })
    expect(await policy('brute-force')).toMatchObject({ mode: 'observe' })
    expect((await policy('brute-force')).rules.every(({ mode }: Json) => mode === 'observe')).toBe(true)
    await local('DELETE', '/v1/policies/brute-force/mode', {})
    expect(await policy('brute-force')).toMatchObject({ mode: 'enforce' })
  })

  it('are known to every other server at once, also by those that were not told', async () => {
    const { createPolicySettings } = await import('../../modules/policies/index.js')
    const other = createPolicySettings({
      database: await t.database.sibling(),
      reload: async () => undefined,
      clock: t.now,
      log: { warn: () => undefined },
    })
    await other.start()
    await local('PUT', '/v1/policies/brute-force/mode', { mode: 'observe' })
    await expect.poll(() => other.of('brute-force', ''), { timeout: 2_000 }).toBe('observe')
    await local('DELETE', '/v1/policies/brute-force/mode', {})
    await expect.poll(() => other.of('brute-force', ''), { timeout: 2_000 }).toBeUndefined()
    other.stop()
  })

  it('count what they did, and say what stands against enforcing', async () => {
    const { rule } = (await bans('203.0.113.1'))[0]
    t.advance(61_000)
    const seen = (await policy('brute-force')).rules.find((one: Json) => one.rule.id === rule.id)
    expect(seen.decisions7d).toBeGreaterThanOrEqual(2)
    expect(seen.observed7d).toBeGreaterThanOrEqual(1)
    expect(seen.holds.join(' ')).not.toBe('')
  })

  it('are set only by whom it is given to, with a fresh proof of who he is, and it stands in the record', async () => {
    const { cookie } = await t.makeOperator('viewer')
    expect((await t.call('PUT', '/v1/policies/brute-force/mode', { cookie, body: { mode: 'observe' } })).body.code).toBe('PPT_FORBIDDEN')
    const admin = await t.makeOperator()
    t.advance(11 * 60_000)
    expect((await t.call('PUT', '/v1/policies/brute-force/mode', { cookie: admin.cookie, body: { mode: 'observe' } })).body.code).toBe(
      'PPT_STEP_UP',
    )
    await local('PUT', '/v1/policies/observe/mode', { mode: 'observe' })
    const { rows } = await t.database.pool.query(`SELECT outcome FROM audit WHERE action = 'policy.mode_set' AND resource_id = 'observe'`)
    expect(rows).toEqual([{ outcome: 'success' }])
  })

  it('that are not there, and rules that a policy does not answer, are not found', async () => {
    expect((await local('PUT', '/v1/policies/none/mode', { mode: 'observe' })).status).toBe(404)
    expect((await local('PUT', '/v1/policies/brute-force/mode', { mode: 'observe', ruleId: 'none' })).status).toBe(404)
    expect((await local('POST', '/v1/policies/none/preview', {})).status).toBe(404)
  })
})

describe('a preview', () => {
  it('says what would have happened with the alerts of the last days, who would have been hit, and does nothing', async () => {
    await send([
      failedLogin({
        '@timestamp': t.now(),
        'event.id': 'in',
        'source.ip': '203.0.113.1',
        'event.outcome': 'success',
        'user.name': 'grace',
      }),
    ])
    const before = await t.services.decisions.revision()
    const { status, body } = await local('POST', '/v1/policies/brute-force/preview', { days: 7 })
    expect(status).toBe(200)
    expect(body).toMatchObject({ whole: true })
    expect(body.alerts).toBeGreaterThanOrEqual(3)
    expect(body.addresses).toBeGreaterThanOrEqual(3)
    expect(body.signedIn).toBe(1)
    expect(body.examples.find((one: Json) => one.target.value === '203.0.113.1')).toMatchObject({ signedIn: true })
    expect(await t.services.decisions.revision()).toBe(before)
  })

  it('is also of a text that nobody has put into force, which must keep its id and be right', async () => {
    const edited = await local('POST', '/v1/policies/brute-force/preview', { source: OWN })
    expect(edited.body.decisions).toBeGreaterThan(0)
    expect(edited.body.examples.every(({ outcome }: Json) => outcome !== 'enforced')).toBe(true)
    const wrong = await local('POST', '/v1/policies/brute-force/preview', { source: OWN.replace('action: deny', 'action: explode') })
    expect(wrong.body).toMatchObject({ status: 422, detail: expect.stringMatching(/^source, line \d+: .*explode/) })
    const other = await local('POST', '/v1/policies/brute-force/preview', { source: OWN.replace('id: brute-force', 'id: other') })
    expect(other.body).toMatchObject({ status: 422, detail: expect.stringContaining('has to stay brute-force') })
  })

  it('narrowed to a rule looks at its alerts alone', async () => {
    const all = (await local('POST', '/v1/policies/brute-force/preview', {})).body.alerts
    const none = (await local('POST', '/v1/policies/brute-force/preview', { ruleId: 'another' })).body.alerts
    expect([all > 0, none]).toEqual([true, 0])
  })

  it('runs one at a time', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => local('POST', '/v1/policies/brute-force/preview', {})))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 429, 429])
  })
})

describe('own policies', () => {
  it('take the place of the one that comes with Parapet under the same id, at once, and give it back', async () => {
    await write('ours.yml', OWN)
    expect(await policy('brute-force')).toMatchObject({
      title: 'Ours',
      origin: 'own/ours.yml',
      mode: 'observe',
      builtinSource: expect.stringContaining('id: brute-force'),
    })
    await guess('203.0.113.20')
    expect((await bans('203.0.113.20')).filter(({ author }) => author.id === 'brute-force').every(({ mode }) => mode === 'observe')).toBe(
      true,
    )
    await rm(ownFile('ours.yml'))
    await t.reloadPolicies()
    expect(await policy('brute-force')).toMatchObject({ origin: 'builtin' })
  })

  it('that cannot run say why, and leave the one in force that they would have replaced', async () => {
    await write('broken.yml', OWN.replace('mode: observe', 'mode: permit'))
    await write('noise.yml', '[not a policy')
    const all = await list()
    expect(all.find(({ id }) => id === 'brute-force')).toMatchObject({ origin: 'builtin', problem: expect.stringContaining('permit') })
    expect(all.find(({ origin }) => origin === 'own/noise.yml')).toMatchObject({ problem: expect.any(String), rules: [] })
    await rm(ownFile('broken.yml'))
    await rm(ownFile('noise.yml'))
    await t.reloadPolicies()
  })
})
