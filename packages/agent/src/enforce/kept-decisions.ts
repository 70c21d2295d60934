import { closeSync, fdatasyncSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createDecisionSet, type Decision, type DecisionSet } from '@parapet/core'
import { readIfThere, replaceFile } from '../files/durable.js'

/** The decisions of a host, on disk: what binds is in force from the first second of a start, whether the control plane lives or not. */
export type KeptDecisions = {
  /** what a follower feeds; holds what concerns addresses or everybody, without what says why */
  readonly set: DecisionSet
  /** writes what is not written yet; called before a program ends */
  sync: () => void
  /** why the disk did not take the last change; null when it did */
  readonly stuck: () => string | null
  close: () => void
}

const FLUSH_MS = 200
const MOST_BYTES = 536_870_912
/** Changes that are written behind the last whole state before it is written anew. */
const MOST_CHANGES = 5_000

/** What an enforcer needs of a decision. Reasons may hold names, and people of this host have no use for them. */
const slim = (decision: Decision): Decision => {
  const { id, revision, target, action, lockdown, scope, mode, enforcers, batch, startsAt, expiresAt, lifted } = decision
  const author = { kind: decision.author.kind, id: '' }
  return {
    id,
    revision,
    target,
    action,
    scope,
    mode,
    reason: '',
    author,
    batch,
    startsAt,
    expiresAt,
    ...(lockdown === undefined ? {} : { lockdown }),
    ...(enforcers === undefined ? {} : { enforcers }),
    ...(lifted === undefined ? {} : { lifted: { at: lifted.at, by: author, reason: '' } }),
  }
}

const concerns = ({ target }: Decision): boolean => target.kind === 'ip' || target.kind === 'cidr' || target.kind === 'all'

const readLine = (line: string): Decision | undefined => {
  try {
    const read = JSON.parse(line) as Partial<Decision>
    const texts = [read.id, read.action, read.scope, read.mode, read.target?.kind, read.target?.value, read.author?.kind]
    const numbers = [read.revision, read.startsAt, read.expiresAt]
    return texts.every((one) => typeof one === 'string') && numbers.every(Number.isFinite) ? (read as Decision) : undefined
  } catch {
    // the last line of a machine that lost its power
    return undefined
  }
}

/** Opens the decisions that were kept in `stateDir`. What cannot be read is left out: the control plane tells it again. */
export const openKeptDecisions = (stateDir: string): KeptDecisions => {
  const path = join(stateDir, 'decisions.ndjson')
  const held = createDecisionSet()
  let seen = 0
  let stuck: string | null = null
  let waiting: string[] = []
  let changes = 0
  let timer: NodeJS.Timeout | undefined
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const text = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MOST_BYTES ? '' : (readIfThere(path) ?? '')
  for (const line of text.split('\n')) {
    const decision = line === '' ? undefined : readLine(line)
    if (decision !== undefined) held.apply(decision)
  }

  const write = (act: () => void): void => {
    try {
      act()
      stuck = null
    } catch (error) {
      stuck = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    }
  }
  const writeAll = (): void => {
    waiting = []
    changes = 0
    write(() =>
      replaceFile(
        path,
        held
          .all()
          .map((decision) => `${JSON.stringify(decision)}\n`)
          .join(''),
      ),
    )
  }
  const sync = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length === 0) return
    changes += waiting.length
    if (changes > MOST_CHANGES + held.size || stuck !== null) {
      writeAll()
      return
    }
    const lines = waiting.join('')
    waiting = []
    write(() => {
      const fd = openSync(path, 'a', 0o600)
      try {
        writeSync(fd, lines)
        fdatasyncSync(fd)
      } finally {
        closeSync(fd)
      }
    })
  }

  const set: DecisionSet = {
    ...held,
    apply: (decision) => {
      seen = Math.max(seen, decision.revision)
      if (!concerns(decision)) return
      const one = slim(decision)
      held.apply(one)
      waiting.push(`${JSON.stringify(one)}\n`)
      timer ??= setTimeout(sync, FLUSH_MS)
    },
    reset: (decisions, revision) => {
      held.reset(decisions.filter(concerns).map(slim), revision)
      seen = revision ?? decisions.reduce((most, one) => Math.max(most, one.revision), 0)
      clearTimeout(timer)
      timer = undefined
      writeAll()
    },
    get size() {
      return held.size
    },
    get revision() {
      return Math.max(seen, held.revision)
    },
  }
  return { set, sync, stuck: () => stuck, close: sync }
}
