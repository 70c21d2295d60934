import { join } from 'node:path'
import type { Alert } from '@parapet/core'
import type { EngineEntry } from '@parapet/detect'
import { readIfThere, replaceFile } from '../files/durable.js'
import type { FactStates } from '../facts/watch-facts.js'
import type { FileStates } from '../tail/tail-files.js'

/** All that an agent knows after a restart, of one moment. */
export type Saved = {
  readonly version: 1
  readonly files: FileStates
  readonly journalCursor: string | null
  readonly facts: FactStates
  /** numbers the events of facts, so that two of the same kind have two ids */
  readonly factCount: number
}

const NOTHING: Saved = { version: 1, files: {}, journalCursor: null, facts: {}, factCount: 0 }

const pathOf = (stateDir: string): string => join(stateDir, 'checkpoint.json')
const enginePathOf = (stateDir: string): string => join(stateDir, 'detection.json')

/** Reads what was kept; a damaged file is as none, and said by `damaged`. */
export const readCheckpoint = (stateDir: string): { readonly saved: Saved; readonly damaged: boolean } => {
  const text = readIfThere(pathOf(stateDir))
  if (text === undefined) return { saved: NOTHING, damaged: false }
  try {
    const read = JSON.parse(text) as Partial<Saved>
    if (read.version !== 1) return { saved: NOTHING, damaged: true }
    return { saved: { ...NOTHING, ...read }, damaged: false }
  } catch {
    return { saved: NOTHING, damaged: true }
  }
}

/** Keeps it, durably. */
export const writeCheckpoint = (stateDir: string, saved: Saved): void => replaceFile(pathOf(stateDir), JSON.stringify(saved))

const readList = (path: string): readonly unknown[] => {
  try {
    const read: unknown = JSON.parse(readIfThere(path) ?? '[]')
    return Array.isArray(read) ? read : []
  } catch {
    return []
  }
}

/** The state of the rules as it was kept; nothing when it cannot be read. */
export const readEngineState = (stateDir: string): readonly EngineEntry[] => readList(enginePathOf(stateDir)) as readonly EngineEntry[]

/** Keeps the state of the rules. */
export const writeEngineState = (stateDir: string, entries: readonly EngineEntry[]): void =>
  replaceFile(enginePathOf(stateDir), JSON.stringify(entries))

/** Alerts that had not been taken when they were kept. */
export const readAlerts = (stateDir: string): readonly Alert[] => readList(join(stateDir, 'alerts.json')) as readonly Alert[]

/** Keeps alerts that have not been taken. */
export const writeAlerts = (stateDir: string, alerts: readonly Alert[]): void =>
  replaceFile(join(stateDir, 'alerts.json'), JSON.stringify(alerts))
