import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'

const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/lib/postgresql/15/bin']

/** The path of a program on this machine, or `undefined`. */
export const findProgram = (name: string): string | undefined =>
  FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path))

const canMakeNamespaces = (): boolean => {
  try {
    execFileSync('unshare', ['-n', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Says whether the machine has what a test needs, and the reason for the test's title when it has not. */
export const needs = (
  ...things: readonly ('network namespaces' | 'root' | (string & {}))[]
): { readonly ok: boolean; readonly note: string } => {
  const missing = things.filter((thing) => {
    if (thing === 'root') return process.getuid?.() !== 0
    if (thing === 'network namespaces') return !canMakeNamespaces()
    return findProgram(thing) === undefined
  })
  return missing.length === 0
    ? { ok: true, note: '' }
    : { ok: false, note: ` [not run: this machine has no ${missing.join(', ')}; scripts/ci-tools.sh installs what Debian has]` }
}
