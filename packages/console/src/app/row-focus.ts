/** how long the answer of the server may take, frames */
const FRAMES = 240

/** Focuses what is about to be there, as soon as it is and no dialog has the keyboard. */
export const focusSoon = (selector: string, tries = 60): void => {
  const wanted = document.querySelector('.dialog') === null ? document.querySelector<HTMLElement>(selector) : null
  if (wanted !== null) wanted.focus()
  else if (tries > 0) setTimeout(() => focusSoon(selector, tries - 1), 50)
}

/**
 * Call before rows go: the keyboard goes on beside them when they are gone, and does not start again at the top of the page. A row that
 * stays keeps its focus.
 */
export const keepRowFocus = (ids: readonly string[]): void => {
  const gone = new Set(ids)
  const all = [...document.querySelectorAll<HTMLElement>('main [data-row]')]
  const at = all.findIndex((row) => gone.has(row.dataset['row'] ?? ''))
  if (at === -1) return
  const stay = (row: HTMLElement): boolean => !gone.has(row.dataset['row'] ?? '')
  const places = [...all.slice(at).filter(stay), ...all.slice(0, at).filter(stay).toReversed(), document.querySelector('main')]
  const first = all[at]
  const look = (left: number): void => {
    if (left > 0 && (first?.isConnected === true || document.querySelector('.dialog') !== null)) {
      requestAnimationFrame(() => look(left - 1))
      return
    }
    if (first?.isConnected === true) return
    const { activeElement } = document
    if (activeElement === null || activeElement === document.body) places.find((place) => place?.isConnected === true)?.focus()
  }
  requestAnimationFrame(() => look(FRAMES))
}
