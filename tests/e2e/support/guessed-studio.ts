import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'
import { createStudio, startStudio } from '@parapet/example-studio'

/** Somebody who has an account in this studio. */
export type Resident = { readonly email: string; readonly password: string }
/** What the process has done since its start. CPU in ms, of the studio and of its database. */
export type Tally = {
  readonly hashes: number
  readonly cpu: number
  readonly databaseCpu: number
  /** sign-ins by outcome: `ok`, `bad_password`, `locked`, ... */
  readonly outcomes: Readonly<Record<string, number>>
  /** those of each name that did not work, by reason */
  readonly refused: Readonly<Record<string, Readonly<Record<string, number>>>>
}
/** What the script is started with: a path to this as JSON. */
export type GuessedStudio = {
  readonly port: number
  readonly tallyPort: number
  readonly dataDir: string
  readonly people: readonly Resident[]
}

/** The studio as it is, with people, behind a proxy on this machine; and beside it a page that counts what it did. */
const start = async ({ port, tallyPort, dataDir, people }: GuessedStudio): Promise<void> => {
  let hashes = 0
  const outcomes: Record<string, number> = {}
  const refused: Record<string, Record<string, number>> = {}
  await startStudio(
    { PORT: String(port), STUDIO_DATA_DIR: dataDir, TRUSTED_PROXIES: '127.0.0.1', SAMPLES: 'none', LOG_LEVEL: 'silent' },
    {
      create: async (options) => {
        const studio = await createStudio({
          ...options,
          guard: (given) => ({
            ...given,
            onEvent: (event) => {
              given.onEvent?.(event)
              if (event['event.dataset'] !== 'guard.login' || event['event.action'] !== 'login') return
              const reason = event['event.reason'] ?? 'ok'
              outcomes[reason] = (outcomes[reason] ?? 0) + 1
              if (reason === 'ok') return
              const name = event['user.name'] ?? ''
              const of = (refused[name] ??= {})
              of[reason] = (of[reason] ?? 0) + 1
            },
          }),
          before: (_app, { passwords }) => {
            const { verify } = passwords
            Object.assign(passwords, {
              verify: (...given: Parameters<typeof verify>) => {
                hashes++
                return verify(...given)
              },
            })
          },
        })
        for (const { email, password } of people)
          await studio.parts.people.add({
            email,
            name: email.split('@')[0] ?? email,
            passwordHash: await studio.parts.passwords.hash(password),
          })
        return studio
      },
    },
  )

  /** user and system time of the database and its children, ms; Linux counts in hundredths of a second */
  const databaseCpu = (): number => {
    const [pid = ''] = readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    const times = [pid, ...children].map((one) => {
      const fields = readFileSync(`/proc/${one}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0)
    })
    return 10 * times.reduce((sum, ticks) => sum + ticks, 0)
  }
  createServer((_request, response) => {
    const { user, system } = process.cpuUsage()
    const tally: Tally = { hashes, cpu: (user + system) / 1_000, databaseCpu: databaseCpu(), outcomes, refused }
    response.end(JSON.stringify(tally))
  }).listen(tallyPort, '127.0.0.1', () => process.stdout.write('counting\n'))
}

const [path] = process.argv.slice(2)
if (path !== undefined) await start(JSON.parse(readFileSync(path, 'utf8')) as GuessedStudio)
