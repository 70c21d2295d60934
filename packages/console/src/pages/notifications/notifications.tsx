import { useQuery } from '@tanstack/react-query'
import { useSearch } from 'wouter'

import { respond } from '../../app/respond-api.js'
import { PageHead } from '../../components/page-title.js'
import { Tabs } from '../../components/tabs.js'
import { Channels } from './channels.js'
import { Log } from './log.js'
import { Reach } from './reach.js'
import { Routes } from './routes.js'

const TABS = [
  { id: 'told', name: 'What was told' },
  { id: 'routes', name: 'Routes' },
  { id: 'channels', name: 'Channels' },
] as const

/** Who is told of what, and whether it arrived. */
export const Notifications = () => {
  const params = new URLSearchParams(useSearch())
  const tab = TABS.find(({ id }) => id === params.get('tab'))?.id ?? 'told'
  const channels = useQuery({ queryKey: ['channels'], queryFn: ({ signal }) => respond.channels(signal) })
  const routes = useQuery({ queryKey: ['routes'], queryFn: ({ signal }) => respond.routes(signal) })
  return (
    <>
      <PageHead title="Notifications" />
      <div className="mb-4">
        <Tabs
          label="Notifications by part"
          tabs={TABS}
          current={tab}
          href={(id) => (id === 'told' ? '/notifications' : `/notifications?tab=${id}`)}
        />
      </div>
      {tab === 'told' ? (
        <>
          <Reach channels={channels.data?.items} routes={routes.data?.items} />
          <Log state={params.get('state')} />
        </>
      ) : tab === 'routes' ? (
        <Routes channels={channels} routes={routes} />
      ) : (
        <Channels channels={channels} routes={routes.data?.items ?? []} />
      )}
    </>
  )
}
