import type { EnforcerKind } from '@parapet/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'

import { ENFORCER_WORDS } from '../../lib/enforcers.js'

const Code = ({ children }: { readonly children: string }) => (
  <code className="font-mono text-[0.88em] whitespace-pre-wrap wrap-anywhere">{children}</code>
)

const WAYS: readonly (readonly [kind: EnforcerKind, how: ReactNode])[] = [
  [
    'guard',
    <>
      <Code>npm install @parapet/guard</Code> in an application on Node. A guard that knows this server enforces and reports by itself; it
      refuses password guessing from the first minute.
    </>,
  ],
  [
    'nftables',
    <>
      <Link href="/sources" className="link">
        Enrol an agent
      </Link>{' '}
      on the host, then set <Code>enforce.nftables.mode: observe</Code> in its <Code>agent.yml</Code>; <Code>enforce</Code> when you like
      what it would have done. Only the owner of the host can.
    </>,
  ],
  [
    'nginx',
    <>
      The same agent writes an include for nginx and reloads it after a test: <Code>enforce.nginx.mode: observe</Code> in{' '}
      <Code>agent.yml</Code>.
    </>,
  ],
  [
    'forward_auth',
    <>
      For an application in any language: nginx (<Code>auth_request</Code>), Traefik (<Code>forwardAuth</Code>) or Caddy (
      <Code>forward_auth</Code>) asks <Code>GET /v1/authorize</Code> before each request.
    </>,
  ],
  [
    'feed',
    <>
      A firewall that fetches lists reads <Code>GET /v1/feeds/…</Code>; one that wants to be told gets a signed webhook. Both stand under{' '}
      <Code>feeds</Code> in <Code>parapet.yml</Code>.
    </>,
  ],
]

/** How each kind of enforcer is added. */
export const AddOne = () => (
  <dl className="grid gap-x-8 gap-y-3.5 md:grid-cols-[minmax(0,15rem)_minmax(0,1fr)]" data-add="">
    {WAYS.map(([kind, how]) => (
      <div key={kind} className="contents">
        <dt className="min-w-0">
          <span className="font-medium">{ENFORCER_WORDS[kind].name}</span>
          <span className="block text-[0.93rem] text-ink-2">{ENFORCER_WORDS[kind].does}</span>
        </dt>
        <dd className="min-w-0 max-w-[70ch] border-b border-line pb-3 max-md:-mt-2.5 md:border-0 md:pb-0">{how}</dd>
      </div>
    ))}
  </dl>
)
