import { clsx } from 'clsx'
import { Link } from 'wouter'

/** Links to parts of one page, or to one list narrowed in several ways; the one that is open is told to everybody. */
export const Tabs = <T extends string>({
  label,
  tabs,
  current,
  href,
}: {
  readonly label: string
  readonly tabs: readonly { readonly id: T; readonly name: string }[]
  readonly current: T
  readonly href: (id: T) => string
}) => (
  <nav aria-label={label} className="-ml-2.5 flex flex-wrap">
    {tabs.map(({ id, name }) => (
      <Link
        key={id}
        href={href(id)}
        aria-current={id === current ? 'page' : undefined}
        className={clsx(
          'px-2.5 py-1.5 font-medium',
          id === current ? 'text-ink shadow-[inset_0_-2px_0_var(--accent)]' : 'text-ink-2 hover:text-ink',
        )}
      >
        {name}
      </Link>
    ))}
  </nav>
)
