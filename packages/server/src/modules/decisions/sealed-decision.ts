import type { Decision } from '@parapet/core'
import { type Cell, looksLikeAddress, type Vault } from '../../vault/index.js'

/** The words of a decision, which may name somebody. `target` is there unless it is an address. */
type Words = { readonly target?: string; readonly reason: string; readonly lifted?: string }

/** A decision as both tables hold it: the same text for one revision. */
export type SealedDecision = Decision & { readonly sealed: string }

/** Sealed for the record of changes; the table of current decisions holds a copy. */
export const decisionCell = (id: string, revision: number): Cell => ({
  table: 'decision_log',
  column: 'body',
  row: [id, revision],
  type: 'json',
})

/** Seals the words of a decision. */
export const sealDecision = (vault: Pick<Vault, 'seal'>, decision: Decision): SealedDecision => {
  const { target, reason, lifted } = decision
  const isAddress = looksLikeAddress(target.value)
  const words: Words = {
    ...(isAddress ? {} : { target: target.value }),
    reason,
    ...(lifted === undefined ? {} : { lifted: lifted.reason }),
  }
  return {
    ...decision,
    ...(isAddress ? {} : { target: { ...target, value: '' } }),
    reason: '',
    ...(lifted === undefined ? {} : { lifted: { ...lifted, reason: '' } }),
    sealed: vault.seal(JSON.stringify(words), decisionCell(decision.id, decision.revision)),
  }
}

/** A row of either table, as far as opening goes. */
export type DecisionRow = { readonly id: string; readonly revision: number; readonly form: number; readonly body: unknown }

/** The decision of a row; `form` 0 is one that is not sealed yet. Errors: those of sealed values. */
export const openDecision = (vault: Pick<Vault, 'open'>, row: DecisionRow): Decision => {
  if (row.form === 0) return row.body as Decision
  const { sealed, ...open } = row.body as SealedDecision
  const { target, reason, lifted } = JSON.parse(vault.open(sealed, decisionCell(row.id, row.revision))) as Words
  return {
    ...open,
    reason,
    ...(target === undefined ? {} : { target: { ...open.target, value: target } }),
    ...(open.lifted === undefined || lifted === undefined ? {} : { lifted: { ...open.lifted, reason: lifted } }),
  }
}

/** Columns of a {@link DecisionRow} of the table of current decisions. */
export const CURRENT_COLUMNS = 'id, revision, form, body'
/** The same of the record of changes. */
export const LOG_COLUMNS = 'decision_id AS id, revision, form, body'
