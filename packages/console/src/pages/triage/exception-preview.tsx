import type { ExceptionPreview } from '@parapet/core'
import { TriangleAlert } from 'lucide-react'

import { useNow } from '../../app/clock.js'
import { HostileText } from '../../components/hostile-text.js'
import { Ago } from '../../components/time.js'
import { previewInWords } from '../../lib/exception-draft.js'
import { count, plural } from '../../lib/format.js'

const EXAMPLES = 5

/** What an exception would have done to the alerts of the last days. */
export const PreviewResult = ({
  preview,
  sure,
  onSure,
}: {
  readonly preview: ExceptionPreview
  readonly sure: boolean
  readonly onSure: (sure: boolean) => void
}) => {
  const { weight, sentence } = previewInWords(preview, useNow(60_000))
  return (
    <div className={weight === 'everything' ? 'alarm' : 'border-l-3 border-line pl-3'}>
      <p className="font-medium">{sentence}</p>
      <p className="text-[0.93rem] text-ink-2">
        {count(preview.eventsLeftOut)} of {plural(preview.events, 'event')} that the rule counts would be left out
        {preview.whole ? '.' : '; there is more history than was looked at.'}
      </p>
      {weight === 'nothing' && preview.alerts > 0 ? (
        <p className="mt-1 text-[0.93rem] text-ink-2">It would change nothing: the events do not match, or there are enough others.</p>
      ) : null}
      {weight === 'everything' ? (
        <label className="mt-2 flex items-baseline gap-2 font-medium text-critical">
          <input type="checkbox" checked={sure} onChange={(event) => onSure(event.target.checked)} className="accent-accent" />
          <span>
            <TriangleAlert size={15} aria-hidden className="mr-1 inline align-[-2px]" />
            It silences every alert of this rule. I mean that.
          </span>
        </label>
      ) : null}
      {preview.examples.length === 0 ? null : (
        <details className="mt-1 text-[0.93rem]">
          <summary className="w-fit text-ink-2 hover:text-ink">Which ones</summary>
          <ul className="mt-1 grid gap-1">
            {preview.examples.slice(0, EXAMPLES).map((alert) => (
              <li key={alert.id} className="wrap-anywhere">
                <HostileText text={alert.why} limit={160} expandable={false} />{' '}
                <span className="text-ink-3">
                  <Ago at={alert.last} />
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}
