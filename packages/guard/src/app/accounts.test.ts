import { createDecisionSet, type Decision } from '@parapet/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AccountMark } from '../enforcement/accounts.js'
import { createAliases } from '../enforcement/aliases.js'
import { type Accounts, createAccounts, type CredentialsEnded, watchedSet } from './accounts.js'
import { decide } from './fixtures/world.js'

const NOW = 1_000
type Setup = {
  accounts: Accounts
  did: string[]
  told: string[]
  marks: Map<string, AccountMark>
  finished: Set<string>
  fails: { sessions: boolean; devices: boolean; marks: boolean; hook: boolean }
  at: (ms: number) => void
}
const setup = (
  over: {
    readonly watched?: boolean
    readonly canonical?: (name: string) => string | Promise<string>
    readonly finished?: Set<string>
  } = {},
): Setup => {
  let now = NOW
  const did: string[] = []
  const told: string[] = []
  const marks = new Map<string, AccountMark>()
  const finished = over.finished ?? new Set<string>()
  const fails = { sessions: false, devices: false, marks: false, hook: false }
  const orFail = async (which: keyof typeof fails): Promise<void> => {
    if (fails[which]) throw new Error('down')
  }
  const accounts = createAccounts({
    clock: () => now,
    marks: {
      read: async (subject) => {
        await orFail('marks')
        return marks.get(subject) ?? {}
      },
      raise: async (subject, mark) => {
        await orFail('marks')
        marks.set(subject, { ...marks.get(subject), ...mark })
      },
      isDone: async (id) => {
        await orFail('marks')
        return finished.has(id)
      },
      markDone: async (id) => {
        await orFail('marks')
        finished.add(id)
      },
    },
    sessions: {
      list: async () =>
        [NOW - 1, NOW, NOW + 1].map((createdAt) => ({
          id: `s${createdAt}`, subject: '', data: {}, createdAt, authenticatedAt: createdAt, seenAt: createdAt, expiresAt: 9e15, factors: [],
        })), // prettier-ignore
      endAll: async (subject) => {
        await orFail('sessions')
        did.push(`end ${subject}`)
        return 1
      },
      revoke: async (subject, id) => {
        await orFail('sessions')
        did.push(`revoke ${subject} ${id}`)
        return true
      },
    },
    forgetDevices: async (subject) => {
      await orFail('devices')
      did.push(`forget ${subject}`)
    },
    canonical: over.canonical ?? ((name) => name.toLowerCase()),
    watched: () => over.watched ?? false,
    onCredentialsEnd: (ended: CredentialsEnded) => {
      did.push(`hook ${ended.subject} ${ended.reason}`)
      if (fails.hook) throw new Error('keys could not be ended')
    },
    ended: (decision, subject) => did.push(`told ${decision.action} ${subject}`),
    tell: (code) => told.push(code),
  })
  return {
    accounts,
    did,
    told,
    marks,
    finished,
    fails,
    at: (ms) => {
      now = ms
    },
  }
}
const on = (value: string, over: Partial<Decision> = {}): Decision =>
  decide(NOW, { action: 'suspend', target: { kind: 'user', value }, ...over })

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)

describe('a decision that comes in', () => {
  it('suspend: ends sessions and tells who ends keys', async () => {
    const s = setup()
    s.accounts.applied(on('anna'))
    await settle()
    expect(s.did).toEqual(['end anna', 'hook anna suspend', 'told suspend anna'])
    expect(s.accounts.waiting()).toBe(0)
  })

  it('require_reset: remembered devices end too', async () => {
    const s = setup()
    s.accounts.applied(on('anna', { action: 'require_reset' }))
    await settle()
    expect(s.did).toEqual(['forget anna', 'end anna', 'hook anna require_reset', 'told require_reset anna'])
  })

  it('for a name ends the account of that name, in either spelling', async () => {
    const s = setup()
    s.accounts.applied(on('Anna'))
    await settle()
    expect(s.did.filter((one) => one.startsWith('end'))).toEqual(['end anna', 'end Anna'])
  })

  it.each<[string, Partial<Decision>]>([
    ['of another action', { action: 'require_mfa' }],
    ['on another target', { target: { kind: 'ip', value: '203.0.113.7' } }],
    ['that has expired', { expiresAt: NOW }],
    ['that was lifted', { lifted: { at: 1, by: { kind: 'operator', id: 'o' }, reason: 'x' } }],
  ])('%s ends nothing', async (_which, over) => {
    const s = setup()
    s.accounts.applied(on('anna', over))
    await settle()
    expect(s.did).toEqual([])
  })

  it('that is only watched ends nothing', async () => {
    const s = setup({ watched: true })
    s.accounts.applied(on('anna'))
    await settle()
    expect(s.did).toEqual([])
  })

  it('is carried out once, however often the stream repeats it', async () => {
    const s = setup()
    const decision = on('anna')
    for (let i = 0; i < 5; i++) s.accounts.applied({ ...decision, revision: i })
    await settle()
    s.accounts.applied(decision)
    await settle()
    expect(s.did.filter((one) => one === 'end anna')).toHaveLength(1)
  })

  it('that begins later is carried out then', async () => {
    const s = setup()
    s.accounts.applied(on('anna', { startsAt: NOW + 7_000 }))
    await settle()
    expect(s.did).toEqual([])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(s.did).toEqual([])
    s.at(NOW + 7_000)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(s.did).toContain('end anna')
  })

  it('is tried again every five seconds while the store is away, until it expires', async () => {
    const s = setup()
    s.fails.sessions = true
    s.accounts.applied(on('anna', { expiresAt: NOW + 3_600_000 }))
    await settle()
    expect([s.told, s.accounts.waiting()]).toEqual([['session_store_away'], 1])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(s.told).toHaveLength(2)
    s.fails.sessions = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect(s.did).toContain('end anna')
    expect(s.accounts.waiting()).toBe(0)
    s.fails.sessions = true
    s.accounts.applied(on('bert', { expiresAt: NOW + 2_000 }))
    await settle()
    s.at(NOW + 2_000)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(s.accounts.waiting()).toBe(0)
  })

  it('that is lifted meanwhile is not tried again', async () => {
    const s = setup()
    s.fails.sessions = true
    const decision = on('anna')
    s.accounts.applied(decision)
    await settle()
    s.accounts.applied({ ...decision, lifted: { at: 1, by: { kind: 'operator', id: 'o' }, reason: 'x' } })
    s.fails.sessions = false
    await vi.advanceTimersByTimeAsync(20_000)
    expect(s.did).toEqual([])
  })

  it('whose name cannot be folded is tried again', async () => {
    let away = true
    const s = setup({
      canonical: async (name) => {
        if (away) throw new Error('database')
        return name
      },
    })
    s.accounts.applied(on('anna'))
    await settle()
    expect(s.told).toEqual(['session_store_away'])
    away = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect(s.did).toContain('end anna')
  })

  it('is carried out though the application cannot end its keys, and that is told', async () => {
    const s = setup()
    s.fails.hook = true
    s.accounts.applied(on('anna'))
    await settle()
    expect(s.told).toEqual(['credentials_hook_failed'])
    expect(s.did.at(-1)).toBe('told suspend anna')
  })

  it('in great number is held within bounds', async () => {
    const s = setup()
    s.fails.sessions = true
    for (let i = 0; i < 100_100; i++) s.accounts.applied(on(`u${i}`))
    await settle()
    expect(s.accounts.waiting()).toBe(100_000)
    expect(s.told).toContain('session_store_away')
    s.accounts.close()
  })

  it('on each of ten thousand is carried out for all of them, a few at a time', async () => {
    const s = setup()
    for (let i = 0; i < 10_000; i++) s.accounts.applied(on(`u${i}`, { action: 'require_reset' }))
    for (let i = 0; i < 200 && s.accounts.waiting() > 0; i++) await settle()
    expect(s.did.filter((one) => one.startsWith('end ')).length).toBe(10_000)
    expect(new Set(s.did).size).toBe(40_000)
  })

  it('that was carried out before a restart is not carried out again: who came back since stays signed in', async () => {
    const first = setup()
    const decision = on('anna', { action: 'require_reset' })
    first.accounts.applied(decision)
    await settle()
    const second = setup({ finished: first.finished })
    second.accounts.applied(decision)
    await settle()
    expect(second.did).toEqual([])
    expect(second.accounts.waiting()).toBe(0)
  })

  it('require_reset: leaves alone who has set a new password since it was made', async () => {
    const s = setup()
    s.marks.set('anna', { passwordAt: NOW + 1 })
    s.marks.set('bert', { passwordAt: NOW })
    s.accounts.applied(on('anna', { action: 'require_reset' }))
    s.accounts.applied(on('bert', { action: 'require_reset' }))
    await settle()
    expect(s.did).toEqual(['forget bert', 'end bert', 'hook bert require_reset', 'told require_reset bert'])
  })

  it('require_reset of everybody: tells who ends keys once, and leaves sessions to the next request of each', async () => {
    const s = setup()
    const decision = on('*', { action: 'require_reset', target: { kind: 'all', value: '*' } })
    s.accounts.applied(decision)
    s.accounts.applied(on('*', { action: 'suspend', target: { kind: 'all', value: '*' } }))
    await settle()
    expect(s.did).toEqual(['hook * require_reset'])
    const again = setup({ finished: s.finished })
    again.accounts.applied(decision)
    await settle()
    expect(again.did).toEqual([])
  })

  it('end_sessions: ends those that began before it, no other, and neither devices nor keys', async () => {
    const s = setup()
    s.accounts.applied(on('anna', { action: 'end_sessions', startsAt: NOW }))
    await settle()
    expect(s.did).toEqual(['revoke anna s999', 'revoke anna s1000', 'told end_sessions anna'])
  })
})

describe('a session that meets a decision', () => {
  it('of its user takes all of the user with it; one of a network only itself', async () => {
    const s = setup()
    const session = { id: 's1', subject: 'anna' }
    await s.accounts.end(on('anna'), session)
    await s.accounts.end(on('x', { target: { kind: 'ip', value: '203.0.113.7' } }), session)
    await s.accounts.end(on('x', { target: { kind: 'session', value: 's1' } }), session)
    expect(s.did.filter((one) => /^(?:end|revoke)/.test(one))).toEqual(['end anna', 'revoke anna s1', 'revoke anna s1'])
  })

  it('whose password is in doubt takes all of the user with it, whatever the target', async () => {
    const s = setup()
    await s.accounts.end(on('x', { action: 'require_reset', target: { kind: 'ip', value: '203.0.113.7' } }), { id: 's1', subject: 'anna' })
    expect(s.did.slice(0, 2)).toEqual(['forget anna', 'end anna'])
  })

  it('is told of when it cannot be ended, and nothing is thrown at the request', async () => {
    const s = setup()
    s.fails.sessions = true
    await expect(s.accounts.end(on('anna'), { id: 's1', subject: 'anna' })).resolves.toBeUndefined()
    expect(s.told).toEqual(['session_store_away'])
  })
})

describe('a new password', () => {
  it('is marked first, so that a failure after it leaves nobody out; then devices and sessions end', async () => {
    const s = setup()
    await s.accounts.passwordChanged('anna')
    expect(s.marks.get('anna')).toEqual({ passwordAt: NOW })
    expect(s.did).toEqual(['forget anna', 'end anna', 'hook anna password_changed'])
    expect(await s.accounts.passwordAt('anna')).toBe(NOW)
    expect(await s.accounts.passwordAt('bert')).toBeUndefined()
  })

  it.each(['marks', 'devices', 'sessions'] as const)('is not taken for done when %s cannot be written', async (which) => {
    const s = setup()
    s.fails[which] = true
    await expect(s.accounts.passwordChanged('anna')).rejects.toThrow('down')
  })

  it('that nobody can ask about lifts nothing', async () => {
    const s = setup()
    s.fails.marks = true
    expect(await s.accounts.passwordAt('anna')).toBeUndefined()
    expect(s.told).toEqual(['session_store_away'])
  })
})

describe('a flag', () => {
  it('is kept for the subject, and its loss is told', async () => {
    const s = setup()
    await s.accounts.flag('anna', 5_000)
    expect(await s.accounts.flaggedUntil('anna')).toBe(5_000)
    s.fails.marks = true
    await s.accounts.flag('anna', 9_000)
    expect(s.told).toEqual(['session_store_away'])
    await expect(s.accounts.flaggedUntil('anna')).rejects.toThrow('down')
  })
})

describe('a set that is watched', () => {
  it('tells of every decision that comes in, by whatever way, and is the same set otherwise', () => {
    const told: string[] = []
    const set = watchedSet(createDecisionSet(), { applied: ({ id }) => told.push(id), reset: () => told.push('reset') })
    const [one, two] = [on('anna'), on('bert')]
    set.apply(one)
    set.reset([one, two], 99)
    expect(told).toEqual([one.id, 'reset', one.id, two.id])
    expect([set.size, set.revision, set.all().length]).toEqual([2, 99, 2])
    expect(set.match({ user: 'bert' }, NOW)).toHaveLength(1)
    expect(set.sweep(9e15)).toBe(2)
    expect(set.size).toBe(0)
  })
})

describe('spellings of an account', () => {
  it('are remembered where a decision uses another than the guard', () => {
    const aliases = createAliases((name) => name.trim().toLowerCase())
    aliases.note(on(' ANNA '))
    aliases.note(on('Anna'))
    aliases.note(on('anna'))
    aliases.note(on('x', { target: { kind: 'ip', value: 'BERT' } }))
    expect(aliases.of('anna')).toEqual(['anna', ' ANNA ', 'Anna'])
    expect(aliases.of('bert')).toEqual(['bert'])
    aliases.clear()
    expect(aliases.of('anna')).toEqual(['anna'])
  })

  it('are remembered within bounds, and hold for the name as it stands when nothing can fold it', async () => {
    const aliases = createAliases((name) => (name.startsWith('bad') ? Promise.reject(new Error('database')) : 'one'))
    for (let i = 0; i < 10_500; i++) aliases.note(on(`n${i}`))
    expect(aliases.of('one')).toHaveLength(10_001)
    const failing = createAliases(async () => Promise.reject(new Error('database')))
    failing.note(on('anna'))
    await settle()
    expect(failing.of('anna')).toEqual(['anna'])
    const throwing = createAliases(() => {
      throw new Error('bug')
    })
    expect(() => throwing.note(on('anna'))).not.toThrow()
  })

  it('called __proto__ are names like any other', () => {
    const aliases = createAliases((name) => name.toLowerCase())
    aliases.note(on('__PROTO__'))
    expect(aliases.of('__proto__')).toEqual(['__proto__', '__PROTO__'])
    expect(aliases.of('constructor')).toEqual(['constructor'])
  })
})
