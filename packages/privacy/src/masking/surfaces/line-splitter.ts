/** Cuts a text that comes in pieces into lines. `write` gives what is finished, `end` a last line without its end. */
export type LineSplitter = { readonly write: (text: string) => string; readonly end: () => string }

/**
 * Creates a splitter that passes each line through `finish` and holds no finished line back. A line of over `most` UTF-16 code units
 * is not kept: `finish` is given `undefined` and its length.
 */
export const createLineSplitter = (most: number, finish: (line: string | undefined, length: number) => string): LineSplitter => {
  let parts: string[] = []
  let length = 0
  const hold = (text: string): void => {
    length += text.length
    if (length <= most) parts.push(text)
    else parts = []
  }
  const close = (): string => {
    const [line, size] = [length <= most ? parts.join('') : undefined, length]
    parts = []
    length = 0
    return finish(line, size)
  }
  return {
    write: (text) => {
      let out = ''
      let from = 0
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
        hold(text.slice(from, end))
        out += `${close()}\n`
        from = end + 1
      }
      hold(text.slice(from))
      return out
    },
    end: () => (length === 0 ? '' : close()),
  }
}
