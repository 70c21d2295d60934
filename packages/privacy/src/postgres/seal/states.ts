import { ParapetError } from '@parapet/core'

/** The steps of sealing a plain column while it is in use, in order. */
export type SealState = 'added' | 'dual' | 'backfilled' | 'verified' | 'cut' | 'dropped' | 'finished' | 'undoing'

/** What a state means, what comes next, and whether the way back is open. */
export type SealStep = { readonly means: string; readonly next: SealAction | 'none'; readonly undo: boolean }

/** What a caller may ask for. */
export type SealAction = 'start' | 'backfill' | 'verify' | 'cutOver' | 'finish' | 'undo'

/** Every state as data. */
export const SEAL_STATES: Readonly<Record<SealState, SealStep>> = {
  added: { means: 'the sealed column stands beside the plain one', next: 'start', undo: true },
  dual: { means: 'a trigger keeps both in step; what a plain write changes is sealed again', next: 'backfill', undo: true },
  backfilled: { means: 'every plain value was sealed', next: 'verify', undo: true },
  verified: { means: 'every sealed value was opened and equals the plain one', next: 'cutOver', undo: true },
  cut: { means: 'the plain column is renamed away; only the sealed one is in use', next: 'finish', undo: true },
  dropped: { means: 'the plain column is gone; its text is still in the files of the table', next: 'finish', undo: false },
  finished: { means: 'the plain text is gone from the database', next: 'none', undo: false },
  undoing: { means: 'the plain column is being brought back', next: 'undo', undo: true },
}

const ALLOWED: Readonly<Record<SealAction, readonly SealState[]>> = {
  start: ['added', 'dual', 'backfilled', 'verified'],
  backfill: ['dual', 'backfilled', 'verified'],
  verify: ['backfilled', 'verified'],
  cutOver: ['verified'],
  finish: ['cut', 'dropped'],
  undo: ['added', 'dual', 'backfilled', 'verified', 'cut', 'undoing'],
}

/** Throws PPT_SEAL_STATE unless the action fits the state. */
export const requireState = (action: SealAction, state: SealState | undefined, column: string): SealState => {
  if (state !== undefined && ALLOWED[action].includes(state)) return state
  if (state === undefined) throw new ParapetError('PPT_SEAL_STATE', `the sealing of ${column} has not begun: start comes first`)
  const { next } = SEAL_STATES[state]
  throw new ParapetError(
    'PPT_SEAL_STATE',
    `${column} is ${state}, so ${action} is not possible; ${next === 'none' ? 'it is done' : `next is ${next}`}`,
  )
}
