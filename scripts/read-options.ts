/** One field of a type of options, as its source and its comment say. */
export type OptionField = { readonly name: string; readonly optional: boolean; readonly type: string; readonly means: string }

/** The text between the first brace after a place and the one that closes it; braces in strings do not stand in types. */
const bodyAfter = (source: string, from: number): string => {
  const open = source.indexOf('{', from)
  let depth = 0
  for (let i = open; i < source.length; i++) {
    if (source.startsWith('/*', i)) i = source.indexOf('*/', i) + 1
    else if (source[i] === '{') depth++
    else if (source[i] === '}' && --depth === 0) return source.slice(open + 1, i)
  }
  throw new Error('a type does not end')
}

const commentText = (comment: string): string =>
  comment
    .replaceAll(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .join(' ')
    .replaceAll(/\{@link (\w+)(?:\.\w+)?\}/g, '`$1`')
    .trim()

/** Comments and fields of a body, in their order. */
const pieces = (body: string): readonly string[] => {
  const found: string[] = []
  let [from, depth] = [0, 0]
  const cut = (to: number): void => {
    const piece = body.slice(from, to).trim()
    if (piece !== '') found.push(piece)
    from = to
  }
  for (let i = 0; i < body.length; i++) {
    if (body.startsWith('/*', i)) {
      const end = body.indexOf('*/', i) + 2
      if (depth === 0) {
        cut(i)
        cut(end)
      }
      i = end - 1
    } else if ('{([<'.includes(body[i] ?? '') && body[i - 1] !== '=') depth++
    else if ('})]>'.includes(body[i] ?? '') && body[i - 1] !== '=') depth--
    else if (depth === 0 && (body[i] === ';' || (body[i] === '\n' && !/^\s*[|&]/.test(body.slice(i + 1))))) {
      cut(i)
      from = i + 1
    }
  }
  cut(body.length)
  return found
}

/** A type in a line; of a part's options only whose they are, since they have a table of their own. */
const shortType = (type: string): string => {
  const plain = type
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('readonly ', '')
    .replace(/^\| /, '')
    .trim()
  const part = /\b(?:Omit|Pick)<\s*(\w+(?:Options|Overrides))\b/.exec(plain)?.[1]
  if (part !== undefined) return plain.startsWith('{') || plain.includes('& {') ? `{ ... } and some of ${part}` : `some of ${part}`
  return plain.length > 200 ? `${plain.slice(0, 197)}...` : plain
}

/** Reads the fields of `export type <name>`, which must be an object type. Throws for a type that is not there. */
export const readOptionFields = (source: string, name: string): readonly OptionField[] => {
  const start = new RegExp(`^export type ${name}\\b`, 'm').exec(source)
  if (start === null) throw new Error(`there is no type ${name}`)
  const fields: OptionField[] = []
  let means = ''
  for (const piece of pieces(bodyAfter(source, source.indexOf('=', start.index)))) {
    if (piece.startsWith('/*')) {
      means = commentText(piece)
      continue
    }
    const [, option, mark, type] = /^readonly (\w+)(\??):\s+([\s\S]+)$/.exec(piece) ?? []
    if (option !== undefined && type !== undefined) fields.push({ name: option, optional: mark === '?', type: shortType(type), means })
    means = ''
  }
  return fields
}
