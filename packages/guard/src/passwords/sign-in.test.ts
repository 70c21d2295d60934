import { beforeAll, describe, expect, it } from 'vitest'
import { createLogin, UNKNOWN_SUBJECT } from '../login/login.js'
import type { LoginReport } from '../login/report.js'
import type { GuardRequest } from '../request/guard-request.js'
import { memoryStore } from '../store/memory-store.js'
import { createPasswords } from './passwords.js'

const RIGHT = 'tk4-lamp-orbit'
const passwords = createPasswords()
const users = new Map<string, string>()
beforeAll(async () => {
  users.set('anna', await passwords.hash(RIGHT))
})

const request = (address = '203.0.113.7'): GuardRequest => ({
  method: 'POST',
  url: '/sign-in',
  header: () => undefined,
  peer: address,
  secure: true,
})

/** Signing in as an application does it: the shield around, the hash within, the same work for names that do not exist. */
const setup = (hasher = passwords) => {
  const reports: LoginReport[] = []
  let hashed = 0
  const login = createLogin({ store: memoryStore(), delay: 'none', report: (report) => reports.push(report) })
  return {
    reports,
    hashed: () => hashed,
    signIn: (name: string, password: string, address?: string) =>
      login.attempt({ subject: name, method: 'password', request: request(address), credential: password }, async () => {
        hashed++
        const stored = users.get(name)
        const right = await hasher.verify(stored, password)
        return stored === undefined ? UNKNOWN_SUBJECT : right && { name }
      }),
  }
}

describe('signing in with a password', () => {
  it('works for the right one, and for no other', async () => {
    const s = setup()
    expect(await s.signIn('anna', RIGHT)).toMatchObject({ kind: 'ok', value: { name: 'anna' } })
    for (const wrong of ['', 'wrong', `${RIGHT} `, RIGHT.toUpperCase(), RIGHT.slice(0, -1)])
      expect((await s.signIn('anna', wrong, '198.51.100.1')).kind).not.toBe('ok')
  })

  it('trap: enumeration by status, body, time or mail: a name that does not exist gets the same verdict after the same work [ASVS 6.3.8]', async () => {
    const cpu = async (name: string): Promise<{ cost: number; verdict: unknown }> => {
      const s = setup()
      const before = process.cpuUsage()
      const verdict = await s.signIn(name, 'wrong-lamp-orbit')
      const { user, system } = process.cpuUsage(before)
      expect(s.hashed()).toBe(1)
      return { cost: user + system, verdict }
    }
    const costs: { anna: number[]; nobody: number[] } = { anna: [], nobody: [] }
    for (let i = 0; i < 9; i++) {
      for (const name of ['anna', 'nobody'] as const) {
        const { cost, verdict } = await cpu(name)
        expect(verdict).toEqual({ kind: 'failed' })
        costs[name].push(cost)
      }
    }
    const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[4] ?? Number.NaN
    const ratio = middle(costs.nobody) / middle(costs.anna)
    expect(ratio).toBeGreaterThan(0.6)
    expect(ratio).toBeLessThan(1.7)
  })

  it('trap: enumeration by status, body, time or mail: the lock comes after as many tries, and before the hash, for both', async () => {
    const kinds = async (name: string): Promise<[string[], number]> => {
      const s = setup()
      const found: string[] = []
      for (let i = 0; i < 7; i++) found.push((await s.signIn(name, `wrong-${i}`)).kind)
      return [found, s.hashed()]
    }
    const [known, unknown] = [await kinds('anna'), await kinds('nobody')]
    expect(known).toEqual([['failed', 'failed', 'failed', 'failed', 'failed', 'locked', 'locked'], 5])
    expect(unknown).toEqual(known)
  })

  it('does not hash what is longer than 4 KiB, for nobody', async () => {
    const s = setup()
    for (const name of ['anna', 'nobody']) expect(await s.signIn(name, 'x'.repeat(4_097))).toEqual({ kind: 'failed' })
    expect(s.hashed()).toBe(0)
  })

  it('is not possible, and not "wrong", when the machine is busy or a hash is damaged', async () => {
    const busy = createPasswords({ maxHashing: 1, maxWaiting: 0 })
    const waiting = busy.hash(RIGHT)
    expect(await setup(busy).signIn('anna', RIGHT)).toMatchObject({
      kind: 'degraded',
      reason: 'verify',
      cause: { code: 'PPT_RATE_LIMITED' },
    })
    await waiting
    expect((await setup(busy).signIn('anna', RIGHT)).kind).toBe('ok')
    users.set('damaged', 'no hash')
    expect(await setup().signIn('damaged', RIGHT)).toMatchObject({ kind: 'degraded', reason: 'verify', cause: { code: 'PPT_INVALID' } })
  })

  it('is where a hash of another cost is made anew, which asks nothing of the user', async () => {
    const before = createPasswords({ cost: { memoryKib: 12_288, passes: 3 } })
    users.set('old', await before.hash(RIGHT))
    const stored = users.get('old') ?? ''
    expect(passwords.needsRehash(stored)).toBe(true)
    expect((await setup().signIn('old', RIGHT)).kind).toBe('ok')
    users.set('old', await passwords.hash(RIGHT))
    expect(passwords.needsRehash(users.get('old') ?? '')).toBe(false)
    expect((await setup().signIn('old', RIGHT)).kind).toBe('ok')
  })
})

describe('a reset that was required', () => {
  it('takes a password that differs from the old one, and then only the new one signs in [ASVS 6.4.3]', async () => {
    users.set('bert', await passwords.hash(RIGHT))
    const previous = users.get('bert')
    expect(await passwords.judge(RIGHT, { words: ['bert'], previous })).toMatchObject({ kind: 'refused', reason: 'same' })
    // the same text from another keyboard is the same password
    expect(await passwords.judge(RIGHT.replace('4', '４'), { previous })).toMatchObject({ kind: 'refused', reason: 'same' })
    const next = 'zebra-umbrella-41'
    expect(await passwords.judge(next, { words: ['bert'], previous })).toEqual({ kind: 'accepted', breach: 'off' })
    users.set('bert', await passwords.hash(next))
    const s = setup()
    expect((await s.signIn('bert', RIGHT)).kind).toBe('failed')
    expect((await s.signIn('bert', next)).kind).toBe('ok')
  })

  it('does not say that an old password was right before the new one is good in itself', async () => {
    users.set('weak', await passwords.hash('password'))
    // the list speaks first: nobody learns from it what the old password was
    expect(await passwords.judge('password', { previous: users.get('weak') })).toMatchObject({ kind: 'refused', reason: 'most_used' })
  })
})
