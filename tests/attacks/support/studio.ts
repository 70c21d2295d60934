import { attackFile, createStudio, seedStudio, SERVER_OPTIONS, type Settings, type StudioOptions } from '@parapet/example-studio'
import { createLeaky, type FaultChoice } from '@parapet/example-leaky'
import { kekFromMaster } from '@parapet/privacy/encryption'
import { Pool } from 'pg'
import type { Built } from './site.js'

const KEK = kekFromMaster(Buffer.alloc(32, 7), 'file:/kek-of-this-test')

/** Seconds after which the studio asks anew who somebody is: short, so that the probe need not wait for ten minutes. */
const STEP_UP_SECONDS = 20

const settingsFor = (publicOrigin: string): Settings => ({
  host: '127.0.0.1',
  port: 0,
  publicOrigin,
  // the kit stands where the proxy stands
  clientAddress: { trusted: ['127.0.0.1'] },
  secret: 'a-secret-of-this-test-0123456789abcdefghij',
  kek: KEK,
  securityContact: 'mailto:security@studio.example',
  stepUpSeconds: STEP_UP_SECONDS,
  logLevel: 'silent',
  samples: 'none',
  mailFrom: 'Studio <studio@studio.example>',
})

const optionsFor = (pool: Pool, origin: string): StudioOptions => ({ settings: settingsFor(origin), pool, mail: async () => undefined })

/** An idle connection that is lost when its database stops is nobody's error. */
const openPool = (connectionString: string): Pool => new Pool({ connectionString }).on('error', () => undefined)

/** Fills a database with the sample data and the test accounts, and gives the target file of the kit. */
export const fillDatabase = async (url: string): Promise<string> => {
  const pool = openPool(url)
  const studio = await createStudio(optionsFor(pool, 'https://localhost'))
  try {
    const file = await attackFile(await seedStudio(studio.parts))
    // the file speaks of a studio that nothing stands in front of, and of its own time
    return `addresses: { kind: forwarded, header: x-forwarded-for }\n${file.replace(/^stepUpSeconds: .*$/m, `stepUpSeconds: ${STEP_UP_SECONDS + 2}`)}`
  } finally {
    await studio.close()
    await pool.end()
  }
}

/** The same for leaky, whose links are not those of the studio: they live for seconds, so that no old one has to be declared. */
export const leakyTarget = (targetFile: string): string => targetFile.replace(/, expired: \[[^\]]*\]/, '')

/** The studio over this database, as it is or with faults. */
export const buildStudio =
  (url: string, faults?: FaultChoice) =>
  async (origin: string): Promise<Built> => {
    const pool = openPool(url)
    const studio =
      faults === undefined
        ? { ...(await createStudio(optionsFor(pool, origin))), server: SERVER_OPTIONS }
        : await createLeaky(optionsFor(pool, origin), faults)
    return {
      app: studio.app,
      server: studio.server,
      close: async () => {
        await studio.close()
        await pool.end()
      },
    }
  }
