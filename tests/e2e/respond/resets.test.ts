import { join } from 'node:path'
import process from 'node:process'
import type { Page, ResetCampaign, SubjectDetail, SubjectView } from '@parapet/core'
import { type CredentialsEnded, createGuard, type Guard, type GuardRequest } from '@parapet/guard'
import { freePort } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { api, type ControlPlane, createPlace, createSource, parapet, startControlPlane } from '../support/control-plane.js'
import { run } from '../support/processes.js'

const PEOPLE = 10_000
const OLD = 'old password'

/** An application of ten thousand users: a guard, and a verifier that costs nothing. */
type Shop = {
  readonly guard: Guard
  readonly passwords: Map<string, string>
  readonly keysEnded: CredentialsEnded[]
  readonly signIn: (user: number, password: string) => Promise<{ readonly kind: string; readonly cookie?: string }>
  /** who a request with this cookie is taken for */
  readonly whoIs: (user: number, cookie: string) => Promise<string>
  /** the application's own verified reset: the link in its mail was opened */
  readonly reset: (user: number) => Promise<void>
}

const place = createPlace('respond-resets')
let control: ControlPlane
let admin = ''
let shop: Shop
let cookies: string[] = []

const nameOf = (user: number): string => `user-${user}`
/** Everybody comes from an address of his own. */
const peerOf = (user: number): string => `198.${18 + (user >> 16)}.${(user >> 8) & 255}.${user & 255}`
const request = (user: number, headers: Readonly<Record<string, string>> = {}, about: Partial<GuardRequest> = {}): GuardRequest => ({
  method: 'GET',
  url: '/',
  header: (name) => headers[name],
  peer: peerOf(user),
  secure: true,
  ...about,
})

const openShop = (url: string, token: string): Shop => {
  const passwords = new Map(Array.from({ length: PEOPLE }, (_, user) => [nameOf(user), OLD]))
  const keysEnded: CredentialsEnded[] = []
  const guard = createGuard({
    clientAddress: 'direct',
    publicOrigins: ['https://shop.example'],
    secret: 'k3y-for-tests-0123456789abcdefghij',
    controlPlane: { url, token },
    login: { delay: 'none', maxVerifying: 500 },
    requestEvents: false,
    onDiagnostic: () => undefined,
    onCredentialsEnd: (ended) => keysEnded.push(ended),
  })
  const post = (user: number): GuardRequest => request(user, {}, { method: 'POST', url: '/login' })
  return {
    guard,
    passwords,
    keysEnded,
    signIn: async (user, password) => {
      const subject = nameOf(user)
      const verdict = await guard.login.attempt({ subject, method: 'password', request: post(user) }, () =>
        passwords.get(subject) === password ? { id: subject } : false,
      )
      if (verdict.kind !== 'ok') return { kind: verdict.kind }
      const started = await guard.sessions.start(subject, {}, post(user), { factors: ['password'] })
      return started.kind === 'started' ? { kind: 'ok', cookie: started.cookie.split(';')[0] ?? '' } : { kind: started.kind }
    },
    whoIs: async (user, cookie) => {
      const { context, refusal, done } = await guard.enter(request(user, { cookie }))
      done(200)
      return refusal !== undefined ? 'refused' : context.session.kind === 'active' ? context.session.session.subject : 'nobody'
    },
    reset: async (user) => {
      passwords.set(nameOf(user), `new ${user}`)
      await guard.passwordChanged(nameOf(user))
    },
  }
}

/** Lets the guard's events go up before there are more than it holds. */
const drained = (below = 1_000): Promise<unknown> =>
  vi.waitFor(() => expect(shop.guard.status().events.waiting).toBeLessThan(below), { timeout: 60_000, interval: 20 })
const forEverybody = async (work: (user: number) => Promise<void>): Promise<void> => {
  for (let from = 0; from < PEOPLE; from += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, index) => work(from + index)))
    await drained()
  }
}
const ask = async <T>(path: string): Promise<T> => api<T>(`${control.url}${path}`, { token: admin })
const command = (...args: readonly string[]): string =>
  run('env', `PARAPET_DATA_DIR=${join(place.path, 'data')}`, `PARAPET_URL=${control.url}`, process.execPath, parapet, ...args)
const campaignOf = (id: string): Promise<ResetCampaign> => ask(`/v1/resets/${id}`)
const until = (id: string, what: Partial<ResetCampaign>): Promise<unknown> =>
  vi.waitFor(async () => expect(await campaignOf(id)).toMatchObject(what), { timeout: 90_000, interval: 250 })

beforeAll(async () => {
  const dataDir = join(place.path, 'data')
  control = await startControlPlane({ dataDir, port: await freePort() })
  const made = await createSource(control.url, dataDir)
  admin = made.admin
  shop = openShop(control.url, made.source)
}, 150_000)
afterAll(async () => {
  await shop?.guard.close()
  await control?.stop()
  place.remove()
}, 60_000)

describe('a reset of everybody, by the command', () => {
  let id = ''

  it('knows ten thousand users from one import of their application, and their sessions from its events', async () => {
    const people = Array.from({ length: PEOPLE }, (_, user) => ({ id: nameOf(user), email: `${nameOf(user)}@example.org` }))
    expect(await shop.guard.subjects.import(people)).toEqual({ taken: PEOPLE })
    await forEverybody(async (user) => {
      cookies[user] = (await shop.signIn(user, OLD)).cookie ?? ''
    })
    expect(new Set(cookies).size).toBe(PEOPLE)
    await drained(1)
    await vi.waitFor(
      () =>
        expect(JSON.parse(command('subjects', 'reset', '--all', '--reason', 'x', '--no-mail', '--dry-run', '--json'))).toMatchObject({
          subjects: PEOPLE,
          sessionsEnded: PEOPLE,
        }),
      { timeout: 90_000, interval: 500 },
    )
  }, 240_000)

  it('ends every session within the time that a decision takes, and tells the application to end keys', async () => {
    command('subjects', 'reset', '--all', '--reason', 'passwords may have leaked', '--no-mail', '--yes')
    id = (await ask<{ items: readonly ResetCampaign[] }>('/v1/resets')).items[0]?.id ?? ''
    await vi.waitFor(() => expect(shop.guard.status().decisions).toBe(1), { timeout: 10_000, interval: 5 })
    const seen = new Set<string>()
    await forEverybody(async (user) => {
      seen.add(await shop.whoIs(user, cookies[user] ?? ''))
    })
    expect([...seen]).toEqual(['nobody'])
    expect(shop.keysEnded.filter(({ everybody }) => everybody === true)).toHaveLength(1)
    await drained(1)
    await until(id, { sessionsEnded: PEOPLE, done: 0, state: 'running' })
  }, 240_000)

  it('refuses every old password, whoever knows it', async () => {
    const verdicts = new Map<string, number>()
    await forEverybody(async (user) => {
      const { kind } = await shop.signIn(user, OLD)
      verdicts.set(kind, (verdicts.get(kind) ?? 0) + 1)
    })
    expect([...verdicts]).toEqual([['reset_required', PEOPLE]])
  }, 240_000)

  it('lets each come back by a verified reset, one by one, and is done with the last', async () => {
    const [first, last] = [0, PEOPLE - 1]
    await shop.reset(first)
    expect((await shop.signIn(first, OLD)).kind).not.toBe('ok')
    const { cookie = '' } = await shop.signIn(first, `new ${first}`)
    expect(await shop.whoIs(first, cookie)).toBe(nameOf(first))
    // who has not is still out, with a password as new as it may be
    expect((await shop.signIn(last, OLD)).kind).toBe('reset_required')
    await until(id, { done: 1, state: 'running' })

    const back = new Set<string>()
    await forEverybody(async (user) => {
      if (user === first) return
      await shop.reset(user)
      back.add((await shop.signIn(user, `new ${user}`)).kind)
    })
    expect([...back]).toEqual(['ok'])
    expect(await shop.whoIs(first, cookie)).toBe(nameOf(first))
    await drained(1)
    await until(id, { done: PEOPLE, state: 'done' })
    // alerts of so many refusals at once may have decided something else
    const asked = () => shop.guard.decisions.all().filter(({ action }) => action === 'require_reset')
    await vi.waitFor(() => expect(asked()).toEqual([]), { timeout: 120_000, interval: 50 })
  }, 300_000)

  it('has left the story of each: the session that ended and why, and the one since', async () => {
    const { items } = await ask<Page<SubjectView>>(`/v1/subjects?q=${nameOf(7)}`)
    const { sessions, subject } = await ask<SubjectDetail>(`/v1/subjects/${items[0]?.id}`)
    expect(sessions.map(({ endedAt }) => endedAt === null)).toEqual([true, false])
    expect(sessions[1]?.endedWhy).toMatch(/require_reset|revoked/)
    expect(subject.flags).toEqual([])
  }, 60_000)
})
