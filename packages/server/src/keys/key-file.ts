import { join } from 'node:path'
import { ParapetError, type RandomSource, systemRandom, uuidv7 } from '@parapet/core'
import { z } from 'zod'
import { KEY_BYTES } from './keyring.js'
import { ensureDirectory, readPrivateFile, writePrivateFile } from './private-file.js'

const keyFileSchema = z.strictObject({
  version: z.literal(1),
  id: z.string().min(8).max(64),
  createdAt: z.iso.datetime(),
  key: z.string().transform((text, context) => {
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length === KEY_BYTES) return bytes
    context.addIssue({ code: 'custom', message: `the key has ${bytes.length} bytes instead of ${KEY_BYTES}` })
    return z.NEVER
  }),
})

/** The master key of one installation. */
export type MasterKey = { readonly id: string; readonly key: Buffer }

/** Where the key of a data directory stands. */
export const keyFilePath = (dataDir: string): string => join(dataDir, 'keys.json')

/** Reads the key file; `undefined` when there is none. Throws `PPT_KEYS_MISSING` when it is damaged: a new one would hide that. */
export const readKeyFile = async (dataDir: string): Promise<MasterKey | undefined> => {
  const path = keyFilePath(dataDir)
  const text = await readPrivateFile(path)
  if (text === undefined) return undefined
  try {
    const { id, key } = keyFileSchema.parse(JSON.parse(text))
    return { id, key }
  } catch (cause) {
    throw new ParapetError('PPT_KEYS_MISSING', `${path} is damaged`, { cause })
  }
}

/** Creates the key file, 0600, and the folder it stands in, unless one stands there already; returns what stands there afterwards. */
export const createKeyFile = async (dataDir: string, now: number, random: RandomSource = systemRandom): Promise<MasterKey> => {
  const body = {
    version: 1,
    id: uuidv7(now, random),
    createdAt: new Date(now).toISOString(),
    key: Buffer.from(random(KEY_BYTES)).toString('base64url'),
  }
  await ensureDirectory(dataDir)
  await writePrivateFile(keyFilePath(dataDir), `${JSON.stringify(body, null, 2)}\n`, { exclusive: true })
  const written = await readKeyFile(dataDir)
  if (written === undefined) throw new ParapetError('PPT_DATA_DIR', `${keyFilePath(dataDir)} vanished`)
  return written
}
