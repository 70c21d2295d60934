import type { RuleView } from '@parapet/core'

import { plural } from '../lib/format.js'
import { precisionInWords } from '../lib/rule-list.js'

/** How often a rule was right, of how many that somebody judged; a dash when nobody did. */
export const Precision = ({ rule }: { readonly rule: Pick<RuleView, 'precision' | 'verdicts'> }) => {
  const { text, of } = precisionInWords(rule)
  const { truePositive, falsePositive, benign } = rule.verdicts
  return (
    <span title={of === 0 ? 'Nobody has closed a group of it yet' : `${truePositive} true, ${falsePositive} false, ${benign} benign`}>
      {text}
      {of === 0 ? <span className="sr-only">not known: nobody has closed a group of it yet</span> : null}
      {of === 0 ? null : <span className="ml-1.5 text-[0.87rem] text-ink-3">of {plural(of, 'verdict')}</span>}
    </span>
  )
}
