import type { ChannelKind, ChannelView } from '@parapet/core'
import { CHANNEL_KINDS } from '@parapet/core'
import { useId, useState } from 'react'

import { respond } from '../../app/respond-api.js'
import { CopyButton } from '../../components/copy-button.js'
import { Dialog } from '../../components/dialog.js'
import { Choice, TextField } from '../../components/field.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { toasts } from '../../components/toasts.js'
import type { ChannelDraft, ChannelField } from '../../lib/channels.js'
import { CHANNELS, draftOf, requestOf, webhookSecret } from '../../lib/channels.js'
import { flattenHostile } from '../../lib/hostile.js'

const Lines = ({
  field,
  value,
  onChange,
}: {
  readonly field: ChannelField
  readonly value: string
  readonly onChange: (value: string) => void
}) => {
  const id = useId()
  return (
    <div>
      <label htmlFor={id} className="font-medium">
        {field.label}
      </label>
      <textarea
        id={id}
        className="field mt-1 min-h-18 font-mono"
        required={field.required}
        maxLength={4_000}
        spellCheck={false}
        placeholder={field.placeholder}
        aria-describedby={`${id}-hint`}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <p id={`${id}-hint`} className="mt-1 text-[0.93rem] text-ink-2">
        {field.hint}
      </p>
    </div>
  )
}

const labelOf = (field: ChannelField, kept: boolean) =>
  kept || !field.required ? (
    <>
      {field.label} <span className="font-normal text-ink-3">{kept ? 'kept; type to replace it' : 'may stay empty'}</span>
    </>
  ) : (
    field.label
  )

/** Adds a channel or changes one; secrets are written and never read. */
export const ChannelForm = ({
  channel,
  onSaved,
  onClose,
}: {
  readonly channel: ChannelView | undefined
  readonly onSaved: (channel: ChannelView) => void
  readonly onClose: () => void
}) => {
  const [draft, setDraft] = useState<ChannelDraft>(() =>
    channel === undefined ? { kind: 'email', name: '', enabled: true, values: {} } : draftOf(channel),
  )
  const [made, setMade] = useState('')
  const set = (key: string, value: string): void => setDraft({ ...draft, values: { ...draft.values, [key]: value } })
  const submit = useSubmit(
    () => {
      const request = requestOf(draft)
      if (channel === undefined) return respond.addChannel(request)
      const { kind: _, ...change } = request
      return respond.changeChannel(channel.id, change)
    },
    {
      refresh: [['channels'], ['routes']],
      onDone: (saved) => {
        toasts.add({ title: `${channel === undefined ? 'Added' : 'Changed'}: ${flattenHostile(saved.name, 60)}. Test it.` })
        onSaved(saved)
        onClose()
      },
    },
  )
  const { name, means, fields } = CHANNELS[draft.kind]
  return (
    <Dialog
      open
      onClose={onClose}
      title={channel === undefined ? 'Add a channel' : 'Change the channel'}
      {...(channel === undefined ? {} : { description: `${name}: ${means}` })}
    >
      <SubmitForm
        submit={submit}
        onCancel={onClose}
        words={channel === undefined ? ['Add it', 'Adding…'] : ['Save', 'Saving…']}
        ready={draft.name.trim() !== ''}
      >
        {channel === undefined ? (
          <Choice<ChannelKind>
            legend="Kind"
            value={draft.kind}
            onChange={(kind) => setDraft({ ...draft, kind, values: {} })}
            options={CHANNEL_KINDS.map((kind) => [kind, CHANNELS[kind].name, CHANNELS[kind].means] as const)}
          />
        ) : null}
        <TextField
          label="Name"
          required
          maxLength={80}
          placeholder="What routes call it: On call, Security team"
          value={draft.name}
          onChange={(next) => setDraft({ ...draft, name: next })}
        />
        {fields.map((field) => {
          const value = draft.values[field.key] ?? ''
          if (field.list) return <Lines key={field.key} field={field} value={value} onChange={(next) => set(field.key, next)} />
          const kept = field.secret && channel !== undefined
          const open = field.made && value !== '' && value === made
          return (
            <TextField
              key={`${draft.kind} ${field.key}`}
              label={labelOf(field, kept)}
              className="font-mono"
              // one that was made here must be read once, to be put into the receiver; others may see the screen
              type={field.secret && !open ? 'password' : 'text'}
              autoComplete={field.secret ? 'new-password' : 'off'}
              required={field.required && !kept}
              maxLength={2_000}
              placeholder={kept ? '••••••••' : field.placeholder}
              {...(field.hint === '' ? {} : { hint: field.hint })}
              value={value}
              onChange={(next) => set(field.key, next)}
              {...(field.made
                ? {
                    after: open ? (
                      <CopyButton text={value} label="Copy it for the receiver" />
                    ) : (
                      <button
                        type="button"
                        className="button"
                        onClick={() => {
                          const secret = webhookSecret(crypto.getRandomValues(new Uint8Array(32)))
                          setMade(secret)
                          set(field.key, secret)
                        }}
                      >
                        Make one
                      </button>
                    ),
                  }
                : {})}
            />
          )
        })}
        <label className="flex items-baseline gap-2.5">
          <input
            type="checkbox"
            className="accent-accent"
            checked={draft.enabled}
            onChange={(event) => setDraft({ ...draft, enabled: event.target.checked })}
          />
          <span>
            On <span className="text-ink-2">– routes pass over a channel that is off</span>
          </span>
        </label>
      </SubmitForm>
    </Dialog>
  )
}
