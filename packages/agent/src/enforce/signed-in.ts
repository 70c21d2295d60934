import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Address, parseAddress } from '@parapet/core'

/** A user who is signed in to this host from somewhere else. */
export type SignedIn = { readonly user: string; readonly address: Address }

const RECORD = 384
const USER_PROCESS = 7
const MOST_FILES = 2_000

const textAt = (record: Buffer, from: number, length: number): string => {
  const text = record.subarray(from, from + length)
  const end = text.indexOf(0)
  return text.subarray(0, end < 0 ? length : end).toString('utf8')
}

/** Records of utmp: who signed in, by number, from which address in bytes; never the name that somebody's resolver gave it. Source: utmp(5). */
export const readUtmp = (bytes: Buffer, isAlive: (pid: number) => boolean): readonly SignedIn[] => {
  const found: SignedIn[] = []
  for (let at = 0; at + RECORD <= bytes.length; at += RECORD) {
    const record = bytes.subarray(at, at + RECORD)
    if (record.readInt16LE(0) !== USER_PROCESS || !isAlive(record.readInt32LE(4))) continue
    const words = [348, 352, 356, 360].map((place) => record.readUInt32BE(place)) as [number, number, number, number]
    const isFour = (words[1] | words[2] | words[3]) === 0
    if (isFour && words[0] === 0) continue
    const text = isFour
      ? [...record.subarray(348, 352)].join('.')
      : Array.from({ length: 8 }, (_, i) => record.readUInt16BE(348 + 2 * i).toString(16)).join(':')
    const address = parseAddress(text)
    if (address !== undefined) found.push({ user: textAt(record, 44, 32), address })
  }
  return found
}

/** A session file of systemd-logind. Source: sd-login, as logind writes it to /run/systemd/sessions. */
export const readSession = (text: string): SignedIn | undefined => {
  const values = new Map(
    text
      .slice(0, 8_192)
      .split('\n')
      .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  if (values.get('REMOTE') !== '1' || values.get('STATE') === 'closing') return undefined
  const address = parseAddress(values.get('REMOTE_HOST') ?? '')
  const user = values.get('USER')
  return address === undefined || user === undefined ? undefined : { user, address }
}

/** Who is signed in to this host from other machines, as utmp and logind know it. */
export const signedIn = (root: string): readonly SignedIn[] => {
  const found: SignedIn[] = []
  try {
    found.push(...readUtmp(readFileSync(join(root, 'run/utmp')), (pid) => existsSync(join(root, 'proc', String(pid)))))
  } catch {
    // a host without utmp
  }
  try {
    const folder = join(root, 'run/systemd/sessions')
    for (const name of readdirSync(folder).slice(0, MOST_FILES)) {
      if (name.includes('.')) continue
      const session = readSession(readFileSync(join(folder, name), 'utf8'))
      if (session !== undefined) found.push(session)
    }
  } catch {
    // a host without logind, or a session that has just ended
  }
  return found
}
