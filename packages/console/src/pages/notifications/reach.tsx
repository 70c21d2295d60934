import type { ChannelView, NotificationRoute } from '@parapet/core'
import { TriangleAlert } from 'lucide-react'
import { Link } from 'wouter'

import { routeWarnings } from '../../lib/notification-routes.js'

/** What stands over everything else: somebody who should be woken would sleep, and where that is mended. */
export const Reach = ({
  channels,
  routes,
}: {
  readonly channels: readonly ChannelView[] | undefined
  readonly routes: readonly NotificationRoute[] | undefined
}) => {
  if (channels === undefined || routes === undefined) return null
  if (channels.length === 0)
    return (
      <div className="alarm mb-6">
        <p className="text-lg font-medium">Nobody would be told of anything</p>
        <p className="max-w-[60ch] text-ink-2">
          There is no channel yet. Add one, test it, and the first route sends what is high or worse to it.
        </p>
        <Link href="/notifications?tab=channels" className="button mt-2" data-kind="primary">
          Add the first channel
        </Link>
      </div>
    )
  const grave = routeWarnings(routes, channels).filter((warning) => warning.grave)
  if (grave.length === 0) return null
  return (
    <div role="alert" className="alarm mb-6">
      {grave.map(({ text }) => (
        <p key={text} className="font-medium">
          <TriangleAlert size={15} aria-hidden className="mr-1.5 inline align-[-2px] text-critical" />
          {text}
        </p>
      ))}
      <Link href="/notifications?tab=routes" className="link">
        {routes.length === 0 ? 'Make the first route' : 'Look at the routes'}
      </Link>
    </div>
  )
}
