import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { filesBelow } from '../tests/house/imports.js'
import { CHAPTERS, REQUIREMENTS } from './asvs-requirements.js'

/** A test that shows a requirement: its title without the tag, and its file from the root. */
type Shown = { readonly title: string; readonly file: string }

/** What the tags of the tests say; `faults` are tags that could not be read or name no requirement. */
export type AsvsTags = { readonly byId: ReadonlyMap<string, readonly Shown[]>; readonly faults: readonly string[] }

/** A title that ends with a tag, in any quotes. */
const TITLE = /(['"`])((?:(?!\1)[^\\\n]|\\.)*?) \[ASVS (\d+\.\d+\.\d+(?:, \d+\.\d+\.\d+)*)\]\1/g

const byNumber = (a: string, b: string): number => {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  for (let i = 0; i < 3; i++) if (left[i] !== right[i]) return (left[i] ?? 0) - (right[i] ?? 0)
  return 0
}

/** Reads the tags of one source: `[ASVS 7.2.3, 7.2.4]` at the end of a title. */
export const readTags = (
  source: string,
  file: string,
): { readonly found: readonly (Shown & { ids: readonly string[] })[]; readonly faults: readonly string[] } => {
  const found = [...source.matchAll(TITLE)].map(([, , title = '', ids = '']) => ({
    title: title.replaceAll(/\\(.)/g, '$1'),
    file,
    ids: ids.split(', '),
  }))
  const faults = found.flatMap(({ ids }) => ids.filter((id) => !REQUIREMENTS.has(id)).map((id) => `${file}: there is no requirement ${id}`))
  const tags = source.split('[ASVS ').length - 1
  if (tags !== found.length) faults.push(`${file}: ${tags - found.length} tags do not end a title, or are not like [ASVS 7.2.3, 7.2.4]`)
  return { found, faults }
}

/** Collects the tags of all tests. */
export const collectTags = (root: string): AsvsTags => {
  const byId = new Map<string, Shown[]>()
  const faults: string[] = []
  for (const path of ['packages', 'tests', 'examples']
    .map((folder) => join(root, folder))
    .flatMap((folder) => filesBelow(folder, /\.test\.tsx?$/))
    .toSorted()) {
    const file = relative(root, path)
    if (file.startsWith('tests/house/')) continue
    const tags = readTags(readFileSync(path, 'utf8'), file)
    faults.push(...tags.faults)
    for (const { title, ids } of tags.found) for (const id of ids) byId.set(id, [...(byId.get(id) ?? []), { title, file }])
  }
  return { byId: new Map([...byId].toSorted(([a], [b]) => byNumber(a, b))), faults }
}

/** Text as it may stand in Markdown: a title holds marks that would be read as formatting. */
const escape = (text: string): string => text.replaceAll(/[\\`*_<>[\]|#]/g, (mark) => `\\${mark}`)

/** The page: requirement, level, what it asks, and the tests that show it. */
export const asvsPage = ({ byId }: AsvsTags): string => {
  const sections: string[] = []
  let chapter = 0
  for (const [id, shown] of byId) {
    const { level, asks } = REQUIREMENTS.get(id) ?? { level: 1, asks: '' }
    const number = Number(id.split('.', 1)[0])
    if (number !== chapter) {
      chapter = number
      sections.push(`## V${chapter} ${CHAPTERS.get(chapter) ?? ''}\n`)
    }
    const files = new Map<string, string[]>()
    for (const { title, file } of shown) files.set(file, [...(files.get(file) ?? []), title])
    const tests = [...files].map(([file, titles]) => `- \`${file}\`: ${[...new Set(titles)].map((title) => escape(title)).join('; ')}`)
    sections.push(`### ${id}\n\nLevel ${level}. ${asks}\n\n${tests.join('\n')}\n`)
  }
  return [
    '# OWASP ASVS 5.0, shown by tests\n',
    `${byId.size} requirements of the [Application Security Verification Standard](https://owasp.org/www-project-application-security-verification-standard/) that a test of this repository shows to hold, for what Parapet does itself: an application must still use it. The ids are OWASP's, the sentences are ours. A test carries its ids at the end of its title, such as \`[ASVS 7.2.4]\`.\n`,
    ...sections,
  ].join('\n')
}
