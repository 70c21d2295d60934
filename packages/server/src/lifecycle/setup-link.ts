import { createHash, timingSafeEqual } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, DAY, randomToken, type RandomSource, systemClock, systemRandom } from '@parapet/core'
import { z } from 'zod'
import type { Config } from '../config/index.js'
import { ensureDirectory, readPrivateFile, writePrivateFile } from '../keys/private-file.js'
import { readLocalToken } from './local-token.js'

/** A link is good for a day; `parapet init` and every start make a new one. */
export const SETUP_LINK_TTL = DAY

const fileSchema = z.strictObject({ hash: z.string().regex(/^[0-9a-f]{64}$/), expiresAt: z.int() })

/** Where the hash of the newest one-time link stands. */
export const setupFilePath = (dataDir: string): string => join(dataDir, 'setup.json')

const hashOf = (token: string): Buffer => createHash('sha256').update(`setup:${token}`).digest()

/**
 * Makes the one-time link for the first operator; earlier links stop working. The token stands in the fragment: browsers
 * never send it, so it reaches no access log. Only its hash is kept.
 */
export const createSetupLink = async (
  config: Pick<Config, 'dataDir' | 'publicUrl'>,
  deps: { clock?: Clock; random?: RandomSource } = {},
): Promise<string> => {
  const token = randomToken(32, deps.random ?? systemRandom)
  await ensureDirectory(config.dataDir)
  const expiresAt = (deps.clock ?? systemClock)() + SETUP_LINK_TTL
  await writePrivateFile(setupFilePath(config.dataDir), `${JSON.stringify({ hash: hashOf(token).toString('hex'), expiresAt })}\n`)
  return new URL(`/setup#${token}`, config.publicUrl).toString()
}

/** True when `link` (the whole link or its token) is the newest, unused and not expired. */
export const isSetupLink = async (config: Pick<Config, 'dataDir'>, link: string, now: number): Promise<boolean> => {
  const token = link.slice(link.lastIndexOf('#') + 1)
  const text = await readPrivateFile(setupFilePath(config.dataDir))
  if (text === undefined) return false
  let file: z.output<typeof fileSchema>
  try {
    file = fileSchema.parse(JSON.parse(text))
  } catch {
    // a damaged file proves no link; the next start writes a new one
    return false
  }
  return timingSafeEqual(hashOf(token), Buffer.from(file.hash, 'hex')) && now < file.expiresAt
}

/**
 * Whether setup is over, as far as files tell: a server that ran here has a local token, and keeps a link while it has no operator. For
 * when none runs that could be asked.
 */
export const isSetupOver = async (config: Pick<Config, 'dataDir'>): Promise<boolean> =>
  (await readLocalToken(config)) !== undefined && (await readPrivateFile(setupFilePath(config.dataDir))) === undefined

/** Ends every link. */
export const removeSetupLink = (config: Pick<Config, 'dataDir'>): Promise<void> => rm(setupFilePath(config.dataDir), { force: true })
