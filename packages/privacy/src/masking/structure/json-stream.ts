import { ParapetError } from '@parapet/core'
import { unscanned } from '../actions/actions.js'
import type { JsonTextMasker } from './json-text.js'

/** Masks JSON that comes in pieces of any size. */
export type JsonStream = {
  /** what of the text so far is ready, masked */
  readonly write: (text: string) => string
  /** the rest. Throws `PPT_BODY_MALFORMED` when the text ended in the middle */
  readonly end: () => string
}

/** UTF-16 code units of one string, and of anything between two tokens. */
const MOST_TOKEN = 1_048_576
const [QUOTE, BACKSLASH] = [34, 92]

const isStructure = (code: number): boolean => code === 44 || code === 58 || code === 91 || code === 93 || code === 123 || code === 125

/**
 * A pass over JSON text in pieces: every cut gives the same bytes, since only whole tokens are handed on. A string of over a million characters is
 * replaced by its size. Throws `PPT_BODY_MALFORMED` when the text is not JSON: what was written until then was masked, the rest stays back.
 */
export const createJsonStream = (json: JsonTextMasker): JsonStream => {
  const state = json.start()
  let parts: string[] = []
  let held = 0
  let inString = false
  let isEscaped = false
  /** how long the string is so far */
  let length = 0

  const flush = (text: string): string => {
    const piece = parts.length === 0 ? text : parts.join('') + text
    parts = []
    held = 0
    const masked = json.piece(piece, state)
    if (masked === undefined) throw new ParapetError('PPT_BODY_MALFORMED', 'the text to mask is not JSON')
    return masked
  }
  const hold = (text: string): void => {
    if (text === '') return
    parts.push(text)
    held += text.length
  }

  return {
    write: (text) => {
      let out = ''
      let from = 0
      let cut = 0
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i)
        if (!inString) {
          if (code === QUOTE) {
            inString = true
            length = 0
          } else if (isStructure(code)) cut = i + 1
          continue
        }
        if (isEscaped || code !== QUOTE) {
          isEscaped = !isEscaped && code === BACKSLASH
          if (++length !== MOST_TOKEN + 1) continue
          // from here on the string is only counted
          if (cut > from) out += flush(text.slice(from, cut))
          from = Math.max(from, cut)
          parts = []
          held = 0
          continue
        }
        inString = false
        if (length <= MOST_TOKEN) continue
        hold(`"${unscanned(length)}"`)
        from = cut = i + 1
      }
      if (cut > from) {
        out += flush(text.slice(from, cut))
        from = cut
      }
      if (inString && length > MOST_TOKEN) return out
      hold(text.slice(from))
      if (held > 2 * MOST_TOKEN) throw new ParapetError('PPT_BODY_MALFORMED', 'the text to mask is not JSON')
      return out
    },
    end: () => {
      if (inString) throw new ParapetError('PPT_BODY_MALFORMED', 'the JSON to mask ends in the middle')
      const out = held === 0 ? '' : flush('')
      if (state.frames.length > 0) throw new ParapetError('PPT_BODY_MALFORMED', 'the JSON to mask ends in the middle')
      return out
    },
  }
}
