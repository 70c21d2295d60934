import { join } from 'node:path'
import { rmSync } from 'node:fs'
import { readIfThere, replaceFile } from '../files/durable.js'

const fileOf = (stateDir: string): string => join(stateDir, 'released.json')

/** Until when this host was freed by hand, ms UTC; 0 when it is not. A file that cannot be read frees it: whoever wrote it wanted that. */
export const readRelease = (stateDir: string): number => {
  const text = readIfThere(fileOf(stateDir))
  if (text === undefined) return 0
  try {
    const { until } = JSON.parse(text) as { until?: unknown }
    return typeof until === 'number' ? until : Number.MAX_SAFE_INTEGER
  } catch {
    return Number.MAX_SAFE_INTEGER
  }
}

/** Frees this host until then, or takes that back with 0. */
export const writeRelease = (stateDir: string, until: number): void => {
  if (until === 0) rmSync(fileOf(stateDir), { force: true })
  else replaceFile(fileOf(stateDir), JSON.stringify({ until }), 0o644)
}
