import { ParapetError } from '@parapet/core'

/** One message of a stream of server-sent events. */
export type SseMessage = { readonly event: string; readonly data: string; readonly id: string | undefined }

/** Takes the stream in pieces and gives whole messages. */
export type SseParser = { push: (text: string) => readonly SseMessage[] }

/**
 * Parses server-sent events in one pass over any cut of the stream. Throws `PPT_BODY_TOO_LARGE` when one message
 * outgrows `maxLength` (UTF-16 units). Source: WHATWG HTML, section 9.2.6.
 */
export const createSseParser = (maxLength: number): SseParser => {
  let line = ''
  let afterReturn = false
  let first = true
  let event = ''
  let id: string | undefined
  let data: string[] = []
  let held = 0

  const field = (text: string): void => {
    const colon = text.indexOf(':')
    if (colon === 0) return
    const name = colon < 0 ? text : text.slice(0, colon)
    const value = colon < 0 ? '' : text.slice(text.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1)
    if (name === 'data') data.push(value)
    else if (name === 'event') event = value
    else if (name === 'id' && !value.includes('\u0000')) id = value
  }

  const end = (found: SseMessage[]): void => {
    if (line !== '') {
      field(line)
      line = ''
      return
    }
    if (data.length > 0) found.push({ event: event === '' ? 'message' : event, data: data.join('\n'), id })
    event = ''
    data = []
    held = 0
  }

  return {
    push: (chunk) => {
      let text = chunk
      if (first && text !== '') {
        first = false
        if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
      }
      const found: SseMessage[] = []
      let from = 0
      for (let i = 0; i < text.length; i++) {
        const c = text.charCodeAt(i)
        if (c === 10 && afterReturn) {
          // the second half of CR LF, perhaps in another piece
          afterReturn = false
          from = i + 1
          continue
        }
        afterReturn = c === 13
        if (c !== 10 && c !== 13) continue
        line += text.slice(from, i)
        held += i - from
        from = i + 1
        if (held > maxLength) throw new ParapetError('PPT_BODY_TOO_LARGE', `a message of the stream is over ${maxLength} characters`)
        end(found)
      }
      line += text.slice(from)
      if (held + line.length > maxLength)
        throw new ParapetError('PPT_BODY_TOO_LARGE', `a message of the stream is over ${maxLength} characters`)
      return found
    },
  }
}
