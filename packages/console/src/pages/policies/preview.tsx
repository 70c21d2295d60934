import type { PolicyView } from '@parapet/core'
import { useState } from 'react'

import { mayChangePolicies, respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import { Select } from '../../components/field.js'
import { Section } from '../../components/page-title.js'
import { Failure } from '../../components/states.js'
import { useSubmit } from '../../components/submit.js'
import { PreviewResult } from './preview-result.js'

const SPANS = [
  ['1', 'The last day'],
  ['3', 'The last 3 days'],
  ['7', 'The last 7 days'],
] as const

/** Asks what the whole policy would have done if it were enforced. */
export const Preview = ({ policy }: { readonly policy: PolicyView }) => {
  const may = mayChangePolicies(useOperator())
  const [days, setDays] = useState<(typeof SPANS)[number][0]>('7')
  const ask = useSubmit(() => respond.previewPolicy(policy.id, { mode: 'enforce', days: Number(days) }))
  return (
    <Section id="preview" title="Preview on history">
      <p className="max-w-[75ch] pt-2 text-ink-2">
        What enforcing all of it would have done with the alerts of that time. Nothing is done and nothing is kept.
      </p>
      <form
        className="flex flex-wrap items-center gap-2 py-2"
        onSubmit={(event) => {
          event.preventDefault()
          ask.run()
        }}
      >
        <Select label="How far back" value={days} onChange={setDays} options={SPANS} />
        <button type="submit" className="button min-h-9!" disabled={ask.busy || policy.problem !== null || !may}>
          {ask.busy ? 'Looking…' : 'Preview'}
        </button>
        {policy.problem === null ? null : <span className="text-ink-2">It cannot run as it is.</span>}
        {may ? null : <span className="text-ink-2">Viewers read; an admin can preview it.</span>}
      </form>
      <div aria-live="polite">
        {ask.error === undefined ? null : <Failure error={ask.error} compact />}
        {ask.data === undefined ? null : <PreviewResult preview={ask.data} />}
      </div>
    </Section>
  )
}
