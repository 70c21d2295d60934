import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AttackReport } from '@parapet/assess'
import type { FaultChoice } from '@parapet/example-leaky'
import { needs, selfSigned } from '@parapet/testkit'
import { type Databases, startDatabases } from './databases.js'
import { attack } from './kit.js'
import { openSite, type Site } from './site.js'
import { buildStudio, fillDatabase, leakyTarget } from './studio.js'

/** What the whole set-up needs of the machine. */
export const machine: { readonly ok: boolean; readonly note: string } = needs('root', 'postgres', 'openssl', 'chromium')

/** Where the kit meets the studio: real PostgreSQL, TLS, seeded accounts; a new copy of the database for each site. */
export type Range = {
  readonly folder: string
  readonly targetFile: string
  /** the studio, or leaky with faults, for as long as `work` runs */
  readonly with: <T>(faults: FaultChoice | undefined, work: (site: Site) => Promise<T>) => Promise<T>
  readonly attack: (faults: FaultChoice | undefined, only?: readonly string[]) => Promise<AttackReport>
  readonly close: () => Promise<void>
}

/** Sets all of it up, once for a file of tests. */
export const openRange = async (): Promise<Range> => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-attacks-'))
  // PostgreSQL runs as another user
  chmodSync(folder, 0o755)
  let targetFile = ''
  let databases: Databases | undefined
  const close = async (): Promise<void> => {
    await databases?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const certificate = selfSigned(join(folder, 'tls'))
    databases = await startDatabases(join(folder, 'cluster'), async (url) => {
      targetFile = await fillDatabase(url)
    })
    const { copy } = databases
    const withSite: Range['with'] = async (faults, work) => {
      const site = await openSite(certificate, buildStudio(copy(), faults))
      try {
        return await work(site)
      } finally {
        await site.close()
      }
    }
    return {
      folder,
      targetFile,
      with: withSite,
      attack: (faults, only) =>
        withSite(faults, ({ origin }) => attack(origin, faults === undefined ? targetFile : leakyTarget(targetFile), only)),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
