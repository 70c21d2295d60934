import type { ReactNode } from 'react'
import { useEffect, useRef, useState } from 'react'

/** Lists longer than this are drawn in parts. */
export const CHUNKED_ABOVE = 120
/** Rows in one part. */
export const CHUNK = 40
/** how far outside of the window a part is still drawn, px: `j` and a wheel find rows there */
const MARGIN = 900
/** a row's height until it has been measured, px */
const GUESS = 56

/** Rows in parts of equal length, for {@link RowChunk}. */
export const chunksOf = <T,>(rows: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(rows.length / CHUNK) }, (_, index) => rows.slice(index * CHUNK, (index + 1) * CHUNK))

/**
 * A part of a long table. Far from the window it is one empty row of the height it had, so that thousands of rows cost what a screenful
 * does; the part that has the focus stays.
 */
export const RowChunk = ({ rows, near, draw }: { readonly rows: number; readonly near: boolean; readonly draw: () => ReactNode }) => {
  const body = useRef<HTMLTableSectionElement>(null)
  const [shown, setShown] = useState(near)
  const [height, setHeight] = useState<number>()
  useEffect(() => {
    const element = body.current
    if (element === null) return undefined
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry === undefined) return
        if (!entry.isIntersecting && element.contains(document.activeElement)) return
        if (!entry.isIntersecting) setHeight(element.getBoundingClientRect().height)
        setShown(entry.isIntersecting)
      },
      { rootMargin: `${MARGIN}px 0px` },
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return (
    // oxlint-disable-next-line jsx-a11y/no-redundant-roles -- the role keeps it a table when the style sheet stacks its rows
    <tbody ref={body} role="rowgroup">
      {shown ? (
        draw()
      ) : (
        <tr aria-hidden>
          {/* oxlint-disable-next-line jsx-a11y/control-has-associated-label -- room for rows that are not drawn */}
          <td className="border-0! p-0!" ref={(cell) => cell?.style.setProperty('height', `${height ?? rows * GUESS}px`)} />
        </tr>
      )}
    </tbody>
  )
}
