import type { DecisionConfirmation } from '@parapet/core'
import { Link } from 'wouter'

import { HostileText } from '../../components/hostile-text.js'
import { Section } from '../../components/page-title.js'
import { StateMark } from '../../components/state-mark.js'
import { CONFIRMATION_STATE, confirmationsInWords, ENFORCER_WORDS, enforcerKey } from '../../lib/enforcers.js'

/** What each enforcer says of one decision: it is in force there, or why not. */
export const InForce = ({
  confirmations,
  active,
}: {
  readonly confirmations: readonly DecisionConfirmation[]
  readonly active: boolean
}) => (
  <Section
    id="in-force"
    title="Where it is in force"
    aside={
      <Link href="/enforcers" className="link">
        All enforcers
      </Link>
    }
  >
    <p className="py-2 font-medium">{active ? confirmationsInWords(confirmations) : 'It does not bind any more.'}</p>
    {confirmations.length === 0 ? null : (
      <ul aria-label="Enforcers">
        {confirmations.map(({ enforcer, state, detail }) => (
          <li key={enforcerKey(enforcer)} className="grid gap-x-5 gap-y-0.5 border-t border-line py-2 sm:grid-cols-[8rem_12rem_1fr]">
            <StateMark {...CONFIRMATION_STATE[state]} />
            <span className="min-w-0 wrap-anywhere">
              <span className="font-medium">{ENFORCER_WORDS[enforcer.kind].name}</span>{' '}
              <span className="text-ink-2">
                <HostileText text={enforcer.source.name} limit={40} expandable={false} />
                {enforcer.instance === '' ? null : (
                  <>
                    {' · '}
                    <HostileText text={enforcer.instance} limit={40} expandable={false} />
                  </>
                )}
              </span>
            </span>
            <span className="min-w-0 text-ink-2 wrap-anywhere">
              <HostileText text={detail} limit={240} />
            </span>
          </li>
        ))}
      </ul>
    )}
  </Section>
)
