import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { resolveDataDir } from '../db/data-dir.js'

/** Where data lives when nothing but the environment and the machine say so. */
export const defaultDataDir = (env: Readonly<Record<string, string | undefined>>, cwd: string): string =>
  resolveDataDir({ env, cwd, uid: process.getuid?.() ?? -1, home: homedir() })

/** The built console beside this package. */
export const defaultConsoleDir = (): string => resolve(fileURLToPath(import.meta.url), '..', '..', '..', '..', 'console', 'dist', 'site')
