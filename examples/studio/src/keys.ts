import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OwnKeys } from './settings.js'

/** A file of 32 random bytes for its owner alone; one that is there stays. Answers whether it was made. */
const make = async (path: string): Promise<boolean> => {
  try {
    await writeFile(path, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Keys for this machine, made once beside the bundled database. In production they come from the environment. */
export const ownKeys = async (dataDir: string): Promise<OwnKeys & { readonly made: boolean }> => {
  const [secretFile, kekFile] = [join(dataDir, 'studio-secret'), join(dataDir, 'studio-kek')]
  const made = [await make(secretFile), await make(kekFile)]
  return { secret: await readFile(secretFile, 'utf8'), kekFile, made: made.includes(true) }
}
