import type { AgentInputHealth, SourceHealth } from '@parapet/core'

import type { CellLayout, Columns } from '../../components/data-table.js'
import { DataTable } from '../../components/data-table.js'
import { HostileText } from '../../components/hostile-text.js'
import { Ago } from '../../components/time.js'
import { count, plural } from '../../lib/format.js'
import { bytes, isBehind } from '../../lib/source-health.js'

type Agent = NonNullable<SourceHealth['agent']>
type Row = AgentInputHealth & { readonly id: string }

const columns: Columns<Row> = [
  {
    id: 'name',
    header: 'Input',
    cell: ({ row: { original: input } }) => (
      <>
        <HostileText text={input.name} limit={120} className="font-mono text-[0.9rem]" />
        {input.format === null ? null : <HostileText text={input.format} limit={40} className="ml-2 text-[0.87rem] text-ink-3" />}
        {input.error === null ? null : (
          <span className="alarm mt-1 block text-[0.93rem]">
            <HostileText text={input.error} limit={240} />
          </span>
        )}
      </>
    ),
  },
  { id: 'lines', header: 'Lines', cell: ({ row }) => count(row.original.lines) },
  { id: 'events', header: 'Events', cell: ({ row }) => count(row.original.events) },
  {
    id: 'unknown',
    header: 'Not understood',
    cell: ({ row }) => (row.original.unknown === 0 ? <span className="text-ink-3">0</span> : count(row.original.unknown)),
  },
  {
    id: 'behind',
    header: 'Behind',
    cell: ({ row: { original: input } }) =>
      input.behindBytes === null ? (
        <span className="text-ink-3">–</span>
      ) : (
        <span className={isBehind(input) ? 'font-medium text-high' : ''}>{input.behindBytes === 0 ? 'no' : bytes(input.behindBytes)}</span>
      ),
  },
  {
    id: 'dropped',
    header: 'Lost',
    cell: ({ row: { original: input } }) =>
      input.dropped === 0 ? (
        <span className="text-ink-3">0</span>
      ) : (
        <>
          <span className="font-semibold text-critical">{count(input.dropped)}</span>
          {input.droppedWhy === null ? null : <HostileText text={input.droppedWhy} limit={120} className="ml-1.5 text-[0.93rem]" />}
        </>
      ),
  },
  {
    id: 'last',
    header: 'Last event',
    cell: ({ row }) =>
      row.original.lastEventAt === null ? <span className="text-ink-3">none</span> : <Ago at={row.original.lastEventAt} />,
  },
]

const layout: CellLayout = {
  name: { wide: true },
  lines: { label: 'Lines', className: 'lg:w-26' },
  events: { label: 'Events', className: 'lg:w-26' },
  unknown: { label: 'Not understood', className: 'lg:w-28' },
  behind: { label: 'Behind', className: 'lg:w-24' },
  dropped: { label: 'Lost', className: 'lg:w-48' },
  last: { label: 'Last event', className: 'lg:w-26 text-ink-2' },
}

const Spool = ({ spool }: { readonly spool: Agent['spool'] }) => (
  <span>
    {spool.events === 0 ? (
      'Spool empty'
    ) : (
      <span className="font-medium text-high">
        {plural(spool.events, 'event')} ({bytes(spool.bytes)}) wait in the spool
        {spool.oldestAt === null ? null : (
          <>
            , the oldest from <Ago at={spool.oldestAt} />
          </>
        )}
      </span>
    )}
    {spool.dropped === 0 ? null : <span className="font-semibold text-critical">, {count(spool.dropped)} dropped from it</span>}
  </span>
)

/** How the agent of a source does: each of its inputs, its spool, its rules. */
export const AgentHealth = ({ agent, name }: { readonly agent: Agent; readonly name: string }) => (
  <div className="mt-2">
    <p className="flex flex-wrap gap-x-5 gap-y-1 text-[0.93rem] text-ink-2">
      <span>
        Agent <HostileText text={agent.version} limit={32} /> on <HostileText text={agent.host} limit={80} />
      </span>
      <span className={agent.state === 'silent' ? 'font-medium text-high' : ''}>
        {agent.state === 'silent' ? 'silent since ' : 'heard '}
        <Ago at={agent.receivedAt} />
      </span>
      <span>
        {plural(agent.rules.running, 'rule')} running there
        {agent.rules.problems === 0 ? '' : `, ${agent.rules.problems} with problems`}
      </span>
      <Spool spool={agent.spool} />
    </p>
    {agent.inputs.length === 0 ? (
      <p className="mt-1 text-ink-2">It reads nothing yet.</p>
    ) : (
      <DataTable
        label={`Inputs of ${name}`}
        columns={columns}
        rows={agent.inputs.map((input) => ({ ...input, id: input.name }))}
        layout={layout}
      />
    )}
  </div>
)
