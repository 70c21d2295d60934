import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import process from 'node:process'

/** One try of a distributed guesser: whose password, what is guessed, and from which address. */
export type Try = { readonly email: string; readonly password: string; readonly from: string }
export type GuessPlan = { readonly port: number; readonly atATime: number; readonly tries: readonly Try[] }
/** What came of a plan. `got` are the tries that signed somebody in. */
export type Guessed = {
  readonly statuses: Readonly<Record<string, number>>
  readonly got: readonly Try[]
  readonly seconds: number
  /** of single tries, ms */
  readonly p50: number
}

/** Signs in once, as a script does that keeps no cookies; the proxy's header names its address. 0 when nothing came back. */
const guess = (port: number, agent: Agent, { email, password, from }: Try): Promise<{ status: number; signedIn: boolean }> =>
  new Promise((resolve) => {
    const body = new URLSearchParams({ email, password }).toString()
    const made = request(
      {
        port,
        agent,
        host: '127.0.0.1',
        path: '/sign-in',
        method: 'POST',
        timeout: 30_000,
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length, 'x-forwarded-for': from },
      },
      (answer) => {
        answer.resume()
        const signedIn = (answer.headers['set-cookie'] ?? []).some((cookie) => /^(?:__Host-)?session=[^;]/.test(cookie))
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, signedIn }))
      },
    )
    made.on('timeout', () => made.destroy())
    made.on('error', () => resolve({ status: 0, signedIn: false }))
    made.end(body)
  })

const play = async ({ port, atATime, tries }: GuessPlan): Promise<Guessed> => {
  const agent = new Agent({ keepAlive: true, maxSockets: atATime })
  const statuses: Record<string, number> = {}
  const [got, took]: [Try[], number[]] = [[], []]
  const began = performance.now()
  let next = 0
  const worker = async (): Promise<void> => {
    for (let one = tries[next++]; one !== undefined; one = tries[next++]) {
      const since = performance.now()
      const { status, signedIn } = await guess(port, agent, one)
      took.push(performance.now() - since)
      statuses[status] = (statuses[status] ?? 0) + 1
      if (signedIn) got.push(one)
    }
  }
  await Promise.all(Array.from({ length: atATime }, worker))
  agent.destroy()
  const sorted = took.toSorted((a, b) => a - b)
  return { statuses, got, seconds: (performance.now() - began) / 1_000, p50: sorted[sorted.length >> 1] ?? 0 }
}

const [path] = process.argv.slice(2)
if (path !== undefined) process.stdout.write(JSON.stringify(await play(JSON.parse(readFileSync(path, 'utf8')) as GuessPlan)))
