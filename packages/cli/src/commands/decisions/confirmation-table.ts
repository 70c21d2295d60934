import type { DecisionConfirmation } from '@parapet/core'
import { formatTable } from '../../output/table.js'
import type { Terminal } from '../../output/terminal.js'

const WORDS: Readonly<Record<DecisionConfirmation['state'], string>> = {
  in_force: 'in force',
  waiting: 'not yet',
  refused: 'refused',
  observed: 'observed',
  not_able: 'not able',
  silent: 'silent',
}

/** Where a decision is in force, as a table; a sentence where no enforcer reports. */
export const confirmationTable = (confirmations: readonly DecisionConfirmation[], terminal: Terminal, indent = 0): string => {
  if (confirmations.length === 0) return `${' '.repeat(indent)}No enforcer has reported: whether it is in force anywhere is not known.`
  const { green, red, yellow, dim } = terminal.colors
  const colorOf = (state: DecisionConfirmation['state'] | undefined): ((text: string) => string) =>
    state === 'in_force' ? green : state === 'refused' || state === 'silent' ? red : state === 'waiting' ? yellow : dim
  return formatTable(
    [
      { title: 'enforcer' },
      { title: 'of', shrinkTo: 8 },
      { title: 'state', style: (cell, row) => colorOf(confirmations[row]?.state)(cell) },
      { title: '', shrinkTo: 20 },
    ],
    confirmations.map(({ enforcer, state, detail }) => [
      `${enforcer.kind} ${enforcer.instance}`,
      enforcer.source.name,
      WORDS[state],
      detail,
    ]),
    { width: terminal.width, indent, styleTitle: dim },
  )
}
