import type { RuleView } from '@parapet/core'

import { LEVELS_DOWN } from './levels.js'

/** How the list of rules may be ordered. */
export const RULE_ORDERS = ['hits', 'level', 'precision', 'last', 'title'] as const
/** One of {@link RULE_ORDERS}. */
export type RuleOrder = (typeof RULE_ORDERS)[number]
/** What the list of rules is narrowed to; it lives in the URL. */
export type RuleFilters = {
  readonly text: string
  readonly state: RuleView['state'] | 'learning' | undefined
  readonly order: RuleOrder
}

const STATES = ['on', 'off', 'broken', 'learning'] as const
const among = <T extends string>(list: readonly T[], text: string | null): T | undefined => list.find((known) => known === text)

/** Reads the filters from a query string; what is not known is as if it were not there. */
export const readRules = (search: string): RuleFilters => {
  const params = new URLSearchParams(search)
  return {
    text: (params.get('q') ?? '').slice(0, 200),
    state: among(STATES, params.get('state')),
    order: among(RULE_ORDERS, params.get('order')) ?? 'hits',
  }
}

/** The path of the page with these filters, shortest form. */
export const rulesPath = (filters: RuleFilters): string => {
  const params = new URLSearchParams()
  if (filters.text !== '') params.set('q', filters.text)
  if (filters.state !== undefined) params.set('state', filters.state)
  if (filters.order !== 'hits') params.set('order', filters.order)
  const text = params.toString()
  return text === '' ? '/rules' : `/rules?${text}`
}

const byLevel = (a: RuleView, b: RuleView): number => LEVELS_DOWN.indexOf(a.level) - LEVELS_DOWN.indexOf(b.level)
const byTitle = (a: RuleView, b: RuleView): number => a.title.localeCompare(b.title, 'en')
/** What is not known comes last, whichever way the rest is ordered. */
const unknownLast = (a: number | null, b: number | null, order: (a: number, b: number) => number): number =>
  a === null ? (b === null ? 0 : 1) : b === null ? -1 : order(a, b)

const ORDER: Readonly<Record<RuleOrder, (a: RuleView, b: RuleView) => number>> = {
  hits: (a, b) => b.alerts7d - a.alerts7d,
  level: byLevel,
  precision: (a, b) => unknownLast(a.precision, b.precision, (x, y) => x - y),
  last: (a, b) => unknownLast(a.lastAlertAt, b.lastAlertAt, (x, y) => y - x),
  title: byTitle,
}

/** The rules that match, broken ones first whatever the order: a rule that cannot run is what somebody has to know. */
export const listRules = (rules: readonly RuleView[], filters: RuleFilters): readonly RuleView[] => {
  const needle = filters.text.trim().toLowerCase()
  return rules
    .filter((rule) => filters.state === undefined || (filters.state === 'learning' ? rule.learning : rule.state === filters.state))
    .filter(
      (rule) =>
        needle === '' ||
        [rule.title, rule.id, rule.name ?? '', rule.origin, ...rule.tags].some((text) => text.toLowerCase().includes(needle)),
    )
    .toSorted(
      (a, b) => Number(b.state === 'broken') - Number(a.state === 'broken') || ORDER[filters.order](a, b) || byLevel(a, b) || byTitle(a, b),
    )
}

/** Precision in per cent and of how many; a dash while nobody has judged: absence is neither 0 nor 100. */
export const precisionInWords = (rule: Pick<RuleView, 'precision' | 'verdicts'>): { readonly text: string; readonly of: number } => {
  const of = rule.verdicts.truePositive + rule.verdicts.falsePositive + rule.verdicts.benign
  return { text: rule.precision === null || of === 0 ? '–' : `${Math.round(rule.precision * 100)} %`, of }
}
