/* oxlint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/prefer-tag-over-role, react/no-array-index-key -- what scrolls must be reachable
   with the keyboard; a line of a text is known by its place */
import { clsx } from 'clsx'
import { useMemo, useState } from 'react'

import { count, plural } from '../lib/format.js'
import type { DiffLine, DiffPart } from '../lib/line-diff.js'
import { changedPart, countChanges, diffLines, foldSame, pairLines } from '../lib/line-diff.js'
import { HostileText } from './hostile-text.js'

const SIGN = { same: ' ', removed: '−', added: '+' } as const
const SAID = { same: '', removed: 'removed: ', added: 'added: ' } as const
const LINE = 400

/** One line; of a line that faces another, what differs stands out. */
const Line = ({
  line,
  facing,
  side = 'after',
}: {
  readonly line: DiffLine | null
  readonly facing?: DiffLine | null
  /** whose number a line has that is in both */
  readonly side?: 'before' | 'after'
}) => {
  if (line === null) return <span className="block bg-sunken"> </span>
  const part = line.kind === 'same' || facing === null || facing === undefined ? undefined : changedPart(line.text, facing.text)
  return (
    <span className="diff-line" data-kind={line.kind}>
      <span className="diff-number" aria-hidden>
        {line[side] ?? line.before}
      </span>
      <span aria-hidden>{SIGN[line.kind]} </span>
      {line.kind === 'same' ? null : <span className="sr-only">{SAID[line.kind]}</span>}
      <span className="min-w-0 whitespace-pre-wrap wrap-anywhere">
        {part === undefined ? (
          <HostileText text={line.text} limit={LINE} />
        ) : (
          <>
            <HostileText text={part.before} limit={LINE} expandable={false} />
            <mark className="diff-word">
              <HostileText text={part.changed} limit={LINE} expandable={false} />
            </mark>
            <HostileText text={part.after} limit={LINE} expandable={false} />
          </>
        )}
      </span>
    </span>
  )
}

const Gap = ({ lines, wide, onOpen }: { readonly lines: number; readonly wide: boolean; readonly onOpen: () => void }) => (
  <button
    type="button"
    className={clsx('block w-full bg-sunken px-3 py-0.5 text-left text-ink-2 hover:text-ink', wide && 'col-span-2')}
    onClick={onOpen}
  >
    … {plural(lines, 'line')} the same in both
  </button>
)

const Parts = ({ parts, beside, onOpen }: { readonly parts: readonly DiffPart[]; readonly beside: boolean; readonly onOpen: () => void }) =>
  parts.map((part, at) => {
    if (part.kind === 'gap') return <Gap key={at} lines={part.count} wide={beside} onOpen={onOpen} />
    const pairs = pairLines(part.lines)
    if (!beside) {
      const facing = new Map(
        pairs.flatMap(({ left, right }) =>
          left === null || right === null || left === right
            ? []
            : ([
                [left, right],
                [right, left],
              ] as const),
        ),
      )
      return part.lines.map((line, place) => <Line key={`${at} ${place}`} line={line} facing={facing.get(line) ?? null} />)
    }
    return pairs.map(({ left, right }, place) => (
      <span key={`${at} ${place}`} className="contents">
        <Line line={left} facing={right} side="before" />
        <Line line={right} facing={left} />
      </span>
    ))
  })

/** Two texts compared line by line, one under the other or side by side; what is the same in both is folded. */
export const SourceDiff = ({
  before,
  after,
  names,
}: {
  readonly before: string
  readonly after: string
  /** what the two texts are called */
  readonly names: readonly [before: string, after: string]
}) => {
  const [beside, setBeside] = useState(false)
  const [whole, setWhole] = useState(false)
  const lines = useMemo(() => diffLines(before, after), [before, after])
  const { added, removed } = countChanges(lines)
  const parts = useMemo(() => foldSame(lines, whole ? lines.length : 3), [lines, whole])
  if (added + removed === 0) return <p className="py-2 text-ink-2">It says the same as {names[0]}, line for line.</p>
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 py-2">
        <p className="text-ink-2">
          Against {names[0]}: {count(added)} added, {count(removed)} removed.
        </p>
        <div className="flex flex-wrap gap-2 max-md:hidden">
          <button type="button" className="button" data-kind="quiet" aria-pressed={beside} onClick={() => setBeside(!beside)}>
            Side by side
          </button>
        </div>
      </div>
      <div
        className={clsx('diff max-h-[32rem] overflow-y-auto', beside && 'md:grid md:grid-cols-2')}
        tabIndex={0}
        role="region"
        aria-label={`${names[1]} against ${names[0]}`}
      >
        <Parts parts={parts} beside={beside} onOpen={() => setWhole(true)} />
      </div>
    </>
  )
}
