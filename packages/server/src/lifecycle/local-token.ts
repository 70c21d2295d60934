import { createHash, timingSafeEqual } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { randomToken, type RandomSource, systemRandom } from '@parapet/core'
import type { Config } from '../config/index.js'
import { ensureDirectory, isPrivate, readPrivateFile, writePrivateFile } from '../keys/private-file.js'

/** Where the token for programs on this machine stands. Whoever may read the data directory is an admin already. */
export const localTokenPath = (dataDir: string): string => join(dataDir, 'local-token')

const isToken = (text: string): boolean => /^ppt_local_[\w-]{43}$/.test(text)

/** The token that lets commands on this machine act as admin without setup; `undefined` when no server ran here yet. Throws `PPT_DATA_DIR`. */
export const readLocalToken = async (config: Pick<Config, 'dataDir'>): Promise<string | undefined> => {
  const text = (await readPrivateFile(localTokenPath(config.dataDir)))?.trim()
  return text !== undefined && isToken(text) ? text : undefined
}

/**
 * The local token, made when there is none. It outlives restarts, so that a program that holds it goes on; one that others
 * could read is replaced.
 */
export const ensureLocalToken = async (config: Pick<Config, 'dataDir'>, random: RandomSource = systemRandom): Promise<string> => {
  const path = localTokenPath(config.dataDir)
  await ensureDirectory(config.dataDir)
  const known = await readLocalToken(config)
  if (known !== undefined && (await isPrivate(path))) return known
  const token = `ppt_local_${randomToken(32, random)}`
  await writePrivateFile(path, `${token}\n`)
  await chmod(path, 0o600)
  return token
}

/** Compares a presented token with the local one in constant time. */
export const createLocalTokenCheck = (token: string): ((presented: string) => boolean) => {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  const expected = hash(token)
  return (presented) => timingSafeEqual(hash(presented), expected)
}
