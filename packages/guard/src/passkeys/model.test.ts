import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryFactors } from '../mfa/factor-store.js'
import { requestOf, START } from '../mfa/fixtures/setup.js'
import { memoryStore } from '../store/memory-store.js'
import { type Answer, createAuthenticator, ORIGIN } from './fixtures/authenticator.js'
import { createPasskeys } from './passkeys.js'

fc.configureGlobal({ seed: 20_261_122 })

type Move =
  | { readonly kind: 'ask'; readonly of: number | undefined }
  /** `same`: from the browser that asked; `asked`: for the subject that was asked for */
  | { readonly kind: 'answer'; readonly ask: number; readonly same: boolean; readonly asked: boolean; readonly key: number }
  | { readonly kind: 'remove'; readonly key: number }
  | { readonly kind: 'wait'; readonly ms: number }

const mostly = fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) })
const person = fc.option(fc.nat(1), { nil: undefined })
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ask' as const), of: person }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('answer' as const), ask: fc.nat(3), same: mostly, asked: mostly, key: fc.nat(3) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), key: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 120_000, 300_000) }) },
)

const pair = (setCookie: string | undefined): string => setCookie?.split(';')[0] ?? ''
const SUBJECTS = ['anna', 'bert'] as const

describe('passkeys over any story', () => {
  it('sign in the owner of the key, once for each challenge, in the browser that asked, as long as both last', async () => {
    const seen = { ok: 0, failed: 0 }
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 20, maxLength: 50, size: 'max' }), async (story) => {
        let now = START
        const passkeys = createPasskeys({
          rpName: 'Acme',
          origins: [ORIGIN],
          store: memoryStore({ clock: () => now }),
          factors: memoryFactors(),
          clock: () => now,
        })
        const about = { request: requestOf(), session: 's' }
        // two keys for each of two people
        const keys = []
        for (let i = 0; i < 4; i++) {
          const subject = SUBJECTS[i >> 1]!
          const authenticator = createAuthenticator()
          const begun = await passkeys.beginRegistration(subject, { ...about, userName: subject })
          if (begun.kind !== 'begun') throw new Error(begun.kind)
          const response: Answer = authenticator.create(begun.options)
          expect((await passkeys.finishRegistration(subject, { ...about, response })).kind).toBe('registered')
          keys.push({ authenticator, subject, registered: true })
        }
        const asks: { challenge: string; cookie: string; of: string | undefined; until: number; open: boolean }[] = []
        // what happened beside what had to, compared at the end
        const [happened, expectedOf]: [unknown[], unknown[]] = [[], []]
        for (const step of story) {
          if (step.kind === 'wait') now += step.ms
          else if (step.kind === 'remove') {
            const key = keys[step.key]!
            happened.push((await passkeys.remove(key.subject, key.authenticator.id)).kind)
            expectedOf.push(key.registered ? 'removed' : 'not_found')
            key.registered = false
          } else if (step.kind === 'ask') {
            const of = step.of === undefined ? undefined : SUBJECTS[step.of]
            const begun = await passkeys.beginAuthentication(of === undefined ? {} : { subject: of })
            if (begun.kind !== 'begun') throw new Error(begun.kind)
            const offered = keys
              .filter(({ subject, registered }) => registered && subject === of)
              .map(({ authenticator }) => authenticator.id)
            happened.push((begun.options.allowCredentials ?? []).map(({ id }) => id))
            expectedOf.push(offered)
            asks.push({
              challenge: begun.options.challenge,
              cookie: pair(begun.cookie),
              of,
              until: now + 300_000,
              open: true,
            })
          } else {
            // one of the last four
            const ask = asks.at(-1 - step.ask)
            if (ask === undefined) continue
            const key = keys[step.key]!
            const as = step.asked ? ask.of : ask.of === undefined ? key.subject : undefined
            // another browser has the cookie of another challenge
            const cookie = step.same ? ask.cookie : '__Host-passkey=another'
            const response = key.authenticator.get(ask)
            const expected =
              ask.open && now < ask.until && step.same && step.asked && key.registered && (as === undefined || as === key.subject)
            const end = await passkeys.finishAuthentication({
              request: requestOf({ cookie }),
              response,
              ...(as === undefined ? {} : { subject: as }),
            })
            happened.push([step, end.kind === 'ok' ? [end.subject, end.passkey.id] : end.kind])
            expectedOf.push([step, expected ? [key.subject, key.authenticator.id] : 'failed'])
            ask.open = false
            seen[expected ? 'ok' : 'failed']++
          }
        }
        expect(happened).toEqual(expectedOf)
      }),
      { numRuns: 60 },
    )
    // stories in which nothing happens would show nothing
    expect(seen.ok).toBeGreaterThan(20)
    expect(seen.failed).toBeGreaterThan(20)
  }, 60_000)
})
