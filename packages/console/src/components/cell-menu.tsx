import { Menu } from '@base-ui/react/menu'
import type { ReactNode } from 'react'
import { createContext, use, useMemo, useRef, useState } from 'react'
import { useLocation } from 'wouter'

import type { FieldFilter } from '../lib/event-search.js'
import { activityPath, readSearch } from '../lib/event-search.js'
import { flattenHostile } from '../lib/hostile.js'
import { HostileText } from './hostile-text.js'
import { toasts } from './toasts.js'

type Cell = { readonly field: string; readonly value: string }
type Acts = {
  /** narrows what is on this page; without it the page has nothing to narrow */
  readonly onFilter?: ((filter: FieldFilter) => void) | undefined
  /** begins an exception with this field */
  readonly onExcept?: ((cell: Cell) => void) | undefined
}

const CellContext = createContext<(anchor: HTMLElement, cell: Cell) => void>(() => undefined)

const copy = (text: string): void => {
  navigator.clipboard.writeText(text).then(
    () => toasts.add({ title: `Copied: ${flattenHostile(text, 60)}` }),
    () => toasts.add({ title: 'The browser does not let this page copy' }),
  )
}

/** What can be done with a value of an event. One menu for all cells below it: a table of thousands has no more than one. */
export const CellMenu = ({ onFilter, onExcept, children }: Acts & { readonly children: ReactNode }) => {
  const [, navigate] = useLocation()
  const [cell, setCell] = useState<Cell>()
  const [open, setOpen] = useState(false)
  const anchor = useRef<HTMLElement>(null)
  const show = useMemo(
    () =>
      (element: HTMLElement, chosen: Cell): void => {
        anchor.current = element
        setCell(chosen)
        setOpen(true)
      },
    [],
  )
  const filter = (out: boolean): void => {
    if (cell !== undefined) onFilter?.({ ...cell, out })
  }
  return (
    <CellContext value={show}>
      {children}
      <Menu.Root open={open} onOpenChange={setOpen}>
        <Menu.Portal>
          <Menu.Positioner anchor={anchor} align="start" sideOffset={4} collisionPadding={8} className="z-30">
            <Menu.Popup
              className="menu"
              finalFocus={anchor}
              // without a trigger of its own the menu does not know where Tab leads: back to the value
              onKeyDown={(event) => {
                if (event.key !== 'Tab') return
                event.preventDefault()
                setOpen(false)
              }}
              aria-label={cell === undefined ? undefined : `${cell.field}: ${flattenHostile(cell.value, 60)}`}
            >
              <p className="max-w-72 border-b border-line px-3 pt-1 pb-2 text-[0.87rem] wrap-anywhere" aria-hidden>
                <span className="block text-ink-3">{cell?.field}</span>
                <HostileText text={cell?.value ?? ''} limit={120} expandable={false} className="font-mono" />
              </p>
              {onFilter === undefined ? null : (
                <>
                  <Menu.Item className="menu-item" onClick={() => filter(false)}>
                    Only this value
                  </Menu.Item>
                  <Menu.Item className="menu-item" onClick={() => filter(true)}>
                    Without this value
                  </Menu.Item>
                </>
              )}
              <Menu.Item
                className="menu-item"
                onClick={() => {
                  if (cell !== undefined) navigate(activityPath({ ...readSearch(''), filters: [{ ...cell, out: false }] }))
                }}
              >
                Search in Activity
              </Menu.Item>
              <Menu.Item className="menu-item" onClick={() => copy(cell?.value ?? '')}>
                Copy
              </Menu.Item>
              {onExcept === undefined ? null : (
                <Menu.Item
                  className="menu-item"
                  onClick={() => {
                    if (cell !== undefined) onExcept(cell)
                  }}
                >
                  Use in an exception…
                </Menu.Item>
              )}
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
    </CellContext>
  )
}

/** One value of a field; opens the menu of what can be done with it. */
export const CellValue = ({ field, value, limit = 64 }: Cell & { readonly limit?: number }) => {
  const show = use(CellContext)
  return (
    <button
      type="button"
      className="cell"
      aria-haspopup="menu"
      aria-label={`${field}: ${flattenHostile(value, 80)}`}
      onClick={(event) => show(event.currentTarget, { field, value })}
    >
      <HostileText text={value} limit={limit} expandable={false} />
    </button>
  )
}
