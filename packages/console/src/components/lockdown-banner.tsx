import type { Lockdown } from '@parapet/core'
import { clsx } from 'clsx'
import { Lock, LockOpen, X } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'

import { mayLockDown } from '../app/api.js'
import { respond } from '../app/respond-api.js'
import { focusSoon } from '../app/row-focus.js'
import { useOperator } from '../app/session.js'
import { plural, zonedTime } from '../lib/format.js'
import type { LockdownStage } from '../lib/lockdown.js'
import { LOCKDOWN_WORDS, nextOf } from '../lib/lockdown.js'
import { ConfirmDialog } from './confirm-dialog.js'
import { HostileText } from './hostile-text.js'
import { useSubmit } from './submit.js'
import { Failure } from './states.js'
import { Clock, Countdown } from './time.js'
import { toasts } from './toasts.js'

const REFRESH = [['lockdown'], ['decisions'], ['overview'], ['incident']]

const Acts = ({ lockdown, urgent }: { readonly lockdown: Lockdown; readonly urgent: boolean }) => {
  const [ending, setEnding] = useState(false)
  const first = lockdown.confirmations === 0
  const confirm = useSubmit(respond.confirmLockdown, {
    refresh: REFRESH,
    onDone: ({ endsAt }) => toasts.add({ title: `Confirmed: the lockdown holds until ${zonedTime(endsAt)}.` }),
  })
  return (
    <>
      <div className="flex flex-wrap gap-2">
        <button
          type="button"
          className="button border-critical!"
          data-kind={urgent ? 'primary' : undefined}
          data-confirm=""
          // not disabled: that takes the focus away from who confirms with the keyboard
          aria-disabled={confirm.busy}
          onClick={confirm.busy ? undefined : confirm.run}
        >
          {confirm.busy ? 'Confirming…' : first ? 'Confirm: we still get in' : 'Confirm again'}
        </button>
        <button type="button" className="button" onClick={() => setEnding(true)}>
          <LockOpen size={15} aria-hidden />
          End it…
        </button>
      </div>
      {confirm.error === undefined ? null : (
        <div className="basis-full">
          <Failure error={confirm.error} compact />
        </div>
      )}
      {ending ? (
        <ConfirmDialog
          title="End the lockdown?"
          words={['End it', 'Ending…']}
          act={async () => {
            await respond.endLockdown()
            // the banner goes; where the next one would begin is there then
            focusSoon('[data-lock-down]')
          }}
          refresh={REFRESH}
          onClose={() => setEnding(false)}
        >
          <p>Everything is open again at once, at every enforcer. Blocks and flags of their own stay as they are.</p>
        </ConfirmDialog>
      ) : null}
    </>
  )
}

const On = ({ lockdown, stage }: { readonly lockdown: Lockdown; readonly stage: LockdownStage }) => {
  const operator = useOperator()
  const urgent = stage !== 'holding'
  return (
    <>
      <div className="min-w-0 grow basis-[34rem]">
        <p className="flex flex-wrap items-baseline gap-x-3">
          <strong className="text-[1.05rem] text-critical">
            <Lock size={17} aria-hidden className="mr-2 inline align-[-2px]" />
            Lockdown: {LOCKDOWN_WORDS[lockdown.mode].name.toLowerCase()}
          </strong>
          <span className={clsx('tabular-nums', urgent && 'font-semibold')}>
            {stage === 'over' ? (
              'ended by itself'
            ) : (
              <>
                {urgent ? 'confirm within' : 'ends in'} <Countdown until={lockdown.endsAt} />
              </>
            )}
          </span>
        </p>
        <p className="text-ink-2 wrap-anywhere">
          <HostileText text={lockdown.reason} limit={160} /> · begun by <HostileText text={lockdown.by.name} limit={40} /> at{' '}
          <Clock at={lockdown.startedAt} zoned />
          {lockdown.confirmations === 0
            ? null
            : `, confirmed ${lockdown.confirmations === 1 ? 'once' : plural(lockdown.confirmations, 'time')}`}
          {lockdown.incidentId === null ? null : (
            <>
              {' · '}
              <Link href={`/incidents/${encodeURIComponent(lockdown.incidentId)}`} className="link">
                its incident
              </Link>
            </>
          )}
        </p>
        <p className={urgent ? 'font-medium' : 'text-ink-2'}>{nextOf(lockdown, stage)}</p>
      </div>
      {mayLockDown(operator) && stage !== 'over' ? <Acts lockdown={lockdown} urgent={urgent} /> : null}
    </>
  )
}

const Lapsed = ({ lockdown, onDismiss }: { readonly lockdown: Lockdown; readonly onDismiss: () => void }) => (
  <>
    <p className="min-w-0 grow basis-80">
      <LockOpen size={17} aria-hidden className="mr-2 inline align-[-2px] text-high" />
      <strong>The lockdown has ended by itself{lockdown.endedAt === null ? '' : ' at '}</strong>
      {lockdown.endedAt === null ? null : (
        <strong>
          <Clock at={lockdown.endedAt} zoned />
        </strong>
      )}
      :{' '}
      {lockdown.endedWhy === 'not_confirmed'
        ? 'nobody confirmed that the right people still get in.'
        : 'nobody confirmed it again in time.'}{' '}
      Everything is open again.
    </p>
    <button type="button" className="button" onClick={onDismiss}>
      <X size={15} aria-hidden />
      Dismiss
    </button>
  </>
)

/** What everybody has to know while the application is locked down: how far, how long, what comes next, and the way out. */
export const LockdownBanner = ({
  lockdown,
  stage,
  onDismiss,
}: {
  readonly lockdown: Lockdown
  readonly stage: LockdownStage
  readonly onDismiss: () => void
}) => {
  const ended = lockdown.endedAt !== null
  return (
    <section
      aria-label="Lockdown"
      data-lockdown={ended ? 'lapsed' : stage}
      className={clsx('border-b-2', ended ? 'border-high bg-sunken' : 'border-critical bg-(--alarm)')}
    >
      <div className="mx-auto flex max-w-[84rem] flex-wrap items-start gap-x-4 gap-y-2 px-4 py-2.5 sm:px-6">
        {ended ? <Lapsed lockdown={lockdown} onDismiss={onDismiss} /> : <On lockdown={lockdown} stage={stage} />}
      </div>
      <output className="sr-only">
        {ended ? 'The lockdown has ended by itself.' : `A lockdown is on: ${LOCKDOWN_WORDS[lockdown.mode].means}.`}
      </output>
    </section>
  )
}
