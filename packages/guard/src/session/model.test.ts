import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { memoryStore } from '../store/memory-store.js'
import { groupOfSubject, keyOfToken, parseRecord, readToken } from './record.js'
import { createSessions } from './sessions.js'

const MINUTE = 60_000
const request = (cookie: string | undefined): GuardRequest => ({
  method: 'GET',
  url: '/',
  header: (name) => (name === 'cookie' ? cookie : undefined),
  peer: '203.0.113.7',
  secure: true,
})

type Step = {
  readonly kind: 'start' | 'read' | 'rotate' | 'end' | 'endAll' | 'wait'
  readonly subject: string
  readonly which: number
  readonly ms: number
}
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('start', 'read', 'read', 'rotate', 'end', 'endAll', 'wait', 'wait'),
  subject: fc.constantFrom('anna', 'bert'),
  which: fc.nat({ max: 20 }),
  ms: fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 90 * MINUTE })),
})

/** What a cookie must be worth, told without stores and hashes. */
type Family = { subject: string; endsAt: number; seenAt: number; dead: boolean }
type Cookie = { value: string; family: Family; rotatedAt: number | undefined }

describe('any history of sessions', () => {
  it('ends as a plain model says: who is in, who is out, who was caught', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        let now = 1_800_000_000_000
        const store = memoryStore({ clock: () => now })
        // writing every use, so that the model needs no slack; the cap is tested elsewhere
        const sessions = createSessions({
          store,
          clock: () => now,
          idleMs: 10 * MINUTE * 6,
          absoluteMs: 12 * 60 * MINUTE,
          maxPerSubject: 1_000,
        })
        const cookies: Cookie[] = []
        /** uses within a minute are not written, so that an idle end may come up to a minute early */
        const slack = MINUTE
        for (const { kind, subject, which, ms } of steps) {
          if (kind === 'wait') {
            now += ms
            continue
          }
          if (kind === 'start') {
            const started = await sessions.start(subject, {}, request(undefined))
            if (started.kind !== 'started') throw new Error(started.kind)
            cookies.push({
              value: started.cookie.split(';')[0] ?? '',
              rotatedAt: undefined,
              family: { subject, endsAt: now + 12 * 60 * MINUTE, seenAt: now, dead: false },
            })
            continue
          }
          if (kind === 'endAll') {
            await sessions.endAll(subject)
            for (const { family } of cookies) if (family.subject === subject) family.dead = true
            continue
          }
          const cookie = cookies[which % Math.max(1, cookies.length)]
          if (cookie === undefined) continue
          const { family } = cookie
          const idle = now - family.seenAt
          const surelyIn =
            !family.dead &&
            now < family.endsAt &&
            idle < 60 * MINUTE - slack &&
            (cookie.rotatedAt === undefined || now < cookie.rotatedAt + 10_000)
          const surelyOut =
            family.dead ||
            now >= family.endsAt ||
            idle >= 60 * MINUTE ||
            (cookie.rotatedAt !== undefined && now >= cookie.rotatedAt + 10_000)
          const verdict = await sessions.read(request(cookie.value))
          expect(verdict.kind === 'active' || !surelyIn).toBe(true)
          expect(verdict.kind !== 'active' || !surelyOut).toBe(true)
          expect(verdict.kind === 'active' ? verdict.session.subject : family.subject).toBe(family.subject)
          if (verdict.kind === 'replayed') family.dead = true
          if (verdict.kind !== 'active') continue
          family.seenAt = now
          if (kind === 'end') {
            await sessions.end(request(cookie.value))
            family.dead = true
          } else if (kind === 'rotate' && cookie.rotatedAt === undefined) {
            const rotation = await sessions.rotate(request(cookie.value))
            if (rotation.kind !== 'started') throw new Error(rotation.kind)
            cookie.rotatedAt = now
            cookies.push({ value: rotation.cookie.split(';')[0] ?? '', family, rotatedAt: undefined })
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('what is at rest', () => {
  it('is found by the hash of the token only', () => {
    const token = 'a'.repeat(43)
    expect(keyOfToken(token)).not.toContain(token)
    expect(keyOfToken(token)).toBe(keyOfToken(token))
    expect(keyOfToken(`${'a'.repeat(42)}b`)).not.toBe(keyOfToken(token))
    expect(groupOfSubject('anna')).not.toContain('anna')
    expect(groupOfSubject('x'.repeat(10_000)).length).toBeLessThan(100)
  })

  it('is a token only in the one shape that we issue', () => {
    expect(readToken('a'.repeat(43))).toBe('a'.repeat(43))
    for (const bad of [
      undefined,
      '',
      'a'.repeat(42),
      'a'.repeat(44),
      `${'a'.repeat(42)}=`,
      `${'a'.repeat(42)}\n`,
      `${'a'.repeat(43)}\n`,
      'ä'.repeat(43),
    ]) {
      expect(readToken(bad)).toBeUndefined()
    }
  })

  it('is read as nothing when it is damaged', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (value) => {
        const record = parseRecord({ value })
        expect(record === undefined || record.kind === 'live' || record.kind === 'rotated').toBe(true)
      }),
    )
    for (const value of ['', 'null', '[]', '{"kind":"live"}', '{"kind":"other","subject":"x"}'])
      expect(parseRecord({ value })).toBeUndefined()
  })
})
