import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import process from 'node:process'

/** One request of a plan. `from` is the source address, any that this host may use. `next` follows when it was answered. */
export type Planned = {
  readonly url: string
  readonly from?: string
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly next?: Planned
}
/** What came back; `status` 0 when nothing did. */
export type Answered = { readonly status: number; readonly verdict: string; readonly body: string; readonly cookie: string }
/** What a plan holds. */
export type Plan = { readonly atATime: number; readonly requests: readonly Planned[] }

const send = (planned: Planned): Promise<Answered> =>
  new Promise((resolve) => {
    const body = planned.form === undefined ? undefined : new URLSearchParams({ ...planned.form }).toString()
    const made = request(planned.url, {
      method: body === undefined ? 'GET' : 'POST',
      agent: false,
      timeout: 20_000,
      ...(planned.from === undefined ? {} : { localAddress: planned.from }),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }), ...planned.headers },
    })
    made.on('response', (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (text += chunk))
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          verdict: String(answer.headers['x-verdict'] ?? ''),
          body: text,
          cookie: (answer.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '',
        }),
      )
    })
    made.on('timeout', () => made.destroy())
    made.on('error', (error) => resolve({ status: 0, verdict: '', body: error.message, cookie: '' }))
    made.end(body)
  })

const play = async ({ atATime, requests }: Plan): Promise<readonly (readonly Answered[])[]> => {
  const answers: Answered[][] = requests.map(() => [])
  let next = 0
  const worker = async (): Promise<void> => {
    for (let i = next++; i < requests.length; i = next++)
      for (let planned = requests[i]; planned !== undefined; planned = planned.next) answers[i]?.push(await send(planned))
  }
  await Promise.all(Array.from({ length: atATime }, worker))
  return answers
}

const [path] = process.argv.slice(2)
if (path !== undefined) process.stdout.write(JSON.stringify(await play(JSON.parse(readFileSync(path, 'utf8')) as Plan)))
