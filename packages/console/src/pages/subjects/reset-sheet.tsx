import type { ResetCampaign, ResetRequest, ResetScope, SubjectView } from '@parapet/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useId, useRef, useState } from 'react'
import { useLocation } from 'wouter'

import { respond } from '../../app/respond-api.js'
import { ReasonField } from '../../components/act-fields.js'
import { Dialog } from '../../components/dialog.js'
import { Choice, TextField } from '../../components/field.js'
import { Failure } from '../../components/states.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { toasts } from '../../components/toasts.js'
import { plural } from '../../lib/format.js'
import { flattenHostile } from '../../lib/hostile.js'
import { dryRunInWords, PER_MINUTE, phraseFor, scopeInWords } from '../../lib/resets.js'

/** From so many users on, the number must be typed: nobody resets a house by a slip. */
const TYPED_FROM = 50

const Sure = ({
  found,
  request,
  onBack,
  onClose,
}: {
  readonly found: ResetCampaign
  readonly request: ResetRequest
  readonly onBack: () => void
  readonly onClose: () => void
}) => {
  const client = useQueryClient()
  const [, navigate] = useLocation()
  const [typed, setTyped] = useState('')
  const first = useRef<HTMLDivElement>(null)
  // the form before went away with its focus
  useEffect(() => first.current?.focus(), [])
  const phrase = phraseFor(found.subjects)
  const asksPhrase = found.subjects >= TYPED_FROM
  const start = useMutation({
    mutationFn: () => respond.startReset(request),
    onSuccess: () => {
      toasts.add({ title: `Reset begun for ${flattenHostile(scopeInWords(request.scope), 60)}` })
      for (const queryKey of [['resets'], ['subjects'], ['subject']]) void client.invalidateQueries({ queryKey })
      onClose()
      navigate('/subjects/resets')
    },
  })
  const ready = found.subjects > 0 && (!asksPhrase || typed.trim() === phrase)
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        if (ready) start.mutate()
      }}
    >
      <div ref={first} tabIndex={-1} className="alarm grid gap-1.5 outline-none" data-dry-run="">
        {found.subjects === 0 ? (
          <p className="font-medium">Nobody matches: there is nothing to reset.</p>
        ) : (
          dryRunInWords(found, request.mail, request.perMinute ?? PER_MINUTE).map((sentence, index) => (
            <p key={sentence} className={index === 0 ? 'font-medium' : ''}>
              {sentence}
            </p>
          ))
        )}
      </div>
      {found.subjects === 0 ? null : (
        <ul className="grid list-disc gap-1 pl-5 text-ink-2 marker:text-ink-3">
          <li>The password of now is refused, even when it is right. Remembered devices are forgotten and keys end.</li>
          <li>Each comes back by the reset of the application, which proves that the mailbox is theirs.</li>
          <li>You can stop it while it runs. Sessions that have ended stay ended.</li>
        </ul>
      )}
      {asksPhrase ? (
        <TextField
          label={`Type “${phrase}” to go on`}
          className="font-mono"
          required
          maxLength={40}
          spellCheck={false}
          value={typed}
          onChange={setTyped}
        />
      ) : null}
      {start.error === null ? null : <Failure error={start.error} compact />}
      <div className="flex flex-wrap justify-end gap-2">
        <button type="button" className="button mr-auto" data-kind="quiet" onClick={onBack}>
          Back
        </button>
        <button type="button" className="button" data-kind="quiet" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button" data-kind="danger" disabled={start.isPending || !ready}>
          {start.isPending ? 'Beginning…' : `Reset ${plural(found.subjects, 'user')}`}
        </button>
      </div>
    </form>
  )
}

/** Makes many people set a new password: first what it would do, counted, then the act. */
export const ResetSheet = ({
  chosen,
  roles,
  role: firstRole,
  onClose,
}: {
  readonly chosen: readonly SubjectView[]
  /** roles that are known, to choose from */
  readonly roles: readonly string[]
  readonly role: string
  readonly onClose: () => void
}) => {
  const id = useId()
  const [kind, setKind] = useState<ResetScope['kind']>(chosen.length > 0 ? 'users' : 'role')
  const [role, setRole] = useState(firstRole)
  const [reason, setReason] = useState('')
  const [mail, setMail] = useState(true)
  const [perMinute, setPerMinute] = useState(String(PER_MINUTE))
  const request: ResetRequest = {
    scope: kind === 'all' ? { kind } : kind === 'role' ? { kind, role: role.trim() } : { kind, ids: chosen.map((subject) => subject.id) },
    reason: reason.trim(),
    mail,
    ...(mail ? { perMinute: Number(perMinute) } : {}),
  }
  const [found, setFound] = useState<ResetCampaign>()
  const counting = useSubmit(() => respond.startReset({ ...request, dryRun: true }), { onDone: setFound })
  return (
    <Dialog
      open
      onClose={onClose}
      title={found === undefined ? 'Reset passwords' : 'This is what it would do'}
      {...(found === undefined ? { description: 'Nothing happens yet: first you see whom it reaches.' } : {})}
    >
      {found === undefined ? (
        <SubmitForm submit={counting} onCancel={onClose} words={['See what it would do', 'Counting…']}>
          <Choice
            legend="Of whom"
            value={kind}
            onChange={setKind}
            options={[
              ...(chosen.length > 0 ? ([['users', `The ${plural(chosen.length, 'user')} that you selected`]] as const) : []),
              ['role', 'A role', 'everybody who has it'],
              ['all', 'Everybody', 'after a breach: every user of every application'],
            ]}
          />
          {kind === 'role' ? (
            <>
              <TextField label="Role" required maxLength={64} value={role} onChange={setRole} list={`${id}-roles`} />
              <datalist id={`${id}-roles`}>
                {roles.map((known) => (
                  <option key={known} value={known}>
                    {flattenHostile(known, 60)}
                  </option>
                ))}
              </datalist>
            </>
          ) : null}
          <ReasonField value={reason} onChange={setReason} />
          <div className="grid gap-2">
            <label className="flex items-baseline gap-2.5">
              <input type="checkbox" className="accent-accent" checked={mail} onChange={(event) => setMail(event.target.checked)} />
              <span>
                Tell them by mail <span className="text-ink-2">– why, and that they set a new password at their next sign-in</span>
              </span>
            </label>
            {mail ? (
              <TextField
                label="Mails a minute"
                className="w-28! font-mono"
                type="number"
                required
                min={1}
                max={6_000}
                value={perMinute}
                onChange={setPerMinute}
              />
            ) : null}
          </div>
        </SubmitForm>
      ) : (
        <Sure found={found} request={request} onBack={() => setFound(undefined)} onClose={onClose} />
      )}
    </Dialog>
  )
}
