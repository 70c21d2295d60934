import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'

const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/lib/postgresql/15/bin']

/** The path of a program on this machine, or `undefined`. */
export const findProgram = (name: string): string | undefined =>
  FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path))

const canRun = (command: string, ...args: readonly string[]): boolean => {
  try {
    execFileSync(command, [...args], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The Python whose Django the tests use: Debian's, whatever else a developer's `python3` is. `DJANGO_PYTHON` names another. */
export const djangoPython: string = process.env['DJANGO_PYTHON'] ?? '/usr/bin/python3'

/** Says whether the machine has what a test needs, and the reason for the test's title when it has not. */
export const needs = (
  ...things: readonly ('network namespaces' | 'root' | 'django' | (string & {}))[]
): { readonly ok: boolean; readonly note: string } => {
  const missing = things.filter((thing) => {
    if (thing === 'root') return process.getuid?.() !== 0
    if (thing === 'network namespaces') return !canRun('unshare', '-n', 'true')
    if (thing === 'django') return !canRun(djangoPython, '-c', 'import django')
    return findProgram(thing) === undefined
  })
  return missing.length === 0
    ? { ok: true, note: '' }
    : { ok: false, note: ` [not run: this machine has no ${missing.join(', ')}; scripts/ci-tools.sh installs what Debian has]` }
}
