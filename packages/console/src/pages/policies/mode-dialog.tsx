import type { DecisionMode, PolicyRuleMode, PolicyView } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { respond } from '../../app/respond-api.js'
import { Dialog } from '../../components/dialog.js'
import { HostileText } from '../../components/hostile-text.js'
import { Failure } from '../../components/states.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { toasts } from '../../components/toasts.js'
import { flattenHostile } from '../../lib/hostile.js'
import { promotionRisks } from '../../lib/policies.js'
import { PreviewResult } from './preview-result.js'

type Props = {
  readonly policy: PolicyView
  readonly mode: DecisionMode
  /** the whole policy when left out */
  readonly rule?: PolicyRuleMode
  readonly onClose: () => void
}

/** Promotes or demotes a rule of a policy, or all of it; a promotion shows first whom it would have hit, and is asked twice when that is somebody. */
export const ModeDialog = ({ policy, mode, rule, onClose }: Props) => {
  const [sure, setSure] = useState(false)
  const promotes = mode === 'enforce'
  const preview = useQuery({
    queryKey: ['policy-preview', policy.id, rule?.rule.id],
    queryFn: ({ signal }) =>
      respond.previewPolicy(policy.id, { mode, days: 7, ...(rule === undefined ? {} : { ruleId: rule.rule.id }) }, signal),
    enabled: promotes,
    retry: false,
  })
  const what = rule === undefined ? policy.title : rule.rule.title
  const submit = useSubmit(() => respond.setPolicyMode(policy.id, mode, rule?.rule.id), {
    refresh: [['policies'], ['rules'], ['rule']],
    onDone: () => {
      toasts.add({ title: `${promotes ? 'Enforced from now on' : 'Only observed from now on'}: ${flattenHostile(what, 60)}` })
      onClose()
    },
  })
  const risks = promotes ? promotionRisks(rule === undefined ? policy.rules : [rule], preview.data) : []
  const looked = !promotes || preview.data !== undefined || preview.error !== null
  return (
    <Dialog
      open
      wide={promotes}
      onClose={onClose}
      title={promotes ? 'Enforce from now on?' : 'Only observe from now on?'}
      description={<HostileText text={what} limit={120} expandable={false} className="font-medium text-ink" />}
    >
      <SubmitForm
        submit={submit}
        onCancel={onClose}
        words={promotes ? ['Enforce', 'Enforcing…'] : ['Observe', 'Changing…']}
        kind={risks.length > 0 ? 'danger' : 'primary'}
        ready={looked && (risks.length === 0 || sure)}
      >
        {promotes ? (
          <div className="rounded-md bg-sunken p-3.5" aria-live="polite">
            {preview.data !== undefined ? (
              <PreviewResult preview={preview.data} short />
            ) : preview.error === null ? (
              <p className="text-ink-2">Looking at what it would have done in the last 7 days…</p>
            ) : (
              <Failure error={preview.error} retry={() => void preview.refetch()} compact />
            )}
          </div>
        ) : (
          <p className="text-ink-2">
            What it would do is written down and shown, and nobody is refused any more. What is in force already stays until it ends or
            somebody undoes it.
          </p>
        )}
        {risks.length === 0 ? null : (
          <>
            <div className="alarm">
              <p className="font-semibold text-critical">What speaks against it:</p>
              <ul className="mt-1 grid gap-0.5">
                {risks.map((risk) => (
                  <li key={risk}>
                    <HostileText text={risk} limit={240} />
                  </li>
                ))}
              </ul>
            </div>
            <label className="flex items-baseline gap-2.5">
              <input type="checkbox" className="accent-accent" checked={sure} onChange={(event) => setSure(event.target.checked)} />
              Enforce it all the same
            </label>
          </>
        )}
      </SubmitForm>
    </Dialog>
  )
}
