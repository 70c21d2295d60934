import { DAY } from '@parapet/core'
import type { CorrelationRule } from '../sigma/rule.js'
import type { Correlator, CorrelatorDeps } from './correlator.js'
import type { GroupState } from './group-state.js'
import { createBaselineCorrelator } from './novelty-frame.js'
import { type Baseline, baselineBytes, isRepeated, judgeAbsence, judgeNovelty } from './novelty-judge.js'
import { durationWords, eventWords, fieldWords, groupWords, plain } from './sentence.js'

/** Values of each kind that a sentence names. */
const NAMED = 4
const SEPARATOR = String.fromCharCode(31)

const shown = (value: string): string => plain(value.replaceAll(SEPARATOR, ' · '), 60)

/**
 * Puts a rule of kind `novelty` to work: an event whose value was never seen for its group (a country, a network, a kind of device of a user), or with
 * `absence` a group that comes back after a long time.
 */
export const createNovelty = (rule: CorrelationRule, deps: CorrelatorDeps): Correlator => {
  const { novelty } = rule
  if (novelty === undefined) throw new TypeError('a rule of kind novelty has a novelty')
  const { absence } = novelty
  const names = rule.groupBy.map((field) => field.name)
  const valueOf = absence === undefined ? deps.keyerFor(rule.valueFields) : undefined
  const words = eventWords(deps.program[rule.rules[0] ?? -1])

  const why = (state: GroupState, total: number, first: number): string => {
    const { values, since } = state.extra as Baseline
    const where = groupWords(names, state.values)
    const times = total > 1 ? `${total} ${words}` : `1 of ${words}`
    if (absence !== undefined) return `${times}${where} after more than ${durationWords(absence)} without any`
    const news = values.filter(([, from, , known]) => known === 0 && from >= first).map(([value]) => shown(value))
    const olds = values.filter(([, , , known]) => known === 1).map(([value]) => shown(value))
    const days = Math.max(1, Math.round((first - since) / DAY))
    const more = olds.length > NAMED ? ` and ${olds.length - NAMED} more` : ''
    return (
      `${times}${where} with ${fieldWords(rule.valueFields)} not seen before: ${news.slice(0, NAMED).join(', ')} ` +
      `(in ${days === 1 ? '1 day' : `${days} days`}: ${olds.slice(0, NAMED).join(', ') || 'none'}${more})`
    )
  }

  return createBaselineCorrelator<string>(rule, deps, {
    // who is away must be remembered for as long as a return counts
    keep: absence === undefined ? novelty.memory : Math.max(novelty.memory, absence * 2),
    read: (view) => (valueOf === undefined ? '' : valueOf(view)?.key),
    judge: (state, value, time, ref, address, unreal) => {
      const before = state.extra as Baseline | undefined
      if (before !== undefined && isRepeated(before, value, time, novelty)) return 'same'
      const { verdict, baseline } = absence === undefined ? judgeNovelty(before, value, time, novelty) : judgeAbsence(before, time, absence)
      if (!unreal || before === undefined) {
        state.extra = baseline
        state.extraBytes = baselineBytes(baseline)
      }
      return verdict === 'novel' ? [{ time, ref, address }] : undefined
    },
    why: (state, burst) => why(state, burst.total, burst.first),
  })
}
