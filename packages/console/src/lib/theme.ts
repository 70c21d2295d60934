/** What the operator chose; `system` follows the machine. */
export type ThemeChoice = 'system' | 'dark' | 'light'

/** Where the choice is kept; `theme.js` reads the same key before the first paint. */
export const THEME_KEY = 'parapet.theme'

/** Reads what was stored; anything else is `system`. */
export const readChoice = (stored: string | null): ThemeChoice => (stored === 'dark' || stored === 'light' ? stored : 'system')

/** The theme that a choice means on a machine. */
export const themeOf = (choice: ThemeChoice, machineIsDark: boolean): 'dark' | 'light' =>
  choice === 'system' ? (machineIsDark ? 'dark' : 'light') : choice

/** The choice after this one, as the button walks through them. */
export const nextChoice = (choice: ThemeChoice): ThemeChoice => (choice === 'system' ? 'dark' : choice === 'dark' ? 'light' : 'system')
