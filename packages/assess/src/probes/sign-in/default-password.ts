import { defineProbe, type Probe } from '../../probe.js'
import type { Account } from '../../target/target.js'
import type { ProbeVerdict } from '../../verdict.js'
import { assertProofTells, attempt, attemptShown, controlFailed, endText, type Attempt } from './attempts.js'

type Facts = { readonly control?: Attempt; readonly tries: readonly { readonly name: string; readonly one: Attempt }[] }

/** Names and passwords that products come with; each is tried once. */
const PAIRS = [
  ['admin', 'admin'],
  ['admin', 'password'],
  ['root', 'root'],
  ['test', 'test'],
  ['demo', 'demo'],
] as const

const LOCATOR = 'sign-in'

/** Five pairs of a name and a password that products come with, each once and from an address of its own. */
export const defaultPassword: Probe = defineProbe<Facts>({
  id: 'AUT-002',
  name: 'default-password',
  family: 'sign-in',
  title: 'A default account signs in',
  severity: 'critical',
  kind: 'intrusive',
  cwe: 1392,
  asvs: ['6.3.2'],
  needs: ['signIn'],
  why: 'These are the first pairs that every scanner tries; mostly they belong to an administrator.',
  fix: 'Remove accounts that came with the product or its sample data, or give them a random password at installation.',
  pace: 'loud',
  collect: async (context) => {
    await assertProofTells(context)
    const { accounts } = context.target
    const declared: Account | undefined = accounts?.a ?? accounts?.b ?? accounts?.spare?.[0]
    const control = declared === undefined ? undefined : await attempt(context, context.client({ name: 'a declared account' }), declared)
    const at = declared?.name.lastIndexOf('@') ?? -1
    const domain = declared === undefined || at < 0 ? '' : declared.name.slice(at)
    const tries = await Promise.all(
      PAIRS.map(async ([local, password]) => {
        const visitor = context.client({ name: `somebody as ${local}` })
        return { name: local, one: await attempt(context, visitor, { name: `${local}${domain}`, password }) }
      }),
    )
    return { tries, ...(control === undefined ? {} : { control }) }
  },
  judge: ({ control, tries }) => {
    const inside = tries.filter(({ one }) => one.end.kind === 'in')
    // a sign-in that takes anything is not five default accounts
    if (tries.length > 0 && inside.length === tries.length) {
      const reason = 'every pair signed in: it seems that any name and password does'
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence: tries.slice(0, 1).flatMap(({ one }) => attemptShown(one)) }]
    }
    const found = inside.map(({ name, one }): ProbeVerdict => {
      const evidence = attemptShown(one, `${name} with a default password`)
      return {
        verdict: 'fail',
        locator: `${LOCATOR} as ${name}`,
        says: `the account ${name} signs in with a password that everybody knows`,
        evidence,
      }
    })
    if (found.length > 0) return found
    if (control === undefined) {
      return [
        {
          verdict: 'inconclusive',
          locator: LOCATOR,
          reason: 'no account is declared, so that it cannot be shown that the sign-in works: declare accounts.a',
        },
      ]
    }
    const failed = controlFailed(LOCATOR, control)
    if (failed !== undefined) return [failed]
    const unclear = tries.find(({ one }) => one.end.kind !== 'refused')
    if (unclear?.one.end.kind === 'no-answer')
      return [{ verdict: 'error', locator: LOCATOR, reason: `${unclear.name} got ${endText(unclear.one.end)}` }]
    if (unclear !== undefined) {
      return [
        {
          verdict: 'inconclusive',
          locator: LOCATOR,
          reason: `${unclear.name} was ${endText(unclear.one.end)}: run it again later`,
          evidence: attemptShown(unclear.one),
        },
      ]
    }
    return [
      {
        verdict: 'pass',
        locator: LOCATOR,
        control: `a declared account signed in; ${tries.length} well-known pairs did not`,
        evidence: attemptShown(control),
      },
    ]
  },
})
