import { writeFile } from 'node:fs/promises'
import { createServer, type ServerOptions } from 'node:http'
import { join } from 'node:path'
import { startPostgres } from '@parapet/server/postgres'
import { Pool } from 'pg'
import { ownKeys } from './keys.js'
import { shownMail, smtpMail } from './mail.js'
import { attackFile, SAMPLE_PEOPLE, seedSamples, seedStudio } from './seed.js'
import { isProduction, readSettings } from './settings.js'
import { createStudio, SERVER_OPTIONS, type Studio, type StudioOptions } from './studio.js'

/** What may be put in place of the studio's own, and where words for the operator go. */
export type StartOptions = {
  readonly create?: (options: StudioOptions) => Promise<Studio>
  readonly server?: ServerOptions
  readonly say?: (text: string) => void
}

const HOW_TO_SIGN_IN = SAMPLE_PEOPLE.map(
  ({ email, password, role, totp }) =>
    `  ${email.padEnd(24)} ${password.padEnd(30)} ${role}${totp === undefined ? '' : `, codes: oathtool --totp --base32 ${totp}`}`,
).join('\n')

/**
 * Starts the studio as the environment says: on this machine with the bundled PostgreSQL, keys of its own and sample data; for the world
 * with what it is given and nothing else. Throws for a bad setting, with the fix.
 */
export const startStudio = async (
  env: Readonly<Record<string, string | undefined>>,
  { create = createStudio, server: serverOptions = {}, say = (text) => void process.stdout.write(`${text}\n`) }: StartOptions = {},
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> => {
  const closing: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end()
  }
  try {
    const bundled =
      env['DATABASE_URL']?.trim() || isProduction(env)
        ? undefined
        : await startPostgres({ name: 'studio', dataDir: env['STUDIO_DATA_DIR'] })
    if (bundled !== undefined) closing.push(bundled.stop)
    const keys = bundled === undefined ? undefined : await ownKeys(bundled.dataDir)
    const settings = readSettings(env, keys)
    if (bundled !== undefined) say(`Data and keys are in ${bundled.dataDir}${keys?.made === true ? ': keys were made there just now' : ''}`)

    const pool = new Pool(bundled?.connection ?? { connectionString: settings.databaseUrl })
    pool.on('error', () => undefined) // an idle connection that was lost is replaced
    closing.push(() => pool.end())
    const mail = settings.smtpUrl === undefined ? shownMail(say) : smtpMail(settings.smtpUrl, settings.mailFrom)
    const studio = await create({ settings, pool, mail })
    closing.push(studio.close)
    const forget = studio.guard.errors.installLastResort()
    closing.push(async () => forget())

    if (settings.samples !== 'none') {
      await seedSamples(studio.parts)
      say(`Sample people:\n${HOW_TO_SIGN_IN}`)
    }
    if (settings.samples === 'attack' && bundled !== undefined) {
      const file = join(bundled.dataDir, 'attack.yml')
      await writeFile(file, await attackFile(await seedStudio(studio.parts)), { mode: 0o600 })
      say(`Test accounts are there: npx parapet attack ${settings.publicOrigin} --target ${file}`)
    }

    const server = createServer({ ...SERVER_OPTIONS, ...serverOptions }, studio.app)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(settings.port, settings.host, resolve)
    })
    closing.push(
      () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve())
          server.closeIdleConnections()
          setTimeout(() => server.closeAllConnections(), 3_000).unref()
        }),
    )
    say(`Studio listens on ${settings.publicOrigin}`)
    return { url: settings.publicOrigin, close }
  } catch (error) {
    await close()
    throw error
  }
}
