import { startSystemPostgres } from '@parapet/testkit'

/** A database that was filled once and is copied for each run, so that no run meets the locks and sessions of another. */
export type Databases = {
  /** the URL of a new copy */
  readonly copy: () => string
  readonly stop: () => Promise<void>
}

/** Starts a cluster in `folder` and has `fill` fill the database that copies are made of; it must have closed its connections. */
export const startDatabases = async (folder: string, fill: (url: string) => Promise<void>): Promise<Databases> => {
  const postgres = await startSystemPostgres(folder)
  const urlOf = (name: string): string => {
    const url = new URL(postgres.url)
    url.pathname = `/${name}`
    return url.href
  }
  let copies = 0
  try {
    postgres.query('create database filled owner parapet')
    await fill(urlOf('filled'))
  } catch (error) {
    await postgres.stop()
    throw error
  }
  return {
    copy: () => {
      const name = `copy_${++copies}`
      postgres.query(`create database ${name} owner parapet template filled`)
      return urlOf(name)
    },
    stop: postgres.stop,
  }
}
