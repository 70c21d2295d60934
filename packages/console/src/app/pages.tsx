import { clsx } from 'clsx'
import { ChevronDown } from 'lucide-react'
import { useState } from 'react'
import { Link, useLocation } from 'wouter'

import { mayManage } from './api.js'
import { useOperator } from './session.js'

type PageLink = {
  readonly href: string
  readonly name: string
  /** pages that belong to it and stand elsewhere */
  readonly also?: string
  readonly manage?: true
}

/** The pages, in the order of work: what happens, who is concerned, what is done about it, what it rests on. */
const GROUPS: readonly (readonly PageLink[])[] = [
  [
    { href: '/', name: 'Now' },
    { href: '/triage', name: 'Triage', also: '/alerts' },
    { href: '/incidents', name: 'Incidents' },
  ],
  [
    { href: '/activity', name: 'Activity' },
    { href: '/subjects', name: 'Subjects' },
  ],
  [
    { href: '/decisions', name: 'Decisions' },
    { href: '/policies', name: 'Policies' },
    { href: '/enforcers', name: 'Enforcers' },
  ],
  [
    { href: '/rules', name: 'Rules' },
    { href: '/sources', name: 'Sources' },
    { href: '/notifications', name: 'Notifications' },
    { href: '/operators', name: 'Operators', manage: true },
  ],
]

const isWithin = (href: string, path: string): boolean => path === href || (href !== '/' && path.startsWith(`${href}/`))
const isOpen = ({ href, also }: PageLink, path: string): boolean => isWithin(href, path) || (also !== undefined && isWithin(also, path))

/** The way around. On a narrow page it is folded under the name of the page that is open. */
export const Pages = () => {
  const operator = useOperator()
  const [path] = useLocation()
  // folded again as soon as another page is open
  const [openAt, setOpenAt] = useState<string>()
  const open = openAt === path
  const groups = GROUPS.map((group) => group.filter((page) => page.manage !== true || mayManage(operator)))
  const current = groups.flat().find((page) => isOpen(page, path))
  const name = current?.name ?? (path === '/account' ? 'Your account' : 'Pages')
  return (
    <nav aria-label="Pages" className="max-sm:contents sm:-mx-2.5 sm:w-full">
      <button
        type="button"
        className="order-3 flex min-w-28 grow items-center gap-1.5 py-2 font-medium sm:hidden"
        aria-expanded={open}
        aria-controls="pages"
        aria-label={`${name}: all pages`}
        onClick={() => setOpenAt(open ? undefined : path)}
      >
        {name}
        <ChevronDown size={16} aria-hidden className={open ? 'rotate-180' : ''} />
      </button>
      <div id="pages" className={clsx('max-sm:order-5 max-sm:w-full sm:flex sm:flex-wrap', open ? 'grid grid-cols-2 pb-2' : 'hidden')}>
        {groups.map((group, at) => (
          <div key={group[0]?.href} className={clsx('grid content-start max-sm:pb-2 sm:flex', at > 0 && 'lg:ml-5')}>
            {group.map((page) => (
              <Link
                key={page.href}
                href={page.href}
                aria-current={isOpen(page, path) ? 'page' : undefined}
                className={clsx(
                  'py-1.5 font-medium sm:px-2.5 sm:py-2',
                  isOpen(page, path) ? 'text-ink shadow-[inset_0_-2px_0_var(--accent)]' : 'text-ink-2 hover:text-ink',
                )}
              >
                {page.name}
              </Link>
            ))}
          </div>
        ))}
      </div>
    </nav>
  )
}
