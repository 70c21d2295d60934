import type { ResetLink } from '@parapet/core'
import type { Factors } from '../factors/index.js'
import type { OperatorSessions } from '../sessions/index.js'
import type { Tokens } from '../tokens/index.js'
import type { Operators } from './operators.js'
import type { Resets } from './resets.js'

/** What ends with a reset. The password always does. */
export type ResetChoice = { readonly sessions: boolean; readonly factors: boolean; readonly tokens: boolean }

/** What was ended, and the one-time link. */
export type ResetDone = { readonly link: ResetLink; readonly sessions: number; readonly tokens: number }

/**
 * Resets an operator: the old password opens nothing any more, and what was chosen ends. The password first, so that nobody signs in again
 * with it in between. Throws `PPT_NOT_FOUND`.
 */
export const resetOperator = async (
  parts: {
    readonly operators: Pick<Operators, 'scramblePassword' | 'raiseGeneration'>
    readonly resets: Pick<Resets, 'create' | 'drop'>
    /** browsers that are known get past locks: nobody knows any more whose they are */
    readonly forgetDevices: (operatorId: string) => Promise<void>
    readonly factors: Pick<Factors, 'reset'>
    readonly sessions: Pick<OperatorSessions, 'endAll'>
    readonly tokens: Pick<Tokens, 'revokeOf'>
  },
  operatorId: string,
  choice: ResetChoice,
): Promise<ResetDone> => {
  // an older link first: with it a password could be set between the next two steps
  await parts.resets.drop(operatorId)
  await parts.operators.scramblePassword(operatorId)
  if (choice.factors) await parts.factors.reset(operatorId)
  // whoever proved a factor just before it was removed has not come in yet
  await parts.operators.raiseGeneration(operatorId)
  await parts.forgetDevices(operatorId)
  const tokens = choice.tokens ? await parts.tokens.revokeOf(operatorId) : 0
  const sessions = choice.sessions ? await parts.sessions.endAll(operatorId) : 0
  return { link: await parts.resets.create(operatorId), sessions, tokens }
}
