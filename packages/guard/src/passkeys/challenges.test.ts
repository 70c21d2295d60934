import { systemRandom } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { broken, slow, START } from '../mfa/fixtures/setup.js'
import { memoryStore } from '../store/memory-store.js'
import { bindingOf, type Ceremony, createChallenges } from './challenges.js'

fc.configureGlobal({ seed: 20_261_122 })

const CEREMONY: Ceremony = { purpose: 'authentication', subject: 'anna', binding: bindingOf('cookie', 'x') }

const setup = () => {
  let time = START
  const memory = memoryStore({ clock: () => time })
  const written: string[] = []
  const store = {
    ...memory,
    write: (key: string, value: string, options: { ttlMs: number; ifVersion?: string | null }) => {
      written.push(key, value)
      return memory.write(key, value, options)
    },
  }
  const challenges = createChallenges({ store: slow(store), clock: () => time, random: systemRandom, challengeMs: 300_000 })
  const issue = async (ceremony = CEREMONY): Promise<string> =>
    Buffer.from((await challenges.issue(ceremony)).challenge).toString('base64url')
  return {
    challenges, issue, written, memory,
    advance: (ms: number) => {
      time += ms
    },
  } // prettier-ignore
}

describe('a challenge', () => {
  it('is 256 random bits, different each time, and only its hash is kept [ASVS 6.7.2]', async () => {
    const s = setup()
    const made = await Promise.all(Array.from({ length: 50 }, () => s.issue()))
    expect(new Set(made).size).toBe(50)
    for (const challenge of made) {
      expect(Buffer.from(challenge, 'base64url')).toHaveLength(32)
      expect(s.written.join('\n')).not.toContain(challenge)
    }
  })

  it('is spent by its first answer, of any number at once', async () => {
    const s = setup()
    const challenge = await s.issue()
    const found = await Promise.all(Array.from({ length: 20 }, () => s.challenges.spend(challenge, CEREMONY)))
    expect(found.filter((fault) => fault === undefined)).toHaveLength(1)
    expect(found.filter((fault) => fault === 'challenge')).toHaveLength(19)
    expect(await s.challenges.spend(challenge, CEREMONY)).toBe('challenge')
  })

  it('is for the purpose, the subject and the browser that it was made for, and spent by a wrong answer too', async () => {
    const s = setup()
    for (const [other, fault] of [
      [{ ...CEREMONY, purpose: 'registration' }, 'challenge'],
      [{ ...CEREMONY, subject: 'mallory' }, 'binding'],
      [{ ...CEREMONY, subject: undefined }, 'binding'],
      [{ ...CEREMONY, binding: bindingOf('session', 'x') }, 'binding'],
      [{ ...CEREMONY, binding: bindingOf('cookie', 'y') }, 'binding'],
    ] as const) {
      const challenge = await s.issue()
      expect(await s.challenges.spend(challenge, other)).toBe(fault)
      expect(await s.challenges.spend(challenge, CEREMONY)).toBe('challenge')
    }
  })

  it('without a subject is for nobody in particular, and so not for somebody by name', async () => {
    const s = setup()
    const open = { ...CEREMONY, subject: undefined }
    expect(await s.challenges.spend(await s.issue(open), open)).toBeUndefined()
    expect(await s.challenges.spend(await s.issue(open), CEREMONY)).toBe('binding')
  })

  it('ends at its time, also where the store keeps it longer', async () => {
    const s = setup()
    const [early, late] = [await s.issue(), await s.issue()]
    s.advance(299_999)
    expect(await s.challenges.spend(early, CEREMONY)).toBeUndefined()
    s.advance(1)
    expect(await s.challenges.spend(late, CEREMONY)).toBe('challenge')
    // a store whose clock is behind
    const behind = memoryStore({ clock: () => START })
    let time = START
    const challenges = createChallenges({ store: behind, clock: () => time, random: systemRandom, challengeMs: 300_000 })
    const challenge = Buffer.from((await challenges.issue(CEREMONY)).challenge).toString('base64url')
    time += 300_000
    expect(await challenges.spend(challenge, CEREMONY)).toBe('challenge')
  })

  it('that we never made is none, whatever it is', async () => {
    const s = setup()
    await s.issue()
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 128 }), async (challenge) => {
        expect(await s.challenges.spend(challenge, CEREMONY)).toBe('challenge')
      }),
    )
  })

  it('is trouble when the store is down, never a pass', async () => {
    const challenges = createChallenges({ store: broken(memoryStore()), clock: () => START, random: systemRandom, challengeMs: 300_000 })
    await expect(challenges.issue(CEREMONY)).rejects.toThrow('down')
    await expect(challenges.spend('x', CEREMONY)).rejects.toThrow('down')
  })
})

describe('what binds a challenge', () => {
  it('keeps sessions and cookies apart, and shows neither', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.string({ minLength: 4 }), (one, other) => {
        expect(bindingOf('session', one)).not.toBe(bindingOf('cookie', one))
        expect(bindingOf('session', one) === bindingOf('session', other)).toBe(one === other)
        expect(bindingOf('cookie', one)).toMatch(/^cookie:[\w-]{43}$/)
      }),
    )
  })
})
