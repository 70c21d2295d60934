type Env = Readonly<Record<string, string | undefined>>

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1', '[::1]'])

const refuse = (name: string, fix: string): never => {
  throw new Error(`${name} would let others reach an application that is broken on purpose; ${fix}`)
}

/** The environment, as long as it keeps the application on this machine: its address, its name for browsers, its database. Throws else. */
export const stayOnLoopback = (env: Env): Env => {
  const { HOST: host, PUBLIC_ORIGIN: origin, DATABASE_URL: database, NODE_ENV: mode } = env
  if (mode === 'production') refuse('NODE_ENV=production', 'it is for tests only')
  if (host !== undefined && !LOOPBACK.has(host)) refuse('HOST', 'leave it out, or give 127.0.0.1')
  if (origin !== undefined && !(URL.canParse(origin) && LOOPBACK.has(new URL(origin).hostname))) refuse('PUBLIC_ORIGIN', 'leave it out')
  if (database !== undefined && !(URL.canParse(database) && LOOPBACK.has(new URL(database).hostname)))
    refuse('DATABASE_URL', 'give a database of this machine that holds nothing, or leave it out')
  return env
}
