import type { SubjectDetail } from '@parapet/core'
import { useState } from 'react'
import { Link } from 'wouter'

import { BlockButton } from '../../components/block-button.js'
import { BlockDialog } from '../../components/block-dialog.js'
import { HostileText } from '../../components/hostile-text.js'
import { Section } from '../../components/page-title.js'
import { Ago } from '../../components/time.js'
import { activityPath, readSearch } from '../../lib/event-search.js'
import { plural } from '../../lib/format.js'

const SHOWN = 8

/** Where somebody comes from, newest first, each with the way to its events and to a block. */
export const Addresses = ({ addresses }: { readonly addresses: SubjectDetail['addresses'] }) => {
  const [all, setAll] = useState(false)
  const [blocking, setBlocking] = useState<string>()
  return (
    <Section id="addresses" title="Addresses" aside={addresses.length > 1 ? addresses.length : undefined}>
      {addresses.length === 0 ? (
        <p className="py-1 text-ink-2">None yet.</p>
      ) : (
        <ul>
          {(all ? addresses : addresses.slice(0, SHOWN)).map(({ address, country, events, last }) => (
            <li key={address} className="flex items-center justify-between gap-3 border-b border-line py-1.5">
              <span className="min-w-0 wrap-anywhere">
                <Link
                  href={activityPath({ ...readSearch(''), filters: [{ field: 'source.ip', value: address, out: false }] })}
                  className="hover:underline"
                >
                  <HostileText text={address} limit={64} expandable={false} className="font-mono text-[0.9rem]" />
                </Link>
                <span className="block text-[0.87rem] text-ink-3">
                  {country === null ? null : (
                    <>
                      <HostileText text={country} limit={40} expandable={false} />,{' '}
                    </>
                  )}
                  {plural(events, 'event')}, <Ago at={last} />
                </span>
              </span>
              <BlockButton target={address} onBlock={setBlocking} />
            </li>
          ))}
        </ul>
      )}
      {!all && addresses.length > SHOWN ? (
        <button type="button" className="button mt-3" onClick={() => setAll(true)}>
          All {addresses.length}
        </button>
      ) : null}
      {blocking === undefined ? null : <BlockDialog target={blocking} onClose={() => setBlocking(undefined)} />}
    </Section>
  )
}
