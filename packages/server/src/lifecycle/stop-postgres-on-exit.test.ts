import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clusterDir } from '../db/bundled/cluster.js'
import { askPostgresToStop, stopPostgresOnExit } from './stop-postgres-on-exit.js'

let dataDir: string
const children: ChildProcess[] = []
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'parapet-exit-'))
  mkdirSync(clusterDir(dataDir))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(dataDir, { recursive: true, force: true })
})

/** A process whose id stands in the file of the postmaster. */
const startIn = async (cwd: string): Promise<ChildProcess> => {
  const child = spawn('sleep', ['60'], { cwd })
  children.push(child)
  await once(child, 'spawn')
  writeFileSync(join(clusterDir(dataDir), 'postmaster.pid'), `${child.pid}\n`)
  return child
}

describe('a server that ends at once', () => {
  it('asks its PostgreSQL to stop in fast mode', async () => {
    const child = await startIn(clusterDir(dataDir))
    const ended = once(child, 'exit')
    askPostgresToStop(dataDir)
    expect(await ended).toEqual([null, 'SIGINT'])
  })

  it('leaves a process alone that has the id of a postmaster long gone', async () => {
    const child = await startIn(tmpdir())
    askPostgresToStop(dataDir)
    rmSync(join(clusterDir(dataDir), 'postmaster.pid'))
    askPostgresToStop(dataDir)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([child.exitCode, child.signalCode]).toEqual([null, null])
  })

  it('watches no longer than until it has stopped', () => {
    const before = process.listenerCount('exit')
    const done = stopPostgresOnExit(dataDir)
    expect(process.listenerCount('exit')).toBe(before + 1)
    done()
    expect(process.listenerCount('exit')).toBe(before)
  })
})
