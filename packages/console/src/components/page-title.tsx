import type { ReactNode } from 'react'
import { useEffect } from 'react'

/** Names the tab of the browser while a page is shown. */
export const useTitle = (title: string): void => {
  useEffect(() => {
    document.title = `${title} · Parapet`
  }, [title])
}

/** A heading over a part of a page, with what belongs to its right. */
export const Section = ({
  id,
  title,
  aside,
  children,
}: {
  readonly id: string
  readonly title: string
  readonly aside?: ReactNode
  readonly children: ReactNode
}) => (
  <section aria-labelledby={id}>
    <div className="mb-2 flex items-baseline justify-between gap-4 border-b border-edge pb-1.5">
      <h2 id={id} className="text-[1.02rem] font-semibold">
        {title}
      </h2>
      {aside === undefined ? null : <div className="text-[0.87rem] text-ink-2">{aside}</div>}
    </div>
    {children}
  </section>
)
