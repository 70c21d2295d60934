import { type Decision, formatDuration, isActive } from '@parapet/core'
import { formatTime } from './format.js'
import type { Column } from './table.js'
import type { Terminal } from './terminal.js'

/** What became of a decision: `45m left`, `expired`, `lifted`, `observed` (never enforced). */
export const stateOf = (decision: Decision, now: number): string => {
  if (decision.lifted !== undefined) return 'lifted'
  if (!isActive(decision, now)) return decision.startsAt > now ? 'not yet' : 'expired'
  return `${formatDuration(decision.expiresAt - now)} left`
}

/** What it does, in words: `deny sign-in`, `require_mfa all`. */
export const effectOf = ({ action, scope, mode }: Decision): string =>
  `${action} ${scope === 'login' ? 'sign-in' : 'all'}${mode === 'observe' ? ' (observed)' : ''}`

/** Decisions as rows of a table. */
export const decisionTable = (
  decisions: readonly Decision[],
  now: number,
  terminal: Terminal,
): { columns: readonly Column[]; rows: readonly (readonly string[])[] } => {
  const { bold, dim, green } = terminal.colors
  return {
    columns: [
      { title: 'target', shrinkTo: 16, style: bold },
      { title: 'effect' },
      { title: 'state', style: (cell, row) => (stateOf(decisions[row] as Decision, now).endsWith('left') ? green(cell) : dim(cell)) },
      { title: 'since (UTC)' },
      { title: 'reason', shrinkTo: 12 },
    ],
    rows: decisions.map((decision) => [
      decision.target.value,
      effectOf(decision),
      stateOf(decision, now),
      formatTime(decision.startsAt),
      decision.reason,
    ]),
  }
}
