import { useQuery, useQueryClient } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { Keyboard, LogOut, Monitor, Moon, Sun, UserRound } from 'lucide-react'
import type { ReactNode } from 'react'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { Link, useLocation } from 'wouter'

import { HostileText } from '../components/hostile-text.js'
import { Mark } from '../components/mark.js'
import { Toasts, toasts } from '../components/toasts.js'
import { bothTimes } from '../lib/format.js'
import { flattenHostile } from '../lib/hostile.js'
import { liveWords } from '../lib/live.js'
import { asApiError } from '../lib/problem.js'
import { api, mayDecide } from './api.js'
import { startLive, useLive } from './live.js'
import { LockdownButton, LockdownNotice } from './lockdown.js'
import { Pages } from './pages.js'
import { useOperator } from './session.js'
import { useShortcuts } from './shortcuts.js'
import { useTheme } from './theme.js'

const LiveBadge = () => {
  const state = useLive((live) => live.state)
  const trouble = state.kind === 'reconnecting' || state.kind === 'offline' || (state.kind === 'connecting' && state.attempt > 0)
  return (
    <output
      data-live={state.kind}
      title={`since ${bothTimes(state.since)}`}
      className={clsx('flex items-center gap-1.5 text-[0.87rem]', trouble ? 'font-medium text-high' : 'text-ink-2')}
    >
      <svg viewBox="0 0 10 10" width="9" height="9" aria-hidden className={state.kind === 'live' ? 'text-accent' : undefined}>
        {state.kind === 'live' ? (
          <circle cx="5" cy="5" r="4.5" fill="currentColor" />
        ) : (
          <circle cx="5" cy="5" r="3.5" fill="none" stroke="currentColor" strokeWidth="2" />
        )}
      </svg>
      {liveWords(state)}
    </output>
  )
}

const ThemeButton = () => {
  const { choice, advance } = useTheme()
  const Icon = choice === 'dark' ? Moon : choice === 'light' ? Sun : Monitor
  return (
    <button
      type="button"
      className="button px-2!"
      data-kind="quiet"
      onClick={advance}
      title={`Theme: ${choice}`}
      aria-label={`Theme: ${choice}. Change`}
    >
      <Icon size={17} aria-hidden />
    </button>
  )
}

const SignOut = () => {
  const client = useQueryClient()
  const [, navigate] = useLocation()
  const signOut = async (): Promise<void> => {
    try {
      await api.signOut()
    } catch (error) {
      const problem = asApiError(error)
      // a session that is over already is what was asked for
      if (problem.status !== 401) {
        toasts.add({ title: `You are still signed in: ${problem.message} (${problem.code}).` })
        return
      }
    }
    navigate('/sign-in', { replace: true })
    client.clear()
  }
  return (
    <button type="button" className="button px-2!" data-kind="quiet" onClick={() => void signOut()} title="Sign out" aria-label="Sign out">
      <LogOut size={17} aria-hidden />
    </button>
  )
}

// with its dialog it is a quarter of what the first page would load
const KeysDialog = lazy(async () => ({ default: (await import('../components/keys-dialog.js')).KeysDialog }))

const Offline = () => {
  const state = useLive((live) => live.state)
  if (state.kind !== 'offline') return null
  return (
    <p role="alert" className="border-b border-line bg-sunken px-4 py-2 text-center">
      This machine is offline. What you see is from {new Date(state.since).toLocaleTimeString('en-GB')}; it goes on by itself when the
      network is back.
    </p>
  )
}

/** What every page stands in: the way around, the line to the control plane, the keyboard. */
export const Shell = ({ children }: { readonly children: ReactNode }) => {
  const client = useQueryClient()
  const operator = useOperator()
  const [path] = useLocation()
  const [help, setHelp] = useState(false)
  const [lockdown, setLockdown] = useState(false)
  const main = useRef<HTMLElement>(null)
  const shown = useRef(path)
  const overview = useQuery({ queryKey: ['overview'], queryFn: ({ signal }) => api.overview(signal), refetchInterval: 60_000 })
  useEffect(() => startLive(client), [client])
  useShortcuts({ help: () => setHelp(true), lockdown: () => setLockdown(true) })
  useEffect(() => {
    if (shown.current === path) return
    shown.current = path
    // the next Tab starts in the new page, and a screen reader hears it
    main.current?.focus({ preventScroll: true })
    scrollTo(0, 0)
  }, [path])
  return (
    <>
      <a
        href="#main"
        className="sr-only z-40 focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:rounded focus:bg-accent focus:px-3 focus:py-2 focus:text-on-accent"
      >
        Skip to the content
      </a>
      {/* a low window, or one at 200 %, is for the page: with the banner of a lockdown the head would be most of it */}
      <header className="z-20 bg-paper sm:[@media(min-height:36rem)]:sticky sm:top-0">
        <div className="mx-auto flex max-w-[84rem] flex-wrap items-center gap-x-2 px-4 pt-2 sm:gap-x-6 sm:px-6">
          <Link
            href="/"
            className="flex items-center gap-2.5 py-1.5 text-[1.05rem] font-semibold tracking-tight"
            aria-label="Parapet, to Now"
          >
            <Mark />
            <span className="max-[22rem]:sr-only">Parapet</span>
          </Link>
          <LockdownButton open={lockdown} onOpen={setLockdown} />
          <div className="ml-auto flex items-center gap-1 max-sm:order-2 sm:gap-2">
            <LiveBadge />
            <Link
              href="/account"
              className="button px-2! aria-[current]:text-ink! aria-[current]:shadow-[inset_0_-2px_0_var(--accent)] md:ml-1"
              data-kind="quiet"
              aria-current={path === '/account' ? 'page' : undefined}
              aria-label={`Your account: ${flattenHostile(operator.name, 40)}`}
              title={mayDecide(operator) ? 'Your account (admin)' : 'Your account (viewer: reads, does not act)'}
            >
              <UserRound size={17} aria-hidden />
              <span className="hidden max-w-40 truncate text-[0.87rem] md:inline">
                <HostileText text={operator.name} limit={40} expandable={false} />
                {mayDecide(operator) ? null : ' (viewer)'}
              </span>
            </Link>
            <button
              type="button"
              className="button hidden px-2! sm:inline-flex"
              data-kind="quiet"
              onClick={() => setHelp(true)}
              title="Keyboard (?)"
              aria-label="Keyboard shortcuts"
            >
              <Keyboard size={17} aria-hidden />
            </button>
            <ThemeButton />
            <SignOut />
          </div>
          <Pages />
        </div>
        <div className="wall" data-status={overview.data?.status.level ?? 'quiet'} aria-hidden />
        <Offline />
        <LockdownNotice />
      </header>
      <main id="main" ref={main} tabIndex={-1} className="mx-auto max-w-[84rem] px-4 pt-7 pb-24 outline-none sm:px-6">
        {children}
      </main>
      {help ? (
        <Suspense fallback={null}>
          <KeysDialog onClose={() => setHelp(false)} />
        </Suspense>
      ) : null}
      <Toasts />
    </>
  )
}
