import type { Alert } from '@parapet/core'
import type { Cell, Vault } from '../../vault/index.js'

/** What of an alert may name somebody: what it groups by and stands for, whom it has seen, and the sentence. */
type Personal = Pick<Alert, 'group' | 'scope' | 'targets' | 'why'>
/** An alert as the table holds it. */
export type SealedAlert = Omit<Alert, keyof Personal> & { readonly sealed: string }

/** Where what may name somebody is sealed. */
export const alertCell = (id: string): Cell => ({ table: 'alerts', column: 'body', row: [id], type: 'json' })

/** Seals what of an alert may name somebody. */
export const sealAlert = (vault: Pick<Vault, 'seal'>, { group, scope, targets, why, ...open }: Alert): SealedAlert => {
  const personal: Personal = { group, scope, targets, why }
  return { ...open, sealed: vault.seal(JSON.stringify(personal), alertCell(open.id)) }
}

/** The alert of a row; `form` 0 is one that is not sealed yet. Errors: those of sealed values. */
export const openAlert = (
  vault: Pick<Vault, 'open'>,
  row: { readonly id: string; readonly form: number; readonly body: unknown },
): Alert => {
  if (row.form === 0) return row.body as Alert
  const { sealed, ...open } = row.body as SealedAlert
  return { ...open, ...(JSON.parse(vault.open(sealed, alertCell(row.id))) as Personal) }
}

/** The most search terms of one alert; an alert with more addresses is found by its scope. */
const MOST_TARGETS = 300

/** What a search by target looks at: the scope, the group's values and every address seen. */
export const targetTerms = (vault: Pick<Vault, 'term'>, alert: Alert): string[] => [
  ...new Set(
    [alert.scope.value, ...Object.values(alert.group), ...alert.targets]
      .slice(0, MOST_TARGETS)
      .map((text) => vault.term('alerts.target', text)),
  ),
]
