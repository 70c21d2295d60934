import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { leaksBelow } from './planted.js'
import { type Program, startProgram } from './processes.js'

/** The root of the checkout under test. */
export const root = join(import.meta.dirname, '../../..')

/** The `parapet` command as a user of a checkout runs it. */
export const parapet = join(root, 'packages/cli/bin/parapet.js')

/**
 * A fresh folder for one test, and the way to remove it, which throws when a file of it holds a planted value or a password. Others may
 * enter it: as root the bundled PostgreSQL runs as another user.
 */
export const createPlace = (name: string): { readonly path: string; remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), `parapet-${name}-`))
  chmodSync(path, 0o755)
  return {
    path,
    remove: () => {
      const leaks = leaksBelow(path)
      rmSync(path, { recursive: true, force: true })
      if (leaks.length > 0) throw new Error(`what must be found nowhere was found:\n${leaks.join('\n')}`)
    },
  }
}

/** A running control plane. */
export type ControlPlane = Program & { readonly url: string; readonly setupLink: string | undefined }

/** Starts `parapet serve` on a data directory and waits until it says where it listens. `prefix` puts it on a host of a network. */
export const startControlPlane = async (options: {
  readonly dataDir: string
  readonly port: number
  readonly env?: Readonly<Record<string, string>>
  readonly prefix?: readonly string[]
  readonly uid?: number
  readonly gid?: number
}): Promise<ControlPlane> => {
  mkdirSync(options.dataDir, { recursive: true })
  const [command, ...args] = [...(options.prefix ?? []), process.execPath, parapet, 'serve']
  const program = startProgram(command, args, {
    env: { PARAPET_DATA_DIR: options.dataDir, PARAPET_PORT: String(options.port), ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  })
  const url = `http://localhost:${options.port}`
  // its own line: the log on the other stream names the address too, and may come before the link
  const [, setupLink] = await program.waitFor(new RegExp(`^listening {2}${url}\\n(?:setup {2}(\\S+/setup#\\S+)\\n)?`, 'm'), 90_000)
  return { ...program, url, setupLink }
}

/** Calls the API as JSON; throws with the problem when the answer is not 2xx. */
export const api = async <T>(
  url: string,
  options: { token?: string; cookie?: string; method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<T> => {
  const response = await fetch(url, {
    method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.cookie === undefined ? {} : { cookie: options.cookie }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  })
  const text = await response.text()
  if (!response.ok)
    throw new Error(`${options.method ?? (options.body === undefined ? 'GET' : 'POST')} ${url} -> ${response.status} ${text.slice(0, 500)}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** The admin token of a data directory, and a source made with it: what an application's guard would be given. */
export const createSource = async (url: string, dataDir: string): Promise<{ readonly admin: string; readonly source: string }> => {
  const admin = readFileSync(join(dataDir, 'local-token'), 'utf8').trim()
  const { token } = await api<{ token: string }>(`${url}/v1/sources`, { token: admin, body: { name: 'a test' } })
  return { admin, source: token }
}
