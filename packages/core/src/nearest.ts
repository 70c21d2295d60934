/** Single-character edits (insert, delete, replace) that turn `a` into `b`; both are cut at 64 characters. */
export const editDistance = (a: string, b: string): number => {
  const left = a.slice(0, 64)
  const right = b.slice(0, 64)
  let previous = Array.from({ length: right.length + 1 }, (_, i) => i)
  for (let i = 1; i <= left.length; i++) {
    const row = [i]
    for (let j = 1; j <= right.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previous = row
  }
  return previous[right.length] ?? 0
}

const plain = (word: string): string => word.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/** The known word that somebody who wrote `word` most likely meant; case and separators do not count. `undefined` for an empty list. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  let best: { word: string; distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(plain(word), plain(candidate))
    if (best === undefined || distance < best.distance) best = { word: candidate, distance }
  }
  return best?.word
}
