import { useEffect, useRef } from 'react'
import { useLocation } from 'wouter'

import type { KeyState } from '../lib/keys.js'
import { pressKey, stepRow } from '../lib/keys.js'

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('main [data-row]')]
const currentRow = (): HTMLElement | null => document.activeElement?.closest<HTMLElement>('[data-row]') ?? null

const move = (direction: 1 | -1): void => {
  const all = rows()
  const current = currentRow()
  const next = all[stepRow(current === null ? -1 : all.indexOf(current), all.length, direction)]
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}

/** Focuses the search field as soon as the page that has it is there. */
const focusSearch = (tries = 20): void => {
  const field = document.querySelector<HTMLInputElement>('[data-search]')
  if (field !== null) field.focus()
  else if (tries > 0) setTimeout(() => focusSearch(tries - 1), 50)
}

/** The keyboard of the console; `help` opens the list of keys. */
export const useShortcuts = (help: () => void): void => {
  const [, navigate] = useLocation()
  const state = useRef<KeyState>(undefined)
  const showHelp = useRef(help)
  useEffect(() => {
    showHelp.current = help
  }, [help])
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return
      if (event.key === 'Escape' && isTyping(event.target)) {
        if (event.target instanceof HTMLElement) event.target.blur()
        return
      }
      // a dialog has the keyboard for itself
      if (document.querySelector('[role=dialog]') !== null) return
      const result = pressKey(state.current, {
        key: event.key,
        at: event.timeStamp,
        typing: isTyping(event.target),
        modified: event.ctrlKey || event.metaKey || event.altKey,
      })
      state.current = result.state
      if (event.key === 'Enter' && event.target instanceof HTMLElement && event.target.matches('[data-row]')) {
        event.target.querySelector<HTMLElement>('[data-open]')?.click()
        return
      }
      if (result.command === undefined) return
      event.preventDefault()
      switch (result.command) {
        case 'go-now':
          return navigate('/')
        case 'go-alerts':
          return navigate('/alerts')
        case 'go-decisions':
          return navigate('/decisions')
        case 'search':
          if (document.querySelector('[data-search]') === null) navigate('/alerts')
          return focusSearch()
        case 'help':
          return showHelp.current()
        case 'next':
          return move(1)
        case 'previous':
          return move(-1)
        case 'open':
          return currentRow()?.querySelector<HTMLElement>('[data-open]')?.click()
        case 'undo':
          return currentRow()?.querySelector<HTMLElement>('[data-undo]')?.click()
      }
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [navigate])
}
