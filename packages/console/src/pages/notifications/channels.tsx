import type { ChannelView, NotificationRoute } from '@parapet/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Plus, Send } from 'lucide-react'
import { useState } from 'react'

import { mayChangeNotifications, respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import type { Asked } from '../../components/answer.js'
import { Answer } from '../../components/answer.js'
import { ConfirmDialog } from '../../components/confirm-dialog.js'
import { HostileText } from '../../components/hostile-text.js'
import { StateMark } from '../../components/state-mark.js'
import { Empty, Failure } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { toasts } from '../../components/toasts.js'
import { CHANNELS, tookInWords } from '../../lib/channels.js'
import { flattenHostile } from '../../lib/hostile.js'
import { listInWords } from '../../lib/notification-routes.js'
import { ChannelForm } from './channel-form.js'

type Asking = { readonly about: 'form'; readonly channel?: ChannelView } | { readonly about: 'remove'; readonly channel: ChannelView }

const usedBy = (channel: ChannelView, routes: readonly NotificationRoute[]): readonly string[] =>
  routes.flatMap((route, index) =>
    [route.channels, ...route.escalate.map((step) => step.channels)].some((ids) => ids.includes(channel.id))
      ? [route.name === '' ? `route ${index + 1}` : flattenHostile(route.name, 40)]
      : [],
  )

const Channel = ({
  channel,
  routes,
  may,
  onAsk,
}: {
  readonly channel: ChannelView
  readonly routes: readonly NotificationRoute[]
  readonly may: boolean
  readonly onAsk: (asking: Asking) => void
}) => {
  const client = useQueryClient()
  const test = useMutation({
    mutationFn: () => respond.testChannel(channel.id),
    onSettled: () => void client.invalidateQueries({ queryKey: ['channels'] }),
  })
  const name = flattenHostile(channel.name, 60)
  const used = usedBy(channel, routes)
  return (
    <li data-row={channel.id} tabIndex={-1} className="border-b border-line py-3.5">
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
        <div className="min-w-0 wrap-anywhere">
          <p className="flex flex-wrap items-baseline gap-x-3">
            <HostileText text={channel.name} limit={80} className="text-[1.05rem] font-semibold" />
            <span className="text-ink-2">{CHANNELS[channel.kind].name}</span>
            <HostileText text={channel.target} limit={120} className="font-mono text-[0.9rem] text-ink-2" />
          </p>
          <p className="mt-1 flex flex-wrap gap-x-5 gap-y-0.5 text-[0.93rem] text-ink-2">
            {!channel.enabled ? (
              <StateMark tone="idle" word="Off" />
            ) : channel.lastError !== null ? (
              <StateMark tone="bad" word="Last one failed" />
            ) : channel.lastSentAt === null ? (
              <StateMark tone="warn" word="Never used" />
            ) : (
              <StateMark tone="good" word="Works" />
            )}
            <span>
              {channel.lastSentAt === null ? (
                'nothing sent yet'
              ) : (
                <>
                  last sent <Ago at={channel.lastSentAt} />
                </>
              )}
            </span>
            <span>{used.length === 0 ? <span className="text-high">no route uses it</span> : `used by ${listInWords(used)}`}</span>
          </p>
        </div>
        {may ? (
          <span className="flex flex-wrap gap-1.5">
            <button type="button" className="button" disabled={test.isPending} aria-label={`Test: ${name}`} onClick={() => test.mutate()}>
              <Send size={15} aria-hidden />
              {test.isPending ? 'Sending…' : 'Test'}
            </button>
            <button
              type="button"
              className="button"
              data-open=""
              aria-label={`Change: ${name}`}
              onClick={() => onAsk({ about: 'form', channel })}
            >
              Change…
            </button>
            <button
              type="button"
              className="button"
              data-kind="quiet"
              aria-label={`Remove: ${name}`}
              onClick={() => onAsk({ about: 'remove', channel })}
            >
              Remove…
            </button>
          </span>
        ) : null}
      </div>
      {channel.lastError === null ? null : (
        <p className="alarm mt-2 text-[0.93rem] wrap-anywhere">
          <HostileText text={channel.lastError} limit={240} />
        </p>
      )}
      <div aria-live="polite">
        {test.data === undefined ? null : (
          <p className="mt-2 flex flex-wrap items-baseline gap-x-3 wrap-anywhere">
            <StateMark tone={test.data.ok ? 'good' : 'bad'} word={test.data.ok ? 'The test was taken' : 'The test failed'} />
            <HostileText text={test.data.detail} limit={240} />
            <span className="text-ink-3">in {tookInWords(test.data.ms)}</span>
          </p>
        )}
      </div>
      {test.error === null ? null : (
        <div className="mt-2">
          <Failure error={test.error} compact />
        </div>
      )}
    </li>
  )
}

/** Where people can be reached, each with a test. */
export const Channels = ({
  channels,
  routes,
}: {
  readonly channels: Asked<{ readonly items: readonly ChannelView[] }>
  readonly routes: readonly NotificationRoute[]
}) => {
  const may = mayChangeNotifications(useOperator())
  const client = useQueryClient()
  const [asking, setAsking] = useState<Asking>()
  const close = (): void => setAsking(undefined)
  return (
    <>
      <Answer query={channels} what="channels" rows={3}>
        {({ items }) => (
          <>
            {may && items.length > 0 ? (
              <button type="button" className="button mb-2" onClick={() => setAsking({ about: 'form' })}>
                <Plus size={15} aria-hidden />
                Add a channel
              </button>
            ) : null}
            {items.length === 0 ? (
              <Empty title="No channel yet: nobody would be told of anything">
                <p>E-mail, Slack, Teams, Matrix, ntfy or a webhook of your own. It is tested at once, and a route says what goes to it.</p>
                {may ? (
                  <button type="button" className="button mt-3" data-kind="primary" onClick={() => setAsking({ about: 'form' })}>
                    <Plus size={15} aria-hidden />
                    Add the first channel
                  </button>
                ) : (
                  <p className="mt-1">An admin can add one.</p>
                )}
              </Empty>
            ) : (
              <ul aria-label="Channels">
                {items.map((channel) => (
                  <Channel key={channel.id} channel={channel} routes={routes} may={may} onAsk={setAsking} />
                ))}
              </ul>
            )}
          </>
        )}
      </Answer>
      {asking?.about === 'form' ? <ChannelForm channel={asking.channel} onSaved={() => undefined} onClose={close} /> : null}
      {asking?.about === 'remove' ? (
        <ConfirmDialog
          title="Remove this channel?"
          words={['Remove', 'Removing…']}
          act={async () => {
            await respond.removeChannel(asking.channel.id)
            toasts.add({ title: `Removed: ${flattenHostile(asking.channel.name, 60)}` })
            for (const queryKey of [['channels'], ['routes']]) void client.invalidateQueries({ queryKey })
          }}
          onClose={close}
        >
          <p>
            <HostileText text={asking.channel.name} limit={80} className="font-medium text-ink" /> and its secrets are forgotten; what was
            sent through it stays in the log.
          </p>
          {usedBy(asking.channel, routes).length === 0 ? null : (
            <p>
              Used by {listInWords(usedBy(asking.channel, routes))}: take it out there first. To stop it for a while, switch it off instead.
            </p>
          )}
        </ConfirmDialog>
      ) : null}
    </>
  )
}
