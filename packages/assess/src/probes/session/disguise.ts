import type { RandomSource } from '@parapet/core'

const CLASSES = ['0123456789', 'abcdef', 'ghijklmnopqrstuvwxyz', 'ABCDEF', 'GHIJKLMNOPQRSTUVWXYZ'] as const

/**
 * A made-up session id in the shape of a real one: digits for digits, letters for letters, everything else as it is, so that a check of the
 * shape alone lets it through. Never the real one itself.
 */
export const disguise = (real: string, random: RandomSource): string => {
  const bytes = random(Math.max(1, real.length))
  const made = Array.from(real, (char, i) => {
    const kind = CLASSES.find((letters) => letters.includes(char))
    return kind === undefined ? char : (kind[(bytes[i] ?? 0) % kind.length] ?? char)
  })
  const text = made.join('')
  return text === real ? `${real}0` : text
}
