import { ArrowLeft } from 'lucide-react'
import type { ReactNode } from 'react'
import { useEffect } from 'react'
import { Link } from 'wouter'

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
      {/* the focus comes here when what had it in this part is gone */}
      <h2 id={id} tabIndex={-1} className="text-[1.02rem] font-semibold">
        {title}
      </h2>
      {aside === undefined ? null : <div className="text-[0.87rem] text-ink-2">{aside}</div>}
    </div>
    {children}
  </section>
)

/** The head of a page of a list: its name, and what can be done or narrowed to its right. */
export const PageHead = ({ title, children }: { readonly title: string; readonly children?: ReactNode }) => {
  useTitle(title)
  return (
    <div className="mb-4 flex flex-wrap items-end justify-between gap-x-8 gap-y-3">
      <h1 className="text-3xl font-semibold tracking-tight">{title}</h1>
      {children}
    </div>
  )
}

/** The way back to the list that a page belongs to. */
export const BackLink = ({ href, children }: { readonly href: string; readonly children: ReactNode }) => (
  <Link href={href} className="mb-4 inline-flex items-center gap-1.5 text-ink-2 hover:text-ink">
    <ArrowLeft size={16} aria-hidden />
    {children}
  </Link>
)

/** A few facts side by side, each under its name. */
export const Facts = ({ facts }: { readonly facts: readonly (readonly [name: string, value: ReactNode])[] }) => (
  <dl className="flex flex-wrap gap-x-8 gap-y-2">
    {facts.map(([name, value]) => (
      <div key={name} className="min-w-0">
        <dt className="text-[0.82rem] text-ink-3">{name}</dt>
        <dd className="wrap-anywhere">{value}</dd>
      </div>
    ))}
  </dl>
)
