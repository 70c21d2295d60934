/** What may be attached: by its ending, and by how it begins. */
const TYPES: Readonly<Record<string, { readonly type: string; readonly begins?: readonly string[] }>> = {
  pdf: { type: 'application/pdf', begins: ['255044462d'] },
  png: { type: 'image/png', begins: ['89504e470d0a1a0a'] },
  jpg: { type: 'image/jpeg', begins: ['ffd8ff'] },
  jpeg: { type: 'image/jpeg', begins: ['ffd8ff'] },
  docx: { type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', begins: ['504b0304'] },
  xlsx: { type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', begins: ['504b0304'] },
  txt: { type: 'text/plain; charset=utf-8' },
  csv: { type: 'text/csv; charset=utf-8' },
  md: { type: 'text/plain; charset=utf-8' },
}

/** The endings that are taken, for the sentence that says so. */
export const ENDINGS: readonly string[] = Object.keys(TYPES)

const isText = (content: Buffer): boolean => {
  try {
    return !new TextDecoder('utf-8', { fatal: true }).decode(content).includes('\0')
  } catch {
    return false
  }
}

/** The type under which a file is served, or nothing when it is none of those taken, or not what its name says. */
export const typeOf = (name: string, content: Buffer): string | undefined => {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  const known = Object.hasOwn(TYPES, ending) ? TYPES[ending] : undefined
  if (known === undefined || content.length === 0) return undefined
  const fits =
    known.begins === undefined ? isText(content) : known.begins.some((hex) => content.subarray(0, hex.length / 2).toString('hex') === hex)
  return fits ? known.type : undefined
}

/** A file's name without folders, control characters and direction marks, at most 120 characters with its ending kept. */
export const plainName = (given: string): string => {
  const name = (given.split(/[\\/]/).at(-1) ?? '')
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}"<>|:*?]/gu, '')
    .trim()
  return name.length <= 120 ? name : name.slice(0, 100) + name.slice(-20)
}
