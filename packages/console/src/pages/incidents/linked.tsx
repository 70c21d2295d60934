import type { IncidentDetail } from '@parapet/core'
import type { ReactNode } from 'react'
import { useState } from 'react'
import { Link } from 'wouter'

import { useNow } from '../../app/clock.js'
import { AlertLines } from '../../components/alert-lines.js'
import { BlockButton } from '../../components/block-button.js'
import { BlockDialog } from '../../components/block-dialog.js'
import { HostileText } from '../../components/hostile-text.js'
import { Section } from '../../components/page-title.js'
import { Countdown } from '../../components/time.js'
import { UndoButton } from '../../components/undo.js'
import { activityPath, readSearch } from '../../lib/event-search.js'
import { actionInWords } from '../../lib/format.js'
import { subjectsPath } from '../../lib/subjects.js'

const SHOWN = 8

const Rows = ({ id, title, children }: { readonly id: string; readonly title: string; readonly children: readonly ReactNode[] }) => {
  const [all, setAll] = useState(false)
  if (children.length === 0) return null
  return (
    <Section id={id} title={title} aside={children.length > 1 ? children.length : undefined}>
      <ul>{all ? children : children.slice(0, SHOWN)}</ul>
      {!all && children.length > SHOWN ? (
        <button type="button" className="button mt-3" onClick={() => setAll(true)}>
          All {children.length}
        </button>
      ) : null}
    </Section>
  )
}

const ROW = 'flex flex-wrap items-center justify-between gap-x-3 gap-y-1 border-b border-line py-1.5'

/** Who and what an incident is about, each with its way on: users, addresses, alerts, what is in force and its undo. */
export const Linked = ({ detail: { incident, alerts, decisions } }: { readonly detail: IncidentDetail }) => {
  const now = useNow(10_000)
  const [blocking, setBlocking] = useState<string>()
  const active = decisions.filter((decision) => decision.lifted === undefined && decision.expiresAt > now)
  return (
    <>
      {active.length === 0 ? null : (
        <Section
          id="in-force"
          title="In force"
          aside={active.length > 1 ? <UndoButton decisions={active} label={`Undo all ${active.length}`} /> : undefined}
        >
          <ul>
            {active.map((decision) => (
              <li key={decision.id} data-row={decision.id} tabIndex={-1} className={ROW}>
                <span className="min-w-0 wrap-anywhere">
                  <Link href={`/decisions/${encodeURIComponent(decision.id)}`} data-open="" className="hover:underline">
                    <HostileText text={decision.target.value} limit={64} expandable={false} className="font-mono text-[0.9rem]" />
                  </Link>
                  <span className="block text-[0.93rem] text-ink-2">
                    {actionInWords(decision)}, <Countdown until={decision.expiresAt} />
                  </span>
                </span>
                <UndoButton decisions={[decision]} />
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Rows id="subjects" title="Users">
        {incident.subjects.map((subject) => (
          <li key={subject} className={ROW}>
            <Link href={subjectsPath({ q: subject })} className="link min-w-0 wrap-anywhere">
              <HostileText text={subject} limit={80} expandable={false} />
            </Link>
          </li>
        ))}
      </Rows>
      <Rows id="addresses" title="Addresses">
        {incident.addresses.map((address) => (
          <li key={address} className="flex items-center justify-between gap-3 border-b border-line py-1.5">
            <Link
              href={activityPath({ ...readSearch(''), filters: [{ field: 'source.ip', value: address, out: false }] })}
              className="link min-w-0 wrap-anywhere"
            >
              <HostileText text={address} limit={64} expandable={false} className="font-mono text-[0.9rem]" />
            </Link>
            <span className="flex shrink-0 gap-1 max-sm:flex-col">
              <Link href={`/decisions?address=${encodeURIComponent(address)}`} className="button" data-kind="quiet">
                Why
              </Link>
              <BlockButton target={address} onBlock={setBlocking} />
            </span>
          </li>
        ))}
      </Rows>
      <Section id="alerts" title="Alerts" aside={alerts.length > 1 ? alerts.length : undefined}>
        <AlertLines alerts={alerts} label="Alerts of this incident, newest first" />
      </Section>
      {blocking === undefined ? null : <BlockDialog target={blocking} onClose={() => setBlocking(undefined)} />}
    </>
  )
}
