import { useEffect, useRef } from 'react'
import { useLocation } from 'wouter'

import type { Command, GoCommand, KeyState, PageCommand } from '../lib/keys.js'
import { pressKey, stepRow, takesText } from '../lib/keys.js'
import { focusSoon } from './row-focus.js'

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || takesText(target.tagName, target instanceof HTMLInputElement ? target.type : ''))

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('main [data-row]')]
const currentRow = (): HTMLElement | null => document.activeElement?.closest<HTMLElement>('[data-row]') ?? null

const move = (direction: 1 | -1): void => {
  const all = rows()
  const current = currentRow()
  const next = all[stepRow(current === null ? -1 : all.indexOf(current), all.length, direction)]
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}

const PATHS: Readonly<Record<GoCommand, string>> = {
  'go-now': '/',
  'go-triage': '/triage',
  'go-activity': '/activity',
  'go-incidents': '/incidents',
  'go-subjects': '/subjects',
  'go-decisions': '/decisions',
  'go-policies': '/policies',
  'go-enforcers': '/enforcers',
  'go-rules': '/rules',
  'go-sources': '/sources',
  'go-notifications': '/notifications',
  'go-operators': '/operators',
  'go-account': '/account',
}

const isGo = (command: Command): command is GoCommand => Object.hasOwn(PATHS, command)

let pageCommands: Readonly<Partial<Record<PageCommand, () => void>>> = {}

/** What the page that is open does at its own keys; gone with the page. */
export const usePageCommands = (commands: Readonly<Partial<Record<PageCommand, () => void>>>): void => {
  useEffect(() => {
    pageCommands = commands
    return () => {
      if (pageCommands === commands) pageCommands = {}
    }
  }, [commands])
}

/** The id of the row that has the focus. */
export const focusedRow = (): string | undefined => currentRow()?.dataset['row']

/** The keyboard of the console; `help` opens the list of keys, `lockdown` the sheet that begins one. */
export const useShortcuts = (open: Readonly<Record<'help' | 'lockdown', () => void>>): void => {
  const [, navigate] = useLocation()
  const state = useRef<KeyState>(undefined)
  const show = useRef(open)
  useEffect(() => {
    show.current = open
  }, [open])
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return
      if (event.key === 'Escape' && isTyping(event.target)) {
        if (event.target instanceof HTMLElement) event.target.blur()
        return
      }
      // a dialog or menu has the keyboard for itself; a message at the foot of the page has the role of one and has not
      if (document.querySelector('.dialog, .menu') !== null) return
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
      const { command } = result
      if (isGo(command)) return navigate(PATHS[command])
      switch (command) {
        case 'search':
          if (document.querySelector('[data-search]') === null) navigate('/activity')
          return focusSoon('[data-search]')
        case 'help':
        case 'lockdown':
          return show.current[command]()
        case 'next':
          return move(1)
        case 'previous':
          return move(-1)
        case 'open':
          return currentRow()?.querySelector<HTMLElement>('[data-open]')?.click()
        case 'undo':
          return currentRow()?.querySelector<HTMLElement>('[data-undo]')?.click()
        case 'select':
        case 'acknowledge':
        case 'snooze':
        case 'false-positive':
        case 'close':
        case 'assign':
        case 'note':
          return pageCommands[command]?.()
      }
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [navigate])
}
