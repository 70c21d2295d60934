import { DAY, HOUR, MINUTE } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requestOf, setup } from './fixtures/setup.js'
import { stepAt } from './totp.js'

fc.configureGlobal({ seed: 20_261_122 })

type Move =
  | { readonly kind: 'code'; readonly app: number; readonly offset: number }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'recovery'; readonly which: number }
  | { readonly kind: 'regenerate' }
  | { readonly kind: 'wait'; readonly ms: number }

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('code' as const), app: fc.nat(1), offset: fc.integer({ min: -2, max: 2 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wrong' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('recovery' as const), which: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'regenerate' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1_000, 29_000, 30_000, 61_000, 5 * MINUTE, 15 * MINUTE, HOUR, DAY),
    }),
  },
)

/** The rules in a few lines, without stores, seals, hashes or compare-and-set. */
const createModel = (lastSteps: number[], codes: readonly string[], skew: number) => {
  let left = new Set(codes)
  let failures: readonly number[] = []
  let [lockedUntil, locks] = [0, 0]
  const attempt = (now: number, isRight: () => boolean): 'ok' | 'failed' | 'locked' => {
    if (now < lockedUntil) return 'locked'
    failures = [...failures.filter((at) => at > now - 15 * MINUTE), now]
    if (failures.length >= 5) {
      if (now >= lockedUntil + DAY) locks = 0
      lockedUntil = now + ([15 * MINUTE, HOUR][locks] ?? DAY)
      locks++
      failures = []
    }
    if (!isRight()) return 'failed'
    failures = []
    lockedUntil = 0
    locks = 0
    return 'ok'
  }
  return {
    code: (now: number, app: number, offset: number) =>
      attempt(now, () => {
        const step = stepAt(now) + offset
        if (Math.abs(offset) > skew || step <= (lastSteps[app] ?? 0)) return false
        lastSteps[app] = step
        return true
      }),
    wrong: (now: number) => attempt(now, () => false),
    recovery: (now: number, code: string) => attempt(now, () => left.delete(code)),
    renew: (codes: readonly string[]) => {
      left = new Set(codes)
    },
    left: () => left.size,
  }
}

describe('second factors over any story', () => {
  it.each([0, 1] as const)(
    'decide as the rules say, with a skew of %i: once for each code, five wrong in all',
    async (skew) => {
      const seen = { ok: 0, failed: 0, locked: 0 }
      await fc.assert(
        fc.asyncProperty(fc.array(move, { minLength: 20, maxLength: 60, size: 'max' }), async (story) => {
          const s = setup({ skew })
          const apps = [await s.enrol('anna', 'Phone'), await s.enrol('anna', 'Tablet')]
          const record = (await s.factors.read('anna'))!.record
          let codes = apps[0]!.recoveryCodes
          const model = createModel(
            record.totp.map(({ lastStep }) => lastStep),
            codes,
            skew,
          )
          /** codes that are right by chance would be the test's own error */
          const wrong = (): string => {
            const near = new Set(apps.flatMap(({ secret }) => [-1, 0, 1].map((offset) => s.codeOf(secret, offset))))
            return ['000000', '111111', '222222', '333333', '444444', '555555', '666666'].find((code) => !near.has(code))!
          }
          // what happened beside what had to, compared at the end
          const [happened, expectedOf]: [unknown[], unknown[]] = [[], []]
          for (const step of story) {
            if (step.kind === 'wait') s.advance(step.ms)
            else if (step.kind === 'regenerate') {
              const issued = await s.mfa.regenerateRecoveryCodes('anna')
              codes = issued.kind === 'issued' ? issued.recoveryCodes : []
              model.renew(codes)
            } else {
              const code = step.kind === 'recovery' ? (codes[step.which] ?? '0'.repeat(24)) : ''
              const expected =
                step.kind === 'code'
                  ? model.code(s.now(), step.app, step.offset)
                  : step.kind === 'wrong'
                    ? model.wrong(s.now())
                    : model.recovery(s.now(), code)
              const proof =
                step.kind === 'code'
                  ? { code: s.codeOf(apps[step.app]!.secret, step.offset) }
                  : step.kind === 'wrong'
                    ? { code: wrong() }
                    : { recoveryCode: code }
              seen[expected]++
              happened.push([step, (await s.mfa.verify('anna', proof, requestOf())).kind])
              expectedOf.push([step, expected])
            }
          }
          expect(happened).toEqual(expectedOf)
          expect(await s.mfa.recoveryCodesLeft('anna')).toEqual({ kind: 'counted', left: model.left() })
        }),
        { numRuns: 60 },
      )
    },
    60_000,
  )
})
