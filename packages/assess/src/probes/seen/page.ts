import { Parser } from 'htmlparser2'

/** What a page says and holds, as a person or a browser would see it. */
export type Page = {
  readonly title: string
  /** its words, from JSON and text as well; of markup only what is visible, and what stands in its fields */
  readonly words: ReadonlySet<string>
  /** a field for a password */
  readonly password: boolean
  /** targets of `<a>` as written */
  readonly links: readonly string[]
  /** every address that the page names: links, scripts, pictures, frames, forms */
  readonly addresses: readonly string[]
}

/** One start tag, with its attributes as the parser decoded them. */
export type Tag = { readonly name: string; readonly attributes: Readonly<Record<string, string>> }

const LONGEST = 200_000
const MOST_TAGS = 5_000
const MOST_WORDS = 5_000
const NAMES = ['href', 'src', 'action', 'formaction', 'data', 'poster'] as const
const SILENT: ReadonlySet<string> = new Set(['script', 'style', 'template', 'noscript'])

const addWords = (into: Set<string>, text: string): void => {
  for (const [word] of text.matchAll(/[\p{L}\p{N}@._-]{3,80}/gu)) {
    if (into.size >= MOST_WORDS) return
    into.add(word.toLowerCase())
  }
}

/** Its start tags in order, at most 5,000, as a browser that runs no script would find them. `script`: its text, by order of `<script>`. */
export const readTags = (html: string): { readonly tags: readonly Tag[]; readonly scripts: readonly string[] } => {
  const tags: Tag[] = []
  const scripts: string[] = []
  let inScript = false
  const parser = new Parser({
    onopentag: (name, attributes) => {
      if (tags.length < MOST_TAGS) tags.push({ name, attributes: { ...attributes } })
      inScript = name === 'script'
      if (inScript) scripts.push('')
    },
    ontext: (text) => {
      if (inScript) scripts[scripts.length - 1] += text
    },
    onclosetag: (name) => {
      if (name === 'script') inScript = false
    },
  })
  parser.end(html.slice(0, LONGEST))
  return { tags, scripts }
}

/** Reads HTML, JSON or plain text; hostile markup gives a poorer page, never an error. */
export const readPage = (text: string): Page => {
  const words = new Set<string>()
  const [links, addresses]: [string[], string[]] = [[], []]
  let [title, inTitle, silent, password] = ['', false, 0, false]
  const parser = new Parser({
    onopentag: (name, attributes) => {
      if (name === 'title') inTitle = true
      if (SILENT.has(name)) silent++
      const type = attributes['type']?.toLowerCase()
      if (name === 'input' && type === 'password') password = true
      else if (name === 'input' && type !== 'hidden') addWords(words, attributes['value'] ?? '')
      if (name === 'a' && attributes['href'] !== undefined && links.length < MOST_TAGS) links.push(attributes['href'])
      for (const key of NAMES) if (attributes[key] !== undefined && addresses.length < MOST_TAGS) addresses.push(attributes[key])
    },
    ontext: (data) => {
      if (inTitle) title += data
      if (silent === 0) addWords(words, data)
    },
    onclosetag: (name) => {
      if (name === 'title') inTitle = false
      if (SILENT.has(name)) silent = Math.max(0, silent - 1)
    },
  })
  parser.end(text.slice(0, LONGEST))
  return { title: title.trim().slice(0, 200), words, password, links, addresses }
}

/** How much two pages say the same: 1 for the same words, 0 for none in common; two empty pages are alike. */
export const likeness = (a: Page, b: Page): number => {
  if (a.words.size === 0 && b.words.size === 0) return 1
  let both = 0
  for (const word of a.words) if (b.words.has(word)) both++
  return both / (a.words.size + b.words.size - both)
}

/** From here on two pages count as the same one, whatever time, token or name stands in them. */
export const SAME = 0.8

/** The words of a page that none of the others has: what tells that somebody sees this very page. */
export const tellingWords = (page: Page, others: readonly Page[]): readonly string[] =>
  [...page.words].filter((word) => !others.some((other) => other.words.has(word)))

/** Which of these words a page has. */
export const wordsIn = (page: Page, words: readonly string[]): readonly string[] => words.filter((word) => page.words.has(word))
