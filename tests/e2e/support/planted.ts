import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { findPlanted } from '@parapet/testkit'

/** The operator's password in these tests, and those of the example application's people. */
export const PASSWORD = 'the river bends twice'
export const PEOPLE = {
  anna: 'correct horse battery staple',
  bert: 'tulips in the morning rain',
  carla: 'nine blue paper lanterns',
} as const

/** Names of what must not stand in a text that our programs wrote. */
export const leaksIn = (text: string): string[] => [
  ...findPlanted(text),
  ...(text.includes(PASSWORD) ? ["the operator's password"] : []),
  ...Object.entries(PEOPLE).flatMap(([name, password]) => (text.includes(password) ? [`the password of ${name}`] : [])),
]

/** Written by others: the copy of PostgreSQL's programs, the browser's profile, a checkout, and what a test made as input. */
const NOT_OURS = /\/(runtime|chromium|lists|home|clone)(\/|$)/

/** Longer than anything that is looked for, so that what lies across the border of two pieces is seen whole in the second. */
const OVERLAP = 4096

/** Names of what a file holds, piece by piece: a log of a soak is longer than a text can be. */
const leaksInFile = (path: string, pieceBytes: number): readonly string[] => {
  const found = new Set<string>()
  const piece = Buffer.allocUnsafe(pieceBytes)
  const file = openSync(path, 'r')
  try {
    for (let at = 0; ; at += pieceBytes - OVERLAP) {
      const length = readSync(file, piece, 0, pieceBytes, at)
      for (const what of leaksIn(piece.toString('latin1', 0, length))) found.add(what)
      if (length < pieceBytes) return [...found]
    }
  } finally {
    closeSync(file)
  }
}

/** Every file below a folder that holds what no file may hold, as bytes: PostgreSQL's pages, its write-ahead log and our logs too. */
export const leaksBelow = (folder: string, pieceBytes = 16 * 1024 * 1024): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !NOT_OURS.test(path.slice(folder.length)))
    .flatMap((path) => leaksInFile(path, pieceBytes).map((what) => `${what} in ${path}`))
