import { createMemo } from '@parapet/core'
import type { ContentMasker } from './vault.js'

/** Texts longer than this are looked at every time: keeping them costs more than it saves. */
const LONGEST = 256
const MOST = 8_192

/**
 * Remembers which texts need no masking: user agents, paths and actions come again and again. Only what was found clean is kept, so
 * that nothing masked stays in memory.
 */
export const rememberClean = (masker: Pick<ContentMasker, 'content'>): ((text: string) => string) => {
  const clean = createMemo<true>(MOST, Infinity)
  return (text) => {
    if (text.length > LONGEST) return masker.content(text)
    if (clean.get(text) === true) return text
    const masked = masker.content(text)
    if (masked === text) clean.set(text, true)
    return masked
  }
}
