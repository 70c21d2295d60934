import type { ReactNode } from 'react'

import { useTheme } from '../app/theme.js'
import { Mark } from './mark.js'

/** What the pages before sign-in stand in. */
export const Entrance = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => {
  // follows the machine here too
  useTheme()
  return (
    <div className="flex min-h-dvh flex-col">
      <main className="mx-auto w-full max-w-[25rem] grow px-5 pt-[14vh] pb-10">
        <p className="mb-10 flex items-center gap-2.5 text-[1.05rem] font-semibold tracking-tight">
          <Mark />
          Parapet
        </p>
        <h1 className="mb-6 text-3xl font-semibold tracking-tight">{title}</h1>
        {children}
      </main>
      <div className="wall" aria-hidden />
      <div className="h-14 bg-wall" aria-hidden />
    </div>
  )
}
