const WORDS = ['true', 'false', 'null'] as const

const skipSpace = (text: string, at: number): number => {
  let i = at
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c !== 32 && c !== 9 && c !== 10 && c !== 13) break
  }
  return i
}

/** The place after a string that begins at `at`, or the place of its fault as a negative number. */
const skipString = (text: string, at: number): number => {
  for (let i = at + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 34) return i + 1
    if (c < 32) return -i - 1
    if (c !== 92) continue
    const next = text[++i]
    if (next === 'u') {
      if (!/^[0-9a-f]{4}$/i.test(text.slice(i + 1, i + 5))) return -Math.min(i + 1, text.length) - 1
      i += 4
    } else if (next === undefined || !'"\\/bfnrt'.includes(next)) return -Math.min(i, text.length) - 1
  }
  return -text.length - 1
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

const skipScalar = (text: string, at: number): number => {
  if (text.charCodeAt(at) === 34) return skipString(text, at)
  const word = WORDS.find((one) => text.startsWith(one, at))
  if (word !== undefined) return at + word.length
  NUMBER.lastIndex = at
  const number = NUMBER.exec(text)?.[0]
  return number === undefined ? -at - 1 : at + number.length
}

/**
 * Where a text stops being JSON, as an offset in UTF-16 units; `undefined` when it is JSON. The engine's own messages give no
 * position for most faults and quote the text. Linear, without recursion. Source: RFC 8259.
 */
export const jsonFault = (text: string): number | undefined => {
  const open: ('[' | '{')[] = []
  let at = skipSpace(text, 0)
  let expectKey = false
  for (;;) {
    // a value, or a key with its colon, begins here
    if (expectKey) {
      if (text[at] !== '"') return at
      const end = skipString(text, at)
      if (end < 0) return -end - 1
      at = skipSpace(text, end)
      if (text[at] !== ':') return at
      at = skipSpace(text, at + 1)
    }
    const c = text[at]
    if (c === '[' || c === '{') {
      const inner = skipSpace(text, at + 1)
      if (text[inner] === (c === '[' ? ']' : '}')) at = inner + 1
      else {
        open.push(c)
        expectKey = c === '{'
        at = inner
        continue
      }
    } else {
      const end = skipScalar(text, at)
      if (end < 0) return -end - 1
      at = end
    }
    for (;;) {
      at = skipSpace(text, at)
      const container = open.at(-1)
      if (container === undefined) return at === text.length ? undefined : at
      if (text[at] === ',') {
        expectKey = container === '{'
        at = skipSpace(text, at + 1)
        break
      }
      if (text[at] !== (container === '[' ? ']' : '}')) return at
      open.pop()
      at++
    }
  }
}

/** The fault of a text that JSON.parse refused, in words that repeat nothing of it. */
export const describeJsonFault = (text: string): string => {
  const at = jsonFault(text)
  if (at === undefined) return 'not JSON'
  return at >= text.length ? `the JSON ends too early, at position ${text.length}` : `not JSON at position ${at}`
}
