/** One line of a comparison: in both texts, only in the old one, or only in the new one. Line numbers start at 1. */
export type DiffLine = {
  readonly kind: 'same' | 'removed' | 'added'
  readonly text: string
  readonly before: number | null
  readonly after: number | null
}

/** Beyond this many cells of the comparison the middle is shown as replaced, not compared line by line. */
const MOST_CELLS = 1_000_000
const MOST_LINES = 5_000

const linesOf = (text: string): readonly string[] => {
  const lines = text.slice(0, 200_000).replaceAll('\r\n', '\n').split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.slice(0, MOST_LINES)
}

/** Lengths of the longest common runs of lines from each place to the end. */
const commonFrom = (a: readonly string[], b: readonly string[]): readonly Uint16Array[] => {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--) {
    const row = table[i] ?? new Uint16Array()
    const below = table[i + 1] ?? new Uint16Array()
    for (let j = b.length - 1; j >= 0; j--) {
      row[j] = a[i] === b[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0)
    }
  }
  return table
}

/**
 * Compares two texts line by line: the longest common run of lines stays, the rest is removed or added, removals first. What both begin
 * and end with costs nothing; a middle that is too large to compare is one replacement.
 */
export const diffLines = (before: string, after: string): readonly DiffLine[] => {
  const a = linesOf(before)
  const b = linesOf(after)
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  const result: DiffLine[] = []
  const same = (i: number, j: number): void => void result.push({ kind: 'same', text: a[i] ?? '', before: i + 1, after: j + 1 })
  const removed = (i: number): void => void result.push({ kind: 'removed', text: a[i] ?? '', before: i + 1, after: null })
  const added = (j: number): void => void result.push({ kind: 'added', text: b[j] ?? '', before: null, after: j + 1 })
  for (let i = 0; i < head; i++) same(i, i)
  const midA = a.slice(head, a.length - tail)
  const midB = b.slice(head, b.length - tail)
  if (midA.length * midB.length > MOST_CELLS) {
    midA.forEach((_, i) => removed(head + i))
    midB.forEach((_, j) => added(head + j))
  } else {
    const table = commonFrom(midA, midB)
    let i = 0
    let j = 0
    while (i < midA.length || j < midB.length) {
      if (i < midA.length && j < midB.length && midA[i] === midB[j]) same(head + i++, head + j++)
      else if (j >= midB.length || (i < midA.length && (table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0))) removed(head + i++)
      else added(head + j++)
    }
  }
  for (let k = tail; k > 0; k--) same(a.length - k, b.length - k)
  return result
}

/** A part of a comparison: lines that are shown, or how many like in both are left out. */
export type DiffPart = { readonly kind: 'lines'; readonly lines: readonly DiffLine[] } | { readonly kind: 'gap'; readonly count: number }

/** A comparison with `context` lines around each change; longer stretches that are the same in both become gaps. */
export const foldSame = (lines: readonly DiffLine[], context = 3): readonly DiffPart[] => {
  const near = new Uint8Array(lines.length)
  lines.forEach((line, at) => {
    if (line.kind === 'same') return
    near.fill(1, Math.max(0, at - context), Math.min(lines.length, at + context + 1))
  })
  const parts: DiffPart[] = []
  for (let at = 0; at < lines.length;) {
    let end = at
    while (end < lines.length && near[end] === near[at]) end++
    // a gap of one line would take as much room as the line
    if (near[at] === 1 || end - at < 2) parts.push({ kind: 'lines', lines: lines.slice(at, end) })
    else parts.push({ kind: 'gap', count: end - at })
    at = end
  }
  return parts
}

/** A row of two columns; null where one side has nothing. */
export type DiffPair = { readonly left: DiffLine | null; readonly right: DiffLine | null }

/** Lines side by side: removed and added ones of one change face each other. */
export const pairLines = (lines: readonly DiffLine[]): readonly DiffPair[] => {
  const pairs: DiffPair[] = []
  let removed: DiffLine[] = []
  let added: DiffLine[] = []
  const flush = (): void => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++) pairs.push({ left: removed[at] ?? null, right: added[at] ?? null })
    removed = []
    added = []
  }
  for (const line of lines) {
    if (line.kind === 'removed') removed.push(line)
    else if (line.kind === 'added') added.push(line)
    else {
      flush()
      pairs.push({ left: line, right: line })
    }
  }
  flush()
  return pairs
}

/** How many lines were added and removed. */
export const countChanges = (lines: readonly DiffLine[]): { readonly added: number; readonly removed: number } => ({
  added: lines.filter(({ kind }) => kind === 'added').length,
  removed: lines.filter(({ kind }) => kind === 'removed').length,
})

/** What a line and the one that it faces both begin and end with, and what stands between. */
export type ChangedPart = { readonly before: string; readonly changed: string; readonly after: string }

/** A line cut where it differs from the one that it faces; undefined when they share too little for that to help. */
export const changedPart = (line: string, facing: string): ChangedPart | undefined => {
  const a = Array.from(line)
  const b = Array.from(facing)
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  // leading blanks are no likeness
  const shared = a.slice(0, head).join('').trimStart().length + tail
  if (shared * 3 < Math.max(line.trim().length, facing.trim().length)) return undefined
  return { before: a.slice(0, head).join(''), changed: a.slice(head, a.length - tail).join(''), after: a.slice(a.length - tail).join('') }
}
