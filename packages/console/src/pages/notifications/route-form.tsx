import type { ChannelView, Level, NotificationKind, NotificationRoute } from '@parapet/core'
import type { ReactNode } from 'react'
import { useState } from 'react'

import { Dialog, DialogActions } from '../../components/dialog.js'
import { Select, TextField } from '../../components/field.js'
import { HostileText } from '../../components/hostile-text.js'
import { flattenHostile } from '../../lib/hostile.js'
import { LEVEL_WORD, LEVELS_DOWN } from '../../lib/levels.js'
import { KIND_WORD, ROUTED_KINDS, routeInWords } from '../../lib/notification-routes.js'
import { QuietFields } from './quiet-fields.js'

const STEPS = 5

const Check = ({
  checked,
  onChange,
  children,
}: {
  readonly checked: boolean
  readonly onChange: (on: boolean) => void
  readonly children: ReactNode
}) => (
  <label className="flex items-baseline gap-2.5">
    <input type="checkbox" className="accent-accent" checked={checked} onChange={(event) => onChange(event.target.checked)} />
    <span className="min-w-0 wrap-anywhere">{children}</span>
  </label>
)

const toggled = <T,>(items: readonly T[], item: T): readonly T[] =>
  items.includes(item) ? items.filter((known) => known !== item) : [...items, item]

const ChannelChecks = ({
  legend,
  channels,
  chosen,
  onChange,
}: {
  readonly legend: string
  readonly channels: readonly ChannelView[]
  readonly chosen: readonly string[]
  readonly onChange: (chosen: readonly string[]) => void
}) => (
  <fieldset className="min-w-0">
    <legend className="font-medium">{legend}</legend>
    <div className="mt-1 grid gap-1 sm:grid-cols-2">
      {channels.map((channel) => (
        <Check key={channel.id} checked={chosen.includes(channel.id)} onChange={() => onChange(toggled(chosen, channel.id))}>
          <HostileText text={channel.name} limit={60} expandable={false} />
          {channel.enabled ? null : <span className="text-ink-3"> (off)</span>}
        </Check>
      ))}
    </div>
  </fieldset>
)

const LEVELS = LEVELS_DOWN.map(
  (level) =>
    [level, level === 'critical' ? 'Critical only' : level === 'informational' ? 'Any level' : `${LEVEL_WORD[level]} or worse`] as const,
)

const Escalation = ({
  route,
  channels,
  onChange,
}: {
  readonly route: NotificationRoute
  readonly channels: readonly ChannelView[]
  readonly onChange: (escalate: NotificationRoute['escalate']) => void
}) => {
  const { escalate } = route
  return (
    <fieldset className="min-w-0">
      <legend className="font-medium">When nobody acknowledges</legend>
      <ol className="mt-1 grid gap-3">
        {escalate.map((step, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- a step is its place
          <li key={`step-${index}`} className="grid gap-2 border-l-3 border-line pl-3">
            <div className="flex flex-wrap items-center gap-2">
              <span>After</span>
              <input
                type="number"
                className="field w-20! font-mono"
                min={1}
                max={1_440}
                required
                aria-label={`Step ${index + 1}: minutes without an answer`}
                value={step.afterMinutes === 0 ? '' : step.afterMinutes}
                onChange={(event) =>
                  onChange(escalate.map((known, at) => (at === index ? { ...known, afterMinutes: Number(event.target.value) } : known)))
                }
              />
              <span>minutes tell also</span>
              <button
                type="button"
                className="button ml-auto"
                data-kind="quiet"
                aria-label={`Remove step ${index + 1}`}
                onClick={() => onChange(escalate.toSpliced(index, 1))}
              >
                Remove
              </button>
            </div>
            <ChannelChecks
              legend={`Step ${index + 1} tells`}
              channels={channels}
              chosen={step.channels}
              onChange={(chosen) => onChange(escalate.map((known, at) => (at === index ? { ...known, channels: chosen } : known)))}
            />
          </li>
        ))}
      </ol>
      {escalate.length >= STEPS ? null : (
        <button
          type="button"
          className="button mt-2"
          onClick={() => onChange([...escalate, { afterMinutes: (escalate.at(-1)?.afterMinutes ?? 0) + 15, channels: [] }])}
        >
          {escalate.length === 0 ? 'Tell somebody else…' : 'And then…'}
        </button>
      )}
    </fieldset>
  )
}

/** One route, as somebody on call thinks of it: what, to whom, when not, and who is next. */
export const RouteForm = ({
  route: first,
  channels,
  onDone,
  onClose,
}: {
  readonly route: NotificationRoute
  readonly channels: readonly ChannelView[]
  readonly onDone: (route: NotificationRoute) => void
  readonly onClose: () => void
}) => {
  const [route, setRoute] = useState(first)
  const set = (change: Partial<NotificationRoute>): void => setRoute({ ...route, ...change })
  const ready =
    route.channels.length > 0 &&
    route.escalate.every((step) => step.channels.length > 0) &&
    (route.quiet === null || route.quiet.from !== route.quiet.to)
  return (
    <Dialog open onClose={onClose} title="A route" wide>
      <form
        className="grid grid-cols-1 gap-5"
        onSubmit={(event) => {
          event.preventDefault()
          if (!ready) return
          onDone({ ...route, name: route.name.trim() })
          onClose()
        }}
      >
        <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_12rem]">
          <TextField
            label="Name"
            required
            maxLength={80}
            placeholder="On call, by night"
            value={route.name}
            onChange={(name) => set({ name })}
          />
          <div>
            <p className="mb-1 font-medium" aria-hidden>
              Level
            </p>
            <Select<Level> label="Level at least" value={route.minLevel} onChange={(minLevel) => set({ minLevel })} options={LEVELS} />
          </div>
        </div>
        <fieldset className="min-w-0">
          <legend className="font-medium">What</legend>
          <div className="mt-1 grid gap-1 sm:grid-cols-3">
            <Check checked={route.kinds.length === 0} onChange={() => set({ kinds: [] })}>
              Everything
            </Check>
            {ROUTED_KINDS.map((kind: NotificationKind) => (
              <Check key={kind} checked={route.kinds.includes(kind)} onChange={() => set({ kinds: toggled(route.kinds, kind) })}>
                {KIND_WORD[kind].charAt(0).toUpperCase() + KIND_WORD[kind].slice(1)}
              </Check>
            ))}
          </div>
        </fieldset>
        <ChannelChecks legend="To" channels={channels} chosen={route.channels} onChange={(chosen) => set({ channels: chosen })} />
        <QuietFields quiet={route.quiet} onChange={(quiet) => set({ quiet })} />
        <Escalation route={route} channels={channels} onChange={(escalate) => set({ escalate })} />
        <div className="grid gap-2">
          <TextField
            label="Like ones within so many minutes become one message"
            className="w-24! font-mono"
            type="number"
            min={0}
            max={1_440}
            required
            hint="0: each by itself"
            value={String(route.groupMinutes)}
            onChange={(minutes) => set({ groupMinutes: Number(minutes) })}
          />
          <Check checked={route.continue} onChange={(on) => set({ continue: on })}>
            Look at the routes below as well <span className="text-ink-2">– otherwise what this one takes ends here</span>
          </Check>
        </div>
        <div aria-live="polite" className="border-t border-line pt-3">
          <p className="eyebrow mb-1">What it does</p>
          {route.channels.length === 0 ? (
            <p className="text-high">Choose at least one channel.</p>
          ) : (
            routeInWords(route, channels).map((sentence) => (
              <p key={sentence} className="wrap-anywhere">
                {flattenHostile(sentence, 400)}
              </p>
            ))
          )}
          {route.escalate.some((step) => step.channels.length === 0) ? <p className="text-high">Choose whom each step tells.</p> : null}
          {route.quiet !== null && route.quiet.from === route.quiet.to ? (
            <p className="text-high">Quiet hours need a beginning and another end.</p>
          ) : null}
        </div>
        <DialogActions onCancel={onClose} busy={false} ready={ready} act="Apply" doing="" />
      </form>
    </Dialog>
  )
}
