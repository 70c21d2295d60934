const OFFSET_START = [0, 2, 3]
const OFFSET_END = [0, 3, 2]

/** The value as UTF-8 bytes, or as UTF-16 for the `wide` and `utf16` modifiers. */
export const encodeText = (value: string, encoding: 'utf8' | 'utf16le' | 'utf16be' | 'utf16'): Buffer => {
  if (encoding === 'utf8') return Buffer.from(value, 'utf8')
  const little = Buffer.from(value, 'utf16le')
  if (encoding === 'utf16le') return little
  if (encoding === 'utf16be') return little.swap16()
  return Buffer.concat([Buffer.from([0xff, 0xfe]), little])
}

/** The three forms that bytes take inside longer Base64 text, by their offset; only the characters that do not depend on what stands around. */
export const base64Offsets = (bytes: Buffer): string[] =>
  [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset, 32), bytes]).toString('base64')
    const cut = OFFSET_END[(bytes.length + offset) % 3] ?? 0
    return encoded.slice(OFFSET_START[offset], cut === 0 ? undefined : -cut)
  })

const DASHES = ['-', '/', '–', '—', '―']
const isWord = (c: string): boolean => /\w/.test(c)

/** The value with the dash of each of its parameters written in every way that Windows programs take: `-x`, `/x`, and three long dashes. */
export const windashForms = (value: string): string[] => {
  const spots: number[] = []
  for (let i = 0; i < value.length; i++) {
    const c = value.charAt(i)
    if ((c === '-' || c === '/') && !isWord(value.charAt(i - 1)) && isWord(value.charAt(i + 1))) spots.push(i)
  }
  if (spots.length === 0) return [value]
  const written = (dash: string): string => spots.reduce((text, at) => text.slice(0, at) + dash + text.slice(at + 1), value)
  return [...new Set([value, ...DASHES.map(written)])]
}
