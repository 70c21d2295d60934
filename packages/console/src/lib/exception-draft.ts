import type { ExceptionPreview, RuleException, StoredEvent, TopValues, TriageGroup } from '@parapet/core'
import { EXCEPTION_LIMITS } from '@parapet/core'

import { exceptionFields } from './event-fields.js'
import { plural } from './format.js'

/** One field that an exception can ask for. `share`: how many of the events that were looked at have this value, 0 to 1, when known. */
export type DraftField = {
  readonly field: string
  readonly value: string
  readonly chosen: boolean
  readonly share: number | undefined
}

const SCOPE_FIELD: Readonly<Record<TriageGroup['scope']['kind'], string | undefined>> = {
  ip: 'source.ip',
  user: 'user.name',
  endpoint: 'url.path',
  event: undefined,
}

/**
 * The fields that an exception for a group can be made of, from its newest event, or the newest with the value somebody pointed at. That
 * value is chosen, else what the group stands for (an address prefix stands in for the address).
 */
export const draftFields = (
  group: Pick<TriageGroup, 'scope'>,
  events: readonly StoredEvent[],
  topValues: readonly TopValues[],
  cell?: { readonly field: string; readonly value: string },
): readonly DraftField[] => {
  const found = cell === undefined ? undefined : events.find(({ event }) => String(event[cell.field]) === cell.value)
  const event = (found ?? events[0])?.event
  const scope = SCOPE_FIELD[group.scope.kind]
  const fields = event === undefined ? [] : exceptionFields(event)
  const known = new Map(fields)
  if (cell !== undefined) known.set(cell.field, cell.value)
  if (scope !== undefined && cell?.field !== scope) known.set(scope, group.scope.value)
  const first = cell?.field ?? scope ?? fields[0]?.[0]
  return [...known].map(([field, value]) => {
    const top = topValues.find((values) => values.field === field)
    const counted = top?.values.find((entry) => entry.value === value)?.count
    return {
      field,
      value,
      chosen: field === first,
      share: top === undefined || top.of === 0 || counted === undefined ? undefined : counted / top.of,
    }
  })
}

/** What the server is asked to leave out: the chosen fields as they were typed, numbers and truth as such where the event had them so. */
export const matchOf = (fields: readonly DraftField[], events: readonly StoredEvent[]): RuleException['match'] =>
  Object.fromEntries(
    fields
      .filter(({ chosen, value }) => chosen && value.trim() !== '')
      .slice(0, EXCEPTION_LIMITS.fields)
      .map(({ field, value }) => {
        const typed = events.find(({ event }) => String(event[field]) === value)?.event[field]
        return [field, typeof typed === 'number' || typeof typed === 'boolean' ? typed : value.trim()]
      }),
  )

const DAY = 86_400_000

/** What a preview says, and how heavy it is: `everything` silences the rule whole, `nothing` has no effect. */
export const previewInWords = (
  preview: ExceptionPreview,
  now: number,
): { readonly weight: 'everything' | 'nothing' | 'some'; readonly sentence: string } => {
  const span = plural(Math.max(1, Math.round((now - preview.since) / DAY)), 'day')
  const sentence =
    preview.alerts === 0
      ? `The rule made no alerts in ${span}; there is nothing to compare with.`
      : `Would have silenced ${preview.silenced} of ${plural(preview.alerts, 'alert')} in ${span}.`
  const weight = preview.silenced === 0 ? 'nothing' : preview.silenced >= preview.alerts ? 'everything' : 'some'
  return { weight, sentence }
}
