import { inconclusive, type ProbeContext } from '../../probe.js'
import type { Account } from '../../target/target.js'
import { assertProofTells } from '../sign-in/attempts.js'

/** How long a code of an authenticator app is shown, ms. Source: RFC 6238. */
export const PERIOD_MS = 30_000

/** An account whose sign-in asks for a code. Throws `Inconclusive` when none is left, it has no secret, or nothing tells who is signed in. */
export const takeCoded = async (context: ProbeContext): Promise<Account> => {
  await assertProofTells(context)
  const account = context.take('mfa')
  if (account === undefined) throw inconclusive('no account with a second factor is left: declare more under accounts.mfa')
  if (account.totp === undefined)
    throw inconclusive('an account under accounts.mfa has no totp: declare the secret of its authenticator app')
  return account
}

/** The number of the period that this moment is in. */
export const periodOf = (now: number): number => Math.floor(now / PERIOD_MS)

/** Waits until at least `needMs` of the running period are left, so that a code cannot run out in between. */
export const awaitRoom = async (context: Pick<ProbeContext, 'clock' | 'sleep'>, needMs: number): Promise<void> => {
  const left = PERIOD_MS - (context.clock() % PERIOD_MS)
  if (left < needMs) await context.sleep(left + 100)
}

/** A code of six digits that no clock near ours shows for this account. */
export const wrongCode = (context: Pick<ProbeContext, 'random' | 'code'>, account: Account): string => {
  const right = new Set([-3, -2, -1, 0, 1, 2, 3].map((steps) => context.code(account, steps)))
  for (;;) {
    const guess = String(Buffer.from(context.random(4)).readUInt32BE() % 1_000_000).padStart(6, '0')
    if (!right.has(guess)) return guess
  }
}
