import { useEffect, useState } from 'react'

import type { ThemeChoice } from '../lib/theme.js'
import { nextChoice, readChoice, THEME_KEY, themeOf } from '../lib/theme.js'

const stored = (): ThemeChoice => {
  try {
    return readChoice(localStorage.getItem(THEME_KEY))
  } catch {
    return 'system'
  }
}

/** The theme choice and how to change it; follows the machine while it is `system`. */
export const useTheme = (): { readonly choice: ThemeChoice; readonly advance: () => void } => {
  const [choice, setChoice] = useState<ThemeChoice>(stored)
  useEffect(() => {
    const machine = matchMedia('(prefers-color-scheme: dark)')
    const apply = (): void => {
      document.documentElement.dataset['theme'] = themeOf(choice, machine.matches)
    }
    apply()
    machine.addEventListener('change', apply)
    return () => machine.removeEventListener('change', apply)
  }, [choice])
  return {
    choice,
    advance: () => {
      const next = nextChoice(choice)
      try {
        localStorage.setItem(THEME_KEY, next)
      } catch {
        // storage may be off: the choice lasts as long as the page
      }
      setChoice(next)
    },
  }
}
