import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { type AddressRange, ParapetError, parseRange } from '@parapet/core'
import { type AllowGroup, createAllowList, geoInclude } from '@parapet/respond/enforcers'
import { readIfThere, replaceFile } from '../files/durable.js'
import type { NginxApplied, ProgramRun } from './protocol.js'

/** The verbs of nginx: programs, arguments and the place of the include are the owner's, nothing but addresses comes from a request. */
export type NginxVerbs = {
  /** writes the include, tests, reloads; puts the old one back when either fails */
  apply: (request: {
    readonly denied?: unknown
    readonly signIn?: unknown
    readonly allowed?: unknown
    readonly only?: unknown
  }) => Promise<NginxApplied>
}

/** What {@link createNginxVerbs} takes. */
export type NginxVerbOptions = {
  /** with `false` everything is refused */
  readonly enforce: boolean
  readonly include: string
  /** nginx's own configuration, where it is not the usual one */
  readonly config: string | null
  readonly most: number
  /** who is never denied on this host, as the helper itself sees it */
  readonly protectedHere: () => readonly AllowGroup[]
}

const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/sbin/nginx', '/usr/bin/nginx']
const TIMEOUT_MS = 20_000
const MOST_SAID = 2_048
/** Ranges that may be allowed. */
const MOST_ALLOWED = 20_000

/** The nginx of this host. */
export const findNginx = (): string | undefined => NGINX.find((path) => existsSync(path))

const runProgram = (program: string, args: readonly string[]): Promise<ProgramRun> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    let detail = ''
    child.stderr.on('data', (chunk: Buffer) => {
      detail = (detail + chunk.toString('utf8')).slice(0, MOST_SAID)
    })
    child.once('error', (error) => reject(new ParapetError('PPT_HELPER', 'nginx cannot be started', { cause: error })))
    child.once('close', (code) => resolve({ ok: code === 0, detail }))
  })

const readRanges = (name: string, value: unknown, most: number): AddressRange[] => {
  if (!Array.isArray(value) || value.length > most) throw new ParapetError('PPT_HELPER', `${name} is no list of at most ${most}`)
  return value.map((text) => {
    const range = typeof text === 'string' ? parseRange(text) : undefined
    if (range === undefined) throw new ParapetError('PPT_HELPER', `${name} holds what is no address`)
    return range
  })
}

const readLockdown = (value: unknown): { readonly ranges: AddressRange[]; readonly until: number } | undefined => {
  if (value === null) return undefined
  const { ranges, until } = (value ?? {}) as { readonly ranges?: unknown; readonly until?: unknown }
  if (typeof until !== 'number' || !Number.isSafeInteger(until) || until < 0) throw new ParapetError('PPT_HELPER', 'only has no end')
  return { ranges: readRanges('only', ranges, MOST_ALLOWED), until }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The verbs of nginx. Reject with `PPT_HELPER`. */
export const createNginxVerbs = ({ enforce, include, config, most, protectedHere }: NginxVerbOptions): NginxVerbs => {
  const nginx = async (...args: readonly string[]): Promise<ProgramRun> => {
    const program = findNginx()
    if (program === undefined) throw new ParapetError('PPT_HELPER', 'this host has no nginx')
    return runProgram(program, [...(config === null ? [] : ['-c', config]), ...args])
  }
  return {
    apply: async ({ denied, signIn, allowed, only }) => {
      if (!enforce) throw new ParapetError('PPT_HELPER', 'enforce.nginx.mode is not enforce on this host')
      const own = createAllowList(protectedHere())
      const mayDeny = (range: AddressRange): boolean => own.reasonFor(range) === undefined
      const all = readRanges('denied', denied, most).filter(mayDeny)
      const atSignIn = readRanges('signIn', signIn, most).filter(mayDeny)
      const onlyAllowed = readLockdown(only)
      const spared = createAllowList([{ reason: 'allowed', ranges: [...own.ranges, ...readRanges('allowed', allowed, MOST_ALLOWED)] }])
      const { text, generation } = geoInclude({ all, signIn: atSignIn, onlyAllowed }, spared.ranges, digest)
      const before = readIfThere(include)
      const putBack = (): void => (before === undefined ? rmSync(include, { force: true }) : replaceFile(include, before, 0o644))
      if (before !== text) replaceFile(include, text, 0o644)
      for (const args of [
        ['-t', '-q'],
        ['-s', 'reload'],
      ]) {
        const ran = await nginx(...args)
        if (ran.ok) continue
        // the next start of nginx reads it too: what does not work must not stay
        putBack()
        return { ok: false, detail: ran.detail, generation }
      }
      return { ok: true, detail: '', generation }
    },
  }
}
