import { useEffect } from 'react'

/** Rows that a narrowed list should show before it stops reading by itself, and the most pages it reads for that. */
const ENOUGH_ROWS = 20
const MOST_PAGES = 5

/**
 * Reads on while a list that is narrowed on this side shows little; bounded, then the operator asks for older ones.
 */
export const useFill = (state: {
  readonly shown: number
  readonly pages: number
  readonly more: boolean
  readonly busy: boolean
  readonly readOn: () => void
}): void => {
  const { shown, pages, more, busy, readOn } = state
  useEffect(() => {
    if (more && !busy && shown < ENOUGH_ROWS && pages > 0 && pages < MOST_PAGES) readOn()
  }, [more, busy, shown, pages, readOn])
}
