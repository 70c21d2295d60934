import type { ChannelView, NotificationRoute } from '@parapet/core'
import { useQueryClient } from '@tanstack/react-query'
import { ArrowDown, ArrowUp, Plus, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'

import { mayChangeNotifications, respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import type { Asked } from '../../components/answer.js'
import { Answer } from '../../components/answer.js'
import { HostileText } from '../../components/hostile-text.js'
import { Empty, Failure } from '../../components/states.js'
import { useSubmit } from '../../components/submit.js'
import { toasts } from '../../components/toasts.js'
import type { RouteWarning } from '../../lib/notification-routes.js'
import { moved, newRoute, routeInWords, routeWarnings } from '../../lib/notification-routes.js'
import { RouteForm } from './route-form.js'

type Items<T> = { readonly items: readonly T[] }

/** An id that no other route has; the server only needs it to be new. */
const freshId = (): string => Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('')

const Warning = ({ warning }: { readonly warning: RouteWarning }) => (
  <p className={`mt-1.5 ${warning.grave ? 'font-medium' : 'text-[0.93rem]'}`}>
    <TriangleAlert size={15} aria-hidden className={`mr-1.5 inline align-[-2px] ${warning.grave ? 'text-critical' : 'text-high'}`} />
    {warning.text}
  </p>
)

const Route = ({
  route,
  index,
  last,
  channels,
  warnings,
  may,
  onChange,
  onMove,
  onRemove,
}: {
  readonly route: NotificationRoute
  readonly index: number
  readonly last: boolean
  readonly channels: readonly ChannelView[]
  readonly warnings: readonly RouteWarning[]
  readonly may: boolean
  readonly onChange: () => void
  readonly onMove: (to: number) => void
  readonly onRemove: () => void
}) => {
  const name = route.name === '' ? `Route ${index + 1}` : route.name
  return (
    <li data-row={route.id} tabIndex={-1} className="grid grid-cols-[2rem_minmax(0,1fr)] border-b border-line py-3.5">
      <span className="text-[1.05rem] font-semibold text-ink-3" aria-hidden>
        {index + 1}
      </span>
      <div className="min-w-0">
        <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
          <h2 className="min-w-0 text-[1.05rem] font-semibold wrap-anywhere">
            <HostileText text={name} limit={80} />
          </h2>
          {may ? (
            <span className="flex flex-wrap gap-1.5">
              <button
                type="button"
                className="button px-1.5!"
                data-kind="quiet"
                aria-label={`Move up: ${name}`}
                disabled={index === 0}
                onClick={() => onMove(index - 1)}
              >
                <ArrowUp size={16} aria-hidden />
              </button>
              <button
                type="button"
                className="button px-1.5!"
                data-kind="quiet"
                aria-label={`Move down: ${name}`}
                disabled={last}
                onClick={() => onMove(index + 1)}
              >
                <ArrowDown size={16} aria-hidden />
              </button>
              <button type="button" className="button" data-open="" aria-label={`Change: ${name}`} onClick={onChange}>
                Change…
              </button>
              <button type="button" className="button" data-kind="quiet" aria-label={`Remove: ${name}`} onClick={onRemove}>
                Remove
              </button>
            </span>
          ) : null}
        </div>
        <div className="mt-1 grid max-w-[75ch] gap-0.5 wrap-anywhere">
          {routeInWords(route, channels).map((sentence, at) => (
            <p key={sentence} className={at === 0 ? '' : 'text-ink-2'}>
              <HostileText text={sentence} limit={400} />
            </p>
          ))}
        </div>
        {warnings.map((warning) => (
          <Warning key={warning.text} warning={warning} />
        ))}
      </div>
    </li>
  )
}

const Editor = ({
  routes,
  channels,
  may,
}: {
  readonly routes: readonly NotificationRoute[]
  readonly channels: readonly ChannelView[]
  readonly may: boolean
}) => {
  const client = useQueryClient()
  const [draft, setDraft] = useState<readonly NotificationRoute[]>()
  const [asking, setAsking] = useState<NotificationRoute>()
  const shown = draft ?? routes
  const warnings = routeWarnings(shown, channels)
  const save = useSubmit(() => respond.setRoutes(shown), {
    onDone: (saved) => {
      client.setQueryData(['routes'], saved)
      setDraft(undefined)
      toasts.add({ title: 'Routes saved' })
    },
  })
  const put = (route: NotificationRoute): void =>
    setDraft(shown.some(({ id }) => id === route.id) ? shown.map((known) => (known.id === route.id ? route : known)) : [...shown, route])
  return (
    <>
      {shown.length === 0 ? (
        <Empty title="No route yet: nobody would be told of anything">
          <p>A route says what goes to which channel, when it waits, and who is told next when nobody answers.</p>
          {may ? (
            <button type="button" className="button mt-3" data-kind="primary" onClick={() => setAsking(newRoute(freshId(), channels))}>
              <Plus size={15} aria-hidden />
              Make the first route
            </button>
          ) : null}
        </Empty>
      ) : (
        <>
          <p className="mb-1 max-w-[75ch] text-ink-2">
            From the top: the first route that takes a notification has it, and the rest do not see it, unless it says that they are looked
            at as well.
          </p>
          {warnings.some(({ grave }) => grave) ? (
            <div role="alert" className="alarm mt-3">
              {warnings
                .filter(({ grave }) => grave)
                .map((warning) => (
                  <Warning key={warning.text} warning={warning} />
                ))}
            </div>
          ) : null}
          <ol aria-label="Routes, in order">
            {shown.map((route, index) => (
              <Route
                key={route.id}
                route={route}
                index={index}
                last={index === shown.length - 1}
                channels={channels}
                warnings={warnings.filter((warning) => warning.index === index)}
                may={may}
                onChange={() => setAsking(route)}
                onMove={(to) => setDraft(moved(shown, index, to))}
                onRemove={() => setDraft(shown.filter(({ id }) => id !== route.id))}
              />
            ))}
          </ol>
          {may ? (
            <button type="button" className="button mt-4" onClick={() => setAsking(newRoute(freshId(), channels))}>
              <Plus size={15} aria-hidden />
              Add a route
            </button>
          ) : null}
        </>
      )}
      {draft === undefined ? null : (
        <section aria-label="Changes" className="sticky bottom-0 z-10 mt-4 grid gap-2 border-t border-edge bg-paper py-3">
          {save.error === undefined ? null : <Failure error={save.error} compact />}
          <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
            <span className="font-medium" aria-live="polite">
              Not saved yet.
            </span>
            <button type="button" className="button" data-kind="primary" disabled={save.busy} onClick={save.run}>
              {save.busy ? 'Saving…' : 'Save the routes'}
            </button>
            <button type="button" className="button" data-kind="quiet" onClick={() => setDraft(undefined)}>
              Discard
            </button>
            {warnings.some(({ grave }) => grave) ? (
              <span className="text-critical">Somebody who should be woken would sleep: see above.</span>
            ) : null}
          </div>
        </section>
      )}
      {asking === undefined ? null : <RouteForm route={asking} channels={channels} onDone={put} onClose={() => setAsking(undefined)} />}
    </>
  )
}

/** What goes where, in which order, and what would be missed. */
export const Routes = ({
  channels,
  routes,
}: {
  readonly channels: Asked<Items<ChannelView>>
  readonly routes: Asked<Items<NotificationRoute>>
}) => {
  const may = mayChangeNotifications(useOperator())
  return (
    <Answer query={channels} what="channels" rows={2}>
      {({ items: known }) =>
        known.length === 0 ? (
          <Empty title="First a channel">
            <p>A route needs somewhere to go.</p>
            <Link href="/notifications?tab=channels" className="button mt-3" data-kind="primary">
              Add the first channel
            </Link>
          </Empty>
        ) : (
          <Answer query={routes} what="routes" rows={3}>
            {({ items }) => <Editor routes={items} channels={known} may={may} />}
          </Answer>
        )
      }
    </Answer>
  )
}
