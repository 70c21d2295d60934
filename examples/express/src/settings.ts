import type { GuardOptions } from '@parapet/guard'

/** What the environment says about this application. */
export type Settings = {
  readonly host: string
  readonly port: number
  readonly guard: Pick<GuardOptions, 'clientAddress' | 'publicOrigins' | 'controlPlane' | 'secret'>
}

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/**
 * Reads `HOST`, `PORT`, `PUBLIC_ORIGIN` (comma-separated), `TRUSTED_PROXIES` (comma-separated), `GUARD_SECRET`, `PARAPET_URL` and `PARAPET_TOKEN`.
 * Throws for a port that is none and for half a control plane.
 */
export const readSettings = (env: Readonly<Record<string, string | undefined>>): Settings => {
  const port = Number(env['PORT'] ?? '3000')
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`PORT is ${env['PORT']}; give a number from 0 to 65535`)
  const url = env['PARAPET_URL'] ?? ''
  const token = env['PARAPET_TOKEN'] ?? ''
  if ((url === '') !== (token === '')) throw new Error('PARAPET_URL and PARAPET_TOKEN belong together: give both or neither')
  const trusted = list(env['TRUSTED_PROXIES'])
  const origins = list(env['PUBLIC_ORIGIN'])
  return {
    host: env['HOST'] ?? '127.0.0.1',
    port,
    guard: {
      clientAddress: trusted.length === 0 ? 'direct' : { trusted },
      publicOrigins: origins.length === 0 ? [`http://localhost:${port}`] : origins,
      controlPlane: url === '' ? undefined : { url, token },
      secret: env['GUARD_SECRET'],
    },
  }
}
