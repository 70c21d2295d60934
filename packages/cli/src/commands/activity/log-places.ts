import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ParapetError } from '@parapet/core'
import { usageError } from '../../errors.js'

/** Where the activity of a machine is read: files, and programs that print a log. */
export type LogPlaces = {
  readonly files: readonly string[]
  readonly streams: ReadonlyMap<string, AsyncIterable<Uint8Array>>
  /** Ends the programs; throws what they had to say when one of them failed. */
  readonly close: () => Promise<void>
}

/** Folders and names in which systems keep what is of interest; the newest file of each, not its rotated past. */
const USUAL: readonly (readonly [string, RegExp])[] = [
  ['var/log', /^(?:auth\.log|secure)$/],
  ['var/log/nginx', /^(?:.*access.*|error)\.log$/],
  ['var/log/apache2', /^(?:.*access.*|error)\.log$/],
  ['var/log/httpd', /^(?:.*access.*|error)_log$/],
  ['var/log/audit', /^audit\.log$/],
]
const DOCKER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/
const STDERR_BYTES = 4_096

/** The logs that this machine has, below `root`; empty where it has none, or none may be read. */
export const usualLogs = async (root = '/'): Promise<string[]> => {
  const found: string[] = []
  for (const [folder, name] of USUAL) {
    const place = join(root, folder)
    const entries = await readdir(place, { withFileTypes: true }).catch(() => [])
    found.push(
      ...entries
        .filter((entry) => entry.isFile() && name.test(entry.name))
        .map((entry) => join(place, entry.name))
        .toSorted(),
    )
  }
  return found
}

/** True where the journal of systemd can be asked. */
export const hasJournal = (root = '/'): boolean => existsSync(join(root, 'run/log/journal')) || existsSync(join(root, 'var/log/journal'))

type Program = { readonly name: string; readonly command: string; readonly args: readonly string[] }

const programOf = (where: string, since: number): Program | undefined => {
  const seconds = `@${Math.floor(since / 1000)}`
  // the short form with a full date: every parser of hosts reads it
  if (where === 'journal') return { name: where, command: 'journalctl', args: ['--no-pager', '-q', '-o', 'short-iso', '--since', seconds] }
  if (!where.startsWith('docker:')) return undefined
  const name = where.slice('docker:'.length)
  if (!DOCKER_NAME.test(name))
    throw usageError(`--auth takes docker: and the name of a container, not ${JSON.stringify(name.slice(0, 60))}`)
  return { name: where, command: 'docker', args: ['logs', '--since', new Date(since).toISOString(), name] }
}

/**
 * Opens what `--auth` names: files, `journal`, `docker:NAME`. Programs are started with arguments, never through a shell; `since` is ms UTC.
 * Errors: `PPT_USAGE` for a name that is none, `PPT_FILE_UNREADABLE` at `close` for a program that is not there or failed.
 */
export const openPlaces = (places: readonly string[], since: number): LogPlaces => {
  const streams = new Map<string, AsyncIterable<Uint8Array>>()
  const running: { readonly child: ChildProcess; readonly ended: Promise<void> }[] = []
  for (const where of places) {
    const program = programOf(where, since)
    if (program === undefined || streams.has(where)) continue
    const child = spawn(program.command, [...program.args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < STDERR_BYTES) said += text
    })
    const ended = new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new ParapetError('PPT_FILE_UNREADABLE', `${where}: ${why.trim().slice(0, 300)}`))
      child.once('error', (error) => {
        child.stdout.destroy()
        fail(`${program.command} cannot be run (${'code' in error ? String(error.code) : error.message})`)
      })
      // ended by us, or by itself
      child.once('close', (code, signal) =>
        code === 0 || signal !== null ? resolve() : fail(said === '' ? `${program.command} ended with ${code}` : said),
      )
    })
    ended.catch(() => undefined)
    running.push({ child, ended })
    streams.set(where, child.stdout)
  }
  return {
    files: [...new Set(places)],
    streams,
    close: async () => {
      for (const { child } of running) if (child.exitCode === null) child.kill()
      for (const { ended } of running) await ended
    },
  }
}
