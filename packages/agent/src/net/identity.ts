import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { abortableFetch, ParapetError } from '@parapet/core'
import { readIfThere, replaceFile } from '../files/durable.js'
import { type Fetch, postEnrolment } from './control-plane.js'
import { createPinnedFetch, lookAtServer, type Pin, readPin } from './pinned-fetch.js'

/** Who this agent is: kept in a file that only its user reads. */
export type Identity = {
  readonly server: string
  readonly sourceId: string
  readonly name: string
  readonly token: string
  /** Ed25519, PKCS #8, PEM */
  readonly privateKey: string
  /** the server's key; absent for http on loopback, and where an authority is trusted instead */
  readonly pin?: Pin
}

const fileOf = (stateDir: string): string => join(stateDir, 'identity.json')

/** Reads the identity; `undefined` before enrolment. Throws `PPT_CONFIG_INVALID` when the file is damaged or others can read it. */
export const readIdentity = (stateDir: string): Identity | undefined => {
  const path = fileOf(stateDir)
  const text = readIfThere(path)
  if (text === undefined) return undefined
  if ((statSync(path).mode & 0o077) !== 0)
    throw new ParapetError('PPT_CONFIG_INVALID', `${path} can be read by others; chmod 0600 it, and enrol again if they may have`)
  try {
    const read = JSON.parse(text) as Partial<Identity>
    for (const key of ['server', 'sourceId', 'name', 'token', 'privateKey'] as const)
      if (typeof read[key] !== 'string') throw new Error(`${key} is missing`)
    return read as Identity
  } catch (error) {
    throw new ParapetError('PPT_CONFIG_INVALID', `${path} is damaged; enrol again`, { cause: error })
  }
}

/** The `fetch` with which this agent reaches its server. */
export const fetchFor = (identity: Pick<Identity, 'server' | 'pin'>): Fetch =>
  identity.server.startsWith('https:') ? createPinnedFetch(identity.pin) : abortableFetch((...call) => globalThis.fetch(...call))

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Checks the address of a control plane and takes a slash off its end. Throws `PPT_CONFIG_INVALID`. */
export const readServer = (url: string): string => {
  const bad = (detail: string): ParapetError => new ParapetError('PPT_CONFIG_INVALID', `the server ${detail}`)
  if (!URL.canParse(url)) throw bad('is no URL; give an address such as https://parapet.example.org')
  const { protocol, hostname, username, password, search, hash, href } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') throw bad('is neither http nor https')
  if (username !== '' || password !== '' || search !== '' || hash !== '') throw bad('holds more than an address')
  if (protocol === 'http:' && !LOOPBACK.has(hostname))
    throw bad('is http on another machine: the token would travel in clear. Give its https address')
  return href.replace(/\/$/, '')
}

/** What {@link enrol} takes. */
export type EnrolOptions = {
  readonly server: string
  readonly token: string
  readonly name: string
  readonly version: string
  readonly stateDir: string
  /** the server's key as its operator told it */
  readonly pin?: string | undefined
  /** trust the authorities of this machine instead of one key, for a certificate whose key changes when it is renewed */
  readonly trustAuthorities?: boolean
  /** whose the files become, when this runs as root */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
}

/**
 * Makes a key, enrols with a one-time token and keeps what comes back. Over https the server's key is pinned: as given, or as seen where an
 * authority of this machine vouches for it. Throws `PPT_CONFIG_INVALID` (an unknown key is never taken on trust), `PPT_TOKEN_INVALID`,
 * `PPT_CONTROL_PLANE`, `PPT_CONFLICT` when this host is enrolled already.
 */
export const enrol = async (options: EnrolOptions): Promise<Identity> => {
  const server = readServer(options.server)
  if (!/^[\x21-\x7e]{8,512}$/.test(options.token))
    throw new ParapetError('PPT_CONFIG_INVALID', 'the token is none; copy the whole command from the console')
  if (readIdentity(options.stateDir) !== undefined)
    throw new ParapetError('PPT_CONFLICT', `${fileOf(options.stateDir)} exists: this host is enrolled; remove that file to enrol it anew`)
  let pin = options.pin === undefined ? undefined : readPin(options.pin)
  if (server.startsWith('https:') && options.trustAuthorities !== true) {
    const seen = await lookAtServer(server)
    if (pin === undefined && !seen.vouched)
      throw new ParapetError(
        'PPT_CONFIG_INVALID',
        `no authority of this machine vouches for the server's certificate; compare its key with your operator and repeat with --pin ${seen.pin}`,
      )
    pin ??= seen.pin
  }
  const pair = generateKeyPairSync('ed25519')
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64url')
  // before the token is spent: a folder that cannot be written would lose the answer
  mkdirSync(options.stateDir, { recursive: true, mode: 0o700 })
  const probe = `${fileOf(options.stateDir)}.try`
  replaceFile(probe, '')
  unlinkSync(probe)
  const answer = await postEnrolment(fetchFor({ server, ...(pin === undefined ? {} : { pin }) }), server, {
    token: options.token,
    name: options.name,
    publicKey,
    version: options.version,
  })
  const identity: Identity = { server, ...answer, privateKey, ...(pin === undefined ? {} : { pin }) }
  replaceFile(fileOf(options.stateDir), JSON.stringify(identity))
  chmodSync(fileOf(options.stateDir), 0o600)
  if (options.owner !== undefined) {
    chownSync(options.stateDir, options.owner.uid, options.owner.gid)
    chownSync(fileOf(options.stateDir), options.owner.uid, options.owner.gid)
  }
  return identity
}
