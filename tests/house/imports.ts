import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The root of the checkout. */
export const root: string = join(import.meta.dirname, '../..')

/** One row of the import table of ARCHITECTURE.md; `row` is undefined for rooms outside the ladder. */
export type Room = { readonly name: string; readonly row: number | undefined; readonly extra: readonly string[] }

/** Reads the import table. */
export const readRooms = (markdown: string): readonly Room[] =>
  markdown.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim())
    const name = /^`([a-z]+)`$/.exec(cells[2] ?? '')?.[1]
    if (name === undefined || !/^(?:\d+|–)$/.test(cells[1] ?? '')) return []
    const extra = [...(cells[4] ?? '').matchAll(/`([a-z]+)`/g)].map((match) => match[1] ?? '')
    return [{ name, row: cells[1] === '–' ? undefined : Number(cells[1]), extra }]
  })

/** May a source file of `from` import `to`? Rows 3 and 4 keep apart, but for `client`. */
export const mayImport = (from: Room, to: Room): boolean => {
  if (from.name === to.name || from.extra.includes(to.name)) return true
  if (from.row === undefined || to.row === undefined) return from.row === undefined && to.name === 'core'
  const sideBySide = (row: number): boolean => row === 3 || row === 4
  if (sideBySide(from.row) && sideBySide(to.row)) return false
  return to.row < from.row
}

/** Every file below a folder whose name ends as given; `dist` and `node_modules` are left out. */
export const filesBelow = (folder: string, ending: RegExp): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(?:dist|node_modules)\//.test(path))
    .toSorted()

const STATIC = /^(?:(?:import|export)\b[^'\n]*\bfrom |\} from |import )'([^'\n]+)'/gm
const DYNAMIC = /\bimport\('([^'\n]+)'\)/g

/** The specifiers that a file imports, statically or not. */
export const importsOf = (path: string): readonly string[] => {
  const text = readFileSync(path, 'utf8')
  return [STATIC, DYNAMIC].flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''))
}

/** Files that only tests use, although they are no tests themselves. */
export const isTestHelp = (path: string): boolean => /\/(?:test|fixtures)\/|\/test-[\w-]+\.ts$|-conformance\.ts$/.test(path)
