import { useQuery } from '@tanstack/react-query'
import { Lock } from 'lucide-react'
import { lazy, Suspense, useEffect, useState } from 'react'

import { lapsedLately, stageOf } from '../lib/lockdown.js'
import { api, mayLockDown } from './api.js'
import { useNow } from './clock.js'
import { focusSoon } from './row-focus.js'
import { useOperator } from './session.js'

const LockdownSheet = lazy(async () => ({ default: (await import('../components/lockdown-sheet.js')).LockdownSheet }))
const LockdownBanner = lazy(async () => ({ default: (await import('../components/lockdown-banner.js')).LockdownBanner }))

const ASK_MS = 15_000

const useLockdown = () => useQuery({ queryKey: ['lockdown'], queryFn: ({ signal }) => api.lockdown(signal), refetchInterval: ASK_MS })

/** Found in a second: beside the name of the product, on every page. Away while one is on; then there is the banner. */
export const LockdownButton = ({ open, onOpen }: { readonly open: boolean; readonly onOpen: (open: boolean) => void }) => {
  const operator = useOperator()
  const current = useLockdown().data?.current ?? null
  const on = current !== null
  useEffect(() => {
    if (!open || !on) return
    onOpen(false)
    // asked for another one: the next step of this one is what is meant
    focusSoon('[data-confirm]')
  }, [open, on, onOpen])
  if (!mayLockDown(operator)) return null
  return (
    <>
      {on ? null : (
        <button
          type="button"
          className="button max-sm:order-4"
          data-kind="danger"
          data-lock-down=""
          onClick={() => onOpen(true)}
          title="Lockdown (L)"
        >
          <Lock size={15} aria-hidden />
          Lockdown
        </button>
      )}
      {open && !on ? (
        <Suspense fallback={null}>
          <LockdownSheet onClose={() => onOpen(false)} />
        </Suspense>
      ) : null}
    </>
  )
}

/** On every page while a lockdown is on, and for a while after one that nobody ended. */
export const LockdownNotice = () => {
  const view = useLockdown().data
  const now = useNow(1_000)
  const [dismissed, setDismissed] = useState<string>()
  if (view === undefined) return null
  const lapsed = lapsedLately(view.latest, now)
  const shown = view.current ?? (lapsed?.id === dismissed ? undefined : lapsed)
  if (shown === undefined) return null
  return (
    <Suspense fallback={null}>
      <LockdownBanner lockdown={shown} stage={stageOf(shown, now)} onDismiss={() => setDismissed(shown.id)} />
    </Suspense>
  )
}
